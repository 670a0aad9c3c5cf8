/* The host provider's actions, on processes and files that this test makes itself. */
#include "../fakes/fake_host.h"
#include "act.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    struct fake_host fake;
    sdk_instance sdk;
    allora_ctx *ctx;
    char globs[600];
    struct fake_setting settings[2];
    char dir[256];
    struct collected out;
};

static allora_instance *self_of(struct fixture *f)
{
    return (allora_instance *)(void *)&f->sdk;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    fake_host_init(&f->fake);
    f->sdk.host = &f->fake.host;
    f->sdk.config = f->fake.host.get_interface(&f->fake.host, ALLORA_CONFIG_ID);
    char room[] = "/tmp/host-act-XXXXXX";
    assert_non_null(mkdtemp(room));
    char *real = realpath(room, NULL);
    assert_non_null(real);
    assert_true(strlen(real) < sizeof f->dir);
    memcpy(f->dir, real, strlen(real) + 1);
    free(real);
    int n = snprintf(f->globs, sizeof f->globs, "[\"%s/*.log\",\"%s/link/*.log\"]", f->dir, f->dir);
    f->settings[0] = (struct fake_setting){
        "truncate_logs", {.type = ALLORA_V_JSON, .len = (uint32_t)n, .u.p = f->globs}};
    f->fake.settings = f->settings;
    f->fake.n_settings = 1;
    f->ctx = fake_ctx_open(&f->fake);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    collected_free(&f->out);
    fake_ctx_close(f->ctx);
    static const char *const names[] = {"a.log",    "b.log", "a.txt",      "hard.log",
                                        "soft.log", "link",  "real/c.log", "real"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", f->dir, names[i]);
        (void)remove(path);
    }
    (void)rmdir(f->dir);
    free(f);
    return 0;
}

/* A child that waits; SIGTERM ends it, or doesn't. */
static pid_t child(bool stubborn)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)signal(SIGTERM, stubborn ? SIG_IGN : SIG_DFL);
        (void)!write(ready[1], "x", 1);
        for (;;)
            (void)pause();
    }
    assert_true(pid > 0);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    (void)close(ready[1]);
    return pid;
}

static void end(pid_t pid)
{
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

static int32_t plan(struct fixture *f, const char *operation, const char *args, allora_plan *ret,
                    allora_error *err)
{
    *ret = (allora_plan){.size = (uint32_t)sizeof *ret};
    *err = (allora_error){.size = (uint32_t)sizeof *err};
    return act_plan(self_of(f), f->ctx, operation, sdk_str(args), ret, err);
}

static int32_t apply(struct fixture *f, const char *operation, allora_str document,
                     allora_error *err)
{
    collected_free(&f->out);
    f->out = (struct collected){0};
    *err = (allora_error){.size = (uint32_t)sizeof *err};
    allora_sink sink = collect(&f->out);
    return act_apply(self_of(f), f->ctx, operation, document, "key", sdk_str(""), &sink, err);
}

static const char *signal_args(pid_t pid, const char *name)
{
    static char text[128];
    (void)snprintf(text, sizeof text, "{\"pid\":%d,\"signal\":\"%s\"}", (int)pid, name);
    return text;
}

static void a_process_is_ended(void **state)
{
    struct fixture *f = *state;
    allora_plan p;
    allora_error err;
    pid_t pid = child(false);
    assert_int_equal(plan(f, "host.process.signal", signal_args(pid, "TERM"), &p, &err), ALLORA_OK);
    assert_int_equal(p.effect, ALLORA_EFFECT_DESTRUCTIVE);
    assert_int_equal(p.inverse_json.len, 0);
    assert_non_null(strstr(p.steps_json.ptr, "\"after\":{\"state\":\"ended\"}"));
    assert_int_equal(kill(pid, 0), 0); /* planning did nothing */
    assert_int_equal(apply(f, "host.process.signal", p.document, &err), ALLORA_OK);
    assert_non_null(strstr(collected_event(&f->out, ALLORA_EV_RESULT), "\"state\":\"ended\""));
    int how = 0;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGTERM);
    assert_int_equal(apply(f, "host.process.signal", p.document, &err), ALLORA_E_STALE_PLAN);
    assert_int_equal(plan(f, "host.process.signal", signal_args(pid, "TERM"), &p, &err),
                     ALLORA_E_NOTFOUND);
}

