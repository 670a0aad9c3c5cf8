/* Signals and priorities of processes.  A process is known by its number, the tick it began at and
 * the machine's start together: numbers come again.  Signals go through a pidfd (pidfd_open(2)),
 * which can't mean another process once it was checked. */
#include "act.h"
#include "procstat.h"
#include "text.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum { END_WAITS = 50, STATE_WAITS = 10 }; /* tenths of a second */

struct target {
    int fd; /* pidfd; -1: closed */
    struct procstat stat;
    char id[24];
};

static int32_t gone(const struct act *a, int64_t pid)
{
    return sdk_fail(a->err, ALLORA_E_NOTFOUND, "there is no process %lld", (long long)pid);
}

static int read_stat(const struct act *a, int64_t pid, struct procstat *ret)
{
    char path[64];
    struct bytes text = {0};
    (void)snprintf(path, sizeof path, "proc/%lld/stat", (long long)pid);
    int rc = root_read(&a->root, path, &text, ROOT_SMALL_MAX);
    bool ok = rc == 0 && procstat_parse(text.p, ret);
    bytes_free(&text);
    return ok ? 0 : rc ? rc : -EIO;
}

/* The process of "pid" in a->in.  The descriptor is opened first: what is read afterwards is about
 * that process if it still lives then. */
static int32_t find(const struct act *a, struct target *ret)
{
    int64_t pid = sdk_get_int(a->in, "pid", 0);
    struct target t = {.fd = -1};
    t.fd = pidfd_open((pid_t)pid, 0);
    if (t.fd < 0 && errno == ENOSYS)
        return sdk_fail(
            a->err, ALLORA_E_UNSUPPORTED,
            "this kernel has no pidfd_open (Linux 5.3), without which a process can't be "
            "told from its successor");
    if (t.fd < 0)
        return errno == ESRCH || errno == EINVAL
                   ? gone(a, pid)
                   : sdk_fail(a->err, ALLORA_E_INTERNAL, "process %lld: %s", (long long)pid,
                              strerror(errno));
    int rc = read_stat(a, pid, &t.stat);
    if (rc || (pidfd_send_signal(t.fd, 0, NULL, 0) != 0 && errno == ESRCH)) {
        (void)close(t.fd);
        return gone(a, pid);
    }
    (void)snprintf(t.id, sizeof t.id, "%lld", (long long)pid);
    *ret = t;
    return ALLORA_OK;
}

static void done(struct target *t)
{
    if (t->fd >= 0)
        (void)close(t->fd);
    t->fd = -1;
}

/* An optional guard in the arguments: an undo must not meet a later process of the same number. */
static int32_t check_start(const struct act *a, const struct target *t)
{
    int64_t start = sdk_get_int(a->in, "start", -1);
    if (start < 0 || (uint64_t)start == t->stat.start_ticks)
        return ALLORA_OK;
    return sdk_fail(a->err, ALLORA_E_NOTFOUND,
                    "process %s is another one than it was: that one has ended", t->id);
}

/* Finds the document's process again. */
static int32_t find_same(const struct act *a, struct target *ret)
{
    int32_t status = act_same_boot(a);
    if (!status)
        status = find(a, ret);
    if (status == ALLORA_E_NOTFOUND)
        return sdk_fail(a->err, ALLORA_E_STALE_PLAN, "process %lld has ended",
                        (long long)sdk_get_int(a->in, "pid", 0));
    if (status)
        return status;
    if ((uint64_t)sdk_get_int(a->in, "start", -1) == ret->stat.start_ticks)
        return ALLORA_OK;
    done(ret);
    return sdk_fail(a->err, ALLORA_E_STALE_PLAN,
                    "process %s is another one now: the planned one has ended", ret->id);
}

static int32_t not_ours(const struct act *a, const struct target *t)
{
    (void)sdk_fail(a->err, ALLORA_E_DENIED, "process %s (%s) belongs to another user", t->id,
                   t->stat.name);
    sdk_hint(a->err, "run allora as its owner, or as root");
    return ALLORA_E_DENIED;
}

/* Common part of a document; the caller adds its own and closes it. */
static sdk_writer document(const struct act *a, const struct target *t)
{
    sdk_writer w = sdk_writer_begin(a->self, a->ctx);
    sdk_w_open(&w, NULL, '{');
    sdk_w_int(&w, "pid", t->stat.pid);
    sdk_w_int(&w, "start", (int64_t)t->stat.start_ticks);
    sdk_w_text(&w, "name", t->stat.name);
    sdk_w_text(&w, "boot", a->boot_id);
    return w;
}

static int32_t finish(const struct act *a, sdk_writer *w, allora_str *ret)
{
    sdk_w_close(w, '}');
    return act_done(a, sdk_w_done(w), ret);
}

/* {operation, arguments: {pid, start, KEY: …}} */
static sdk_writer inverse(const struct act *a, const struct target *t, const char *operation)
{
    sdk_writer w = sdk_writer_begin(a->self, a->ctx);
    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, "operation", operation);
    sdk_w_open(&w, "arguments", '{');
    sdk_w_int(&w, "pid", t->stat.pid);
    sdk_w_int(&w, "start", (int64_t)t->stat.start_ticks);
    return w;
}

