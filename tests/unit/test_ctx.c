/* core/base/ctx.h */
#include "unit/unit.h"

#include "base/clock.h"
#include "base/ctx.h"
#include "base/err.h"

#include <poll.h>
#include <string.h>

static const struct principal maria = {.name = "local:maria", .local_owner = true};

static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void test_children_inherit(void **state)
{
    static const struct progress progress = {0};
    int plugin = 0;

    (void)state;
    allora_ctx *root = ctx_root(&maria, 0);
    assert_non_null(root);
    root->progress = &progress;
    allora_ctx *child = ctx_open(root, &plugin, 0, ALLORA_SCOPE_INTERRUPT);
    allora_ctx *grandchild = ctx_open(child, NULL, 0, 0);
    assert_ptr_equal(grandchild->principal, &maria);
    assert_ptr_equal(grandchild->plugin, &plugin);
    assert_ptr_equal(grandchild->progress, &progress);
    assert_int_equal(grandchild->flags, 0);
    assert_int_equal(strlen(root->trace_id), 16);
    assert_string_equal(grandchild->trace_id, root->trace_id);
    assert_non_null(ctx_alloc(grandchild, 100));
    assert_int_equal((uintptr_t)ctx_alloc(grandchild, 1) % 16, 0);
    ctx_close(root); /* closes all three */
    ctx_close(NULL);
}

static void test_deadlines_only_shrink(void **state)
{
    int64_t soon = clock_mono_us() + 30000000;

    (void)state;
    A_CLEAN(ctx_closep) allora_ctx *root = ctx_root(&maria, soon);
    allora_ctx *same = ctx_open(root, NULL, 0, 0);
    allora_ctx *later = ctx_open(root, NULL, 60000, 0);
    allora_ctx *sooner = ctx_open(root, NULL, 1, 0);
    assert_int_equal(same->deadline_us, soon);
    assert_int_equal(later->deadline_us, soon);
    assert_true(sooner->deadline_us < soon);
    assert_int_equal(ctx_sleep(sooner, 1000000), ALLORA_E_TIMEOUT);
    assert_int_equal(ctx_cancelled(sooner), ALLORA_E_TIMEOUT);
    assert_int_equal(ctx_cancelled(root), 0);
    allora_error err = ERR_INIT;
    assert_int_equal(ctx_check(root, &err), ALLORA_OK);
    assert_int_equal(ctx_check(sooner, &err), ALLORA_E_TIMEOUT);
    assert_string_equal(err.message, "timed out");
    ctx_cancel(sooner, ALLORA_E_BUDGET); /* a stated reason comes before the clock */
    assert_int_equal(ctx_cancelled(sooner), ALLORA_E_BUDGET);
}

static void test_cancel_reaches_down_not_up(void **state)
{
    allora_error err = ERR_INIT;
    int32_t fds[3], late = -1;

    (void)state;
    A_CLEAN(ctx_closep) allora_ctx *root = ctx_root(&maria, 0);
    allora_ctx *a = ctx_open(root, NULL, 0, 0), *b = ctx_open(a, NULL, 0, 0);
    allora_ctx *other = ctx_open(root, NULL, 0, 0);
    assert_int_equal(ctx_cancel_fd(root, &fds[0], &err), ALLORA_OK);
    assert_int_equal(ctx_cancel_fd(b, &fds[1], &err), ALLORA_OK);
    assert_int_equal(ctx_cancel_fd(other, &fds[2], &err), ALLORA_OK);
    ctx_cancel(a, ALLORA_E_CANCELLED);
    ctx_cancel(a, ALLORA_E_TIMEOUT); /* the first stands */
    assert_int_equal(ctx_cancelled(a), ALLORA_E_CANCELLED);
    assert_int_equal(ctx_cancelled(b), ALLORA_E_CANCELLED);
    assert_int_equal(ctx_cancelled(root), 0);
    assert_int_equal(ctx_cancelled(other), 0);
    assert_false(readable(fds[0]));
    assert_true(readable(fds[1]));
    assert_false(readable(fds[2]));
    assert_int_equal(ctx_cancel_fd(a, &late, &err), ALLORA_OK); /* asked for afterwards */
    assert_true(readable(late));
    allora_ctx *born_dead = ctx_open(b, NULL, 0, 0);
    assert_int_equal(ctx_cancelled(born_dead), ALLORA_E_CANCELLED);
    assert_int_equal(ctx_cancel_fd(born_dead, &late, &err), ALLORA_OK);
    assert_true(readable(late));
    ctx_close(a); /* a branch in the middle */
    assert_ptr_equal(root->children, other);
    assert_null(other->next_sibling);
}

