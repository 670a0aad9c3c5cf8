/* core/base/clock.h: clocks and RFC 3339 */
#include "unit/unit.h"

#include "base/clock.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

static void test_formats(void **state)
{
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59.999999Z"},
        {1500000, "1970-01-01T00:00:01.500Z"},
        {1000001, "1970-01-01T00:00:01.000001Z"},
        {INT64_C(951782400000000), "2000-02-29T00:00:00Z"},
        {INT64_C(1793527200000000), "2026-11-01T10:00:00Z"},
        {INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z"},
        {INT64_C(-62135596800000000), "0001-01-01T00:00:00Z"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        A_CLEAN(buf_done) struct buf b = BUF(64);
        int64_t back = 42;
        time_format(&b, rows[i].us);
        assert_string_equal(buf_str(&b), rows[i].text);
        assert_int_equal(time_parse(b.ptr, b.len, &back), ALLORA_OK);
        assert_int_equal(back, rows[i].us);
    }
    A_CLEAN(buf_done) struct buf b = BUF(200); /* the ends of the type are years, not crashes */
    time_format(&b, INT64_MIN);
    time_format(&b, INT64_MAX);
    assert_false(buf_failed(&b));
}

static void test_every_day_agrees_with_libc(void **state)
{
    (void)state;
    for (int64_t day = -800000; day < 2900000; day += 37) {
        time_t t = (time_t)(day * 86400 + 3661);
        struct tm tm;
        char expected[64];
        assert_non_null(gmtime_r(&t, &tm));
        if (tm.tm_year + 1900 < 0 || tm.tm_year + 1900 > 9999)
            continue;
        assert_true(strftime(expected, sizeof expected, "-%m-%dT%H:%M:%SZ", &tm) > 0);
        A_CLEAN(buf_done) struct buf b = BUF(64);
        time_format(&b, (int64_t)t * 1000000);
        assert_string_equal(buf_str(&b) + 4, expected);
        int64_t back = 0;
        assert_int_equal(time_parse(b.ptr, b.len, &back), ALLORA_OK);
        assert_int_equal(back, (int64_t)t * 1000000);
    }
}

static void test_parses(void **state)
{
    static const struct {
        const char *text, *same_as;
    } rows[] = {
        {"2026-11-01", "2026-11-01T00:00:00Z"},
        {"2026-11-01 10:00:00Z", "2026-11-01T10:00:00Z"},
        {"2026-11-01t10:00:00z", "2026-11-01T10:00:00Z"},
        {"2026-11-01T10:00:00+02:00", "2026-11-01T08:00:00Z"},
        {"2026-11-01T10:00:00-05:30", "2026-11-01T15:30:00Z"},
        {"2026-11-01T10:00:00.1Z", "2026-11-01T10:00:00.100Z"},
        {"2026-11-01T10:00:00.123456789Z", "2026-11-01T10:00:00.123456Z"},
        {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"},
        {"2024-02-29T00:00:00-00:00", "2024-02-29T00:00:00Z"},
    };
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11",
        "2026-13-01",
        "2026-00-10",
        "2026-02-29",
        "1900-02-29",
        "2026-11-31",
        "2026-11-01T",
        "2026-11-01T10:00",
        "2026-11-01T10:00:00",
        "2026-11-01T24:00:00Z",
        "2026-11-01T10:60:00Z",
        "2026-11-01T10:00:61Z",
        "2026-11-01T10:00:00.Z",
        "2026-11-01T10:00:00ZZ",
        "2026-11-01T10:00:00+2:00",
        "2026-11-01T10:00:00+0200",
        "2026-11-01T10:00:00+24:00",
        " 2026-11-01",
        "2026-11-01 ",
        "26-11-01",
        "2026-1-01",
        "+2026-11-01",
        "2026/11/01",
        "2026-11-01X10:00:00Z",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t us = 0;
        A_CLEAN(buf_done) struct buf b = BUF(64);
        assert_int_equal(time_parse(rows[i].text, strlen(rows[i].text), &us), ALLORA_OK);
        time_format(&b, us);
        assert_string_equal(buf_str(&b), rows[i].same_as);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t us = 42;
        if (time_parse(bad[i], strlen(bad[i]), &us) != ALLORA_E_ARG)
            fail_msg("took %s", bad[i]);
        assert_int_equal(us, 42);
    }
    int64_t us;
    assert_int_equal(time_parse("2026-11-01\0", 11, &us), ALLORA_E_ARG);
    assert_int_equal(time_parse("2026-11-01T10:00:00Z", 19, &us), ALLORA_E_ARG);
}

static void *read_wall(void *arg)
{
    *(int64_t *)arg = clock_wall_us();
    return NULL;
}

/* main() has set ALLORA_TEST_NOW. */
static void test_fixed_now(void **state)
{
    pthread_t threads[3];
    int64_t seen[3];

    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_wall, &seen[i]), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(seen[i], INT64_C(1793527200000000));
    }
    int64_t before = clock_mono_us();
    struct timespec ts = {.tv_nsec = 2000000};
    assert_int_equal(nanosleep(&ts, NULL), 0);
    assert_true(clock_mono_us() - before >= 2000); /* the monotonic clock still runs */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_every_day_agrees_with_libc),
        cmocka_unit_test(test_parses),
        cmocka_unit_test(test_fixed_now),
    };
    if (setenv("ALLORA_TEST_NOW", "2026-11-01T10:00:00Z", 1) != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
