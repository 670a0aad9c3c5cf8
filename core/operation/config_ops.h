/* The operations config.*; self is the builtin_parts.  None of them puts a secret's value anywhere.
 */
#ifndef ALLORA_OPERATION_CONFIG_OPS_H
#define ALLORA_OPERATION_CONFIG_OPS_H
#include "base/dispatch.h"
#define CONFIG_OP(name)                                                                            \
    int32_t config_op_##name(void *self, allora_ctx *ctx, const json_node *args,                   \
                             const allora_sink *sink, allora_error *err)
CONFIG_OP(get);
CONFIG_OP(list);
CONFIG_OP(explain);
CONFIG_OP(path);
CONFIG_OP(validate);
CONFIG_OP(set);
CONFIG_OP(unset);
CONFIG_OP(edit);
#undef CONFIG_OP
#endif
