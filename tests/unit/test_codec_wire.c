/* The codec over a wire that takes its time: two threads, a queue in each direction, as a socket
 * between two processes would be.  Credit holds a fast plugin back, a STOP overtakes what is under
 * way, cancellation arrives while the plugin works, reverse calls go through the call's own thread.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "plugin/codec_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "mini_host.h"

struct item {
    struct item *next;
    struct frame frame;
    char bytes[];
};
/* What one end receives. */
struct queue {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct item *first, **last;
    uint32_t n, most; /* frames waiting, and the most there ever were */
    bool closed;
};
struct line {
    struct queue to_plugin, to_host;
    struct peer host, plugin;
    pthread_t child;
};

static void queue_init(struct queue *q)
{
    (void)pthread_mutex_init(&q->lock, NULL);
    (void)pthread_cond_init(&q->more, NULL);
    q->last = &q->first;
}

static bool push(struct queue *q, const struct frame *f)
{
    struct item *item = malloc(sizeof *item + f->len);
    if (!item)
        return false;
    *item = (struct item){.frame = *f};
    memcpy(item->bytes, f->ptr, f->len);
    item->frame.ptr = item->bytes;
    (void)pthread_mutex_lock(&q->lock);
    *q->last = item;
    q->last = &item->next;
    if (++q->n > q->most)
        q->most = q->n;
    (void)pthread_cond_signal(&q->more);
    (void)pthread_mutex_unlock(&q->lock);
    return true;
}

/* Waits up to a while; NULL when nothing came. */
static struct item *pop(struct queue *q, int64_t wait_ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += wait_ms * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    (void)pthread_mutex_lock(&q->lock);
    while (!q->first && !q->closed && wait_ms > 0 &&
           pthread_cond_timedwait(&q->more, &q->lock, &until) == 0)
        continue;
    struct item *item = q->first;
    if (item) {
        q->first = item->next;
        if (!q->first)
            q->last = &q->first;
        q->n--;
    }
    (void)pthread_mutex_unlock(&q->lock);
    return item;
}

static bool send_to_plugin(void *self, const struct frame *f)
{
    return push(&((struct line *)self)->to_plugin, f);
}

static bool send_to_host(void *self, const struct frame *f)
{
    return push(&((struct line *)self)->to_host, f);
}

static bool receive(struct queue *q, struct peer *p, int64_t wait_ms)
{
    struct item *item = pop(q, wait_ms);
    if (item)
        peer_receive(p, &item->frame);
    free(item);
    return item != NULL;
}

static bool is_closed(struct queue *q)
{
    (void)pthread_mutex_lock(&q->lock);
    bool closed = q->closed;
    (void)pthread_mutex_unlock(&q->lock);
    return closed;
}

/* The host looks after cancellation while it waits. */
static bool host_waits(void *self, struct peer *p)
{
    struct line *l = self;
    (void)receive(&l->to_host, p, 2);
    peer_tick(p, 0);
    return true;
}

static bool plugin_waits(void *self, struct peer *p)
{
    struct line *l = self;
    (void)receive(&l->to_plugin, p, 1000);
    return !is_closed(&l->to_plugin);
}

static void plugin_polls(void *self, uint64_t ctx)
{
    struct line *l = self;
    (void)ctx;
    while (receive(&l->to_plugin, &l->plugin, 0))
        continue;
}

static void *child_main(void *arg)
{
    struct line *l = arg;
    for (bool closed = false; !closed;) {
        (void)receive(&l->to_plugin, &l->plugin, 20);
        closed = is_closed(&l->to_plugin);
    }
    return NULL;
}

/* ---- the plugin ---- */

struct allora_instance {
    const allora_host *host;
    const allora_scope_v1 *scope;
    pthread_t thread;
};
static struct allora_instance the_one;
static uint32_t rows_sent;

static int32_t list(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                    const allora_sink *sink, allora_error *err)
{
    (void)err;
    assert_true(pthread_equal(self->thread, pthread_self()));
    rows_sent = 0;
    for (uint64_t i = 0; i < req->limit; i++) {
        const allora_value v = {.type = ALLORA_V_INT, .u.i = (int64_t)i};
        int32_t rc = sink->row(sink->self, &v, 1);
        if (rc)
            return rc == ALLORA_STOP ? ALLORA_OK : rc;
        rows_sent++;
    }
    if (strcmp(req->table, "wait") != 0)
        return ALLORA_OK;
    allora_ctx *child = NULL;
    if (self->scope->open(ctx, (allora_str){NULL, 0}, 0, 0, &child, err))
        return ALLORA_E_INTERNAL;
    const struct timespec moment = {.tv_nsec = 1000000};
    int32_t rc;
    while ((rc = self->host->cancelled(child)) == 0)
        (void)nanosleep(&moment, NULL);
    self->scope->close(child);
    return self->host->cancelled(ctx) == rc ? rc : ALLORA_E_INTERNAL;
}

static int32_t create(const allora_host *host, allora_ctx *ctx, allora_instance **out,
                      allora_error *err)
{
    (void)err;
    the_one = (struct allora_instance){.host = host, .thread = pthread_self()};
    the_one.scope = host->get_interface(host, ALLORA_SCOPE_ID);
    assert_int_equal(host->now_us(ctx), 1234); /* a reverse call inside of create() */
    assert_string_equal(host->name, "mini");
    *out = &the_one;
    return ALLORA_OK;
}

