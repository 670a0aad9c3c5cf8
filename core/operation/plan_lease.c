#include "operation/plan_lease.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/thread.h"
#include "store/store.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { LEASE_S = 30, RENEW_S = 8 };
static const int64_t lease_us = INT64_C(1000000) * LEASE_S;

/* ---- who ---- */

static void read_line(const char *path, char *ret, size_t size)
{
    A_CLEAN(buf_done) struct buf b = BUF(4096);
    allora_error ignored = ERR_INIT;
    ret[0] = '\0';
    if (fs_read(path, 4096, &b, &ignored))
        return;
    size_t n = strcspn(buf_str(&b), "\n");
    (void)snprintf(ret, size, "%.*s", (int)(n < size ? n : size - 1), buf_str(&b));
}

/* When the process began, in ticks since boot: field 22, counted behind the name's bracket. */
static unsigned long long start_of(long pid)
{
    char path[64], line[1024];
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    read_line(path, line, sizeof line);
    const char *p = strrchr(line, ')');
    for (int field = 2; p && field < 22; field++) {
        p = strchr(p + 1, ' ');
    }
    return p ? strtoull(p + 1, NULL, 10) : 0;
}

/* The boot and the pid namespace: within one, pids can be compared. */
static void place(char *ret, size_t size)
{
    char boot[64], space[64];
    ssize_t n = readlink("/proc/self/ns/pid", space, sizeof space - 1);
    space[n > 0 ? n : 0] = '\0';
    read_line("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    (void)snprintf(ret, size, "%s %s", boot, space);
}

static void holder_name(const allora_ctx *ctx, char ret[HOLDER_SIZE])
{
    char here[128];
    long pid = (long)getpid();
    place(here, sizeof here);
    (void)snprintf(ret, HOLDER_SIZE, "%ld %llu %.16s %.110s", pid, start_of(pid), ctx->trace_id,
                   here);
}

bool holder_is_gone(const char *holder)
{
    char here[128], *end;
    if (!holder)
        return true;
    long pid = strtol(holder, &end, 10);
    unsigned long long start = strtoull(end, &end, 10);
    const char *there = *end == ' ' ? strchr(end + 1, ' ') : NULL;
    if (!there)
        return false;
    there++;
    place(here, sizeof here);
    size_t boot = strcspn(here, " ");
    if (strncmp(there, here, boot) != 0)
        return true; /* the machine was started anew */
    return streq(there, here) && start_of(pid) != start;
}

/* ---- the lease ---- */

static void *renew(void *self)
{
    struct plan_lease *l = self;
    thread_begin();
    (void)pthread_mutex_lock(&l->lock);
    while (!l->ending) {
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += RENEW_S;
        int rc = 0;
        while (!l->ending && rc == 0)
            rc = pthread_cond_timedwait(&l->ended, &l->lock, &until);
        if (l->ending)
            break;
        (void)pthread_mutex_unlock(&l->lock);
        allora_error ignored = ERR_INIT; /* plan_lease_check() will say so */
        (void)store_lease_take(l->store, l->name, l->owner, lease_us, &ignored);
        (void)pthread_mutex_lock(&l->lock);
    }
    (void)pthread_mutex_unlock(&l->lock);
    thread_end();
    return NULL;
}

static void start_renewing(struct plan_lease *l)
{
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&l->lock, NULL);
    (void)pthread_cond_init(&l->ended, &attr);
    (void)pthread_condattr_destroy(&attr);
    /* Without the thread the lease ends by itself, and the next step notices. */
    l->renewing = pthread_create(&l->renewer, NULL, renew, l) == 0;
}

static int32_t busy(const struct plan *p, allora_error *err)
{
    long pid = p->holder ? strtol(p->holder, NULL, 10) : 0;
    int32_t status =
        pid ? err_set(err, ALLORA_E_CONFLICT,
                      "plan %s is being applied by another allora (process %ld)", p->id, pid)
            : err_set(err, ALLORA_E_CONFLICT, "plan %s is being applied by another allora", p->id);
    err_hint(err, "allora plan show %s says how far it is", p->id);
    return status;
}

/* The lease and the plan that says who has it, both or neither: whoever finds the one after a crash
 * has to know the other. */
static int32_t take(struct plan_lease *l, struct gate *g, struct plan *p, allora_error *err)
{
    int32_t status = store_begin(l->store, err);
    if (status)
        return status;
    if (p->holder && holder_is_gone(p->holder))
        store_lease_release(l->store, l->name, p->holder);
    status = store_lease_take(l->store, l->name, l->owner, lease_us, err);
    if (status == ALLORA_E_CONFLICT)
        status = busy(p, err);
    if (!status) {
        p->holder = l->owner;
        status = plan_save(g, p, err);
    }
    if (!status)
        return store_commit(l->store, err);
    store_rollback(l->store);
    return status;
}

int32_t plan_lease_take(struct plan_lease *l, struct gate *g, const allora_ctx *ctx, struct plan *p,
                        allora_error *err)
{
    *l = (struct plan_lease){.store = g->parts.store};
    holder_name(ctx, l->owner);
    (void)snprintf(l->name, sizeof l->name, "plan/%s", p->id);
    int32_t status = take(l, g, p, err);
    if (status)
        return status;
    l->held = true;
    start_renewing(l);
    return ALLORA_OK;
}

int32_t plan_lease_check(struct plan_lease *l, allora_error *err)
{
    return store_lease_take(l->store, l->name, l->owner, lease_us, err);
}

static void stop_renewing(struct plan_lease *l)
{
    (void)pthread_mutex_lock(&l->lock);
    l->ending = true;
    (void)pthread_cond_signal(&l->ended);
    (void)pthread_mutex_unlock(&l->lock);
    if (l->renewing)
        (void)pthread_join(l->renewer, NULL);
    (void)pthread_cond_destroy(&l->ended);
    (void)pthread_mutex_destroy(&l->lock);
}

int32_t plan_lease_end(struct plan_lease *l, struct gate *g, struct plan *p, allora_error *err)
{
    stop_renewing(l);
    l->held = false;
    p->holder = NULL;
    int32_t status = store_begin(l->store, err);
    if (status)
        return status;
    status = plan_save(g, p, err);
    if (status) {
        store_rollback(l->store);
        return status;
    }
    store_lease_release(l->store, l->name, l->owner);
    return store_commit(l->store, err);
}
