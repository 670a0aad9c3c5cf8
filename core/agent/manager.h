/* Private to core/agent: the manager's own state, and how one of its agents is found. */
#ifndef ALLORA_AGENT_MANAGER_H
#define ALLORA_AGENT_MANAGER_H
#include "agent/agent.h"

struct inner_agent;
struct agents {
    struct agents_options o;
    struct inner_agent *inner; /* agents_add() */
};

struct agent_choice { /* [static] but for self, which is the registry's */
    const char *name, *plugin;
    const struct plugin *code; /* whose; NULL for one added with agents_add() */
    const char *const *tools;  /* globs */
    uint32_t n_tools;
    const allora_agent_v1 *agent;
    allora_instance *self;
};
/* The named agent; else configuration's agent.default; else the one whose manifest says "default";
 * else the only one there is. Its plugin is loaded.  E_NOTFOUND names what there is. */
int32_t roster_choose(struct agents *a, allora_ctx *ctx, const char *wanted,
                      struct agent_choice *ret, allora_error *err);
/* An agent that is part of the process instead of a plugin.  tools: one glob.  Before the first
 * question. */
int32_t agents_add(struct agents *a, const char *name, const char *tools,
                   const allora_agent_v1 *agent, allora_instance *self);
void roster_free(struct agents *a);
#endif
