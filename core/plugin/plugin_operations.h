/* The operations on plugins themselves: plugin.list, plugin.info, plugin.doctor and
 * plugin.release.  self is the
 * registry; args are as the core's manifest declares them. */
#ifndef ALLORA_PLUGIN_PLUGIN_OPERATIONS_H
#define ALLORA_PLUGIN_PLUGIN_OPERATIONS_H
#include "base/dispatch.h"
#include "plugin/registry.h"

/* Rows, one for each file found.  What is wrong with it stands in `problem` and `hint`, in words in
 * `provides`.  [any] */
int32_t plugin_op_list(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                       allora_error *err);
/* One document: what the manifest declares and what became of it.  [any] */
int32_t plugin_op_info(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                       allora_error *err);
/* Loads each plugin; a row for each with the step it failed at.  E_ABI, after the rows, when some
 * can't be used.  [any] */
int32_t plugin_op_doctor(void *self, allora_ctx *ctx, const json_node *args,
                         const allora_sink *sink, allora_error *err);
/* Ends a plugin's quarantine: it is tried again at its next use.  [any] */
int32_t plugin_op_release(void *self, allora_ctx *ctx, const json_node *args,
                          const allora_sink *sink, allora_error *err);
#endif
