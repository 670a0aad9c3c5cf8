/* allora.exec/1: only what the manifest names, nothing that others could have put there, a clean
 * environment, big input and output at once, and nobody left behind. */
#include "services_help.h"

#include "base/clock.h"
#include "plugin/program.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct caller c;
static char room[] = "/tmp/allora-exec-XXXXXX";

static int setup(void **state)
{
    (void)state;
    caller_open(&c, "runner",
                "{\"exec\":[\"sh\",\"cat\",\"true\",\"env\",\"thing\",\"loose\",\"raised\","
                "\"nowhere\",\"/bin/cat\",\"/nonexistent/x\",\"../cat\"]}");
    return 0;
}

static size_t open_fds(void)
{
    size_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d))
        n++;
    (void)closedir(d);
    return n;
}

static size_t fds_before;

static int teardown(void **state)
{
    (void)state;
    caller_close(&c);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no zombies, nobody running */
    assert_int_equal(errno, ECHILD);
    assert_int_equal(open_fds(), fds_before);
    return 0;
}

static int32_t run(const char *const *argv, allora_str input, struct buf *out, int32_t *ret,
                   allora_error *err)
{
    const allora_byte_sink sink = {out, bytes_add};
    return host_exec.run(c.ctx, argv, input, out ? &sink : NULL, ret, err);
}
#define RUN(input, out, ret, err, ...)                                                             \
    run((const char *const[]){__VA_ARGS__, NULL}, input, out, ret, err)
#define NO_INPUT ((allora_str){"", 0})

static void runs_and_gives_its_output(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    A_CLEAN(buf_done) struct buf out = BUF(1 << 20);
    int32_t status = -1;
    if (RUN(((allora_str){"hello", 5}), &out, &status, &err, "sh", "-c",
            "cat; echo ' there'; exit 3"))
        fail_msg("%s", err.message);
    assert_int_equal(status, 3);
    assert_string_equal(buf_str(&out), "hello there\n");
    assert_int_equal(RUN(NO_INPUT, NULL, &status, &err, "sh", "-c", "kill -SEGV $$"), ALLORA_OK);
    assert_int_equal(status, -SIGSEGV);
    assert_int_equal(RUN(NO_INPUT, NULL, NULL, &err, "/bin/cat"), ALLORA_OK);
}

static void runs_nothing_else(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    int32_t status;
    assert_int_equal(RUN(NO_INPUT, NULL, &status, &err, "id"), ALLORA_E_DENIED);
    assert_non_null(strstr(err.message, "plugin \"runner\" may not run id"));
    assert_int_equal(RUN(NO_INPUT, NULL, &status, &err, "/bin/sh"), ALLORA_E_DENIED);
    assert_int_equal(RUN(NO_INPUT, NULL, &status, &err, "nowhere"), ALLORA_E_NOTFOUND);
    assert_int_equal(RUN(NO_INPUT, NULL, &status, &err, "/nonexistent/x"), ALLORA_E_NOTFOUND);
    assert_int_equal(RUN(NO_INPUT, NULL, &status, &err, "../cat"), ALLORA_E_ARG);
    assert_int_equal(run((const char *const[]){NULL}, NO_INPUT, NULL, &status, &err), ALLORA_E_ARG);
}

static void put_script(const char *path, mode_t mode)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    (void)fputs("#!/bin/sh\necho ran\n", f);
    (void)fclose(f);
    assert_int_equal(chmod(path, mode), 0);
}

/* What others could have changed, or would run with other rights, is refused; folders of PATH that
 * are not absolute are not looked into. */
