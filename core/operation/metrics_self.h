#ifndef ALLORA_OPERATION_METRICS_SELF_H
#define ALLORA_OPERATION_METRICS_SELF_H
#include "base/dispatch.h"
/* metrics.self; self is the struct builtin_parts. */
int32_t metrics_op_self(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                        allora_error *err);
#endif
