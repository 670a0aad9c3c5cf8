/* Plans, over the test plugin "lamp", whose world is a file: made, approved, applied once, stale,
 * unknown, undone; budgets and policies. */
#include "base/approver.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/jsonw.h"
#include "base/rowset.h"
#include "base/str.h"
#include "config/config.h"
#include "operation/builtin.h"
#include "operation/core_manifest.h"
#include "operation/gate.h"
#define FIXTURE_DIR "" /* no fixtures are installed here */
#include "plugin_help.h"
#include "store/store.h"

static char world[512], mode[512], lamp[4096];

struct fixture {
    struct config *config;
    struct registry *registry;
    struct store *store;
    struct gate *gate;
    struct builtin_parts parts;
    allora_ctx *ctx;
    struct rowset got;
    allora_error err;
    /* the person */
    struct approver approver;
    enum approval answer;
    const char *how;
    unsigned asked;
    char hash[80], id[16];
    bool from_agent, from_plugin;
};
static const struct principal owner = {"local:test", true, false};

static int32_t ask(void *self, allora_ctx *ctx, const struct approval_question *q,
                   enum approval *ret, const char **ret_how, allora_error *err)
{
    struct fixture *f = self;
    (void)ctx, (void)err;
    f->asked++;
    f->from_agent = q->from_agent;
    f->from_plugin = q->from_plugin;
    (void)snprintf(f->hash, sizeof f->hash, "%s", q->plan_hash);
    (void)snprintf(f->id, sizeof f->id, "%s", q->plan_id);
    *ret = f->answer;
    *ret_how = f->how;
    return ALLORA_OK;
}

static void put(const char *path, const char *text)
{
    allora_error err = ERR_INIT;
    assert_int_equal(fs_write_atomic(path, text, strlen(text), 0600, &err), ALLORA_OK);
}

static const char *get(const char *path)
{
    static char text[4096];
    A_CLEAN(buf_done) struct buf b = BUF(4000);
    allora_error err = ERR_INIT;
    assert_int_equal(fs_read(path, 4000, &b, &err), ALLORA_OK);
    (void)snprintf(text, sizeof text, "%s", buf_str(&b));
    return text;
}

static void open_all(struct fixture *f)
{
    allora_str core = core_manifest();
    char state[512];
    const struct registry_options o = {.plugin_path = lamp,
                                       .executable = "/nonexistent/bin/allora",
                                       .config = f->config,
                                       .core_manifest = core.ptr,
                                       .core_manifest_len = core.len};
    help_path(state, "state");
    assert_int_equal(registry_open(&o, &f->registry, &f->err), ALLORA_OK);
    assert_int_equal(store_new(state, &f->store, &f->err), ALLORA_OK);
    assert_int_equal(gate_new(f->registry, &f->gate, &f->err), ALLORA_OK);
    const struct gate_parts parts = {.store = f->store, .config = f->config};
    gate_attach(f->gate, &parts);
    registry_set_dispatch(f->registry, gate_dispatch(f->gate));
    f->parts = (struct builtin_parts){.gate = f->gate, .registry = f->registry, .store = f->store};
    assert_int_equal(builtin_wire(&f->parts, &f->err), ALLORA_OK);
    f->ctx = ctx_root(&owner, 0);
    f->approver = (struct approver){f, ask, false};
    f->ctx->approver = &f->approver;
    f->answer = APPROVAL_YES;
    f->how = "console";
}

static void close_all(struct fixture *f)
{
    ctx_close(f->ctx);
    gate_free(f->gate);
    registry_close(f->registry);
    store_free(f->store);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    const char *build = getenv("BUILD_DIR");
    assert_non_null(f);
    assert_int_equal(help_setup(state), 0);
    (void)snprintf(lamp, sizeof lamp, "%s/tests/plugins/lamp.so", build ? build : ".");
    if (access(lamp, R_OK) != 0)
        fail_msg("%s is not built", lamp);
    help_path(world, "world");
    help_path(mode, "world.mode");
    put(world, "hall off 1 0\nattic off 5 0\n");
    f->err = ERR_INIT;
    rowset_init(&f->got, 0, 0);
    assert_int_equal(config_open(NULL, &f->config, &f->err), ALLORA_OK);
    assert_int_equal(config_set_flag(f->config, "commands.lamp.world", world, &f->err), ALLORA_OK);
    open_all(f);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    rowset_done(&f->got);
    close_all(f);
    config_close(f->config);
    free(f);
    return help_teardown(state);
}

