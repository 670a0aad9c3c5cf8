/* The operations plan.*. */
#include "operation/plan_ops.h"
#include "base/approver.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/value.h"
#include "operation/plan.h"
#include "store/store.h"

#define COLUMN(type_, name_)                                                                       \
    &(const allora_column)                                                                         \
    {                                                                                              \
        .size = sizeof(allora_column), .type = type_, .name = name_                                \
    }
static const allora_column *const columns[] = {
    COLUMN(ALLORA_V_TEXT, "id"),      COLUMN(ALLORA_V_TEXT, "state"),
    COLUMN(ALLORA_V_TEXT, "what"),    COLUMN(ALLORA_V_TEXT, "effect"),
    COLUMN(ALLORA_V_INT, "steps"),    COLUMN(ALLORA_V_INT, "done"),
    COLUMN(ALLORA_V_TEXT, "by"),      COLUMN(ALLORA_V_TIME, "made"),
    COLUMN(ALLORA_V_TIME, "expires"), COLUMN(ALLORA_V_TEXT, "hash"),
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

/* ---- plan.create, plan.run ---- */

struct wishes {
    struct wish *list;
    struct buf *texts;
    size_t n;
};

static void wishes_done(struct wishes *w)
{
    for (size_t i = 0; w->texts && i < w->n; i++)
        buf_done(&w->texts[i]);
    free(w->texts);
    free(w->list);
}

static int32_t wishes_read(struct wishes *w, const json_node *steps, allora_error *err)
{
    w->n = json_count(steps);
    w->list = mem_array(w->n, sizeof *w->list);
    w->texts = mem_array(w->n, sizeof *w->texts);
    if (!w->list || !w->texts)
        return err_nomem(err);
    size_t i = 0;
    json_foreach (step, steps) {
        struct buf *b = &w->texts[i];
        const json_node *args = json_get(step, "arguments");
        *b = BUF(ARGS_MAX);
        if (args)
            jw_node(&JSONW(b), args);
        if (buf_failed(b))
            return err_nomem(err);
        w->list[i++] = (struct wish){json_get_str(step, "operation", ""), {buf_str(b), b->len}};
    }
    return ALLORA_OK;
}

int32_t plan_op_create(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                       allora_error *err)
{
    A_CLEAN(wishes_done) struct wishes w = {0};
    A_CLEAN(plan_freep) struct plan *p = NULL;
    bool dry = ctx->approver && ctx->approver->dry_run;
    int32_t status = wishes_read(&w, json_get(args, "steps"), err);
    if (!status)
        status = plan_make(self, ctx, w.list, w.n, NULL, &p, err);
    if (status)
        return status;
    if (!p)
        return plan_say_idle(sink);
    status = plan_keep(self, ctx, p, dry, err);
    return status ? status : plan_send(p, sink, err);
}

int32_t plan_op_run(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                    allora_error *err)
{
    A_CLEAN(wishes_done) struct wishes w = {0};
    int32_t status = wishes_read(&w, json_get(args, "steps"), err);
    return status ? status : plan_run(self, ctx, w.list, w.n, NULL, sink, err);
}

/* ---- plan.list, plan.show ---- */

struct listing {
    const allora_sink *sink;
    const char *state;
    int64_t left;
    struct arena mem;
    struct row {
        struct row *next;
        struct store_item item;
    } * newest; /* by the time they were made, the latest first */
};

static int32_t send_plan(struct listing *l, const struct plan *p)
{
    A_CLEAN(buf_done) struct buf what = BUF(4096);
    const char *state = plan_state_name(plan_state_now(p));
    int64_t done = 0;
    if (l->state && !streq(l->state, state))
        return ALLORA_OK;
    for (uint32_t i = 0; i < p->n_steps; i++)
        done += p->steps[i].status == STEP_DONE;
    plan_summary(p, &what);
    const allora_value cells[N_COLUMNS] = {
        val_text(p->id),
        val_text(state),
        val_text(buf_str(&what)),
        val_text(effect_name(p->effect)),
        val_int(p->n_steps),
        val_int(done),
        val_text(json_get_str(p->document, "principal", NULL)),
        val_time(p->made_us),
        p->expires_us ? val_time(p->expires_us) : val_null(),
        val_text(p->hash),
    };
    l->left--;
    return l->sink->row(l->sink->self, cells, N_COLUMNS);
}

static int32_t collect(void *self, const struct store_item *item)
{
    struct listing *l = self;
    struct row *r = arena_alloc(&l->mem, sizeof *r), **at = &l->newest;
    char *text = arena_strndup(&l->mem, item->value.ptr, item->value.len);
    if (!r || !text)
        return ALLORA_E_NOMEM;
    r->item = *item;
    r->item.value.ptr = text;
    while (*at && (*at)->item.updated_us > item->updated_us)
        at = &(*at)->next;
    r->next = *at;
    *at = r;
    return ALLORA_OK;
}

int32_t plan_op_list(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                     allora_error *err)
{
    struct gate *g = self;
    struct listing l = {.sink = sink,
                        .state = json_get_str(args, "state", NULL),
                        .left = json_get_int(args, "limit", 50)};
    int32_t status = sink->begin(sink->self, columns, N_COLUMNS);
    arena_init(&l.mem, 0);
    if (!status && g->parts.store)
        status = store_scan(g->parts.store, "plan", "", false, 0, collect, &l, err);
    for (const struct row *r = l.newest; !status && r && l.left > 0; r = r->next) {
        A_CLEAN(plan_freep) struct plan *p = NULL;
        allora_error broken = ERR_INIT;
        status = ctx_check(ctx, err);
        if (!status && !plan_read(r->item.value, &p, &broken))
            status = send_plan(&l, p);
    }
    arena_done(&l.mem);
    return status < 0 ? status : ALLORA_OK;
}

/* Whoever looks at a plan wants to know what became of it. */
static int32_t load(struct gate *g, allora_ctx *ctx, const json_node *args, struct plan **ret,
                    allora_error *err)
{
    allora_error ignored = ERR_INIT;
    int32_t status = plan_load(g, json_get_str(args, "plan", ""), ret, err);
    if (!status && plan_is_unknown(*ret))
        (void)plan_look(g, ctx, *ret, &ignored); /* where it can't be found out, it stays unknown */
    return status;
}

int32_t plan_op_show(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                     allora_error *err)
{
    A_CLEAN(plan_freep) struct plan *p = NULL;
    int32_t status = load(self, ctx, args, &p, err);
    return status ? status : plan_send(p, sink, err);
}

/* ---- plan.approve, plan.reject, plan.apply, plan.undo ---- */

enum { HASH_DIGITS_MIN = 12 };

static int32_t check_hash(const struct plan *p, const char *hash, allora_error *err)
{
    if (!hash || (strlen(hash) >= HASH_DIGITS_MIN && str_starts(p->hash, hash)))
        return ALLORA_OK;
    int32_t status =
        err_set(err, ALLORA_E_APPROVAL, "plan %s has another hash: %s", p->id, p->hash);
    err_hint(err, "look at it, and approve what it says: allora plan show %s", p->id);
    return status;
}

static int32_t wrong_state(const struct plan *p, const char *what, allora_error *err)
{
    enum plan_state state = plan_state_now(p);
    int32_t status = err_set(err, ALLORA_E_CONFLICT, "plan %s can't be %s: it is %s", p->id, what,
                             plan_state_name(state));
    if (state == PLAN_EXPIRED)
        err_hint(err, "make the plan again");
    return status;
}

int32_t plan_op_approve(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                        allora_error *err)
{
    A_CLEAN(plan_freep) struct plan *p = NULL;
    int32_t status = plan_load(self, json_get_str(args, "plan", ""), &p, err);
    if (!status && plan_state_now(p) != PLAN_WAITING)
        status = wrong_state(p, "approved", err);
    if (!status)
        status = check_hash(p, json_get_str(args, "hash", NULL), err);
    if (!status)
        status = plan_set_approved(self, ctx, p, "plan approve", err);
    return status ? status : plan_send(p, sink, err);
}

int32_t plan_op_reject(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                       allora_error *err)
{
    A_CLEAN(plan_freep) struct plan *p = NULL;
    int32_t status = plan_load(self, json_get_str(args, "plan", ""), &p, err);
    enum plan_state state = status ? PLAN_WAITING : plan_state_now(p);
    if (!status && state != PLAN_WAITING && state != PLAN_APPROVED && state != PLAN_EXPIRED &&
        state != PLAN_INTERRUPTED)
        status = wrong_state(p, "rejected", err);
    if (!status)
        status = plan_set_rejected(self, ctx, p, err);
    return status ? status : plan_send(p, sink, err);
}

int32_t plan_op_apply(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                      allora_error *err)
{
    A_CLEAN(plan_freep) struct plan *p = NULL;
    const char *hash = json_get_str(args, "hash", NULL);
    int32_t status = plan_load(self, json_get_str(args, "plan", ""), &p, err);
    if (!status)
        status = check_hash(p, hash, err);
    if (!status && ctx->approver && ctx->approver->dry_run)
        return plan_send(p, sink, err);
    if (!status && plan_state_now(p) == PLAN_WAITING)
        status = hash && ctx_is_person(ctx->parent) ? plan_set_approved(self, ctx, p, "hash", err)
                                                    : plan_approve(self, ctx, p, sink, err);
    return status ? status : plan_apply(self, ctx, p, sink, err);
}
