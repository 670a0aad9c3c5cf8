/* The debug host names every broken rule, of plugins and of the host, and changes no result. */
#include "plugin/guard.h"

#include "base/err.h"
#include "base/log.h"
#include "base/rowset.h"
#include "config/config.h"
#include "plugin/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "mini_host.h"

#define RUDE TEST_PLUGIN_DIR "/bad_rude.so"

struct rude {
    struct wrap *wrap;
    allora_ctx *ctx;
    allora_instance *self;
    const allora_operations_v1 *ops;
    const allora_provider_v1 *provider;
    allora_error err;
};
struct want {
    const char *severity, *rule;
    unsigned found, others;
    char other[64];
};

static void look(void *self, const struct guard_finding *f)
{
    struct want *w = self;
    bool is_it = streq(f->severity, w->severity) && streq(f->rule, w->rule);

    w->found += is_it;
    w->others += !is_it;
    if (!is_it)
        (void)snprintf(w->other, sizeof w->other, "%s %s", f->severity, f->rule);
}

static void start(struct rude *r, bool threads)
{
    const allora_plugin *code = mini_load(RUDE);
    assert_non_null(code);
    *r = (struct rude){.ctx = ctx_root(NULL, 0), .err = ERR_INIT};
    r->wrap = wrap_new(WRAP_DEBUG,
                       &(struct wrap_options){
                           .id = "bad_rude", .code = code, .host = &mini_host, .threads = threads});
    assert_non_null(r->wrap);
    assert_int_equal(wrap_create(r->wrap, r->ctx, &r->self, &r->err), ALLORA_OK);
    r->ops = wrap_interface(r->wrap, ALLORA_OPERATIONS_ID);
    r->provider = wrap_interface(r->wrap, ALLORA_PROVIDER_ID);
    assert_null(wrap_interface(r->wrap, ALLORA_AGENT_ID));
    assert_non_null(r->ops);
    assert_null(r->ops->apply); /* what the plugin leaves empty stays so */
}

static void stop(struct rude *r)
{
    wrap_destroy(r->wrap);
    wrap_free(r->wrap);
    ctx_close(r->ctx);
}

/* Exactly that finding, and no other. */
static void expect_only(struct rude *r, const char *severity, const char *rule)
{
    struct want w = {.severity = severity, .rule = rule};
    guard_findings_of(r->wrap, look, &w);
    if (w.found != 1 || w.others)
        fail_msg("%s: found %u times; others: %u, the last: %s", rule, w.found, w.others, w.other);
}

static int32_t stop_row(void *self, const allora_value *cells, uint32_t n)
{
    (void)self, (void)cells, (void)n;
    return ALLORA_STOP;
}

static int32_t fail_row(void *self, const allora_value *cells, uint32_t n)
{
    (void)self, (void)cells, (void)n;
    return ALLORA_E_ARG;
}

static int32_t no_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    (void)self, (void)columns, (void)n;
    return ALLORA_OK;
}

static int32_t no_event(void *self, int32_t kind, allora_str payload)
{
    (void)self, (void)kind, (void)payload;
    return ALLORA_OK;
}

static const allora_sink stopping = {NULL, no_begin, stop_row, no_event};
static const allora_sink failing = {NULL, no_begin, fail_row, no_event};

static int32_t call(struct rude *r, const char *rule, const allora_sink *sink)
{
    char args[96];
    int n = snprintf(args, sizeof args, "{\"rule\": \"%s\"}", rule);
    return r->ops->call(r->self, r->ctx, "bad_rude.break", (allora_str){args, (uint64_t)n},
                        sink ? sink : &null_sink, &r->err);
}

