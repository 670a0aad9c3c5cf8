/* The host's services as a plugin sees them: only what was granted, its own configuration,
 * operations it may call, its own keys. */
#include "plugin_help.h"

#include "base/console.h"
#include "base/rowset.h"
#include "config/config.h"
#include "store/store.h"

struct fixture {
    struct registry *registry;
    struct config *config;
    struct store *store;
    allora_ctx *root, *ctx;
    const allora_operations_v1 *ops;
    allora_instance *self;
    const struct plugin *plugin;
};

static int32_t echo(void *self, allora_ctx *ctx, const char *operation, allora_str args,
                    const allora_sink *sink, allora_error *err)
{
    (void)self;
    (void)ctx;
    (void)args;
    (void)err;
    allora_value v = {.type = ALLORA_V_TEXT, .len = (uint32_t)strlen(operation)};
    v.u.p = operation;
    return sink->row(sink->self, &v, 1);
}

static int32_t no_catalogue(void *self, allora_ctx *ctx, const char *glob, const allora_sink *sink,
                            allora_error *err)
{
    (void)self;
    (void)ctx;
    (void)glob;
    (void)sink;
    (void)err;
    return ALLORA_OK;
}

static const struct dispatch dispatch = {NULL, echo, no_catalogue};
static const struct principal me = {"local:test", true, false};

static int32_t start(struct fixture *f, const char *yaml, allora_error *err)
{
    char path[512], state[512];
    help_path(path, "config.yaml");
    help_path(state, "XDG_STATE_HOME/allora");
    help_install("p", "fixture", "fixture");
    assert_int_equal(fs_write_atomic(path, yaml, strlen(yaml), 0644, err), ALLORA_OK);
    if (config_open(&(const struct config_options){.file = path}, &f->config, err))
        fail_msg("%s", err->message);
    assert_int_equal(store_new(state, &f->store, err), ALLORA_OK);
    f->registry = help_open_with("p", (struct registry_options){.config = f->config});
    registry_set_dispatch(f->registry, &dispatch);
    registry_set_store(f->registry, f->store);
    f->root = ctx_root(&me, 0);
    f->plugin = registry_find(f->registry, "fixture");
    const void *ops = NULL;
    int32_t rc = registry_interface(f->registry, f->plugin, f->root, ALLORA_OPERATIONS_ID, &ops,
                                    &f->self, err);
    f->ops = ops;
    f->ctx = ctx_open(f->root, f->plugin, 0, 0);
    return rc;
}

static void stop(struct fixture *f)
{
    ctx_close(f->root);
    registry_close(f->registry);
    config_close(f->config);
    store_free(f->store);
}

static int32_t call(struct fixture *f, const char *operation, const char *args, struct rowset *out,
                    allora_error *err)
{
    rowset_init(out, 100, 1 << 20);
    allora_sink sink = rowset_sink(out);
    return f->ops->call(f->self, f->ctx, operation, (allora_str){args, strlen(args)}, &sink, err);
}

static void hands_out_what_was_granted(void **state)
{
    (void)state;
    struct fixture f = {0};
    struct rowset rows;
    allora_error err = ERR_INIT;
    assert_int_equal(start(&f, "", &err), ALLORA_OK);
    assert_int_equal(call(&f, "fixture.grants", "", &rows, &err), ALLORA_OK);
    const int expected[] = {1, 1, 1, 1,
                            0, 0, 0}; /* config invoke scope store exec console nothing */
    assert_int_equal(rows.n_rows, 7);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(rows.rows[i][0].u.i, expected[i]);
    rowset_done(&rows);
    stop(&f);
}

static void reads_its_own_configuration(void **state)
{
    (void)state;
    struct fixture f = {0};
    struct rowset rows;
    allora_error err = ERR_INIT;
    assert_int_equal(start(&f, "commands:\n  fixture:\n    free: hello\n", &err), ALLORA_OK);
    assert_int_equal(call(&f, "fixture.config", "free", &rows, &err), ALLORA_OK);
    assert_int_equal(rows.rows[0][0].type, ALLORA_V_TEXT);
    assert_memory_equal(rows.rows[0][0].u.p, "hello", 5);
    rowset_done(&rows);
    assert_int_equal(call(&f, "fixture.config", "answer", &rows, &err), ALLORA_OK);
    assert_int_equal(rows.rows[0][0].type, ALLORA_V_INT); /* the schema's default */
    assert_int_equal(rows.rows[0][0].u.i, 42);
    rowset_done(&rows);
    assert_int_equal(call(&f, "fixture.config", "nested.word", &rows, &err), ALLORA_OK);
    assert_memory_equal(rows.rows[0][0].u.p, "deep", 4);
    rowset_done(&rows);
    assert_int_equal(call(&f, "fixture.config", "nothing", &rows, &err), ALLORA_E_NOTFOUND);
    rowset_done(&rows);
    stop(&f);
}

