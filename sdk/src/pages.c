/* SDK_PAGES: one request a page, one scope a page, a cursor between pages. */
#include "sdk_internal.h"
#include <stdlib.h>
#include <string.h>

sdk_page sdk_pages_begin(const sdk_api *api, sdk_rows *out, const char *path,
                         const char *items_path, allora_error *err)
{
    sdk_page page = {
        .api = api,
        .out = out,
        .path = path,
        .items_path = items_path,
        .err = err,
        .status = out->status,
    };
    allora_str from = out->req->cursor;
    if (from.len) {
        page.position = strndup(from.ptr, from.len);
        if (!page.position)
            page.status = sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
    }
    return page;
}

static void close_scope(sdk_page *page)
{
    const allora_scope_v1 *scope = sdk_of(page->out->self)->scope;
    if (page->ctx && page->ctx != page->out->ctx)
        scope->close(page->ctx);
    page->ctx = NULL;
    page->items = NULL;
    page->reply = (sdk_reply){0};
}

void sdk_pages_done(sdk_page *page)
{
    close_scope(page);
    free(page->position);
    page->position = NULL;
}

/* scheme://host:port, without the slash behind it. */
static size_t origin_length(const char *url)
{
    const char *host = strstr(url, "://");
    return host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#") : 0;
}

/* A query parameter's value (RFC 3986, everything but the unreserved escaped). */
static char *escaped(const sdk_page *page, const char *text)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char hex[] = "0123456789ABCDEF";
    char *out = sdk_alloc(page->out->self, page->ctx, strlen(text) * 3 + 1), *o = out;
    for (; o && *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (strchr(plain, c)) {
            *o++ = (char)c;
        } else {
            *o++ = '%';
            *o++ = hex[c >> 4];
            *o++ = hex[c & 15];
        }
    }
    return out;
}

static int32_t page_url(sdk_page *page, const char **ret)
{
    const allora_instance *self = page->out->self;
    const char *endpoint, *at = page->position;
    int32_t st = sdk_endpoint(page->api, self, page->ctx, &endpoint, page->err);
    if (st)
        return st;
    size_t origin = origin_length(endpoint);
    if (!at) {
        *ret = sdk_printf(self, page->ctx, "%s%s", endpoint, page->path);
    } else if (page->api->next_parameter) {
        const char *value = escaped(page, at);
        *ret = value ? sdk_printf(self, page->ctx, "%s%s%c%s=%s", endpoint, page->path,
                                  strchr(page->path, '?') ? '&' : '?', page->api->next_parameter,
                                  value)
                     : NULL;
    } else if (*at == '/') {
        *ret = sdk_printf(self, page->ctx, "%.*s%s", (int)origin, endpoint, at);
    } else if (origin_length(at) == origin && strncmp(at, endpoint, origin) == 0) {
        *ret = at;
    } else { /* it would take the credentials along */
        return sdk_fail(page->err, ALLORA_E_REMOTE,
                        "the next page is said to be at another server: %.200s", at);
    }
    return *ret ? ALLORA_OK : sdk_fail(page->err, ALLORA_E_NOMEM, "out of memory");
}

/* The target of rel="next" in a Link header (RFC 8288): <url>; rel="next", <url>; … */
static allora_str next_link(allora_str header)
{
    const char *at = header.ptr, *end = at + header.len;
    while (at < end && (at = memchr(at, '<', (size_t)(end - at)))) {
        const char *close = memchr(at, '>', (size_t)(end - at));
        if (!close)
            break;
        const char *stop = memchr(close, '<', (size_t)(end - close));
        size_t len = (size_t)((stop ? stop : end) - close);
        if (memmem(close, len, "rel=\"next\"", 10) || memmem(close, len, "rel=next", 8))
            return sdk_str_n(at + 1, (size_t)(close - at) - 1);
        at = close + 1;
    }
    return sdk_str("");
}

/* Where the next page is; empty when this was the last. */
static allora_str next_position(const sdk_page *page)
{
    const char *next = page->api->next;
    if (!next)
        return sdk_str("");
    if (strcmp(next, SDK_LINK_HEADER) == 0)
        return next_link(sdk_reply_header(&page->reply, "Link"));
    const sdk_json *n = sdk_path(page->reply.json, next);
    return n && (n->type == SDK_STRING || n->type == SDK_INT) ? n->text : sdk_str("");
}

/* Steps from a page that was read to the next; false when there is none, or when it can't be. */
static bool advance(sdk_page *page)
{
    allora_str next = next_position(page);
    if (!next.len)
        return false;
    if (page->position && sdk_str_is(next, page->position)) {
        page->status = sdk_fail(page->err, ALLORA_E_REMOTE,
                                "the server leads from page %u to the same page", page->number);
        return false;
    }
    char *copy = strndup(next.ptr, next.len);
    if (!copy) {
        page->status = sdk_fail(page->err, ALLORA_E_NOMEM, "out of memory");
        return false;
    }
    free(page->position);
    page->position = copy;
    close_scope(page);
    int32_t st = sdk_cursor(page->out, sdk_str(copy), page->err);
    page->status = st < 0 ? st : ALLORA_OK;
    return st == 0;
}

static int32_t fetch(sdk_page *page)
{
    const allora_instance *self = page->out->self;
    const allora_scope_v1 *scope = sdk_of(self)->scope;
    const char *url;
    int32_t st = ALLORA_OK;
    page->ctx = page->out->ctx;
    if (scope)
        st = scope->open(page->out->ctx, sdk_str(""), 0, 0, &page->ctx, page->err);
    if (!st)
        st = page_url(page, &url);
    if (!st)
        st = sdk_get_url(page->api, self, page->ctx, url, &page->reply, page->err);
    if (st)
        return st;
    page->items = sdk_path(page->reply.json, page->items_path);
    if (!page->items || (page->items->type != SDK_ARRAY && page->items->type != SDK_NULL))
        return sdk_fail(page->err, ALLORA_E_REMOTE, "the answer of %.200s has no list \"%s\"", url,
                        page->items_path ? page->items_path : "");
    page->number++;
    return ALLORA_OK;
}

bool sdk_pages_next(sdk_page *page)
{
    if (page->status || (page->number && !advance(page))) {
        close_scope(page);
        return false;
    }
    page->status =
        page->number ? ALLORA_OK : sdk_cancelled(page->out->self, page->out->ctx, page->err);
    if (!page->status)
        page->status = fetch(page);
    if (page->status)
        close_scope(page);
    return page->status == ALLORA_OK;
}
