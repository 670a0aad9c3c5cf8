/* Arrays, growable structs, rows and columns as bytes. */
#include "plugin/codec_private.h"

#include <string.h>

/* ---- arrays ---- */

void codec_put_array(struct frame_writer *w, uint8_t kind, const void *p, uint64_t n)
{
    const allora_pair *pairs = p;
    const allora_filter *filters = p;
    const uint32_t *indexes = p;
    const char *const *words = p;

    frame_put_u8(w, p != NULL);
    if (!p) {
        w->failed = w->failed || n > 0;
        return;
    }
    if (n >= FRAME_MAX) {
        w->failed = true;
        return;
    }
    frame_put_u32(w, (uint32_t)n);
    for (uint64_t i = 0; i < n && !buf_failed(&w->b); i++) {
        if (kind == ARG_PAIRS) {
            frame_put_str(w, pairs[i].key);
            frame_put_str(w, pairs[i].val);
        } else if (kind == ARG_FILTERS) {
            frame_put_u32(w, filters[i].column);
            frame_put_u32(w, filters[i].op);
            frame_put_value(w, &filters[i].val);
        } else if (kind == ARG_INDEXES) {
            frame_put_u32(w, indexes[i]);
        } else {
            frame_put_name(w, words[i]);
        }
    }
}

static void *get_pairs(struct frame_reader *r, uint32_t n)
{
    allora_pair *pairs = frame_array(r, n, 8, sizeof *pairs);

    for (uint32_t i = 0; pairs && i < n; i++) {
        pairs[i].key = frame_get_str(r);
        pairs[i].val = frame_get_str(r);
    }
    return pairs;
}

static void *get_filters(struct frame_reader *r, uint32_t n)
{
    allora_filter *filters = frame_array(r, n, 10, sizeof *filters);

    for (uint32_t i = 0; filters && i < n; i++) {
        filters[i].column = frame_get_u32(r);
        filters[i].op = frame_get_u32(r);
        filters[i].val = frame_get_value(r);
    }
    return filters;
}

static void *get_indexes(struct frame_reader *r, uint32_t n)
{
    uint32_t *indexes = frame_array(r, n, 4, sizeof *indexes);

    for (uint32_t i = 0; indexes && i < n; i++)
        indexes[i] = frame_get_u32(r);
    return indexes;
}

/* A NULL behind the last, for those that are ended by one. */
static void *get_words(struct frame_reader *r, uint32_t n)
{
    bool fits = n < FRAME_MAX && (size_t)(r->end - r->p) / 5 >= n;
    const char **words = fits ? arena_array(r->mem, (size_t)n + 1, sizeof *words) : NULL;

    if (!words)
        frame_fail(r);
    for (uint32_t i = 0; words && i < n; i++) {
        words[i] = frame_get_name(r);
        if (!words[i])
            frame_fail(r);
    }
    return words;
}

const void *codec_get_array(struct frame_reader *r, uint8_t kind, uint32_t *ret_n)
{
    static const uint64_t nothing[4]; /* what an array of no items may point to */
    const void *items;

    *ret_n = 0;
    if (!frame_get_u8(r))
        return NULL;
    uint32_t n = frame_get_u32(r);
    if (kind == ARG_PAIRS)
        items = get_pairs(r, n);
    else if (kind == ARG_FILTERS)
        items = get_filters(r, n);
    else if (kind == ARG_INDEXES)
        items = get_indexes(r, n);
    else
        items = get_words(r, n);
    if (r->failed)
        return NULL;
    *ret_n = n;
    return items ? items : nothing;
}

/* ---- growable structs ---- */

static bool is_array(uint8_t kind)
{
    return kind == ARG_PAIRS || kind == ARG_FILTERS || kind == ARG_INDEXES || kind == ARG_WORDS;
}

static void put_field(struct frame_writer *w, const struct field *f, const char *at,
                      const char *whole, uint32_t size, uint64_t stream)
{
    uint32_t n = 0, u32;
    uint64_t u64;
    const void *p;
    allora_str s;

    switch (f->kind) {
    case ARG_U32:
    case ARG_I32:
        memcpy(&u32, at, sizeof u32);
        frame_put_u32(w, u32);
        break;
    case ARG_TEXT:
    case ARG_DOCUMENT:
    case ARG_BYTES:
        memcpy(&s, at, sizeof s);
        frame_put_str(w, s);
        break;
    case ARG_NAME:
    case ARG_NAME_OR_NULL:
        memcpy(&p, at, sizeof p);
        frame_put_name(w, p);
        break;
    case ARG_BYTE_SINK_OR_NULL:
        frame_put_u64(w, stream);
        break;
    default:
        if (is_array(f->kind)) {
            memcpy(&p, at, sizeof p);
            if (f->count + sizeof n <= size)
                memcpy(&n, whole + f->count, sizeof n);
            codec_put_array(w, f->kind, p, n);
        } else {
            memcpy(&u64, at, sizeof u64);
            frame_put_u64(w, u64);
        }
        break;
    }
}

