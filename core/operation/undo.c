/* Undoing a plan: the inverses of what it did, the last first, as a plan of its own. */
#include "base/approver.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "operation/plan.h"
#include "operation/plan_ops.h"

struct inverses {
    struct wish *list;
    struct buf *texts;
    size_t n;
    unsigned n_lost; /* steps that were done and can't be undone */
};

static void inverses_done(struct inverses *v)
{
    for (size_t i = 0; i < v->n; i++)
        buf_done(&v->texts[i]);
    free(v->texts);
    free(v->list);
}

static int32_t collect(struct inverses *v, const struct plan *p, allora_error *err)
{
    v->list = mem_array(p->n_steps ? p->n_steps : 1, sizeof *v->list);
    v->texts = mem_array(p->n_steps ? p->n_steps : 1, sizeof *v->texts);
    if (!v->list || !v->texts)
        return err_nomem(err);
    for (uint32_t i = p->n_steps; i-- > 0;) {
        const json_node *inverse = json_get(p->steps[i].node, "inverse");
        const json_node *args = json_get(inverse, "arguments");
        struct buf *b = &v->texts[v->n];
        if (p->steps[i].status != STEP_DONE)
            continue;
        if (!inverse) {
            v->n_lost++;
            continue;
        }
        *b = BUF(ARGS_MAX);
        if (args)
            jw_node(&JSONW(b), args);
        v->list[v->n++] =
            (struct wish){json_get_str(inverse, "operation", ""), {buf_str(b), b->len}};
        if (buf_failed(b))
            return err_nomem(err);
    }
    return ALLORA_OK;
}

/* Some of it stays as it is: that has to be said, and before anybody says yes. */
static int32_t warn(const struct inverses *v, const struct plan *p, const allora_sink *sink,
                    allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(4096), text = BUF(512);
    struct jsonw w = JSONW(&b);
    if (!v->n_lost)
        return ALLORA_OK;
    buf_addf(&text, "%u of the steps of plan %s can't be undone", v->n_lost, p->id);
    jw_object(&w);
    jw_kstr(&w, "code", "irreversible");
    jw_kstr(&w, "message", buf_str(&text));
    jw_end_object(&w);
    if (buf_failed(&b))
        return err_nomem(err);
    int32_t status = sink->event(sink->self, ALLORA_EV_WARNING, (allora_str){b.ptr, b.len});
    return status < 0 ? status : ALLORA_OK;
}

static int32_t nothing(const struct inverses *v, const struct plan *p, allora_error *err)
{
    if (!v->n_lost)
        return err_set(err, ALLORA_E_CONFLICT, "plan %s did nothing that could be undone: it is %s",
                       p->id, plan_state_name(plan_state_now(p)));
    int32_t status = err_set(err, ALLORA_E_UNSUPPORTED, "plan %s can't be undone", p->id);
    err_hint(err, "allora plan show %s says what it did", p->id);
    return status;
}

int32_t plan_op_undo(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                     allora_error *err)
{
    A_CLEAN(plan_freep) struct plan *p = NULL;
    A_CLEAN(inverses_done) struct inverses v = {0};
    int32_t status = plan_load(self, json_get_str(args, "plan", ""), &p, err);
    if (!status && plan_is_unknown(p))
        status = plan_look(self, ctx, p, err);
    if (!status && p->undone_by) {
        status = err_set(err, ALLORA_E_CONFLICT, "plan %s was undone already, by %s", p->id,
                         p->undone_by);
        err_hint(err, "allora undo %s does it again", p->undone_by);
    }
    if (!status)
        status = collect(&v, p, err);
    if (!status && !v.n)
        status = nothing(&v, p, err);
    if (!status)
        status = warn(&v, p, sink, err);
    return status ? status : plan_run(self, ctx, v.list, v.n, p->id, sink, err);
}

void undo_mark(struct gate *g, const struct plan *p)
{
    A_CLEAN(plan_freep) struct plan *old = NULL;
    const char *of = json_get_str(p->document, "undo_of", NULL);
    allora_error ignored = ERR_INIT; /* it is a convenience: the undoing plan names it as well */
    if (!of || p->state != PLAN_DONE || plan_load(g, of, &old, &ignored))
        return;
    old->undone_by = p->id;
    (void)plan_save(g, old, &ignored);
    old->undone_by = NULL;
}
