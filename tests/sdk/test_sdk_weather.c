/* The example provider, whose code is fifteen lines: pages, retries, early stops, resuming,
 * refusals. */
#include "opened.h"

const char allora_manifest_begin[] = "{}", allora_manifest_end[] = "";

static struct {
    uint32_t fail_first; /* so many replies with this status come first */
    int32_t fail_status;
    const char *retry_after;
    const char *replies[4]; /* by page */
    const char *next_of_last;
} script;

static int32_t answer(struct fake_host *f, const allora_http_request *req,
                      allora_http_response *ret, allora_error *err)
{
    static allora_pair header;
    (void)err;
    assert_string_equal(req->method, "GET");
    assert_string_equal(req->rate_bucket, "weather");
    if (f->sends <= script.fail_first) {
        ret->status = script.fail_status;
        header = (allora_pair){sdk_str("retry-after"), sdk_str(script.retry_after)};
        ret->headers = &header;
        ret->n_headers = script.retry_after ? 1 : 0;
        ret->body = sdk_str("busy");
        return ALLORA_OK;
    }
    const char *page = strstr(req->url, "page=");
    size_t n = page ? (size_t)(page[5] - '0') : 0;
    ret->status = 200;
    ret->body = sdk_str(script.replies[n]);
    return ALLORA_OK;
}

static void begin(struct opened *o)
{
    memset(&script, 0, sizeof script);
    script.replies[0] =
        "{\"items\":[{\"name\":\"Bergen\",\"now\":{\"temp_c\":7.5,\"at\":\"2026-11-01T09:00:00Z\"}}"
        ","
        "{\"name\":\"Tromso\",\"now\":{\"temp_c\":-3,\"at\":null}}],\"next_page\":\"1\"}";
    script.replies[1] = "{\"items\":[{\"name\":\"Oslo\",\"now\":{}}],\"next_page\":\"2\"}";
    script.replies[2] =
        "{\"items\":[{\"name\":\"Vadso\",\"now\":{\"temp_c\":\"cold\"}}],\"next_page\":null}";
    opened_begin(o, "weather");
    o->fake.answer = answer;
}

static void test_all_pages(void **state)
{
    struct opened o;
    struct collected got = {0};
    allora_list_request req = {.table = "weather_city"};
    (void)state;
    begin(&o);
    opened_create(&o);
    assert_int_equal(opened_list(&o, &req, 3, &got), ALLORA_OK);
    assert_int_equal(o.fake.sends, 3);
    assert_int_equal(o.fake.opened_scopes, 3);
    assert_string_equal(o.fake.last_url, "https://api.weather.example/cities?page=2");
    assert_int_equal(got.n_rows, 4);
    assert_string_equal(got.rows[0][0].u.p, "Bergen");
    assert_true(got.rows[0][1].u.d == 7.5);
    assert_int_equal(got.rows[0][2].u.i, INT64_C(1793523600000000));
    assert_int_equal(got.rows[1][2].type, ALLORA_V_NULL);
    assert_int_equal(got.rows[2][1].type, ALLORA_V_NULL);
    assert_int_equal(got.rows[3][1].type,
                     ALLORA_V_ABSENT); /* "cold" is no number, and none is made up */
    assert_int_equal(collected_count(&got, ALLORA_EV_CURSOR), 2);
    assert_string_equal(collected_event(&got, ALLORA_EV_CURSOR), "2");
    collected_free(&got);
    opened_end(&o);
}

static void test_resumes(void **state)
{
    struct opened o;
    struct collected got = {0};
    allora_list_request req = {.table = "weather_city", .cursor = sdk_str("2")};
    (void)state;
    begin(&o);
    opened_create(&o);
    assert_int_equal(opened_list(&o, &req, 3, &got), ALLORA_OK);
    assert_int_equal(o.fake.sends, 1);
    assert_int_equal(got.n_rows, 1);
    collected_free(&got);
    opened_end(&o);
}

/* `return out.status` in the middle of a page: its scope ends, and no further page is asked for. */
static void test_stops_early(void **state)
{
    struct opened o;
    struct collected got = {.stop_after = 1};
    allora_list_request req = {.table = "weather_city"};
    (void)state;
    begin(&o);
    opened_create(&o);
    assert_int_equal(opened_list(&o, &req, 3, &got), ALLORA_OK);
    assert_int_equal(o.fake.sends, 1);
    assert_int_equal(o.fake.open_scopes, 0);
    assert_int_equal(got.after_stop, 0);
    collected_free(&got);
    opened_end(&o);
}

