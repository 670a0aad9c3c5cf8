/* The bus: in order, by topic, from where one left off, across processes, and not for ever. */
#include "services_help.h"

#include "base/clock.h"
#include "base/json.h"
#include "store/bus.h"
#include "store/store.h"

#include <ftw.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char room[64];
static struct store *store;
static struct caller c;

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int setup(void **state)
{
    allora_error err = ERR_INIT;
    (void)state;
    (void)snprintf(room, sizeof room, "/tmp/allora-bus-XXXXXX");
    assert_non_null(mkdtemp(room));
    assert_int_equal(store_new(room, &store, &err), ALLORA_OK);
    caller_open(&c, "teller", "{\"events\":true}");
    c.registry.store = store;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    caller_close(&c);
    store_free(store);
    return nftw(room, drop, 16, FTW_DEPTH | FTW_PHYS);
}

static void publish(const char *topic, const char *data)
{
    allora_error err = ERR_INIT;
    if (host_events.publish(c.ctx, topic, (allora_str){data, strlen(data)}, &err))
        fail_msg("%s", err.message);
}

/* Collects "seq topic data;", until it has as many as it wants. */
struct listener {
    char text[4096];
    uint64_t last;
    unsigned n, want;
};

static int32_t hear(void *self, int32_t kind, allora_str payload)
{
    struct listener *l = self;
    A_CLEAN(json_freep) json_node *doc = NULL;
    allora_error err = ERR_INIT;
    int64_t at;
    assert_int_equal(kind, ALLORA_EV_MESSAGE);
    assert_int_equal(json_parse(payload.ptr, (size_t)payload.len, &doc, &err), ALLORA_OK);
    const char *time = json_get_str(doc, "time", "");
    assert_int_equal(time_parse(time, strlen(time), &at), ALLORA_OK);
    uint64_t seq = (uint64_t)json_get_int(doc, "seq", 0);
    assert_true(seq > l->last);
    l->last = seq;
    size_t used = strlen(l->text);
    (void)snprintf(l->text + used, sizeof l->text - used, "%s %lld;",
                   json_get_str(doc, "topic", ""), (long long)json_get_int(doc, "data", -1));
    return ++l->n >= l->want ? ALLORA_STOP : ALLORA_OK;
}

static int32_t follow(struct listener *l, allora_ctx *ctx, const char *glob, uint64_t after,
                      allora_error *err)
{
    const allora_sink sink = {l, NULL, NULL, hear};
    return host_events.follow(ctx, glob, after, &sink, err);
}

static void in_order_and_by_topic(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    struct listener all = {.want = 4}, some = {.want = 2}, rest = {.want = 2};
    publish("alert.disk", "1");
    publish("sign.off", "2");
    publish("alert.cpu", "3");
    publish("alert", "");
    assert_int_equal(follow(&all, c.ctx, "*", 0, &err), ALLORA_OK);
    assert_string_equal(all.text, "alert.disk 1;sign.off 2;alert.cpu 3;alert -1;");
    assert_int_equal(follow(&some, c.ctx, "alert.*", 0, &err), ALLORA_OK);
    assert_string_equal(some.text, "alert.disk 1;alert.cpu 3;");
    assert_int_equal(follow(&rest, c.ctx, "*", 2, &err), ALLORA_OK); /* resumes */
    assert_string_equal(rest.text, "alert.cpu 3;alert -1;");
}

static void refuses_nonsense(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    static const char *const topics[] = {"", ".", "a..b", "a b", ".a", "a.", "a/b", "a\"b"};
    for (size_t i = 0; i < COUNT(topics); i++)
        assert_int_equal(host_events.publish(c.ctx, topics[i], (allora_str){"1", 1}, &err),
                         ALLORA_E_ARG);
    assert_int_equal(host_events.publish(c.ctx, "a", (allora_str){"{", 1}, &err), ALLORA_E_ARG);
    char *big = malloc(BUS_DATA_MAX + 3);
    assert_non_null(big);
    memset(big, ' ', BUS_DATA_MAX + 2);
    big[0] = '1';
    assert_int_equal(host_events.publish(c.ctx, "a", (allora_str){big, BUS_DATA_MAX + 1}, &err),
                     ALLORA_E_ARG);
    free(big);
    assert_int_equal(host_events.publish(c.ctx, "plan.7f3a", (allora_str){"1", 1}, &err),
                     ALLORA_E_DENIED);
    assert_non_null(strstr(err.message, "may not publish plan.7f3a"));
    static const struct principal stranger = {"anonymous", false, false};
    struct listener l = {.want = 1};
    c.ctx->principal = &stranger;
    assert_int_equal(host_events.publish(c.ctx, "a", (allora_str){"1", 1}, &err), ALLORA_E_DENIED);
    assert_int_equal(follow(&l, c.ctx, "*", 0, &err), ALLORA_E_DENIED);
}

