/* One plugin, compiled twice: against plugin.h (minor 0) and against a made-up minor 1 that has a
 * field and a slot more. It tells in one row what it saw of its host. */
#define SDK_ABI_NEEDED 0u
#include <allora/sdk.h>

static int32_t list_seen(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                         const allora_sink *sink, allora_error *err)
{
    int64_t sample = -1, answer = -1;
    (void)err;
#if ALLORA_ABI_MINOR >= 1
    if (ALLORA_HAS(allora_list_request, req, sample))
        sample = (int64_t)req->sample;
    if (ALLORA_CAN(allora_host, sdk_of(self)->host, answer))
        answer = sdk_of(self)->host->answer(ctx);
#endif
    sdk_rows out = SDK_ROWS(self, ctx, req, sink);
    (void)sdk_row(&out, sdk_cell_int(ALLORA_ABI_MINOR), sdk_cell_int(sample), sdk_cell_int(answer));
    return out.status;
}

ALLORA_PROVIDER_PLUGIN(growth, {"growth_seen", list_seen});
