/* Who may say yes.  The configuration first ("approvals", a list of policies), then the person:
 * through the approver that the face hung on the ctx.  Nobody approves itself: an agent's call is
 * answered by a person at the console or not at all, and so is what a plugin's own code asks for.
 */
#include "base/approver.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "config/config.h"
#include "operation/plan.h"

/* ---- policies ---- */

/* What has to match before a policy says yes. */
struct request {
    const struct principal *who;
    const char *operation;
    int32_t effect;
    uint64_t n_targets;
};

static bool any_glob(const json_node *globs, const char *text)
{
    if (json_typeof(globs) == JSON_STRING)
        return glob_match(json_str(globs, ""), text);
    json_foreach (glob, globs)
        if (glob_match(json_str(glob, ""), text))
            return true;
    return false;
}

/* What a policy does not name it does not allow, but for principals: the local owner.  No policy
 * speaks for an agent, nor about secrets, trust and access. */
static bool policy_allows(const json_node *policy, const struct request *q)
{
    const json_node *effects = json_get(policy, "effects"), *whom = json_get(policy, "principals");
    int64_t most = json_get_int(policy, "max_targets", INT64_MAX);
    bool effect =
        effects ? any_glob(effects, effect_name(q->effect)) : q->effect == ALLORA_EFFECT_WRITE;
    bool who = whom ? q->who->name && any_glob(whom, q->who->name) : q->who->local_owner;
    return effect && who && !q->who->agent && q->effect < ALLORA_EFFECT_SECRET &&
           (int64_t)q->n_targets <= most && any_glob(json_get(policy, "operations"), q->operation);
}

static bool policies_allow(const struct gate *g, const struct request *q)
{
    const json_node *list =
        g->parts.config ? config_get(g->parts.config, "approvals.policies") : NULL;
    json_foreach (policy, list)
        if (q->who && policy_allows(policy, q))
            return true;
    return false;
}

static bool policies_allow_plan(const struct gate *g, const allora_ctx *ctx, const struct plan *p)
{
    struct request q = {.who = ctx->principal};
    for (uint32_t i = 0; i < p->n_steps; i++)
        q.n_targets += json_count(json_get(p->steps[i].node, "changes"));
    for (uint32_t i = 0; i < p->n_steps; i++) {
        q.operation = json_get_str(p->steps[i].node, "operation", "");
        q.effect = (int32_t)json_get_int(p->steps[i].node, "effect", ALLORA_EFFECT_ADMIN);
        if (!policies_allow(g, &q))
            return false;
    }
    return p->n_steps > 0;
}

/* ---- the person ---- */

static int32_t put_question(allora_ctx *ctx, struct approval_question *q, enum verdict *ret,
                            const char **ret_how, allora_error *err)
{
    enum approval answer = APPROVAL_NONE;
    const struct approver *a = ctx->approver;
    q->from_agent = ctx->principal && ctx->principal->agent;
    q->from_plugin = ctx->plugin && !ctx->vouched;
    int32_t status = a ? a->ask(a->self, ctx, q, &answer, ret_how, err) : ALLORA_OK;
    /* The face may not have looked; the rule is here. */
    bool indirect = q->from_agent || q->from_plugin || q->effect >= ALLORA_EFFECT_SECRET;
    if (answer == APPROVAL_YES && indirect && !streq(*ret_how, "console"))
        answer = APPROVAL_NONE;
    *ret = answer == APPROVAL_YES  ? VERDICT_YES
           : answer == APPROVAL_NO ? VERDICT_NO
                                   : VERDICT_NOBODY;
    return status;
}

int32_t approval_ask(struct gate *g, allora_ctx *ctx, const struct plan *p, enum verdict *ret,
                     const char **ret_how, allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(PLAN_MAX);
    *ret = VERDICT_YES;
    *ret_how = "policy";
    if (policies_allow_plan(g, ctx, p))
        return ALLORA_OK;
    *ret_how = "person";
    if (p->effect >= ALLORA_EFFECT_SECRET && ctx_is_person(ctx))
        return ALLORA_OK;
    plan_show(p, &JSONW(&b));
    if (buf_failed(&b))
        return err_nomem(err);
    struct approval_question q = {.plan_id = p->id,
                                  .plan_hash = p->hash,
                                  .effect = p->effect,
                                  .plan_json = {buf_str(&b), b.len}};
    return put_question(ctx, &q, ret, ret_how, err);
}

/* The core's own operations that show secrets or change trust have no plan; what is asked about is
 * the call. */
static void describe_call(const struct call *c, struct buf *b)
{
    struct jsonw w = JSONW(b);
    jw_object(&w);
    jw_kstr(&w, "summary", c->op->decl->summary);
    jw_kstr(&w, "effect", effect_name(c->op->decl->effect));
    jw_key(&w, "steps");
    jw_array(&w);
    jw_object(&w);
    jw_kstr(&w, "operation", c->op->name);
    jw_key(&w, "arguments");
    arguments_redacted(c->op->arguments, c->args, &w);
    jw_end_object(&w);
    jw_end_array(&w);
    jw_end_object(&w);
}

static int32_t denied(const struct operation *op, const char *why, allora_error *err)
{
    const char *what =
        op->decl->effect == ALLORA_EFFECT_SECRET ? "shows a secret" : "changes trust or access";
    int32_t status =
        err_set(err, ALLORA_E_DENIED, "%s was not run: it %s, which %s", op->name, what, why);
    err_hint(err, "a person can: allora operation call %s", op->name);
    return status;
}

int32_t approval_no_agent(const allora_ctx *ctx, const struct operation *op, allora_error *err)
{
    bool agent = !ctx->principal || ctx->principal->agent;
    return agent && op->decl->effect >= ALLORA_EFFECT_SECRET ? denied(op, "no agent may do", err)
                                                             : ALLORA_OK;
}

int32_t approval_person(const struct call *c, allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(ARGS_MAX);
    enum verdict verdict = VERDICT_NOBODY;
    const char *how = "";
    if (ctx_is_person(c->ctx))
        return ALLORA_OK;
    int32_t status = approval_no_agent(c->ctx, c->op, err);
    if (status)
        return status;
    describe_call(c, &b);
    struct approval_question q = {.plan_id = "",
                                  .plan_hash = "",
                                  .effect = c->op->decl->effect,
                                  .plan_json = {buf_str(&b), b.len}};
    status = buf_failed(&b) ? err_nomem(err) : put_question(c->ctx, &q, &verdict, &how, err);
    if (status || verdict == VERDICT_YES)
        return status;
    return denied(c->op, verdict == VERDICT_NO ? "was answered with no" : "only a person may do",
                  err);
}
