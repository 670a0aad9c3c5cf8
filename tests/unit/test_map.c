/* core/base/map.h */
#include "unit/unit.h"

#include "base/map.h"

#include <allora/plugin.h>
#include <pthread.h>
#include <stdio.h>

static int values[3];

static void test_put_get_replace(void **state)
{
    struct map m;
    void *old = &values[2];

    (void)state;
    map_init(&m);
    assert_null(map_get(&m, "a"));
    assert_int_equal(map_put(&m, "a", &values[0], &old), ALLORA_OK);
    assert_null(old);
    assert_int_equal(map_put(&m, "a", &values[1], &old), ALLORA_OK);
    assert_ptr_equal(old, &values[0]);
    assert_int_equal(map_put(&m, "", NULL, NULL), ALLORA_OK);
    assert_ptr_equal(map_get(&m, "a"), &values[1]);
    assert_null(map_get(&m, ""));
    assert_null(map_get(&m, "b"));
    assert_null(map_get(&m, NULL));
    assert_int_equal(m.n, 2);
    map_done(&m);
    map_done(&m);
}

static void fill(struct map *m, uintptr_t n)
{
    char key[32];

    for (uintptr_t i = 1; i <= n; i++) {
        (void)snprintf(key, sizeof key, "key-%zu", (size_t)i);
        assert_int_equal(map_put(m, key, (void *)i, NULL), ALLORA_OK);
    }
}

static void test_many_keys_in_order(void **state)
{
    struct map m;
    char key[32];

    (void)state;
    map_init(&m);
    fill(&m, 20000);
    fill(&m, 20000); /* replaces all, adds none */
    assert_int_equal(m.n, 20000);
    for (uintptr_t i = 1; i <= m.n; i++) {
        (void)snprintf(key, sizeof key, "key-%zu", (size_t)i);
        assert_ptr_equal(map_get(&m, key), (void *)i);
        assert_string_equal(m.entries[i - 1].key, key);
    }
    map_done(&m);
}

static void *read_all(void *arg)
{
    const struct map *m = arg;
    char key[32];

    for (uintptr_t i = 1; i <= m->n; i++) {
        (void)snprintf(key, sizeof key, "key-%zu", (size_t)i);
        if (map_get(m, key) != (void *)i)
            return arg;
    }
    return NULL;
}

static void test_concurrent_readers(void **state)
{
    struct map m;
    pthread_t threads[3];

    (void)state;
    map_init(&m);
    fill(&m, 500);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_all, &m), 0);
    for (size_t i = 0; i < 3; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
    map_done(&m);
}

static void test_hash_spreads(void **state)
{
    unsigned buckets[64] = {0};

    (void)state;
    for (uint32_t i = 0; i < 64 * 100; i++)
        buckets[hash_bytes(&i, sizeof i, 1) % 64]++;
    for (size_t i = 0; i < 64; i++)
        assert_in_range(buckets[i], 50, 160);
    assert_int_not_equal(hash_bytes("a", 1, 0), hash_bytes("a\0", 2, 0));
    assert_int_not_equal(hash_bytes("12345678", 8, 0), hash_bytes("12345678\0", 9, 0));
    assert_int_not_equal(hash_bytes("a", 1, 0), hash_bytes("a", 1, 1));
}

static bool torture(void)
{
    struct map m;
    char key[32];
    bool ok = true;
    uintptr_t i;

    map_init(&m);
    for (i = 1; i <= 60 && ok; i++) {
        (void)snprintf(key, sizeof key, "k%zu", (size_t)i);
        ok = map_put(&m, key, (void *)i, NULL) == ALLORA_OK;
    }
    /* what went in before the failure is still there, what failed is not */
    for (uintptr_t j = 1; j < i; j++) {
        (void)snprintf(key, sizeof key, "k%zu", (size_t)j);
        assert_ptr_equal(map_get(&m, key), !ok && j == i - 1 ? NULL : (void *)j);
    }
    map_done(&m);
    return ok;
}

static void test_out_of_memory(void **state)
{
    unsigned runs;

    (void)state;
    TORTURE(torture(), &runs);
    assert_true(runs > 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_get_replace),    cmocka_unit_test(test_many_keys_in_order),
        cmocka_unit_test(test_concurrent_readers), cmocka_unit_test(test_hash_spreads),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
