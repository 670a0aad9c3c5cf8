/* Loading: each faulty plugin gives its stage, code and words, and none of them stops another;
 * several threads at once. */
#include "plugin_help.h"

#include "plugin/elf.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

static allora_ctx *root(void)
{
    static const struct principal me = {"local:test", true, false};
    allora_ctx *c = ctx_root(&me, 0);
    assert_non_null(c);
    return c;
}

static void loads_once_and_gives_interfaces(void **state)
{
    (void)state;
    help_install("p", "fixture", "fixture");
    struct registry *r = help_open("p");
    A_CLEAN(ctx_closep) allora_ctx *ctx = root();
    const struct plugin *p = registry_find(r, "fixture");
    const void *a = NULL, *b = NULL;
    allora_instance *self = NULL, *again = NULL;
    allora_error err = ERR_INIT;
    int32_t rc = registry_interface(r, p, ctx, ALLORA_OPERATIONS_ID, &a, &self, &err);
    if (rc)
        fail_msg("%s", err.message);
    assert_int_equal(registry_interface(r, p, ctx, ALLORA_OPERATIONS_ID, &b, &again, &err), 0);
    assert_ptr_equal(a, b);
    assert_ptr_equal(self, again);
    assert_int_equal(registry_interface(r, p, ctx, ALLORA_AGENT_ID, &b, &again, &err),
                     ALLORA_E_UNSUPPORTED);
    assert_non_null(strstr(err.message, ALLORA_AGENT_ID));
    char path[512];
    help_path(path, "XDG_RUNTIME_DIR/allora");
    DIR *d = opendir(path); /* no marker is left */
    for (struct dirent *e; d && (e = readdir(d)) != NULL;)
        assert_true(strncmp(e->d_name, "loading-", 8) != 0);
    if (d)
        (void)closedir(d);
    registry_close(r);
}

static void names_each_fault(void **state)
{
    (void)state;
    static const struct {
        const char *id, *stage;
        int32_t code;
        const char *words, *hint;
    } cases[] = {
        {"undefined", "load", ALLORA_E_ABI, "undefined symbol: fixture_defined_nowhere", "SDK"},
        {"null", "entry", ALLORA_E_ABI, "gave nothing", ""},
        {"short", "handshake", ALLORA_E_ABI, "its root object has 16 bytes", ""},
        {"drift", "handshake", ALLORA_E_ABI, "not the one in its section", ""},
        {"lies", "handshake", ALLORA_E_ABI, "needs ABI 1.7", "upgrade"},
        {"create_fails", "create", ALLORA_E_CONFIG, "the fixture has no answer",
         "set fixture.answer"},
        {"create_silent", "create", ALLORA_E_AUTH, "not authenticated", ""},
    };
    help_install("p", "fixture", "fixture");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        help_install("p", cases[i].id, cases[i].id);
    struct registry *r = help_open("p");
    A_CLEAN(ctx_closep) allora_ctx *ctx = root();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct plugin *p = registry_find(r, cases[i].id);
        assert_non_null(p);
        for (int again = 0; again < 2; again++) {
            allora_error err = ERR_INIT;
            assert_int_equal(registry_probe(r, p, ctx, &err), cases[i].code);
            if (!strstr(err.message, cases[i].words) || !strstr(err.hint, cases[i].hint))
                fail_msg("%s: \"%s\" (%s)", cases[i].id, err.message, err.hint);
            assert_string_equal(err.reason, cases[i].stage);
        }
        assert_string_equal(registry_failure(r, p).stage, cases[i].stage);
    }
    allora_error err = ERR_INIT;
    assert_int_equal(registry_probe(r, registry_find(r, "fixture"), ctx, &err), ALLORA_OK);
    assert_null(registry_failure(r, registry_find(r, "fixture")).stage);
    registry_close(r);
}

static void tells_truncated_and_replaced_files(void **state)
{
    (void)state;
    char path[512];
    help_install("p", "fixture", "fixture");
    struct registry *r = help_open("p");
    A_CLEAN(ctx_closep) allora_ctx *ctx = root();
    allora_error err = ERR_INIT;
    help_install("p", "drift", "fixture"); /* another file under the same name */
    assert_int_equal(registry_probe(r, registry_find(r, "fixture"), ctx, &err), ALLORA_E_ABI);
    assert_non_null(strstr(err.message, "was replaced while this command ran"));
    registry_close(r);
    r = help_open("p");
    help_path(path, "p/fixture.so");
    assert_int_equal(unlink(path), 0);
    const struct plugin *p = registry_at(r, 0);
    assert_int_equal(registry_probe(r, p, ctx, &err), ALLORA_E_ABI);
    assert_non_null(strstr(err.message, "No such file"));
    registry_close(r);
}