static void what_does_not_obey_is_told(void **state)
{
    struct fixture *f = *state;
    allora_plan p;
    allora_error err;
    pid_t pid = child(true);
    assert_int_equal(plan(f, "host.process.signal", signal_args(pid, "TERM"), &p, &err), ALLORA_OK);
    assert_int_equal(apply(f, "host.process.signal", p.document, &err), ALLORA_OK);
    assert_int_equal(collected_count(&f->out, ALLORA_EV_WARNING), 1);
    assert_non_null(strstr(collected_event(&f->out, ALLORA_EV_RESULT), "\"state\":\"running\""));
    assert_int_equal(kill(pid, 0), 0);
    end(pid);
}

static void a_pause_can_be_undone(void **state)
{
    struct fixture *f = *state;
    allora_plan p, back;
    allora_error err;
    pid_t pid = child(false);
    int how = 0;
    assert_int_equal(plan(f, "host.process.signal", signal_args(pid, "CONT"), &p, &err), ALLORA_OK);
    assert_string_equal(p.steps_json.ptr, "[]"); /* it runs */
    assert_int_equal(plan(f, "host.process.signal", signal_args(pid, "STOP"), &p, &err), ALLORA_OK);
    assert_int_equal(p.effect, ALLORA_EFFECT_WRITE);
    assert_int_equal(apply(f, "host.process.signal", p.document, &err), ALLORA_OK);
    assert_int_equal(waitpid(pid, &how, WUNTRACED), pid);
    assert_true(WIFSTOPPED(how));
    /* Applied twice it has moved: the plan saw it run. */
    assert_int_equal(apply(f, "host.process.signal", p.document, &err), ALLORA_E_STALE_PLAN);
    const char *args = strstr(p.inverse_json.ptr, "\"arguments\":");
    assert_non_null(strstr(p.inverse_json.ptr, "\"operation\":\"host.process.signal\""));
    assert_non_null(args);
    char text[256];
    (void)snprintf(text, sizeof text, "%.*s", (int)strlen(args) - 13, args + 12);
    assert_int_equal(plan(f, "host.process.signal", text, &back, &err), ALLORA_OK);
    assert_int_equal(apply(f, "host.process.signal", back.document, &err), ALLORA_OK);
    assert_int_equal(waitpid(pid, &how, WCONTINUED), pid);
    assert_true(WIFCONTINUED(how));
    end(pid);
}

/* The same number, another tick: another process. */
static void another_process_is_not_touched(void **state)
{
    struct fixture *f = *state;
    allora_plan p;
    allora_error err;
    char text[512], args[128];
    pid_t pid = child(false);
    assert_int_equal(plan(f, "host.process.signal", signal_args(pid, "KILL"), &p, &err), ALLORA_OK);
    (void)snprintf(text, sizeof text, "%s", p.document.ptr);
    char *start = strstr(text, "\"start\":");
    assert_non_null(start);
    start[8] = start[8] == '1' ? '2' : '1';
    assert_int_equal(apply(f, "host.process.signal", sdk_str(text), &err), ALLORA_E_STALE_PLAN);
    (void)snprintf(text, sizeof text, "%s", p.document.ptr);
    char *boot = strstr(text, "\"boot\":\"");
    assert_non_null(boot);
    boot[8] = boot[8] == '1' ? '2' : '1';
    assert_int_equal(apply(f, "host.process.signal", sdk_str(text), &err), ALLORA_E_STALE_PLAN);
    (void)snprintf(args, sizeof args, "{\"pid\":%d,\"signal\":\"KILL\",\"start\":1}", (int)pid);
    assert_int_equal(plan(f, "host.process.signal", args, &p, &err), ALLORA_E_NOTFOUND);
    assert_int_equal(kill(pid, 0), 0);
    end(pid);
}