static void hands_out_secrets_and_wipes_them(void **state)
{
    (void)state;
    struct fixture f = {0};
    struct rowset rows;
    allora_error err = ERR_INIT;
    assert_int_equal(setenv("ALLORA_TEST_TOKEN", "hunter2", 1), 0);
    assert_int_equal(start(&f,
                           "commands:\n  fixture:\n    token: env:ALLORA_TEST_TOKEN\n"
                           "    login: {password: 'env:ALLORA_NO_SUCH'}\n",
                           &err),
                     ALLORA_OK);
    assert_false(f.ctx->mem.wipe);
    assert_int_equal(call(&f, "fixture.config", "token", &rows, &err), ALLORA_OK);
    assert_int_equal(rows.rows[0][0].type, ALLORA_V_TEXT);
    assert_int_equal(rows.rows[0][0].len, 7);
    assert_memory_equal(rows.rows[0][0].u.p, "hunter2", 7);
    assert_true(f.ctx->mem.wipe);
    rowset_done(&rows);
    assert_int_equal(call(&f, "fixture.config", "login.password", &rows, &err), ALLORA_E_CONFIG);
    assert_string_equal(err.message,
                        "login.password: env:ALLORA_NO_SUCH: that variable is not set");
    rowset_done(&rows);
    assert_int_equal(call(&f, "fixture.config", "login", &rows, &err), ALLORA_E_ARG);
    rowset_done(&rows);
    stop(&f);
    assert_int_equal(unsetenv("ALLORA_TEST_TOKEN"), 0);
}

static void a_wrong_configuration_is_told_before_create(void **state)
{
    (void)state;
    struct fixture f = {0};
    allora_error err = ERR_INIT;
    assert_int_equal(start(&f, "commands:\n  fixture:\n    anwser: 3\n", &err), ALLORA_E_CONFIG);
    assert_non_null(strstr(err.message, "unknown key commands.fixture.anwser"));
    assert_non_null(strstr(err.hint, "config.yaml:3:5"));
    assert_non_null(strstr(err.hint, "did you mean answer?"));
    stop(&f);
    f = (struct fixture){0};
    err_reset(&err);
    assert_int_equal(start(&f, "commands: {fixture: {answer: much}}", &err), ALLORA_E_CONFIG);
    assert_non_null(strstr(err.message, "commands.fixture.answer must be a whole number"));
    stop(&f);
}

static void calls_only_what_its_manifest_names(void **state)
{
    (void)state;
    struct fixture f = {0};
    struct rowset rows;
    allora_error err = ERR_INIT;
    assert_int_equal(start(&f, "", &err), ALLORA_OK);
    assert_int_equal(call(&f, "fixture.invoke", "echo.this", &rows, &err), ALLORA_OK);
    assert_memory_equal(rows.rows[0][0].u.p, "echo.this", 9);
    rowset_done(&rows);
    assert_int_equal(call(&f, "fixture.invoke", "query.sql", &rows, &err), ALLORA_E_DENIED);
    assert_non_null(strstr(err.message, "may not call query.sql"));
    rowset_done(&rows);
    registry_set_dispatch(f.registry, NULL);
    assert_int_equal(call(&f, "fixture.invoke", "echo.this", &rows, &err), ALLORA_E_UNSUPPORTED);
    rowset_done(&rows);
    stop(&f);
}

static void keeps_its_own_keys(void **state)
{
    (void)state;
    struct fixture f = {0};
    struct rowset rows;
    allora_error err = ERR_INIT;
    assert_int_equal(start(&f, "", &err), ALLORA_OK);
    if (call(&f, "fixture.store", "kept words", &rows, &err))
        fail_msg("%s", err.message);
    allora_str got = rowset_event(&rows, ALLORA_EV_RESULT);
    assert_int_equal(got.len, 10);
    assert_memory_equal(got.ptr, "kept words", 10);
    rowset_done(&rows);
    stop(&f);
}

static void refuses_calls_from_nowhere(void **state)
{
    (void)state;
    struct fixture f = {0};
    struct rowset rows;
    allora_error err = ERR_INIT;
    assert_int_equal(start(&f, "", &err), ALLORA_OK);
    f.ctx = f.root; /* a ctx in which no plugin runs */
    assert_int_equal(call(&f, "fixture.config", "answer", &rows, &err), ALLORA_E_INTERNAL);
    rowset_done(&rows);
    stop(&f);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, help_setup, help_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(hands_out_what_was_granted),         EACH(reads_its_own_configuration),
        EACH(hands_out_secrets_and_wipes_them),   EACH(a_wrong_configuration_is_told_before_create),
        EACH(calls_only_what_its_manifest_names), EACH(keeps_its_own_keys),
        EACH(refuses_calls_from_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
