/* Rows in one block of memory. */
#include "query/batch.h"

#include "base/mem.h"

struct batch *batch_new(size_t size)
{
    struct batch *b = mem_alloc(sizeof *b + size);

    if (!b)
        return NULL;
    b->next = NULL;
    b->size = (uint32_t)size;
    batch_clear(b, 0);
    return b;
}

void batch_clear(struct batch *b, uint32_t n_cols)
{
    b->n_rows = 0;
    b->n_cols = n_cols;
    b->text_start = b->size;
}

size_t batch_row_size(const allora_value *cells, uint32_t n)
{
    size_t size = (size_t)n * sizeof *cells;

    for (uint32_t i = 0; i < n; i++)
        size += value_is_text(&cells[i]) ? cells[i].len : 0;
    return size;
}

bool batch_add(struct batch *b, const allora_value *cells, uint32_t n)
{
    size_t at = (size_t)b->n_rows * b->n_cols * sizeof *cells, end = at + n * sizeof *cells;
    uint32_t text = b->text_start;

    if (end > text || (n == 0 && b->n_rows == BATCH_EMPTY_ROWS))
        return false;
    allora_value *to = (allora_value *)(void *)(b->data + at);
    for (uint32_t i = 0; i < n; i++) {
        to[i] = cells[i];
        if (!value_is_text(&cells[i]))
            continue;
        uint32_t len = cells[i].len;
        if (len > text - end)
            return false;
        text -= len;
        if (len)
            memcpy(b->data + text, cells[i].u.p, len);
        to[i].u.bits = text;
    }
    b->text_start = text;
    b->n_rows++;
    return true;
}

void batch_read(const struct batch *b, uint32_t row, allora_value *out)
{
    const allora_value *from = batch_row(b, row);

    for (uint32_t i = 0; i < b->n_cols; i++) {
        out[i] = from[i];
        if (value_is_text(&from[i]))
            out[i].u.p = cell_text(b->data, &from[i]);
    }
}

bool batch_valid(const struct batch *b)
{
    uint64_t cells = (uint64_t)b->n_rows * b->n_cols;

    if (b->n_cols > UINT16_MAX || cells * sizeof(allora_value) > b->text_start ||
        b->text_start > b->size)
        return false;
    const allora_value *cell = batch_row(b, 0);
    for (uint64_t i = 0; i < cells; i++, cell++) {
        if (cell->type > ALLORA_V_JSON)
            return false;
        if (value_is_text(cell) && (cell->u.bits < b->text_start || cell->u.bits > b->size ||
                                    cell->len > b->size - cell->u.bits))
            return false;
    }
    return true;
}
