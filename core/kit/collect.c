#include "kit/collect.h"

#include "base/mem.h"
#include "base/value.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 100000, EVENTS_MAX = 100000, FIRST_CAP = 64 };

static int32_t out_of_memory(struct collected *c)
{
    c->oom = true;
    return ALLORA_E_NOMEM;
}

static int32_t on_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    struct collected *c = self;
    const char **names = arena_array(&c->mem, n + 1, sizeof *names);
    uint8_t *types = arena_array(&c->mem, n + 1, 1);

    if (!names || !types)
        return out_of_memory(c);
    for (uint32_t i = 0; i < n; i++) {
        names[i] = arena_strdup(&c->mem, columns[i]->name ? columns[i]->name : "");
        types[i] = columns[i]->type;
        if (!names[i])
            return out_of_memory(c);
    }
    c->names = names;
    c->types = types;
    c->n_names = n;
    return ALLORA_OK;
}

static bool grow(struct collected *c)
{
    if (c->n_rows < c->cap_rows)
        return true;
    uint32_t cap = c->cap_rows ? 2 * c->cap_rows : FIRST_CAP;
    allora_value **rows = mem_resize(c->rows, cap, sizeof *rows);
    if (rows)
        c->rows = rows;
    uint32_t *widths = mem_resize(c->widths, cap, sizeof *widths);
    if (widths)
        c->widths = widths;
    if (!rows || !widths)
        return false;
    c->cap_rows = cap;
    return true;
}

static int32_t on_row(void *self, const allora_value *cells, uint32_t n)
{
    struct collected *c = self;

    if (c->stopped) {
        c->after_stop++;
        return ALLORA_STOP;
    }
    allora_value *row = arena_array(&c->mem, n + 1, sizeof *row);
    if (!row || !grow(c))
        return out_of_memory(c);
    for (uint32_t i = 0; i < n; i++)
        if (val_copy(&c->mem, &cells[i], &row[i]))
            return out_of_memory(c);
    c->rows[c->n_rows] = row;
    c->widths[c->n_rows++] = n;
    uint32_t bound = c->max_rows ? c->max_rows : ROWS_MAX;
    c->stopped = c->n_rows == c->stop_after || c->n_rows >= bound;
    return c->stopped ? ALLORA_STOP : ALLORA_OK;
}

static int32_t on_event(void *self, int32_t kind, allora_str payload)
{
    struct collected *c = self;

    if (c->stopped || c->n_events == EVENTS_MAX)
        return ALLORA_STOP; /* a cursor, or what is left to say, may follow */
    struct collect_event *e = arena_array(&c->mem, 1, sizeof *e);
    char *copy = e ? arena_strndup(&c->mem, payload.len ? payload.ptr : "", payload.len) : NULL;
    if (!copy)
        return out_of_memory(c);
    *e = (struct collect_event){kind, {copy, payload.len}, NULL};
    if (c->last)
        c->last->next = e;
    else
        c->events = e;
    c->last = e;
    c->n_events++;
    return ALLORA_OK;
}

allora_sink collect(struct collected *c)
{
    if (!c->mem.head)
        arena_init(&c->mem, 0);
    return (allora_sink){c, on_begin, on_row, on_event};
}

void collect_done(struct collected *c)
{
    arena_done(&c->mem);
    free(c->rows);
    free(c->widths);
    *c = (struct collected){0};
}

allora_str collect_event_of(const struct collected *c, int32_t kind)
{
    allora_str last = {"", 0};

    for (const struct collect_event *e = c->events; e; e = e->next)
        if (e->kind == kind)
            last = e->payload;
    return last;
}

uint32_t collect_count(const struct collected *c, int32_t kind)
{
    uint32_t n = 0;

    for (const struct collect_event *e = c->events; e; e = e->next)
        n += e->kind == kind;
    return n;
}
