/* Rows, filters, partitions, warnings, the null sink; collecting an operation's rows. */
#include "sdk_test.h"
#include <math.h>

const char allora_manifest_begin[] = "{}", allora_manifest_end[] = "";

static allora_filter filter(uint32_t column, uint32_t op, allora_value v)
{
    return (allora_filter){column, op, v};
}

static void test_projection(void **state)
{
    struct bench b;
    struct collected got = {0};
    const allora_sink sink = collect(&got);
    const uint32_t wanted[] = {2, 0, 7};
    const allora_list_request req = {
        .size = sizeof req, .table = "t", .wanted = wanted, .n_wanted = 3};
    (void)state;
    bench_open(&b);
    sdk_rows out = SDK_ROWS(b.self, b.ctx, &req, &sink);
    assert_int_equal(sdk_row(&out, sdk_cell_int(1), sdk_cell_text("x"), sdk_cell_bool(true)), 0);
    assert_int_equal(got.n_rows, 1);
    assert_int_equal(got.widths[0], 3);
    assert_int_equal(got.rows[0][0].type, ALLORA_V_BOOL);
    assert_int_equal(got.rows[0][1].u.i, 1);
    assert_int_equal(got.rows[0][2].type, ALLORA_V_ABSENT);
    assert_true(sdk_wants(&out, 7));
    assert_false(sdk_wants(&out, 1));
    collected_free(&got);
    bench_close(&b);
}

static void test_no_columns_wanted(void **state)
{
    struct bench b;
    struct collected got = {0};
    const allora_sink sink = collect(&got);
    const allora_list_request req = {.size = sizeof req, .table = "t"};
    (void)state;
    bench_open(&b);
    sdk_rows out = SDK_ROWS(b.self, b.ctx, &req, &sink);
    assert_int_equal(sdk_row(&out, sdk_cell_int(1)), 0);
    assert_int_equal(got.n_rows, 1);
    assert_int_equal(got.widths[0], 0);
    collected_free(&got);
    bench_close(&b);
}

static void test_stop_and_failure(void **state)
{
    struct bench b;
    struct collected got = {.stop_after = 2};
    const allora_sink sink = collect(&got);
    const uint32_t wanted[] = {0};
    const allora_list_request req = {
        .size = sizeof req, .table = "t", .wanted = wanted, .n_wanted = 1};
    (void)state;
    bench_open(&b);
    sdk_rows out = SDK_ROWS(b.self, b.ctx, &req, &sink);
    assert_int_equal(sdk_row(&out, sdk_cell_int(1)), 0);
    assert_int_equal(sdk_row(&out, sdk_cell_int(2)), ALLORA_STOP);
    assert_int_equal(out.status, ALLORA_OK);
    b.fake.fail_alloc = b.fake.allocs + 1;
    out = SDK_ROWS(b.self, b.ctx, &req, &sink);
    assert_int_equal(sdk_row(&out, sdk_cell_int(1)), ALLORA_E_NOMEM);
    assert_int_equal(out.status, ALLORA_E_NOMEM);
    collected_free(&got);
    bench_close(&b);
}

