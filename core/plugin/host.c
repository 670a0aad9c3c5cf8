/* One allora_host for each plugin, handing out what its manifest was granted. */
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
    if (streq(id, ALLORA_LISTEN_ID))
        return &host_listen;
    if (streq(id, ALLORA_EXEC_ID))
        return &host_exec;
    if (streq(id, ALLORA_AUDIT_ID))
        return e->registry->journal ? &host_audit : NULL;
    if (streq(id, ALLORA_METRICS_ID))
        return e->registry->metrics ? &host_metrics : NULL;
    if (streq(id, ALLORA_EVENTS_ID))
        return e->registry->store ? &host_events : NULL;
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
