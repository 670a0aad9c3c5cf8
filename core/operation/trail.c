/* What the gate writes into the journal.  Reads are written later, with others; everything else is
 * on the disk before it runs, or it does not run. */
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "operation/plan.h"
#include "security/journal.h"

enum { DETAIL_MAX = 64 << 10, READ_ARGUMENTS_MAX = 4096 };

static int32_t append(struct gate *g, const allora_ctx *ctx, const struct journal_entry *e,
                      uint64_t *ret_seq, allora_error *err)
{
    int32_t status = journal_append(g->parts.journal, ctx, e, ret_seq, err);
    if (!status)
        return ALLORA_OK;
    if (!err->hint[0])
        err_hint(err, "allora doctor says what is wrong with allora's own folders");
    /* It is not the caller's configuration that is at fault, nor anything that may be passed over.
     */
    if (status != ALLORA_E_INTEGRITY)
        status = ALLORA_E_INTERNAL;
    if (err)
        err->code = status;
    return status;
}

/* A plan's own entries say more than one about the call would. */
static bool records_itself(const struct operation *op)
{
    return op->fn && str_starts(op->name, "plan.");
}

static void arguments_detail(const struct call *c, struct buf *b)
{
    struct jsonw w = JSONW(b);
    if (!json_count(c->args))
        return;
    jw_object(&w);
    jw_key(&w, "arguments");
    arguments_redacted(c->op->arguments, c->args, &w);
    jw_end_object(&w);
    if (!buf_failed(b))
        return;
    buf_reset(b);
    buf_adds(b, "{\"arguments\":\"too long to record\"}");
}

int32_t trail_intent(const struct call *c, allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(DETAIL_MAX);
    if (!c->gate->parts.journal || c->op->decl->effect == ALLORA_EFFECT_READ ||
        records_itself(c->op))
        return ALLORA_OK;
    arguments_detail(c, &b);
    const struct journal_entry e = {.kind = "intent",
                                    .operation = c->op->name,
                                    .effect = c->op->decl->effect,
                                    .detail = {b.ptr, b.len}};
    return append(c->gate, c->ctx, &e, NULL, err);
}

/* A read's arguments as they were given: they are one object already, and short. */
static void read_detail(const struct call *c, struct buf *b)
{
    if (!c->text.len || c->text.len > READ_ARGUMENTS_MAX || arguments_sensitive(c->op->arguments))
        return;
    buf_adds(b, "{\"arguments\":");
    buf_add(b, c->text.ptr, c->text.len);
    buf_addc(b, '}');
}

void trail_outcome(const struct call *c, int32_t status)
{
    A_CLEAN(buf_done) struct buf b = BUF(READ_ARGUMENTS_MAX + 64);
    allora_error ignored = ERR_INIT;
    if (!c->gate->parts.journal || records_itself(c->op))
        return;
    bool read = c->op->decl->effect == ALLORA_EFFECT_READ;
    if (read && c->ctx->unrecorded)
        return;
    if (read)
        read_detail(c, &b);
    const struct journal_entry e = {.kind = read ? "read" : "outcome",
                                    .operation = c->op->name,
                                    .effect = c->op->decl->effect,
                                    .status = status_name(status),
                                    .detail = {b.ptr, b.len}};
    /* It has happened: that it can't be recorded any more is the next call's to say. */
    if (read || append(c->gate, c->ctx, &e, NULL, &ignored))
        journal_later(c->gate->parts.journal, c->ctx, &e);
}

void trail_denied(const struct call *c, const allora_error *why)
{
    if (!c->gate->parts.journal || !why || why->code != ALLORA_E_DENIED)
        return;
    const struct journal_entry e = {.kind = "denied",
                                    .operation = c->op->name,
                                    .effect = c->op->decl->effect,
                                    .status = status_name(why->code)};
    journal_later(c->gate->parts.journal, c->ctx, &e);
}

/* "web-1", or the id, of the step's first target. */
static const char *target_of(const struct step *s)
{
    const json_node *target =
        json_get(json_first(s ? json_get(s->node, "changes") : NULL), "target");
    const char *text = json_str(target, NULL);
    if (!text)
        text = json_get_str(target, "id", NULL);
    return text ? text : json_get_str(target, "name", NULL);
}

int32_t trail_plan(struct gate *g, const allora_ctx *ctx, const char *kind, struct plan *p,
                   const struct step *s, const char *status, allora_str detail, allora_error *err)
{
    uint64_t seq = 0;
    if (!g->parts.journal)
        return ALLORA_OK;
    const struct journal_entry e = {
        .kind = kind,
        .operation = s ? json_get_str(s->node, "operation", NULL) : NULL,
        .effect = s ? (int32_t)json_get_int(s->node, "effect", -1) : p->effect,
        .plan = p->id,
        .target = target_of(s),
        .status = status,
        .detail = detail};
    int32_t rc = append(g, ctx, &e, &seq, err);
    if (rc || !seq)
        return rc;
    if (!p->journal_first)
        p->journal_first = seq;
    p->journal_last = seq;
    return ALLORA_OK;
}
