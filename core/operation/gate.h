/* The catalogue of operations and THE GATE: the one way through for the CLI, agents, plugins and
 * later faces. */
#ifndef ALLORA_OPERATION_GATE_H
#define ALLORA_OPERATION_GATE_H
#include "base/ctx.h"
#include "base/dispatch.h"
#include "plugin/registry.h"
#include <allora/plugin.h>

struct gate;
int32_t gate_new(struct registry *r, struct gate **ret, allora_error *err);
void gate_free(struct gate *g);
/* Implements an operation that the core's own manifest declares.  Before the first call. */
int32_t gate_implement(struct gate *g, const char *operation, operation_fn fn, void *self)
    __attribute__((warn_unused_result));
/* resolve → access → effect → budget → journal → run → journal, count, return.  args_json empty: no
 * arguments. E_NOTFOUND: no such operation; E_ARG: arguments; E_DENIED: access or effect; else what
 * the operation said.  [any] */
int32_t gate_call(struct gate *g, allora_ctx *ctx, const char *operation, allora_str args_json,
                  const allora_sink *sink, allora_error *err);
/* One row an operation whose name matches, sorted: name, effect, summary, arguments (JSON Schema),
 * examples (JSON), plugin, tool, description.  Parses the manifests of those that match, and no
 * others.  PARTIAL, with warnings, when some can't be read.  [any] */
int32_t gate_catalogue(struct gate *g, allora_ctx *ctx, const char *glob, const allora_sink *sink,
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
