/* The operations on plugins themselves, plugin.*.  self is the registry; args are as the core's
 * manifest declares them. */
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

/* ---- effect admin: only a person calls them, which is the gate's to see to ---- */

/* Examines a file, a folder's or an archive's plugins, says what they bring, asks at a terminal,
 * and puts them into the user's own folder, their digests into the user's configuration.  All that
 * can be wrong is found before anything is placed.  [any] */
int32_t plugin_op_install(void *self, allora_ctx *ctx, const json_node *args,
                          const allora_sink *sink, allora_error *err);
/* Out of the user's own folder, with its digest.  E_DENIED for others, saying whose they are. */
int32_t plugin_op_remove(void *self, allora_ctx *ctx, const json_node *args,
                         const allora_sink *sink, allora_error *err);
/* plugins.enable and plugins.disable in the user's configuration. */
int32_t plugin_op_enable(void *self, allora_ctx *ctx, const json_node *args,
                         const allora_sink *sink, allora_error *err);
int32_t plugin_op_disable(void *self, allora_ctx *ctx, const json_node *args,
                          const allora_sink *sink, allora_error *err);
/* plugins.digests.ID, of the file as it is now; with "remove", none. */
int32_t plugin_op_pin(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                      allora_error *err);
#endif