static void what_must_not_be_signalled(void **state)
{
    struct fixture *f = *state;
    allora_plan p;
    allora_error err;
    assert_int_equal(plan(f, "host.process.signal", signal_args(1, "TERM"), &p, &err),
                     ALLORA_E_DENIED);
    assert_true(err.hint[0]);
    assert_int_equal(plan(f, "host.process.signal", signal_args(getpid(), "TERM"), &p, &err),
                     ALLORA_E_ARG);
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0); /* a zombie now */
    assert_int_equal(plan(f, "host.process.signal", signal_args(pid, "TERM"), &p, &err),
                     ALLORA_E_CONFLICT);
    (void)waitpid(pid, NULL, 0);
}

static void priorities(void **state)
{
    struct fixture *f = *state;
    allora_plan p;
    allora_error err;
    char args[128];
    pid_t pid = child(false);
    int was = getpriority(PRIO_PROCESS, (id_t)pid);
    int nice = was < 19 ? was + 1 : 19;
    (void)snprintf(args, sizeof args, "{\"pid\":%d,\"nice\":%d}", (int)pid, nice);
    assert_int_equal(plan(f, "host.process.renice", args, &p, &err), ALLORA_OK);
    assert_int_equal(getpriority(PRIO_PROCESS, (id_t)pid), was);
    assert_int_equal(apply(f, "host.process.renice", p.document, &err), ALLORA_OK);
    assert_int_equal(getpriority(PRIO_PROCESS, (id_t)pid), nice);
    char expected[32];
    (void)snprintf(expected, sizeof expected, "\"nice\":%d}", was);
    assert_non_null(strstr(p.inverse_json.ptr, expected));
    assert_int_equal(apply(f, "host.process.renice", p.document, &err),
                     was == nice ? ALLORA_OK : ALLORA_E_STALE_PLAN);
    allora_plan again;
    assert_int_equal(plan(f, "host.process.renice", args, &again, &err), ALLORA_OK);
    assert_string_equal(again.steps_json.ptr, "[]");
    end(pid);
}

static void make_file(const struct fixture *f, const char *name, size_t size, char ret[512])
{
    (void)snprintf(ret, 512, "%s/%s", f->dir, name);
    FILE *file = fopen(ret, "w");
    assert_non_null(file);
    for (size_t i = 0; i < size; i++)
        (void)fputc('x', file);
    assert_int_equal(fclose(file), 0);
}

static long size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static const char *path_args(const char *path)
{
    static char text[700];
    (void)snprintf(text, sizeof text, "{\"path\":\"%s\"}", path);
    return text;
}

static void a_log_is_emptied(void **state)
{
    struct fixture *f = *state;
    allora_plan p;
    allora_error err;
    char path[512];
    make_file(f, "a.log", 1000, path);
    assert_int_equal(plan(f, "host.file.truncate_log", path_args(path), &p, &err), ALLORA_OK);
    assert_int_equal(p.effect, ALLORA_EFFECT_DESTRUCTIVE);
    assert_non_null(strstr(p.steps_json.ptr, "\"before\":{\"size\":1000},\"after\":{\"size\":0}"));
    assert_int_equal(size_of(path), 1000);
    /* A log grows. */
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    assert_int_equal(fputs("more", file) >= 0, 1);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(apply(f, "host.file.truncate_log", p.document, &err), ALLORA_OK);
    assert_int_equal(size_of(path), 0);
    assert_non_null(strstr(collected_event(&f->out, ALLORA_EV_RESULT), "\"freed\":1004"));
    assert_int_equal(apply(f, "host.file.truncate_log", p.document, &err), ALLORA_E_STALE_PLAN);
    assert_int_equal(plan(f, "host.file.truncate_log", path_args(path), &p, &err), ALLORA_OK);
    assert_string_equal(p.steps_json.ptr, "[]");
}

