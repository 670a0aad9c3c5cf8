/* The operations plan.*; self is the gate. */
#ifndef ALLORA_OPERATION_PLAN_OPS_H
#define ALLORA_OPERATION_PLAN_OPS_H
#include "base/dispatch.h"
#define PLAN_OP(name)                                                                              \
    int32_t plan_op_##name(void *self, allora_ctx *ctx, const json_node *args,                     \
                           const allora_sink *sink, allora_error *err)
PLAN_OP(create);
PLAN_OP(run);
PLAN_OP(list);
PLAN_OP(show);
PLAN_OP(approve);
PLAN_OP(reject);
PLAN_OP(apply);
PLAN_OP(undo);
#undef PLAN_OP
#endif
