/* What stands between host and plugin adds to a call that sends one row of four cells: nothing
 * (plugins.host: direct), the debug host, the codec.  For information: the two are for authors and
 * for what a child host will cost at least. */
#include "base/clock.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/rowset.h"
#include "base/str.h"
#include "plugin/wrap.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROUNDS = 21, CALLS = 500 };

static int32_t call(allora_instance *self, allora_ctx *ctx, const char *operation, allora_str args,
                    const allora_sink *sink, allora_error *err)
{
    const allora_value cells[] = {{.type = ALLORA_V_INT, .u.i = 1},
                                  {.type = ALLORA_V_REAL, .u.d = 1},
                                  {.type = ALLORA_V_TEXT, .len = 11, .u.p = "hello world"},
                                  {.type = ALLORA_V_NULL}};
    (void)self, (void)ctx, (void)operation, (void)args, (void)err;
    return sink->row(sink->self, cells, 4);
}

static const allora_operations_v1 operations = {.size = sizeof operations, .call = call};

static const void *get_interface(const char *id)
{
    return streq(id, ALLORA_OPERATIONS_ID) ? &operations : NULL;
}

static const void *no_interface(const allora_host *host, const char *id)
{
    (void)host, (void)id;
    return NULL;
}

static int32_t create(const allora_host *host, allora_ctx *ctx, allora_instance **out,
                      allora_error *err)
{
    static int instance;
    (void)host, (void)ctx, (void)err;
    *out = (allora_instance *)(void *)&instance;
    return ALLORA_OK;
}

static void destroy(allora_instance *self)
{
    (void)self;
}

static void *alloc(allora_ctx *ctx, uint64_t size)
{
    return ctx_alloc(ctx, (size_t)size);
}

static int64_t deadline(allora_ctx *ctx)
{
    return ctx->deadline_us;
}

static const allora_plugin plugin = {
    .size = sizeof plugin, .create = create, .destroy = destroy, .get_interface = get_interface};
static const allora_host host = {.size = sizeof host,
                                 .name = "bench",
                                 .version = "0",
                                 .get_interface = no_interface,
                                 .alloc = alloc,
                                 .cancelled = ctx_cancelled,
                                 .deadline_us = deadline};

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Microseconds a call, the median of rounds. */
static double measure(const allora_operations_v1 *ops, allora_instance *self, allora_ctx *ctx)
{
    double took[ROUNDS];
    allora_error err = ERR_INIT;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = clock_mono_us();
        for (int i = 0; i < CALLS; i++)
            (void)ops->call(self, ctx, "bench.call", str_of("{\"a\": 1}"), &null_sink, &err);
        took[round] = (double)(clock_mono_us() - start) / CALLS;
    }
    qsort(took, ROUNDS, sizeof *took, by_value);
    return took[ROUNDS / 2];
}

int main(void)
{
    static const struct {
        enum wrap_mode mode;
        const char *name;
    } modes[] = {{WRAP_DEBUG, "the debug host"}, {WRAP_CODEC, "the call codec"}};
    allora_ctx *ctx = ctx_root(NULL, 0);
    double bare = measure(&operations, NULL, ctx);
    for (size_t i = 0; i < 2; i++) {
        allora_error err = ERR_INIT;
        allora_instance *self = NULL;
        struct wrap *w = wrap_new(
            modes[i].mode, &(struct wrap_options){.id = "bench", .code = &plugin, .host = &host});
        if (!w || wrap_create(w, ctx, &self, &err))
            return 1;
        double wrapped = measure(wrap_interface(w, ALLORA_OPERATIONS_ID), self, ctx);
        (void)printf(
            "BENCH|what %s adds to a call of one row|%.1f µs (bare %.2f µs)|information|ok\n",
            modes[i].name, wrapped - bare, bare);
        wrap_destroy(w);
        wrap_free(w);
    }
    /* Direct is the plugin's own table of functions: there is nothing to measure. */
    bool same = get_interface(ALLORA_OPERATIONS_ID) == (const void *)&operations &&
                !wrap_new(WRAP_DIRECT, &(struct wrap_options){.code = &plugin, .host = &host});
    (void)printf("BENCH|what plugins.host: direct adds to a call|%s|nothing|%s\n",
                 same ? "nothing: the same function pointers" : "something", same ? "ok" : "over");
    ctx_close(ctx);
    return same ? 0 : 1;
}
