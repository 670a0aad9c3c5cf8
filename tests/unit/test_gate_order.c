/* The order of the gate's steps, each seen to stop what comes behind it: arguments, access, effect,
 * budget, journal, run, journal. */
#include "base/err.h"
#include "base/rowset.h"
#include "base/str.h"
#include "config/config.h"
#include "operation/gate.h"
#include "security/journal.h"
#include "store/store.h"
#define FIXTURE_DIR "" /* no fixtures are installed here */
#include "plugin_help.h"

static const char manifest[] =
    "{\"manifest\":1,\"id\":\"allora\",\"version\":\"1.0.0\",\"summary\":\"s\",\"license\":"
    "\"Apache-2.0\",\"abi\":{\"built\":0,\"needed\":0},\"operations\":["
    "{\"name\":\"t.read\",\"summary\":\"Reads\",\"effect\":\"read\"},"
    "{\"name\":\"t.local\",\"summary\":\"Keeps\",\"effect\":\"local\",\"arguments\":{\"type\":"
    "\"object\",\"properties\":{\"n\":{\"type\":\"integer\",\"minimum\":1},\"password\":{\"type\":"
    "\"string\",\"sensitive\":true}}}},"
    "{\"name\":\"t.admin\",\"summary\":\"Rules\",\"effect\":\"admin\",\"arguments\":{\"type\":"
    "\"object\",\"properties\":{\"n\":{\"type\":\"integer\",\"minimum\":1}}}}]}";

struct fixture {
    struct config *config;
    struct registry *registry;
    struct store *store;
    struct journal *journal;
    struct gate *gate;
    allora_ctx *ctx;
    allora_error err;
    unsigned runs;
    uint64_t seen; /* records in the journal when it ran */
    char journal_text[16384];
};
static const struct principal owner = {"local:test", true, false};
static const struct principal stranger = {"web:eve", false, false};
static const struct principal agent = {"local:test", true, true};

static uint64_t recorded(struct fixture *f)
{
    struct arena mem;
    struct store_record last;
    allora_error err = ERR_INIT;
    arena_init(&mem, 0);
    int32_t status = store_log_last(f->store, &mem, "journal", &last, &err);
    arena_done(&mem);
    return status ? 0 : last.seq;
}

static int32_t op(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                  allora_error *err)
{
    struct fixture *f = self;
    (void)ctx, (void)args, (void)sink, (void)err;
    f->runs++;
    f->seen = recorded(f);
    return ALLORA_OK;
}

static int set_up(void **state)
{
    static const char *const names[] = {"t.read", "t.local", "t.admin"};
    struct fixture *f = calloc(1, sizeof *f);
    char dir[512];
    assert_non_null(f);
    assert_int_equal(help_setup(state), 0);
    help_path(dir, "state");
    f->err = ERR_INIT;
    const struct registry_options o = {.executable = "/nonexistent/bin/allora",
                                       .core_manifest = manifest,
                                       .core_manifest_len = sizeof manifest - 1};
    assert_int_equal(config_open(NULL, &f->config, &f->err), ALLORA_OK);
    assert_int_equal(config_set_flag(f->config, "budgets.calls_per_minute", "1", &f->err),
                     ALLORA_OK);
    assert_int_equal(registry_open(&o, &f->registry, &f->err), ALLORA_OK);
    assert_int_equal(store_new(dir, &f->store, &f->err), ALLORA_OK);
    assert_int_equal(journal_new(f->store, &f->journal, &f->err), ALLORA_OK);
    assert_int_equal(gate_new(f->registry, &f->gate, &f->err), ALLORA_OK);
    const struct gate_parts parts = {f->store, f->journal, f->config};
    gate_attach(f->gate, &parts);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(gate_implement(f->gate, names[i], op, f), ALLORA_OK);
    f->ctx = ctx_root(&owner, 0);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    ctx_close(f->ctx);
    gate_free(f->gate);
    registry_close(f->registry);
    journal_free(f->journal);
    store_free(f->store);
    config_close(f->config);
    free(f);
    return help_teardown(state);
}

