/* What the gate adds to a read: a call through it, next to the same function called directly with
 * arguments already parsed.  The journal is there, as in real life. */
#include "base/clock.h"
#include "base/err.h"
#include "base/rowset.h"
#include "base/str.h"
#include "operation/gate.h"
#include "security/journal.h"
#include "store/store.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROUNDS = 41, CALLS = 2000 };
static const double goal_us = 20.0;

static const char manifest[] =
    "{\"manifest\":1,\"id\":\"allora\",\"version\":\"1.0.0\",\"summary\":\"s\",\"license\":"
    "\"Apache-2.0\","
    "\"abi\":{\"built\":0,\"needed\":0},\"operations\":[{\"name\":\"bench.read\",\"summary\":"
    "\"Reads\","
    "\"effect\":\"read\",\"arguments\":{\"type\":\"object\",\"properties\":{"
    "\"sql\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":1048576},"
    "\"params\":{\"type\":[\"array\",\"object\"]},"
    "\"max_rows\":{\"type\":\"integer\",\"minimum\":0,\"default\":0},"
    "\"max_age_s\":{\"type\":\"integer\",\"minimum\":-1,\"default\":-1},"
    "\"refresh\":{\"type\":\"boolean\",\"default\":false},"
    "\"offline\":{\"type\":\"boolean\",\"default\":false},"
    "\"explain\":{\"type\":\"boolean\",\"default\":false}},"
    "\"required\":[\"sql\"],\"additionalProperties\":false}}]}";
static const char arguments[] =
    "{\"sql\":\"select region, status, count(*) n from vm where region = ?1 group by 1, 2\","
    "\"params\":[\"eu-west-1\"],\"max_rows\":100}";

static volatile int64_t seen;

static int32_t read_nothing(void *self, allora_ctx *ctx, const json_node *args,
                            const allora_sink *sink, allora_error *err)
{
    (void)self, (void)ctx, (void)sink, (void)err;
    seen += json_get_int(args, "max_rows", 0);
    return ALLORA_OK;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static int measure(struct gate *gate, allora_ctx *ctx, const json_node *parsed, double *ret_added)
{
    double added[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        allora_error err = ERR_INIT;
        int64_t start = clock_mono_us();
        for (int i = 0; i < CALLS; i++)
            if (gate_call(gate, ctx, "bench.read", str_of(arguments), &null_sink, &err)) {
                (void)fprintf(stderr, "%s\n", err.message);
                return 1;
            }
        int64_t middle = clock_mono_us();
        for (int i = 0; i < CALLS; i++)
            (void)read_nothing(NULL, ctx, parsed, &null_sink, &err);
        int64_t end = clock_mono_us();
        added[round] = (double)((middle - start) - (end - middle)) / CALLS;
    }
    qsort(added, ROUNDS, sizeof *added, by_value);
    *ret_added = added[ROUNDS / 2];
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

int main(void)
{
    static const struct principal owner = {"local:bench", true, false};
    static const char *const places[] = {"HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME",
                                         "XDG_RUNTIME_DIR"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        (void)setenv(places[i], "/nonexistent", 1);
    (void)unsetenv("ALLORA_PLUGIN_PATH");
    const struct registry_options o = {.executable = "/nonexistent/bin/allora",
                                       .core_manifest = manifest,
                                       .core_manifest_len = sizeof manifest - 1};
    struct registry *registry = NULL;
    struct gate *gate = NULL;
    json_node *parsed = NULL;
    allora_error err = ERR_INIT;
    struct gate_parts parts = {0};
    char state[] = "/tmp/allora-bench-XXXXXX";
    double added = 0;
    allora_ctx *ctx = ctx_root(&owner, 0);
    int failed = !ctx || !mkdtemp(state) || store_new(state, &parts.store, &err) ||
                 journal_new(parts.store, &parts.journal, &err) ||
                 registry_open(&o, &registry, &err) || gate_new(registry, &gate, &err) ||
                 (gate_attach(gate, &parts), 0) ||
                 gate_implement(gate, "bench.read", read_nothing, NULL) ||
                 json_parse(arguments, sizeof arguments - 1, &parsed, &err) ||
                 measure(gate, ctx, parsed, &added);
    if (failed) {
        (void)fprintf(stderr, "bench_gate: %s\n", err.message);
    } else {
        const char *slack = getenv("BENCH_SLACK");
        (void)printf("BENCH|what the gate adds to a read|%.1f µs|≤ %.0f µs|%s\n", added, goal_us,
                     added <= goal_us ? "ok" : "over");
        failed = added > goal_us * (slack ? strtod(slack, NULL) : 1);
    }
    json_free(parsed);
    ctx_close(ctx);
    gate_free(gate);
    registry_close(registry);
    journal_free(parts.journal);
    store_free(parts.store);
    (void)nftw(state, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return failed;
}
