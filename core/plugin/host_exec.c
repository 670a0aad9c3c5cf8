/* allora.exec/1: programs that the plugin's manifest names, without a shell.  What is started in a
 * call ends with it: run() waits for its program, spawn()'s ends when its ctx closes. */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/process.h"
#include "plugin/host.h"
#include "plugin/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
    GRACE_US = 2000000,     /* between SIGTERM and SIGKILL */
    LEFT_OVER_US = 2000000, /* for output of what a program leaves behind when it ends */
    TICK_MS = 20,
    CHUNK = 64 << 10,
    TAIL = 1024,
    ARGS_MAX = 4096
};

static int32_t prepare(allora_ctx *ctx, const struct entry *e, const char *const *argv,
                       const allora_pair *env, uint32_t n_env, struct process_options *o,
                       allora_error *err)
{
    uint32_t n = 0;

    if (!argv || !argv[0])
        return err_set(err, ALLORA_E_ARG, "no program was named");
    while (n < ARGS_MAX && argv[n])
        n++;
    if (n == ARGS_MAX)
        return err_set(err, ALLORA_E_ARG, "%s: more than %d arguments", argv[0], ARGS_MAX - 1);
    int32_t rc = ctx_check(ctx, err);
    if (rc == ALLORA_OK)
        rc = program_find(e->manifest, argv[0], &ctx->mem, &o->path, err);
    if (rc == ALLORA_OK)
        rc = program_environment(env, n_env, &ctx->mem, &o->envp, err);
    o->argv = argv;
    return rc;
}

/* ---- run ---- */

struct run {
    struct process p;
    allora_str input;
    uint64_t sent;
    const allora_byte_sink *out;
    int32_t sink;     /* what it returned last */
    int64_t ended_us; /* when it was seen to have ended; 0: it runs */
    char tail[TAIL];  /* of its stderr */
    size_t n_tail;
    char *chunk;
};

static void feed(struct run *r)
{
    while (r->sent < r->input.len) {
        uint64_t left = r->input.len - r->sent;
        ssize_t n =
            write(r->p.pipe[0], r->input.ptr + r->sent, left > CHUNK ? CHUNK : (size_t)left);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0)
            break; /* it does not want the rest */
        r->sent += (uint64_t)n;
    }
    process_close(&r->p, 0);
}

/* What can be read now; closes at the end.  -1: nothing. */
static ssize_t take(struct run *r, int which)
{
    ssize_t n;

    while ((n = read(r->p.pipe[which], r->chunk, CHUNK)) < 0 && errno == EINTR)
        continue;
    if (n == 0 || (n < 0 && errno != EAGAIN))
        process_close(&r->p, which);
    return n;
}

static void take_output(struct run *r)
{
    ssize_t n = take(r, 1);

    if (n > 0 && r->out)
        r->sink = r->out->write(r->out->self, r->chunk, (uint64_t)n);
}

static void take_errors(struct run *r)
{
    ssize_t n = take(r, 2);

    if (n <= 0)
        return;
    size_t got = (size_t)n, keep = got > TAIL ? TAIL : got;
    if (r->n_tail + keep > TAIL) {
        size_t drop = r->n_tail + keep - TAIL;
        memmove(r->tail, r->tail + drop, r->n_tail - drop);
        r->n_tail -= drop;
    }
    memcpy(r->tail + r->n_tail, r->chunk + got - keep, keep);
    r->n_tail += keep;
}

static int timeout_ms(const struct run *r, const allora_ctx *ctx)
{
    int64_t now = clock_mono_us(), until = ctx->deadline_us;

    if (r->ended_us && (!until || r->ended_us + LEFT_OVER_US < until))
        until = r->ended_us + LEFT_OVER_US;
    int64_t ms = until ? (until > now ? (until - now) / 1000 + 1 : 0) : -1;
    if (!r->ended_us && r->p.pidfd < 0 && (ms < 0 || ms > TICK_MS))
        ms = TICK_MS;
    return ms > 3600000 ? 3600000 : (int)ms;
}

