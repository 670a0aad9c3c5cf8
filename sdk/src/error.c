/* Errors, logging, and memory in the arena of a ctx. */
#include "sdk_internal.h"
#include <stdio.h>
#include <string.h>

int32_t sdk_fail(allora_error *err, int32_t code, const char *fmt, ...)
{
    va_list args;
    err->code = code;
    err->flags = 0;
    err->http_status = 0;
    err->retry_after_ms = 0;
    err->reason[0] = err->request_id[0] = err->hint[0] = 0;
    va_start(args, fmt);
    if (vsnprintf(err->message, sizeof err->message, fmt, args) < 0)
        err->message[0] = 0;
    va_end(args);
    return code;
}

void sdk_hint(allora_error *err, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (vsnprintf(err->hint, sizeof err->hint, fmt, args) < 0)
        err->hint[0] = 0;
    va_end(args);
}

const char *sdk_status_name(int32_t status)
{
    static const char *const names[] = {
        "ok",          "internal",   "nomem",     "abi",      "bad_input", "cancelled", "timeout",
        "auth",        "denied",     "not_found", "conflict", "throttled", "network",   "remote",
        "unsupported", "stale_plan", "config",    "approval", "budget",
    };
    if (status > 0)
        return status == ALLORA_PARTIAL ? "partial" : "stop";
    size_t i = (size_t)(-(int64_t)status);
    return i < sizeof names / sizeof names[0] ? names[i] : "unknown";
}

void sdk_log(const allora_instance *self, allora_ctx *ctx, int32_t level, const char *fmt, ...)
{
    char line[512];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    if (n < 0)
        return;
    size_t len = (size_t)n < sizeof line ? (size_t)n : sizeof line - 1;
    sdk_of(self)->host->log(ctx, level, sdk_str_n(line, len), NULL, 0);
}

int32_t sdk_cancelled(const allora_instance *self, allora_ctx *ctx, allora_error *err)
{
    int32_t st = sdk_of(self)->host->cancelled(ctx);
    if (st)
        return sdk_fail(err, st, "%s", st == ALLORA_E_TIMEOUT ? "timed out" : "cancelled");
    return ALLORA_OK;
}

void *sdk_alloc(const allora_instance *self, allora_ctx *ctx, size_t size)
{
    void *p = sdk_of(self)->host->alloc(ctx, size ? size : 1);
    return p ? memset(p, 0, size) : NULL;
}

char *sdk_copy(const allora_instance *self, allora_ctx *ctx, allora_str s)
{
    char *p = s.len < SIZE_MAX ? sdk_of(self)->host->alloc(ctx, s.len + 1) : NULL;
    if (!p)
        return NULL;
    if (s.len)
        memcpy(p, s.ptr, s.len);
    p[s.len] = 0;
    return p;
}

char *sdk_printf(const allora_instance *self, allora_ctx *ctx, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *p = n < 0 ? NULL : sdk_of(self)->host->alloc(ctx, (uint64_t)n + 1);
    if (!p)
        return NULL;
    va_start(args, fmt);
    int written = vsnprintf(p, (size_t)n + 1, fmt, args);
    va_end(args);
    return written == n ? p : NULL;
}

void *sdk_pool_get(struct sdk_pool *pool, size_t size)
{
    enum { PAGE = 8192, BIG = 1024 };
    if (size > SIZE_MAX - 8)
        return NULL;
    size = (size + 7) & ~(size_t)7;
    if (size > pool->left) {
        if (size > BIG)
            return pool->host->alloc(pool->ctx, size);
        char *page = pool->host->alloc(pool->ctx, PAGE);
        if (!page)
            return NULL;
        pool->at = page;
        pool->left = PAGE;
    }
    void *p = pool->at;
    pool->at += size;
    pool->left -= size;
    return p;
}