static void names_what_plugins_break(void **state)
{
    static const struct {
        const char *rule;
        const allora_sink *sink;
        int32_t status; /* as without the debug host */
    } all[] = {
        {"null-argument", NULL, 0},
        {"text-utf8", NULL, 0},
        {"text-json", NULL, 0},
        {"text-nul", NULL, 0},
        {"event-kind", NULL, 0},
        {"value-type", NULL, 0},
        {"value-flags", NULL, 0},
        {"value-bool", NULL, 0},
        {"row-width", NULL, 0},
        {"row-after-stop", &stopping, 0},
        {"ctx-thread", NULL, 0},
        {"sink-thread", NULL, 0},
        {"arena-beyond", NULL, 0},
        {"struct-size", NULL, 0},
        {"status", NULL, 57},
        {"error-code", NULL, ALLORA_E_REMOTE},
        {"error-text", NULL, ALLORA_E_REMOTE},
        {"sink-failure", &failing, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct rude r;
        start(&r, true);
        assert_int_equal(call(&r, all[i].rule, all[i].sink), all[i].status);
        expect_only(&r, "PLUGIN_MISBEHAVING", all[i].rule);
        stop(&r);
    }
}

static void names_what_is_used_too_late(void **state)
{
    static const char *const rules[] = {"ctx-dead", "sink-after-call"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct rude r;
        start(&r, true);
        assert_int_equal(call(&r, "keep", NULL), ALLORA_OK);
        assert_int_equal(call(&r, rules[i], NULL), ALLORA_OK);
        expect_only(&r, "PLUGIN_MISBEHAVING", rules[i]);
        stop(&r);
    }
}

static void names_broken_outputs(void **state)
{
    static const struct {
        const char *rule;
        int32_t status;
    } all[] = {{"out-unset", 0}, {"out-size", 0}, {"out-beyond", 0}, {"out-on-failure", -13}};
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct rude r;
        char args[96];
        allora_plan plan = {.size = sizeof plan};
        start(&r, true);
        int n = snprintf(args, sizeof args, "{\"rule\": \"%s\"}", all[i].rule);
        assert_int_equal(r.ops->plan(r.self, r.ctx, "bad_rude.plan",
                                     (allora_str){args, (uint64_t)n}, &plan, &r.err),
                         all[i].status);
        struct want w = {.severity = "PLUGIN_MISBEHAVING", .rule = all[i].rule};
        guard_findings_of(r.wrap, look, &w);
        assert_int_equal(w.found, 1);
        assert_int_equal(w.others, 0);
        assert_int_equal(plan.size, sizeof plan);
        if (i == 2)
            assert_memory_equal(plan.steps_json.ptr, "[]", 3); /* a copy, and it ends in NUL */
        stop(&r);
    }
}

static void names_a_begin_in_list(void **state)
{
    const uint32_t wanted[] = {0};
    struct rude r;
    (void)state;
    start(&r, true);
    allora_list_request q = {
        .size = sizeof q, .table = "bad_rude_rows", .n_wanted = 1, .wanted = wanted};
    assert_int_equal(r.provider->list(r.self, r.ctx, &q, &null_sink, &r.err), ALLORA_OK);
    expect_only(&r, "PLUGIN_MISBEHAVING", "begin-in-list");
    stop(&r);
}

static struct want watched;

static void names_threads(void **state)
{
    struct rude r;
    (void)state;
    start(&r, false);
    assert_int_equal(call(&r, "private-thread", NULL), ALLORA_OK);
    expect_only(&r, "PLUGIN_MISBEHAVING", "private-thread");
    stop(&r);
    start(&r, true); /* with the permission that is no fault */
    assert_int_equal(call(&r, "private-thread", NULL), ALLORA_OK);
    watched = (struct want){.severity = "PLUGIN_MISBEHAVING", .rule = "thread-left"};
    guard_watch(look, &watched);
    assert_int_equal(call(&r, "thread-left", NULL), ALLORA_OK);
    assert_int_equal(watched.found + watched.others, 0);
    wrap_destroy(r.wrap);
    assert_int_equal(watched.found, 1);
    assert_int_equal(watched.others, 0);
    guard_watch(NULL, NULL);
    wrap_free(r.wrap);
    ctx_close(r.ctx);
    start(&r, true);
    (void)call(&r, "thread-end", NULL);
    stop(&r);
}

static void destroyed_in_a_call(void *self)
{
    wrap_destroy(self);
}

static int32_t destroying_row(void *self, const allora_value *cells, uint32_t n)
{
    (void)cells, (void)n;
    destroyed_in_a_call(self);
    return ALLORA_OK;
}

