/* core/base/pool.h */
#include "unit/unit.h"

#include "base/clock.h"
#include "base/pool.h"

#include <allora/plugin.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

static void sleep_ms(long ms)
{
    struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&ts, NULL);
}

static _Atomic int done;

static void nap(void *arg)
{
    sleep_ms(*(long *)arg);
    atomic_fetch_add(&done, 1);
}

static void test_sleepers_do_not_wait_for_cores(void **state)
{
    long ms = 200;

    (void)state;
    atomic_store(&done, 0);
    struct pool *p = pool_new(100);
    int64_t start = clock_mono_us();
    for (int i = 0; i < 100; i++)
        assert_int_equal(pool_submit(p, nap, &ms), ALLORA_OK);
    pool_free(p); /* waits for them */
    assert_int_equal(atomic_load(&done), 100);
    assert_in_range(clock_mono_us() - start, 200000, 2000000); /* one after the other: 20 s */
}

static _Atomic int running, most;

static void count_running(void *arg)
{
    int now = atomic_fetch_add(&running, 1) + 1, seen = atomic_load(&most);

    (void)arg;
    while (now > seen && !atomic_compare_exchange_weak(&most, &seen, now))
        ;
    sleep_ms(5);
    atomic_fetch_sub(&running, 1);
    atomic_fetch_add(&done, 1);
}

static void test_limit_holds(void **state)
{
    (void)state;
    atomic_store(&done, 0);
    atomic_store(&most, 0);
    struct pool *p = pool_new(3);
    for (int i = 0; i < 60; i++)
        assert_int_equal(pool_submit(p, count_running, NULL), ALLORA_OK);
    pool_wait_begin(p); /* outside a job: means nothing */
    pool_wait_end(p);
    pool_free(p);
    assert_int_equal(atomic_load(&done), 60);
    assert_in_range(atomic_load(&most), 2, 3);
}

struct group {
    struct pool *pool;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int left, depth, status;
};

static void nested(void *arg);

static void run_group(struct group *g, int n)
{
    g->left = n;
    for (int i = 0; i < n; i++) {
        if (pool_submit(g->pool, nested, g) != ALLORA_OK) {
            g->status = -1;
            g->left--;
        }
    }
    pool_wait_begin(g->pool);
    (void)pthread_mutex_lock(&g->lock);
    while (g->left > 0)
        (void)pthread_cond_wait(&g->changed, &g->lock);
    (void)pthread_mutex_unlock(&g->lock);
    pool_wait_end(g->pool);
}

static void nested(void *arg)
{
    struct group *parent = arg;

    if (parent->depth > 0) {
        struct group below = {.pool = parent->pool,
                              .depth = parent->depth - 1,
                              .lock = PTHREAD_MUTEX_INITIALIZER,
                              .changed = PTHREAD_COND_INITIALIZER};
        run_group(&below, 3);
        (void)pthread_mutex_lock(&parent->lock);
        if (below.status != 0)
            parent->status = below.status;
        (void)pthread_mutex_unlock(&parent->lock);
        (void)pthread_mutex_destroy(&below.lock);
        (void)pthread_cond_destroy(&below.changed);
    }
    atomic_fetch_add(&done, 1);
    (void)pthread_mutex_lock(&parent->lock);
    parent->left--;
    (void)pthread_cond_signal(&parent->changed);
    (void)pthread_mutex_unlock(&parent->lock);
}

/* With one thread allowed, every level waits for the next: only the rule on waits keeps it from
 * standing still. */
static void test_nested_jobs(void **state)
{
    (void)state;
    for (unsigned max = 1; max <= 4; max++) {
        atomic_store(&done, 0);
        struct group top = {.pool = pool_new(max),
                            .depth = 4,
                            .lock = PTHREAD_MUTEX_INITIALIZER,
                            .changed = PTHREAD_COND_INITIALIZER};
        assert_non_null(top.pool);
        run_group(&top, 2);
        pool_free(top.pool);
        assert_int_equal(top.status, 0);
        assert_int_equal(atomic_load(&done), 2 * (1 + 3 + 9 + 27 + 81));
    }
}

static void resubmit(void *arg)
{
    struct group *g = arg;

    if (atomic_fetch_add(&done, 1) < 500)
        g->status |= pool_submit(g->pool, resubmit, g);
}

static void test_free_waits_for_jobs_of_jobs(void **state)
{
    (void)state;
    atomic_store(&done, 0);
    struct group g = {.pool = pool_new(1)};
    assert_int_equal(pool_submit(g.pool, resubmit, &g), ALLORA_OK);
    pool_free(g.pool);
    assert_int_equal(atomic_load(&done), 501);
    assert_int_equal(g.status, ALLORA_OK);
}

/* After a wait there is one thread too many; when it ends it must not take a job's wake-up with it.
 */
static void test_surplus_threads_pass_work_on(void **state)
{
    (void)state;
    struct group top = {.pool = pool_new(2),
                        .depth = 1,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .changed = PTHREAD_COND_INITIALIZER};
    for (int round = 0; round < 50; round++) {
        int64_t start = clock_mono_us();
        run_group(&top, 4);
        for (int i = 0; i < 4; i++)
            assert_int_equal(pool_submit(top.pool, count_running, NULL), ALLORA_OK);
        assert_true(clock_mono_us() - start < 4000000);
        sleep_ms(1);
    }
    int64_t start = clock_mono_us();
    pool_free(top.pool);
    assert_true(clock_mono_us() - start < 4000000);
}

static pthread_t ran_on;

static void note_thread(void *arg)
{
    (void)arg;
    ran_on = pthread_self();
    atomic_fetch_add(&done, 1);
}

static void wait_without_threads(void *arg)
{
    struct group *g = arg;

    mem_fail_after(1); /* the job is stored, the thread for it is refused */
    g->status = pool_submit(g->pool, note_thread, NULL);
    mem_fail_after(0); /* and once more when the wait begins */
    pool_wait_begin(g->pool);
    mem_fail_after(-1);
    g->left = atomic_load(&done) == 1 && pthread_equal(ran_on, pthread_self()) ? 0 : 1;
    pool_wait_end(g->pool);
}

/* What would wait for ever is done by the one who waits. */
static void test_no_thread_to_be_had(void **state)
{
    (void)state;
    atomic_store(&done, 0);
    struct group g = {.pool = pool_new(2), .left = -1};
    assert_int_equal(pool_submit(g.pool, wait_without_threads, &g), ALLORA_OK);
    pool_free(g.pool);
    assert_int_equal(g.status, ALLORA_OK);
    assert_int_equal(g.left, 0);
}

static void test_empty(void **state)
{
    (void)state;
    pool_free(pool_new(4));
    pool_free(pool_new(0));
    pool_free(NULL);
}

static bool submit_two(void)
{
    struct pool *p = pool_new(2);
    long ms = 1;
    bool ok = p && pool_submit(p, nap, &ms) == ALLORA_OK && pool_submit(p, nap, &ms) == ALLORA_OK;

    pool_free(p);
    return ok;
}

static void test_out_of_memory(void **state)
{
    unsigned runs;

    (void)state;
    TORTURE(submit_two(), &runs);
    assert_true(runs >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sleepers_do_not_wait_for_cores),
        cmocka_unit_test(test_limit_holds),
        cmocka_unit_test(test_nested_jobs),
        cmocka_unit_test(test_free_waits_for_jobs_of_jobs),
        cmocka_unit_test(test_surplus_threads_pass_work_on),
        cmocka_unit_test(test_no_thread_to_be_had),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
