/* From a plugin file that passed every static check to an instance.  Private to core/plugin. */
#ifndef ALLORA_PLUGIN_LOAD_H
#define ALLORA_PLUGIN_LOAD_H
#include "plugin/marker.h"
#include "plugin/registry_private.h"

/* What went wrong, on its way into the entry. */
struct load_error {
    const char *stage; /* [static] */
    int32_t code;
    char message[512], hint[256];
};
/* Fills it and returns code. */
int32_t load_fail(struct load_error *f, const char *stage, int32_t code, const char *hint,
                  const char *fmt, ...) A_PRINTF(5, 6);

/* All steps, in order, on the calling thread.  ctx: the load's own, with its deadline.  *ret_at is
 * kept at the stage that runs, for whoever waits. */
int32_t load_plugin(struct entry *e, allora_ctx *ctx, _Atomic(const char *) *ret_at,
                    struct load_error *f);
#endif
