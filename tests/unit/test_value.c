/* core/base/value.h */
#include "unit/unit.h"

#include "base/value.h"

#include <math.h>
#include <string.h>

#define TWO53 (INT64_C(1) << 53)

static void test_exact_number_order(void **state)
{
    const struct {
        allora_value a, b;
        int order;
    } rows[] = {
        {val_int(1), val_int(2), -1},
        {val_int(1), val_real(1.0), 0},
        {val_int(1), val_real(1.5), -1},
        {val_int(-1), val_real(-1.5), 1},
        {val_int(TWO53 + 1), val_real(0x1p53), 1}, /* equal after a lossy conversion */
        {val_int(-TWO53 - 1), val_real(-0x1p53), -1},
        {val_int(INT64_MAX), val_real(0x1p63), -1},
        {val_int(INT64_MAX), val_real(0x1p62), 1},
        {val_int(INT64_MIN), val_real(-0x1p63), 0},
        {val_int(INT64_MIN), val_real(-0x1.8p63), 1},
        {val_int(INT64_MAX), val_real(HUGE_VAL), -1},
        {val_int(INT64_MIN), val_real(-HUGE_VAL), 1},
        {val_int(0), val_real(-0.0), 0},
        {val_int(0), val_real(5e-324), -1},
        {val_int(0), val_real(-5e-324), 1},
        {val_bool(true), val_int(1), 0},
        {{.type = ALLORA_V_BOOL, .u.i = 7}, val_bool(true), 0},
        {val_time(5), val_int(5), 0},
        {val_real(0.5), val_real(0.25), 1},
        {val_text("a"), val_text("b"), -1},
        {val_text("a"), val_text("aa"), -1},
        {val_text("\x7f"), val_text("\x80"), -1}, /* unsigned bytes */
        {val_textn("a\0b", 3), val_textn("a\0a", 3), 1},
        {val_text(""), val_text(""), 0},
        {val_json("[1]", 3), val_text("[1]"), 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        bool ok = false;
        assert_int_equal(val_compare(&rows[i].a, &rows[i].b, &ok), rows[i].order);
        assert_true(ok);
        assert_int_equal(val_compare(&rows[i].b, &rows[i].a, &ok), -rows[i].order);
    }
}

static void test_incomparable(void **state)
{
    const allora_value values[] = {
        val_null(), {.type = ALLORA_V_ABSENT}, val_real((double)NAN), val_text("1"),
        val_int(1), {.type = ALLORA_V_LIST}};

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        for (size_t j = 0; j < COUNT(values); j++) {
            bool ok = true;
            (void)val_compare(&values[i], &values[j], &ok);
            assert_int_equal(ok, i == j && (i == 3 || i == 4));
        }
    }
}

static bool matches(const allora_value *v, uint32_t op, allora_value with)
{
    allora_filter f = {.op = op, .val = with};
    return filter_matches(&f, v);
}

static void test_order_filters(void **state)
{
    static const struct {
        uint32_t op;
        bool less, equal, greater;
    } rows[] = {
        {ALLORA_OP_EQ, false, true, false}, {ALLORA_OP_NE, true, false, true},
        {ALLORA_OP_LT, true, false, false}, {ALLORA_OP_LE, true, true, false},
        {ALLORA_OP_GT, false, false, true}, {ALLORA_OP_GE, false, true, true},
        {99, false, false, false},
    };
    const allora_value one = val_int(1), two = val_real(2), three = val_int(3);
    const allora_value a = val_text("a"), b = val_text("b"), c = val_text("c");

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(matches(&one, rows[i].op, two), rows[i].less);
        assert_int_equal(matches(&two, rows[i].op, two), rows[i].equal);
        assert_int_equal(matches(&three, rows[i].op, two), rows[i].greater);
        assert_int_equal(matches(&a, rows[i].op, b), rows[i].less);
        assert_int_equal(matches(&b, rows[i].op, b), rows[i].equal);
        assert_int_equal(matches(&c, rows[i].op, b), rows[i].greater);
        /* numbers come before texts */
        assert_int_equal(matches(&three, rows[i].op, a), rows[i].less);
        assert_int_equal(matches(&a, rows[i].op, three), rows[i].greater);
    }
}

static void test_nulls_match_only_isnull(void **state)
{
    const allora_value nulls[] = {val_null(), {.type = ALLORA_V_ABSENT}, val_real((double)NAN)};
    const allora_value one = val_int(1), empty = val_text("");
    allora_value list_of_null = val_null();
    const allora_value list = {.type = ALLORA_V_LIST, .len = 1, .u.list = &list_of_null};

    (void)state;
    for (size_t i = 0; i < COUNT(nulls); i++) {
        assert_true(matches(&nulls[i], ALLORA_OP_ISNULL, val_null()));
        for (uint32_t op = ALLORA_OP_EQ; op <= ALLORA_OP_PREFIX_NOCASE; op++) {
            assert_false(matches(&nulls[i], op, one));
            assert_false(matches(&nulls[i], op, empty));
            assert_false(matches(&nulls[i], op, nulls[i]));
            assert_false(matches(&nulls[i], op, list));
            assert_false(matches(&one, op, nulls[i])); /* nor on the filter's side */
        }
    }
    assert_false(matches(&one, ALLORA_OP_ISNULL, val_null()));
    assert_false(matches(&empty, ALLORA_OP_ISNULL, val_null()));
}

