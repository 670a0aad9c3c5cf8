/* A host just large enough for tests of the wrappings: memory, time, child calls and a console that
 * knows its size, over the core's own contexts. */
#ifndef TESTS_MINI_HOST_H
#define TESTS_MINI_HOST_H
#include "base/ctx.h"
#include "base/str.h"

#include <dlfcn.h>
#include <string.h>

static inline void *mini_alloc(allora_ctx *ctx, uint64_t size)
{
    return ctx_alloc(ctx, (size_t)size);
}
static inline int64_t mini_now(allora_ctx *ctx)
{
    (void)ctx;
    return 1234;
}
static inline int64_t mini_deadline(allora_ctx *ctx)
{
    return ctx->deadline_us;
}
static inline int32_t mini_open(allora_ctx *parent, allora_str credential, uint32_t timeout_ms,
                                uint32_t flags, allora_ctx **ret, allora_error *err)
{
    (void)credential, (void)err;
    *ret = ctx_open(parent, NULL, timeout_ms, flags);
    return *ret ? ALLORA_OK : ALLORA_E_NOMEM;
}
static inline void mini_cancel(allora_ctx *ctx)
{
    ctx_cancel(ctx, ALLORA_E_CANCELLED);
}
static inline int32_t mini_cancel_fd(allora_ctx *ctx, int32_t *ret)
{
    return ctx_cancel_fd(ctx, ret, NULL);
}
static inline int32_t mini_info(allora_ctx *ctx, allora_console_info *ret)
{
    (void)ctx;
    if (ALLORA_HAS(allora_console_info, ret, rows)) {
        ret->flags = 0;
        ret->columns = 80;
        ret->rows = 24;
    }
    return ALLORA_OK;
}

static const allora_scope_v1 mini_scope = {.size = sizeof mini_scope,
                                           .open = mini_open,
                                           .cancel = mini_cancel,
                                           .cancel_fd = mini_cancel_fd,
                                           .close = ctx_close};
static const allora_console_v1 mini_console = {.size = sizeof mini_console, .info = mini_info};

static inline const void *mini_interface(const allora_host *host, const char *id)
{
    (void)host;
    if (streq(id, ALLORA_SCOPE_ID))
        return &mini_scope;
    return streq(id, ALLORA_CONSOLE_ID) ? &mini_console : NULL;
}

static const allora_host mini_host = {
    .size = sizeof mini_host,
    .name = "mini",
    .version = "0",
    .get_interface = mini_interface,
    .alloc = mini_alloc,
    .cancelled = ctx_cancelled,
    .deadline_us = mini_deadline,
    .now_us = mini_now,
};

/* The root object of a test plugin; never closed. */
static inline const allora_plugin *mini_load(const char *path)
{
    const allora_plugin *(*entry)(void) = NULL;
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = object ? dlsym(object, ALLORA_ENTRY_SYMBOL) : NULL;

    memcpy(&entry, &symbol, sizeof entry);
    return entry ? entry() : NULL;
}
#endif
