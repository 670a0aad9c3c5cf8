/* Threads that are neither the core's nor were there before: a plugin's own. */
#include "plugin/guard_private.h"

#include <dirent.h>
#include <stdlib.h>
#include <time.h>

enum { SETTLE_ROUNDS = 25, SETTLE_US = 2000 };

void guard_threads_now(struct guard_threads *ret)
{
    DIR *dir = opendir("/proc/self/task");

    ret->n = 0;
    for (const struct dirent *e; dir && (e = readdir(dir)) && ret->n < GUARD_THREADS_MAX;) {
        pid_t tid = (pid_t)strtol(e->d_name, NULL, 10);
        if (tid > 0 && !thread_is_own(tid))
            ret->tids[ret->n++] = tid;
    }
    if (dir)
        (void)closedir(dir);
}

static bool holds(const struct guard_threads *t, pid_t tid)
{
    for (uint32_t i = 0; i < t->n; i++) {
        if (t->tids[i] == tid)
            return true;
    }
    return false;
}

static bool holds_more(const struct guard_threads *t, const struct guard_threads *than)
{
    for (uint32_t i = 0; i < t->n; i++) {
        if (!holds(than, t->tids[i]))
            return true;
    }
    return false;
}

static void settle(void)
{
    const struct timespec a_moment = {.tv_nsec = SETTLE_US * 1000L};
    (void)nanosleep(&a_moment, NULL);
}

void guard_threads_after(struct guard *g, const struct slot *slot,
                         const struct guard_threads *before)
{
    struct guard_threads now, still;

    guard_threads_now(&now);
    still = now;
    /* A thread of the core's may not have said so yet, one that has ended may still be listed. */
    for (int round = 0; round < SETTLE_ROUNDS && holds_more(&still, before); round++) {
        settle();
        guard_threads_now(&still);
    }
    if (!holds_more(&still, before))
        return;
    (void)pthread_mutex_lock(&g->lock);
    bool left = false;
    for (uint32_t i = 0; i < still.n; i++) {
        if (holds(before, still.tids[i]) || !holds(&now, still.tids[i]) ||
            holds(&g->private, still.tids[i]))
            continue;
        left = true;
        if (g->private.n < GUARD_THREADS_MAX)
            g->private.tids[g->private.n++] = still.tids[i];
    }
    (void)pthread_mutex_unlock(&g->lock);
    if (left && !g->threads)
        guard_note(g, true, slot, "private-thread",
                   "left a thread of its own behind, without the permission \"threads\"");
}

void guard_threads_left(struct guard *g, const struct slot *slot)
{
    struct guard_threads now;
    bool left = true;

    for (int round = 0; left && round < SETTLE_ROUNDS; round++) {
        if (round > 0)
            settle();
        guard_threads_now(&now);
        left = false;
        for (uint32_t i = 0; i < g->private.n; i++)
            left = left || holds(&now, g->private.tids[i]);
    }
    if (left)
        guard_note(g, true, slot, "thread-left",
                   "a thread of its own is alive after destroy() has returned");
}
