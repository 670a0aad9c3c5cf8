/* Sinks as the callee sees them: on their thread, during their call, with data that is copied and
 * gone as soon as the function returns. */
#include "plugin/guard_private.h"

#include "base/mem.h"

struct guard_sink {
    struct guard *g;
    const struct slot *slot;
    bool to_plugin; /* the callee is the plugin */
    pid_t thread;
    allora_sink real;
    allora_byte_sink real_bytes;
    allora_sink sink;
    allora_byte_sink bytes;
    bool list; /* of list(): no begin(), and rows are as wide as what was wanted */
    bool width_known;
    uint32_t width;
    int32_t ended; /* what the sink said for the last time: ALLORA_STOP or a failure; 0: go on */
    struct guard_sink *next;
};

/* May it be used here and now?  NULL: not at all. */
static struct guard_sink *enter(void *self)
{
    struct wrap *w = NULL;
    enum wrap_life life = wrap_state(self, &w);
    struct guard_sink *s = self;

    if (life == WRAP_UNKNOWN)
        return NULL;
    if (life == WRAP_DEAD) {
        guard_note(s->g, s->to_plugin, s->slot, "sink-after-call",
                   "a sink was used after the call that it was for");
        return NULL;
    }
    if (s->thread != thread_id())
        guard_note(s->g, s->to_plugin, s->slot, "sink-thread",
                   "a sink was used on another thread than the call's");
    return s;
}

/* The real sink's word, on its way back. */
static int32_t leave(struct guard_sink *s, int32_t status, struct wrap *was)
{
    wrap_set_here(was);
    if (status > ALLORA_STOP || status < SLOT_LAST_STATUS)
        guard_note(s->g, !s->to_plugin, s->slot, "sink-status", "its sink returned %d", status);
    if (status)
        s->ended = status;
    return status;
}

/* While a plugin's own sink runs, its code is what runs on this thread. */
static struct wrap *owner_here(const struct guard_sink *s)
{
    struct wrap *was = wrap_here();

    if (!s->to_plugin)
        wrap_set_here(&s->g->wrap);
    return was;
}

static struct guard_call loans_of(const struct guard_sink *s)
{
    return (struct guard_call){.g = s->g, .slot = s->slot, .to_plugin = s->to_plugin};
}

static int32_t sink_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    struct guard_sink *s = enter(self);
    const struct guard_about a =
        s ? (struct guard_about){s->g, s->slot, s->to_plugin} : (struct guard_about){0};

    if (!s)
        return ALLORA_E_INTERNAL;
    if (s->list)
        guard_note(a.g, a.plugin, a.slot, "begin-in-list",
                   "list() has no begin(): its columns are those wanted");
    struct guard_call c = loans_of(s);
    const allora_column **copy = guard_lend(&c, columns, n * sizeof *columns, 0);
    for (uint32_t i = 0; copy && i < n; i++) {
        const allora_column *from = columns[i];
        if (!from || !ALLORA_HAS(allora_column, from, unit)) {
            guard_note(a.g, a.plugin, a.slot, "struct-size", "column %u has no size", i);
            continue;
        }
        allora_column *to = guard_lend(&c, from, from->size, 0);
        guard_check_name(&a, "a column's name", from->name);
        if (from->type > ALLORA_V_JSON)
            guard_note(a.g, a.plugin, a.slot, "value-type", "column %u has the type %u", i,
                       from->type);
        if (to && from->name)
            to->name = guard_lend(&c, from->name, strlen(from->name) + 1, 0);
        if (to && from->unit)
            to->unit = guard_lend(&c, from->unit, strlen(from->unit) + 1, 0);
        copy[i] = to;
    }
    s->width = n;
    s->width_known = true;
    struct wrap *was = owner_here(s);
    int32_t rc = c.oom ? ALLORA_E_NOMEM : s->real.begin(s->real.self, copy, n);
    guard_return_loans(&c);
    return leave(s, rc, was);
}

static int32_t sink_row(void *self, const allora_value *cells, uint32_t n)
{
    struct guard_sink *s = enter(self);

    if (!s)
        return ALLORA_E_INTERNAL;
    if (s->ended)
        guard_note(s->g, s->to_plugin, s->slot, "row-after-stop",
                   "sent a row after the sink had said %s",
                   s->ended == ALLORA_STOP ? "ALLORA_STOP" : "that it failed");
    if (!cells && n > 0)
        guard_note(s->g, s->to_plugin, s->slot, "null-argument", "a row's cells are NULL");
    if (s->width_known && n != s->width)
        guard_note(s->g, s->to_plugin, s->slot, "row-width", "sent %u cells where %u belong", n,
                   s->width);
    struct guard_call c = loans_of(s);
    const allora_value *copy = cells ? guard_lend_cells(&c, cells, n, false) : NULL;
    struct wrap *was = owner_here(s);
    int32_t rc = c.oom ? ALLORA_E_NOMEM : s->real.row(s->real.self, copy, cells ? n : 0);
    guard_return_loans(&c);
    return leave(s, rc, was);
}

