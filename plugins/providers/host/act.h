/* What the host provider can change on this machine.  Each action has plan(), which only looks, and
 * apply(), which does what the plan's document says after having looked again: a process that is
 * another one by now, a service whose state has changed or a file that was replaced is not touched.
 *
 * A plan's steps are [{verb, target: {type, id, name}, before, after}]; an empty list means that
 * it is already so. */
#ifndef HOST_ACT_H
#define HOST_ACT_H
#include "root.h"
#include <allora/sdk.h>

struct act { /* one plan() or apply() */
    const allora_instance *self;
    allora_ctx *ctx;
    const sdk_json *in; /* plan: the arguments; apply: the document */
    allora_error *err;
    struct root root;
    char boot_id[40]; /* what ticks and monotonic times count from */
};
/* Opens this machine; a recorded tree can't be acted on (ALLORA_E_UNSUPPORTED).  act_close() on
 * success. */
int32_t act_open(struct act *a, const allora_instance *self, allora_ctx *ctx, allora_str json,
                 allora_error *err);
void act_close(struct act *a);
/* The document is of another start of this machine: ALLORA_E_STALE_PLAN. */
int32_t act_same_boot(const struct act *a);

/* One fact about the target, before and after.  NULL: it is not there. */
struct change {
    const char *verb, *type, *id, *name;
    const char *fact; /* "state" */
    const char *before, *after;
    int64_t number_before, number_after; /* where the texts are NULL */
};
/* Fills steps_json (empty for already so when c is NULL); 0 or ALLORA_E_NOMEM. */
int32_t act_step(const struct act *a, const struct change *c, allora_plan *plan);
int32_t act_done(const struct act *a, allora_str text, allora_str *ret); /* a finished writer's */
/* ALLORA_EV_RESULT with what has happened. */
int32_t act_result(const struct act *a, const allora_sink *sink, sdk_writer *w);
/* Sleeps for about a tenth of a second; 0, or why to stop waiting. */
int32_t act_wait(const struct act *a);

int32_t plan_signal(struct act *a, allora_plan *plan);
int32_t apply_signal(struct act *a, const allora_sink *sink);
int32_t plan_renice(struct act *a, allora_plan *plan);
int32_t apply_renice(struct act *a, const allora_sink *sink);
int32_t plan_service(struct act *a, const char *verb, allora_plan *plan);
int32_t apply_service(struct act *a, const char *verb, const allora_sink *sink);
int32_t plan_truncate(struct act *a, allora_plan *plan);
int32_t apply_truncate(struct act *a, const allora_sink *sink);

/* "host.process.signal" and so on. */
int32_t act_plan(allora_instance *self, allora_ctx *ctx, const char *operation,
                 allora_str args_json, allora_plan *plan, allora_error *err);
int32_t act_apply(allora_instance *self, allora_ctx *ctx, const char *operation,
                  allora_str document, const char *idempotency_key, allora_str checkpoint_json,
                  const allora_sink *sink, allora_error *err);
#endif
