/* core/base/str.h */
#include "unit/unit.h"

#include "base/str.h"

#include <time.h>

static void test_equality(void **state)
{
    (void)state;
    assert_true(streq(NULL, NULL));
    assert_false(streq(NULL, ""));
    assert_true(streq("a", "a"));
    assert_true(streq_nocase("AbC", "aBc"));
    assert_false(streq_nocase("ab", "abc"));
    assert_false(streq_nocase("abc", "ab"));
    assert_false(streq_nocase(NULL, "x"));
    assert_false(streq_nocase("\xc3\x84", "\xc3\xa4")); /* ASCII only */
    assert_true(str_starts("abc", "ab"));
    assert_false(str_starts("ab", "abc"));
    assert_true(str_ends("abc", "bc"));
    assert_true(str_ends("abc", ""));
    assert_false(str_ends("c", "bc"));
    assert_true(str_eq(str_of("ab"), "ab"));
    assert_false(str_eq((allora_str){"ab", 1}, "ab"));
    assert_int_equal(str_of(NULL).len, 0);
    assert_true(str_eq((allora_str){NULL, 0}, ""));
}

static void test_globs(void **state)
{
    static const struct {
        const char *glob, *s;
        bool match;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "abc", true},
        {"a*", "abc", true},
        {"a*", "bac", false},
        {"*c", "abc", true},
        {"*b*", "abc", true},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"?", "\xe2\x82\xac", true},
        {"??", "\xe2\x82\xac", false},
        {"a**c", "abbc", true},
        {"*ab", "aab", true},
        {"*abab", "ababab", true},
        {"a*b*c", "axbxbxc", true},
        {"a*b*d", "axbxbxc", false},
        {"aws.*", "aws.ec2.stop", true},
        {"a*", "a", true},
        {"*?", "", false},
        {"*?", "x", true},
        {"[a]", "a", false},
        {"\\*", "\\x", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(glob_match(rows[i].glob, rows[i].s), rows[i].match);
}

static void test_hostile_glob_is_quick(void **state)
{
    char glob[64 * 2 + 2], text[8192];

    (void)state;
    for (size_t i = 0; i < 64; i++)
        memcpy(glob + i * 2, "*a", 2);
    memcpy(glob + 128, "b", 2);
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    clock_t start = clock();
    assert_false(glob_match(glob, text));
    assert_true(clock() - start < CLOCKS_PER_SEC); /* exponential would not end */
}

static void test_utf8(void **state)
{
    static const struct {
        const char *bytes;
        size_t n, len;
        uint32_t cp;
    } rows[] = {
        {"a", 1, 1, 'a'},
        {"", 0, 0, 0},
        {"\0", 1, 1, 0},
        {"\xc3\xa4", 2, 2, 0xe4},
        {"\xc3", 1, 0, 0},     /* cut */
        {"\xc3(", 2, 0, 0},    /* no continuation */
        {"\xc0\x80", 2, 0, 0}, /* overlong */
        {"\xc1\xbf", 2, 0, 0},
        {"\xe0\x80\x80", 3, 0, 0},
        {"\xe0\xa0\x80", 3, 3, 0x800},
        {"\xed\xa0\x80", 3, 0, 0}, /* surrogate */
        {"\xef\xbf\xbf", 3, 3, 0xffff},
        {"\xf0\x80\x80\x80", 4, 0, 0},
        {"\xf0\x9f\x98\x80", 4, 4, 0x1f600},
        {"\xf4\x8f\xbf\xbf", 4, 4, 0x10ffff},
        {"\xf4\x90\x80\x80", 4, 0, 0}, /* above U+10FFFF */
        {"\xf5\x80\x80\x80", 4, 0, 0},
        {"\x80", 1, 0, 0},
        {"\xff", 1, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t cp = 0;
        assert_int_equal(utf8_next(rows[i].bytes, rows[i].n, &cp), rows[i].len);
        assert_int_equal(cp, rows[i].cp);
        assert_int_equal(utf8_valid(rows[i].bytes, rows[i].n), rows[i].len == rows[i].n);
    }
    assert_true(utf8_valid("a\xc3\xa4z", 4));
    assert_false(utf8_valid("a\xc3z", 3));
}

static void test_distance(void **state)
{
    static const struct {
        const char *a, *b;
        unsigned d;
    } rows[] = {
        {"", "", 0},     {"abc", "", 3},          {"", "ab", 2},     {"kitten", "sitting", 3},
        {"ab", "ba", 1}, {"regoin", "region", 1}, {"ABC", "abc", 0}, {"abcd", "acbd", 1},
        {"a", "b", 1},   {"ca", "abc", 3},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(str_distance(rows[i].a, rows[i].b), rows[i].d);
        assert_int_equal(str_distance(rows[i].b, rows[i].a), rows[i].d);
    }
    char a[200], b[200]; /* long names are cut, not overrun */
    memset(a, 'a', sizeof a);
    memset(b, 'b', sizeof b);
    a[199] = b[199] = '\0';
    assert_int_equal(str_distance(a, b), 64);
}

static void test_nearest(void **state)
{
    static const char *const names[] = {"region", "regions", "profile", "account",
                                        "region", "origin",  "reg",     "regio"};
    struct nearest n;

    (void)state;
    nearest_init(&n, "regoin");
    for (size_t i = 0; i < COUNT(names); i++)
        nearest_offer(&n, names[i]);
    assert_int_equal(n.n, 3);
    assert_string_equal(n.best[0], "region");
    assert_int_equal(n.distance[0], 1);
    assert_string_equal(n.best[1], "regions");
    assert_string_equal(n.best[2], "regio");

    nearest_init(&n, "q");
    nearest_offer(&n, "query"); /* a prefix, however far */
    nearest_offer(&n, "ask");
    nearest_offer(&n, NULL);
    assert_int_equal(n.n, 1);
    assert_string_equal(n.best[0], "query");
    nearest_init(&n, "");
    nearest_offer(&n, "query");
    assert_int_equal(n.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equality),
        cmocka_unit_test(test_globs),
        cmocka_unit_test(test_hostile_glob_is_quick),
        cmocka_unit_test(test_utf8),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