/* cell, operator, value: may the row stay? */
static void test_filters(void **state)
{
    const allora_value list[] = {sdk_cell_int(1), sdk_cell_int(INT64_MAX)};
    allora_value in = {.type = ALLORA_V_LIST, .len = 2};
    in.u.list = list;
    const allora_value nul = sdk_null(), text = sdk_cell_text("Abc");
    const struct {
        allora_value cell;
        uint32_t op;
        allora_value value;
        bool stays;
    } rows[] = {
        {sdk_cell_int(5), ALLORA_OP_EQ, sdk_cell_int(5), true},
        {sdk_cell_int(5), ALLORA_OP_EQ, sdk_cell_int(6), false},
        {sdk_cell_int(5), ALLORA_OP_NE, sdk_cell_int(5), false},
        {sdk_cell_int(5), ALLORA_OP_NE, sdk_cell_int(6), true},
        {sdk_cell_int(5), ALLORA_OP_LT, sdk_cell_int(5), false},
        {sdk_cell_int(5), ALLORA_OP_LE, sdk_cell_int(5), true},
        {sdk_cell_int(5), ALLORA_OP_GT, sdk_cell_real(4.9), true},
        {sdk_cell_int(5), ALLORA_OP_GT, sdk_cell_real(5.1), false},
        {sdk_cell_real(5.5), ALLORA_OP_LT, sdk_cell_int(6), true},
        {sdk_cell_real(5.5), ALLORA_OP_LT, sdk_cell_int(5), false},
        {sdk_cell_real((double)NAN), ALLORA_OP_LT, sdk_cell_int(5), true},
        /* 2^53 + 1 is no double: compared exactly */
        {sdk_cell_int(9007199254740993), ALLORA_OP_GT, sdk_cell_real(9007199254740992.0), true},
        {sdk_cell_int(INT64_MAX), ALLORA_OP_LT, sdk_cell_real(0x1p63), true},
        {sdk_cell_int(INT64_MIN), ALLORA_OP_LT, sdk_cell_real(-0x1p64), false},
        {sdk_cell_bool(true), ALLORA_OP_EQ, sdk_cell_int(1), true},
        {sdk_cell_bool(true), ALLORA_OP_EQ, sdk_cell_int(0), false},
        {sdk_cell_time(7), ALLORA_OP_GE, sdk_cell_time(8), false},
        {text, ALLORA_OP_EQ, sdk_cell_text("Abc"), true},
        {text, ALLORA_OP_EQ, sdk_cell_text("abc"), false},
        {text, ALLORA_OP_LT, sdk_cell_text("Abcd"), true},
        {text, ALLORA_OP_PREFIX, sdk_cell_text("Ab"), true},
        {text, ALLORA_OP_PREFIX, sdk_cell_text("ab"), false},
        {text, ALLORA_OP_PREFIX, sdk_cell_text("Abcd"), false},
        {text, ALLORA_OP_PREFIX_NOCASE, sdk_cell_text("aB"), true},
        {text, ALLORA_OP_PREFIX_NOCASE, sdk_cell_text("b"), false},
        {sdk_cell_int(INT64_MAX), ALLORA_OP_IN, in, true},
        {sdk_cell_int(INT64_MAX - 1), ALLORA_OP_IN, in, false},
        {nul, ALLORA_OP_EQ, sdk_cell_int(1), false},
        {nul, ALLORA_OP_NE, sdk_cell_int(1), false},
        {nul, ALLORA_OP_ISNULL, nul, true},
        {text, ALLORA_OP_ISNULL, nul, false},
        /* what can't be judged stays in */
        {sdk_absent(), ALLORA_OP_EQ, sdk_cell_int(1), true},
        {text, ALLORA_OP_EQ, sdk_cell_int(1), true},
        {sdk_cell_int(777), ALLORA_OP_EQ, sdk_cell_text("777"), true},
        {sdk_cell_json(sdk_str("{}")), ALLORA_OP_EQ, sdk_cell_text("{ }"), true},
        {sdk_cell_int(1), ALLORA_OP_PREFIX, sdk_cell_text("1"), true},
        {text, 99, nul, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const allora_filter f = filter(0, rows[i].op, rows[i].value);
        if (sdk_may_match(rows[i].cell, &f) != rows[i].stays)
            fail_msg("row %zu", i);
    }
}

static void test_filters_look_at_columns_that_are_not_wanted(void **state)
{
    struct bench b;
    struct collected got = {0};
    const allora_sink sink = collect(&got);
    const uint32_t wanted[] = {0};
    const allora_filter f = filter(1, ALLORA_OP_EQ, sdk_cell_text("x"));
    const allora_list_request req = {.size = sizeof req,
                                     .table = "t",
                                     .wanted = wanted,
                                     .n_wanted = 1,
                                     .filters = &f,
                                     .n_filters = 1};
    (void)state;
    bench_open(&b);
    sdk_rows out = SDK_ROWS(b.self, b.ctx, &req, &sink);
    assert_true(sdk_wants(&out, 1));
    assert_int_equal(sdk_row(&out, sdk_cell_int(1), sdk_cell_text("x")), 0);
    assert_int_equal(sdk_row(&out, sdk_cell_int(2), sdk_cell_text("y")), 0);
    assert_int_equal(got.n_rows, 1);
    assert_int_equal(got.rows[0][0].u.i, 1);
    assert_ptr_equal(sdk_filter(&req, 1, ALLORA_OP_EQ), &f);
    assert_null(sdk_filter(&req, 1, ALLORA_OP_IN));
    collected_free(&got);
    bench_close(&b);
}

static void test_cursor_and_partition(void **state)
{
    struct bench b;
    struct collected got = {0};
    const allora_sink sink = collect(&got);
    const allora_pair keys[] = {{{"account", 7}, {"prod", 4}}, {{"region", 6}, {"eu", 2}}};
    const allora_list_request req = {
        .size = sizeof req, .table = "t", .partition = keys, .n_partition = 2};
    (void)state;
    bench_open(&b);
    assert_true(sdk_str_is(sdk_partition(&req, "region"), "eu"));
    assert_int_equal(sdk_partition(&req, "zone").len, 0);
    sdk_rows out = SDK_ROWS(b.self, b.ctx, &req, &sink);
    assert_int_equal(sdk_cursor(&out, sdk_str("p2"), &b.err), 0);
    assert_string_equal(collected_event(&got, ALLORA_EV_CURSOR), "p2");
    b.fake.cancel_after = 2;
    assert_int_equal(sdk_cursor(&out, sdk_str("p3"), &b.err), ALLORA_E_CANCELLED);
    assert_string_equal(b.err.message, "cancelled");
    collected_free(&got);
    bench_close(&b);
}

static void test_warning_is_json(void **state)
{
    struct bench b;
    struct collected got = {0};
    const allora_sink sink = collect(&got);
    const sdk_json *w;
    (void)state;
    bench_open(&b);
    (void)sdk_fail(&b.err, ALLORA_E_NETWORK, "said \"no\"\n%c and \xc3\xa4", 1);
    memset(b.err.hint, '\x02', sizeof b.err.hint - 1); /* the longest escapes */
    assert_int_equal(sdk_warn(&sink, &b.err, "eu-west-1"), 0);
    const char *text = collected_event(&got, ALLORA_EV_WARNING);
    assert_non_null(text);
    assert_int_equal(sdk_parse(b.self, b.ctx, sdk_str(text), &w, &b.err), ALLORA_OK);
    assert_string_equal(sdk_get_str(w, "code", ""), "network");
    assert_string_equal(sdk_get_str(w, "message", ""), "said \"no\"\n\x01 and \xc3\xa4");
    assert_string_equal(sdk_get_str(w, "where", ""), "eu-west-1");
    assert_int_equal(strlen(sdk_get_str(w, "hint", "")), 255);
    collected_free(&got);
    bench_close(&b);
}

static int32_t answer(struct fake_host *f, const char *operation, allora_str args,
                      const allora_sink *sink, allora_error *err)
{
    static const sdk_column columns[] = {{"name", NULL, ALLORA_V_TEXT},
                                         {"n", "bytes", ALLORA_V_INT}};
    (void)f, (void)err;
    assert_string_equal(operation, "query.sql");
    assert_true(sdk_str_is(args, "{\"sql\":\"x\"}"));
    assert_int_equal(sdk_begin(sink, columns, 2), 0);
    for (int64_t i = 0; i < 100; i++) {
        char text[] = {(char)('a' + i % 26), 0};
        const allora_value row[] = {sdk_cell_text(text), sdk_cell_int(i)};
        assert_int_equal(sink->row(sink->self, row, 2), 0);
    }
    for (int i = 0; i < 40; i++)
        assert_int_equal(sdk_event(sink, ALLORA_EV_WARNING, "{}"), 0);
    assert_int_equal(sdk_event(sink, ALLORA_EV_TEXT, "one "), 0);
    assert_int_equal(sdk_event(sink, ALLORA_EV_TEXT, "two"), 0);
    assert_int_equal(sdk_event(sink, ALLORA_EV_USAGE, "{}"), 0);
    assert_int_equal(sdk_event(sink, ALLORA_EV_RESULT, "{\"a\": 1}"), 0);
    return ALLORA_PARTIAL;
}

static void test_call_collects(void **state)
{
    struct bench b;
    sdk_result r;
    const sdk_json *doc;
    const allora_str args = sdk_str("{\"sql\":\"x\"}");
    (void)state;
    bench_open(&b);
    assert_int_equal(sdk_call(b.self, b.ctx, "query.sql", args, 0, &r, &b.err), ALLORA_E_DENIED);
    b.base.invoke = b.fake.host.get_interface(&b.fake.host, ALLORA_INVOKE_ID);
    b.fake.invoke = answer;
    assert_int_equal(sdk_call(b.self, b.ctx, "query.sql", args, 90, &r, &b.err), ALLORA_OK);
    assert_int_equal(r.status, ALLORA_PARTIAL);
    assert_int_equal(r.n_columns, 2);
    assert_int_equal(r.n_rows, 90);
    assert_int_equal(r.n_dropped, 10);
    assert_int_equal(sdk_result_cell(&r, 89, "n").u.i, 89);
    assert_memory_equal(sdk_result_cell(&r, 27, "name").u.p, "b", 2);
    assert_int_equal(sdk_result_cell(&r, 90, "n").type, ALLORA_V_NULL);
    assert_int_equal(sdk_result_cell(&r, 0, "nope").type, ALLORA_V_NULL);
    assert_int_equal(r.n_warnings, 40);
    assert_string_equal(r.text.ptr, "one two");
    assert_int_equal(sdk_call_json(b.self, b.ctx, "query.sql", args, &doc, &b.err), ALLORA_OK);
    assert_int_equal(sdk_get_int(doc, "a", 0), 1);
    bench_close(&b);
}

static void test_configuration(void **state)
{
    struct bench b;
    const struct fake_setting settings[] = {{"file", sdk_cell_text("/x")}, {"n", sdk_cell_int(7)}};
    const char *s;
    int64_t n;
    bool yes;
    (void)state;
    bench_open(&b);
    b.fake.settings = settings;
    b.fake.n_settings = 2;
    assert_int_equal(sdk_config_str(b.self, b.ctx, "file", "d", &s, &b.err), 0);
    assert_string_equal(s, "d"); /* the manifest asked for no configuration */
    b.base.config = b.fake.host.get_interface(&b.fake.host, ALLORA_CONFIG_ID);
    assert_int_equal(sdk_config_str(b.self, b.ctx, "file", "d", &s, &b.err), 0);
    assert_string_equal(s, "/x");
    assert_int_equal(sdk_config_int(b.self, b.ctx, "n", 1, &n, &b.err), 0);
    assert_int_equal(n, 7);
    assert_int_equal(sdk_config_int(b.self, b.ctx, "m", 1, &n, &b.err), 0);
    assert_int_equal(n, 1);
    assert_int_equal(sdk_config_bool(b.self, b.ctx, "n", true, &yes, &b.err), ALLORA_E_CONFIG);
    assert_string_equal(b.err.message, "n: true or false was expected");
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_projection),
        cmocka_unit_test(test_no_columns_wanted),
        cmocka_unit_test(test_stop_and_failure),
        cmocka_unit_test(test_filters),
        cmocka_unit_test(test_filters_look_at_columns_that_are_not_wanted),
        cmocka_unit_test(test_cursor_and_partition),
        cmocka_unit_test(test_warning_is_json),
        cmocka_unit_test(test_call_collects),
        cmocka_unit_test(test_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