static void destroy(allora_instance *self)
{
    assert_ptr_equal(self, &the_one);
}

static const allora_provider_v1 provider = {.size = sizeof provider, .list = list};

static const void *get_interface(const char *id)
{
    return strcmp(id, ALLORA_PROVIDER_ID) == 0 ? &provider : NULL;
}

static const allora_plugin plugin = {
    .size = sizeof plugin, .create = create, .destroy = destroy, .get_interface = get_interface};

/* ---- the host ---- */

struct seen {
    uint32_t rows, stop_at;
    int32_t fail;
    uint32_t slow_us;
    pthread_t thread;
};

static int32_t on_row(void *self, const allora_value *cells, uint32_t n)
{
    struct seen *s = self;
    assert_int_equal(n, 1);
    assert_int_equal(cells[0].u.i, s->rows);
    assert_true(pthread_equal(s->thread, pthread_self()));
    const struct timespec moment = {.tv_nsec = (long)s->slow_us * 1000};
    if (s->slow_us)
        (void)nanosleep(&moment, NULL);
    s->rows++;
    return s->rows == s->stop_at ? (s->fail ? s->fail : ALLORA_STOP) : ALLORA_OK;
}

static int32_t on_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    (void)self, (void)columns, (void)n;
    return ALLORA_OK;
}

static int32_t on_event(void *self, int32_t kind, allora_str payload)
{
    (void)self, (void)kind, (void)payload;
    return ALLORA_OK;
}

static const struct wrap_ops ops = {.call = peer_call, .bad_ctx = peer_bad_ctx};
static struct line line;
static allora_ctx *root;
static allora_instance *self;
static const allora_provider_v1 *remote;

static int setup(void **state)
{
    allora_error err = ERR_INIT;
    (void)state;
    log_set_level(ALLORA_LOG_ERROR + 1);
    memset(&line, 0, sizeof line);
    queue_init(&line.to_plugin);
    queue_init(&line.to_host);
    peer_init_host(&line.host, &ops, &mini_host,
                   (struct wire){.self = &line, .send = send_to_plugin, .wait = host_waits});
    peer_init_plugin(
        &line.plugin, &plugin,
        (struct wire){
            .self = &line, .send = send_to_host, .wait = plugin_waits, .poll = plugin_polls});
    root = ctx_root(NULL, 0);
    if (pthread_create(&line.child, NULL, child_main, &line) != 0 ||
        wrap_create(&line.host.wrap, root, &self, &err) != ALLORA_OK)
        return -1;
    remote = wrap_interface(&line.host.wrap, ALLORA_PROVIDER_ID);
    return remote ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    wrap_destroy(&line.host.wrap);
    (void)pthread_mutex_lock(&line.to_plugin.lock);
    line.to_plugin.closed = true;
    (void)pthread_cond_signal(&line.to_plugin.more);
    (void)pthread_mutex_unlock(&line.to_plugin.lock);
    (void)pthread_join(line.child, NULL);
    peer_done(&line.plugin);
    peer_done(&line.host);
    while (receive(&line.to_host, &line.host, 0) || receive(&line.to_plugin, &line.plugin, 0))
        continue;
    ctx_close(root);
    return 0;
}

static int32_t ask(struct seen *s, const char *table, uint64_t rows)
{
    const allora_sink sink = {s, on_begin, on_row, on_event};
    allora_list_request q = {.size = sizeof q, .table = table, .limit = rows};
    allora_error err = ERR_INIT;
    s->thread = pthread_self();
    return remote->list(self, root, &q, &sink, &err);
}

static void a_slow_host_holds_the_plugin_back(void **state)
{
    struct seen s = {.slow_us = 20};
    (void)state;
    assert_int_equal(ask(&s, "rows", 5000), ALLORA_OK);
    assert_int_equal(s.rows, 5000);
    assert_int_equal(rows_sent, 5000);
    assert_true(line.to_host.most <= CODEC_WINDOW + 4);
}

static void stop_and_failure_reach_the_plugin(void **state)
{
    struct seen stopped = {.stop_at = 10}, failed = {.stop_at = 10, .fail = ALLORA_E_BUDGET};
    (void)state;
    assert_int_equal(ask(&stopped, "rows", 1000000), ALLORA_OK);
    assert_int_equal(stopped.rows, 10); /* what was still under way is dropped */
    assert_true(rows_sent <= 10 + 2 * CODEC_WINDOW);
    assert_int_equal(ask(&failed, "rows", 1000000), ALLORA_E_BUDGET);
    assert_int_equal(failed.rows, 10);
}

static void *cancels(void *arg)
{
    const struct timespec moment = {.tv_nsec = 50000000};
    (void)nanosleep(&moment, NULL);
    ctx_cancel(arg, ALLORA_E_CANCELLED);
    return NULL;
}

static void cancellation_arrives(void **state)
{
    struct seen s = {0};
    pthread_t thread;
    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, cancels, root), 0);
    assert_int_equal(ask(&s, "wait", 3), ALLORA_E_CANCELLED);
    assert_int_equal(s.rows, 3);
    (void)pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_slow_host_holds_the_plugin_back, setup, teardown),
        cmocka_unit_test_setup_teardown(stop_and_failure_reach_the_plugin, setup, teardown),
        cmocka_unit_test_setup_teardown(cancellation_arrives, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