static int32_t call(struct fixture *f, const char *name, const char *args)
{
    err_reset(&f->err);
    rowset_done(&f->got);
    const allora_sink sink = rowset_sink(&f->got);
    return gate_call(f->gate, f->ctx, name, str_of(args), &sink, &f->err);
}

/* A text in the last RESULT, which the caller frees with the tree. */
static json_node *result(struct fixture *f)
{
    json_node *doc = NULL;
    allora_str text = {NULL, 0};
    for (const struct rowset_event *e = f->got.events; e; e = e->next)
        if (e->kind == ALLORA_EV_RESULT)
            text = e->payload;
    assert_int_equal(json_parse(text.ptr, text.len, &doc, NULL), ALLORA_OK);
    return doc;
}

static void assert_result(struct fixture *f, const char *path, const char *want)
{
    A_CLEAN(json_freep) json_node *doc = result(f);
    assert_string_equal(json_str(json_path(doc, path), "(none)"), want);
}

static void assert_step(struct fixture *f, size_t i, const char *key, const char *want)
{
    A_CLEAN(json_freep) json_node *doc = result(f);
    assert_string_equal(json_get_str(json_at(json_get(doc, "steps"), i), key, "(none)"), want);
}

static const char two[] =
    "{\"steps\":[{\"operation\":\"lamp.set\",\"arguments\":{\"lamp\":\"hall\",\"state\":\"on\"}},"
    "{\"operation\":\"lamp.set\",\"arguments\":{\"lamp\":\"attic\",\"state\":\"on\"}}]}";
static const char light[] = "{\"lamp\":\"hall\",\"state\":\"on\"}";

/* ---- the way of a plan ---- */

static void a_yes_applies_it(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(call(f, "lamp.set", light), ALLORA_OK);
    assert_int_equal(f->asked, 1);
    assert_string_equal(get(world), "hall on 2 0\nattic off 5 0\n");
    assert_result(f, "state", "done");
    assert_result(f, "summary", "light lamp hall");
    assert_result(f, "approval.how", "console");
    /* It is as wanted now: there is nothing to ask about. */
    assert_int_equal(call(f, "lamp.set", light), ALLORA_OK);
    assert_int_equal(f->asked, 1);
    assert_result(f, "state", "nothing to do");
}

static void without_an_approval_nothing_changes(void **state)
{
    struct fixture *f = *state;
    f->answer = APPROVAL_NONE;
    assert_int_equal(call(f, "lamp.set", light), ALLORA_E_APPROVAL);
    assert_result(f, "state", "waiting");
    assert_result(f, "hash", f->hash);
    assert_non_null(strstr(f->err.hint, f->hash));
    f->answer = APPROVAL_NO;
    assert_int_equal(call(f, "lamp.set", light), ALLORA_E_APPROVAL);
    assert_non_null(strstr(f->err.message, "rejected"));
    f->ctx->approver = NULL;
    assert_int_equal(call(f, "lamp.smash", "{\"lamp\":\"hall\"}"), ALLORA_E_APPROVAL);
    assert_string_equal(get(world), "hall off 1 0\nattic off 5 0\n");
}

static void a_dry_run_keeps_nothing_and_has_the_same_hash(void **state)
{
    struct fixture *f = *state;
    char hash[80];
    f->approver.dry_run = true;
    assert_int_equal(call(f, "lamp.set", light), ALLORA_OK);
    A_CLEAN(json_freep) json_node *doc = result(f);
    (void)snprintf(hash, sizeof hash, "%s", json_get_str(doc, "hash", ""));
    assert_int_equal(call(f, "plan.list", "{}"), ALLORA_OK);
    assert_int_equal(f->got.n_rows, 0);
    f->approver.dry_run = false;
    f->answer = APPROVAL_NONE;
    assert_int_equal(call(f, "lamp.set", light), ALLORA_E_APPROVAL);
    assert_string_equal(f->hash, hash);
    assert_int_equal(call(f, "lamp.set", light), ALLORA_E_APPROVAL);
    assert_string_equal(f->hash, hash);
    assert_int_equal(call(f, "plan.list", "{}"), ALLORA_OK);
    assert_int_equal(f->got.n_rows, 1); /* the same plan waits, once */
}

