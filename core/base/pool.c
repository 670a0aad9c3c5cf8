/* The worker pool: one queue, one lock, threads made when a job finds nobody idle. */
#include "pool.h"

#include "mem.h"
#include "thread.h"

#include <allora/plugin.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

enum { IDLE_SECONDS = 5 };

struct job {
    struct job *next;
    void (*fn)(void *);
    void *arg;
};

struct worker {
    struct worker *next;
    pthread_t thread;
    struct pool *pool;
};

struct pool {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t work;  /* a job was queued, or the pool ends */
    pthread_cond_t quiet; /* the last job is done, or a thread ended */
    struct job *first, **last;
    struct worker *ended; /* threads to be joined */
    unsigned max, n_threads, n_idle, n_waiting, n_queued, n_running;
    bool stopping;
};

/* The pool whose worker this thread is. */
static _Thread_local struct pool *own_pool;

static bool init_sync(struct pool *p)
{
    pthread_condattr_t attr;

    if (pthread_condattr_init(&attr) != 0)
        return false;
    bool ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
              pthread_cond_init(&p->work, &attr) == 0;
    (void)pthread_condattr_destroy(&attr);
    return ok && pthread_cond_init(&p->quiet, NULL) == 0 && pthread_mutex_init(&p->lock, NULL) == 0;
}

struct pool *pool_new(unsigned max_threads)
{
    struct pool *p = mem_zalloc(sizeof *p);

    if (!p)
        return NULL;
    if (!init_sync(p)) {
        free(p);
        return NULL;
    }
    p->max = max_threads ? max_threads : 1;
    p->last = &p->first;
    return p;
}

/* Runs the oldest job with the lock let go.  Under the lock, and there is one. */
static void run_one(struct pool *p)
{
    struct job *job = p->first;

    p->first = job->next;
    if (!p->first)
        p->last = &p->first;
    p->n_queued--;
    p->n_running++;
    (void)pthread_mutex_unlock(&p->lock);
    job->fn(job->arg);
    free(job);
    (void)pthread_mutex_lock(&p->lock);
    p->n_running--;
    if (p->n_running == 0 && p->n_queued == 0)
        (void)pthread_cond_broadcast(&p->quiet);
}

/* Waits for work; false when this thread should end.  Under the lock. */
static bool await_work(struct pool *p)
{
    struct timespec until;

    if (clock_gettime(CLOCK_MONOTONIC, &until) != 0)
        return false;
    until.tv_sec += IDLE_SECONDS;
    p->n_idle++;
    int result = 0;
    while (p->n_queued == 0 && !p->stopping && result != ETIMEDOUT)
        result = pthread_cond_timedwait(&p->work, &p->lock, &until);
    p->n_idle--;
    return p->n_queued > 0;
}

static void *worker_main(void *arg)
{
    struct worker *self = arg;
    struct pool *p = self->pool;

    own_pool = p;
    thread_begin();
    (void)pthread_mutex_lock(&p->lock);
    for (;;) {
        /* Threads made for the sake of a wait go once it is over. */
        if (p->n_threads > p->max + p->n_waiting)
            break;
        if (p->n_queued > 0)
            run_one(p);
        else if (!await_work(p))
            break;
    }
    p->n_threads--;
    self->next = p->ended;
    p->ended = self;
    if (p->n_queued > 0)
        (void)pthread_cond_signal(&p->work); /* pass on the wake-up meant for a job */
    (void)pthread_cond_broadcast(&p->quiet);
    (void)pthread_mutex_unlock(&p->lock);
    thread_end();
    return NULL;
}

/* Joins the threads that have ended; they hold no lock any more but for their last unlock.  Under
 * the lock. */
static void reap(struct pool *p)
{
    struct worker *w = p->ended;

    p->ended = NULL;
    if (!w)
        return;
    (void)pthread_mutex_unlock(&p->lock);
    while (w) {
        struct worker *next = w->next;
        (void)pthread_join(w->thread, NULL);
        free(w);
        w = next;
    }
    (void)pthread_mutex_lock(&p->lock);
}

/* Signals belong to the main thread: workers start with all of them blocked. */
static bool start_thread(struct pool *p, struct worker *w)
{
    sigset_t all, before;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    w->pool = p;
    int result = pthread_create(&w->thread, NULL, worker_main, w);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result == 0;
}

/* Makes a thread if there is more work than idle threads and the limit allows it.  False only when
 * one was wanted and the system refused.  Under the lock. */
static bool spawn_if_needed(struct pool *p)
{
    if (p->n_queued <= p->n_idle || p->n_threads >= p->max + p->n_waiting)
        return true;

    struct worker *w = mem_zalloc(sizeof *w);
    if (!w)
        return false;
    /* The new thread reads its struct under the lock, which is held here, so w->thread is set by
     * then. */
    if (!start_thread(p, w)) {
        free(w);
        return false;
    }
    p->n_threads++;
    return true;
}

int32_t pool_submit(struct pool *p, void (*fn)(void *), void *arg)
{
    struct job *job = mem_alloc(sizeof *job);

    if (!job)
        return ALLORA_E_NOMEM;
    *job = (struct job){NULL, fn, arg};

    (void)pthread_mutex_lock(&p->lock);
    reap(p);
    struct job **link = p->last;
    *link = job;
    p->last = &job->next;
    p->n_queued++;
    bool spawned = spawn_if_needed(p);
    /* Without a new thread somebody must be left who will come for the job: a worker that is not
     * waiting, such as the one that calls, who takes it up in pool_wait_begin(). */
    if (!spawned && p->n_threads <= p->n_waiting) {
        *link = NULL;
        p->last = link;
        p->n_queued--;
        (void)pthread_mutex_unlock(&p->lock);
        free(job);
        return ALLORA_E_NOMEM;
    }
    (void)pthread_cond_signal(&p->work);
    (void)pthread_mutex_unlock(&p->lock);
    return ALLORA_OK;
}

void pool_wait_begin(struct pool *p)
{
    if (own_pool != p)
        return;
    (void)pthread_mutex_lock(&p->lock);
    p->n_waiting++;
    /* No thread to be had: then this one does the work before it waits. */
    while (!spawn_if_needed(p) && p->n_queued > 0)
        run_one(p);
    (void)pthread_mutex_unlock(&p->lock);
}

void pool_wait_end(struct pool *p)
{
    if (own_pool != p)
        return;
    (void)pthread_mutex_lock(&p->lock);
    p->n_waiting--;
    (void)pthread_mutex_unlock(&p->lock);
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    (void)pthread_mutex_lock(&p->lock);
    while (p->n_queued > 0 || p->n_running > 0)
        (void)pthread_cond_wait(&p->quiet, &p->lock);
    p->stopping = true;
    (void)pthread_cond_broadcast(&p->work);
    while (p->n_threads > 0)
        (void)pthread_cond_wait(&p->quiet, &p->lock);
    reap(p);
    (void)pthread_mutex_unlock(&p->lock);
    (void)pthread_cond_destroy(&p->work);
    (void)pthread_cond_destroy(&p->quiet);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}