static void a_cancelled_call_says_nothing_about_the_plugin(void **state)
{
    (void)state;
    help_install("p", "fixture", "fixture");
    struct registry *r = help_open("p");
    A_CLEAN(ctx_closep) allora_ctx *ctx = root();
    allora_error err = ERR_INIT;
    const struct plugin *p = registry_find(r, "fixture");
    A_CLEAN(ctx_closep) allora_ctx *dead = ctx_open(ctx, NULL, 0, 0);
    ctx_cancel(dead, ALLORA_E_CANCELLED);
    assert_int_equal(registry_probe(r, p, dead, &err), ALLORA_E_CANCELLED);
    assert_null(registry_failure(r, p).stage);
    assert_int_equal(registry_probe(r, p, ctx, &err), ALLORA_OK);
    registry_close(r);
}

/* In a child process, since it dies of it. */
static int try_in_child(const char *id, int with_signal)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        allora_error err = ERR_INIT;
        struct registry *r = help_open("p");
        allora_ctx *ctx = root();
        (void)with_signal;
        int32_t rc = registry_probe(r, registry_find(r, id), ctx, &err);
        _exit(rc == ALLORA_E_ABI && strstr(err.message, "quarantined") ? 7 : rc ? 1 : 0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void a_death_while_loading_quarantines(void **state)
{
    (void)state;
    help_install("p", "create_crashes", "create_crashes");
    help_install("p", "fixture", "fixture");
    assert_int_equal(try_in_child("create_crashes", 0), -SIGABRT);
    assert_int_equal(try_in_child("create_crashes", 0), 7);
    assert_int_equal(try_in_child("fixture", 0), 0);
    A_CLEAN(ctx_closep) allora_ctx *ctx = root();
    allora_error err = ERR_INIT;
    struct registry *r = help_open("p");
    assert_int_equal(registry_probe(r, registry_find(r, "create_crashes"), ctx, &err),
                     ALLORA_E_ABI);
    assert_non_null(strstr(err.message, "by signal 06"));
    assert_non_null(strstr(err.hint, "allora plugin release create_crashes"));
    registry_close(r);
    /* A new build of it starts clean. */
    help_install("p", "fixture", "x");
    char from[512], to[512];
    help_path(from, "p/x.so");
    help_path(to, "p/create_crashes.so");
    assert_int_equal(rename(from, to), 0);
    char other[512];
    help_path(other, "p/fixture.so");
    assert_int_equal(unlink(other), 0);
    assert_int_equal(try_in_child("fixture", 0), 0);
}

/* A marker whose process is gone without a word: once is an accident, twice is not. */
static void two_unexplained_markers_quarantine(void **state)
{
    (void)state;
    char dir[512], path[1024];
    A_CLEAN(ctx_closep) allora_ctx *ctx = root();
    help_install("p", "create_crashes", "create_crashes");
    assert_int_equal(try_in_child("create_crashes", 0), -SIGABRT);
    help_path(dir, "XDG_RUNTIME_DIR/allora");
    DIR *d = opendir(dir);
    assert_non_null(d);
    path[0] = '\0';
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (strncmp(e->d_name, "loading-", 8) == 0)
            (void)snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
    }
    (void)closedir(d);
    assert_true(path[0]);
    allora_error err = ERR_INIT;
    assert_int_equal(fs_write_atomic(path, "-- 4194303 1 1\n", 15, 0600, &err), ALLORA_OK);
    struct registry *r = help_open("p");
    assert_int_equal(registry_probe(r, registry_at(r, 0), ctx, &err), ALLORA_E_ABI);
    assert_non_null(strstr(err.message, "ended 2 times"));
    registry_close(r);
    assert_int_equal(fs_write_atomic(path, "-- 4194303 1 0\n", 15, 0600, &err), ALLORA_OK);
    assert_int_equal(try_in_child("create_crashes", 0), -SIGABRT); /* a second chance */
}

