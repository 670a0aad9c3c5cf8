/* The gate.  Read gate_call() first: its order is the guarantee. */
#include "operation/gate.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "operation/plan.h"
#include "security/access.h"

enum { NESTING_MAX = 64 };

static bool becomes_plan(const struct operation *op);
static int32_t check_effect(const struct call *c, allora_error *err);
static int32_t run(const struct call *c, const allora_sink *sink, allora_error *err);
static void count(const struct operation *op, int64_t started_us, int32_t status);

/* Every call, from every face.  A step that fails ends it; nothing has happened before run(). */
int32_t gate_call(struct gate *g, allora_ctx *ctx, const char *operation, allora_str args_json,
                  const allora_sink *sink, allora_error *err)
{
    A_CLEAN(call_done) struct call c = {.gate = g, .ctx = ctx, .full = BUF(ARGS_MAX)};
    int64_t started = clock_mono_us();

    /* 1. resolve the name, check the arguments against the schema */
    int32_t status = call_resolve(&c, operation, args_json, err);
    if (status)
        return status;

    /* 2. access: may this principal do this, now? */
    status = access_check(ctx->principal, operation, NULL, err);

    /* 3. effect: reads and allora's own state go on; what a plugin would change or show of secrets
     * becomes a plan, and goes through steps 4 to 7 once that is approved, target by target
     * (plan_apply.c); the core's own secret and admin operations need a person */
    if (!status && becomes_plan(c.op)) {
        status = plan_call(&c, sink, err);
        count(c.op, started, status);
        return status;
    }
    if (!status)
        status = check_effect(&c, err);

    /* 4. budget: is there one left for this call? */
    if (!status)
        status = budget_call(g, ctx, err);

    /* 5. journal the intent: what can't be recorded is not done, but for reads */
    if (!status)
        status = trail_intent(&c, err);
    else
        trail_denied(&c, err);

    /* 6. run, with deadline and cancellation; 7. journal the outcome, count */
    if (!status) {
        status = run(&c, sink, err);
        trail_outcome(&c, status);
    }
    count(c.op, started, status);
    return status;
}

/* The core's own operations of that effect make a plan out of what they are given. */
static bool becomes_plan(const struct operation *op)
{
    int32_t effect = op->decl->effect;
    return effect >= ALLORA_EFFECT_WRITE && effect <= ALLORA_EFFECT_ADMIN && !op->fn;
}

static int32_t check_effect(const struct call *c, allora_error *err)
{
    switch (c->op->decl->effect) {
    case ALLORA_EFFECT_READ:
    case ALLORA_EFFECT_LOCAL:
        return ALLORA_OK;
    case ALLORA_EFFECT_WRITE:
    case ALLORA_EFFECT_DESTRUCTIVE: /* plan.run and its like: nothing is done but by plan_apply() */
        if (c->op->fn && str_starts(c->op->name, "plan."))
            return ALLORA_OK;
        break;
    case ALLORA_EFFECT_SECRET:
    case ALLORA_EFFECT_ADMIN:
        return approval_person(c, err);
    default:
        break;
    }
    return err_set(err, ALLORA_E_DENIED,
                   "%s was not run: it has an effect that this allora does not know", c->op->name);
}

/* An operation that calls itself through a plugin would otherwise end on the stack's guard page. */
static int32_t check_nesting(const allora_ctx *ctx, const char *operation, allora_error *err)
{
    unsigned depth = 0;
    for (const allora_ctx *c = ctx; c; c = c->parent)
        depth++;
    if (depth <= NESTING_MAX)
        return ALLORA_OK;
    int32_t status =
        err_set(err, ALLORA_E_ARG, "%s: %u calls inside one another", operation, depth);
    err_hint(err, "a plugin's operation calls itself: allora plugin doctor");
    return status;
}

int32_t call_resolve(struct call *c, const char *operation, allora_str args_json, allora_error *err)
{
    struct operation *op = NULL;
    bool filled = false;
    int32_t status = catalogue_find(c->gate->catalogue, operation, &op, err);
    if (!status)
        status = check_nesting(c->ctx, operation, err);
    if (!status)
        status = arguments_parse(op->arguments, operation, args_json, &c->args, &filled, err);
    if (status)
        return status;
    c->op = op;
    c->text = args_json;
    if (!op->fn && (filled || !args_json.len)) {
        jw_node(&JSONW(&c->full), c->args);
        c->text = (allora_str){buf_str(&c->full), c->full.len};
    }
    return buf_failed(&c->full) ? err_nomem(err) : ALLORA_OK;
}