/* Until it has ended and its output too, the sink has enough, or the call is over. */
static int32_t converse(struct run *r, allora_ctx *ctx, int cancel_fd)
{
    for (;;) {
        int32_t status = ctx_cancelled(ctx);
        if (status || r->sink)
            return status ? status : r->sink;
        if (r->ended_us && ((r->p.pipe[1] < 0 && r->p.pipe[2] < 0) ||
                            clock_mono_us() >= r->ended_us + LEFT_OVER_US))
            return ALLORA_OK;
        struct pollfd fds[] = {{cancel_fd, POLLIN, 0},
                               {r->ended_us ? -1 : r->p.pidfd, POLLIN, 0},
                               {r->p.pipe[0], POLLOUT, 0},
                               {r->p.pipe[1], POLLIN, 0},
                               {r->p.pipe[2], POLLIN, 0}};
        (void)poll(fds, sizeof fds / sizeof fds[0], timeout_ms(r, ctx));
        if (fds[2].revents)
            feed(r);
        if (fds[3].revents)
            take_output(r);
        if (fds[4].revents)
            take_errors(r);
        if (!r->ended_us && (fds[1].revents || r->p.pidfd < 0) && process_ended(&r->p))
            r->ended_us = clock_mono_us();
    }
}

static void tell_errors(const struct entry *e, const char *program, const struct run *r,
                        int32_t ended)
{
    if (r->n_tail)
        log_msg(ended ? ALLORA_LOG_INFO : ALLORA_LOG_DEBUG, e->pub.id, "%s (%d): %.*s", program,
                (int)ended, (int)r->n_tail, r->tail);
}

static bool unblock(const struct process *p)
{
    for (int i = 0; i < 3; i++) {
        if (fcntl(p->pipe[i], F_SETFL, O_NONBLOCK) != 0)
            return false;
    }
    return true;
}

static int32_t run(allora_ctx *ctx, const char *const *argv, allora_str input,
                   const allora_byte_sink *out, int32_t *ret_status, allora_error *err)
{
    const struct entry *e = host_caller(ctx, err);
    struct process_options o = {.dies_with_thread = true};
    struct run r = {.input = input, .out = out};
    int32_t cancel_fd;
    int32_t rc = e ? prepare(ctx, e, argv, NULL, 0, &o, err) : ALLORA_E_INTERNAL;

    if (rc == ALLORA_OK)
        rc = ctx_cancel_fd(ctx, &cancel_fd, err);
    if (rc)
        return rc;
    A_FREE char *chunk = r.chunk = mem_alloc(CHUNK);
    if (!chunk)
        return err_nomem(err);
    rc = process_start(&o, &r.p, err);
    if (rc)
        return rc;
    if (!unblock(&r.p))
        rc = err_set(err, ALLORA_E_INTERNAL, "cannot use a pipe: %s", strerror(errno));
    if (input.len == 0)
        process_close(&r.p, 0);
    if (rc == ALLORA_OK)
        rc = converse(&r, ctx, cancel_fd);
    for (int i = 0; i < 3; i++)
        process_close(&r.p, i); /* one that still writes is told by SIGPIPE, and does not block */
    int32_t ended = process_end(&r.p, GRACE_US);
    tell_errors(e, argv[0], &r, ended);
    if (rc == ALLORA_E_CANCELLED || rc == ALLORA_E_TIMEOUT) {
        (void)ctx_check(ctx, err);
        err_prefix(err, "%s was stopped: ", argv[0]);
    }
    if (rc < 0)
        return rc;
    if (ret_status)
        *ret_status = ended;
    return ALLORA_OK;
}

/* ---- spawn, wait, stop ---- */

