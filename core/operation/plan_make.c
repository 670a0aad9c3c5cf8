/* Composing a plan: each operation's plan() is asked what it would do, and nothing is changed. */
#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "operation/plan.h"
#include "security/access.h"

struct maker {
    struct gate *gate;
    allora_ctx *ctx;
    struct buf steps, secrets; /* two JSON arrays, item by item */
    uint32_t n_steps, n_idle;
    uint64_t n_changes;
    bool any_secret;
    int32_t effect;
};

/* ---- what the plugin said, checked ---- */

/* It is somebody else's code: what it gives is parsed before it becomes part of a document. */
static int32_t parse_part(const struct call *c, const char *what, allora_str text,
                          enum json_type type, json_node **ret, allora_error *err)
{
    allora_error why = ERR_INIT;
    if (!json_parse(text.ptr, text.len, ret, &why) && json_typeof(*ret) == type)
        return ALLORA_OK;
    json_free(*ret);
    *ret = NULL;
    int32_t status = err_set(err, ALLORA_E_ABI, "%s: the %s of its plan is not what it must be%s%s",
                             c->op->name, what, why.message[0] ? ": " : "", why.message);
    err_hint(err, "the plugin's author has to mend it: allora plugin info %s", c->op->plugin->id);
    return status;
}

static int32_t check_document(const struct call *c, allora_str document, allora_error *err)
{
    bool good = document.len && utf8_valid(document.ptr, document.len) &&
                !memchr(document.ptr, '\0', document.len);
    if (good)
        return ALLORA_OK;
    return err_set(err, ALLORA_E_ABI, "%s: the document of its plan is empty, or no UTF-8 text",
                   c->op->name);
}

static void write_secret(struct maker *m, const struct call *c)
{
    bool secret = arguments_sensitive(c->op->arguments);
    struct jsonw w = JSONW(&m->secrets);
    if (m->n_steps)
        buf_addc(&m->secrets, ',');
    if (secret)
        jw_node(&w, c->args);
    else
        jw_null(&w);
    m->any_secret = m->any_secret || secret;
}

static void write_step(struct maker *m, const struct call *c, const allora_plan *plan,
                       int32_t effect, json_node *const parts[3])
{
    static const char *const names[] = {"changes", "inverse", "price"};
    struct jsonw w = JSONW(&m->steps);
    if (m->n_steps)
        buf_addc(&m->steps, ',');
    jw_object(&w);
    jw_kstr(&w, "operation", c->op->name);
    jw_kstr(&w, "plugin", c->op->plugin->id);
    jw_kstr(&w, "version", c->op->plugin->version);
    jw_kint(&w, "effect", effect);
    jw_key(&w, "arguments");
    arguments_redacted(c->op->arguments, c->args, &w);
    for (unsigned i = 0; i < 3; i++) {
        if (!parts[i])
            continue;
        jw_key(&w, names[i]);
        jw_node(&w, parts[i]);
    }
    jw_key(&w, "document");
    jw_strn(&w, plan->document.ptr, plan->document.len);
    jw_end_object(&w);
}

static int32_t add_step(struct maker *m, const struct call *c, const allora_plan *plan,
                        allora_error *err)
{
    A_CLEAN(json_freep) json_node *changes = NULL, *inverse = NULL, *price = NULL;
    int32_t status = parse_part(c, "list of steps", plan->steps_json, JSON_ARRAY, &changes, err);
    if (!status && !json_count(changes)) {
        m->n_idle++; /* it is as wanted already */
        return ALLORA_OK;
    }
    if (!status && plan->inverse_json.len)
        status = parse_part(c, "inverse", plan->inverse_json, JSON_OBJECT, &inverse, err);
    if (!status && plan->price_json.len)
        status = parse_part(c, "price", plan->price_json, JSON_OBJECT, &price, err);
    if (!status)
        status = check_document(c, plan->document, err);
    if (status)
        return status;
    int32_t effect = plan->effect > c->op->decl->effect ? plan->effect : c->op->decl->effect;
    m->effect = effect > m->effect ? effect : m->effect;
    m->n_changes += json_count(changes);
    json_node *const parts[3] = {changes, inverse, price};
    write_secret(m, c);
    write_step(m, c, plan, effect, parts);
    m->n_steps++;
    return ALLORA_OK;
}

/* ---- asking ---- */

static int32_t check_effect(const struct operation *op, allora_error *err)
{
    int32_t effect = op->decl->effect;
    if (effect >= ALLORA_EFFECT_WRITE && effect <= ALLORA_EFFECT_ADMIN && !op->fn)
        return ALLORA_OK;
    int32_t status = err_set(err, ALLORA_E_ARG, "%s can't be part of a plan", op->name);
    err_hint(err, "plans are made of what changes things outside allora; call it as it is");
    return status;
}

