/* A protocol over stdin and stdout: the link, with this process's own pipes. */
#include "link.h"

static int32_t run(allora_instance *self, allora_ctx *ctx, const allora_invocation *invocation,
                   const allora_sink *sink, int32_t *ret_exit_code, allora_error *err)
{
    const sdk_instance *host = sdk_of(self);
    int32_t fds[3];
    struct link l = {.self = self, .host = host, .ctx = ctx, .patience_ms = 60000};
    (void)invocation;
    (void)sink;
    int32_t rc = host->console->open(ctx, fds, err);
    if (rc == ALLORA_OK)
        rc = host->scope->cancel_fd(ctx, &l.stop_fd);
    if (rc)
        return rc;
    l.in = fds[0];
    l.out = fds[1];
    link_run(&l);
    host->console->close(ctx);
    *ret_exit_code = 0;
    rc = host->host->cancelled(ctx);
    return rc ? sdk_fail(err, rc, "interrupted") : ALLORA_OK;
}

ALLORA_FACE_PLUGIN(pipes, run);
