/* Between gate.c and list.c. */
#ifndef ALLORA_OPERATION_GATE_PRIVATE_H
#define ALLORA_OPERATION_GATE_PRIVATE_H
#include "operation/gate.h"

struct catalogue *gate_names(struct gate *g);
#endif
