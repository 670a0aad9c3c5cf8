/* One allora_host for each plugin, handing out what its manifest was granted; and child calls
 * (allora.scope/1). */
#include "plugin/host.h"

#include "base/build.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"

struct entry *host_caller(const allora_ctx *ctx, allora_error *err)
{
    struct entry *e = entry_of_ctx(ctx);

    if (!e)
        (void)err_set(err, ALLORA_E_INTERNAL,
                      "a host service was called outside of a plugin's call");
    return e;
}

bool host_copy(allora_ctx *ctx, const char *p, size_t n, allora_str *ret)
{
    char *copy = n < SIZE_MAX ? ctx_alloc(ctx, n + 1) : NULL;

    if (!copy)
        return false;
    if (n > 0)
        memcpy(copy, p, n);
    copy[n] = '\0';
    *ret = (allora_str){copy, n};
    return true;
}

static const void *get_interface(const struct allora_host *host, const char *id)
{
    const struct entry *e =
        (const struct entry *)(const void *)((const char *)host - offsetof(struct entry, host));

    if (!manifest_grants(e->manifest, id))
        return NULL;
    if (streq(id, ALLORA_SCOPE_ID))
        return &host_scope;
    if (streq(id, ALLORA_CONFIG_ID))
        return &host_config;
    if (streq(id, ALLORA_INVOKE_ID))
        return &host_invoke;
    if (streq(id, ALLORA_CONSOLE_ID))
        return &host_console;
    if (streq(id, ALLORA_EXEC_ID))
        return &host_exec;
    if (streq(id, ALLORA_STORE_ID))
        return e->registry->store ? &host_store : NULL;
    return NULL;
}

static void *alloc(allora_ctx *ctx, uint64_t size)
{
    return size <= SIZE_MAX / 2 ? ctx_alloc(ctx, (size_t)size) : NULL;
}

static int32_t cancelled(allora_ctx *ctx)
{
    return ctx_cancelled(ctx);
}

static int64_t deadline_us(allora_ctx *ctx)
{
    return ctx->deadline_us;
}

static int64_t now_us(allora_ctx *ctx)
{
    (void)ctx;
    return clock_wall_us();
}

static void progress(allora_ctx *ctx, uint64_t done, uint64_t total, allora_str note)
{
    const struct entry *e = entry_of_ctx(ctx);

    if (ctx && ctx->progress && ctx->progress->update)
        ctx->progress->update(ctx->progress->self, e ? e->pub.id : "", done, total, note);
}

static void log_line(allora_ctx *ctx, int32_t level, allora_str msg, const allora_pair *fields,
                     uint32_t n)
{
    const struct entry *e = entry_of_ctx(ctx);

    if (level >= log_level())
        log_fields(level, e ? e->pub.id : "plugin", msg, fields, n);
}

void host_init(struct entry *e)
{
    e->host = (allora_host){
        .size = (uint32_t)sizeof e->host,
        .abi_minor = ALLORA_ABI_MINOR,
        .abi_minor_min = 0,
        .name = "allora",
        .version = build_version(),
        .get_interface = get_interface,
        .alloc = alloc,
        .cancelled = cancelled,
        .deadline_us = deadline_us,
        .now_us = now_us,
        .progress = progress,
        .log = log_line,
    };
}

static int32_t scope_open(allora_ctx *parent, allora_str credential_json, uint32_t timeout_ms,
                          uint32_t flags, allora_ctx **ret_child, allora_error *err)
{
    const struct entry *e = host_caller(parent, err);

    if (!e)
        return ALLORA_E_INTERNAL;
    if (credential_json.len > 0) {
        if (!json_get_bool(e->manifest->permissions, "identity", false))
            return err_set(err, ALLORA_E_DENIED,
                           "plugin \"%s\" has no permission \"identity\" to act for somebody else",
                           e->pub.id);
        return err_set(err, ALLORA_E_UNSUPPORTED,
                       "this allora knows no credentials but those of the person who started it");
    }
    allora_ctx *child =
        ctx_open(parent, NULL, timeout_ms, flags & (ALLORA_SCOPE_INTERRUPT | ALLORA_SCOPE_DRAIN));
    if (!child)
        return err_nomem(err);
    *ret_child = child;
    return ALLORA_OK;
}

static void scope_cancel(allora_ctx *child)
{
    ctx_cancel(child, ALLORA_E_CANCELLED);
}

static int32_t scope_cancel_fd(allora_ctx *ctx, int32_t *ret_fd)
{
    return ctx_cancel_fd(ctx, ret_fd, NULL);
}

static void scope_close(allora_ctx *child)
{
    ctx_close(child);
}

const allora_scope_v1 host_scope = {.size = (uint32_t)sizeof(allora_scope_v1),
                                    .open = scope_open,
                                    .cancel = scope_cancel,
                                    .cancel_fd = scope_cancel_fd,
                                    .close = scope_close};
