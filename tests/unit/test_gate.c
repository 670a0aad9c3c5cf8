/* The gate and the catalogue, over a small manifest: the order of the steps, what each refuses,
 * rows of the catalogue, counters, many threads at once; and one call into a real plugin. */
#include "base/err.h"
#include "base/jsonw.h"
#include "base/rowset.h"
#include "base/str.h"
#include "base/value.h"
#include "config/config.h"
#include "operation/gate.h"
#include "unit.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char manifest[] =
    "{\"manifest\":1,\"id\":\"allora\",\"version\":\"1.0.0\",\"summary\":\"s\",\"license\":"
    "\"Apache-2.0\","
    "\"abi\":{\"built\":0,\"needed\":0},\"operations\":["
    "{\"name\":\"t.read\",\"summary\":\"Reads\",\"effect\":\"read\",\"tool\":true,\"arguments\":{"
    "\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\",\"minimum\":1,\"default\":5}}}"
    ","
    "\"examples\":[{\"arguments\":{\"n\":2},\"help\":\"two\"}]},"
    "{\"name\":\"t.local\",\"summary\":\"Keeps\",\"effect\":\"local\"},"
    "{\"name\":\"t.write\",\"summary\":\"Writes\",\"effect\":\"write\"},"
    "{\"name\":\"t.destroy\",\"summary\":\"Destroys\",\"effect\":\"destructive\"},"
    "{\"name\":\"t.secret\",\"summary\":\"Tells\",\"effect\":\"secret\"},"
    "{\"name\":\"t.admin\",\"summary\":\"Rules\",\"effect\":\"admin\"},"
    "{\"name\":\"t.bad\",\"summary\":\"Bad\",\"effect\":\"read\",\"arguments\":{\"type\":"
    "\"object\","
    "\"properties\":{\"a\":{\"pattern\":\"x\"}}}},"
    "{\"name\":\"t.codeless\",\"summary\":\"Nobody does it\",\"effect\":\"read\"}]}";

struct fixture {
    struct registry *registry;
    struct gate *gate;
    allora_ctx *ctx;
    unsigned runs;
    int64_t n; /* the argument it saw */
    int32_t answer;
    bool child, silent;
};
static const struct principal owner = {"local:test", true, false};

static int32_t op(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                  allora_error *err)
{
    struct fixture *f = self;
    (void)sink;
    f->runs++;
    f->n = json_get_int(args, "n", -1);
    f->child = ctx != f->ctx && ctx->parent == f->ctx;
    if (f->answer < 0 && !f->silent)
        return err_set(err, f->answer, "it failed");
    return f->answer;
}

static void open_gate(struct fixture *f, const char *plugin_path, const struct config *config)
{
    allora_error err = ERR_INIT;
    const struct registry_options o = {.plugin_path = plugin_path,
                                       .executable = "/nonexistent/bin/allora",
                                       .config = config,
                                       .core_manifest = manifest,
                                       .core_manifest_len = sizeof manifest - 1};
    if (registry_open(&o, &f->registry, &err))
        fail_msg("%s", err.message);
    assert_int_equal(gate_new(f->registry, &f->gate, &err), ALLORA_OK);
    registry_set_dispatch(f->registry, gate_dispatch(f->gate));
    f->ctx = ctx_root(&owner, 0);
}

static int set_up(void **state)
{
    static const char *const names[] = {"t.read",   "t.local", "t.write", "t.destroy",
                                        "t.secret", "t.admin", "t.bad"};
    struct fixture *f = calloc(1, sizeof *f);
    open_gate(f, NULL, NULL);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(gate_implement(f->gate, names[i], op, f), ALLORA_OK);
    *state = f;
    return 0;
}

static void close_gate(struct fixture *f)
{
    ctx_close(f->ctx);
    gate_free(f->gate);
    registry_close(f->registry);
}

static int tear_down(void **state)
{
    close_gate(*state);
    free(*state);
    return 0;
}

static int32_t call(struct fixture *f, const char *name, const char *args, allora_error *err)
{
    err_reset(err);
    return gate_call(f->gate, f->ctx, name, str_of(args), &null_sink, err);
}

