/* The marker's text: "STATE PID START STRIKES\n" in fixed places; STATE is "--", the signal's two
 * digits, written by a signal handler, or "ex", written when the plugin called exit(). */
#include "plugin/marker.h"

#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
enum { N_FATAL = sizeof fatal / sizeof fatal[0], STRIKES_MAX = 2 };

static pthread_mutex_t handlers_lock = PTHREAD_MUTEX_INITIALIZER; /* guards the two below */
static struct sigaction before[N_FATAL];
static unsigned loads_running;
static bool exit_watched; /* guarded by handlers_lock */
/* This thread's, while it loads. */
static _Thread_local volatile int marker_fd = -1;
static _Thread_local const char *volatile loading; /* the plugin's id, NULL: none */
enum { EXIT_LOAD = 7 };

/* Async-signal-safe. */
static void say(const char *text)
{
    ssize_t n = write(STDERR_FILENO, text, strlen(text));
    (void)n; /* nothing to be done about it here */
}

static void blame(const char *state, const char *what)
{
    if (marker_fd >= 0) {
        ssize_t n = pwrite(marker_fd, state, 2, 0);
        (void)n;
    }
    say("allora: plugin \"");
    say(loading);
    say("\" ");
    say(what);
    say(" while it was being loaded, which ends this run; the next one goes on without it\n");
}

/* Async-signal-safe: pwrite, write, sigaction, raise. */
static void on_fatal(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (loading) {
        const char digits[2] = {(char)('0' + number / 10), (char)('0' + number % 10)};
        char words[] = "crashed (signal 00)";
        memcpy(words + sizeof words - 4, digits, 2);
        blame(digits, words);
    }
    for (int i = 0; i < N_FATAL; i++) {
        if (fatal[i] == number)
            (void)sigaction(number, &before[i], NULL);
    }
    if (info->si_code <= 0) /* sent, not caused: it would not come again by itself */
        (void)raise(number);
}

/* exit() on a thread that loads a plugin is that plugin's doing. */
static void on_exit_called(void)
{
    if (!loading)
        return;
    blame("ex", "called exit()");
    _exit(EXIT_LOAD);
}

static void handlers_on(void)
{
    (void)pthread_mutex_lock(&handlers_lock);
    if (!exit_watched)
        exit_watched = atexit(on_exit_called) == 0;
    if (loads_running++ == 0) {
        struct sigaction act = {.sa_sigaction = on_fatal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        (void)sigemptyset(&act.sa_mask);
        for (int i = 0; i < N_FATAL; i++)
            (void)sigaction(fatal[i], &act, &before[i]);
    }
    (void)pthread_mutex_unlock(&handlers_lock);
}

static void handlers_off(void)
{
    (void)pthread_mutex_lock(&handlers_lock);
    if (--loads_running == 0) {
        for (int i = 0; i < N_FATAL; i++)
            (void)sigaction(fatal[i], &before[i], NULL);
    }
    (void)pthread_mutex_unlock(&handlers_lock);
}

/* When a process started, in ticks since boot: with its number, that names it for good.  0: there
 * is none. */
static uint64_t start_of(long pid)
{
    char path[64], text[1024];
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    A_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (n <= 0)
        return 0;
    text[n] = '\0';
    char *p = strrchr(text, ')'); /* the name in parentheses may hold anything */
    for (int field = 2; p && field < 22; field++)
        p = strchr(p + 1, ' ');
    return p ? strtoull(p + 1, NULL, 10) : 0;
}

static void write_marker(int fd, unsigned strikes)
{
    char text[96];
    int n = snprintf(text, sizeof text, "-- %ld %" PRIu64 " %u\n", (long)getpid(),
                     start_of((long)getpid()), strikes);
    if (n > 0 && ftruncate(fd, 0) == 0)
        (void)fs_write_all(fd, text, (size_t)n);
}

/* What an earlier marker tells.  0: go on, with *ret_strikes; 1: another process is loading it
 * right now; -1: quarantined. */
static int judge(int fd, unsigned *ret_strikes, char *message, size_t size)
{
    char text[96];
    long pid = 0;
    uint64_t start = 0;
    unsigned strikes = 0;
    ssize_t n = pread(fd, text, sizeof text - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    if (n > 2 && text[0] >= '0' && text[0] <= '9') {
        (void)snprintf(message, size,
                       "ended the program by signal %c%c while it was being loaded, and is "
                       "quarantined",
                       text[0], text[1]);
        return -1;
    }
    if (n > 2 && strncmp(text, "ex", 2) == 0) {
        (void)snprintf(message, size,
                       "ended the program by exit() while it was being loaded, and is quarantined");
        return -1;
    }
    if (n > 3) { /* numbers that are not there read as 0: no process, no strikes */
        char *p = text + 3;
        pid = strtol(p, &p, 10);
        start = strtoull(p, &p, 10);
        strikes = (unsigned)strtoul(p, &p, 10);
    }
    if (pid > 0 && start != 0 && start_of(pid) == start)
        return pid == (long)getpid() ? 0 : 1;
    if (strikes + 1 >= STRIKES_MAX) {
        (void)snprintf(message, size,
                       "the program ended %u times while it was being loaded; it is quarantined",
                       strikes + 1);
        return -1;
    }
    *ret_strikes = strikes + 1;
    return 0;
}

static bool make_path(char ret[MARKER_PATH_MAX], const char *id, const char *path,
                      const struct file_stamp *stamp)
{
    allora_error ignored = {.size = (uint32_t)sizeof ignored};
    A_FREE char *dir = fs_runtime_dir();
    uint64_t key = hash_bytes(path, strlen(path), hash_bytes(stamp, sizeof *stamp, 0));

    if (!dir || fs_mkdirs(dir, 0700, &ignored) != ALLORA_OK)
        return false;
    int n = snprintf(ret, MARKER_PATH_MAX, "%s/loading-%s-%016" PRIx64, dir, id, key);
    return n > 0 && n < MARKER_PATH_MAX;
}

bool marker_release(const char *id, const char *path, const struct file_stamp *stamp)
{
    char marker[MARKER_PATH_MAX];
    return make_path(marker, id, path, stamp) && unlink(marker) == 0;
}

bool marker_begin(struct marker *m, const char *id, const char *path,
                  const struct file_stamp *stamp, char *message, size_t size)
{
    unsigned strikes = 0;

    m->fd = -1;
    m->path[0] = '\0';
    if (make_path(m->path, id, path, stamp)) {
        m->fd = open(m->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (m->fd < 0 && errno == EEXIST) {
            m->fd = open(m->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
            int verdict = m->fd >= 0 ? judge(m->fd, &strikes, message, size) : 1;
            if (verdict != 0 && m->fd >= 0) {
                (void)close(m->fd);
                m->fd = -1;
            }
            if (verdict < 0)
                return false;
        }
        if (m->fd >= 0)
            write_marker(m->fd, strikes);
    }
    marker_fd = m->fd;
    loading = id;
    handlers_on();
    return true;
}

void marker_end(struct marker *m)
{
    handlers_off();
    loading = NULL;
    marker_fd = -1;
    if (m->fd >= 0) {
        (void)unlink(m->path);
        (void)close(m->fd);
    }
    m->fd = -1;
}
