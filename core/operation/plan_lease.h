/* Who is applying a plan: one process, and one call in it, at a time.  A lease in the store,
 * renewed while the work goes on, says so to everybody; where the holder was a process of this
 * machine, it is also known at once when that has ended. */
#ifndef ALLORA_OPERATION_PLAN_LEASE_H
#define ALLORA_OPERATION_PLAN_LEASE_H
#include "operation/plan.h"
#include <pthread.h>

enum { HOLDER_SIZE = 160 };
struct plan_lease {
    struct store *store;
    char name[PLAN_ID_SIZE + 8], owner[HOLDER_SIZE];
    pthread_t renewer;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool held, renewing, ending;
};
/* Has the process that this names ended, as far as can be seen from here?  NULL: nobody. */
bool holder_is_gone(const char *holder);
/* Also saves the plan, which from then on says who holds it.  E_CONFLICT while somebody else does,
 * or when the plan was changed meanwhile. */
int32_t plan_lease_take(struct plan_lease *l, struct gate *g, const allora_ctx *ctx, struct plan *p,
                        allora_error *err);
/* Is it still ours?  Asked before each step: a machine may have slept for an hour. */
int32_t plan_lease_check(struct plan_lease *l, allora_error *err);
/* Gives it back, and saves the plan, which nobody holds from then on.  Only what was taken. */
int32_t plan_lease_end(struct plan_lease *l, struct gate *g, struct plan *p, allora_error *err);
#endif
