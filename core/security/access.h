/* May this principal do this on this resource, now?  Default deny for anything but the local owner.
 */
#ifndef ALLORA_SECURITY_ACCESS_H
#define ALLORA_SECURITY_ACCESS_H
#include "base/ctx.h"
#include <allora/plugin.h>

/* operation: "query.sql", "table.read"; resource: "host_process", "host_process.cmdline", or NULL.
 * 0 or ALLORA_E_DENIED with words. */
int32_t access_check(const struct principal *who, const char *operation, const char *resource,
                     allora_error *err);
#endif