static void runs_reads_and_local_changes(void **state)
{
    struct fixture *f = *state;
    allora_error err = ERR_INIT;
    assert_int_equal(call(f, "t.read", "{\"n\":7}", &err), ALLORA_OK);
    assert_int_equal(f->n, 7);
    assert_true(f->child);
    assert_int_equal(call(f, "t.read", "", &err), ALLORA_OK);
    assert_int_equal(f->n, 5);
    assert_int_equal(call(f, "t.local", "{}", &err), ALLORA_OK);
    assert_int_equal(f->runs, 3);
}

static void secret_and_admin_need_a_person(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"t.secret", "t.admin"};
    static const struct principal agent = {"local:test", true, true};
    allora_error err = ERR_INIT;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(call(f, names[i], "{}", &err), ALLORA_OK);
        f->ctx->principal = &agent;
        assert_int_equal(call(f, names[i], "{}", &err), ALLORA_E_DENIED);
        assert_non_null(strstr(err.message, "no agent may do"));
        f->ctx->principal = &owner;
        f->ctx->plugin = f; /* some plugin's code is in between */
        assert_int_equal(call(f, names[i], "{}", &err), ALLORA_E_DENIED);
        assert_non_null(strstr(err.message, "only a person may do"));
        f->ctx->vouched = true; /* in a scope opened with the person's own credential */
        assert_int_equal(call(f, names[i], "{}", &err), ALLORA_OK);
        f->ctx->plugin = NULL;
        f->ctx->vouched = false;
    }
    assert_int_equal(f->runs, 4);
}

/* What the core declares to change the world, and is no plan, would have no way to be planned. */
static void the_core_changes_nothing_without_a_plan(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"t.write", "t.destroy"};
    allora_error err = ERR_INIT;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(call(f, names[i], "{}", &err), ALLORA_E_DENIED);
        assert_non_null(strstr(err.message, "was not run"));
    }
    assert_int_equal(f->runs, 0);
}

static void checks_arguments_before_access(void **state)
{
    struct fixture *f = *state;
    static const struct principal stranger = {"web:eve", false, false};
    allora_error err = ERR_INIT;
    f->ctx->principal = &stranger;
    assert_int_equal(call(f, "t.read", "{\"n\":0}", &err), ALLORA_E_ARG);
    assert_int_equal(call(f, "t.read", "{\"n\":1}", &err), ALLORA_E_DENIED);
    assert_string_equal(err.message, "web:eve may not t.read");
    f->ctx->principal = NULL;
    assert_int_equal(call(f, "t.read", "{}", &err), ALLORA_E_DENIED);
    assert_int_equal(f->runs, 0);
}

static void names_what_is_near(void **state)
{
    struct fixture *f = *state;
    allora_error err = ERR_INIT;
    assert_int_equal(call(f, "t.raed", "{}", &err), ALLORA_E_NOTFOUND);
    assert_string_equal(err.message, "no operation t.raed");
    assert_string_equal(err.hint, "did you mean t.read or t.bad?");
    assert_int_equal(call(f, "quite.different", "{}", &err), ALLORA_E_NOTFOUND);
    assert_string_equal(err.hint, "the operation operation.list names all");
}

static void says_whose_schema_is_wrong(void **state)
{
    struct fixture *f = *state;
    allora_error err = ERR_INIT;
    assert_int_equal(call(f, "t.bad", "{}", &err), ALLORA_E_CONFIG);
    assert_non_null(strstr(err.message, "allora: t.bad: argument schema: a: pattern"));
    assert_int_equal(call(f, "t.read", "{}", &err), ALLORA_OK);
}

static void an_operation_without_code_is_an_error(void **state)
{
    struct fixture *f = *state;
    allora_error err = ERR_INIT;
    assert_true(call(f, "t.codeless", "{}", &err) < 0);
    assert_true(err.message[0]);
    assert_int_equal(gate_implement(f->gate, "t.none", op, f), ALLORA_E_NOTFOUND);
}

