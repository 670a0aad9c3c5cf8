/* The debug host: one call at a time, in either direction, between two copies of its arguments. */
#include "plugin/guard.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/guard_private.h"
#include "plugin/registry_private.h"

#include <stdarg.h>

static guard_finding_fn watch_fn;
static void *watch_self;

void guard_watch(guard_finding_fn fn, void *self)
{
    watch_fn = fn;
    watch_self = self;
}

static struct guard_note *known_note(struct guard *g, const struct guard_finding *f)
{
    for (struct guard_note *n = g->notes; n; n = n->next) {
        if (n->f.rule == f->rule && n->f.slot == f->slot && n->f.interface == f->interface &&
            n->f.severity == f->severity)
            return n;
    }
    return NULL;
}

void guard_note(struct guard *g, bool plugin, const struct slot *slot, const char *rule,
                const char *fmt, ...)
{
    struct guard_finding f = {
        .severity = plugin ? "PLUGIN_MISBEHAVING" : "HOST_MISBEHAVING",
        .interface = slot ? slot->iface : "",
        .slot = slot ? slot->name : "",
        .rule = rule,
        .times = 1,
    };
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(f.detail, sizeof f.detail, fmt, ap);
    va_end(ap);
    (void)pthread_mutex_lock(&g->lock);
    struct guard_note *n = known_note(g, &f);
    bool is_new = !n;
    if (n) {
        n->f.times++;
    } else if ((n = mem_zalloc(sizeof *n))) {
        n->f = f;
        (void)snprintf(n->plugin, sizeof n->plugin, "%s", g->id);
        n->f.plugin = n->plugin;
        *g->last_note = n;
        g->last_note = &n->next;
    }
    (void)pthread_mutex_unlock(&g->lock);
    if (!is_new)
        return;
    f.plugin = g->id;
    log_msg(ALLORA_LOG_WARN, "debug-host", "%s: plugin \"%s\" in %s.%s: %s (rule %s)", f.severity,
            g->id, f.interface, f.slot, f.detail, rule);
    if (watch_fn)
        watch_fn(watch_self, &f);
}

void guard_findings_of(struct wrap *w, guard_finding_fn fn, void *self)
{
    struct guard *g = guard_of(w);

    (void)pthread_mutex_lock(&g->lock);
    for (const struct guard_note *n = g->notes; n; n = n->next)
        fn(self, &n->f);
    (void)pthread_mutex_unlock(&g->lock);
}

static const struct wrap_ops guard_ops;

void guard_findings(struct registry *r, const struct plugin *p, guard_finding_fn fn, void *self)
{
    struct wrap *w = entry_of(p)->wrap;

    (void)r;
    if (w && w->ops == &guard_ops)
        guard_findings_of(w, fn, self);
}

/* ---- one call ---- */

static void fetch(struct guard *g, uint16_t iface_no, const void *real)
{
    atomic_store(&g->real[iface_no], real);
}

static slot_fn real_slot(struct guard *g, const struct slot *slot)
{
    if (slot->iface_no == IFACE_host)
        return slot_in(g->host, slot);
    if (slot->iface_no == IFACE_plugin)
        return slot_in(g->code, slot);
    const void *real = atomic_load(&g->real[slot->iface_no]);
    if (!real && slot->kinds[0] == ARG_INSTANCE) { /* a table of another wrap of the same plugin */
        real = g->code->get_interface(iface_table[slot->iface_no].id);
        fetch(g, slot->iface_no, real);
    }
    return slot_in(real, slot);
}

static uint64_t count_words(const char *const *words)
{
    uint64_t n = 0;

    while (words && words[n])
        n++;
    return n;
}

