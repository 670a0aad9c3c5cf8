/* config.set and config.unset as agents and people call them: who may change what, and that no
 * secret comes back. */
#include "base/ctx.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/rowset.h"
#include "config/config.h"
#include "operation/builtin.h"
#include "operation/config_ops.h"
#include "plugin/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char home[64], was[4096], file[256];
static const struct principal person = {"local:test", true, false};
static const struct principal agent = {"local:test", true, true};

static int setup(void **state)
{
    char path[128];
    (void)state;
    (void)snprintf(home, sizeof home, "/tmp/allora-configops-XXXXXX");
    assert_non_null(mkdtemp(home));
    assert_non_null(getcwd(was, sizeof was));
    assert_int_equal(chdir(home), 0);
    (void)snprintf(path, sizeof path, "%s/config", home);
    (void)snprintf(file, sizeof file, "%s/allora/config.yaml", path);
    assert_int_equal(setenv("HOME", home, 1) | setenv("XDG_CONFIG_HOME", path, 1) |
                         setenv("XDG_CACHE_HOME", home, 1) | setenv("XDG_DATA_HOME", home, 1),
                     0);
    return 0;
}

static int32_t call(operation_fn op, const struct principal *who, const void *plugin,
                    const char *args, allora_error *err)
{
    struct config *c = NULL;
    struct registry *r = NULL;
    struct rowset out;
    json_node *tree = NULL;
    const struct config_options o = {.system_dir = home};
    assert_int_equal(config_open(&o, &c, err), ALLORA_OK);
    const struct registry_options ro = {.executable = "/nowhere/bin/allora", .config = c};
    assert_int_equal(registry_open(&ro, &r, err), ALLORA_OK);
    assert_int_equal(json_parse(args, strlen(args), &tree, err), ALLORA_OK);
    struct builtin_parts parts = {.registry = r, .config = c};
    allora_ctx *root = ctx_root(who, 0);
    allora_ctx *ctx = ctx_open(root, plugin, 0, 0);
    rowset_init(&out, 100, 1 << 20);
    allora_sink sink = rowset_sink(&out);
    int32_t rc = op(&parts, ctx, tree, &sink, err);
    allora_str said = rowset_event(&out, ALLORA_EV_TEXT);
    assert_true(!said.len || !memmem(said.ptr, said.len, "hunter2", 7));
    assert_null(strstr(err->message, "hunter2"));
    assert_null(strstr(err->hint, "hunter2"));
    rowset_done(&out);
    ctx_close(root);
    json_free(tree);
    registry_close(r);
    config_close(c);
    return rc;
}

static void file_is(const char *expected)
{
    A_CLEAN(buf_done) struct buf b = BUF(1 << 20);
    allora_error err = ERR_INIT;
    assert_int_equal(fs_read(file, 1 << 20, &b, &err), ALLORA_OK);
    assert_string_equal(buf_str(&b), expected);
}

static void only_a_person_changes_what_is_allowed(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    static const char ordinary[] = "{\"key\":\"output.format\",\"value\":\"json\"}";
    static const char *const guarded[] = {
        "{\"key\":\"budgets.calls_per_minute\",\"value\":9}",
        "{\"key\":\"plugins.disable\",\"value\":[]}",
        "{\"key\":\"approvals.policies\",\"value\":[]}",
        "{\"key\":\"profile\",\"value\":\"loose\"}",
        "{\"key\":\"providers.not_here.endpoint\",\"value\":\"http://evil\"}",
        "{\"key\":\"budgets.calls_per_minute\",\"value\":9,\"in_profile\":\"p\"}",
    };
    static const char *const taken_out[] = {"{\"key\":\"budgets.calls_per_minute\"}",
                                            "{\"key\":\"budgets\"}", "{\"key\":\"profiles.p\"}"};
    int plugin = 0; /* any code that is not the core's */
    assert_int_equal(call(config_op_set, &agent, NULL, ordinary, &err), ALLORA_OK);
    assert_int_equal(call(config_op_set, &person, &plugin, ordinary, &err), ALLORA_OK);
    file_is("output:\n  format: json\n");
    for (size_t i = 0; i < sizeof guarded / sizeof guarded[0]; i++) {
        assert_int_equal(call(config_op_set, &agent, NULL, guarded[i], &err), ALLORA_E_DENIED);
        assert_int_equal(call(config_op_set, &person, &plugin, guarded[i], &err), ALLORA_E_DENIED);
        assert_non_null(strstr(err.message, "is for a person to change"));
    }
    file_is("output:\n  format: json\n");
    assert_int_equal(call(config_op_set, &person, NULL, guarded[0], &err), ALLORA_OK);
    file_is("output:\n  format: json\nbudgets:\n  calls_per_minute: 9\n");
    for (size_t i = 0; i < sizeof taken_out / sizeof taken_out[0]; i++)
        assert_int_equal(call(config_op_unset, &agent, NULL, taken_out[i], &err), ALLORA_E_DENIED);
    file_is("output:\n  format: json\nbudgets:\n  calls_per_minute: 9\n");
    assert_int_equal(call(config_op_edit, &agent, NULL, "{}", &err), ALLORA_E_DENIED);
    assert_int_equal(call(config_op_edit, &person, NULL, "{}", &err), ALLORA_E_UNSUPPORTED);
}