static int32_t call(struct fixture *f, const struct principal *who, const char *name,
                    const char *args)
{
    f->ctx->principal = who;
    err_reset(&f->err);
    return gate_call(f->gate, f->ctx, name, str_of(args), &null_sink, &f->err);
}

/* Each call fails at its step although everything behind would fail as well; the budget, of one
 * call, shows that nothing was spent before its turn. */
static void each_step_comes_before_the_next(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(call(f, &stranger, "t.admin", "{\"n\":0}"), ALLORA_E_ARG);
    assert_int_equal(call(f, &stranger, "t.admin", "{}"), ALLORA_E_DENIED);
    assert_non_null(strstr(f->err.message, "web:eve may not"));
    assert_int_equal(call(f, &agent, "t.admin", "{}"), ALLORA_E_DENIED);
    assert_non_null(strstr(f->err.message, "no agent may do"));
    assert_int_equal(f->runs, 0);
    assert_int_equal(recorded(f), 0);
    assert_int_equal(call(f, &owner, "t.local", "{}"), ALLORA_OK); /* the one call there is */
    assert_int_equal(f->runs, 1);
    assert_true(f->seen > 0); /* the intent was on the disk before it ran */
    uint64_t after = recorded(f);
    assert_true(after > f->seen); /* and the outcome behind it */
    assert_int_equal(call(f, &owner, "t.local", "{}"), ALLORA_E_BUDGET);
    assert_int_equal(f->runs, 1);
    assert_int_equal(recorded(f), after); /* over budget: no intent */
}

static int32_t add_text(void *self, const struct store_record *r)
{
    struct fixture *f = self;
    size_t n = strlen(f->journal_text);
    (void)snprintf(f->journal_text + n, sizeof f->journal_text - n, "%.*s\n", (int)r->value.len,
                   r->value.ptr);
    return ALLORA_OK;
}

static void a_secret_argument_is_not_recorded(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(call(f, &owner, "t.local", "{\"n\":7,\"password\":\"hunter2\"}"), ALLORA_OK);
    assert_int_equal(store_log_read(f->store, "journal", 0, false, 0, add_text, f, &f->err),
                     ALLORA_OK);
    assert_null(strstr(f->journal_text, "hunter2"));
    assert_non_null(strstr(f->journal_text, "[redacted]"));
    assert_non_null(strstr(f->journal_text, "\"n\":7"));
}

static void what_cannot_be_recorded_is_not_done(void **state)
{
    struct fixture *f = *state;
    struct store *nowhere = NULL;
    struct journal *lost = NULL;
    assert_int_equal(store_new("/proc/nowhere", &nowhere, &f->err), ALLORA_OK);
    assert_int_equal(journal_new(nowhere, &lost, &f->err), ALLORA_OK);
    const struct gate_parts parts = {nowhere, lost, NULL};
    gate_attach(f->gate, &parts);
    assert_int_equal(call(f, &owner, "t.local", "{}"), ALLORA_E_INTERNAL);
    assert_int_equal(status_exit_code(f->err.code), 1);
    assert_true(f->err.hint[0]);
    assert_int_equal(call(f, &owner, "t.admin", "{}"), ALLORA_E_INTERNAL);
    assert_int_equal(f->runs, 0);
    assert_int_equal(call(f, &owner, "t.read", "{}"), ALLORA_OK);
    assert_int_equal(f->runs, 1);
    const struct gate_parts none = {0};
    gate_attach(f->gate, &none);
    journal_free(lost);
    store_free(nowhere);
}

#define ORDER_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        ORDER_TEST(each_step_comes_before_the_next),
        ORDER_TEST(a_secret_argument_is_not_recorded),
        ORDER_TEST(what_cannot_be_recorded_is_not_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
