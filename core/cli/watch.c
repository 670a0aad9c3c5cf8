#include "cli/watch.h"

#include "base/err.h"
#include "base/thread.h"
#include "cli/progress.h"
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

static struct {
    pthread_t thread;
    bool running;
    int signals, stop; /* descriptors */
    allora_ctx *root;
} watch = {.signals = -1, .stop = -1};
static atomic_uint interrupts;
static void (*_Atomic restore_fn)(void);
static bool (*_Atomic prompt_fn)(void);

static void signal_set(sigset_t *set)
{
    (void)sigemptyset(set);
    (void)sigaddset(set, SIGINT);
    (void)sigaddset(set, SIGTERM);
    (void)sigaddset(set, SIGHUP);
}

void watch_prepare(void)
{
    sigset_t set;
    signal_set(&set);
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void watch_calm(void)
{
    atomic_store(&interrupts, 0);
}

void watch_set_restore(void (*restore)(void))
{
    atomic_store(&restore_fn, restore);
}

void watch_set_prompt(bool (*interrupt)(void))
{
    atomic_store(&prompt_fn, interrupt);
}

static void leave_now(void)
{
    void (*restore)(void) = atomic_load(&restore_fn);
    progress_stop();
    if (restore)
        restore();
    _exit(130);
}

static void on_signal(uint32_t number)
{
    bool (*prompt)(void) = atomic_load(&prompt_fn);
    if (number == SIGINT && prompt && prompt())
        return;
    if (atomic_fetch_add(&interrupts, 1) > 0)
        leave_now();
    if (number == SIGINT) {
        ctx_interrupt(watch.root);
        return;
    }
    if (number == SIGTERM)
        ctx_drain(watch.root);
    else
        ctx_cancel(watch.root, ALLORA_E_CANCELLED);
    if (prompt)
        (void)prompt();
}

static void *run(void *arg)
{
    (void)arg;
    thread_begin();
    for (;;) {
        struct pollfd fds[2] = {{watch.signals, POLLIN, 0}, {watch.stop, POLLIN, 0}};
        int n = poll(fds, 2, progress_wanted() ? PROGRESS_TICK_MS : -1);
        if ((n < 0 && errno != EINTR) || (n > 0 && fds[1].revents))
            break;
        struct signalfd_siginfo info;
        if (n > 0 && fds[0].revents &&
            read(watch.signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
            on_signal(info.ssi_signo);
        progress_tick();
    }
    thread_end();
    return NULL;
}

int32_t watch_start(allora_ctx *root, allora_error *err)
{
    sigset_t set;
    signal_set(&set);
    watch.root = root;
    watch.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    watch.stop = eventfd(0, EFD_CLOEXEC);
    int rc = watch.signals < 0 || watch.stop < 0 ? errno
                                                 : pthread_create(&watch.thread, NULL, run, NULL);
    watch.running = rc == 0;
    if (rc) {
        watch_stop();
        return err_set(err, ALLORA_E_INTERNAL, "cannot wait for signals: %s", strerror(rc));
    }
    return ALLORA_OK;
}

void watch_stop(void)
{
    static const uint64_t one = 1;
    if (watch.running && write(watch.stop, &one, sizeof(one)) == (ssize_t)sizeof(one))
        (void)pthread_join(watch.thread, NULL);
    watch.running = false;
    if (watch.signals >= 0)
        (void)close(watch.signals);
    if (watch.stop >= 0)
        (void)close(watch.stop);
    watch.signals = watch.stop = -1;
}
