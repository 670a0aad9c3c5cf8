/* The loop of attempts: sign, send, classify, back off.  The host makes one attempt per send(), so
 * that a signature made just before holds; what a reply means is the plugin's to say; how long to
 * wait is the host's. */
#include "sdk_internal.h"
#include <string.h>
#include <strings.h>

enum { DEFAULT_ATTEMPTS = 5 };

int32_t sdk_header(sdk_request *req, const char *name, const char *value)
{
    if (req->n_headers == req->cap_headers) {
        uint32_t cap = req->cap_headers ? req->cap_headers * 2 : 8;
        allora_pair *bigger = sdk_alloc(req->self, req->ctx, cap * sizeof *bigger);
        if (!bigger)
            return ALLORA_E_NOMEM;
        if (req->n_headers)
            memcpy(bigger, req->headers, req->n_headers * sizeof *bigger);
        req->headers = bigger;
        req->cap_headers = cap;
    }
    const char *copy = sdk_copy(req->self, req->ctx, sdk_str(value));
    if (!copy)
        return ALLORA_E_NOMEM;
    req->headers[req->n_headers++] = (allora_pair){sdk_str(name), sdk_str(copy)};
    return ALLORA_OK;
}

allora_str sdk_reply_header(const sdk_reply *reply, const char *name)
{
    size_t len = strlen(name);
    for (uint32_t i = 0; i < reply->n_headers; i++)
        if (reply->headers[i].key.len == len &&
            strncasecmp(reply->headers[i].key.ptr, name, len) == 0)
            return reply->headers[i].val;
    return sdk_str("");
}

/* Seconds only; the other form, a date, is rare enough to leave to the host's jitter. */
static uint32_t retry_after(const sdk_reply *reply)
{
    allora_str v = sdk_reply_header(reply, "Retry-After");
    uint64_t seconds = 0;
    for (uint64_t i = 0; i < v.len; i++) {
        if (v.ptr[i] < '0' || v.ptr[i] > '9' || seconds > 86400)
            return 0;
        seconds = seconds * 10 + (uint64_t)(v.ptr[i] - '0');
    }
    return (uint32_t)(seconds > 86400 ? 86400 : seconds) * 1000;
}

/* What the status alone says (RFC 9110): a kind of backoff, or the failure it stands for. */
static int32_t classify_status(const sdk_reply *reply, allora_error *err)
{
    static const struct {
        int32_t http, code;
    } meanings[] = {{401, ALLORA_E_AUTH},     {403, ALLORA_E_DENIED},   {404, ALLORA_E_NOTFOUND},
                    {409, ALLORA_E_CONFLICT}, {410, ALLORA_E_NOTFOUND}, {412, ALLORA_E_CONFLICT},
                    {408, ALLORA_E_TIMEOUT},  {504, ALLORA_E_TIMEOUT},  {429, ALLORA_E_THROTTLED},
                    {503, ALLORA_E_THROTTLED}};
    int32_t code = ALLORA_E_REMOTE;
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].http == reply->status)
            code = meanings[i].code;
    (void)sdk_fail(err, code, "the server answered with HTTP status %d", (int)reply->status);
    err->http_status = reply->status;
    err->retry_after_ms = reply->retry_after_ms;
    if (code == ALLORA_E_THROTTLED)
        return ALLORA_BACKOFF_THROTTLED;
    bool transient = code == ALLORA_E_TIMEOUT || reply->status == 500 || reply->status == 502;
    return transient ? ALLORA_BACKOFF_TRANSIENT : code;
}

static bool may_repeat(const sdk_request *req)
{
    static const char *const methods[] = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (strcmp(req->method, methods[i]) == 0)
            return true;
    return req->idempotent;
}

