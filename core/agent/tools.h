/* The operations that an agent is offered in one question. */
#ifndef ALLORA_AGENT_TOOLS_H
#define ALLORA_AGENT_TOOLS_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/dispatch.h"

struct tools {
    struct arena mem;
    struct tool {
        const char *name;
        bool offline, refresh; /* takes an argument of that name */
    } * list;                  /* sorted by glob, then name */
    size_t n;
    struct buf json; /* [{"name","description","parameters"}] */
};
void tools_init(struct tools *t);
void tools_done(struct tools *t);
/* Reading operations marked as tools whose names match one of the globs.  t is initialised; on
 * failure it is still to be done(). */
int32_t tools_choose(struct tools *t, const struct dispatch *d, allora_ctx *ctx,
                     const char *const *globs, uint32_t n, allora_error *err);
const struct tool *tools_find(const struct tools *t, const char *name);
#endif
