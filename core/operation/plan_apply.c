/* Applying a plan: exactly its steps, each once.
 *
 * For each step the journal has the intent and the store says "running" before the plugin is
 * called, so that whoever comes after a crash knows which steps may have happened.  Those are
 * looked up first (plan_look.c); nothing is applied because nobody knows. */
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "operation/plan.h"
#include "operation/plan_lease.h"
#include "operation/plan_step.h"
#include "store/bus.h"
#include <stdio.h>

struct application {
    struct gate *gate;
    allora_ctx *ctx;
    struct plan *plan;
    const allora_sink *sink;
    struct plan_lease lease;
    uint64_t used; /* of the budget, by steps that were or may have been done */
};

/* ---- may it be applied? ---- */

static int32_t refuse(const struct plan *p, enum plan_state state, allora_error *err)
{
    static const char *const why[PLAN_STATES] = {
        [PLAN_WAITING] = "waits for approval",
        [PLAN_DONE] = "was applied already",
        [PLAN_PARTIAL] = "was applied already; some of its steps were not done",
        [PLAN_FAILED] = "was applied already, and failed",
        [PLAN_STALE] = "is stale: its targets had changed",
        [PLAN_REJECTED] = "was rejected",
        [PLAN_EXPIRED] = "has expired",
    };
    int32_t status = err_set(err, state == PLAN_WAITING ? ALLORA_E_APPROVAL : ALLORA_E_STALE_PLAN,
                             "plan %s %s", p->id, why[state]);
    if (state == PLAN_WAITING)
        err_hint(err, "allora plan apply %s --approve %s", p->id, p->hash);
    else
        err_hint(err, "a plan applies once: make a new one");
    return status;
}

static int32_t check_state(const struct plan *p, allora_error *err)
{
    enum plan_state state = plan_state_now(p);
    /* Where it says "applying", the lease tells whether somebody is still at it. */
    bool may = state == PLAN_APPROVED || state == PLAN_APPLYING || state == PLAN_INTERRUPTED ||
               state == PLAN_UNKNOWN;
    return may ? ALLORA_OK : refuse(p, state, err);
}

static uint64_t changes_left(const struct plan *p)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < p->n_steps; i++)
        if (p->steps[i].status == STEP_WAITING)
            n += json_count(json_get(p->steps[i].node, "changes"));
    return n;
}

/* ---- one step ---- */

/* For whoever follows "plan.*" from another process.  Nobody may: that it failed is no matter. */
static void publish(const struct application *a, const struct buf *progress)
{
    char topic[32];
    allora_error ignored = ERR_INIT;
    (void)snprintf(topic, sizeof topic, "plan.%s", a->plan->id);
    if (progress->len <= BUS_DATA_MAX)
        (void)bus_publish(a->gate->parts.store, topic,
                          (allora_str){buf_str(progress), progress->len}, NULL, &ignored);
}

static int32_t note_step(const struct application *a, uint32_t i)
{
    A_CLEAN(buf_done) struct buf b = BUF(4 << 20);
    struct jsonw w = JSONW(&b);
    jw_object(&w);
    jw_kstr(&w, "plan", a->plan->id);
    jw_kint(&w, "step", (int64_t)i + 1);
    jw_kint(&w, "of", a->plan->n_steps);
    jw_key(&w, "is");
    plan_show_step(&a->plan->steps[i], &w);
    jw_end_object(&w);
    if (buf_failed(&b))
        return ALLORA_OK;
    publish(a, &b);
    return a->sink->event(a->sink->self, ALLORA_EV_PLAN, (allora_str){b.ptr, b.len});
}

static int32_t begin_step(struct application *a, struct step *s, uint32_t i, allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(256);
    int32_t status = ctx_check(a->ctx, err);
    if (!status)
        status = plan_lease_check(&a->lease, err);
    if (!status) {
        buf_addf(&b, "{\"step\":%u,\"of\":%u}", i + 1, a->plan->n_steps);
        status = trail_plan(a->gate, a->ctx, "intent", a->plan, s, NULL,
                            (allora_str){buf_str(&b), b.len}, err);
    }
    if (status)
        return status;
    s->status = STEP_RUNNING;
    s->at_us = clock_wall_us();
    return plan_save(a->gate, a->plan, err);
}

static int32_t end_step(struct application *a, struct step *s, uint32_t i, allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(4096);
    struct jsonw w = JSONW(&b);
    jw_object(&w);
    jw_kint(&w, "step", (int64_t)i + 1);
    jw_kstr(&w, "result", step_status_name(s->status));
    if (s->message)
        jw_kstr(&w, "message", s->message);
    jw_end_object(&w);
    int32_t status = trail_plan(a->gate, a->ctx, "outcome", a->plan, s, status_name(s->code),
                                (allora_str){buf_str(&b), b.len}, err);
    allora_error second = ERR_INIT;
    int32_t saved = plan_save(a->gate, a->plan, &second);
    if (!status && saved)
        err_copy(err, &second);
    return status ? status : saved;
}

