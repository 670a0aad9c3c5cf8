/* Process start.  Everything the command line may need is made here, when it is first asked for: a
 * program that prints its version opens nothing, help and completion only the plugin index, and an
 * operation the rest. */
#include "agent/agent.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/pool.h"
#include "cli/cli.h"
#include "config/config.h"
#include "kit/kit.h"
#include "operation/builtin.h"
#include "operation/core_manifest.h"
#include "operation/gate.h"
#include "plugin/registry.h"
#include "query/engine.h"
#include "query/view.h"
#include "security/journal.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WORKERS_MAX = 64 }; /* they wait for remotes, so they are not tied to the number of cores */

struct app {
    struct config *config;
    struct registry *registry;
    struct pool *pool;
    struct store *store;
    struct journal *journal;
    struct engine *engine;
    struct gate *gate;
    struct agents *agents;
    struct metrics *metrics;
    struct builtin_parts parts;
};

static int32_t app_config(struct app *a, const struct cli_flags *flags, allora_error *err)
{
    const struct config_options options = {
        .file = flags->config, .profile = flags->profile, .tolerant = true};
    return a->config ? ALLORA_OK : config_open(&options, &a->config, err);
}

static int32_t app_registry(void *self, const struct cli_flags *flags, struct registry **ret,
                            allora_error *err)
{
    struct app *a = self;
    int32_t rc = app_config(a, flags, err);
    if (!rc && !a->registry) {
        allora_str core = core_manifest();
        const struct registry_options options = {.plugin_path = flags->plugin_path,
                                                 .executable = "/proc/self/exe",
                                                 .config = a->config,
                                                 .tolerant = true,
                                                 .core_manifest = core.ptr,
                                                 .core_manifest_len = core.len,
                                                 .table_reserved = view_reserves_table};
        rc = registry_open(&options, &a->registry, err);
    }
    if (!rc)
        *ret = a->registry;
    return rc;
}

/* Sessions are kept where there is a place for them; reading works without one. */
static int32_t app_store(struct app *a, allora_error *err)
{
    A_FREE char *dir = fs_state_dir();
    if (!dir)
        log_msg(ALLORA_LOG_INFO, "store", "no home folder: sessions are not kept");
    int32_t rc = store_new(dir, &a->store, err);
    return rc ? rc : journal_new(a->store, &a->journal, err);
}

static int32_t app_engine(struct app *a, allora_error *err)
{
    A_FREE char *cache = fs_cache_dir();
    a->pool = pool_new(WORKERS_MAX);
    if (!a->pool)
        return err_nomem(err);
    const struct engine_options options = {
        .registry = a->registry, .config = a->config, .pool = a->pool, .cache_dir = cache};
    return engine_new(&options, &a->engine, err);
}

static int32_t app_gate(struct app *a, allora_error *err)
{
    a->metrics = metrics_new();
    if (!a->metrics)
        return err_nomem(err);
    int32_t rc = gate_new(a->registry, &a->gate, err);
    if (rc)
        return rc;
    const struct gate_parts parts = {.store = a->store, .journal = a->journal, .config = a->config};
    gate_attach(a->gate, &parts);
    registry_set_dispatch(a->registry, gate_dispatch(a->gate));
    registry_set_store(a->registry, a->store);
    registry_set_metrics(a->registry, a->metrics);
    registry_set_journal(a->registry, a->journal);
    const struct agents_options options = {.registry = a->registry,
                                           .dispatch = gate_dispatch(a->gate),
                                           .store = a->store,
                                           .config = a->config};
    rc = agents_new(&options, &a->agents, err);
    if (rc)
        return rc;
    a->parts = (struct builtin_parts){.gate = a->gate,
                                      .registry = a->registry,
                                      .engine = a->engine,
                                      .store = a->store,
                                      .journal = a->journal,
                                      .agents = a->agents,
                                      .config = a->config,
                                      .metrics = a->metrics};
    return builtin_wire(&a->parts, err);
}

static int32_t app_dispatch(void *self, const struct cli_flags *flags, const struct dispatch **ret,
                            allora_error *err)
{
    struct app *a = self;
    struct registry *registry;
    int32_t rc = app_registry(a, flags, &registry, err);
    /* What a broken file would have forbidden is not known, so nothing runs but what repairs it. */
    if (!rc && !flags->repair)
        rc = config_check(a->config, err);
    if (!rc && !flags->repair)
        rc = registry_check_config(a->registry, err);
    if (!rc && !a->gate) {
        rc = app_store(a, err);
        if (!rc)
            rc = app_engine(a, err);
        if (!rc)
            rc = app_gate(a, err);
    }
    if (!rc)
        *ret = gate_dispatch(a->gate);
    return rc;
}

static const char *app_setting(void *self, const char *key)
{
    const struct app *a = self;
    return a->config ? json_str(config_get(a->config, key), NULL) : NULL;
}

/* The i-th thing that is wrong with the configuration. */
static bool app_problem(void *self, size_t i, allora_error *err)
{
    const struct app *a = self;
    const struct config_problems *p = a->config ? config_problems(a->config) : NULL;
    if (!p || i >= p->n)
        return false;
    (void)config_problem_error(p, i, err);
    return true;
}

/* In the reverse of the order in which they lean on each other. */
static void app_close(struct app *a)
{
    agents_free(a->agents);
    gate_free(a->gate);
    engine_free(a->engine);
    pool_free(a->pool);
    if (a->registry)
        registry_close(a->registry);
    metrics_free(a->metrics);
    journal_free(a->journal); /* writes what was read */
    store_free(a->store);
    if (a->config)
        config_close(a->config);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], KIT_CHILD_FLAG) == 0)
        return kit_child_main(argc, argv);
    struct app app = {0};
    const struct cli_services services = {&app, app_registry, app_dispatch, app_setting,
                                          app_problem};
    int code = cli_main(&services, argc, argv);
    if (app.registry && registry_stuck(app.registry)) {
        /* A plugin's thread that never came back may still use what would be freed below. */
        registry_close(app.registry); /* the others are destroyed as always */
        (void)fflush(NULL);
        _exit(code);
    }
    app_close(&app);
    return code;
}
