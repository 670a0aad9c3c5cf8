/* How code below the gate calls up to it: the agent loop's tool calls, a plugin's invoke service,
 * dynamic completion. Declared here, implemented by core/operation, wired once in core/main.c. */
#ifndef ALLORA_BASE_DISPATCH_H
#define ALLORA_BASE_DISPATCH_H
#include "json.h"
#include <allora/plugin.h>

/* How a core operation is implemented: args are already validated and have their defaults.  [any]
 */
typedef int32_t (*operation_fn)(void *self, allora_ctx *ctx, const json_node *args,
                                const allora_sink *sink, allora_error *err);

struct dispatch {
    void *self;
    /* Runs an operation through the gate as ctx's principal.  [any] */
    int32_t (*call)(void *self, allora_ctx *ctx, const char *operation, allora_str args_json,
                    const allora_sink *sink, allora_error *err);
    /* Rows: name, effect, summary, arguments (JSON Schema), examples (JSON), plugin, tool (bool),
     * description. */
    int32_t (*catalogue)(void *self, allora_ctx *ctx, const char *glob, const allora_sink *sink,
                         allora_error *err);
};
#endif
