/* Rows as aligned columns.  The first TABLE_LOOKAHEAD rows decide the widths, then rows stream.  On
 * a terminal text columns are cut (…) so that a row fits; where even that can't fit sensibly, each
 * row becomes a record of "name  value" lines.  Piped, all is shown in full. */
#ifndef ALLORA_CLI_TABLE_H
#define ALLORA_CLI_TABLE_H
#include "base/arena.h"
#include "cli/format.h"
#include "cli/out.h"
#include <stdbool.h>

enum { TABLE_LOOKAHEAD = 1000, TABLE_LOOKAHEAD_BYTES = 4 << 20, TABLE_MIN_WIDTH = 8 };

struct table_options {
    bool fit; /* keep to `width` columns */
    unsigned width, indent;
    bool color;
    unsigned cell_flags; /* CELL_* */
    bool head_always;    /* also when there are no rows */
    bool titles;         /* headings for readers: cpu_percent → cpu %, start_time → started */
};
struct table_out {
    struct out *out;
    const struct heads *heads;
    struct table_options options;
    uint32_t *shown; /* which columns, in order */
    uint32_t n_shown;
    struct table_cell *cells; /* n_rows × n_shown, until the widths are decided */
    size_t n_rows, cap_rows;
    size_t *width;
    bool *right, *text;
    struct arena mem, held; /* the table's own; the look-ahead's */
    bool decided, records;
    uint64_t n_written;
    struct buf line, cell;
};
/* shown: names of the columns to print, all if NULL or none of them is there.  E_NOMEM. */
int32_t table_begin(struct table_out *t, struct out *out, const struct heads *heads,
                    const char *const *shown, uint32_t n_shown,
                    const struct table_options *options);
/* ALLORA_OK, ALLORA_STOP, E_NOMEM. */
int32_t table_row(struct table_out *t, const allora_value *cells, uint32_t n);
/* Writes the rows that are held to decide the widths by; later ones keep to those. */
int32_t table_flush(struct table_out *t);
void table_end(struct table_out *t);

/* For the tests and the record form: cuts the widest of the text columns until all fit in `room`;
 * false if they can't. */
bool table_fit(size_t *width, const bool *text, const size_t *head, uint32_t n, size_t room);
void table_title(struct buf *b, const char *name, uint8_t type, bool pretty);
#endif