static void trusts_only_safe_files(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    char path[256], file[256], *keep = strdup(getenv("PATH"));
    A_CLEAN(buf_done) struct buf out = BUF(1 << 20);
    int32_t status;
    assert_non_null(keep);
    (void)snprintf(path, sizeof path, ".:%s:/usr/bin:/bin", room);
    assert_int_equal(setenv("PATH", path, 1), 0);
    (void)snprintf(file, sizeof file, "%s/thing", room);
    put_script(file, 0755);
    assert_int_equal(RUN(NO_INPUT, &out, &status, &err, "thing"), ALLORA_OK);
    assert_string_equal(buf_str(&out), "ran\n");
    assert_int_equal(chmod(file, 0757), 0);
    assert_int_equal(RUN(NO_INPUT, NULL, &status, &err, "thing"), ALLORA_E_DENIED);
    assert_non_null(strstr(err.message, "others can change it"));
    assert_int_equal(chmod(file, 04755), 0);
    assert_int_equal(RUN(NO_INPUT, NULL, &status, &err, "thing"), ALLORA_E_DENIED);
    assert_non_null(strstr(err.message, "another user's rights"));
    assert_int_equal(chmod(file, 0755), 0);
    assert_int_equal(chmod(room, 0777), 0);
    assert_int_equal(RUN(NO_INPUT, NULL, &status, &err, "thing"), ALLORA_E_DENIED);
    assert_non_null(strstr(err.message, "others can write to"));
    assert_int_equal(chmod(room, 0700), 0);
    assert_int_equal(chmod(file, 0644), 0);
    assert_int_equal(RUN(NO_INPUT, NULL, &status, &err, "thing"), ALLORA_E_NOTFOUND);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(chdir(room), 0); /* "." of PATH */
    put_script("loose", 0755);
    assert_int_equal(setenv("PATH", ".::/usr/bin:/bin", 1), 0);
    assert_int_equal(RUN(NO_INPUT, NULL, &status, &err, "loose"), ALLORA_E_NOTFOUND);
    assert_int_equal(unlink("loose"), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(setenv("PATH", keep, 1), 0);
    free(keep);
}

static void gives_a_clean_environment(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    A_CLEAN(buf_done) struct buf out = BUF(1 << 20);
    int32_t status;
    assert_int_equal(setenv("SOME_TOKEN", "secret", 1), 0);
    assert_int_equal(setenv("LC_TIME", "C", 1), 0);
    assert_int_equal(RUN(NO_INPUT, &out, &status, &err, "env"), ALLORA_OK);
    assert_null(strstr(buf_str(&out), "SOME_TOKEN"));
    assert_non_null(strstr(buf_str(&out), "LC_TIME=C\n"));
    assert_non_null(strstr(buf_str(&out), "PATH=/"));

    struct arena mem;
    const char *const *list = NULL;
    arena_init(&mem, 0);
    const allora_pair good = {{"SOME_TOKEN", 10}, {"x", 1}}, evil = {{"LD_PRELOAD", 10}, {"x", 1}},
                      odd = {{"A=B", 3}, {"x", 1}};
    assert_int_equal(program_environment(&good, 1, &mem, &list, &err), ALLORA_OK);
    bool found = false;
    for (; *list; list++)
        found = found || strcmp(*list, "SOME_TOKEN=x") == 0;
    assert_true(found);
    assert_int_equal(program_environment(&evil, 1, &mem, &list, &err), ALLORA_E_DENIED);
    assert_int_equal(program_environment(&odd, 1, &mem, &list, &err), ALLORA_E_ARG);
    arena_done(&mem);
    assert_int_equal(unsetenv("SOME_TOKEN"), 0);
}

/* Far more than the pipes hold, both ways at once; and a program that never reads its input. */
static void big_input_and_output(void **state)
{
    (void)state;
    enum { SIZE = 8 << 20 };
    allora_error err = ERR_INIT;
    A_CLEAN(buf_done) struct buf out = BUF(2 * SIZE);
    char *big = malloc(SIZE);
    int32_t status;
    assert_non_null(big);
    for (size_t i = 0; i < SIZE; i++)
        big[i] = (char)(i * 31 >> 3);
    if (RUN(((allora_str){big, SIZE}), &out, &status, &err, "cat"))
        fail_msg("%s", err.message);
    assert_int_equal(status, 0);
    assert_int_equal(out.len, SIZE);
    assert_memory_equal(out.ptr, big, SIZE);
    assert_int_equal(RUN(((allora_str){big, SIZE}), NULL, &status, &err, "true"), ALLORA_OK);
    assert_int_equal(
        RUN(NO_INPUT, NULL, &status, &err, "sh", "-c", "head -c 3000000 /dev/zero >&2; exit 1"),
        ALLORA_OK);
    assert_int_equal(status, 1);
    free(big);
}

static int32_t enough(void *self, const void *p, uint64_t n)
{
    (void)p;
    *(uint64_t *)self += n;
    return *(uint64_t *)self > 100000 ? ALLORA_STOP : ALLORA_OK;
}

static void the_sink_ends_it(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    uint64_t seen = 0;
    const allora_byte_sink sink = {&seen, enough};
    const char *const argv[] = {"cat", "/dev/zero", NULL};
    int32_t status = 0;
    assert_int_equal(host_exec.run(c.ctx, argv, NO_INPUT, &sink, &status, &err), ALLORA_OK);
    assert_true(status < 0);
}

static void *cancel_soon(void *ctx)
{
    const struct timespec t = {.tv_nsec = 200000000};
    (void)nanosleep(&t, NULL);
    ctx_cancel(ctx, ALLORA_E_CANCELLED);
    return NULL;
}

/* Deadline and cancellation reach the whole group, also one that does not listen to SIGTERM. */
static void the_call_ends_it(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    int32_t status;
    pthread_t thread;
    allora_ctx *plain = c.ctx;
    c.ctx = ctx_open(plain, NULL, 300, 0);
    assert_int_equal(RUN(NO_INPUT, NULL, &status, &err, "sh", "-c", "sleep 60 & sleep 60; wait"),
                     ALLORA_E_TIMEOUT);
    assert_non_null(strstr(err.message, "sh was stopped"));
    ctx_close(c.ctx);
    c.ctx = ctx_open(plain, NULL, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, c.ctx), 0);
    int64_t began = clock_mono_us();
    assert_int_equal(
        RUN(NO_INPUT, NULL, &status, &err, "sh", "-c", "trap '' TERM; while :; do sleep 1; done"),
        ALLORA_E_CANCELLED);
    assert_true(clock_mono_us() - began < 30000000);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(RUN(NO_INPUT, NULL, &status, &err, "true"), ALLORA_E_CANCELLED);
    ctx_close(c.ctx);
    c.ctx = plain;
}