static void test_backs_off(void **state)
{
    static const struct {
        uint32_t fail_first;
        int32_t http, status;
        uint32_t sends, backoffs;
    } rows[] = {
        {2, 429, ALLORA_OK, 5, 2},       {4, 503, ALLORA_OK, 7, 4},
        {1, 500, ALLORA_OK, 4, 1},       {9, 503, ALLORA_E_THROTTLED, 5, 4},
        {9, 502, ALLORA_E_REMOTE, 5, 4}, {9, 401, ALLORA_E_AUTH, 1, 0},
        {9, 403, ALLORA_E_DENIED, 1, 0}, {9, 404, ALLORA_E_NOTFOUND, 1, 0},
        {9, 400, ALLORA_E_REMOTE, 1, 0}, {9, 304, ALLORA_E_REMOTE, 1, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct opened o;
        struct collected got = {0};
        allora_list_request req = {.table = "weather_city"};
        begin(&o);
        script.fail_first = rows[i].fail_first;
        script.fail_status = rows[i].http;
        script.retry_after = "7";
        opened_create(&o);
        assert_int_equal(opened_list(&o, &req, 3, &got), rows[i].status);
        assert_int_equal(o.fake.sends, rows[i].sends);
        assert_int_equal(o.fake.backoffs, rows[i].backoffs);
        if (rows[i].status) {
            assert_int_equal(o.err.http_status, rows[i].http);
            assert_int_equal(o.err.retry_after_ms, 7000);
            assert_int_equal(o.err.code, rows[i].status);
            assert_true(o.err.message[0]);
        }
        collected_free(&got);
        opened_end(&o);
    }
}

static void test_bad_answers(void **state)
{
    static const struct {
        const char *reply, *message;
    } rows[] = {
        {"<html>",
         "the answer of https://api.weather.example/cities is not JSON: 1:1: no JSON value"},
        {"{\"cities\":[]}",
         "the answer of https://api.weather.example/cities has no list \"items\""},
        {"{\"items\":7}", "the answer of https://api.weather.example/cities has no list \"items\""},
        {"[]", "the answer of https://api.weather.example/cities has no list \"items\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct opened o;
        struct collected got = {0};
        allora_list_request req = {.table = "weather_city"};
        begin(&o);
        script.replies[0] = rows[i].reply;
        opened_create(&o);
        assert_int_equal(opened_list(&o, &req, 3, &got), ALLORA_E_REMOTE);
        assert_string_equal(o.err.message, rows[i].message);
        collected_free(&got);
        opened_end(&o);
    }
}

/* A server that leads to the same page again and again doesn't keep us for ever. */
static void test_page_that_leads_to_itself(void **state)
{
    struct opened o;
    struct collected got = {0};
    allora_list_request req = {.table = "weather_city"};
    (void)state;
    begin(&o);
    script.replies[1] = "{\"items\":[],\"next_page\":1}";
    opened_create(&o);
    assert_int_equal(opened_list(&o, &req, 3, &got), ALLORA_E_REMOTE);
    assert_int_equal(o.fake.sends, 2);
    assert_string_equal(o.err.message, "the server leads from page 2 to the same page");
    collected_free(&got);
    opened_end(&o);
}

static void test_cancelled_between_pages(void **state)
{
    struct opened o;
    struct collected got = {0};
    allora_list_request req = {.table = "weather_city"};
    (void)state;
    begin(&o);
    opened_create(&o);
    o.fake.cancel_after = 2;
    assert_int_equal(opened_list(&o, &req, 3, &got), ALLORA_E_CANCELLED);
    assert_int_equal(o.fake.sends, 1);
    assert_int_equal(o.fake.open_scopes, 0);
    collected_free(&got);
    opened_end(&o);
}

static void test_endpoint_is_configurable(void **state)
{
    struct opened o;
    struct collected got = {0};
    allora_list_request req = {.table = "weather_city"};
    const struct fake_setting there = {"endpoint", sdk_cell_text("http://127.0.0.1:8080/v1")};
    const struct fake_setting nonsense = {"endpoint", sdk_cell_text("nonsense")};
    (void)state;
    begin(&o);
    o.fake.settings = &there;
    o.fake.n_settings = 1;
    opened_create(&o);
    assert_int_equal(opened_list(&o, &req, 3, &got), ALLORA_OK);
    assert_string_equal(o.fake.last_url, "http://127.0.0.1:8080/v1/cities?page=2");
    o.fake.settings = &nonsense;
    assert_int_equal(opened_list(&o, &req, 3, &got), ALLORA_E_CONFIG);
    assert_string_equal(o.err.message, "endpoint: a URL was expected, not \"nonsense\"");
    collected_free(&got);
    opened_end(&o);
}

static void test_refuses_a_host_without_http(void **state)
{
    struct opened o;
    (void)state;
    begin(&o);
    o.fake.without = ALLORA_HTTP_ID;
    assert_int_equal(o.plugin->create(&o.fake.host, o.ctx, &o.self, &o.err), ALLORA_E_UNSUPPORTED);
    assert_null(o.self);
    assert_string_equal(
        o.err.message, "plugin weather needs allora.http/1, which fakehost 0 does not offer to it");
    assert_true(o.err.hint[0]);
    o.plugin->destroy(NULL);
    opened_end(&o);
}

/* Any one allocation fails: a clean NOMEM, nothing left open. */
static void test_out_of_memory(void **state)
{
    bool worked = false;
    uint64_t runs = 0;
    (void)state;
    while (!worked && runs < 200) {
        struct opened o;
        struct collected got = {0};
        allora_list_request req = {.table = "weather_city"};
        begin(&o);
        opened_create(&o);
        o.fake.allocs = 0;
        o.fake.fail_alloc = ++runs;
        int32_t st = opened_list(&o, &req, 3, &got);
        worked = st == ALLORA_OK;
        assert_true(worked || st == ALLORA_E_NOMEM);
        collected_free(&got);
        opened_end(&o);
    }
    assert_true(worked && runs > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_pages),
        cmocka_unit_test(test_resumes),
        cmocka_unit_test(test_stops_early),
        cmocka_unit_test(test_backs_off),
        cmocka_unit_test(test_bad_answers),
        cmocka_unit_test(test_page_that_leads_to_itself),
        cmocka_unit_test(test_cancelled_between_pages),
        cmocka_unit_test(test_endpoint_is_configurable),
        cmocka_unit_test(test_refuses_a_host_without_http),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
