/* core/base/buf.h */
#include "unit/unit.h"

#include "base/buf.h"

#include <float.h>
#include <math.h>
#include <string.h>

static void test_grows_and_terminates(void **state)
{
    (void)state;
    A_CLEAN(buf_done) struct buf b = BUF(100000);
    assert_string_equal(buf_str(&b), "");
    for (int i = 0; i < 1000; i++) {
        buf_addc(&b, (char)('a' + i % 26));
        assert_int_equal(buf_str(&b)[b.len], '\0');
    }
    assert_int_equal(b.len, 1000);
    assert_memory_equal(b.ptr, "abcdefghijklmnopqrstuvwxyzab", 28);
    buf_pad(&b, '.', 5);
    assert_string_equal(b.ptr + 1000, ".....");
    buf_reset(&b);
    assert_string_equal(buf_str(&b), "");
}

static void test_limit_is_exact_and_sticky(void **state)
{
    (void)state;
    A_CLEAN(buf_done) struct buf b = BUF(10);
    buf_adds(&b, "0123456789");
    assert_false(buf_failed(&b));
    buf_addc(&b, 'x');
    assert_true(buf_failed(&b));
    assert_string_equal(buf_str(&b), "0123456789");
    b.len = 3;
    buf_adds(&b, "y"); /* would fit, but the failure stays */
    assert_int_equal(b.len, 3);
    buf_reset(&b);
    assert_false(buf_failed(&b));
    buf_addf(&b, "%d", 12345);
    buf_addf(&b, "%d", 123456);
    assert_true(buf_failed(&b));
    assert_string_equal(buf_str(&b), "12345");

    A_CLEAN(buf_done) struct buf nothing = BUF(0);
    buf_adds(&nothing, "");
    assert_false(buf_failed(&nothing));
    buf_addc(&nothing, 'x');
    assert_true(buf_failed(&nothing));
}

static void test_formats_across_growth(void **state)
{
    (void)state;
    A_CLEAN(buf_done) struct buf b = BUF(SIZE_MAX);
    for (int i = 0; i < 200; i++) {
        size_t before = b.len;
        buf_addf(&b, "%0*d", i, 7);
        assert_int_equal(b.len - before, i == 0 ? 1 : i);
        assert_int_equal(strlen(b.ptr), b.len);
    }
}

static void test_take(void **state)
{
    size_t n = 9;

    (void)state;
    struct buf b = BUF(10);
    A_FREE char *empty = buf_take(&b, &n);
    assert_string_equal(empty, "");
    assert_int_equal(n, 0);
    buf_adds(&b, "abc");
    A_FREE char *text = buf_take(&b, &n);
    assert_string_equal(text, "abc");
    assert_int_equal(n, 3);
    assert_null(b.ptr);
    assert_int_equal(b.max, 10);
    buf_pad(&b, 'x', 11);
    assert_null(buf_take(&b, NULL)); /* and holds nothing any more, or the sanitizer tells */
}

static void test_numbers(void **state)
{
    static const struct {
        double d;
        const char *text;
    } reals[] = {
        {0.1, "0.1"},
        {1.0 / 3, "0.3333333333333333"},
        {100, "100"},
        {1e21, "1e+21"},
        {-0.0, "-0"},
        {DBL_MAX, "1.7976931348623157e+308"},
        {5e-324, "4.94065645841247e-324"},
        {HUGE_VAL, "Infinity"},
        {-HUGE_VAL, "-Infinity"},
        {(double)NAN, "NaN"},
        {9007199254740993.0, "9007199254740992"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(reals); i++) {
        A_CLEAN(buf_done) struct buf b = BUF(64);
        buf_add_real(&b, reals[i].d);
        assert_string_equal(buf_str(&b), reals[i].text);
    }

    A_CLEAN(buf_done) struct buf b = BUF(100);
    buf_add_int(&b, INT64_MIN);
    buf_addc(&b, ' ');
    buf_add_int(&b, INT64_MAX);
    buf_addc(&b, ' ');
    buf_add_uint(&b, UINT64_MAX);
    buf_addc(&b, ' ');
    buf_add_int(&b, 0);
    assert_string_equal(buf_str(&b),
                        "-9223372036854775808 9223372036854775807 18446744073709551615 0");
}

static bool fill(void)
{
    A_CLEAN(buf_done) struct buf b = BUF(100000);

    for (int i = 0; i < 100; i++) {
        buf_addf(&b, "%0100d", i);
        buf_pad(&b, ' ', 10);
        buf_adds(&b, "text");
        assert_true(!b.ptr || b.ptr[b.len] == '\0');
    }
    assert_true(buf_failed(&b) || b.len == 100 * 114);
    A_FREE char *taken = buf_take(&b, NULL);
    return taken != NULL;
}

static void test_out_of_memory(void **state)
{
    unsigned runs;

    (void)state;
    TORTURE(fill(), &runs);
    assert_true(runs >= 5); /* it did grow */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_and_terminates),
        cmocka_unit_test(test_limit_is_exact_and_sticky),
        cmocka_unit_test(test_formats_across_growth),
        cmocka_unit_test(test_take),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
