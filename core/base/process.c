/* fork and exec with care.  Between the two the child may only make calls that are safe after
 * fork() in a process with threads; why it failed comes back through a pipe that exec closes. */
#include "process.h"

#include "clock.h"
#include "err.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TICK_MS = 10 };

static void close_fd(int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
    *fd = -1;
}

void process_close(struct process *p, int which)
{
    close_fd(&p->pipe[which]);
}

struct plumbing {
    int ours[3], theirs[3]; /* of stdin, stdout, stderr */
    int report[2];          /* errno of what failed in the child */
};

static void plumbing_close(struct plumbing *pl)
{
    for (int i = 0; i < 3; i++) {
        close_fd(&pl->ours[i]);
        close_fd(&pl->theirs[i]);
    }
    close_fd(&pl->report[0]);
    close_fd(&pl->report[1]);
}

/* A descriptor in the place of a standard one would be closed by the child's own dup2(). */
static bool above_standard(int *fd)
{
    if (*fd > STDERR_FILENO)
        return true;
    int moved = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close_fd(fd);
    *fd = moved;
    return moved >= 0;
}

static bool plumbing_open(struct plumbing *pl)
{
    *pl = (struct plumbing){{-1, -1, -1}, {-1, -1, -1}, {-1, -1}};
    for (int i = 0; i < 3; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0)
            return false;
        pl->ours[i] = ends[i == 0 ? 1 : 0];
        pl->theirs[i] = ends[i == 0 ? 0 : 1];
        if (!above_standard(&pl->ours[i]) || !above_standard(&pl->theirs[i]))
            return false;
    }
    return pipe2(pl->report, O_CLOEXEC) == 0 && above_standard(&pl->report[0]) &&
           above_standard(&pl->report[1]);
}

/* In the child; never returns.  `parent` is who must still be alive when the death signal is set.
 */
static _Noreturn void child(const struct process_options *o, const struct plumbing *pl,
                            pid_t parent)
{
    static const int ours[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGCHLD, SIGWINCH};
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigset_t none;
    int why;

    (void)setpgid(0, 0);
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        (void)sigaction(ours[i], &plain, NULL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (o->dies_with_thread) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(127);
    }
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    for (int i = 0; i < 3; i++) {
        if (dup2(pl->theirs[i], i) < 0)
            goto failed;
    }
#ifdef SYS_close_range
    /* Ours are all O_CLOEXEC; a library's might not be.  4: CLOSE_RANGE_CLOEXEC. */
    (void)syscall(SYS_close_range, 3u, ~0u, 4u);
#endif
    (void)execve(o->path, (char *const *)(uintptr_t)o->argv, (char *const *)(uintptr_t)o->envp);
failed:
    why = errno;
    while (write(pl->report[1], &why, sizeof why) < 0 && errno == EINTR)
        continue;
    _exit(127);
}

static int32_t cannot(const char *path, int why, allora_error *err)
{
    char text[128];
    int32_t code = why == ENOENT || why == ENOTDIR  ? ALLORA_E_NOTFOUND
                   : why == EACCES || why == EPERM  ? ALLORA_E_DENIED
                   : why == E2BIG || why == ENOEXEC ? ALLORA_E_ARG
                   : why == ENOMEM                  ? ALLORA_E_NOMEM
                                                    : ALLORA_E_INTERNAL;

    return err_set(err, code, "cannot run %s: %s", path, strerror_r(why, text, sizeof text));
}

/* Where SIGCHLD is ignored (inherited from who started us) the kernel reaps by itself, and how a
 * program ended is lost. */
static void keep_statuses(void)
{
    struct sigaction now;

    if (sigaction(SIGCHLD, NULL, &now) == 0 && now.sa_handler == SIG_IGN) {
        now = (struct sigaction){.sa_handler = SIG_DFL};
        (void)sigaction(SIGCHLD, &now, NULL);
    }
}

int32_t process_start(const struct process_options *o, struct process *ret, allora_error *err)
{
    struct plumbing pl;
    int why = 0;
    pid_t self = getpid();

    keep_statuses();
    if (!plumbing_open(&pl)) {
        why = errno;
        plumbing_close(&pl);
        return cannot(o->path, why, err);
    }
    pid_t pid = fork();
    if (pid == 0)
        child(o, &pl, self);
    if (pid < 0) {
        why = errno;
        plumbing_close(&pl);
        return cannot(o->path, why, err);
    }
    (void)setpgid(pid, pid); /* whoever is first; the child's own may come too late for a signal */
    close_fd(&pl.report[1]);
    ssize_t n;
    while ((n = read(pl.report[0], &why, sizeof why)) < 0 && errno == EINTR)
        continue;
    if (n > 0) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            continue;
        plumbing_close(&pl);
        return cannot(o->path, n == (ssize_t)sizeof why ? why : EIO, err);
    }
    *ret = (struct process){.pid = pid, .pidfd = -1};
#ifdef SYS_pidfd_open
    ret->pidfd = (int)syscall(SYS_pidfd_open, pid, 0u); /* always close-on-exec */
#endif
    for (int i = 0; i < 3; i++) {
        ret->pipe[i] = pl.ours[i];
        pl.ours[i] = -1;
    }
    plumbing_close(&pl);
    return ALLORA_OK;
}

bool process_ended(const struct process *p)
{
    siginfo_t info = {0};

    return waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0;
}

void process_signal(const struct process *p, int number)
{
    (void)kill(-p->pid, number); /* not reaped yet, so the group's number is still its */
}

int32_t process_reap(struct process *p)
{
    int status = 0;
    pid_t got;

    while ((got = waitpid(p->pid, &status, 0)) < 0 && errno == EINTR)
        continue;
    for (int i = 0; i < 3; i++)
        process_close(p, i);
    close_fd(&p->pidfd);
    if (got != p->pid)
        return 0; /* somebody else reaped it */
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* Up to us; false when it still runs. */
static bool wait_for_end(const struct process *p, int64_t us)
{
    int64_t until = clock_mono_us() + us;

    while (!process_ended(p)) {
        int64_t left = until - clock_mono_us();
        if (left <= 0)
            return false;
        struct pollfd fd = {p->pidfd, POLLIN, 0};
        int ms = (int)(left / 1000) + 1;
        (void)poll(&fd, 1, p->pidfd < 0 && ms > TICK_MS ? TICK_MS : ms);
    }
    return true;
}

int32_t process_end(struct process *p, int64_t grace_us)
{
    if (!process_ended(p)) {
        process_signal(p, SIGTERM);
        process_signal(p, SIGCONT); /* a stopped one hears nothing else */
        (void)wait_for_end(p, grace_us);
    }
    process_signal(p, SIGKILL); /* also what it left behind */
    return process_reap(p);
}
