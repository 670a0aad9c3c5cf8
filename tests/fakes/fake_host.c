#include "fake_host.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct block {
    struct block *next;
    uint64_t size;
};
struct allora_ctx {
    struct fake_host *fake;
    struct block *blocks;
    allora_ctx *parent, *first_child, *next;
};

/* ---- the core object ---- */

static void *fake_alloc(allora_ctx *ctx, uint64_t size)
{
    struct fake_host *f = ctx->fake;
    if (++f->allocs == f->fail_alloc || size > (64u << 20))
        return NULL;
    struct block *b = malloc(sizeof *b + size); /* exact, so that ASan sees an overrun */
    if (!b)
        return NULL;
    memset(b + 1, 0xa5, size);
    b->next = ctx->blocks;
    b->size = size;
    ctx->blocks = b;
    f->live_bytes += size;
    if (f->live_bytes > f->peak_bytes)
        f->peak_bytes = f->live_bytes;
    return b + 1;
}

static int32_t fake_cancelled(allora_ctx *ctx)
{
    struct fake_host *f = ctx->fake;
    f->asked_cancelled++;
    return f->cancel_after && f->asked_cancelled >= f->cancel_after ? ALLORA_E_CANCELLED
                                                                    : ALLORA_OK;
}

static int64_t fake_deadline(allora_ctx *ctx)
{
    (void)ctx;
    return 0;
}

static int64_t fake_now(allora_ctx *ctx)
{
    (void)ctx;
    return INT64_C(1793491200000000); /* 2026-11-01 */
}

static void fake_progress(allora_ctx *ctx, uint64_t done, uint64_t total, allora_str note)
{
    (void)ctx, (void)done, (void)total, (void)note;
}

static void fake_log(allora_ctx *ctx, int32_t level, allora_str msg, const allora_pair *fields,
                     uint32_t n)
{
    (void)level, (void)msg, (void)fields, (void)n;
    ctx->fake->logs++;
}

static void free_ctx(allora_ctx *c)
{
    while (c->first_child) {
        allora_ctx *child = c->first_child;
        c->first_child = child->next;
        c->fake->open_scopes--;
        free_ctx(child);
    }
    while (c->blocks) {
        struct block *next = c->blocks->next;
        c->fake->live_bytes -= c->blocks->size;
        free(c->blocks);
        c->blocks = next;
    }
    free(c);
}

allora_ctx *fake_ctx_open(struct fake_host *f)
{
    allora_ctx *c = calloc(1, sizeof *c);
    if (c)
        c->fake = f;
    return c;
}

void fake_ctx_close(allora_ctx *c)
{
    if (c)
        free_ctx(c);
}

/* ---- services ---- */

static int32_t scope_open(allora_ctx *parent, allora_str credential, uint32_t timeout_ms,
                          uint32_t flags, allora_ctx **ret, allora_error *err)
{
    allora_ctx *c = fake_ctx_open(parent->fake);
    (void)credential, (void)timeout_ms, (void)flags, (void)err;
    if (!c)
        return ALLORA_E_NOMEM;
    c->parent = parent;
    c->next = parent->first_child;
    parent->first_child = c;
    c->fake->open_scopes++;
    c->fake->opened_scopes++;
    *ret = c;
    return ALLORA_OK;
}

static void scope_cancel(allora_ctx *ctx)
{
    (void)ctx;
}

static int32_t scope_cancel_fd(allora_ctx *ctx, int32_t *ret)
{
    (void)ctx, (void)ret;
    return ALLORA_E_UNSUPPORTED;
}

static void scope_close(allora_ctx *c)
{
    if (!c)
        return;
    for (allora_ctx **at = &c->parent->first_child; *at; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            break;
        }
    c->fake->open_scopes--;
    free_ctx(c);
}

static int32_t config_get(allora_ctx *ctx, const char *key, allora_value *out, allora_error *err)
{
    const struct fake_host *f = ctx->fake;
    (void)err;
    *out = (allora_value){.type = ALLORA_V_NULL};
    for (uint32_t i = 0; i < f->n_settings; i++)
        if (strcmp(f->settings[i].key, key) == 0)
            *out = f->settings[i].value;
    return ALLORA_OK;
}

static int32_t http_send(allora_ctx *ctx, const allora_http_request *req, allora_http_response *ret,
                         allora_error *err)
{
    struct fake_host *f = ctx->fake;
    f->sends++;
    (void)snprintf(f->last_url, sizeof f->last_url, "%s", req->url);
    return f->answer ? f->answer(f, req, ret, err) : ALLORA_E_NETWORK;
}

static int32_t http_backoff(allora_ctx *ctx, const char *bucket, int32_t kind, uint32_t attempt,
                            uint32_t retry_after_ms, allora_error *err)
{
    (void)bucket, (void)kind, (void)attempt, (void)retry_after_ms, (void)err;
    ctx->fake->backoffs++;
    return ALLORA_OK;
}

