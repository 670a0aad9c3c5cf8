/* The agent's one function. */
#ifndef OFFLINE_OFFLINE_H
#define OFFLINE_OFFLINE_H
#include <allora/sdk.h>

int32_t offline_turn(allora_instance *self, allora_ctx *ctx, const allora_turn_request *request,
                     const allora_sink *sink, allora_error *err);
#endif
