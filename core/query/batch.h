/* A batch of rows: cells from the front, texts from the back, one block of memory.  A text cell's
 * u.bits is its offset from data[], so that a batch can be written to a file, or to another
 * process, as it is.
 *
 * A batch belongs to one thread at a time; the scan's queue hands it on. */
#ifndef ALLORA_QUERY_BATCH_H
#define ALLORA_QUERY_BATCH_H
#include <allora/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
    BATCH_FIRST = 16 * 1024, /* the first of a scan: a one-row answer should not touch more */
    BATCH_SIZE = 64 * 1024,
    BATCH_MAX = 64 * 1024 * 1024, /* the longest row, which then has a batch of its own */
    BATCH_EMPTY_ROWS = 1 << 16    /* rows without cells in one batch */
};
struct batch {
    struct batch *next;
    uint32_t n_rows, n_cols;
    uint32_t size;       /* bytes in data[] */
    uint32_t text_start; /* texts lie in data[text_start .. size) */
    _Alignas(16) unsigned char data[];
};

struct batch *batch_new(size_t size); /* NULL when memory is out; free() releases it */
void batch_clear(struct batch *b, uint32_t n_cols);
/* Bytes that one row takes. */
size_t batch_row_size(const allora_value *cells, uint32_t n);
/* Deep-copies a row; false when it does not fit, with the batch as it was. */
bool batch_add(struct batch *b, const allora_value *cells, uint32_t n);

static inline bool value_is_text(const allora_value *v)
{
    return v->type == ALLORA_V_TEXT || v->type == ALLORA_V_JSON;
}
static inline const allora_value *batch_row(const struct batch *b, uint32_t row)
{
    return (const allora_value *)(const void *)b->data + (size_t)row * b->n_cols;
}
/* The bytes of a text cell: base is the batch's data, or a spooled row. */
static inline const char *cell_text(const void *base, const allora_value *v)
{
    return (const char *)base + v->u.bits;
}
/* Turns row `row` into cells whose texts are pointers into the batch. */
void batch_read(const struct batch *b, uint32_t row, allora_value *out);
/* Are all offsets inside?  For batches that come from a file. */
bool batch_valid(const struct batch *b);
#endif
