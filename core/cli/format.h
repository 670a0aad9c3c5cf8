/* Rows in the formats that programs read: JSON, NDJSON, YAML, CSV, Markdown.  Streaming: nothing is
 * kept but the line in hand. All of them are valid for any cell: bytes that are no UTF-8 become
 * U+FFFD, a JSON cell that isn't JSON becomes a string. */
#ifndef ALLORA_CLI_FORMAT_H
#define ALLORA_CLI_FORMAT_H
#include "base/arena.h"
#include "base/buf.h"
#include "cli/cli.h"
#include "cli/out.h"
#include <allora/plugin.h>

struct head { /* one column of a result */
    const char *name,
        *unit; /* name is unique in its result: a second "id" is called "id_2"; unit may be NULL */
    uint8_t type; /* ALLORA_V_*; 0: not declared */
};
struct heads {
    struct arena mem;
    struct head *list;
    uint32_t n;
};
/* Copies what begin() was told.  E_NOMEM. */
int32_t heads_init(struct heads *h, const allora_column *const *columns, uint32_t n);
/* For rows that came without a begin(): column1, column2, … */
int32_t heads_number(struct heads *h, uint32_t n);
void heads_done(struct heads *h);

struct format {
    struct out *out;
    const struct heads *heads;
    enum output_format kind; /* not OUTPUT_TABLE */
    struct buf line;
    uint64_t n_rows;
    const bool *shown; /* Markdown: which columns; NULL: all */
};
void format_begin(struct format *f, struct out *out, const struct heads *heads,
                  enum output_format kind);
/* ALLORA_OK or ALLORA_STOP. */
int32_t format_row(struct format *f, const allora_value *cells, uint32_t n);
void format_end(struct format *f);

/* ---- pieces, for the other renderers and the tests ---- */
struct jsonw;
void format_json_value(struct jsonw *w, const allora_value *v);
void format_csv_field(struct buf *b, const char *p, size_t n); /* quoted where RFC 4180 wants it */
void format_markdown_cell(struct buf *b, const char *p, size_t n);
/* One line of JSON from JSON text that is known to be valid. */
void format_json_compact(struct buf *b, const char *p, size_t n);

/* yaml_write.c */
void yaml_put_string(struct buf *b, const char *p,
                     size_t n); /* plain where that is safe, else double-quoted */
/* Valid JSON text as YAML in flow style: numbers keep every digit. */
void yaml_put_json(struct buf *b, const char *p, size_t n);
/* The same in block style, for documents; lines begin with `indent` spaces. */
void yaml_put_document(struct buf *b, const char *p, size_t n);
#endif