struct spawned {
    int64_t id;
    const struct entry *owner;
    struct process p; /* its pipes are the plugin's */
    struct spawned *next;
};
static struct {
    pthread_mutex_t lock; /* guards the rest */
    struct spawned *first;
    int64_t last_id;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void table_add(struct spawned *s)
{
    (void)pthread_mutex_lock(&table.lock);
    s->id = ++table.last_id;
    s->next = table.first;
    table.first = s;
    (void)pthread_mutex_unlock(&table.lock);
}

/* Under the lock.  owner NULL: anybody's. */
static struct spawned **table_find(int64_t id, const struct entry *owner)
{
    for (struct spawned **at = &table.first; *at; at = &(*at)->next) {
        if ((*at)->id == id && (!owner || (*at)->owner == owner))
            return at;
    }
    return NULL;
}

/* The one who takes it out is the one who reaps it. */
static struct spawned *table_take(int64_t id, const struct entry *owner)
{
    (void)pthread_mutex_lock(&table.lock);
    struct spawned **at = table_find(id, owner), *found = at ? *at : NULL;
    if (found)
        *at = found->next;
    (void)pthread_mutex_unlock(&table.lock);
    return found;
}

static int32_t finish(struct spawned *s)
{
    int32_t ended = process_end(&s->p, GRACE_US);
    free(s);
    return ended;
}

static void at_close(void *self)
{
    struct spawned *s = table_take((int64_t)(intptr_t)self, NULL);
    if (s)
        (void)finish(s);
}

static int32_t spawn(allora_ctx *ctx, const char *const *argv, const allora_pair *env,
                     uint32_t n_env, int32_t ret_fds[3], int64_t *ret_id, allora_error *err)
{
    const struct entry *e = host_caller(ctx, err);
    struct process_options o = {0};
    int32_t rc = e ? prepare(ctx, e, argv, env, n_env, &o, err) : ALLORA_E_INTERNAL;

    if (rc)
        return rc;
    struct spawned *s = mem_zalloc(sizeof *s);
    if (!s)
        return err_nomem(err);
    rc = process_start(&o, &s->p, err);
    if (rc) {
        free(s);
        return rc;
    }
    s->owner = e;
    table_add(s);
    int64_t id = s->id;
    if (!ctx_at_close(ctx, at_close, (void *)(intptr_t)id)) {
        at_close((void *)(intptr_t)id);
        return err_nomem(err);
    }
    for (int i = 0; i < 3; i++) {
        ret_fds[i] = s->p.pipe[i];
        s->p.pipe[i] = -1;
    }
    *ret_id = id;
    return ALLORA_OK;
}

static int32_t unknown(int64_t id, allora_error *err)
{
    return err_set(err, ALLORA_E_NOTFOUND,
                   "no program %lld runs: it was never started here, or was "
                   "waited for already",
                   (long long)id);
}

static int32_t stop(allora_ctx *ctx, int64_t id, int32_t *ret_status, allora_error *err)
{
    const struct entry *e = host_caller(ctx, err);

    if (!e)
        return ALLORA_E_INTERNAL;
    struct spawned *s = table_take(id, e);
    if (!s)
        return unknown(id, err);
    int32_t ended = finish(s);
    if (ret_status)
        *ret_status = ended;
    return ALLORA_OK;
}

enum look { LOOK_NONE, LOOK_RUNS, LOOK_ENDED };

/* *ret_fd: a descriptor of the caller's, readable when it ends, or -1. */
static enum look look(int64_t id, const struct entry *e, int *ret_fd)
{
    enum look found = LOOK_NONE;

    (void)pthread_mutex_lock(&table.lock);
    struct spawned **at = table_find(id, e);
    if (at)
        found = process_ended(&(*at)->p) ? LOOK_ENDED : LOOK_RUNS;
    if (found == LOOK_RUNS && *ret_fd < 0 && (*at)->p.pidfd >= 0)
        *ret_fd = fcntl((*at)->p.pidfd, F_DUPFD_CLOEXEC, 3);
    (void)pthread_mutex_unlock(&table.lock);
    return found;
}

static int32_t wait_for(allora_ctx *ctx, int64_t id, uint32_t timeout_ms, int32_t *ret_status,
                        allora_error *err)
{
    const struct entry *e = host_caller(ctx, err);
    int64_t until = clock_mono_us() + (int64_t)timeout_ms * 1000;
    int32_t cancel_fd;
    int32_t rc = e ? ctx_cancel_fd(ctx, &cancel_fd, err) : ALLORA_E_INTERNAL;
    A_CLOSE int pidfd = -1;

    while (rc == ALLORA_OK) {
        enum look seen = look(id, e, &pidfd);
        if (seen == LOOK_NONE)
            return unknown(id, err);
        if (seen == LOOK_ENDED)
            return stop(ctx, id, ret_status, err);
        int64_t now = clock_mono_us(), end = until;
        if (timeout_ms && now >= until)
            return err_set(err, ALLORA_E_TIMEOUT, "the program still runs after %u ms", timeout_ms);
        if (!timeout_ms || (ctx->deadline_us && ctx->deadline_us < end))
            end = ctx->deadline_us ? ctx->deadline_us : now + 60000000;
        int64_t ms = end > now ? (end - now) / 1000 + 1 : 0;
        struct pollfd fds[] = {{cancel_fd, POLLIN, 0}, {pidfd, POLLIN, 0}};
        (void)poll(fds, 2, pidfd < 0 && ms > TICK_MS ? TICK_MS : ms > 60000 ? 60000 : (int)ms);
        rc = ctx_check(ctx, err);
    }
    return rc;
}

const allora_exec_v1 host_exec = {.size = (uint32_t)sizeof(allora_exec_v1),
                                  .run = run,
                                  .spawn = spawn,
                                  .stop = stop,
                                  .wait = wait_for};
