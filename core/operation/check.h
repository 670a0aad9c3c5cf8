/* core.check: what allora itself stands on, as rows check, status (ok, note, warning, failed),
 * detail, hint. */
#ifndef ALLORA_OPERATION_CHECK_H
#define ALLORA_OPERATION_CHECK_H
#include "base/dispatch.h"

/* self: const struct builtin_parts *. */
int32_t check_op(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                 allora_error *err);
#endif
