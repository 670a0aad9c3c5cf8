/* The SDK's JSON reader, getters and times. */
#include "sdk_test.h"
#include <float.h>
#include <stdlib.h>

/* The plugin under test has no manifest of its own. */
const char allora_manifest_begin[] = "{}", allora_manifest_end[] = "";

static const sdk_json *parse(struct bench *b, const char *text)
{
    const sdk_json *n = NULL;
    if (sdk_parse(b->self, b->ctx, sdk_str(text), &n, &b->err))
        fail_msg("%s: %s", text, b->err.message);
    return n;
}

static void test_kinds(void **state)
{
    struct bench b;
    (void)state;
    bench_open(&b);
    const sdk_json *n =
        parse(&b, " {\"a\": [1, -2.5e2, \"x\\n\\u00e4\\ud83d\\ude00\", true, false, null, {}, []],"
                  " \"big\": 9223372036854775807, \"bigger\": 9223372036854775808, \"deep\": "
                  "{\"x\": {\"y\": 7}}} ");
    assert_int_equal(n->type, SDK_OBJECT);
    assert_int_equal(n->count, 4);
    assert_int_equal(sdk_path(n, "a")->count, 8);
    assert_int_equal(sdk_get_int(n, "a.0", 0), 1);
    assert_true(sdk_get_real(n, "a.1", 0) == -250.0);
    assert_string_equal(sdk_get_str(n, "a.2", ""), "x\n\xc3\xa4\xf0\x9f\x98\x80");
    assert_true(sdk_get_bool(n, "a.3", false));
    assert_false(sdk_get_bool(n, "a.4", true));
    assert_int_equal(sdk_path(n, "a.5")->type, SDK_NULL);
    assert_null(sdk_path(n, "a.8"));
    assert_null(sdk_path(n, "a.x"));
    assert_null(sdk_path(n, "nothing.at.all"));
    assert_int_equal(sdk_get_int(n, "big", 0), INT64_MAX);
    assert_int_equal(sdk_path(n, "bigger")->type, SDK_REAL);
    assert_int_equal(sdk_get_int(n, "deep.x.y", 0), 7);
    /* half a pair, in any place, is no reason to refuse a reply */
    n = parse(&b, "[\"\\ud800\", \"\\udc00x\", \"\\ud800\\ud83d\\ude00\"]");
    assert_string_equal(sdk_get_str(n, "0", ""), "\xef\xbf\xbd");
    assert_string_equal(sdk_get_str(n, "1", ""), "\xef\xbf\xbdx");
    assert_string_equal(sdk_get_str(n, "2", ""), "\xef\xbf\xbd\xf0\x9f\x98\x80");
    assert_ptr_equal(sdk_path(n, ""), n);
    assert_ptr_equal(sdk_path(n, NULL), n);
    assert_null(sdk_member(NULL, "a"));
    sdk_foreach (item, NULL)
        fail();
    bench_close(&b);
}

static void test_cells(void **state)
{
    struct bench b;
    (void)state;
    bench_open(&b);
    const sdk_json *n = parse(
        &b, "{\"i\":42,\"s\":\"42\",\"r\":2.5,\"w\":2.0,\"t\":\"abc\",\"b\":true,\"bs\":\"false\","
            "\"n\":null,\"o\":{\"k\": [1, \"\\u0061\"]},\"when\":\"2026-11-01T10:00:00.25+01:00\","
            "\"sec\":1700000000,\"ms\":1700000000123,\"q\":\"a\\\"b\",\"min\":\"-"
            "9223372036854775808\"}");
    assert_int_equal(sdk_int(n, "i").u.i, 42);
    assert_int_equal(sdk_int(n, "s").u.i, 42);
    assert_int_equal(sdk_int(n, "w").u.i, 2);
    assert_int_equal(sdk_int(n, "min").u.i, INT64_MIN);
    assert_int_equal(sdk_int(n, "r").type, ALLORA_V_ABSENT); /* never rounded */
    assert_int_equal(sdk_int(n, "t").type, ALLORA_V_ABSENT);
    assert_int_equal(sdk_int(n, "n").type, ALLORA_V_NULL);
    assert_int_equal(sdk_int(n, "missing").type, ALLORA_V_NULL);
    assert_true(sdk_real(n, "i").u.d == 42.0);
    assert_true(sdk_real(n, "r").u.d == 2.5);
    assert_int_equal(sdk_real(n, "t").type, ALLORA_V_ABSENT);
    assert_int_equal(sdk_bool(n, "b").u.i, 1);
    assert_int_equal(sdk_bool(n, "bs").u.i, 0);
    assert_int_equal(sdk_bool(n, "bs").type, ALLORA_V_BOOL);
    assert_int_equal(sdk_bool(n, "i").type, ALLORA_V_ABSENT);
    assert_memory_equal(sdk_text(n, "t").u.p, "abc", 3);
    assert_memory_equal(sdk_text(n, "i").u.p, "42", 2);
    assert_int_equal(sdk_text(n, "i").len, 2);
    assert_int_equal(sdk_text(n, "o").type, ALLORA_V_ABSENT);
    assert_int_equal(sdk_time(n, "when").u.i, INT64_C(1793523600250000));
    assert_int_equal(sdk_time(n, "sec").u.i, INT64_C(1700000000000000));
    assert_int_equal(sdk_time(n, "ms").u.i, INT64_C(1700000000123000));
    assert_int_equal(sdk_time(n, "t").type, ALLORA_V_ABSENT);
    allora_value o = sdk_nested(n, "o");
    assert_int_equal(o.type, ALLORA_V_JSON);
    assert_true(sdk_str_is(sdk_str_n(o.u.p, o.len), "{\"k\": [1, \"\\u0061\"]}"));
    allora_value q = sdk_nested(n, "q");
    assert_true(sdk_str_is(sdk_str_n(q.u.p, q.len), "\"a\\\"b\""));
    bench_close(&b);
}