/* ---- signals ---- */

static const struct sign {
    const char *name;
    int number;
    bool ends; /* usually ends the process, so there is no way back */
    const char *after, *undo;
} signs[] = {
    {"TERM", SIGTERM, true, "ended", NULL},     {"KILL", SIGKILL, true, "ended", NULL},
    {"INT", SIGINT, true, "ended", NULL},       {"QUIT", SIGQUIT, true, "ended", NULL},
    {"HUP", SIGHUP, true, NULL, NULL},          {"USR1", SIGUSR1, true, NULL, NULL},
    {"USR2", SIGUSR2, true, NULL, NULL},        {"STOP", SIGSTOP, false, "stopped", "CONT"},
    {"CONT", SIGCONT, false, "running", "STOP"}};

static const struct sign *find_sign(const char *name)
{
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (strcmp(signs[i].name, name) == 0)
            return &signs[i];
    }
    return NULL;
}

static const char *state_word(char state)
{
    return state == 'T' || state == 't'   ? "stopped"
           : state == 'Z' || state == 'X' ? "ended"
                                          : "running";
}

/* What must not, or can't, be signalled. */
static int32_t check_target(const struct act *a, const struct target *t)
{
    if (t->stat.pid == 1) {
        (void)sdk_fail(a->err, ALLORA_E_DENIED, "process 1 runs the whole machine");
        sdk_hint(a->err, "signal one of the processes that it started");
        return ALLORA_E_DENIED;
    }
    if (t->stat.pid == getpid())
        return sdk_fail(a->err, ALLORA_E_ARG, "process %s is allora itself", t->id);
    if (t->stat.flags & PROCSTAT_KTHREAD)
        return sdk_fail(a->err, ALLORA_E_ARG,
                        "process %s (%s) is a part of the kernel and takes no signals", t->id,
                        t->stat.name);
    if (t->stat.state == 'Z' || t->stat.state == 'X')
        return sdk_fail(a->err, ALLORA_E_CONFLICT,
                        "process %s (%s) has ended; its parent, %lld, has not taken note yet",
                        t->id, t->stat.name, (long long)t->stat.ppid);
    if (pidfd_send_signal(t->fd, 0, NULL, 0) != 0 && errno == EPERM)
        return not_ours(a, t);
    return ALLORA_OK;
}

static int32_t describe_signal(const struct act *a, const struct target *t, const struct sign *s,
                               allora_plan *plan)
{
    const char *before = state_word(t->stat.state);
    char verb[16];
    (void)snprintf(verb, sizeof verb, "signal %s", s->name);
    const struct change c = {.verb = verb,
                             .type = "host_process",
                             .id = t->id,
                             .name = t->stat.name,
                             .fact = "state",
                             .before = before,
                             .after = s->after ? s->after : before};
    bool already = !s->ends && strcmp(before, s->after) == 0;
    int32_t status = act_step(a, already ? NULL : &c, plan);
    sdk_writer w = document(a, t);
    sdk_w_text(&w, "signal", s->name);
    sdk_w_text(&w, "state", before);
    if (!status)
        status = finish(a, &w, &plan->document);
    if (status || !s->undo)
        return status;
    w = inverse(a, t, "host.process.signal");
    sdk_w_text(&w, "signal", s->undo);
    sdk_w_close(&w, '}');
    return finish(a, &w, &plan->inverse_json);
}

int32_t plan_signal(struct act *a, allora_plan *plan)
{
    const struct sign *s = find_sign(sdk_get_str(a->in, "signal", "TERM"));
    struct target t;
    if (!s)
        return sdk_fail(a->err, ALLORA_E_ARG, "no signal %s", sdk_get_str(a->in, "signal", ""));
    int32_t status = find(a, &t);
    if (status)
        return status;
    status = check_start(a, &t);
    if (!status)
        status = check_target(a, &t);
    if (!status) {
        plan->effect = s->ends ? ALLORA_EFFECT_DESTRUCTIVE : ALLORA_EFFECT_WRITE;
        status = describe_signal(a, &t, s, plan);
    }
    done(&t);
    return status;
}

