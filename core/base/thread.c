/* The core's own threads, by the kernel's ids: a table of atomics, so no lock. */
#include "thread.h"

#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS_MAX = 256 };
static _Atomic pid_t own[THREADS_MAX];

pid_t thread_id(void)
{
    return (pid_t)syscall(SYS_gettid);
}

static bool replace(pid_t from, pid_t to)
{
    for (int i = 0; i < THREADS_MAX; i++) {
        pid_t expected = from;
        if (atomic_compare_exchange_strong(&own[i], &expected, to))
            return true;
    }
    return false;
}

void thread_begin(void)
{
    (void)replace(0, thread_id());
}

void thread_end(void)
{
    (void)replace(thread_id(), 0);
}

bool thread_is_own(pid_t tid)
{
    for (int i = 0; i < THREADS_MAX; i++) {
        if (atomic_load(&own[i]) == tid)
            return true;
    }
    return false;
}
