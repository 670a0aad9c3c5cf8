/* core/base/arena.h */
#include "unit/unit.h"

#include "base/arena.h"

#include <string.h>

static void test_allocations_are_aligned_and_apart(void **state)
{
    enum { N = 2000 };
    static unsigned char *got[N];
    struct arena a;

    (void)state;
    arena_init(&a, 0);
    for (size_t i = 0; i < N; i++) {
        got[i] = arena_alloc(&a, i % 97);
        assert_non_null(got[i]);
        assert_int_equal((uintptr_t)got[i] % 16, 0);
        memset(got[i], (int)(i & 0xff), i % 97);
    }
    for (size_t i = 0; i < N; i++) {
        for (size_t j = 0; j < i % 97; j++)
            assert_int_equal(got[i][j], i & 0xff);
    }
    arena_done(&a);
    arena_done(&a); /* twice does no harm */
}

static void test_large_request_keeps_the_current_block(void **state)
{
    struct arena a;

    (void)state;
    arena_init(&a, 0);
    char *first = arena_alloc(&a, 16);
    struct arena_block *block = a.head;
    char *large = arena_alloc(&a, 1 << 20);
    char *second = arena_alloc(&a, 16);
    assert_non_null(first);
    assert_non_null(large);
    assert_non_null(second);
    assert_ptr_equal(a.head, block);
    memset(large, 'x', 1 << 20);
    arena_done(&a);
}

static void test_limit(void **state)
{
    struct arena a;

    (void)state;
    arena_init(&a, 64);
    assert_non_null(arena_alloc(&a, 32));
    assert_non_null(arena_alloc(&a, 17));
    assert_null(arena_alloc(&a, 1));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 8));
    arena_reset(&a);
    assert_non_null(arena_alloc(&a, 64));
    assert_null(arena_array(&a, SIZE_MAX / 4, 8));
    arena_done(&a);
}

static void test_reset_keeps_one_block(void **state)
{
    struct arena a;

    (void)state;
    arena_init(&a, 0);
    for (int i = 0; i < 1000; i++)
        assert_non_null(arena_alloc(&a, i == 500 ? 1 << 20 : 1000));
    struct arena_block *newest = a.head;
    arena_reset(&a);
    assert_int_equal(a.used, 0);
    assert_non_null(arena_alloc(&a, 100000)); /* there is room for it: blocks have grown */
    assert_ptr_equal(a.head, newest);
    arena_done(&a);
}

static void test_strings(void **state)
{
    struct arena a;

    (void)state;
    arena_init(&a, 0);
    assert_string_equal(arena_strdup(&a, "text"), "text");
    assert_string_equal(arena_strndup(&a, "text", 2), "te");
    assert_string_equal(arena_printf(&a, "%s %d", "x", 4), "x 4");
    assert_int_equal(strlen(arena_printf(&a, "%0500d", 1)), 500);
    uint64_t *zeros = arena_array(&a, 100, sizeof *zeros);
    for (int i = 0; i < 100; i++)
        assert_int_equal(zeros[i], 0);
    arena_done(&a);
}

static void test_wipes(void **state)
{
    struct arena a;

    (void)state;
    arena_init(&a, 0);
    a.wipe = true;
    char *secret = arena_strdup(&a, "hunter2hunter2");
    arena_reset(&a);
    char *again = arena_alloc(&a, 15);
    assert_ptr_equal(secret, again);
    for (int i = 0; i < 15; i++)
        assert_int_equal(again[i], 0);
    arena_done(&a);
}

static bool fill(void)
{
    struct arena a;
    bool ok = true;

    arena_init(&a, 0);
    for (size_t i = 0; i < 200 && ok; i++)
        ok = arena_strndup(&a, "0123456789", 10) && arena_array(&a, i, 40) &&
             arena_printf(&a, "%0300zu", i);
    arena_done(&a);
    return ok;
}

static void test_out_of_memory(void **state)
{
    unsigned runs;

    (void)state;
    TORTURE(fill(), &runs);
    assert_true(runs >= 5);
    assert_true(runs < 40); /* blocks grow: far fewer than the 600 allocations */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_allocations_are_aligned_and_apart),
        cmocka_unit_test(test_large_request_keeps_the_current_block),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_reset_keeps_one_block),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_wipes),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
