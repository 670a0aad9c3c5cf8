/* What became of a step that was begun and has no known end?  The plugin is asked to plan the same
 * again: nothing left to do means that it was done; the same document, that it was not; anything
 * else, that what is there now is neither what was seen nor what was wanted, and is left alone. */
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "operation/plan.h"
#include "operation/plan_lease.h"
#include "operation/plan_step.h"

static bool needs_look(const struct step *s)
{
    return s->status == STEP_RUNNING || s->status == STEP_UNKNOWN;
}

bool plan_is_unknown(const struct plan *p)
{
    return p->state == PLAN_UNKNOWN || (p->state == PLAN_APPLYING && holder_is_gone(p->holder));
}

static int32_t record(struct gate *g, const allora_ctx *ctx, struct plan *p, struct step *s,
                      allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(4096);
    struct jsonw w = JSONW(&b);
    s->looked = true;
    jw_object(&w);
    jw_kint(&w, "step", (int64_t)(s - p->steps) + 1);
    jw_kstr(&w, "result", step_status_name(s->status));
    jw_kbool(&w, "looked_up", true);
    jw_end_object(&w);
    int32_t status =
        trail_plan(g, ctx, "outcome", p, s, status_name(s->code), (allora_str){b.ptr, b.len}, err);
    return status ? status : plan_save(g, p, err);
}

static int32_t plan_again(const struct call *c, const struct step *s, allora_plan *ret,
                          allora_ctx **ret_child, allora_error *err)
{
    A_CLEAN(buf_done) struct buf args = BUF(ARGS_MAX);
    const allora_operations_v1 *ops = NULL;
    allora_instance *self = NULL;
    jw_node(&JSONW(&args), s->secret ? s->secret : json_get(s->node, "arguments"));
    int32_t status = call_open(c, &ops, &self, ret_child, err);
    if (!status && !ALLORA_CAN(allora_operations_v1, ops, plan))
        status = err_set(err, ALLORA_E_UNSUPPORTED, "%s can't plan any more", c->op->name);
    if (!status)
        status = buf_failed(&args) ? err_nomem(err)
                                   : ops->plan(self, *ret_child, c->op->name,
                                               (allora_str){buf_str(&args), args.len}, ret, err);
    return status;
}

static bool is_idle(const allora_plan *plan)
{
    A_CLEAN(json_freep) json_node *changes = NULL;
    return !json_parse(plan->steps_json.ptr, plan->steps_json.len, &changes, NULL) &&
           json_typeof(changes) == JSON_ARRAY && !json_count(changes);
}

/* The plugin has answered. */
static void judge(struct plan *p, struct step *s, int32_t status, const allora_plan *now,
                  const allora_error *err)
{
    if (status >= 0 && is_idle(now))
        step_set(p, s, STEP_DONE, 0, NULL, NULL);
    else if (status >= 0 && str_eq(now->document, json_get_str(s->node, "document", "")))
        step_set(p, s, STEP_WAITING, 0, "was looked up: it had not been done", NULL);
    else if (status >= 0)
        step_set(p, s, STEP_STALE, ALLORA_E_STALE_PLAN,
                 "what is there now is neither what was seen nor what was wanted", NULL);
    else if (status == ALLORA_E_NOTFOUND)
        step_set(p, s, STEP_STALE, ALLORA_E_STALE_PLAN, "is not there any more", NULL);
    else
        step_set(p, s, STEP_UNKNOWN, status, err->message, err->hint);
}

static int32_t look(struct gate *g, allora_ctx *ctx, struct plan *p, struct step *s,
                    allora_error *err)
{
    struct call c = {.gate = g, .ctx = ctx, .full = BUF(0)};
    allora_plan now = {.size = sizeof now};
    A_CLEAN(ctx_closep) allora_ctx *child = NULL;
    allora_error why = ERR_INIT;
    if (!step_prepare(&c, p, s))
        return record(g, ctx, p, s, err); /* it says that its plugin changed */
    if (s->checkpoint) {
        /* The plugin said that it can go on from there, and checks by itself what it finds. */
        step_set(p, s, STEP_WAITING, 0, "goes on from its last checkpoint", NULL);
        return record(g, ctx, p, s, err);
    }
    int32_t status = plan_again(&c, s, &now, &child, &why);
    judge(p, s, status, &now, &why);
    if (s->status != STEP_UNKNOWN)
        return record(g, ctx, p, s, err);
    return plan_save(g, p, err);
}

int32_t plan_look_steps(struct gate *g, allora_ctx *ctx, struct plan *p, allora_error *err)
{
    int32_t status = ALLORA_OK;
    for (uint32_t i = 0; !status && i < p->n_steps; i++)
        if (needs_look(&p->steps[i]))
            status = look(g, ctx, p, &p->steps[i], err);
    return status;
}

enum plan_state plan_end_state(const struct plan *p)
{
    unsigned n[STEP_STATUSES] = {0};
    for (uint32_t i = 0; i < p->n_steps; i++)
        n[p->steps[i].status]++;
    if (n[STEP_UNKNOWN] || n[STEP_RUNNING])
        return PLAN_UNKNOWN;
    if (n[STEP_WAITING])
        return n[STEP_WAITING] == p->n_steps ? PLAN_APPROVED : PLAN_INTERRUPTED;
    if (n[STEP_DONE] == p->n_steps)
        return PLAN_DONE;
    if (n[STEP_DONE])
        return PLAN_PARTIAL;
    return n[STEP_FAILED] ? PLAN_FAILED : PLAN_STALE;
}

int32_t plan_look(struct gate *g, allora_ctx *ctx, struct plan *p, allora_error *err)
{
    struct plan_lease lease;
    int32_t status = plan_lease_take(&lease, g, ctx, p, err);
    if (status)
        return status;
    status = plan_look_steps(g, ctx, p, err);
    p->state = plan_end_state(p);
    allora_error ignored = ERR_INIT;
    int32_t saved = plan_lease_end(&lease, g, p, status ? &ignored : err);
    return status ? status : saved;
}
