/* Signing, classifying, repeating, and the ways from page to page that the weather example doesn't
 * use. */
#include "sdk_test.h"
#include <stdio.h>

const char allora_manifest_begin[] = "{}", allora_manifest_end[] = "";

/* What the server does, by the number of the request. */
static struct {
    int32_t status[8];   /* 0: 200 */
    int32_t failure[8];  /* send() returns this instead */
    const char *body[8]; /* NULL: {"items":[]} */
    const char *link[8]; /* a Link header */
    char urls[8][256];
    uint32_t headers[8], signatures;
    uint32_t failure_flags;
} server;

static int32_t answer(struct fake_host *f, const allora_http_request *req,
                      allora_http_response *ret, allora_error *err)
{
    static allora_pair link;
    uint32_t n = f->sends - 1;
    assert_true(n < 8);
    (void)snprintf(server.urls[n], sizeof server.urls[n], "%s", req->url);
    server.headers[n] = req->n_headers;
    if (server.failure[n]) {
        err->flags = server.failure_flags;
        err->code = server.failure[n];
        return server.failure[n];
    }
    ret->status = server.status[n] ? server.status[n] : 200;
    ret->body = sdk_str(server.body[n] ? server.body[n] : "{\"items\":[]}");
    link = (allora_pair){sdk_str("LINK"), sdk_str(server.link[n])};
    ret->headers = &link;
    ret->n_headers = server.link[n] ? 1 : 0;
    return ALLORA_OK;
}

static void open_http(struct bench *b)
{
    memset(&server, 0, sizeof server);
    bench_open(b);
    b->fake.answer = answer;
    b->base.http = b->fake.host.get_interface(&b->fake.host, ALLORA_HTTP_ID);
    b->base.scope = b->fake.host.get_interface(&b->fake.host, ALLORA_SCOPE_ID);
}

static int32_t sign(sdk_request *req, allora_error *err)
{
    char text[32];
    (void)err;
    (void)snprintf(text, sizeof text, "signature %u", ++server.signatures);
    return sdk_header(req, "Authorization", text);
}

/* 418: try again; 400: what its body says. */
static int32_t classify(const allora_instance *self, const sdk_reply *reply, allora_error *err)
{
    (void)self;
    if (reply->status == 418)
        return ALLORA_BACKOFF_TRANSIENT;
    return sdk_fail(err, ALLORA_E_ARG, "it said %.*s", (int)reply->body.len, reply->body.ptr);
}

static void test_each_attempt_is_signed_anew(void **state)
{
    struct bench b;
    sdk_reply reply;
    const sdk_api api = {.endpoint = "https://a.example", .sign = sign, .classify = classify};
    (void)state;
    open_http(&b);
    server.status[0] = server.status[1] = 418;
    assert_int_equal(sdk_get(&api, b.self, b.ctx, "/x", &reply, &b.err), ALLORA_OK);
    assert_int_equal(b.fake.sends, 3);
    assert_int_equal(server.signatures, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(server.headers[i], 2); /* Accept, and one signature, not a heap of them */
    server.status[3] = 400;
    server.body[3] = "no";
    assert_int_equal(sdk_get(&api, b.self, b.ctx, "/x", &reply, &b.err), ALLORA_E_ARG);
    assert_string_equal(b.err.message, "it said no");
    bench_close(&b);
}

static void test_what_may_be_repeated(void **state)
{
    static const struct {
        const char *method;
        bool idempotent;
        int32_t status, failure;
        uint32_t flags, sends;
    } rows[] = {
        {"GET", false, 503, 0, 0, 3},
        {"PUT", false, 503, 0, 0, 3},
        {"POST", false, 503, 0, 0, 1},
        {"POST", true, 503, 0, 0, 3},
        {"GET", false, 0, ALLORA_E_NETWORK, ALLORA_ERR_RETRYABLE, 3},
        {"GET", false, 0, ALLORA_E_NETWORK, 0, 1},
        {"POST", false, 0, ALLORA_E_TIMEOUT, ALLORA_ERR_RETRYABLE, 1},
        {"GET", false, 0, ALLORA_E_CANCELLED, ALLORA_ERR_RETRYABLE, 1},
    };
    const sdk_api api = {.endpoint = "https://a.example", .max_attempts = 3};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench b;
        sdk_reply reply;
        open_http(&b);
        server.failure_flags = rows[i].flags;
        for (int n = 0; n < 8; n++) {
            server.status[n] = rows[i].status;
            server.failure[n] = rows[i].failure;
        }
        sdk_request req = {.method = rows[i].method,
                           .url = "https://a.example/x",
                           .body = sdk_str("{}"),
                           .idempotent = rows[i].idempotent,
                           .self = b.self,
                           .ctx = b.ctx};
        int32_t st = sdk_send(&api, &req, &reply, &b.err);
        assert_int_equal(st, rows[i].failure ? rows[i].failure : ALLORA_E_THROTTLED);
        if (b.fake.sends != rows[i].sends)
            fail_msg("case %zu: %u sends", i, b.fake.sends);
        bench_close(&b);
    }
}