static void *publish_soon(void *n)
{
    struct timespec t = {.tv_nsec = 50000000};
    for (int i = 0; i < *(int *)n; i++) {
        (void)nanosleep(&t, NULL);
        t.tv_nsec = 1000000;
        allora_error err = ERR_INIT;
        assert_int_equal(bus_publish(store, "late.one", (allora_str){"7", 1}, NULL, &err), 0);
    }
    return NULL;
}

static void waits_for_what_comes(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    pthread_t thread;
    int n = 3;
    struct listener l = {.want = 3};
    publish("late.old", "1");
    assert_int_equal(pthread_create(&thread, NULL, publish_soon, &n), 0);
    assert_int_equal(follow(&l, c.ctx, "late.*", UINT64_MAX, &err), ALLORA_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(l.text, "late.one 7;late.one 7;late.one 7;");
}

static void *cancel_soon(void *ctx)
{
    const struct timespec t = {.tv_nsec = 100000000};
    (void)nanosleep(&t, NULL);
    ctx_cancel(ctx, ALLORA_E_CANCELLED);
    return NULL;
}

static void ends_with_its_call(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    pthread_t thread;
    struct listener l = {.want = 9};
    allora_ctx *scope = ctx_open(c.ctx, NULL, 150, 0);
    assert_int_equal(follow(&l, scope, "*", 0, &err), ALLORA_E_TIMEOUT); /* nothing is stored yet */
    ctx_close(scope);
    publish("a", "1");
    scope = ctx_open(c.ctx, NULL, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, cancel_soon, scope), 0);
    assert_int_equal(follow(&l, scope, "b", 0, &err), ALLORA_E_CANCELLED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    ctx_close(scope);
    assert_int_equal(l.n, 0);
}

/* What another process publishes is heard here, what both do has one order. */
static void across_processes(void **state)
{
    (void)state;
    enum { EACH_ONE = 40 };
    allora_error err = ERR_INIT;
    int status = 0;
    struct listener l = {.want = 2 * EACH_ONE};
    pid_t pid = fork();
    if (pid == 0) {
        struct store *mine = NULL;
        int32_t rc = store_new(room, &mine, &err);
        for (int i = 0; !rc && i < EACH_ONE; i++)
            rc = bus_publish(mine, "other.x", (allora_str){"1", 1}, NULL, &err);
        store_free(mine);
        _exit(rc ? 1 : 0);
    }
    for (int i = 0; i < EACH_ONE; i++)
        publish("own.x", "2");
    assert_int_equal(follow(&l, c.ctx, "*.x", 0, &err), ALLORA_OK);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(l.n, 2 * EACH_ONE);
}

static int32_t count(void *self, const struct store_record *r)
{
    (void)r;
    ++*(uint64_t *)self;
    return ALLORA_OK;
}

/* Records of another age are put there by hand; every 64th publication takes them away. */
static void what_is_old_goes(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    const allora_str old = {"{\"topic\":\"a\",\"data\":1}", 22};
    int64_t day = (int64_t)86400 * 1000000, now = clock_wall_us();
    uint64_t n = 0;
    for (int i = 0; i < 30; i++)
        assert_int_equal(
            store_log_append_at(store, "events", UINT64_MAX, now - 9 * day + i, old, NULL, &err),
            ALLORA_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(
            store_log_append_at(store, "events", UINT64_MAX, now - 6 * day + i, old, NULL, &err),
            0);
    for (int i = 36; i <= 64; i++)
        publish("b", "1");
    assert_int_equal(store_log_read(store, "events", 0, false, 0, count, &n, &err), ALLORA_OK);
    assert_int_equal(n, 34);
    struct listener l = {.want = 1};
    assert_int_equal(follow(&l, c.ctx, "b", 0, &err), ALLORA_OK);
    assert_int_equal(l.last, 36);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(in_order_and_by_topic), EACH(refuses_nonsense), EACH(waits_for_what_comes),
        EACH(ends_with_its_call),    EACH(across_processes), EACH(what_is_old_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
