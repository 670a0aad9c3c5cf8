/* The catalogue of operations and THE GATE: the one way through for the CLI, agents, plugins and later faces. */
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
int32_t gate_implement(struct gate *g, const char *operation, operation_fn fn, void *self) __attribute__((warn_unused_result));
/* resolve → access → effect → budget → journal → run → journal, count, return.  [any] */
int32_t gate_call(struct gate *g, allora_ctx *ctx, const char *operation, allora_str args_json, const allora_sink *sink,
                  allora_error *err);
int32_t gate_catalogue(struct gate *g, allora_ctx *ctx, const char *glob, const allora_sink *sink, allora_error *err);
/* For layers below: an interface onto this gate.  [static with the gate] */
const struct dispatch *gate_dispatch(struct gate *g);
#endif
