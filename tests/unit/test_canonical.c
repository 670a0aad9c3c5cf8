/* core/base/canonical.h, with the examples of RFC 8785 itself. */
#include "unit/unit.h"

#include "base/canonical.h"
#include "base/err.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The canonical form of a text, which the caller frees; NULL when there is none. */
static char *canonical(const char *text)
{
    A_CLEAN(json_freep) json_node *n = NULL;
    allora_error err = ERR_INIT;
    if (json_parse(text, strlen(text), &n, &err) != ALLORA_OK)
        return NULL;
    struct buf b = BUF(1 << 20);
    canonical_write(&b, n);
    return buf_take(&b, NULL);
}

static void check(const char *text, const char *want)
{
    A_FREE char *got = canonical(text);
    assert_non_null(got);
    assert_string_equal(got, want);
    A_FREE char *again = canonical(got);
    assert_string_equal(again, want);
}

/* RFC 8785, 3.2.2 and 3.2.3 */
static void test_rfc_sample(void **state)
{
    (void)state;
    check("{\n"
          "  \"numbers\": [333333333.33333329, 1E30, 4.50,\n"
          "              2e-3, 0.000000000000000000000000001],\n"
          "  \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n"
          "  \"literals\": [null, true, false]\n"
          "}",
          "{\"literals\":[null,true,false],"
          "\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],"
          "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

/* RFC 8785, 3.2.3: names sort by UTF-16 code units. */
static void test_rfc_sorting(void **state)
{
    (void)state;
    check("{\n"
          "  \"\\u20ac\": \"Euro Sign\",\n"
          "  \"\\r\": \"Carriage Return\",\n"
          "  \"\\ufb33\": \"Hebrew Letter Dalet With Dagesh\",\n"
          "  \"1\": \"One\",\n"
          "  \"\\ud83d\\ude00\": \"Emoji: Grinning Face\",\n"
          "  \"\\u0080\": \"Control\",\n"
          "  \"\\u00f6\": \"Latin Small Letter O With Diaeresis\"\n"
          "}",
          "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
          "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\","
          "\"\xe2\x82\xac\":\"Euro Sign\",\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\","
          "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
}

/* RFC 8785, appendix B; the last few are powers of two, where doubles lie unevenly. */
static void test_rfc_numbers(void **state)
{
    static const struct {
        uint64_t bits;
        const char *want; /* NULL: not to be written */
    } rows[] = {
        {0x0000000000000000, "0"},
        {0x8000000000000000, "0"},
        {0x0000000000000001, "5e-324"},
        {0x8000000000000001, "-5e-324"},
        {0x7fefffffffffffff, "1.7976931348623157e+308"},
        {0xffefffffffffffff, "-1.7976931348623157e+308"},
        {0x4340000000000000, "9007199254740992"},
        {0xc340000000000000, "-9007199254740992"},
        {0x4430000000000000, "295147905179352830000"},
        {0x7fffffffffffffff, NULL},
        {0x7ff0000000000000, NULL},
        {0x44b52d02c7e14af5, "9.999999999999997e+22"},
        {0x44b52d02c7e14af6, "1e+23"},
        {0x44b52d02c7e14af7, "1.0000000000000001e+23"},
        {0x444b1ae4d6e2ef4e, "999999999999999700000"},
        {0x444b1ae4d6e2ef4f, "999999999999999900000"},
        {0x444b1ae4d6e2ef50, "1e+21"},
        {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
        {0x3eb0c6f7a0b5ed8d, "0.000001"},
        {0x41b3de4355555553, "333333333.3333332"},
        {0x41b3de4355555554, "333333333.33333325"},
        {0x41b3de4355555555, "333333333.3333333"},
        {0x41b3de4355555556, "333333333.3333334"},
        {0x41b3de4355555557, "333333333.33333343"},
        {0xbecbf647612f3696, "-0.0000033333333333333333"},
        {0x43143ff3c1cb0959, "1424953923781206.2"},
        {0x000fffffffffffff, "2.225073858507201e-308"},
        {0x3d30000000000000, "5.684341886080802e-14"},
        {0x0060000000000000, "7.120236347223045e-307"},
        {0x7cf0000000000000, "6.386688990511104e+293"},
        {0x3fb999999999999a, "0.1"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        double d;
        memcpy(&d, &rows[i].bits, sizeof d);
        A_CLEAN(buf_done) struct buf b = BUF(100);
        canonical_number(&b, d);
        assert_int_equal(buf_failed(&b), rows[i].want == NULL);
        if (rows[i].want)
            assert_string_equal(buf_str(&b), rows[i].want);
    }
}

/* Every number reads back as itself, and no shorter one does. */
static void test_numbers_are_shortest(void **state)
{
    uint64_t x = 88172645463325252u;
    (void)state;
    for (int i = 0; i < 4 * 2098; i++) {
        double d = ldexp(1, -1074 + i / 4); /* powers of two, their neighbours, and others */
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        if (i % 4 == 1)
            d = nextafter(d, 0);
        else if (i % 4 == 2)
            d = nextafter(d, (double)INFINITY);
        else if (i % 4 == 3)
            memcpy(&d, &x, sizeof d);
        if (!isfinite(d))
            continue;
        char text[64];
        A_CLEAN(buf_done) struct buf b = BUF(100);
        canonical_number(&b, d);
        assert_true(strtod(buf_str(&b), NULL) == d);
        size_t digits = 0;
        const char *p = buf_str(&b);
        for (bool lead = true; *p && *p != 'e'; p++) {
            lead = lead && (*p < '1' || *p > '9');
            digits += !lead && *p != '.';
        }
        if (*p != 'e' && !strchr(buf_str(&b), '.'))
            continue; /* zeros at its end are places, not digits */
        if (digits > 1) {
            (void)snprintf(text, sizeof text, "%.*e", (int)digits - 2, d);
            assert_true(strtod(text, NULL) != d);
        }
    }
}

static void test_strings(void **state)
{
    (void)state;
    check("\"\\u0000\"", "\"\xef\xbf\xbd\"");
    check("\"\\u007f\\u001f\\b\\t\\n\\f\\r\\/\"", "\"\x7f\\u001f\\b\\t\\n\\f\\r/\"");
    check("[ ]", "[]");
    check("{ }", "{}");
    check("{\"b\":1,\"a\":{\"d\":[1 , 2],\"c\":null}}", "{\"a\":{\"c\":null,\"d\":[1,2]},\"b\":1}");
    check("{\"a\":1,\"\":2,\"aa\":3,\"A\":4}", "{\"\":2,\"A\":4,\"a\":1,\"aa\":3}");

    A_CLEAN(json_freep)
    json_node *n = json_new_str("a\xff"
                                "b");
    A_CLEAN(buf_done) struct buf b = BUF(100);
    canonical_write(&b, n);
    assert_string_equal(buf_str(&b), "\"a\xef\xbf\xbd"
                                     "b\"");
}

static void test_limits(void **state)
{
    (void)state;
    A_CLEAN(buf_done) struct buf deep = BUF(1000);
    buf_pad(&deep, '[', 200);
    buf_addc(&deep, '1');
    buf_pad(&deep, ']', 200);
    check(buf_str(&deep), buf_str(&deep));

    A_CLEAN(json_freep) json_node *top = json_new_array();
    json_node *inner = top;
    for (int i = 0; i < 200; i++) {
        json_node *next = json_new_array();
        assert_int_equal(json_push(inner, next), ALLORA_OK);
        inner = next;
    }
    A_CLEAN(buf_done) struct buf b = BUF(1000);
    canonical_write(&b, top);
    assert_true(buf_failed(&b));

    A_CLEAN(buf_done) struct buf none = BUF(1000);
    canonical_write(&none, NULL);
    assert_true(buf_failed(&none));
}

static void test_out_of_memory(void **state)
{
    unsigned runs;
    A_CLEAN(json_freep) json_node *n = NULL;
    const char *text = "{\"b\":[1,2,{\"c\":0.1}],\"a\":\"\\n\"}";
    allora_error err = ERR_INIT;
    (void)state;
    assert_int_equal(json_parse(text, strlen(text), &n, &err), ALLORA_OK);
    char *got = NULL;
    struct buf b = BUF(1000);
    TORTURE((b = BUF(1000), canonical_write(&b, n), (got = buf_take(&b, NULL)) != NULL), &runs);
    assert_true(runs >= 3);
    assert_string_equal(got, "{\"a\":\"\\n\",\"b\":[1,2,{\"c\":0.1}]}");
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_sample),           cmocka_unit_test(test_rfc_sorting),
        cmocka_unit_test(test_rfc_numbers),          cmocka_unit_test(test_strings),
        cmocka_unit_test(test_numbers_are_shortest), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