static void test_interrupt_works_outwards(void **state)
{
    (void)state;
    A_CLEAN(ctx_closep) allora_ctx *root = ctx_root(&maria, 0);
    allora_ctx *chat = ctx_open(root, NULL, 0, ALLORA_SCOPE_INTERRUPT);
    allora_ctx *turn = ctx_open(chat, NULL, 0, 0);
    allora_ctx *tool = ctx_open(turn, NULL, 0, ALLORA_SCOPE_INTERRUPT);
    allora_ctx *newer = ctx_open(turn, NULL, 0, ALLORA_SCOPE_INTERRUPT);
    allora_ctx *leaf = ctx_open(newer, NULL, 0, 0);
    ctx_interrupt(root);
    assert_int_equal(ctx_cancelled(leaf), ALLORA_E_CANCELLED);
    assert_int_equal(ctx_cancelled(newer), ALLORA_E_CANCELLED);
    assert_int_equal(ctx_cancelled(tool), 0);
    ctx_interrupt(root);
    assert_int_equal(ctx_cancelled(tool), ALLORA_E_CANCELLED);
    assert_int_equal(ctx_cancelled(chat), 0);
    ctx_interrupt(root);
    assert_int_equal(ctx_cancelled(chat), ALLORA_E_CANCELLED);
    assert_int_equal(ctx_cancelled(root), 0);
    ctx_interrupt(root);
    assert_int_equal(ctx_cancelled(root), ALLORA_E_CANCELLED);
    ctx_interrupt(root);
}

static void *sleep_long(void *arg)
{
    allora_ctx *c = arg;
    return (void *)(intptr_t)ctx_sleep(c, INT64_MAX);
}

static void *poll_flag(void *arg)
{
    allora_ctx *c = arg;
    while (ctx_cancelled(c) == 0) {
        allora_ctx *page = ctx_open(c, NULL, 0, 0); /* as a paging plugin does */
        if (!page || !ctx_alloc(page, 64))
            return NULL;
        ctx_close(page);
    }
    return (void *)(intptr_t)ctx_cancelled(c);
}

static void *poll_fd(void *arg)
{
    allora_ctx *c = arg;
    int32_t fd = -1;
    if (ctx_cancel_fd(c, &fd, NULL) != ALLORA_OK)
        return NULL;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 20000) == 1 ? (void *)(intptr_t)ctx_cancelled(c) : NULL;
}

static void test_threads(void **state)
{
    enum { N = 6 };
    static void *(*const work[3])(void *) = {sleep_long, poll_flag, poll_fd};
    pthread_t threads[N];

    (void)state;
    A_CLEAN(ctx_closep) allora_ctx *root = ctx_root(&maria, clock_mono_us() + 30000000);
    for (size_t i = 0; i < N; i++) {
        allora_ctx *c = ctx_open(root, NULL, 0, 0);
        assert_non_null(c);
        assert_int_equal(pthread_create(&threads[i], NULL, work[i % 3], c), 0);
    }
    assert_int_equal(ctx_sleep(root, 20000), 0);
    int64_t start = clock_mono_us();
    ctx_interrupt(root);
    for (size_t i = 0; i < N; i++) {
        void *status = NULL;
        assert_int_equal(pthread_join(threads[i], &status), 0);
        assert_int_equal((intptr_t)status, ALLORA_E_CANCELLED);
    }
    assert_true(clock_mono_us() - start < 10000000);
}