static int32_t ask_plugin(struct maker *m, const struct call *c, allora_error *err)
{
    const allora_operations_v1 *ops = NULL;
    allora_instance *self = NULL;
    allora_plan plan = {.size = sizeof plan};
    A_CLEAN(ctx_closep) allora_ctx *child = NULL;
    int32_t status = call_open(c, &ops, &self, &child, err);
    if (!status && (!ALLORA_CAN(allora_operations_v1, ops, plan) ||
                    !ALLORA_CAN(allora_operations_v1, ops, apply)))
        status = err_set(err, ALLORA_E_UNSUPPORTED,
                         "%s: the plugin %s declares it, but has no code that plans it",
                         c->op->name, c->op->plugin->id);
    if (status)
        return status;
    status = ops->plan(self, child, c->op->name, c->text, &plan, err);
    if (status >= 0)
        return add_step(m, c, &plan, err);
    if (!err->message[0])
        (void)err_set(err, status, "%s: %s", c->op->name, status_text(status));
    return status;
}

static int32_t add_wish(struct maker *m, const struct wish *wish, allora_error *err)
{
    A_CLEAN(call_done) struct call c = {.gate = m->gate, .ctx = m->ctx, .full = BUF(ARGS_MAX)};
    int32_t status = ctx_check(m->ctx, err);
    if (!status)
        status = call_resolve(&c, wish->operation, wish->arguments, err);
    if (!status)
        status = access_check(m->ctx->principal, wish->operation, NULL, err);
    if (!status)
        status = check_effect(c.op, err);
    if (!status)
        status = approval_no_agent(m->ctx, c.op, err);
    if (!status)
        status = budget_call(m->gate, m->ctx, err);
    if (!status)
        status = ask_plugin(m, &c, err);
    return status;
}

/* ---- the document ---- */

static int32_t compose(const struct maker *m, const char *undo_of, struct plan *p,
                       allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(2 * PLAN_MAX);
    const struct principal *who = m->ctx->principal;
    struct jsonw w = JSONW(&b);
    jw_object(&w);
    jw_key(&w, "document");
    jw_object(&w);
    jw_kint(&w, "plan", 1);
    jw_kstr(&w, "principal", who && who->name ? who->name : "");
    if (who && who->agent)
        jw_kbool(&w, "agent", true);
    if (undo_of)
        jw_kstr(&w, "undo_of", undo_of);
    jw_key(&w, "steps");
    buf_addf(&b, "[%s]", buf_str(&m->steps));
    buf_adds(&b, "}");
    if (m->any_secret)
        buf_addf(&b, ",\"secrets\":[%s]", buf_str(&m->secrets));
    buf_addc(&b, '}');
    if (buf_failed(&b) || buf_failed(&m->steps) || buf_failed(&m->secrets)) {
        int32_t status =
            err_set(err, ALLORA_E_ARG, "the plan is longer than %d MiB", PLAN_MAX >> 20);
        err_hint(err, "plan fewer targets at a time");
        return status;
    }
    int32_t status = json_parse(b.ptr, b.len, &p->root, err);
    if (status)
        return status;
    p->n_idle = m->n_idle;
    return plan_index(p, err);
}

int32_t plan_make(struct gate *g, allora_ctx *ctx, const struct wish *wishes, size_t n,
                  const char *undo_of, struct plan **ret, allora_error *err)
{
    A_CLEAN(plan_freep) struct plan *p = mem_zalloc(sizeof *p);
    struct maker m = {
        .gate = g, .ctx = ctx, .steps = BUF(PLAN_MAX / 2), .secrets = BUF(PLAN_MAX / 2)};
    int32_t status = p ? ALLORA_OK : err_nomem(err);
    if (p)
        arena_init(&p->mem, 0);
    if (!status && n > PLAN_STEPS_MAX)
        status = err_set(err, ALLORA_E_ARG, "a plan has at most %d steps", PLAN_STEPS_MAX);
    for (size_t i = 0; !status && i < n; i++)
        status = add_wish(&m, &wishes[i], err);
    if (!status)
        status = budget_plan(g, m.n_changes, err);
    *ret = NULL;
    if (!status && m.n_steps) {
        status = compose(&m, undo_of, p, err);
        if (!status) {
            *ret = p;
            p = NULL;
        }
    }
    buf_done(&m.steps);
    buf_done(&m.secrets);
    return status;
}