/* Has it ended?  A pidfd is readable then. */
static bool ended(const struct target *t)
{
    struct pollfd p = {.fd = t->fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

/* Waits for what the signal is meant to bring about; whether it came. */
static bool came_about(const struct act *a, const struct target *t, const struct sign *s)
{
    int left = s->ends ? (s->after ? END_WAITS : STATE_WAITS) : STATE_WAITS;
    struct procstat now;
    for (;; left--) {
        if (ended(t))
            return s->ends;
        if (!s->ends && read_stat(a, t->stat.pid, &now) == 0 &&
            strcmp(state_word(now.state), s->after) == 0)
            return true;
        if (left == 0 || act_wait(a) != ALLORA_OK)
            return false;
    }
}

int32_t apply_signal(struct act *a, const allora_sink *sink)
{
    const struct sign *s = find_sign(sdk_get_str(a->in, "signal", ""));
    struct target t;
    if (!s)
        return sdk_fail(a->err, ALLORA_E_ARG, "the plan names no signal");
    int32_t status = find_same(a, &t);
    if (status)
        return status;
    if (!s->ends && strcmp(state_word(t.stat.state), sdk_get_str(a->in, "state", "")) != 0) {
        status = sdk_fail(a->err, ALLORA_E_STALE_PLAN, "process %s is %s now", t.id,
                          state_word(t.stat.state));
    } else if (pidfd_send_signal(t.fd, s->number, NULL, 0) != 0) {
        status = errno == EPERM ? not_ours(a, &t)
                 : errno == ESRCH
                     ? sdk_fail(a->err, ALLORA_E_STALE_PLAN, "process %s has ended", t.id)
                     : sdk_fail(a->err, ALLORA_E_INTERNAL, "cannot signal process %s: %s", t.id,
                                strerror(errno));
    } else {
        bool came = came_about(a, &t, s);
        if (!came && s->after) {
            allora_error late = {.size = (uint32_t)sizeof late};
            (void)sdk_fail(&late, ALLORA_PARTIAL, "process %s has the signal, but is not %s yet",
                           t.id, s->after);
            (void)sdk_warn(sink, &late, t.stat.name);
        }
        sdk_writer w = sdk_writer_begin(a->self, a->ctx);
        sdk_w_open(&w, NULL, '{');
        sdk_w_int(&w, "pid", t.stat.pid);
        sdk_w_text(&w, "signal", s->name);
        sdk_w_text(&w, "state", ended(&t) ? "ended" : came ? s->after : "running");
        sdk_w_close(&w, '}');
        status = act_result(a, sink, &w);
    }
    done(&t);
    return status;
}

/* ---- priorities ---- */

int32_t plan_renice(struct act *a, allora_plan *plan)
{
    int64_t nice = sdk_get_int(a->in, "nice", 0);
    struct target t;
    int32_t status = find(a, &t);
    if (status)
        return status;
    status = check_start(a, &t);
    const struct change c = {.verb = "renice",
                             .type = "host_process",
                             .id = t.id,
                             .name = t.stat.name,
                             .fact = "nice",
                             .number_before = t.stat.nice,
                             .number_after = nice};
    if (!status)
        status = act_step(a, nice == t.stat.nice ? NULL : &c, plan);
    plan->effect = ALLORA_EFFECT_WRITE;
    sdk_writer w = document(a, &t);
    sdk_w_int(&w, "seen", t.stat.nice);
    sdk_w_int(&w, "nice", nice);
    if (!status)
        status = finish(a, &w, &plan->document);
    w = inverse(a, &t, "host.process.renice");
    sdk_w_int(&w, "nice", t.stat.nice);
    sdk_w_close(&w, '}');
    if (!status)
        status = finish(a, &w, &plan->inverse_json);
    done(&t);
    return status;
}

/* Every thread: setpriority(2) on Linux changes the one it is given, whatever POSIX says. */
static int set_all(const struct act *a, int64_t pid, int nice)
{
    char path[64];
    int rc = 0;
    (void)snprintf(path, sizeof path, "proc/%lld/task", (long long)pid);
    DIR *dir = root_opendir(&a->root, path);
    if (!dir)
        return -errno;
    for (const struct dirent *e; rc == 0 && (e = readdir(dir)) != NULL;) {
        const char *name = e->d_name;
        int64_t tid = 0;
        if (!text_int(&name, &tid) || tid <= 0)
            continue;
        if (setpriority(PRIO_PROCESS, (id_t)tid, nice) != 0 && errno != ESRCH)
            rc = -errno;
    }
    (void)closedir(dir);
    return rc;
}

int32_t apply_renice(struct act *a, const allora_sink *sink)
{
    int64_t nice = sdk_get_int(a->in, "nice", 0);
    struct target t;
    int32_t status = find_same(a, &t);
    if (status)
        return status;
    if (t.stat.nice != sdk_get_int(a->in, "seen", 0))
        status = sdk_fail(a->err, ALLORA_E_STALE_PLAN, "process %s has nice %lld now", t.id,
                          (long long)t.stat.nice);
    int rc = status ? 0 : set_all(a, t.stat.pid, (int)nice);
    if (rc == -EPERM) {
        status = not_ours(a, &t);
    } else if (rc == -EACCES) {
        status =
            sdk_fail(a->err, ALLORA_E_DENIED, "only root may make process %s more important", t.id);
        sdk_hint(a->err, "a higher number than %lld needs no right", (long long)t.stat.nice);
    } else if (rc) {
        status = sdk_fail(a->err, ALLORA_E_INTERNAL, "cannot renice process %s: %s", t.id,
                          strerror(-rc));
    }
    if (!status) {
        sdk_writer w = sdk_writer_begin(a->self, a->ctx);
        sdk_w_open(&w, NULL, '{');
        sdk_w_int(&w, "pid", t.stat.pid);
        sdk_w_int(&w, "nice", nice);
        sdk_w_close(&w, '}');
        status = act_result(a, sink, &w);
    }
    done(&t);
    return status;
}
