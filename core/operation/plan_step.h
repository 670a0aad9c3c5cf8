/* One step of a plan: calling the plugin, and looking up what became of it. */
#ifndef ALLORA_OPERATION_PLAN_STEP_H
#define ALLORA_OPERATION_PLAN_STEP_H
#include "operation/plan.h"

/* Is what would be called what made the plan?  Fills c->op; else the step says why not, and is not
 * touched. */
bool step_prepare(struct call *c, struct plan *p, struct step *s);
/* apply(), once.  The step says what came of it; CHECKPOINT events are journalled and kept. */
void step_call(const struct call *c, struct plan *p, struct step *s, uint32_t i,
               const allora_sink *sink);
/* Sets status, code and words; message and hint may be NULL. */
void step_set(struct plan *p, struct step *s, enum step_status status, int32_t code,
              const char *message, const char *hint);
#endif
