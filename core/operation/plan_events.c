/* How plans go, for whoever follows the events "plan.*": each time one is kept. */
#include "base/buf.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "operation/plan.h"
#include "store/bus.h"
#include <stdio.h>

enum { EVENT_MAX = 4096 };

void plan_tell(struct store *s, const struct plan *p)
{
    A_CLEAN(buf_done) struct buf b = BUF(EVENT_MAX);
    struct jsonw w = JSONW(&b);
    allora_error ignored = ERR_INIT; /* who follows can also look; the plan itself is kept */
    char topic[BUS_TOPIC_MAX];
    uint32_t open = 0;

    for (uint32_t i = 0; i < p->n_steps; i++)
        open += p->steps[i].status == STEP_WAITING || p->steps[i].status == STEP_RUNNING;
    jw_object(&w);
    jw_kstr(&w, "plan", p->id);
    jw_kstr(&w, "state", plan_state_name(p->state));
    jw_kint(&w, "steps", p->n_steps);
    jw_kint(&w, "ended", (int64_t)p->n_steps - open);
    jw_end_object(&w);
    (void)snprintf(topic, sizeof topic, "plan.%s", p->id);
    if (!buf_failed(&b))
        (void)bus_publish(s, topic, (allora_str){buf_str(&b), b.len}, NULL, &ignored);
}