static void names_what_the_host_breaks(void **state)
{
    struct rude r;
    const allora_filter bad = {.column = 0, .op = 77};
    allora_error err = ERR_INIT;
    (void)state;

    start(&r, true);
    allora_list_request q = {
        .size = sizeof q, .table = "bad_rude_rows", .n_filters = 1, .filters = &bad};
    (void)r.provider->list(r.self, r.ctx, &q, &null_sink, &err);
    struct want w = {.severity = "HOST_MISBEHAVING", .rule = "filter-op"};
    guard_findings_of(r.wrap, look, &w);
    assert_int_equal(w.found, 1);
    stop(&r);

    start(&r, true);
    (void)r.ops->call(r.self, r.ctx, "bad_rude.break", (allora_str){"{", 1}, &null_sink, &err);
    expect_only(&r, "HOST_MISBEHAVING", "text-json");
    stop(&r);

    start(&r, true);
    (void)r.ops->call(r.self, r.ctx, "bad_rude.break", (allora_str){"{}", 2}, &null_sink, NULL);
    expect_only(&r, "HOST_MISBEHAVING", "null-argument");
    stop(&r);

    start(&r, true);
    const allora_sink destroying = {r.wrap, no_begin, destroying_row, no_event};
    (void)call(&r, "value-bool", &destroying);
    w = (struct want){.severity = "HOST_MISBEHAVING", .rule = "destroy-busy"};
    guard_findings_of(r.wrap, look, &w);
    assert_int_equal(w.found, 1);
    assert_int_equal(call(&r, "keep", NULL), ALLORA_E_INTERNAL);
    w = (struct want){.severity = "HOST_MISBEHAVING", .rule = "call-after-destroy"};
    guard_findings_of(r.wrap, look, &w);
    assert_int_equal(w.found, 1);
    stop(&r);
}

/* A finding is told once, and counted. */
static void counts(void *self, const struct guard_finding *f)
{
    *(uint32_t *)self += f->times;
}

static void tells_each_rule_once(void **state)
{
    struct rude r;
    uint32_t times = 0;
    (void)state;
    start(&r, true);
    watched = (struct want){.severity = "PLUGIN_MISBEHAVING", .rule = "value-bool"};
    guard_watch(look, &watched);
    for (int i = 0; i < 5; i++)
        assert_int_equal(call(&r, "value-bool", NULL), ALLORA_OK);
    guard_watch(NULL, NULL);
    assert_int_equal(watched.found, 1);
    guard_findings_of(r.wrap, counts, &times);
    assert_int_equal(times, 5);
    stop(&r);
}

/* plugins.host: debug, through the registry. */
static void is_chosen_by_configuration(void **state)
{
    struct config *config = NULL;
    struct registry *registry = NULL;
    allora_error err = ERR_INIT;
    const void *ops = NULL;
    allora_instance *self = NULL;
    (void)state;
    assert_int_equal(setenv("ALLORA_PLUGINS__HOST", "debug", 1), 0);
    assert_int_equal(config_open(NULL, &config, &err), ALLORA_OK);
    const struct registry_options o = {.plugin_path = RUDE, .config = config};
    assert_int_equal(registry_open(&o, &registry, &err), ALLORA_OK);
    const struct plugin *p = registry_find(registry, "bad_rude");
    assert_non_null(p);
    allora_ctx *root = ctx_root(NULL, 0);
    assert_int_equal(registry_interface(registry, p, root, ALLORA_OPERATIONS_ID, &ops, &self, &err),
                     ALLORA_OK);
    allora_ctx *ctx = ctx_open(root, p, 0, 0);
    struct rude r = {.ctx = ctx, .self = self, .ops = ops, .err = ERR_INIT};
    assert_int_equal(call(&r, "value-type", NULL), ALLORA_OK);
    struct want w = {.severity = "PLUGIN_MISBEHAVING", .rule = "value-type"};
    guard_findings(registry, p, look, &w);
    assert_int_equal(w.found, 1);
    assert_int_equal(w.others, 0);
    ctx_close(root);
    registry_close(registry);
    config_close(config);
    assert_int_equal(unsetenv("ALLORA_PLUGINS__HOST"), 0);
}

static int setup(void **state)
{
    (void)state;
    static char home[] = "/tmp/allora-guard-XXXXXX";
    log_set_level(ALLORA_LOG_ERROR + 1);
    return mkdtemp(home) ? setenv("HOME", home, 1) | unsetenv("XDG_CONFIG_HOME") : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_plugins_break),
        cmocka_unit_test(names_what_is_used_too_late),
        cmocka_unit_test(names_broken_outputs),
        cmocka_unit_test(names_a_begin_in_list),
        cmocka_unit_test(names_threads),
        cmocka_unit_test(names_what_the_host_breaks),
        cmocka_unit_test(tells_each_rule_once),
        cmocka_unit_test(is_chosen_by_configuration),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