static void a_hash_approves_one_application(void **state)
{
    struct fixture *f = *state;
    char first[80], args[256];
    f->answer = APPROVAL_NONE;
    assert_int_equal(call(f, "lamp.set", light), ALLORA_E_APPROVAL);
    (void)snprintf(first, sizeof first, "%s", f->hash);
    (void)snprintf(args, sizeof args, "{\"plan\":\"%s\",\"hash\":\"000000000000\"}", f->id);
    assert_int_equal(call(f, "plan.apply", args), ALLORA_E_APPROVAL);
    (void)snprintf(args, sizeof args, "{\"plan\":\"%s\",\"hash\":\"%.12s\"}", f->id, first);
    assert_int_equal(call(f, "plan.apply", args), ALLORA_OK);
    assert_int_equal(call(f, "plan.apply", args), ALLORA_E_STALE_PLAN);
    assert_non_null(strstr(f->err.message, "was applied already"));
    /* The world is as it was, to the byte: the plan is another one all the same. */
    put(world, "hall off 1 0\nattic off 5 0\n");
    assert_int_equal(call(f, "lamp.set", light), ALLORA_E_APPROVAL);
    assert_string_not_equal(f->hash, first);
}

static void a_step_that_moved_is_not_touched(void **state)
{
    struct fixture *f = *state;
    f->answer = APPROVAL_NONE;
    assert_int_equal(call(f, "plan.run", two), ALLORA_E_APPROVAL);
    put(world, "hall off 2 0\nattic off 5 0\n");
    f->answer = APPROVAL_YES;
    assert_int_equal(call(f, "plan.apply", "{\"plan\":\"last\"}"), ALLORA_PARTIAL);
    assert_step(f, 0, "status", "stale");
    assert_step(f, 1, "status", "done");
    assert_string_equal(get(world), "hall off 2 0\nattic on 6 0\n");
    f->answer = APPROVAL_NONE;
    assert_int_equal(call(f, "lamp.set", light), ALLORA_E_APPROVAL);
    put(world, "hall off 3 0\n");
    f->answer = APPROVAL_YES;
    assert_int_equal(call(f, "plan.apply", "{\"plan\":\"last\"}"), ALLORA_E_STALE_PLAN);
    assert_string_equal(get(world), "hall off 3 0\n");
}

static void a_failure_is_said_and_the_rest_goes_on(void **state)
{
    struct fixture *f = *state;
    put(mode, "fail");
    assert_int_equal(call(f, "lamp.set", light), ALLORA_E_REMOTE);
    assert_string_equal(f->err.message, "the bulb is stuck");
    assert_result(f, "state", "failed");
    put(mode, "graver");
    f->how = "--yes";
    assert_int_equal(call(f, "lamp.set", light), ALLORA_OK); /* how far --yes goes is the face's */
    assert_result(f, "effect", "destructive");
}

/* ---- what is not known ---- */

static void a_lost_answer_is_looked_up(void **state)
{
    struct fixture *f = *state;
    put(mode, "lost-after log");
    assert_int_equal(call(f, "lamp.set", light), ALLORA_OK);
    assert_step(f, 0, "status", "done");
    put(mode, "lost-before log");
    assert_int_equal(call(f, "lamp.set", "{\"lamp\":\"hall\",\"state\":\"off\"}"),
                     ALLORA_E_CONFLICT);
    assert_step(f, 0, "status", "waiting");
    assert_string_equal(get(world), "hall on 2 0\nattic off 5 0\n");
    put(mode, "log");
    assert_int_equal(call(f, "plan.apply", "{\"plan\":\"last\"}"), ALLORA_OK);
    assert_string_equal(get(world), "hall off 3 0\nattic off 5 0\n");
}

/* ---- undo ---- */

static void undo_restores(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(call(f, "plan.run", two), ALLORA_OK);
    A_CLEAN(json_freep) json_node *doc = result(f);
    char args[64];
    (void)snprintf(args, sizeof args, "{\"plan\":\"%s\"}", json_get_str(doc, "id", ""));
    assert_int_equal(call(f, "plan.undo", args), ALLORA_OK);
    assert_string_equal(get(world), "hall off 3 0\nattic off 7 0\n");
    A_CLEAN(json_freep) json_node *undo = result(f);
    const json_node *first = json_at(json_get(undo, "steps"), 0);
    assert_string_equal(json_str(json_path(first, "arguments.lamp"), ""), "attic");
    assert_int_equal(call(f, "plan.undo", args), ALLORA_E_CONFLICT);
    assert_non_null(strstr(f->err.message, "was undone already"));
    assert_int_equal(call(f, "lamp.smash", "{\"lamp\":\"hall\"}"), ALLORA_OK);
    assert_int_equal(call(f, "plan.undo", "{\"plan\":\"last\"}"), ALLORA_E_UNSUPPORTED);
}

