/* allora.console/1: the person at the terminal, where one is attached to the call. */
#include "base/console.h"
#include "base/err.h"
#include "plugin/host.h"

static int32_t attached(const allora_ctx *ctx, allora_error *err)
{
    if (ctx->console)
        return ALLORA_OK;
    return err_set(err, ALLORA_E_UNSUPPORTED, "nobody is at a console here");
}

static int32_t info(allora_ctx *ctx, allora_console_info *ret)
{
    if (ctx->console)
        return ctx->console->info(ctx->console->self, ret);
    if (ALLORA_HAS(allora_console_info, ret, rows)) {
        ret->flags = 0;
        ret->columns = 80;
        ret->rows = 24;
    }
    return ALLORA_OK;
}

static int32_t read_line(allora_ctx *ctx, allora_str prompt, const char *history,
                         const char *complete_operation, allora_str *out, allora_error *err)
{
    int32_t rc = attached(ctx, err);
    return rc ? rc
              : ctx->console->read_line(ctx->console->self, ctx, prompt, history,
                                        complete_operation, out, err);
}

static int32_t read_secret(allora_ctx *ctx, allora_str prompt, allora_str *out, allora_error *err)
{
    int32_t rc = attached(ctx, err);
    return rc ? rc : ctx->console->read_secret(ctx->console->self, ctx, prompt, out, err);
}

static int32_t read_input(allora_ctx *ctx, uint64_t limit, allora_str *out, allora_error *err)
{
    int32_t rc = attached(ctx, err);
    return rc ? rc : ctx->console->read_input(ctx->console->self, ctx, limit, out, err);
}

static int32_t open_raw(allora_ctx *ctx, int32_t ret_fds[3], allora_error *err)
{
    int32_t rc = attached(ctx, err);
    return rc ? rc : ctx->console->open(ctx->console->self, ctx, ret_fds, err);
}

static void close_raw(allora_ctx *ctx)
{
    if (ctx->console)
        ctx->console->close(ctx->console->self, ctx);
}

static int32_t screen(allora_ctx *ctx, uint32_t flags, allora_error *err)
{
    int32_t rc = attached(ctx, err);
    return rc ? rc : ctx->console->screen(ctx->console->self, ctx, flags, err);
}

static int32_t resize_fd(allora_ctx *ctx, int32_t *ret_fd, allora_error *err)
{
    int32_t rc = attached(ctx, err);
    return rc ? rc : ctx->console->resize_fd(ctx->console->self, ret_fd, err);
}

const allora_console_v1 host_console = {
    .size = (uint32_t)sizeof(allora_console_v1),
    .info = info,
    .read_line = read_line,
    .read_secret = read_secret,
    .read_input = read_input,
    .open = open_raw,
    .close = close_raw,
    .screen = screen,
    .resize_fd = resize_fd,
};