static int32_t invoke_call(allora_ctx *ctx, const char *operation, allora_str args,
                           const allora_sink *sink, allora_error *err)
{
    struct fake_host *f = ctx->fake;
    if (f->invoke)
        return f->invoke(f, operation, args, sink, err);
    err->code = ALLORA_E_NOTFOUND;
    (void)snprintf(err->message, sizeof err->message, "no operation %s", operation);
    return ALLORA_E_NOTFOUND;
}

static int32_t invoke_catalogue(allora_ctx *ctx, allora_str glob, const allora_sink *sink,
                                allora_error *err)
{
    (void)ctx, (void)glob, (void)sink, (void)err;
    return ALLORA_OK;
}

static int32_t unsupported(allora_error *err)
{
    err->code = ALLORA_E_UNSUPPORTED;
    return ALLORA_E_UNSUPPORTED;
}

static int32_t store_get(allora_ctx *ctx, allora_str key, allora_str *out, uint64_t *version,
                         allora_error *err)
{
    (void)ctx, (void)key, (void)out, (void)version;
    err->code = ALLORA_E_NOTFOUND;
    return ALLORA_E_NOTFOUND;
}

static int32_t store_put(allora_ctx *ctx, allora_str key, allora_str value, uint64_t version,
                         int64_t expires, allora_error *err)
{
    (void)ctx, (void)key, (void)value, (void)version, (void)expires;
    return unsupported(err);
}

static int32_t store_remove(allora_ctx *ctx, allora_str key, allora_error *err)
{
    (void)ctx, (void)key;
    return unsupported(err);
}

static int32_t store_scan(allora_ctx *ctx, allora_str prefix, const allora_sink *sink,
                          allora_error *err)
{
    (void)ctx, (void)prefix, (void)sink, (void)err;
    return ALLORA_OK;
}

static int32_t console_info(allora_ctx *ctx, allora_console_info *info)
{
    (void)ctx;
    info->flags = 0;
    info->columns = 80;
    info->rows = 24;
    return ALLORA_OK;
}

static int32_t console_line(allora_ctx *ctx, allora_str prompt, const char *history,
                            const char *complete, allora_str *out, allora_error *err)
{
    (void)ctx, (void)prompt, (void)history, (void)complete, (void)out, (void)err;
    return ALLORA_STOP; /* end of input */
}

static int32_t console_secret(allora_ctx *ctx, allora_str prompt, allora_str *out,
                              allora_error *err)
{
    (void)ctx, (void)prompt, (void)out, (void)err;
    return ALLORA_STOP;
}

static int32_t console_input(allora_ctx *ctx, uint64_t limit, allora_str *out, allora_error *err)
{
    (void)ctx, (void)limit, (void)err;
    *out = (allora_str){"", 0};
    return ALLORA_OK;
}

static int32_t console_open(allora_ctx *ctx, int32_t fds[3], allora_error *err)
{
    (void)ctx, (void)fds;
    return unsupported(err);
}

static void console_close(allora_ctx *ctx)
{
    (void)ctx;
}

static int32_t audit_record(allora_ctx *ctx, allora_str action, allora_str target,
                            allora_str detail)
{
    (void)ctx, (void)action, (void)target, (void)detail;
    return ALLORA_OK;
}

static void metric(allora_ctx *ctx, const char *name, double v, const allora_pair *labels,
                   uint32_t n)
{
    (void)ctx, (void)name, (void)v, (void)labels, (void)n;
}

static int32_t secret_get(allora_ctx *ctx, const char *name, allora_str *out, allora_error *err)
{
    (void)ctx, (void)name, (void)out;
    err->code = ALLORA_E_NOTFOUND;
    return ALLORA_E_NOTFOUND;
}

#define SIZE(T) .size = (uint32_t)sizeof(T)
static const allora_scope_v1 scope = {SIZE(allora_scope_v1), .open = scope_open,
                                      .cancel = scope_cancel, .cancel_fd = scope_cancel_fd,
                                      .close = scope_close};
static const allora_config_v1 config = {SIZE(allora_config_v1), .get = config_get};
static const allora_secrets_v1 secrets = {SIZE(allora_secrets_v1), .get = secret_get};
static const allora_http_v1 http = {SIZE(allora_http_v1), .send = http_send,
                                    .backoff = http_backoff};
static const allora_invoke_v1 invoke = {SIZE(allora_invoke_v1), .call = invoke_call,
                                        .catalogue = invoke_catalogue};
static const allora_store_v1 store = {SIZE(allora_store_v1), .get = store_get, .put_if = store_put,
                                      .remove = store_remove, .scan = store_scan};
static const allora_console_v1 console = {
    SIZE(allora_console_v1),       .info = console_info,        .read_line = console_line,
    .read_secret = console_secret, .read_input = console_input, .open = console_open,
    .close = console_close};