/* ---- who may say yes ---- */

static void an_agent_is_answered_at_the_console_only(void **state)
{
    struct fixture *f = *state;
    static const struct principal agent = {"local:test", true, true};
    static const char *const hows[] = {"--yes", "--approve"};
    f->ctx->principal = &agent;
    for (int i = 0; i < 2; i++) {
        f->how = hows[i];
        assert_int_equal(call(f, "lamp.set", light), ALLORA_E_APPROVAL);
        assert_true(f->from_agent);
    }
    assert_int_equal(call(f, "plan.approve", "{\"plan\":\"last\"}"), ALLORA_E_DENIED);
    char args[128];
    (void)snprintf(args, sizeof args, "{\"plan\":\"%s\",\"hash\":\"%s\"}", f->id, f->hash);
    assert_int_equal(call(f, "plan.apply", args), ALLORA_E_APPROVAL);
    assert_string_equal(get(world), "hall off 1 0\nattic off 5 0\n");
    f->how = "console";
    assert_int_equal(call(f, "lamp.code", "{\"lamp\":\"hall\"}"), ALLORA_E_DENIED);
    assert_int_equal(call(f, "lamp.set", light), ALLORA_OK);
}

static void a_plugin_is_answered_at_the_console_only(void **state)
{
    struct fixture *f = *state;
    f->how = "--yes";
    assert_int_equal(call(f, "lamp.relay",
                          "{\"operation\":\"lamp.set\",\"arguments\":{\"lamp\":\"hall\",\"state\":"
                          "\"on\"}}"),
                     ALLORA_E_APPROVAL);
    assert_true(f->from_plugin);
    assert_int_equal(
        call(f, "lamp.relay", "{\"operation\":\"plan.approve\",\"arguments\":{\"plan\":\"last\"}}"),
        ALLORA_E_DENIED);
    assert_string_equal(get(world), "hall off 1 0\nattic off 5 0\n");
}

static void secrets_are_shown_to_persons_and_kept_nowhere(void **state)
{
    struct fixture *f = *state;
    f->how = "--yes";
    assert_int_equal(call(f, "lamp.code", "{\"lamp\":\"hall\"}"), ALLORA_OK);
    assert_non_null(strstr(rowset_event(&f->got, ALLORA_EV_RESULT).ptr, "open sesame"));
    assert_int_equal(call(f, "plan.show", "{}"), ALLORA_OK);
    assert_null(strstr(rowset_event(&f->got, ALLORA_EV_RESULT).ptr, "open sesame"));
    f->ctx->approver = NULL;
    assert_int_equal(
        call(f, "lamp.relay", "{\"operation\":\"lamp.code\",\"arguments\":{\"lamp\":\"hall\"}}"),
        ALLORA_E_APPROVAL);
    f->answer = APPROVAL_NONE;
    f->ctx->approver = &f->approver;
    assert_int_equal(
        call(f, "lamp.set", "{\"lamp\":\"hall\",\"state\":\"on\",\"password\":\"hunter2\"}"),
        ALLORA_E_APPROVAL);
    assert_null(strstr(rowset_event(&f->got, ALLORA_EV_RESULT).ptr, "hunter2"));
    assert_non_null(strstr(rowset_event(&f->got, ALLORA_EV_RESULT).ptr, "[redacted]"));
}

#define PLAN_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        PLAN_TEST(a_yes_applies_it),
        PLAN_TEST(without_an_approval_nothing_changes),
        PLAN_TEST(a_dry_run_keeps_nothing_and_has_the_same_hash),
        PLAN_TEST(a_hash_approves_one_application),
        PLAN_TEST(a_step_that_moved_is_not_touched),
        PLAN_TEST(a_failure_is_said_and_the_rest_goes_on),
        PLAN_TEST(a_lost_answer_is_looked_up),
        PLAN_TEST(undo_restores),
        PLAN_TEST(an_agent_is_answered_at_the_console_only),
        PLAN_TEST(a_plugin_is_answered_at_the_console_only),
        PLAN_TEST(secrets_are_shown_to_persons_and_kept_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
