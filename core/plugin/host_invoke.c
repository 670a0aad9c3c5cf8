/* allora.invoke/1: a plugin calls an operation, through the gate, as the principal of its own call,
 * and only what its manifest names. */
#include "base/err.h"
#include "base/str.h"
#include "plugin/host.h"

static bool permitted(const struct entry *e, const char *operation)
{
    json_foreach (glob, json_get(e->manifest->permissions, "invoke")) {
        if (glob_match(json_str(glob, ""), operation))
            return true;
    }
    return false;
}

static int32_t ready(const struct entry *e, allora_error *err)
{
    if (!e)
        return ALLORA_E_INTERNAL;
    if (!e->registry->dispatch)
        return err_set(err, ALLORA_E_UNSUPPORTED, "operations cannot be called yet");
    return ALLORA_OK;
}

static int32_t call(allora_ctx *ctx, const char *operation, allora_str args_json,
                    const allora_sink *sink, allora_error *err)
{
    const struct entry *e = host_caller(ctx, err);
    int32_t rc = ready(e, err);

    if (rc)
        return rc;
    if (!permitted(e, operation)) {
        rc = err_set(err, ALLORA_E_DENIED, "plugin \"%s\" may not call %s", e->pub.id, operation);
        err_hint(err, "its manifest does not name the operation in permissions.invoke");
        return rc;
    }
    const struct dispatch *d = e->registry->dispatch;
    return d->call(d->self, ctx, operation, args_json, sink, err);
}

static int32_t catalogue(allora_ctx *ctx, allora_str glob, const allora_sink *sink,
                         allora_error *err)
{
    const struct entry *e = host_caller(ctx, err);
    int32_t rc = ready(e, err);
    allora_str text;

    if (rc)
        return rc;
    if (!host_copy(ctx, glob.ptr, (size_t)glob.len, &text))
        return err_nomem(err);
    const struct dispatch *d = e->registry->dispatch;
    return d->catalogue(d->self, ctx, text.len ? text.ptr : "*", sink, err);
}

const allora_invoke_v1 host_invoke = {
    .size = (uint32_t)sizeof(allora_invoke_v1), .call = call, .catalogue = catalogue};
