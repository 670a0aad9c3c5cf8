/* The host's services, as tables of functions; each call knows its plugin by ctx->plugin.  Private
 * to core/plugin. */
#ifndef ALLORA_PLUGIN_HOST_H
#define ALLORA_PLUGIN_HOST_H
#include "plugin/registry_private.h"

extern const allora_scope_v1 host_scope;
extern const allora_config_v1 host_config;
extern const allora_invoke_v1 host_invoke;
extern const allora_console_v1 host_console;
extern const allora_store_v1 host_store;
extern const allora_exec_v1 host_exec;
extern const allora_listen_v1 host_listen;
extern const allora_events_v1 host_events;
extern const allora_metrics_v1 host_metrics;
extern const allora_audit_v1 host_audit;

/* Who calls; NULL with an error when ctx is not a call into a plugin. */
struct entry *host_caller(const allora_ctx *ctx, allora_error *err);
/* A copy in the ctx's arena, NUL-terminated.  False when memory is out. */
bool host_copy(allora_ctx *ctx, const char *p, size_t n, allora_str *ret);
/* A key of the plugin's own subtree, or its schema's default; NULL when neither is there.  config
 * may be NULL. */
const json_node *host_config_find(const struct config *config, const struct manifest *m,
                                  const char *key);
#endif
