/* The catalogue of operations and THE GATE: the one way through for the CLI, agents, plugins and
 * later faces.  docs/gate.md says what it promises. */
#ifndef ALLORA_OPERATION_GATE_H
#define ALLORA_OPERATION_GATE_H
#include "base/ctx.h"
#include "base/dispatch.h"
#include "plugin/registry.h"
#include <allora/plugin.h>

struct config;
struct gate;
struct journal;
struct store;

struct gate_parts {              /* outlive the gate */
    struct store *store;         /* NULL: no plans, and no budgets that outlive the process */
    struct journal *journal;     /* NULL: nothing is recorded (tests) */
    const struct config *config; /* approvals and budgets; NULL: none */
};
int32_t gate_new(struct registry *r, struct gate **ret, allora_error *err);
/* Before the first call. */
void gate_attach(struct gate *g, const struct gate_parts *parts);
void gate_free(struct gate *g);
/* Implements an operation that the core's own manifest declares.  Before the first call. */
int32_t gate_implement(struct gate *g, const char *operation, operation_fn fn, void *self)
    __attribute__((warn_unused_result));
/* resolve → access → effect → budget → journal → run → journal, count, return.  args_json empty: no
 * arguments.
 *
 * What changes the world becomes a plan of one step, which is shown, approved and applied; its
 * EV_PLAN events say how it goes, and RESULT is the plan's last state (docs/gate.md).
 *
 * E_NOTFOUND: no such operation; E_ARG: arguments; E_DENIED: access or effect; E_APPROVAL: a plan
 * was made and waits, RESULT says which; E_STALE_PLAN: all its targets had moved; E_BUDGET;
 * E_CONFIG where the journal can't be written; else what the operation said.  [any] */
int32_t gate_call(struct gate *g, allora_ctx *ctx, const char *operation, allora_str args_json,
                  const allora_sink *sink, allora_error *err);
/* One row an operation whose name matches, sorted: name, effect, summary, arguments (JSON Schema),
 * examples (JSON), plugin, tool, description.  Parses the manifests of those that match, and no
 * others.  PARTIAL, with warnings, when some can't be read.  [any] */
int32_t gate_catalogue(struct gate *g, allora_ctx *ctx, const char *glob, const allora_sink *sink,
                       allora_error *err);
/* RESULT: everything about one operation.  E_NOTFOUND names those nearest.  [any] */
int32_t gate_describe(struct gate *g, const char *operation, const allora_sink *sink,
                      allora_error *err);
/* For layers below: an interface onto this gate.  [static with the gate] */
const struct dispatch *gate_dispatch(struct gate *g);

struct gate_counts { /* since the process started; calls that got past name and arguments */
    uint64_t calls, failures, total_us;
};
/* E_NOTFOUND.  [any] */
int32_t gate_counts(struct gate *g, const char *operation, struct gate_counts *ret,
                    allora_error *err);
#endif
