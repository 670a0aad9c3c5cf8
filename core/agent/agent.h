/* The agent manager: sessions, and the loop question → turn → tool calls through the gate → … →
 * answer with receipts.  docs/agents.md has every member of the documents named here.
 *
 * What agent.ask sends to its sink, while it happens; the renderer "answer" and `ask -o ndjson`
 * live on it:
 * - EV_TEXT: a piece of the answer, plain UTF-8.  There are no rows.
 * - EV_REASONING: plain UTF-8, as the agent sent it; not part of the answer.
 * - EV_TOOL_CALL {"id","name","arguments"}: an operation is about to run.
 * - EV_MESSAGE {"type":"tool_result","id", and a receipt's members, or "error"}: it has run.
 * - EV_USAGE {"input_tokens","output_tokens","cost"}: so far.
 * - EV_WARNING {"code","message","reason","hint"}.
 * - EV_RESULT: once, and last, also when the agent declined or failed: {"answer", "agent", "model",
 *   "session" (text or null), "receipts", "plans", "usage", "warnings", "show", "reason"}.
 *
 * Status: OK; PARTIAL when a receipt was partial; E_ARG when the agent declined (its own words say
 * why, so the error's need no printing); E_BUDGET over a limit; else what went wrong.
 *
 * receipt.show sends EV_TEXT, what there is to say beside the rows, then EV_RESULT of the same
 * shape with that one receipt: it fits the renderer "answer".  session.show and session.delete send
 * EV_TEXT for a person and EV_RESULT for a script.  session.list and agent.list send rows. */
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
    struct store *store;             /* NULL: nothing is kept */
    const struct config *config;
};
int32_t agents_new(const struct agents_options *o, struct agents **ret, allora_error *err);
void agents_free(struct agents *a);

/* Operations (core manifest); self is the manager.  [any] */
int32_t agent_op_ask(void *self, allora_ctx *, const json_node *args, const allora_sink *,
                     allora_error *);
int32_t agent_op_list(void *self, allora_ctx *, const json_node *args, const allora_sink *,
                      allora_error *);
int32_t agent_op_session_list(void *self, allora_ctx *, const json_node *args, const allora_sink *,
                              allora_error *);
int32_t agent_op_session_show(void *self, allora_ctx *, const json_node *args, const allora_sink *,
                              allora_error *);
int32_t agent_op_session_delete(void *self, allora_ctx *, const json_node *args,
                                const allora_sink *, allora_error *);
int32_t agent_op_receipt_show(void *self, allora_ctx *, const json_node *args, const allora_sink *,
                              allora_error *);
#endif