/* A failure here ends the application; what became of the step itself is in the step. */
static int32_t apply_step(struct application *a, uint32_t i, allora_error *err)
{
    struct step *s = &a->plan->steps[i];
    struct call c = {.gate = a->gate, .ctx = a->ctx, .full = BUF(0)};
    int32_t status = ALLORA_OK;
    if (step_prepare(&c, a->plan, s)) { /* its plugin is the one that made the plan */
        status = begin_step(a, s, i, err);
        if (status)
            return status;
        step_call(&c, a->plan, s, i, a->sink);
        if (s->status != STEP_STALE)
            a->used += json_count(json_get(s->node, "changes"));
        status = end_step(a, s, i, err);
    }
    return note_step(a, i) < 0 && !status ? ALLORA_OK : status;
}

/* ---- all of them ---- */

static int32_t begin(struct application *a, allora_error *err)
{
    struct plan *p = a->plan;
    p->state = PLAN_APPLYING;
    int32_t status = plan_lease_take(&a->lease, a->gate, a->ctx, p, err);
    if (!status)
        status = plan_look_steps(a->gate, a->ctx, p, err);
    if (!status && p->expires_us && changes_left(p) && clock_wall_us() >= p->expires_us) {
        status = err_set(err, ALLORA_E_STALE_PLAN, "plan %s: its approval has expired", p->id);
        err_hint(err, "make a new plan of what is left");
    }
    return status;
}

static void end(struct application *a, int32_t *status, allora_error *err)
{
    struct plan *p = a->plan;
    allora_error second = ERR_INIT;
    p->state = plan_end_state(p);
    int32_t saved = plan_lease_end(&a->lease, a->gate, p, &second);
    if (!*status && saved)
        err_copy(err, &second);
    *status = *status ? *status : saved;
    if (*status == ALLORA_E_CANCELLED || *status == ALLORA_E_TIMEOUT)
        err_hint(err, "allora plan apply %s goes on with what was not begun", p->id);
    undo_mark(a->gate, p);
}

/* What the whole came to, once nothing went wrong around it. */
static int32_t verdict(const struct plan *p, allora_error *err)
{
    const struct step *first = NULL;
    for (uint32_t i = 0; i < p->n_steps && !first; i++)
        if (p->steps[i].status != STEP_DONE)
            first = &p->steps[i];
    if (p->state == PLAN_DONE || p->state == PLAN_PARTIAL)
        return p->state == PLAN_DONE ? ALLORA_OK : ALLORA_PARTIAL;
    if (p->state == PLAN_STALE || p->state == PLAN_FAILED) {
        int32_t code = first && first->code ? first->code : ALLORA_E_STALE_PLAN;
        (void)err_set(err, code, "%s", first && first->message ? first->message : "");
        err_hint(err, "%s", first && first->hint ? first->hint : "");
        return code;
    }
    if (p->state == PLAN_UNKNOWN) {
        (void)err_set(err, ALLORA_E_NETWORK, "plan %s: what became of a step is not known", p->id);
        err_hint(err, "allora plan show %s looks it up", p->id);
        return ALLORA_E_NETWORK;
    }
    (void)err_set(err, ALLORA_E_CONFLICT, "plan %s was not applied to its end", p->id);
    err_hint(err, "allora plan apply %s goes on", p->id);
    return ALLORA_E_CONFLICT;
}

int32_t plan_apply(struct gate *g, allora_ctx *ctx, struct plan *p, const allora_sink *sink,
                   allora_error *err)
{
    struct application a = {.gate = g, .ctx = ctx, .plan = p, .sink = sink};
    int32_t status = check_state(p, err);
    if (!status)
        status = begin(&a, err);
    uint64_t reserved = changes_left(p);
    bool budgeted = false;
    if (!status) {
        status = budget_reserve(g, ctx, reserved, err);
        budgeted = !status;
    }
    for (uint32_t i = 0; !status && i < p->n_steps; i++)
        if (p->steps[i].status == STEP_WAITING)
            status = apply_step(&a, i, err);
    if (!status && !ctx_cancelled(ctx))
        status = plan_look_steps(g, ctx, p, err);
    if (budgeted)
        budget_settle(g, ctx, reserved - a.used);
    if (!a.lease.held)
        return status;
    end(&a, &status, err);
    allora_error ignored = ERR_INIT;
    (void)plan_send(p, sink, status ? &ignored : err);
    return status ? status : verdict(p, err);
}