static void test_sleep(void **state)
{
    (void)state;
    A_CLEAN(ctx_closep) allora_ctx *root = ctx_root(&maria, 0);
    int64_t start = clock_mono_us();
    assert_int_equal(ctx_sleep(root, 10000), 0);
    assert_true(clock_mono_us() - start >= 10000);
    assert_int_equal(ctx_sleep(root, -5), 0);
    ctx_cancel(root, 0); /* no reason given */
    start = clock_mono_us();
    assert_int_equal(ctx_sleep(root, 10000000), ALLORA_E_CANCELLED);
    assert_true(clock_mono_us() - start < 5000000);
}

static bool open_two(void)
{
    A_CLEAN(ctx_closep) allora_ctx *root = ctx_root(&maria, 0);
    allora_ctx *child = root ? ctx_open(root, NULL, 0, 0) : NULL;
    return child && ctx_alloc(child, 10);
}

static void test_out_of_memory(void **state)
{
    unsigned runs;

    (void)state;
    TORTURE(open_two(), &runs);
    assert_int_equal(runs, 4);
}

/* Only the owner's own hand counts: not an agent's, not a plugin's, unless the person's credential
 * opened the scope. */
static void test_a_person(void **state)
{
    (void)state;
    static const struct principal owner = {"local:a", true, false}, agent = {"local:a", true, true},
                                  guest = {"guest", false, false};
    const struct {
        const struct principal *who;
        bool plugin, vouched, expected;
    } cases[] = {{&owner, false, false, true}, {&owner, true, false, false},
                 {&owner, true, true, true},   {&agent, false, false, false},
                 {&agent, true, true, false},  {&guest, false, true, false},
                 {NULL, false, false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        A_CLEAN(ctx_closep) allora_ctx *root = ctx_root(cases[i].who, 0);
        assert_non_null(root);
        root->vouched = cases[i].vouched;
        A_CLEAN(ctx_closep)
        allora_ctx *call = ctx_open(root, cases[i].plugin ? &owner : NULL, 0, 0);
        assert_non_null(call);
        assert_int_equal(ctx_is_person(call), cases[i].expected);
    }
}

static char order[8];

static void note(void *self)
{
    size_t n = strlen(order);
    order[n] = *(const char *)self;
    order[n + 1] = '\0';
}

/* The latest first, children before their parents, and before the memory goes. */
static void test_at_close(void **state)
{
    (void)state;
    allora_ctx *root = ctx_root(&maria, 0), *child = root ? ctx_open(root, NULL, 0, 0) : NULL;
    assert_non_null(child);
    char *in_arena = ctx_alloc(child, 1);
    assert_non_null(in_arena);
    *in_arena = 'c';
    order[0] = '\0';
    assert_true(ctx_at_close(root, note, (void *)(uintptr_t) "a"));
    assert_true(ctx_at_close(child, note, (void *)(uintptr_t) "b"));
    assert_true(ctx_at_close(child, note, in_arena));
    ctx_close(root);
    assert_string_equal(order, "cba");
}

/* A request to end reaches those scopes that asked for it, and else the whole call. */
static void test_drain(void **state)
{
    (void)state;
    A_CLEAN(ctx_closep) allora_ctx *root = ctx_root(&maria, 0);
    allora_ctx *call = ctx_open(root, NULL, 0, 0),
               *accept = ctx_open(call, NULL, 0, ALLORA_SCOPE_DRAIN | ALLORA_SCOPE_INTERRUPT),
               *request = ctx_open(call, NULL, 0, 0);
    assert_non_null(request);
    ctx_drain(root);
    assert_int_equal(ctx_cancelled(accept), ALLORA_E_CANCELLED);
    assert_int_equal(ctx_cancelled(request), 0);
    ctx_drain(root);
    assert_int_equal(ctx_cancelled(request), ALLORA_E_CANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_close),
        cmocka_unit_test(test_drain),
        cmocka_unit_test(test_children_inherit),
        cmocka_unit_test(test_deadlines_only_shrink),
        cmocka_unit_test(test_cancel_reaches_down_not_up),
        cmocka_unit_test(test_interrupt_works_outwards),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_sleep),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_a_person),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