static int32_t sink_event(void *self, int32_t kind, allora_str payload)
{
    struct guard_sink *s = enter(self);

    if (!s)
        return ALLORA_E_INTERNAL;
    const struct guard_about a = {s->g, s->slot, s->to_plugin};
    if (kind < ALLORA_EV_TEXT || kind > SLOT_LAST_EVENT)
        guard_note(a.g, a.plugin, a.slot, "event-kind", "sent an event of the kind %d", kind);
    else if (kind == ALLORA_EV_TEXT || kind == ALLORA_EV_REASONING)
        guard_check_text(&a, "an event's text", payload);
    else if (kind != ALLORA_EV_CURSOR)
        guard_check_document(&a, "an event's payload", payload);
    struct guard_call c = loans_of(s);
    if (payload.ptr)
        payload.ptr = guard_lend(&c, payload.ptr, (size_t)payload.len, 0);
    struct wrap *was = owner_here(s);
    int32_t rc = c.oom ? ALLORA_E_NOMEM : s->real.event(s->real.self, kind, payload);
    guard_return_loans(&c);
    return leave(s, rc, was);
}

static int32_t sink_write(void *self, const void *p, uint64_t n)
{
    struct guard_sink *s = enter(self);

    if (!s)
        return ALLORA_E_INTERNAL;
    if (s->ended)
        guard_note(s->g, s->to_plugin, s->slot, "row-after-stop",
                   "sent bytes after the sink had said stop");
    struct guard_call c = loans_of(s);
    const void *copy = p ? guard_lend(&c, p, (size_t)n, 0) : NULL;
    struct wrap *was = owner_here(s);
    int32_t rc = c.oom ? ALLORA_E_NOMEM : s->real_bytes.write(s->real_bytes.self, copy, n);
    guard_return_loans(&c);
    return leave(s, rc, was);
}

static struct guard_sink *new_sink(struct guard_call *c)
{
    struct guard_sink *s = mem_zalloc(sizeof *s);

    if (!s || !wrap_register(&c->g->wrap, s)) {
        free(s);
        c->oom = true;
        return NULL;
    }
    s->g = c->g;
    s->slot = c->slot;
    s->to_plugin = c->to_plugin;
    s->thread = c->thread;
    s->next = c->sinks;
    c->sinks = s;
    return s;
}

static void missing(struct guard_call *c)
{
    const struct guard_about a = guard_caller(c);
    guard_note(a.g, a.plugin, a.slot, "null-argument", "a sink, or a function of one, is NULL");
}

const allora_sink *guard_sink(struct guard_call *c, const allora_sink *real,
                              const allora_list_request *list)
{
    if (!real || !real->begin || !real->row || !real->event)
        missing(c);
    struct guard_sink *s = real ? new_sink(c) : NULL;
    if (!s)
        return NULL;
    s->real = *real;
    s->list = list != NULL;
    s->width_known = list != NULL;
    s->width = list ? list->n_wanted : 0;
    s->sink = (allora_sink){s, sink_begin, sink_row, sink_event};
    return guard_lend(c, &s->sink, sizeof s->sink, 0);
}

const allora_byte_sink *guard_byte_sink(struct guard_call *c, const allora_byte_sink *real)
{
    if (!real || !real->write)
        missing(c);
    struct guard_sink *s = real ? new_sink(c) : NULL;
    if (!s)
        return NULL;
    s->real_bytes = *real;
    s->bytes = (allora_byte_sink){s, sink_write};
    return guard_lend(c, &s->bytes, sizeof s->bytes, 0);
}

void guard_sinks_end(struct guard_call *c, int64_t status)
{
    const struct guard_about a = guard_callee(c);

    for (struct guard_sink *s = c->sinks; s;) {
        struct guard_sink *next = s->next;
        if (s->ended < 0 && status != s->ended)
            guard_note(a.g, a.plugin, a.slot, "sink-failure",
                       "its sink failed with %d, and it returned %lld instead", s->ended,
                       (long long)status);
        wrap_retire(s);
        s = next;
    }
    c->sinks = NULL;
}