/* A program that ends and leaves one behind with its stdout does not hold the call up for long. */
static void nobody_is_left_behind(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    A_CLEAN(buf_done) struct buf out = BUF(1 << 20);
    int32_t status;
    int64_t began = clock_mono_us();
    assert_int_equal(RUN(NO_INPUT, &out, &status, &err, "sh", "-c", "sleep 100 & echo $!"),
                     ALLORA_OK);
    assert_true(clock_mono_us() - began < 30000000);
    pid_t left = (pid_t)strtol(buf_str(&out), NULL, 10);
    assert_true(left > 1);
    for (int i = 0; i < 300 && kill(left, 0) == 0; i++) { /* init reaps it */
        char path[64], stat[256] = "";
        (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)left);
        FILE *f = fopen(path, "r");
        if (f) {
            (void)!fgets(stat, sizeof stat, f);
            (void)fclose(f);
        }
        if (strstr(stat, ") Z ")) /* where nobody does */
            return;
        const struct timespec t = {.tv_nsec = 10000000};
        (void)nanosleep(&t, NULL);
    }
    assert_int_equal(kill(left, 0), -1);
}

static void spawns_and_talks(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    const char *const argv[] = {"cat", NULL};
    int32_t fds[3], status = -1;
    int64_t id = 0;
    char back[8];
    assert_int_equal(host_exec.spawn(c.ctx, argv, NULL, 0, fds, &id, &err), ALLORA_OK);
    assert_int_equal(write(fds[0], "hi", 2), 2);
    assert_int_equal(read(fds[1], back, sizeof back), 2);
    assert_int_equal(host_exec.wait(c.ctx, id, 50, &status, &err), ALLORA_E_TIMEOUT);
    assert_int_equal(close(fds[0]), 0);
    assert_int_equal(host_exec.wait(c.ctx, id, 0, &status, &err), ALLORA_OK);
    assert_int_equal(status, 0);
    assert_int_equal(host_exec.stop(c.ctx, id, &status, &err), ALLORA_E_NOTFOUND);
    (void)close(fds[1]);
    (void)close(fds[2]);

    assert_int_equal(host_exec.spawn(c.ctx, argv, NULL, 0, fds, &id, &err), ALLORA_OK);
    assert_int_equal(host_exec.stop(c.ctx, id, &status, &err), ALLORA_OK);
    assert_int_equal(status, -SIGTERM);
    for (int i = 0; i < 3; i++)
        (void)close(fds[i]);
}

