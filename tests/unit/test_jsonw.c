/* core/base/jsonw.h */
#include "unit/unit.h"

#include "base/jsonw.h"
#include "base/value.h"

#include <math.h>
#include <string.h>

static void write_sample(struct jsonw *w)
{
    jw_object(w);
    jw_kstr(w, "s", "x");
    jw_kint(w, "i", -5);
    jw_kbool(w, "b", true);
    jw_key(w, "list");
    jw_array(w);
    jw_int(w, 1);
    jw_object(w);
    jw_end_object(w);
    jw_array(w);
    jw_end_array(w);
    jw_null(w);
    jw_raw(w, "{\"raw\":1}", 9);
    jw_end_array(w);
    jw_key(w, "none");
    jw_str(w, NULL);
    jw_end_object(w);
}

static void test_structure(void **state)
{
    (void)state;
    A_CLEAN(buf_done) struct buf b = BUF(1000);
    struct jsonw w = JSONW(&b);
    write_sample(&w);
    assert_string_equal(buf_str(&b), "{\"s\":\"x\",\"i\":-5,\"b\":true,\"list\":[1,{},[],null,"
                                     "{\"raw\":1}],\"none\":null}");
    buf_reset(&b);
    struct jsonw pretty = {.out = &b, .indent = 2};
    write_sample(&pretty);
    assert_string_equal(buf_str(&b), "{\n  \"s\": \"x\",\n  \"i\": -5,\n  \"b\": true,\n"
                                     "  \"list\": [\n    1,\n    {},\n    [],\n    null,\n"
                                     "    {\"raw\":1}\n  ],\n  \"none\": null\n}");
}

static void test_strings(void **state)
{
    static const struct {
        const char *in;
        size_t n;
        const char *out;
    } rows[] = {
        {"", 0, "\"\""},
        {"a\"b\\c/", 6, "\"a\\\"b\\\\c/\""},
        {"\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\""},
        {"\0\x1b\x7f", 3, "\"\\u0000\\u001b\\u007f\""},
        {"\xc3\xa4\xf0\x9f\x98\x80", 6, "\"\xc3\xa4\xf0\x9f\x98\x80\""},
        {"a\xff"
         "b",
         3,
         "\"a\xef\xbf\xbd"
         "b\""},
        {"\xc3", 1, "\"\xef\xbf\xbd\""},
        {"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };

    (void)state;
    A_CLEAN(buf_done) struct buf none = BUF(100);
    struct jsonw w0 = JSONW(&none);
    jw_strn(&w0, NULL, 0);
    assert_string_equal(buf_str(&none), "\"\"");
    for (size_t i = 0; i < COUNT(rows); i++) {
        A_CLEAN(buf_done) struct buf b = BUF(100);
        struct jsonw w = JSONW(&b);
        jw_strn(&w, rows[i].in, rows[i].n);
        assert_string_equal(buf_str(&b), rows[i].out);
        if (memchr(rows[i].in, 0, rows[i].n))
            continue; /* reads back as U+FFFD */
        json_node *n = NULL;
        assert_int_equal(json_parse(b.ptr, b.len, &n, NULL), ALLORA_OK);
        json_free(n);
    }
}

static void test_numbers(void **state)
{
    static const struct {
        double d;
        const char *out;
    } rows[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1.5, "1.5"},
        {1e15, "1000000000000000"},
        {0.1, "0.1"},
        {1e300, "1e+300"},
        {-7, "-7"},
        {9007199254740992.0, "9007199254740992"},
        {HUGE_VAL, "null"},
        {-HUGE_VAL, "null"},
        {(double)NAN, "null"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        A_CLEAN(buf_done) struct buf b = BUF(100);
        struct jsonw w = JSONW(&b);
        jw_real(&w, rows[i].d);
        assert_string_equal(buf_str(&b), rows[i].out);
    }
    A_CLEAN(buf_done) struct buf b = BUF(100);
    struct jsonw w = JSONW(&b);
    jw_uint(&w, UINT64_MAX);
    assert_string_equal(buf_str(&b), "18446744073709551615");
}

static void test_values(void **state)
{
    allora_value list[2] = {val_int(1), val_text("x")};
    const struct {
        allora_value v;
        const char *out;
    } rows[] = {
        {{.type = ALLORA_V_ABSENT}, "null"},
        {val_null(), "null"},
        {val_bool(true), "true"},
        {val_int(INT64_MIN), "-9223372036854775808"},
        {val_real(0.25), "0.25"},
        {val_time(INT64_C(1793527200000000)), "\"2026-11-01T10:00:00Z\""},
        {val_textn("a\0b", 3), "\"a\\u0000b\""},
        {val_json("[1]", 3), "[1]"},
        {val_json("", 0), "null"},
        {{.type = ALLORA_V_LIST, .len = 2, .u.list = list}, "[1,\"x\"]"},
        {{.type = 200}, "null"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        A_CLEAN(buf_done) struct buf b = BUF(100);
        struct jsonw w = JSONW(&b);
        jw_value(&w, &rows[i].v);
        assert_string_equal(buf_str(&b), rows[i].out);
    }
}

static void test_misuse_fails_the_buffer(void **state)
{
    (void)state;
    A_CLEAN(buf_done) struct buf b = BUF(10000);
    struct jsonw w = JSONW(&b);
    for (int i = 0; i <= JSONW_DEPTH + 5; i++)
        jw_array(&w);
    assert_true(buf_failed(&b));
    for (int i = 0; i <= JSONW_DEPTH + 5; i++)
        jw_end_array(&w);
    buf_reset(&b);
    jw_end_array(&w);
    assert_true(buf_failed(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_structure),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_misuse_fails_the_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
