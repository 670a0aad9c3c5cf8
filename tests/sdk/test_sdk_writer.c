/* JSON out. */
#include "sdk_test.h"
#include <math.h>

const char allora_manifest_begin[] = "{}", allora_manifest_end[] = "";

static void test_all_kinds(void **state)
{
    struct bench b;
    (void)state;
    bench_open(&b);
    sdk_writer w = sdk_writer_begin(b.self, b.ctx);
    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, "a\"b", "x\\\"\n\t\x01\x7f\xc3\xa4\xff!");
    sdk_w_text(&w, "none", NULL);
    sdk_w_int(&w, "min", INT64_MIN);
    sdk_w_real(&w, "third", 1.0 / 3);
    sdk_w_real(&w, "whole", 5);
    sdk_w_real(&w, "nan", (double)NAN);
    sdk_w_bool(&w, "yes", true);
    sdk_w_open(&w, "list", '[');
    sdk_w_cell(&w, NULL, sdk_cell_time(0));
    sdk_w_cell(&w, NULL, sdk_cell_json(sdk_str("{\"k\":[1]}")));
    sdk_w_cell(&w, NULL, sdk_absent());
    sdk_w_open(&w, NULL, '{');
    sdk_w_close(&w, '}');
    sdk_w_close(&w, ']');
    sdk_w_str(&w, "empty", sdk_str_n(NULL, 0));
    sdk_w_close(&w, '}');
    allora_str text = sdk_w_done(&w);
    assert_string_equal(
        text.ptr,
        "{\"a\\\"b\":\"x\\\\\\\"\\n\\t\\u0001\x7f\xc3\xa4\xef\xbf\xbd!\",\"none\":null,"
        "\"min\":-9223372036854775808,\"third\":0.3333333333333333,\"whole\":5.0,"
        "\"nan\":null,\"yes\":true,\"list\":[\"1970-01-01T00:00:00Z\",{\"k\":[1]},null,{}],"
        "\"empty\":\"\"}");
    const sdk_json *n;
    assert_int_equal(sdk_parse(b.self, b.ctx, text, &n, &b.err), ALLORA_OK);
    bench_close(&b);
}

static void test_grows_and_fails_well(void **state)
{
    (void)state;
    for (uint64_t fail = 0; fail < 8; fail++) {
        struct bench b;
        bench_open(&b);
        b.fake.fail_alloc = fail;
        sdk_writer w = sdk_writer_begin(b.self, b.ctx);
        sdk_w_open(&w, NULL, '[');
        for (int i = 0; i < 1000; i++)
            sdk_w_text(&w, NULL, "0123456789");
        sdk_w_close(&w, ']');
        allora_str text = sdk_w_done(&w);
        if (fail)
            assert_null(text.ptr);
        else
            assert_int_equal(text.len, 13001);
        bench_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kinds),
        cmocka_unit_test(test_grows_and_fails_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