static void test_in_and_prefix(void **state)
{
    allora_value items[] = {val_int(1), val_text("x"), val_null(), val_real(2.0)};
    const allora_value list = {.type = ALLORA_V_LIST, .len = 4, .u.list = items};
    const allora_value none = {.type = ALLORA_V_LIST};
    const allora_value two = val_int(2), three = val_int(3), x = val_text("x");
    const allora_value name = val_text("Web-01"), umlaut = val_text("\xc3\x84x");

    (void)state;
    assert_true(matches(&two, ALLORA_OP_IN, list));
    assert_true(matches(&x, ALLORA_OP_IN, list));
    assert_false(matches(&three, ALLORA_OP_IN, list));
    assert_false(matches(&two, ALLORA_OP_IN, none));
    assert_true(matches(&two, ALLORA_OP_IN, val_int(2))); /* a list of one, unpacked */

    assert_true(matches(&name, ALLORA_OP_PREFIX, val_text("Web")));
    assert_true(matches(&name, ALLORA_OP_PREFIX, val_text("")));
    assert_false(matches(&name, ALLORA_OP_PREFIX, val_text("web")));
    assert_false(matches(&name, ALLORA_OP_PREFIX, val_text("Web-01x")));
    assert_true(matches(&name, ALLORA_OP_PREFIX_NOCASE, val_text("wEB-")));
    assert_false(matches(&name, ALLORA_OP_PREFIX_NOCASE, val_text("wab")));
    assert_false(matches(&umlaut, ALLORA_OP_PREFIX_NOCASE, val_text("\xc3\xa4")));
    assert_false(matches(&two, ALLORA_OP_PREFIX, val_text("2")));
}

static void test_copy(void **state)
{
    struct arena a;
    char text[] = "text";
    allora_value items[] = {val_int(1), val_textn(text, 4), {.type = ALLORA_V_LIST, .len = 9}};
    const allora_value list = {
        .type = ALLORA_V_LIST, .flags = ALLORA_VF_OUTSIDE, .len = 3, .u.list = items};
    allora_value copy;

    (void)state;
    arena_init(&a, 0);
    assert_int_equal(val_copy(&a, &list, &copy), ALLORA_OK);
    text[0] = 'n';
    assert_int_equal(copy.flags, ALLORA_VF_OUTSIDE);
    assert_int_equal(copy.len, 3);
    assert_int_equal(copy.u.list[0].u.i, 1);
    assert_string_equal(copy.u.list[1].u.p, "text");
    assert_int_equal(copy.u.list[2].type, ALLORA_V_NULL);
    arena_done(&a);
    arena_init(&a, 8);
    copy = val_int(7);
    assert_int_equal(val_copy(&a, &list, &copy), ALLORA_E_NOMEM);
    assert_int_equal(copy.u.i, 7);
    arena_done(&a);
}

static void test_print_and_names(void **state)
{
    allora_value items[] = {val_int(1), val_text("x")};
    const struct {
        allora_value v;
        const char *text;
    } rows[] = {
        {val_null(), ""},           {{.type = ALLORA_V_ABSENT}, ""},
        {val_bool(false), "false"}, {val_int(-3), "-3"},
        {val_real(2.5), "2.5"},     {val_time(0), "1970-01-01T00:00:00Z"},
        {val_text("a b"), "a b"},   {val_json("{}", 2), "{}"},
        {val_text(NULL), ""},       {{.type = ALLORA_V_LIST, .len = 2, .u.list = items}, "1, x"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        A_CLEAN(buf_done) struct buf b = BUF(100);
        val_print(&b, &rows[i].v);
        assert_string_equal(buf_str(&b), rows[i].text);
    }
    for (uint8_t t = ALLORA_V_BOOL; t <= ALLORA_V_JSON; t++)
        assert_int_equal(val_type_parse(val_type_name(t)), t);
    assert_int_equal(val_type_parse("list"), 0);
    assert_int_equal(val_type_parse("string"), 0);
    assert_int_equal(val_type_parse(NULL), 0);
    assert_string_equal(val_type_name(250), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_number_order), cmocka_unit_test(test_incomparable),
        cmocka_unit_test(test_order_filters),      cmocka_unit_test(test_nulls_match_only_isnull),
        cmocka_unit_test(test_in_and_prefix),      cmocka_unit_test(test_copy),
        cmocka_unit_test(test_print_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
