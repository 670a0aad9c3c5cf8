/* The agent manager: sessions, and the loop question → turn → tool calls through the gate → … → answer with receipts. */
#ifndef ALLORA_AGENT_AGENT_H
#define ALLORA_AGENT_AGENT_H
#include "base/ctx.h"
#include "base/dispatch.h"
#include "plugin/registry.h"
#include "store/store.h"
#include <allora/plugin.h>

struct config;
struct agents;
struct agents_options {
    struct registry *registry;
    const struct dispatch *dispatch; /* the gate */
    struct store *store;
    const struct config *config;
};
int32_t agents_new(const struct agents_options *o, struct agents **ret, allora_error *err);
void agents_free(struct agents *a);

/* Operations (core manifest); self is the manager.  agent.ask streams EV_TEXT, EV_TOOL_CALL, tool results, EV_WARNING, and ends with
 * one EV_RESULT document of the shape DESIGN section 6 fixes for `ask -o json`. */
int32_t agent_op_ask(void *self, allora_ctx *, const json_node *args, const allora_sink *, allora_error *);
int32_t agent_op_list(void *self, allora_ctx *, const json_node *args, const allora_sink *, allora_error *);
int32_t agent_op_session_list(void *self, allora_ctx *, const json_node *args, const allora_sink *, allora_error *);
int32_t agent_op_session_show(void *self, allora_ctx *, const json_node *args, const allora_sink *, allora_error *);
int32_t agent_op_session_delete(void *self, allora_ctx *, const json_node *args, const allora_sink *, allora_error *);
int32_t agent_op_receipt_show(void *self, allora_ctx *, const json_node *args, const allora_sink *, allora_error *);
#endif