void codec_put_struct(struct frame_writer *w, const struct struct_shape *shape, const void *p,
                      uint64_t stream)
{
    uint32_t size;

    memcpy(&size, p, sizeof size);
    size = size < shape->size ? size : shape->size;
    frame_put_u32(w, size);
    for (uint32_t i = 0; i < shape->n; i++) {
        const struct field *f = &shape->fields[i];
        if (f->offset + field_size(f->kind) <= size)
            put_field(w, f, (const char *)p + f->offset, p, size, stream);
    }
}

static void get_field(struct frame_reader *r, const struct field *f, char *at, uint32_t *ret_n,
                      uint64_t *ret_stream)
{
    uint32_t u32;
    uint64_t u64;
    const void *p;
    allora_str s;

    switch (f->kind) {
    case ARG_U32:
    case ARG_I32:
        u32 = frame_get_u32(r);
        memcpy(at, &u32, sizeof u32);
        break;
    case ARG_TEXT:
    case ARG_DOCUMENT:
    case ARG_BYTES:
        s = frame_get_str(r);
        memcpy(at, &s, sizeof s);
        break;
    case ARG_NAME:
    case ARG_NAME_OR_NULL:
        p = frame_get_name(r);
        if (!p && f->kind == ARG_NAME)
            frame_fail(r);
        memcpy(at, &p, sizeof p);
        break;
    case ARG_BYTE_SINK_OR_NULL:
        *ret_stream = frame_get_u64(r);
        break;
    default:
        if (is_array(f->kind)) {
            p = codec_get_array(r, f->kind, ret_n);
            memcpy(at, &p, sizeof p);
        } else {
            u64 = frame_get_u64(r);
            memcpy(at, &u64, sizeof u64);
        }
        break;
    }
}

enum { FIELDS_MAX = 24 };

void *codec_get_struct(struct frame_reader *r, const struct struct_shape *shape,
                       uint64_t *ret_stream)
{
    uint32_t counts[FIELDS_MAX] = {0}, said, size = frame_get_u32(r);
    char *p = arena_array(r->mem, 1, shape->size);

    if (!p || size < sizeof size || size > shape->size || shape->n > FIELDS_MAX) {
        frame_fail(r);
        return NULL;
    }
    memcpy(p, &size, sizeof size);
    for (uint32_t i = 0; i < shape->n && !r->failed; i++) {
        const struct field *f = &shape->fields[i];
        if (f->offset + field_size(f->kind) <= size)
            get_field(r, f, p + f->offset, &counts[i], ret_stream);
    }
    /* An array is as long as the field says that counts it. */
    for (uint32_t i = 0; i < shape->n && !r->failed; i++) {
        const struct field *f = &shape->fields[i];
        memcpy(&said, p + f->count, sizeof said);
        if (is_array(f->kind) && said != counts[i])
            frame_fail(r);
    }
    return r->failed ? NULL : p;
}

/* ---- what goes to sinks ---- */

void codec_put_columns(struct frame_writer *w, const allora_column *const *columns, uint32_t n)
{
    frame_put_u32(w, n);
    for (uint32_t i = 0; i < n && !buf_failed(&w->b); i++) {
        const allora_column *c = columns[i];
        if (!c || !ALLORA_HAS(allora_column, c, unit)) {
            w->failed = true;
            return;
        }
        frame_put_u8(w, c->type);
        frame_put_u32(w, c->flags);
        frame_put_name(w, c->name);
        frame_put_name(w, c->unit);
    }
}

const allora_column *const *codec_get_columns(struct frame_reader *r, uint32_t *ret_n)
{
    uint32_t n = frame_get_u32(r);
    const allora_column **list = frame_array(r, n, 13, sizeof *list);
    allora_column *columns = frame_array(r, n, 13, sizeof *columns);

    for (uint32_t i = 0; list && columns && i < n; i++) {
        columns[i].size = (uint32_t)sizeof columns[i];
        columns[i].type = frame_get_u8(r);
        columns[i].flags = frame_get_u32(r);
        columns[i].name = frame_get_name(r);
        columns[i].unit = frame_get_name(r);
        list[i] = &columns[i];
        if (!columns[i].name)
            frame_fail(r);
    }
    *ret_n = r->failed ? 0 : n;
    return list;
}

void codec_put_cells(struct frame_writer *w, const allora_value *cells, uint32_t n)
{
    frame_put_u32(w, n);
    for (uint32_t i = 0; i < n && !buf_failed(&w->b); i++)
        frame_put_value(w, &cells[i]);
}

const allora_value *codec_get_cells(struct frame_reader *r, uint32_t *ret_n)
{
    uint32_t n = frame_get_u32(r);
    allora_value *cells = frame_array(r, n, 2, sizeof *cells);

    for (uint32_t i = 0; cells && i < n && !r->failed; i++)
        cells[i] = frame_get_value(r);
    *ret_n = r->failed ? 0 : n;
    return cells;
}