/* The caller's argument made into the callee's. */
static void prepare(struct guard_call *c, uint32_t i, const struct arg *args, struct arg *ret)
{
    uint8_t kind = c->slot->kinds[i];
    const allora_list_request *list = NULL;

    *ret = args[i];
    switch (kind) {
    case ARG_HOST:
        ret->p = &c->g->wrap.host;
        break;
    case ARG_CTX:
        ret->p = c->to_plugin ? (const void *)c->ctx : (const void *)c->ctx->real;
        break;
    case ARG_INSTANCE:
        ret->p = c->g->instance;
        break;
    case ARG_TEXT:
    case ARG_DOCUMENT:
    case ARG_BYTES:
        ret->s = guard_lend_str(c, kind, args[i].s);
        break;
    case ARG_NAME:
    case ARG_NAME_OR_NULL:
        ret->p = guard_lend_kind(c, kind, args[i].p, 0);
        break;
    case ARG_PAIRS:
        ret->p = guard_lend_kind(c, kind, args[i].p, args[i + 1].u);
        break;
    case ARG_WORDS: {
        uint64_t n = count_words(args[i].p);
        const char *const *words = guard_lend_kind(c, kind, args[i].p, n);
        const char **ended = words ? guard_lend(c, words, n * sizeof *words, sizeof *words) : NULL;
        ret->p = ended;
        break;
    }
    case ARG_SINK:
        if (i > 0 && c->slot->kinds[i - 1] == ARG_LIST_REQUEST)
            list = args[i - 1].p;
        ret->p = guard_sink(c, args[i].p, list);
        break;
    case ARG_BYTE_SINK:
    case ARG_BYTE_SINK_OR_NULL:
        if (args[i].p || kind == ARG_BYTE_SINK)
            ret->p = guard_byte_sink(c, args[i].p);
        break;
    case ARG_LIST_REQUEST:
    case ARG_HTTP_REQUEST:
    case ARG_METRICS_QUERY:
    case ARG_TURN_REQUEST:
    case ARG_INVOCATION:
        ret->p = guard_lend_struct(c, kind, args[i].p);
        break;
    default:
        if (kind == ARG_ERROR || kind >= ARG_OUT_I32)
            guard_out_prepare(c, i, ret);
        break;
    }
}

static const struct arg *error_arg(const struct slot *slot, const struct arg *args)
{
    for (uint32_t i = 0; i < slot->n_args; i++) {
        if (slot->kinds[i] == ARG_ERROR)
            return &args[i];
    }
    return NULL;
}

static struct arg refuse(const struct slot *slot, const struct arg *args, int32_t code,
                         const char *words)
{
    const struct arg *err = error_arg(slot, args);

    if (err && err->p)
        (void)err_set(err->out, code, "%s", words);
    return (struct arg){.i = slot->result == RESULT_STATUS ? code : 0};
}

/* Arguments copied, the call made, what came back checked and handed on. */
static struct arg run(struct guard_call *c, slot_fn fn, struct arg *args)
{
    struct arg passed[SLOT_ARGS_MAX], result = {.i = ALLORA_E_NOMEM};
    const struct guard_about callee = guard_callee(c);

    for (uint32_t i = 0; i < c->slot->n_args; i++)
        prepare(c, i, args, &passed[i]);
    bool made = !c->oom;
    if (made)
        result = c->slot->invoke(fn, passed);
    guard_sinks_end(c, result.i);
    if (made && c->slot->result == RESULT_STATUS)
        guard_check_status(&callee, result.i);
    for (uint32_t i = 0; i < c->slot->n_args; i++) {
        if (c->outs[i] && made)
            guard_out_finish(c, i, &args[i], result.i);
        free(c->outs[i]);
    }
    guard_return_loans(c);
    return c->oom ? refuse(c->slot, args, ALLORA_E_NOMEM, "out of memory") : result;
}

static struct arg call_plugin(struct guard *g, const struct slot *slot, struct arg *args)
{
    bool life = slot->iface_no == IFACE_plugin;
    slot_fn fn = real_slot(g, slot);
    struct guard_call c = {.g = g, .slot = slot, .to_plugin = true, .thread = thread_id()};
    struct guard_threads before;

    if (!life && (atomic_load(&g->destroyed) || !g->instance)) {
        guard_note(g, false, slot, "call-after-destroy",
                   "the plugin was called without an instance");
        return refuse(slot, args, ALLORA_E_INTERNAL, "the plugin has no instance");
    }
    if (!fn)
        return refuse(slot, args, ALLORA_E_UNSUPPORTED, "the plugin does not have this function");
    for (uint32_t i = 0; i < slot->n_args; i++) {
        if (slot->kinds[i] != ARG_CTX)
            continue;
        c.ctx = guard_ctx_new(g, args[i].out, NULL);
        if (!c.ctx)
            return refuse(slot, args, ALLORA_E_NOMEM, "out of memory");
    }
    guard_threads_now(&before);
    struct wrap *was = wrap_here();
    wrap_set_here(&g->wrap);
    (void)atomic_fetch_add(&g->busy, 1);
    struct arg result = run(&c, fn, args);
    (void)atomic_fetch_sub(&g->busy, 1);
    wrap_set_here(was);
    guard_threads_after(g, slot, &before);
    if (c.ctx)
        guard_ctx_end(c.ctx, slot);
    return result;
}

