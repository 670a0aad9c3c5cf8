/* allora.scope/1: child calls, with another identity where the manifest may and the credential is
 * somebody's. */
#include "base/err.h"
#include "base/fs.h"
#include "plugin/host.h"
#include "security/identity.h"

/* The person at the console is not the one who called from elsewhere, so neither the console nor
 * its yes reaches such a scope: what needs an approval is left as a plan. */
static int32_t become(allora_ctx *child, allora_str credential_json, allora_error *err)
{
    const allora_ctx *root = child;
    A_FREE char *state = fs_state_dir();

    while (root->parent)
        root = root->parent;
    child->console = NULL;
    child->approver = NULL;
    return identity_verify(state, credential_json, root->principal->name, &child->mem,
                           &child->principal, &child->vouched, err);
}

static int32_t may_become(const struct entry *e, const allora_ctx *parent, allora_error *err)
{
    if (!json_get_bool(e->manifest->permissions, "identity", false))
        return err_set(err, ALLORA_E_DENIED,
                       "plugin \"%s\" has no permission \"identity\" to act for somebody else",
                       e->pub.id);
    if (!parent->principal || parent->principal->agent)
        return err_set(err, ALLORA_E_DENIED, "an agent's call can't take on another identity");
    return ALLORA_OK;
}

static int32_t scope_open(allora_ctx *parent, allora_str credential_json, uint32_t timeout_ms,
                          uint32_t flags, allora_ctx **ret_child, allora_error *err)
{
    const struct entry *e = host_caller(parent, err);
    int32_t rc = e ? ALLORA_OK : ALLORA_E_INTERNAL;

    if (rc == ALLORA_OK && credential_json.len > 0)
        rc = may_become(e, parent, err);
    if (rc)
        return rc;
    allora_ctx *child =
        ctx_open(parent, NULL, timeout_ms, flags & (ALLORA_SCOPE_INTERRUPT | ALLORA_SCOPE_DRAIN));
    if (!child)
        return err_nomem(err);
    if (credential_json.len > 0)
        rc = become(child, credential_json, err);
    if (rc) {
        ctx_close(child);
        return rc;
    }
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
