/* Ties the core's own operations to their code, and holds the two that belong to no other folder:
 * operation.list and core.check. */
#ifndef ALLORA_OPERATION_BUILTIN_H
#define ALLORA_OPERATION_BUILTIN_H
#include "operation/gate.h"

struct agents;
struct config;
struct metrics;
struct engine;
struct journal;
struct store;
struct builtin_parts { /* caller-owned; outlives the gate's last call.  A NULL part leaves its
                          operations without code. */
    struct gate *gate;
    struct registry *registry;
    struct engine *engine;
    struct store *store;
    struct journal *journal;
    struct agents *agents;
    struct metrics *metrics;
    const struct config *config;
};
/* Once, before the first call.  E_NOTFOUND when the core's manifest lacks one of the operations: a
 * broken build. */
int32_t builtin_wire(const struct builtin_parts *parts, allora_error *err);
#endif
