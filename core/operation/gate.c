/* The gate.  Read gate_call() first: its order is the guarantee. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "operation/catalogue.h"
#include "operation/gate_private.h"
#include "security/access.h"

enum { NESTING_MAX = 64, ARGS_MAX = 64 << 20 };

struct gate {
    struct registry *registry;
    struct catalogue *catalogue;
    struct dispatch dispatch;
};

static int32_t check_nesting(const allora_ctx *ctx, const char *operation, allora_error *err);
static int32_t check_effect(const struct operation *op, allora_error *err);
static int32_t run(struct gate *g, const struct operation *op, allora_ctx *ctx, allora_str text,
                   const json_node *args, const allora_sink *sink, allora_error *err);
static void count(struct operation *op, int64_t started_us, int32_t status);

/* Every call, from every face.  A step that fails ends it; nothing has happened before run(). */
int32_t gate_call(struct gate *g, allora_ctx *ctx, const char *operation, allora_str args_json,
                  const allora_sink *sink, allora_error *err)
{
    int64_t started = clock_mono_us();
    struct operation *op = NULL;
    A_CLEAN(json_freep) json_node *args = NULL;
    A_CLEAN(buf_done) struct buf full = BUF(ARGS_MAX); /* args_json with its defaults */
    bool filled = false;

    /* 1. resolve the name, check the arguments against the schema */
    int32_t status = catalogue_find(g->catalogue, operation, &op, err);
    if (!status)
        status = check_nesting(ctx, operation, err);
    if (!status)
        status = arguments_parse(op->arguments, operation, args_json, &args, &filled, err);
    if (status)
        return status;

    /* 2. access: may this principal do this, now? */
    status = access_check(ctx->principal, operation, NULL, err);

    /* 3. effect: reads and allora's own state go on; all else needs a plan and its approval */
    if (!status)
        status = check_effect(op, err);

    /* 4. and 5., the budget and the journal, come here, before anything runs */

    /* 6. run, with deadline and cancellation */
    if (!status && !op->fn && (filled || !args_json.len)) {
        jw_node(&JSONW(&full), args);
        args_json = (allora_str){buf_str(&full), full.len};
        status = buf_failed(&full) ? err_nomem(err) : ALLORA_OK;
    }
    if (!status)
        status = run(g, op, ctx, args_json, args, sink, err);

    /* 7. count */
    count(op, started, status);
    return status;
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

static int32_t check_effect(const struct operation *op, allora_error *err)
{
    static const char *const why[] = {
        [ALLORA_EFFECT_WRITE] = "changes things outside allora, which needs an approved plan",
        [ALLORA_EFFECT_DESTRUCTIVE] =
            "destroys things outside allora, which needs an approved plan",
        [ALLORA_EFFECT_SECRET] = "shows a secret, which needs a person's approval",
        [ALLORA_EFFECT_ADMIN] = "changes trust or access, which needs a person's approval",
    };
    int32_t effect = op->decl->effect;
    if (effect == ALLORA_EFFECT_READ || effect == ALLORA_EFFECT_LOCAL)
        return ALLORA_OK;
    bool known = effect > 0 && (size_t)effect < sizeof why / sizeof *why;
    int32_t status = err_set(err, ALLORA_E_DENIED, "%s was not run: it %s", op->name,
                             known ? why[effect] : "has an effect that this allora does not know");
    err_hint(err, "this build of allora reads only: it can neither make nor approve plans");
    return status;
}

static int32_t run(struct gate *g, const struct operation *op, allora_ctx *ctx, allora_str text,
                   const json_node *args, const allora_sink *sink, allora_error *err)
{
    const allora_operations_v1 *ops = NULL;
    const void *interface = NULL;
    allora_instance *instance = NULL;
    if (!op->fn) {
        int32_t status = registry_interface(g->registry, op->plugin, ctx, ALLORA_OPERATIONS_ID,
                                            &interface, &instance, err);
        if (status)
            return status;
        ops = interface;
        if (!ALLORA_CAN(allora_operations_v1, ops, call))
            return err_set(err, ALLORA_E_UNSUPPORTED,
                           "%s: the plugin %s declares it, but has no code for it", op->name,
                           op->plugin->id);
    }
    A_CLEAN(ctx_closep) allora_ctx *child = ctx_open(ctx, op->fn ? NULL : op->plugin, 0, 0);
    if (!child)
        return err_nomem(err);
    int32_t status = ctx_check(child, err);
    if (status)
        return status;
    status = op->fn ? op->fn(op->self, child, args, sink, err)
                    : ops->call(instance, child, op->name, text, sink, err);
    if (status >= 0)
        return status == ALLORA_PARTIAL ? ALLORA_PARTIAL : ALLORA_OK;
    if (err && !err->message[0])
        (void)err_set(err, status, "%s: %s", op->name, status_text(status));
    return status;
}

static void count(struct operation *op, int64_t started_us, int32_t status)
{
    int64_t took = clock_mono_us() - started_us;
    atomic_fetch_add_explicit(&op->calls, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&op->total_us, (uint64_t)took, memory_order_relaxed);
    if (status < 0)
        atomic_fetch_add_explicit(&op->failures, 1, memory_order_relaxed);
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

struct catalogue *gate_names(struct gate *g)
{
    return g->catalogue;
}