enum { THREADS = 8 };
struct job {
    struct registry *registry;
    allora_ctx *ctx;
    const char *ids[4];
    int32_t rc[4];
    allora_instance *self[4];
    pthread_barrier_t *barrier;
};

static void *load_all(void *arg)
{
    struct job *j = arg;
    (void)pthread_barrier_wait(j->barrier);
    for (int i = 0; i < 4; i++) {
        allora_error err = ERR_INIT;
        const void *ops;
        const struct plugin *p = registry_find(j->registry, j->ids[i]);
        j->rc[i] = registry_interface(j->registry, p, j->ctx, ALLORA_OPERATIONS_ID, &ops,
                                      &j->self[i], &err);
        (void)registry_failure(j->registry, p);
        (void)registry_manifest(j->registry, p, &err);
    }
    return NULL;
}

static void many_threads_load_each_plugin_once(void **state)
{
    (void)state;
    help_install("p", "fixture", "fixture");
    help_install("p", "create_fails", "create_fails");
    help_install("p", "drift", "drift");
    help_install("p", "undefined", "undefined");
    struct registry *r = help_open("p");
    A_CLEAN(ctx_closep) allora_ctx *ctx = root();
    struct job jobs[THREADS];
    pthread_t threads[THREADS];
    pthread_barrier_t barrier;
    assert_int_equal(pthread_barrier_init(&barrier, NULL, THREADS), 0);
    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (struct job){.registry = r,
                               .ctx = ctx_open(ctx, NULL, 0, 0),
                               .ids = {"fixture", "create_fails", "drift", "undefined"},
                               .barrier = &barrier};
        assert_int_equal(pthread_create(&threads[i], NULL, load_all, &jobs[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(jobs[i].rc[0], ALLORA_OK);
        assert_ptr_equal(jobs[i].self[0], jobs[0].self[0]);
        assert_int_equal(jobs[i].rc[1], ALLORA_E_CONFIG);
        assert_int_equal(jobs[i].rc[2], ALLORA_E_ABI);
        assert_int_equal(jobs[i].rc[3], ALLORA_E_ABI);
        ctx_close(jobs[i].ctx);
    }
    (void)pthread_barrier_destroy(&barrier);
    registry_close(r);
}

static int32_t take_number(void *self, const allora_value *cells, uint32_t n)
{
    *(int64_t *)self = n == 1 ? cells[0].u.i : -1;
    return ALLORA_OK;
}

static int64_t embedded_version(struct registry *r, allora_ctx *ctx, const char *id)
{
    const void *found = NULL;
    allora_instance *self = NULL;
    allora_error err = ERR_INIT;
    char name[64];
    int64_t version = 0;
    allora_sink sink = {.self = &version, .row = take_number};
    const struct plugin *p = registry_find(r, id);
    assert_non_null(p);
    int32_t rc = registry_interface(r, p, ctx, ALLORA_OPERATIONS_ID, &found, &self, &err);
    if (rc)
        fail_msg("%s", err.message);
    const allora_operations_v1 *ops = found;
    (void)snprintf(name, sizeof name, "%s.config", id);
    A_CLEAN(ctx_closep) allora_ctx *child = ctx_open(ctx, p, 0, 0);
    assert_int_equal(ops->call(self, child, name, (allora_str){"answer", 6}, &sink, &err), 0);
    return version;
}

/* Two plugins embed one library in two versions, under the same names, in one process. */
static void each_plugin_keeps_its_own_library(void **state)
{
    (void)state;
    help_install("p", "embeds_one", "embeds_one");
    help_install("p", "embeds_two", "embeds_two");
    struct registry *r = help_open("p");
    A_CLEAN(ctx_closep) allora_ctx *ctx = root();
    assert_int_equal(embedded_version(r, ctx, "embeds_two"), 2);
    assert_int_equal(embedded_version(r, ctx, "embeds_one"), 1);
    assert_int_equal(embedded_version(r, ctx, "embeds_two"), 2);
    registry_close(r);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, help_setup, help_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(loads_once_and_gives_interfaces),
        EACH(names_each_fault),
        EACH(tells_truncated_and_replaced_files),
        EACH(a_cancelled_call_says_nothing_about_the_plugin),
        EACH(a_death_while_loading_quarantines),
        EACH(two_unexplained_markers_quarantine),
        EACH(many_threads_load_each_plugin_once),
        EACH(each_plugin_keeps_its_own_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