static const allora_audit_v1 audit = {SIZE(allora_audit_v1), .record = audit_record};
static const allora_metrics_v1 metrics = {SIZE(allora_metrics_v1), .count = metric, .gauge = metric,
                                          .observe = metric};

static const void *fake_interface(const allora_host *host, const char *id)
{
    static const struct {
        const char *id;
        const void *table;
    } all[] = {
        {ALLORA_SCOPE_ID, &scope},     {ALLORA_CONFIG_ID, &config}, {ALLORA_SECRETS_ID, &secrets},
        {ALLORA_HTTP_ID, &http},       {ALLORA_INVOKE_ID, &invoke}, {ALLORA_STORE_ID, &store},
        {ALLORA_CONSOLE_ID, &console}, {ALLORA_AUDIT_ID, &audit},   {ALLORA_METRICS_ID, &metrics}};
    const struct fake_host *f = (const struct fake_host *)(const void *)host;
    if (f->without && strcmp(f->without, id) == 0)
        return NULL;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (strcmp(all[i].id, id) == 0)
            return all[i].table;
    return NULL;
}

void fake_host_init(struct fake_host *f)
{
    *f = (struct fake_host){
        .host = {SIZE(allora_host), .name = "fakehost", .version = "0",
                 .get_interface = fake_interface, .alloc = fake_alloc, .cancelled = fake_cancelled,
                 .deadline_us = fake_deadline, .now_us = fake_now, .progress = fake_progress,
                 .log = fake_log},
    };
}

/* ---- collecting ---- */

static char *copy_text(const char *p, uint64_t len)
{
    char *copy = malloc(len + 1);
    if (copy) {
        if (len)
            memcpy(copy, p, len);
        copy[len] = 0;
    }
    return copy;
}

static int32_t on_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    struct collected *c = self;
    c->names = calloc(n + 1, sizeof *c->names);
    c->n_names = n;
    for (uint32_t i = 0; c->names && i < n; i++)
        c->names[i] = copy_text(columns[i]->name, strlen(columns[i]->name));
    return c->names ? ALLORA_OK : ALLORA_E_NOMEM;
}

static int32_t on_row(void *self, const allora_value *cells, uint32_t n)
{
    struct collected *c = self;
    if (c->stop_after && c->n_rows >= c->stop_after) {
        c->after_stop++;
        return ALLORA_STOP;
    }
    allora_value **rows = realloc(c->rows, (c->n_rows + 1) * sizeof *rows);
    uint32_t *widths = rows ? realloc(c->widths, (c->n_rows + 1) * sizeof *widths) : NULL;
    allora_value *row = widths ? calloc(n + 1, sizeof *row) : NULL;
    if (rows)
        c->rows = rows;
    if (widths)
        c->widths = widths;
    if (!row)
        return ALLORA_E_NOMEM;
    for (uint32_t i = 0; i < n; i++) {
        row[i] = cells[i];
        if (row[i].type == ALLORA_V_TEXT || row[i].type == ALLORA_V_JSON)
            row[i].u.p = copy_text(row[i].u.p, row[i].len);
    }
    rows[c->n_rows] = row;
    widths[c->n_rows++] = n;
    return c->stop_after && c->n_rows == c->stop_after ? ALLORA_STOP : ALLORA_OK;
}

static int32_t on_event(void *self, int32_t kind, allora_str payload)
{
    struct collected *c = self;
    void *events = realloc(c->events, (c->n_events + 1) * sizeof *c->events);
    if (!events)
        return ALLORA_E_NOMEM;
    c->events = events;
    c->events[c->n_events].kind = kind;
    c->events[c->n_events++].payload = copy_text(payload.ptr, payload.len);
    return ALLORA_OK;
}

allora_sink collect(struct collected *c)
{
    return (allora_sink){c, on_begin, on_row, on_event};
}

void collected_free(struct collected *c)
{
    for (uint32_t r = 0; r < c->n_rows; r++) {
        for (uint32_t i = 0; i < c->widths[r]; i++)
            if (c->rows[r][i].type == ALLORA_V_TEXT || c->rows[r][i].type == ALLORA_V_JSON) {
                char *text;
                memcpy(&text, &c->rows[r][i].u.p, sizeof text);
                free(text);
            }
        free(c->rows[r]);
    }
    for (uint32_t i = 0; i < c->n_names; i++)
        free(c->names[i]);
    for (uint32_t i = 0; i < c->n_events; i++)
        free(c->events[i].payload);
    free(c->names);
    free(c->rows);
    free(c->widths);
    free(c->events);
    *c = (struct collected){0};
}

const char *collected_event(const struct collected *c, int32_t kind)
{
    const char *last = NULL;
    for (uint32_t i = 0; i < c->n_events; i++)
        if (c->events[i].kind == kind)
            last = c->events[i].payload;
    return last;
}

uint32_t collected_count(const struct collected *c, int32_t kind)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->n_events; i++)
        n += c->events[i].kind == kind;
    return n;
}