static void a_rotated_log_is_left_alone(void **state)
{
    struct fixture *f = *state;
    allora_plan p;
    allora_error err;
    char path[512], other[512];
    make_file(f, "a.log", 10, path);
    assert_int_equal(plan(f, "host.file.truncate_log", path_args(path), &p, &err), ALLORA_OK);
    make_file(f, "b.log", 20, other); /* while the old one still holds its number */
    assert_int_equal(rename(other, path), 0);
    assert_int_equal(apply(f, "host.file.truncate_log", p.document, &err), ALLORA_E_STALE_PLAN);
    assert_int_equal(size_of(path), 20);
}

static void other_files_are_refused(void **state)
{
    struct fixture *f = *state;
    allora_plan p;
    allora_error err;
    char path[512], other[512], text[600];
    make_file(f, "a.txt", 5, path);
    assert_int_equal(plan(f, "host.file.truncate_log", path_args(path), &p, &err), ALLORA_E_DENIED);
    assert_non_null(strstr(err.hint, "truncate_logs"));
    assert_int_equal(plan(f, "host.file.truncate_log", path_args("/etc/passwd"), &p, &err),
                     ALLORA_E_DENIED);
    (void)snprintf(text, sizeof text, "%s/x/../a.log", f->dir);
    assert_int_equal(plan(f, "host.file.truncate_log", path_args(text), &p, &err), ALLORA_E_ARG);
    assert_int_equal(plan(f, "host.file.truncate_log", path_args("a.log"), &p, &err), ALLORA_E_ARG);
    (void)snprintf(text, sizeof text, "%s/none.log", f->dir);
    assert_int_equal(plan(f, "host.file.truncate_log", path_args(text), &p, &err),
                     ALLORA_E_NOTFOUND);
    /* Other names of a file, and other ways to one. */
    (void)snprintf(other, sizeof other, "%s/soft.log", f->dir);
    assert_int_equal(symlink(path, other), 0);
    assert_int_equal(plan(f, "host.file.truncate_log", path_args(other), &p, &err),
                     ALLORA_E_DENIED);
    (void)snprintf(other, sizeof other, "%s/hard.log", f->dir);
    assert_int_equal(link(path, other), 0);
    assert_int_equal(plan(f, "host.file.truncate_log", path_args(other), &p, &err),
                     ALLORA_E_DENIED);
    (void)snprintf(other, sizeof other, "%s/real", f->dir);
    (void)snprintf(text, sizeof text, "%s/link", f->dir);
    assert_int_equal(mkdir(other, 0700), 0);
    assert_int_equal(symlink(other, text), 0);
    make_file(f, "real/c.log", 3, other);
    (void)snprintf(text, sizeof text, "%s/link/c.log", f->dir);
    assert_int_equal(plan(f, "host.file.truncate_log", path_args(text), &p, &err), ALLORA_E_DENIED);
    assert_int_equal(size_of(path), 5);
}

static void a_recorded_machine_is_not_acted_on(void **state)
{
    struct fixture *f = *state;
    allora_plan p;
    allora_error err;
    const char *root = getenv("SOURCE_DIR");
    char path[600];
    if (!root)
        skip();
    int n = snprintf(path, sizeof path, "%s/tests/data/hosttree", root);
    f->settings[1] =
        (struct fake_setting){"root", {.type = ALLORA_V_TEXT, .len = (uint32_t)n, .u.p = path}};
    f->fake.n_settings = 2;
    assert_int_equal(plan(f, "host.process.signal", signal_args(1, "TERM"), &p, &err),
                     ALLORA_E_UNSUPPORTED);
    assert_int_equal(plan(f, "host.service.stop", "{\"unit\":\"nginx\"}", &p, &err),
                     ALLORA_E_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_process_is_ended, setup, teardown),
        cmocka_unit_test_setup_teardown(what_does_not_obey_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_pause_can_be_undone, setup, teardown),
        cmocka_unit_test_setup_teardown(another_process_is_not_touched, setup, teardown),
        cmocka_unit_test_setup_teardown(what_must_not_be_signalled, setup, teardown),
        cmocka_unit_test_setup_teardown(priorities, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_is_emptied, setup, teardown),
        cmocka_unit_test_setup_teardown(a_rotated_log_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(other_files_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_recorded_machine_is_not_acted_on, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
