/* Errors and warnings on standard error, in one shape everywhere:
 *
 *     error: no table aws_ec2_instanc
 *        ╷
 *        │ select * from aws_ec2_instanc
 *        │               ^^^^^^^^^^^^^^^ did you mean aws_ec2_instance?
 *        ╵
 *     hint: allora table list aws_ec2_*
 *
 * or, with -o json and -o ndjson, one object a line:
 * {"error":{"code","message","reason","hint","where"}}. */
#ifndef ALLORA_CLI_REPORT_H
#define ALLORA_CLI_REPORT_H
#include "base/json.h"
#include <allora/plugin.h>
#include <stdbool.h>

struct sql_place { /* where in a SQL text an error lies; text NULL: nowhere */
    const char *text;
    size_t offset, length;
};
struct report {
    bool json, color, quiet;
};
/* where (a file and line, a table) and place may be NULL. */
void report_error(const struct report *r, const allora_error *err, const char *where,
                  const struct sql_place *place);
/* A line after an error, such as the usage; not with -o json. */
void report_line(const struct report *r, const char *line);
/* label: "warning" or "partial".  payload: {"code","message","reason","hint","where"}; -q silences
 * it, but not as JSON. */
void report_warning(const struct report *r, const char *label, const json_node *payload);

/* The block of the caret, for the tests: lines end in '\n'.  `say` stands behind the caret; may be
 * NULL. */
struct buf;
void caret_block(struct buf *out, const struct sql_place *place, const char *say, bool color);
#endif
