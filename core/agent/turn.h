/* One turn of an agent: what it was given, and everything it sent back. */
#ifndef ALLORA_AGENT_TURN_H
#define ALLORA_AGENT_TURN_H
#include "agent/manager.h"
#include "base/arena.h"
#include "base/buf.h"

enum { TURN_TEXT_MAX = 4 << 20, TURN_EVENTS_MAX = 32 << 20, TURN_CALLS_MAX = 128 };

struct tool_call {
    const char *id, *name;
    json_node *arguments; /* owned; NULL with a problem */
    const char *problem;  /* why it can't be run, for the agent; NULL when it can */
    struct tool_call *next;
};
struct usage {
    double input_tokens, output_tokens, cost;
    bool has_cost;
};
struct turn {
    struct arena mem;
    struct buf text;   /* the answer, or what it says before its tool calls */
    struct buf events; /* {"kind","data"} with commas between, for the store */
    struct tool_call *calls, *last_call;
    size_t n_calls;
    json_node *result; /* {"show","state","title"}, or NULL */
    struct usage usage;
    const char *reason; /* stop, tool_calls, length, refusal; NULL: the stream ended early */
    bool too_long, oom, stopped; /* stopped: our reader has enough */
    const allora_sink *out;
    const char *before_text; /* sent before the first text; "" for nothing */
    void (*on_warning)(void *self, allora_str payload);
    void *warning_self;
};
void turn_init(struct turn *t, const allora_sink *out);
void turn_done(struct turn *t);
/* OK when the turn came to its end.  E_REMOTE: the stream ended early; E_BUDGET: the answer was too
 * long. */
int32_t turn_run(struct turn *t, const struct agent_choice *agent, allora_ctx *ctx,
                 const allora_turn_request *request, allora_error *err);
#endif
