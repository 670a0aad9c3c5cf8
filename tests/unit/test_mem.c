/* core/base/mem.h */
#include "unit/unit.h"

#include <pthread.h>
#include <string.h>

static void test_sizes(void **state)
{
    (void)state;
    A_FREE void *none = mem_alloc(0);
    assert_non_null(none); /* NULL means: out of memory */
    A_FREE unsigned char *zeros = mem_array(100, 3);
    assert_non_null(zeros);
    for (int i = 0; i < 300; i++)
        assert_int_equal(zeros[i], 0);
    assert_null(mem_array(SIZE_MAX / 2, 3));
    assert_null(mem_resize(NULL, SIZE_MAX / 2, 3));
}

static void test_copies(void **state)
{
    (void)state;
    A_FREE char *a = mem_strdup("text");
    A_FREE char *b = mem_strndup("text", 2);
    A_FREE char *c = mem_strndup("a\0b", 3);
    assert_string_equal(a, "text");
    assert_string_equal(b, "te");
    assert_memory_equal(c, "a\0b\0", 4);
}

static void test_printf(void **state)
{
    (void)state;
    A_FREE char *brief = mem_printf("%s-%d", "a", 7);
    A_FREE char *lengthy = mem_printf("%0300d", 5);
    assert_string_equal(brief, "a-7");
    assert_int_equal(strlen(lengthy), 300);
    assert_int_equal(lengthy[299], '5');
}

static void test_fail_after(void **state)
{
    (void)state;
    mem_fail_after(1);
    A_FREE void *first = mem_alloc(1);
    A_FREE void *second = mem_alloc(1);
    A_FREE void *third = mem_alloc(1);
    assert_non_null(first);
    assert_null(second); /* once … */
    assert_non_null(third);
    mem_fail_after(0);
    mem_fail_after(-1);
    A_FREE void *fourth = mem_alloc(1);
    assert_non_null(fourth);
}

static void *allocate_some(void *arg)
{
    unsigned *failures = arg;

    for (int i = 0; i < 1000; i++) {
        void *p = mem_alloc(8);
        *failures += !p;
        free(p);
    }
    return NULL;
}

static void test_threads_fail_once_in_all(void **state)
{
    pthread_t threads[4];
    unsigned failures[4] = {0}, total = 0;

    (void)state;
    mem_fail_after(500);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, allocate_some, &failures[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        total += failures[i];
    }
    mem_fail_after(-1);
    assert_int_equal(total, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_printf),
        cmocka_unit_test(test_fail_after),
        cmocka_unit_test(test_threads_fail_once_in_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