static void passes_on_how_it_ended(void **state)
{
    struct fixture *f = *state;
    allora_error err = ERR_INIT;
    f->answer = ALLORA_PARTIAL;
    assert_int_equal(call(f, "t.read", "{}", &err), ALLORA_PARTIAL);
    f->answer = ALLORA_STOP;
    assert_int_equal(call(f, "t.read", "{}", &err), ALLORA_OK);
    f->answer = ALLORA_E_REMOTE;
    assert_int_equal(call(f, "t.read", "{}", &err), ALLORA_E_REMOTE);
    assert_string_equal(err.message, "it failed");
    f->silent = true;
    assert_int_equal(call(f, "t.read", "{}", &err), ALLORA_E_REMOTE);
    assert_string_equal(err.message, "t.read: the remote service failed");
}

static void a_cancelled_call_does_not_start(void **state)
{
    struct fixture *f = *state;
    allora_error err = ERR_INIT;
    ctx_cancel(f->ctx, ALLORA_E_CANCELLED);
    assert_int_equal(call(f, "t.read", "{}", &err), ALLORA_E_CANCELLED);
    assert_int_equal(f->runs, 0);
}

static void counts(void **state)
{
    struct fixture *f = *state;
    allora_error err = ERR_INIT;
    struct gate_counts c;
    assert_int_equal(gate_counts(f->gate, "t.none", &c, &err), ALLORA_E_NOTFOUND);
    for (int i = 0; i < 5; i++)
        (void)call(f, "t.read", "{}", &err);
    (void)call(f, "t.read", "{\"n\":0}", &err); /* got no further than its arguments */
    f->answer = ALLORA_E_REMOTE;
    (void)call(f, "t.read", "{}", &err);
    (void)call(f, "t.write", "{}", &err);
    assert_int_equal(gate_counts(f->gate, "t.read", &c, &err), ALLORA_OK);
    assert_int_equal(c.calls, 6);
    assert_int_equal(c.failures, 1);
    assert_int_equal(gate_counts(f->gate, "t.write", &c, &err), ALLORA_OK);
    assert_int_equal(c.failures, 1);
}

static int32_t recurse(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                       allora_error *err)
{
    struct fixture *f = self;
    (void)args;
    f->runs++;
    return gate_call(f->gate, ctx, "t.local", str_of("{}"), sink, err);
}

static void ends_endless_recursion(void **state)
{
    struct fixture *f = *state;
    allora_error err = ERR_INIT;
    assert_int_equal(gate_implement(f->gate, "t.local", recurse, f), ALLORA_OK);
    assert_int_equal(call(f, "t.local", "{}", &err), ALLORA_E_ARG);
    assert_non_null(strstr(err.message, "calls inside one another"));
    assert_true(f->runs > 20 && f->runs < 100);
}

static void lists_the_catalogue(void **state)
{
    struct fixture *f = *state;
    allora_error err = ERR_INIT;
    struct rowset rows;
    rowset_init(&rows, 0, 0);
    allora_sink sink = rowset_sink(&rows);
    assert_int_equal(gate_catalogue(f->gate, f->ctx, "t.[re]*", &sink, &err), ALLORA_OK);
    assert_int_equal(rows.n_rows, 0); /* globs have no classes */
    rowset_done(&rows);
    sink = rowset_sink(&rows);
    assert_int_equal(gate_catalogue(f->gate, f->ctx, "t.re*", &sink, &err), ALLORA_OK);
    assert_int_equal(rows.n_rows, 1);
    struct buf b = BUF(65536);
    rowset_json(&rows, &b);
    assert_string_equal(
        buf_str(&b),
        "[{\"name\":\"t.read\",\"effect\":\"read\",\"summary\":\"Reads\",\"arguments\":"
        "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\",\"minimum\":1,"
        "\"default\":5}}},"
        "\"examples\":[{\"arguments\":{\"n\":2},\"help\":\"two\"}],\"plugin\":\"allora\",\"tool\":"
        "true,"
        "\"description\":null}]");
    buf_done(&b);
    rowset_done(&rows);
    sink = rowset_sink(&rows);
    assert_int_equal(gate_catalogue(f->gate, f->ctx, "*", &sink, &err), ALLORA_PARTIAL);
    assert_int_equal(rows.n_rows, 7); /* t.bad is a warning */
    assert_true(rowset_event(&rows, ALLORA_EV_WARNING).len > 0);
    rowset_done(&rows);
}