static struct arg create(struct guard *g, const struct slot *slot, struct arg *args)
{
    struct arg result = call_plugin(g, slot, args);
    allora_instance **ret = args[2].out;

    if (result.i != ALLORA_OK || !*ret)
        return result;
    g->instance = *ret;
    atomic_store(&g->destroyed, false);
    *ret = (allora_instance *)(void *)&g->wrap; /* what the thunks look for */
    return result;
}

static struct arg destroy(struct guard *g, const struct slot *slot, struct arg *args)
{
    if (atomic_load(&g->busy) > 0)
        guard_note(g, false, slot, "destroy-busy", "destroyed while a call into it runs");
    struct arg result = call_plugin(g, slot, args);
    atomic_store(&g->destroyed, true);
    g->instance = NULL;
    guard_threads_left(g, slot);
    return result;
}

/* The host's or the plugin's get_interface(): a table of thunks for what it gives. */
static struct arg interface(struct guard *g, const struct slot *slot, const struct arg *args)
{
    const char *id = args[slot->n_args - 1].p;
    const struct guard_about caller = {g, slot, slot->iface_no == IFACE_host};

    guard_check_name(&caller, "an interface's name", id);
    const struct iface *iface = id ? iface_find(id) : NULL;
    const void *real = !id                            ? NULL
                       : slot->iface_no == IFACE_host ? g->host->get_interface(g->host, id)
                                                      : g->code->get_interface(id);
    if (!real || !iface)
        return (struct arg){.p = NULL};
    fetch(g, (uint16_t)(iface - iface_table), real);
    return (struct arg){.p = wrap_table(&g->wrap, iface, real)};
}

static bool any_thread(size_t id)
{
    return id == SLOT_host_cancelled || id == SLOT_scope_open || id == SLOT_scope_cancel;
}

static struct arg call_host(struct guard *g, const struct slot *slot, struct arg *args)
{
    size_t id = (size_t)(slot - slot_table);
    struct guard_ctx *ctx = args[0].out;
    struct guard_call c = {
        .g = g, .slot = slot, .to_plugin = false, .thread = thread_id(), .ctx = ctx};
    slot_fn fn = real_slot(g, slot);
    struct arg result;

    if (!fn)
        return refuse(slot, args, ALLORA_E_UNSUPPORTED, "the host does not have this function");
    if (!any_thread(id))
        guard_ctx_enter(ctx, slot);
    if (id == SLOT_host_alloc)
        result = (struct arg){.p = guard_ctx_alloc(ctx, args[1].u)};
    else
        result = run(&c, fn, args);
    if (!any_thread(id))
        guard_ctx_leave(ctx);
    if (id == SLOT_scope_close)
        guard_ctx_end(ctx, slot);
    return result;
}

static struct arg guard_call(struct wrap *w, const struct slot *slot, struct arg *args)
{
    struct guard *g = guard_of(w);

    switch ((size_t)(slot - slot_table)) {
    case SLOT_host_get_interface:
    case SLOT_plugin_get_interface:
        return interface(g, slot, args);
    case SLOT_plugin_create:
        return create(g, slot, args);
    case SLOT_plugin_destroy:
        return destroy(g, slot, args);
    default:
        return slot->kinds[0] == ARG_INSTANCE ? call_plugin(g, slot, args)
                                              : call_host(g, slot, args);
    }
}

static void guard_bad_ctx(struct wrap *w, const struct slot *slot, const void *ctx)
{
    guard_note(guard_of(w), true, slot, ctx ? "ctx-dead" : "null-argument",
               ctx ? "used a context after its call, or what is none" : "the context is NULL");
}

static void guard_free(struct wrap *w)
{
    struct guard *g = guard_of(w);

    wrap_done(w);
    while (g->notes) {
        struct guard_note *next = g->notes->next;
        free(g->notes);
        g->notes = next;
    }
    (void)pthread_mutex_destroy(&g->lock);
    free(g);
}

static const struct wrap_ops guard_ops = {
    .call = guard_call, .bad_ctx = guard_bad_ctx, .free = guard_free};

struct wrap *guard_new(const struct wrap_options *o)
{
    struct guard *g = mem_zalloc(sizeof *g);

    if (!g)
        return NULL;
    (void)pthread_mutex_init(&g->lock, NULL);
    g->wrap.ops = &guard_ops;
    g->code = o->code;
    g->host = o->host;
    g->threads = o->threads;
    g->last_note = &g->notes;
    (void)snprintf(g->id, sizeof g->id, "%s", o->id);
    wrap_host(&g->wrap, o->host);
    return &g->wrap;
}