void call_done(struct call *c)
{
    json_free(c->args);
    buf_done(&c->full);
}

int32_t call_open(const struct call *c, const allora_operations_v1 **ret_ops,
                  allora_instance **ret_self, allora_ctx **ret_child, allora_error *err)
{
    const struct operation *op = c->op;
    const void *interface = NULL;
    if (!op->fn) {
        int32_t status = registry_interface(c->gate->registry, op->plugin, c->ctx,
                                            ALLORA_OPERATIONS_ID, &interface, ret_self, err);
        if (status)
            return status;
    }
    *ret_ops = interface;
    *ret_child = ctx_open(c->ctx, op->fn ? NULL : op->plugin, 0, 0);
    return *ret_child ? ctx_check(*ret_child, err) : err_nomem(err);
}

static int32_t run(const struct call *c, const allora_sink *sink, allora_error *err)
{
    const struct operation *op = c->op;
    const allora_operations_v1 *ops = NULL;
    allora_instance *instance = NULL;
    A_CLEAN(ctx_closep) allora_ctx *child = NULL;
    int32_t status = call_open(c, &ops, &instance, &child, err);
    if (status)
        return status;
    if (!op->fn && !ALLORA_CAN(allora_operations_v1, ops, call))
        return err_set(err, ALLORA_E_UNSUPPORTED,
                       "%s: the plugin %s declares it, but has no code for it", op->name,
                       op->plugin->id);
    status = op->fn ? op->fn(op->self, child, c->args, sink, err)
                    : ops->call(instance, child, op->name, c->text, sink, err);
    if (status >= 0)
        return status == ALLORA_PARTIAL ? ALLORA_PARTIAL : ALLORA_OK;
    if (err && !err->message[0])
        (void)err_set(err, status, "%s: %s", op->name, status_text(status));
    return status;
}

static void count(const struct operation *op, int64_t started_us, int32_t status)
{
    struct operation *o = (struct operation *)(uintptr_t)op; /* its counters are atomic */
    int64_t took = clock_mono_us() - started_us;
    atomic_fetch_add_explicit(&o->calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&o->total_us, (uint64_t)took, memory_order_relaxed);
    if (status < 0)
        atomic_fetch_add_explicit(&o->failures, 1, memory_order_relaxed);
}

int32_t gate_counts(struct gate *g, const char *operation, struct gate_counts *ret,
                    allora_error *err)
{
    struct operation *op = NULL;
    int32_t status = catalogue_find(g->catalogue, operation, &op, err);
    if (status)
        return status;
    ret->calls = atomic_load_explicit(&op->calls, memory_order_relaxed);
    ret->failures = atomic_load_explicit(&op->failures, memory_order_relaxed);
    ret->total_us = atomic_load_explicit(&op->total_us, memory_order_relaxed);
    return ALLORA_OK;
}

static int32_t dispatch_call(void *self, allora_ctx *ctx, const char *operation,
                             allora_str args_json, const allora_sink *sink, allora_error *err)
{
    return gate_call(self, ctx, operation, args_json, sink, err);
}

static int32_t dispatch_catalogue(void *self, allora_ctx *ctx, const char *glob,
                                  const allora_sink *sink, allora_error *err)
{
    return gate_catalogue(self, ctx, glob, sink, err);
}

int32_t gate_new(struct registry *r, struct gate **ret, allora_error *err)
{
    struct gate *g = mem_zalloc(sizeof *g);
    if (!g)
        return err_nomem(err);
    int32_t status = catalogue_new(r, &g->catalogue, err);
    if (status) {
        free(g);
        return status;
    }
    g->registry = r;
    g->dispatch = (struct dispatch){g, dispatch_call, dispatch_catalogue};
    *ret = g;
    return ALLORA_OK;
}

void gate_attach(struct gate *g, const struct gate_parts *parts)
{
    g->parts = *parts;
}

void gate_free(struct gate *g)
{
    if (!g)
        return;
    catalogue_free(g->catalogue);
    free(g);
}

int32_t gate_implement(struct gate *g, const char *operation, operation_fn fn, void *self)
{
    allora_error err = ERR_INIT;
    return catalogue_implement(g->catalogue, operation, fn, self, &err);
}

const struct dispatch *gate_dispatch(struct gate *g)
{
    return &g->dispatch;
}
