/* From a wish to its end: make the plan, show it, ask, apply. */
#include "base/approver.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "operation/plan.h"

static int32_t send(const struct plan *p, int32_t kind, const allora_sink *sink, allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(PLAN_MAX);
    plan_show(p, &JSONW(&b));
    if (buf_failed(&b))
        return err_nomem(err);
    int32_t status = sink->event(sink->self, kind, (allora_str){buf_str(&b), b.len});
    return status < 0 ? status : ALLORA_OK;
}

int32_t plan_send(const struct plan *p, const allora_sink *sink, allora_error *err)
{
    int32_t status = send(p, ALLORA_EV_PLAN, sink, err);
    return status ? status : send(p, ALLORA_EV_RESULT, sink, err);
}

int32_t plan_say_idle(const allora_sink *sink)
{
    static const char text[] = "{\"state\":\"nothing to do\",\"steps\":[]}";
    int32_t status = sink->event(sink->self, ALLORA_EV_PLAN, str_of(text));
    if (status >= 0)
        status = sink->event(sink->self, ALLORA_EV_RESULT, str_of(text));
    return status < 0 ? status : ALLORA_OK;
}

/* ---- approval ---- */

static int32_t waits(const struct plan *p, const allora_sink *sink, allora_error *err)
{
    int32_t status = sink ? plan_send(p, sink, err) : ALLORA_OK;
    if (status)
        return status;
    status = err_set(err, ALLORA_E_APPROVAL,
                     "plan %s was made, and waits for approval; nothing "
                     "was changed",
                     p->id);
    err_hint(err, "allora plan apply %s --approve %s", p->id, p->hash);
    return status;
}

int32_t plan_set_rejected(struct gate *g, allora_ctx *ctx, struct plan *p, allora_error *err)
{
    p->state = PLAN_REJECTED;
    int32_t status = trail_plan(g, ctx, "rejection", p, NULL, NULL, (allora_str){NULL, 0}, err);
    return status ? status : plan_save(g, p, err);
}

int32_t plan_set_approved(struct gate *g, allora_ctx *ctx, struct plan *p, const char *how,
                          allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(512);
    struct jsonw w = JSONW(&b);
    const char *by = ctx->principal && ctx->principal->name ? ctx->principal->name : "";
    p->approved_by = arena_strdup(&p->mem, by);
    p->approved_how = arena_strdup(&p->mem, how);
    jw_object(&w);
    jw_kstr(&w, "how", how);
    jw_kstr(&w, "hash", p->hash);
    jw_end_object(&w);
    if (!p->approved_by || !p->approved_how || buf_failed(&b))
        return err_nomem(err);
    p->approved_us = clock_wall_us();
    p->state = PLAN_APPROVED;
    p->journal_first = 0;
    int32_t status = trail_plan(g, ctx, "approval", p, NULL, NULL, (allora_str){b.ptr, b.len}, err);
    return status ? status : plan_save(g, p, err);
}

int32_t plan_approve(struct gate *g, allora_ctx *ctx, struct plan *p, const allora_sink *sink,
                     allora_error *err)
{
    enum verdict verdict = VERDICT_NOBODY;
    const char *how = "";
    int32_t status = approval_ask(g, ctx, p, &verdict, &how, err);
    if (status)
        return status;
    if (verdict == VERDICT_NOBODY)
        return waits(p, sink, err);
    if (verdict == VERDICT_YES)
        return plan_set_approved(g, ctx, p, how, err);
    status = plan_set_rejected(g, ctx, p, err);
    return status ? status
                  : err_set(err, ALLORA_E_APPROVAL, "plan %s was rejected; nothing was changed",
                            p->id);
}

/* ---- the whole way ---- */

int32_t plan_run(struct gate *g, allora_ctx *ctx, const struct wish *wishes, size_t n,
                 const char *undo_of, const allora_sink *sink, allora_error *err)
{
    A_CLEAN(plan_freep) struct plan *p = NULL;
    bool dry = ctx->approver && ctx->approver->dry_run;
    int32_t status = plan_make(g, ctx, wishes, n, undo_of, &p, err);
    if (status)
        return status;
    if (!p)
        return plan_say_idle(sink);
    status = plan_keep(g, ctx, p, dry, err);
    if (!status && dry)
        return plan_send(p, sink, err);
    if (!status)
        status = plan_approve(g, ctx, p, sink, err);
    return status ? status : plan_apply(g, ctx, p, sink, err);
}

int32_t plan_call(const struct call *c, const allora_sink *sink, allora_error *err)
{
    const struct wish wish = {c->op->name, c->text};
    return plan_run(c->gate, c->ctx, &wish, 1, NULL, sink, err);
}