/* One attempt.  0: a 2xx reply; positive: ALLORA_BACKOFF_*, with err saying what went wrong. */
static int32_t attempt(const sdk_api *api, const char *bucket, sdk_request *req, sdk_reply *reply,
                       allora_error *err)
{
    const allora_http_v1 *http = sdk_of(req->self)->http;
    uint32_t own_headers = req->n_headers; /* the signature's are new for each attempt */
    int32_t st = api->sign ? api->sign(req, err) : ALLORA_OK;
    const allora_http_request out = {
        .size = (uint32_t)sizeof out,
        .flags = req->flags,
        .method = req->method,
        .url = req->url,
        .headers = req->headers,
        .n_headers = req->n_headers,
        .timeout_ms = api->timeout_ms,
        .body = req->body,
        .rate_bucket = bucket,
        .secret = api->secret,
        .secret_header = api->secret_header,
        .secret_prefix = api->secret_prefix,
    };
    allora_http_response in = {.size = (uint32_t)sizeof in};
    if (!st)
        st = http->send(req->ctx, &out, &in, err);
    req->n_headers = own_headers;
    if (st) {
        bool again =
            (st == ALLORA_E_NETWORK || st == ALLORA_E_TIMEOUT) && err->flags & ALLORA_ERR_RETRYABLE;
        return again ? ALLORA_BACKOFF_TRANSIENT : st;
    }
    *reply = (sdk_reply){
        .status = in.status, .headers = in.headers, .n_headers = in.n_headers, .body = in.body};
    if (in.status >= 200 && in.status < 300)
        return ALLORA_OK;
    reply->retry_after_ms = retry_after(reply);
    st = classify_status(reply, err);
    return api->classify ? api->classify(req->self, reply, err) : st;
}

int32_t sdk_send(const sdk_api *api, sdk_request *req, sdk_reply *ret, allora_error *err)
{
    const sdk_instance *base = sdk_of(req->self);
    const char *bucket = api->rate_bucket ? api->rate_bucket : base->plugin->id;
    uint32_t most = api->max_attempts ? api->max_attempts : DEFAULT_ATTEMPTS;
    if (!base->http)
        return sdk_fail(err, ALLORA_E_DENIED,
                        "plugin %s may not use the network: its manifest does not ask for it",
                        base->plugin->id);
    if (!may_repeat(req))
        most = 1;
    for (uint32_t n = 1;; n++) {
        sdk_reply reply = {0};
        int32_t st = attempt(api, bucket, req, &reply, err);
        if (st == ALLORA_OK)
            *ret = reply;
        if (st <= 0)
            return st;
        int32_t failure = err->code ? err->code : ALLORA_E_REMOTE;
        if (n == most) {
            err->flags |= ALLORA_ERR_RETRYABLE;
            return failure;
        }
        /* backoff() has an error of its own; that of the server says more, unless we were cancelled
         */
        allora_error waited = {.size = (uint32_t)sizeof waited};
        int32_t go_on = base->http->backoff(req->ctx, bucket, st, n, reply.retry_after_ms, &waited);
        if (go_on == ALLORA_E_CANCELLED)
            *err = waited;
        if (go_on)
            return go_on == ALLORA_E_CANCELLED ? go_on : failure;
    }
}

int32_t sdk_get_url(const sdk_api *api, const allora_instance *self, allora_ctx *ctx,
                    const char *url, sdk_reply *ret, allora_error *err)
{
    sdk_request req = {.method = "GET", .url = url, .body = sdk_str(""), .self = self, .ctx = ctx};
    sdk_reply reply = {0};
    int32_t st = sdk_header(&req, "Accept", "application/json");
    if (!st)
        st = sdk_send(api, &req, &reply, err);
    if (st)
        return st;
    st = sdk_parse(self, ctx, reply.body, &reply.json, err);
    if (st == ALLORA_E_ARG) { /* not the caller's argument: the server's answer */
        char what[sizeof err->message];
        memcpy(what, err->message, sizeof what);
        what[200] = 0;
        return sdk_fail(err, ALLORA_E_REMOTE, "the answer of %.200s is not JSON: %s", url, what);
    }
    if (!st)
        *ret = reply;
    return st;
}

int32_t sdk_endpoint(const sdk_api *api, const allora_instance *self, allora_ctx *ctx,
                     const char **ret, allora_error *err)
{
    int32_t st = sdk_config_str(self, ctx, "endpoint", api->endpoint, ret, err);
    if (!st && (!*ret || !strstr(*ret, "://")))
        return sdk_fail(err, ALLORA_E_CONFIG, "endpoint: a URL was expected, not \"%s\"",
                        *ret ? *ret : "");
    return st;
}

int32_t sdk_get(const sdk_api *api, const allora_instance *self, allora_ctx *ctx, const char *path,
                sdk_reply *ret, allora_error *err)
{
    const char *endpoint;
    int32_t st = sdk_endpoint(api, self, ctx, &endpoint, err);
    if (st)
        return st;
    const char *url = sdk_printf(self, ctx, "%s%s", endpoint, path);
    if (!url)
        return sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
    return sdk_get_url(api, self, ctx, url, ret, err);
}
