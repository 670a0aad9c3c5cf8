/* core/base/clock.h: durations and sizes */
#include "unit/unit.h"

#include "base/clock.h"
#include "base/err.h"

#include <string.h>

#define SECOND INT64_C(1000000)

static void test_duration_parse(void **state)
{
    static const struct {
        const char *text;
        int64_t us;
    } rows[] = {
        {"30s", 30 * SECOND},
        {"5m", 300 * SECOND},
        {"2h", 7200 * SECOND},
        {"7d", 7 * 86400 * SECOND},
        {"1w", 7 * 86400 * SECOND},
        {"1h30m", 5400 * SECOND},
        {"1d2h3m4s5ms6us", (86400 + 7200 + 180 + 4) * SECOND + 5006},
        {"250ms", 250000},
        {"1.5h", 5400 * SECOND},
        {"0.1s", 100000},
        {"1.0000009s", SECOND + 0},
        {"42", 42 * SECOND},
        {"1.5", 3 * SECOND / 2},
        {"0", 0},
    };
    static const char *const bad[] = {
        "",          "s",    "-5s",  "5x",  "5 s", "5s ",  " 5s",
        "5m5m",      "5m1h", "1h30", "1.s", ".5s", "1e3s", "9999999999999999999",
        "16000000w", "5S",   "5mss",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t us = -1;
        allora_error err = ERR_INIT;
        if (duration_parse(rows[i].text, &us, &err) != ALLORA_OK)
            fail_msg("%s: %s", rows[i].text, err.message);
        assert_int_equal(us, rows[i].us);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t us = -1;
        allora_error err = ERR_INIT;
        if (duration_parse(bad[i], &us, &err) != ALLORA_E_ARG)
            fail_msg("took %s", bad[i]);
        assert_int_equal(us, -1);
        assert_true(*err.message && *err.hint);
    }
}

static void test_duration_format(void **state)
{
    static const struct {
        int64_t us;
        const char *text;
    } rows[] = {
        {0, "0 us"},
        {999, "999 us"},
        {1000, "1 ms"},
        {1500, "1.5 ms"},
        {250000, "250 ms"},
        {999499, "999 ms"},
        {999500, "1 s"},
        {4100000, "4.1 s"},
        {4000000, "4 s"},
        {9960000, "10 s"},
        {42 * SECOND, "42 s"},
        {59499999, "59 s"},
        {59500000, "1 min"},
        {120 * SECOND, "2 min"},
        {150 * SECOND, "2 min 30 s"},
        {30 * 60 * SECOND, "30 min"},
        {3599 * SECOND, "1 h"},
        {5400 * SECOND, "1 h 30 min"},
        {12 * 3600 * SECOND, "12 h"},
        {86399 * SECOND, "1 day"},
        {28 * 3600 * SECOND, "1 day 4 h"},
        {50 * 3600 * SECOND, "2 days 2 h"},
        {6 * 86400 * SECOND, "6 days"},
        {-5 * SECOND, "-5 s"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        A_CLEAN(buf_done) struct buf b = BUF(64);
        duration_format(&b, rows[i].us);
        assert_string_equal(buf_str(&b), rows[i].text);
    }
    A_CLEAN(buf_done) struct buf b = BUF(64);
    duration_format(&b, INT64_MIN);
    assert_false(buf_failed(&b));
}

static void test_sizes(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } rows[] = {
        {"0", 0},
        {"512", 512},
        {"4K", 4096},
        {"4kb", 4096},
        {"4KiB", 4096},
        {"10 MB", 10 << 20},
        {"1.5GB", INT64_C(3) << 29},
        {"2GiB", INT64_C(2) << 30},
        {"3T", INT64_C(3) << 40},
        {"7P", INT64_C(7) << 50},
        {"100B", 100},
        {"0.5K", 512},
    };
    static const char *const bad[] = {"",    "K",      "-1",       "1X", "1KK",
                                      "1.K", "10 MB ", "9999999P", "1 0"};
    static const struct {
        int64_t bytes;
        const char *text;
    } formats[] = {
        {0, "0 B"},
        {1023, "1023 B"},
        {1024, "1.0 KiB"},
        {1536, "1.5 KiB"},
        {(1 << 20) - 1, "1.0 MiB"},
        {INT64_C(1717986918), "1.6 GiB"},
        {INT64_MAX, "8.0 EiB"},
        {-2048, "-2.0 KiB"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t bytes = -1;
        allora_error err = ERR_INIT;
        if (size_parse(rows[i].text, &bytes, &err) != ALLORA_OK)
            fail_msg("%s: %s", rows[i].text, err.message);
        assert_int_equal(bytes, rows[i].bytes);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        int64_t bytes = -1;
        if (size_parse(bad[i], &bytes, NULL) != ALLORA_E_ARG)
            fail_msg("took %s", bad[i]);
        assert_int_equal(bytes, -1);
    }
    for (size_t i = 0; i < COUNT(formats); i++) {
        A_CLEAN(buf_done) struct buf b = BUF(64);
        size_format(&b, formats[i].bytes);
        assert_string_equal(buf_str(&b), formats[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_duration_parse),
        cmocka_unit_test(test_duration_format),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