static void test_errors_name_the_place(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"", "1:1: the text ends where a value was expected"},
        {"{\"a\":1,}", "1:8: a member's name in quotes was expected"},
        {"[1,]", "1:4: no JSON value"},
        {"[1 2]", "1:4: a comma or ] was expected"},
        {"{\"a\" 1}", "1:6: a colon was expected"},
        {"\n  [01]", "2:4: a number must not start with 0"},
        {"[1.]", "1:4: digits must follow the point"},
        {"[1e]", "1:4: digits must follow the exponent"},
        {"[1e999]", "1:2: the number is too big"},
        {"\"abc", "1:1: the string does not end"},
        {"\"abc\\\"", "1:1: the string does not end"},
        {"\"\\x\"", "1:3: unknown escape in a string"},
        {"\"\\u12g4\"", "1:4: \\u needs four hexadecimal digits"},
        {"\"\xff\"", "1:2: not UTF-8"},
        {"\"\xc0\x80\"", "1:2: not UTF-8"},
        {"\"\x01\"", "1:2: control character in a string"},
        {"nul", "1:1: no JSON value"},
        {"1 1", "1:3: something follows the value"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench b;
        const sdk_json *n;
        bench_open(&b);
        assert_int_equal(sdk_parse(b.self, b.ctx, sdk_str(rows[i].text), &n, &b.err), ALLORA_E_ARG);
        assert_string_equal(b.err.message, rows[i].message);
        bench_close(&b);
    }
}

static void test_depth_is_limited(void **state)
{
    (void)state;
    for (size_t depth = 200; depth <= 201; depth++) {
        struct bench b;
        char text[500];
        const sdk_json *n;
        bench_open(&b);
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(sdk_parse(b.self, b.ctx, sdk_str_n(text, 2 * depth), &n, &b.err),
                         depth == 200 ? ALLORA_OK : ALLORA_E_ARG);
        bench_close(&b);
    }
}

/* Every place that allocates fails once; nothing crashes, and the status says why. */
static void test_out_of_memory(void **state)
{
    static char text[60000];
    size_t at = 0;
    (void)state;
    text[at++] = '[';
    for (int i = 0; i < 300; i++) {
        memcpy(text + at, "{\"key\":\"value that is not so short\",\"n\":1.5},", 45);
        at += 45;
    }
    text[at++] = '"';
    memset(text + at, 'x', 3000); /* bigger than the pool's pages give */
    at += 3000;
    text[at++] = '"';
    text[at++] = ']';
    bool worked = false;
    for (uint64_t n = 1; n < 1000 && !worked; n++) {
        struct bench b;
        const sdk_json *root;
        bench_open(&b);
        b.fake.fail_alloc = n;
        int32_t st = sdk_parse(b.self, b.ctx, sdk_str_n(text, at), &root, &b.err);
        worked = st == ALLORA_OK;
        assert_true(worked || st == ALLORA_E_NOMEM);
        assert_true(!worked || n > 5);
        bench_close(&b);
    }
    assert_true(worked);
}

/* Cut anywhere, or with any byte changed, a text is read or refused, but never read outside. */
static void test_damaged_texts(void **state)
{
    static const char good[] =
        "{\"a\":[1,2.5e-3,\"x\\n\\u00e4\\ud83d\\ude00\xc3\xa4\",true,null],\"b\":{\"c\":\"\"}}";
    (void)state;
    for (size_t cut = 0; cut < sizeof good; cut++)
        for (int with = 0; with < 256; with += 3) {
            struct bench b;
            const sdk_json *n;
            char *text = malloc(cut + 1); /* exact, for ASan */
            assert_non_null(text);
            bench_open(&b);
            memcpy(text, good, cut);
            text[cut] = (char)with;
            (void)sdk_parse(b.self, b.ctx, sdk_str_n(text, cut + 1), &n, &b.err);
            free(text);
            bench_close(&b);
        }
}

static void test_times(void **state)
{
    static const struct {
        const char *text, *back; /* back NULL: is no time */
    } rows[] = {
        {"1970-01-01", "1970-01-01T00:00:00Z"},
        {"2026-11-01T10:20:30Z", "2026-11-01T10:20:30Z"},
        {"2026-11-01 10:20:30z", "2026-11-01T10:20:30Z"},
        {"2026-11-01T10:20:30.123456789Z", "2026-11-01T10:20:30.123456Z"},
        {"2026-11-01T00:20:30+01:00", "2026-10-31T23:20:30Z"},
        {"2024-02-29T23:59:60-00:00", "2024-03-01T00:00:00Z"},
        {"1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.500000Z"},
        {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
        {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"},
        {"2026-02-29", NULL},
        {"2026-13-01", NULL},
        {"2026-11-01T24:00:00Z", NULL},
        {"2026-11-01T10:20:30", NULL}, /* whose time? */
        {"2026-11-01T10:20Z", NULL},
        {"2026-11-01T10:20:30.Z", NULL},
        {"2026-11-01T10:20:30+0100", NULL},
        {"2026-11-01T10:20:30Z ", NULL},
        {"now", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t us;
        char back[32];
        bool ok = sdk_parse_time(sdk_str(rows[i].text), &us);
        if (ok != (rows[i].back != NULL))
            fail_msg("%s", rows[i].text);
        if (!ok)
            continue;
        sdk_format_time(us, back);
        assert_string_equal(back, rows[i].back);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_cells),
        cmocka_unit_test(test_errors_name_the_place),
        cmocka_unit_test(test_depth_is_limited),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_damaged_texts),
        cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
