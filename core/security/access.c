/* The access step of the gate.  The person whose process this is may do everything they could do
 * without allora; nobody else may do anything. */
#include "security/access.h"
#include "base/err.h"

int32_t access_check(const struct principal *who, const char *operation, const char *resource,
                     allora_error *err)
{
    if (who && who->local_owner)
        return ALLORA_OK;
    int32_t status = err_set(err, ALLORA_E_DENIED, "%s may not %s%s%s",
                             who && who->name ? who->name : "an unknown caller", operation,
                             resource ? " on " : "", resource ? resource : "");
    err_hint(err, "only the owner of this process has access");
    return status;
}