static void values_are_read_by_their_type(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    static const struct {
        const char *args;
        int32_t rc;
        const char *file;
    } cases[] = {
        {"{\"key\":\"agent.default\",\"value\":\"12\"}", ALLORA_OK, "agent:\n  default: '12'\n"},
        {"{\"key\":\"agent.default\",\"value\":null}", ALLORA_E_ARG, NULL},
        {"{\"key\":\"agent.default\",\"value\":3}", ALLORA_E_ARG, NULL},
        {"{\"key\":\"agent\",\"value\":{\"default\":\"x\"}}", ALLORA_E_ARG, NULL},
        {"{\"key\":\"agent..default\",\"value\":\"x\"}", ALLORA_E_ARG, NULL},
        {"{\"key\":\"agent.default.x\",\"value\":\"x\"}", ALLORA_E_ARG, NULL},
        {"{\"key\":\"agnet.default\",\"value\":\"x\"}", ALLORA_E_ARG, NULL},
        {"{\"key\":\"agent.default\",\"value\":\"x\",\"in_profile\":\"a.b\"}", ALLORA_E_ARG, NULL},
        {"{\"key\":\"final\",\"value\":[\"x\"]}", ALLORA_E_DENIED, NULL},
        {"{\"key\":\"plugins.enable\",\"value\":\"[a, b]\",\"layer\":\"project\"}", ALLORA_E_DENIED,
         NULL},
        {"{\"key\":\"plugins.enable\",\"value\":\"[a, '*']\"}", ALLORA_OK,
         "agent:\n  default: '12'\nplugins:\n  enable: [a, '*']\n"},
        {"{\"key\":\"approvals.expire\",\"value\":\"soon\"}", ALLORA_E_ARG, NULL},
        {"{\"key\":\"approvals.expire\",\"value\":\"90m\",\"in_profile\":\"p\"}", ALLORA_OK,
         "agent:\n  default: '12'\nplugins:\n  enable: [a, '*']\nprofiles:\n  p:\n    approvals:\n"
         "      expire: '90m'\n"},
        {"{\"key\":\"providers.x.api_token\",\"value\":\"hunter2\",\"layer\":\"system\"}",
         ALLORA_OK, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        err_reset(&err);
        int32_t rc = call(config_op_set, &person, NULL, cases[i].args, &err);
        if (rc != cases[i].rc && i + 1 < sizeof cases / sizeof cases[0])
            fail_msg("%s: %d, %s (%s)", cases[i].args, (int)rc, err.message, err.hint);
        if (cases[i].file)
            file_is(cases[i].file);
    }
}

static int teardown(void **state)
{
    static const char *const names[] = {"config/allora/config.yaml", "config/allora", "config",
                                        "config.yaml"};
    char path[256];
    (void)state;
    assert_int_equal(chdir(was), 0);
    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", home, names[i]);
        (void)remove(path);
    }
    return 0;
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(only_a_person_changes_what_is_allowed),
        EACH(values_are_read_by_their_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
