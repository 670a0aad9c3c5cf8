/* The store over a driver whose Nth call fails, for every N: whatever fails, each transaction is
 * there whole or not at all, what was said to be written is there, and the store goes on working.
 */
#include "unit/failing_driver.h"
#include "unit/store_place.h"

#include "base/str.h"

#include <string.h>

/* What a script did before it ended, by what it was told. */
struct progress {
    bool alone, pair, appended, lease, removed, trimmed;
};

static int32_t ignore_item(void *self, const struct store_item *item)
{
    (void)self, (void)item;
    return 0;
}

static int32_t ignore_record(void *self, const struct store_record *record)
{
    (void)self, (void)record;
    return 0;
}

/* Two keys and a record, all or none. */
static int32_t write_pair(struct store *s, allora_error *err)
{
    int32_t status = store_begin(s, err);
    if (status)
        return status;
    status = store_put_if(s, "t", "first", str_of("1"), UINT64_MAX, NULL, err);
    if (!status)
        status = store_log_append(s, "l", UINT64_MAX, str_of("pair"), NULL, err);
    if (!status)
        status = store_put_if(s, "t", "second", str_of("1"), UINT64_MAX, NULL, err);
    if (status) {
        store_rollback(s);
        return status;
    }
    return store_commit(s, err);
}

/* Every function of the store; ends with the first that fails. */
static int32_t script(struct store *s, struct arena *mem, struct progress *done, allora_error *err)
{
    struct store_item item;
    struct store_record record;
    int32_t status = store_put_if(s, "t", "alone", str_of("1"), 0, NULL, err);
    if (status)
        return status;
    done->alone = true;
    if ((status = write_pair(s, err)))
        return status;
    done->pair = true;
    if ((status = store_get(s, mem, "t", "first", &item, err)) ||
        (status = store_scan(s, "t", "", false, 0, ignore_item, NULL, err)) ||
        (status = store_log_append(s, "l", 1, str_of("more"), NULL, err)))
        return status;
    done->appended = true;
    if ((status = store_log_last(s, mem, "l", &record, err)) ||
        (status = store_log_read(s, "l", 0, false, 0, ignore_record, NULL, err)) ||
        (status = store_log_wait(s, "l", 0, 0, err)) ||
        (status = store_lease_take(s, "x", "me", 60000000, err)))
        return status;
    done->lease = true;
    if ((status = store_remove(s, "t", "alone", err)))
        return status;
    done->removed = true;
    if ((status = store_log_trim(s, "l", 1, err)))
        return status;
    done->trimmed = true;
    return ALLORA_OK;
}

struct found {
    bool alone, first, second;
    unsigned records;
};

static int32_t find_item(void *self, const struct store_item *item)
{
    struct found *f = self;
    f->alone |= str_eq(item->key, "alone");
    f->first |= str_eq(item->key, "first");
    f->second |= str_eq(item->key, "second");
    return 0;
}

static int32_t find_record(void *self, const struct store_record *record)
{
    struct found *f = self;
    f->records |= 1u << record->seq;
    return 0;
}

static void check(struct store *s, const struct progress *done)
{
    struct found f = {0};
    allora_error err = ERR_INIT;
    assert_int_equal(store_scan(s, "t", "", false, 0, find_item, &f, &err), ALLORA_OK);
    assert_int_equal(store_log_read(s, "l", 0, false, 0, find_record, &f, &err), ALLORA_OK);
    assert_int_equal(f.alone, done->alone && !done->removed);
    assert_int_equal(f.first, done->pair);
    assert_int_equal(f.second, done->pair);
    assert_int_equal((f.records & 2) != 0, done->pair && !done->trimmed);
    assert_int_equal((f.records & 4) != 0, done->appended);
    assert_int_equal(store_lease_take(s, "x", "you", 1, &err),
                     done->lease ? ALLORA_E_CONFLICT : ALLORA_OK);
}

static void nothing_is_half_written(void **state)
{
    struct place *p = *state;
    int64_t n = 0;
    for (bool failed = true; failed; n++) {
        assert_true(n < 200);
        store_free(p->store);
        place_wipe(p->dir);
        struct progress done = {0};
        allora_error err = ERR_INIT;
        assert_int_equal(store_new_driver(&failing_driver, p->dir, &p->store, &err), ALLORA_OK);
        failing_after = n;
        int32_t status = script(p->store, &p->mem, &done, &err);
        failed = failing_after < 0; /* it came to that call */
        failing_after = -1;
        if (failed)
            assert_int_equal(status, ALLORA_E_INTERNAL);
        else
            assert_int_equal(status, ALLORA_OK);
        if (status)
            assert_non_null(strstr(err.message, "injected"));
        assert_false(store_nested(p->store));
        check(p->store, &done);
        place_reopen(p); /* and so it is for the next process */
        store_lease_release(p->store, "x", "you");
        check(p->store, &done);
        assert_int_equal(store_put_if(p->store, "t", "after", str_of("1"), 0, NULL, &err),
                         ALLORA_OK);
    }
    assert_true(n > 15);
}

/* A release that fails leaves the lease to its end; it has nobody to tell. */
static void a_failed_release_is_silent(void **state)
{
    struct place *p = *state;
    allora_error err = ERR_INIT;
    store_free(p->store);
    assert_int_equal(store_new_driver(&failing_driver, p->dir, &p->store, &err), ALLORA_OK);
    assert_int_equal(store_lease_take(p->store, "x", "me", 60000000, &err), ALLORA_OK);
    failing_after = 0;
    store_lease_release(p->store, "x", "me");
    assert_int_equal(failing_after, -1);
    assert_int_equal(store_lease_take(p->store, "x", "you", 1, &err), ALLORA_E_CONFLICT);
    store_lease_release(p->store, "x", "me");
    assert_int_equal(store_lease_take(p->store, "x", "you", 1, &err), ALLORA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(nothing_is_half_written),
        PLACE_TEST(a_failed_release_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
