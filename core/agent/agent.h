/* The agent manager: sessions, and the loop question → turn → tool calls through the gate → … →
 * answer with receipts.
 *
 * WHAT agent.ask SENDS to its sink, while it happens, in this order (the renderer "answer" and `ask
 * -o ndjson` live on it): EV_TEXT         a piece of the answer, plain UTF-8, no rows (ndjson:
 * {"type":"text","text":…}) EV_TOOL_CALL    {"id","name","arguments":{…}}: an operation is about to
 * run (ndjson: type "tool_call") EV_MESSAGE      {"type":"tool_result","id", then either a
 * RECEIPT's members or "error":{code,message,reason,hint}}: it has run EV_REASONING    plain UTF-8,
 * as the agent sent it; not part of the answer EV_USAGE {"input_tokens","output_tokens","cost"}, so
 * far EV_WARNING      {"code","message","reason","hint"} EV_RESULT       last, once, also when the
 * agent declined or the call ends with an error after the first turn:
 *     {"answer", "agent", "model", "session" (text, or null when it could not be kept),
 * "receipts":[RECEIPT…], "plans":[], "usage":{"input_tokens","output_tokens","cost"},
 * "warnings":[…], "show":[receipt numbers whose rows belong to the answer],
 * "reason":"stop|length|refusal|limit|error|cancelled"} (ndjson: {"type":"done", the same members};
 * -o json prints exactly this document) A RECEIPT:
 *     {"n", "operation", "arguments":{…}, "sql" or null, "columns":[{"name","type","unit"}],
 * "rows":[{name: value…}…], "row_count", "truncated" (rows holds fewer than row_count), "as_of"
 * (RFC 3339), "age_s", "partial", "source", "elapsed_us", "provenance": what the operation said, or
 * null} Column names are unique: a second "id" is called "id_2".  Times are RFC 3339 text, sizes
 * plain numbers with unit "bytes". STATUS: OK; PARTIAL when a receipt was partial; E_ARG when the
 * agent declined (the words it sent say why; the error's message is short and needs no printing
 * beyond the text); E_BUDGET over a limit; else what went wrong.
 *
 * receipt.show (`why`) sends EV_TEXT, the explanation without the rows, then an EV_RESULT of the
 * same shape, with one receipt, that one in "show" and a null "reason": the renderer "answer" fits.
 * session.show sends EV_TEXT, a transcript a person reads, then EV_RESULT
 * {"session","title","agent","created","updated",
 * "messages":[{"role":"user"|"assistant","content","time","tool_calls"}], "receipts":[RECEIPT…]}:
 * render "text" prints the one, -o json the other. session.list, agent.list send rows;
 * session.delete sends EV_RESULT {"session","deleted":true} and EV_TEXT in words. */
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