static void a_spawned_one_ends_with_its_call(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    const char *const argv[] = {"cat", NULL};
    int32_t fds[3], status;
    int64_t id = 0;
    char back;
    allora_ctx *scope = ctx_open(c.ctx, NULL, 0, 0);
    assert_int_equal(host_exec.spawn(scope, argv, NULL, 0, fds, &id, &err), ALLORA_OK);
    ctx_close(scope);
    assert_int_equal(read(fds[1], &back, 1), 0); /* its end was closed */
    assert_int_equal(host_exec.stop(c.ctx, id, &status, &err), ALLORA_E_NOTFOUND);
    for (int i = 0; i < 3; i++)
        (void)close(fds[i]);
    struct caller other;
    caller_open(&other, "other", "{\"exec\":[\"cat\"]}");
    assert_int_equal(host_exec.spawn(c.ctx, argv, NULL, 0, fds, &id, &err), ALLORA_OK);
    assert_int_equal(host_exec.stop(other.ctx, id, &status, &err), ALLORA_E_NOTFOUND);
    for (int i = 0; i < 3; i++)
        (void)close(fds[i]);
    caller_close(&other);
}

/* A descriptor of ours without O_CLOEXEC does not reach a program; its signals are unblocked. */
static void inherits_nothing(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    A_CLEAN(buf_done) struct buf out = BUF(1 << 20);
    sigset_t set, before;
    int32_t status;
    int leaked = dup(2);
    assert_true(leaked > 2);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &set, &before);
    assert_int_equal(RUN(NO_INPUT, &out, &status, &err, "sh", "-c",
                         "ls /proc/$$/fd | tr '\\n' ' '; grep SigBlk /proc/$$/status"),
                     ALLORA_OK);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    (void)close(leaked);
    assert_non_null(strstr(buf_str(&out), "0 1 2 "));
    char number[16];
    (void)snprintf(number, sizeof number, " %d ", leaked);
    assert_null(strstr(buf_str(&out), number));
    assert_non_null(strstr(buf_str(&out), "0000000000000000"));
}

static void *many(void *arg)
{
    allora_ctx *ctx = ctx_open(arg, NULL, 0, 0);
    for (int i = 0; i < 10; i++) {
        allora_error err = ERR_INIT;
        A_CLEAN(buf_done) struct buf out = BUF(1 << 20);
        const allora_byte_sink sink = {&out, bytes_add};
        const char *const argv[] = {"cat", NULL};
        int32_t status = -1;
        if (host_exec.run(ctx, argv, (allora_str){"abc", 3}, &sink, &status, &err) || status ||
            strcmp(buf_str(&out), "abc") != 0) {
            ctx_close(ctx);
            return (void *)1;
        }
    }
    ctx_close(ctx);
    return NULL;
}

static void on_many_threads(void **state)
{
    (void)state;
    pthread_t threads[6];
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, many, c.ctx), 0);
    for (size_t i = 0; i < 6; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_null(result);
    }
}

static bool survives(void)
{
    allora_error err = ERR_INIT;
    A_CLEAN(ctx_closep) allora_ctx *ctx = ctx_open(c.ctx, NULL, 0, 0);
    const char *const argv[] = {"true", NULL};
    int32_t fds[3], status;
    int64_t id = 0;
    if (!ctx || host_exec.run(ctx, argv, NO_INPUT, NULL, &status, &err) ||
        host_exec.spawn(ctx, argv, NULL, 0, fds, &id, &err))
        return false;
    for (int i = 0; i < 3; i++)
        (void)close(fds[i]);
    return true;
}

static void out_of_memory(void **state)
{
    (void)state;
    unsigned runs;
    TORTURE(survives(), &runs);
    assert_true(runs >= 4);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(runs_and_gives_its_output),
        EACH(runs_nothing_else),
        EACH(trusts_only_safe_files),
        EACH(gives_a_clean_environment),
        EACH(big_input_and_output),
        EACH(the_sink_ends_it),
        EACH(the_call_ends_it),
        EACH(nobody_is_left_behind),
        EACH(spawns_and_talks),
        EACH(a_spawned_one_ends_with_its_call),
        EACH(inherits_nothing),
        EACH(on_many_threads),
        EACH(out_of_memory),
    };
    (void)signal(SIGPIPE, SIG_IGN); /* as the program does */
    if (!mkdtemp(room))
        return 1;
    fds_before = open_fds();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)rmdir(room);
    return failed;
}