static void test_without_permission(void **state)
{
    struct bench b;
    sdk_reply reply;
    const sdk_api api = {.endpoint = "https://a.example"};
    (void)state;
    open_http(&b);
    b.base.http = NULL;
    assert_int_equal(sdk_get(&api, b.self, b.ctx, "/x", &reply, &b.err), ALLORA_E_DENIED);
    assert_string_equal(b.err.message,
                        "plugin test may not use the network: its manifest does not ask for it");
    bench_close(&b);
}

/* Goes through all pages; the number of them, or the failure. */
static int32_t walk(struct bench *b, const sdk_api *api, const char *path)
{
    struct collected got = {0};
    const allora_sink sink = collect(&got);
    const allora_list_request req = {.size = sizeof req, .table = "t"};
    sdk_rows out = SDK_ROWS(b->self, b->ctx, &req, &sink);
    int32_t pages = 0, status;
    {
        SDK_PAGES (page, api, &out, path, "items", &b->err) {
            pages++;
        }
        status = page.status;
    }
    collected_free(&got);
    return status ? status : pages;
}

static void test_next_is_a_url(void **state)
{
    static const struct {
        const char *next, *second; /* second NULL: refused */
    } rows[] = {
        {"https://a.example/v1/x?after=5", "https://a.example/v1/x?after=5"},
        {"/v1/x?after=5", "https://a.example/v1/x?after=5"},
        {"https://b.example/v1/x", NULL},
        {"https://a.example.b.example/x", NULL},
        {"https://a.example@b.example/x", NULL},
        {"http://a.example/x", NULL}, /* not in clear where it wasn't */
        {"x?after=5", NULL},
    };
    const sdk_api api = {.endpoint = "https://a.example/v1", .next = "paging.next"};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench b;
        char first[200];
        open_http(&b);
        (void)snprintf(first, sizeof first, "{\"items\":[],\"paging\":{\"next\":\"%s\"}}",
                       rows[i].next);
        server.body[0] = first;
        int32_t st = walk(&b, &api, "/x");
        assert_string_equal(server.urls[0], "https://a.example/v1/x");
        if (rows[i].second) {
            assert_int_equal(st, 2);
            assert_string_equal(server.urls[1], rows[i].second);
        } else if (st != ALLORA_E_REMOTE || b.fake.sends != 1) {
            fail_msg("%s: %d", rows[i].next, (int)st);
        }
        bench_close(&b);
    }
}

static void test_next_is_a_token(void **state)
{
    struct bench b;
    const sdk_api api = {.endpoint = "https://a.example", .next = "next", .next_parameter = "t"};
    (void)state;
    open_http(&b);
    server.body[0] = "{\"items\":[],\"next\":\"a b&c=\\u00e4/~\"}";
    server.body[1] = "{\"items\":[],\"next\":17}";
    server.body[2] = "{\"items\":[],\"next\":\"\"}";
    assert_int_equal(walk(&b, &api, "/x?size=2"), 3);
    assert_string_equal(server.urls[1], "https://a.example/x?size=2&t=a%20b%26c%3D%C3%A4%2F~");
    assert_string_equal(server.urls[2], "https://a.example/x?size=2&t=17");
    bench_close(&b);
}

static void test_next_is_a_link_header(void **state)
{
    struct bench b;
    const sdk_api api = {.endpoint = "https://a.example", .next = SDK_LINK_HEADER};
    (void)state;
    open_http(&b);
    server.link[0] =
        "<https://a.example/x?p=0>; rel=\"prev\", <https://a.example/x?p=2>; rel=\"next\"";
    server.link[1] = "</x?p=3>; rel=next; title=\"more\"";
    server.link[2] = "<https://a.example/x?p=1>; rel=\"first\", <broken";
    assert_int_equal(walk(&b, &api, "/x"), 3);
    assert_string_equal(server.urls[1], "https://a.example/x?p=2");
    assert_string_equal(server.urls[2], "https://a.example/x?p=3");
    bench_close(&b);
}

/* A thousand pages cost the memory of one. */
static int32_t endless(struct fake_host *f, const allora_http_request *req,
                       allora_http_response *ret, allora_error *err)
{
    static char body[4000];
    (void)req, (void)err;
    int n = snprintf(body, sizeof body, "{\"items\":[\"");
    memset(body + n, 'x', 3000);
    (void)snprintf(body + n + 3000, sizeof body - (size_t)n - 3000, "\"],\"next\":\"%s\"}",
                   f->sends < 1000 ? (f->sends % 2 ? "odd" : "even") : "");
    ret->status = 200;
    ret->body = sdk_str(body);
    return ALLORA_OK;
}

static void test_memory_of_many_pages(void **state)
{
    struct bench b;
    const sdk_api api = {.endpoint = "https://a.example", .next = "next", .next_parameter = "t"};
    (void)state;
    open_http(&b);
    b.fake.answer = endless;
    assert_int_equal(walk(&b, &api, "/x"), 1000);
    assert_int_equal(b.fake.opened_scopes, 1000);
    assert_true(b.fake.peak_bytes < 40000);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_attempt_is_signed_anew),
        cmocka_unit_test(test_what_may_be_repeated),
        cmocka_unit_test(test_without_permission),
        cmocka_unit_test(test_next_is_a_url),
        cmocka_unit_test(test_next_is_a_token),
        cmocka_unit_test(test_next_is_a_link_header),
        cmocka_unit_test(test_memory_of_many_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
