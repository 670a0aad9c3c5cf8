/* The collecting sink: deep copies of columns, rows and events in one arena. */
#include "rowset.h"

#include "jsonw.h"
#include "mem.h"
#include "value.h"

#include <string.h>

void rowset_init(struct rowset *r, size_t max_rows, size_t max_bytes)
{
    *r = (struct rowset){.max_rows = max_rows, .max_bytes = max_bytes};
    arena_init(&r->mem, 0);
}

void rowset_done(struct rowset *r)
{
    free(r->rows);
    arena_done(&r->mem);
    rowset_init(r, r->max_rows, r->max_bytes);
}

static int32_t out_of_memory(struct rowset *r)
{
    r->oom = true;
    return ALLORA_E_NOMEM;
}

static const allora_column *copy_column(struct arena *a, const allora_column *from)
{
    size_t size = from->size < sizeof *from ? sizeof *from : from->size;
    allora_column *c = arena_array(a, 1, size);

    if (!c)
        return NULL;
    memcpy(c, from, from->size);
    c->name = arena_strdup(a, from->name ? from->name : "");
    if (!c->name)
        return NULL;
    if (ALLORA_HAS(allora_column, from, unit) && from->unit) {
        c->unit = arena_strdup(a, from->unit);
        if (!c->unit)
            return NULL;
    }
    return c;
}

/* Columns may be announced once; a second begin() with rows in between would change their meaning.
 */
static int32_t on_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    struct rowset *r = self;

    if (r->columns || r->n_rows > 0 || r->n_dropped > 0)
        return r->columns && n == r->n_columns ? ALLORA_OK : ALLORA_E_INTERNAL;

    const allora_column **copies = arena_array(&r->mem, n, sizeof(void *));
    const char **names = arena_array(&r->mem, n, sizeof(void *));
    if (!copies || !names)
        return out_of_memory(r);
    for (uint32_t i = 0; i < n; i++) {
        copies[i] = copy_column(&r->mem, columns[i]);
        if (!copies[i])
            return out_of_memory(r);
        names[i] = copies[i]->name;
    }
    r->columns = copies;
    r->names = names;
    r->n_columns = n;
    return ALLORA_OK;
}

static int32_t make_up_names(struct rowset *r, uint32_t n)
{
    const char **names = arena_array(&r->mem, n, sizeof(void *));

    if (!names)
        return out_of_memory(r);
    for (uint32_t i = 0; i < n; i++) {
        names[i] = arena_printf(&r->mem, "column%u", (unsigned)i + 1);
        if (!names[i])
            return out_of_memory(r);
    }
    r->names = names;
    r->n_columns = n;
    return ALLORA_OK;
}

static bool has_room(const struct rowset *r, const allora_value *cells, uint32_t n)
{
    if (r->max_rows && r->n_rows >= r->max_rows)
        return false;
    if (!r->max_bytes)
        return true;

    size_t need = r->n_columns * sizeof *cells;
    for (uint32_t i = 0; i < n; i++) {
        if (cells[i].type == ALLORA_V_TEXT || cells[i].type == ALLORA_V_JSON)
            need += (size_t)cells[i].len + 1;
    }
    return r->mem.used < r->max_bytes && need <= r->max_bytes - r->mem.used;
}

static int32_t on_row(void *self, const allora_value *cells, uint32_t n)
{
    struct rowset *r = self;

    if (!r->names && make_up_names(r, n) != ALLORA_OK)
        return ALLORA_E_NOMEM;
    if (n > r->n_columns)
        n = r->n_columns;
    if (r->n_dropped > 0 || !has_room(r, cells, n)) {
        r->n_dropped++; /* once full it stays full: what is kept is a prefix, not a selection */
        return ALLORA_OK;
    }

    if (r->n_rows == r->cap_rows) {
        size_t cap = r->cap_rows ? r->cap_rows * 2 : 32;
        allora_value **rows = mem_resize(r->rows, cap, sizeof *rows);
        if (!rows)
            return out_of_memory(r);
        r->rows = rows;
        r->cap_rows = cap;
    }
    allora_value *row = arena_array(&r->mem, r->n_columns, sizeof *row);
    if (!row)
        return out_of_memory(r);
    for (uint32_t i = 0; i < n; i++) {
        if (val_copy(&r->mem, &cells[i], &row[i]) != ALLORA_OK)
            return out_of_memory(r);
    }
    r->rows[r->n_rows++] = row;
    return ALLORA_OK;
}

static int32_t on_event(void *self, int32_t kind, allora_str payload)
{
    struct rowset *r = self;
    struct rowset_event *e = arena_alloc(&r->mem, sizeof *e);
    const char *copy = e ? arena_strndup(&r->mem, payload.ptr, payload.len) : NULL;

    if (!copy)
        return out_of_memory(r);
    *e = (struct rowset_event){.kind = kind, .payload = {copy, payload.len}};
    if (r->last_event)
        r->last_event->next = e;
    else
        r->events = e;
    r->last_event = e;
    return ALLORA_OK;
}

allora_sink rowset_sink(struct rowset *r)
{
    return (allora_sink){r, on_begin, on_row, on_event};
}

allora_str rowset_event(const struct rowset *r, int32_t kind)
{
    for (const struct rowset_event *e = r->events; e; e = e->next) {
        if (e->kind == kind)
            return e->payload;
    }
    return (allora_str){"", 0};
}

void rowset_json(const struct rowset *r, struct buf *out)
{
    struct jsonw w = JSONW(out);

    jw_array(&w);
    for (size_t i = 0; i < r->n_rows; i++) {
        jw_object(&w);
        for (uint32_t c = 0; c < r->n_columns; c++) {
            jw_key(&w, r->names[c]);
            jw_value(&w, &r->rows[i][c]);
        }
        jw_end_object(&w);
    }
    jw_end_array(&w);
}

static int32_t null_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    (void)self, (void)columns, (void)n;
    return ALLORA_OK;
}

static int32_t null_row(void *self, const allora_value *cells, uint32_t n)
{
    (void)self, (void)cells, (void)n;
    return ALLORA_OK;
}

static int32_t null_event(void *self, int32_t kind, allora_str payload)
{
    (void)self, (void)kind, (void)payload;
    return ALLORA_OK;
}

const allora_sink null_sink = {NULL, null_begin, null_row, null_event};