enum { THREADS = 6, CALLS = 200 };
struct caller {
    struct fixture *f;
    allora_ctx *ctx;
    int32_t worst;
};

static int32_t nothing(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                       allora_error *err)
{
    (void)self, (void)ctx, (void)args, (void)sink, (void)err;
    return ALLORA_OK;
}

static void *calls(void *self)
{
    struct caller *c = self;
    for (int i = 0; i < CALLS; i++) {
        allora_error err = ERR_INIT;
        int32_t status = gate_call(c->f->gate, c->ctx, i % 2 ? "t.read" : "t.local", str_of("{}"),
                                   &null_sink, &err);
        if (status < c->worst)
            c->worst = status;
    }
    return NULL;
}

static void many_threads_at_once(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[THREADS];
    struct caller callers[THREADS];
    assert_int_equal(gate_implement(f->gate, "t.read", nothing, f), ALLORA_OK);
    assert_int_equal(gate_implement(f->gate, "t.local", nothing, f), ALLORA_OK);
    for (int i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){f, ctx_open(f->ctx, NULL, 0, 0), 0};
        assert_int_equal(pthread_create(&threads[i], NULL, calls, &callers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
        assert_int_equal(callers[i].worst, ALLORA_OK);
        ctx_close(callers[i].ctx);
    }
    struct gate_counts c;
    allora_error err = ERR_INIT;
    assert_int_equal(gate_counts(f->gate, "t.read", &c, &err), ALLORA_OK);
    assert_int_equal(c.calls, THREADS * CALLS / 2);
}

static void calls_a_plugin(void **state)
{
    (void)state;
    const char *build = getenv("BUILD_DIR"), *source = getenv("SOURCE_DIR");
    char path[4096], estate[4096];
    (void)snprintf(path, sizeof path, "%s/tests/plugins/acme.so", build ? build : "");
    (void)snprintf(estate, sizeof estate, "%s/tests/data/acme.json", source ? source : "");
    if (access(path, R_OK) != 0 || access(estate, R_OK) != 0)
        skip();
    struct fixture f = {0};
    struct config *config = NULL;
    allora_error err = ERR_INIT;
    assert_int_equal(config_open(NULL, &config, &err), ALLORA_OK);
    assert_int_equal(config_set_flag(config, "providers.acme.file", estate, &err), ALLORA_OK);
    open_gate(&f, path, config);
    struct rowset rows;
    rowset_init(&rows, 0, 0);
    const allora_sink sink = rowset_sink(&rows);
    if (gate_call(f.gate, f.ctx, "acme.estate.summary", str_of("{\"account\":\"prod\"}"), &sink,
                  &err))
        fail_msg("%s", err.message);
    assert_int_equal(rows.n_rows, 1);
    rowset_done(&rows);
    assert_int_equal(call(&f, "acme.estate.summary", "{\"account\":\"prdo\"}", &err), ALLORA_E_ARG);
    assert_string_equal(err.hint, "did you mean prod?");
    close_gate(&f);
    config_close(config);
}

#define GATE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void)
{
    /* no folder of the user's is read, and none is written */
    static const char *const places[] = {"HOME",           "XDG_DATA_HOME",   "XDG_CACHE_HOME",
                                         "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        (void)setenv(places[i], "/proc/none", 1);
    (void)unsetenv("ALLORA_PLUGIN_PATH");
    const struct CMUnitTest tests[] = {
        GATE_TEST(runs_reads_and_local_changes),
        GATE_TEST(secret_and_admin_need_a_person),
        GATE_TEST(the_core_changes_nothing_without_a_plan),
        GATE_TEST(checks_arguments_before_access),
        GATE_TEST(names_what_is_near),
        GATE_TEST(says_whose_schema_is_wrong),
        GATE_TEST(an_operation_without_code_is_an_error),
        GATE_TEST(passes_on_how_it_ended),
        GATE_TEST(a_cancelled_call_does_not_start),
        GATE_TEST(counts),
        GATE_TEST(ends_endless_recursion),
        GATE_TEST(lists_the_catalogue),
        GATE_TEST(many_threads_at_once),
        cmocka_unit_test(calls_a_plugin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
