#include "operation/plan_step.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "security/access.h"
#include <stdio.h>

enum { RESULT_MAX = 256 << 10, CHECKPOINT_MAX = 1 << 20 };

/* What a plugin's apply() sends goes through here. */
struct listener {
    const struct call *call;
    struct plan *plan;
    struct step *step;
    const allora_sink *sink;
    bool shows; /* effect secret: rows and results are shown, and kept nowhere */
};

void step_set(struct plan *p, struct step *s, enum step_status status, int32_t code,
              const char *message, const char *hint)
{
    s->status = status;
    s->code = code;
    s->message = message && *message ? arena_strdup(&p->mem, message) : NULL;
    s->hint = hint && *hint ? arena_strdup(&p->mem, hint) : NULL;
}

bool step_prepare(struct call *c, struct plan *p, struct step *s)
{
    allora_error err = ERR_INIT;
    struct operation *op = NULL;
    const char *plugin = json_get_str(s->node, "plugin", ""),
               *version = json_get_str(s->node, "version", "");
    int32_t status =
        catalogue_find(c->gate->catalogue, json_get_str(s->node, "operation", ""), &op, &err);
    if (!status &&
        (op->fn || !streq(op->plugin->id, plugin) || !streq(op->plugin->version, version))) {
        status =
            err_set(&err, ALLORA_E_STALE_PLAN, "was planned by %s %s, and would be done by %s %s",
                    plugin, version, op->plugin->id, op->plugin->version);
        err_hint(&err, "make the plan again");
    }
    if (!status)
        status = access_check(c->ctx->principal, op->name, NULL, &err);
    c->op = op;
    if (!status)
        return true;
    step_set(p, s, status == ALLORA_E_DENIED ? STEP_FAILED : STEP_STALE, status, err.message,
             err.hint);
    s->at_us = clock_wall_us();
    return false;
}

/* ---- what apply() says on the way ---- */

static int32_t keep_checkpoint(struct listener *l, allora_str payload)
{
    allora_error err = ERR_INIT;
    if (payload.len > CHECKPOINT_MAX || !utf8_valid(payload.ptr, payload.len) ||
        memchr(payload.ptr, '\0', payload.len))
        return ALLORA_E_ARG;
    const char *copy = arena_strndup(&l->plan->mem, payload.ptr, payload.len);
    if (!copy)
        return ALLORA_E_NOMEM;
    l->step->checkpoint = copy;
    int32_t status = trail_plan(l->call->gate, l->call->ctx, "checkpoint", l->plan, l->step, NULL,
                                (allora_str){NULL, 0}, &err);
    return status ? status : plan_save(l->call->gate, l->plan, &err);
}

static void keep_result(struct listener *l, allora_str payload)
{
    A_CLEAN(json_freep) json_node *doc = NULL;
    if (payload.len <= RESULT_MAX && !json_parse(payload.ptr, payload.len, &doc, NULL))
        l->step->result = arena_strndup(&l->plan->mem, payload.ptr, payload.len);
}

static int32_t on_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    const struct listener *l = self;
    return l->shows ? l->sink->begin(l->sink->self, columns, n) : ALLORA_OK;
}

static int32_t on_row(void *self, const allora_value *cells, uint32_t n)
{
    const struct listener *l = self;
    return l->shows ? l->sink->row(l->sink->self, cells, n) : ALLORA_OK;
}

static int32_t on_event(void *self, int32_t kind, allora_str payload)
{
    struct listener *l = self;
    int32_t status = ALLORA_OK;
    if (kind == ALLORA_EV_CHECKPOINT)
        return keep_checkpoint(l, payload);
    if (kind == ALLORA_EV_RESULT && !l->shows)
        keep_result(l, payload);
    else if (kind != ALLORA_EV_DONE && kind != ALLORA_EV_PLAN)
        status = l->sink->event(l->sink->self, kind, payload);
    /* A reader that went away is no reason to stop in the middle of a change. */
    return status == ALLORA_STOP || (status < 0 && !l->shows) ? ALLORA_OK : status;
}

/* ---- apply() ---- */

/* No answer, or none that can be believed: it may have happened. */
static bool is_uncertain(int32_t status)
{
    return status == ALLORA_E_NETWORK || status == ALLORA_E_TIMEOUT ||
           status == ALLORA_E_CANCELLED || status == ALLORA_E_INTERNAL || status == ALLORA_E_NOMEM;
}

static int32_t apply(const struct call *c, const struct plan *p, const struct step *s, uint32_t i,
                     const allora_sink *sink, bool *ret_called, allora_error *err)
{
    const allora_operations_v1 *ops = NULL;
    allora_instance *self = NULL;
    A_CLEAN(ctx_closep) allora_ctx *child = NULL;
    char key[64];
    int32_t status = call_open(c, &ops, &self, &child, err);
    if (status)
        return status;
    if (!ALLORA_CAN(allora_operations_v1, ops, apply))
        return err_set(err, ALLORA_E_UNSUPPORTED, "%s: the plugin %s has no code that applies it",
                       c->op->name, c->op->plugin->id);
    (void)snprintf(key, sizeof key, "%.32s-%u", p->hash, i + 1);
    *ret_called = true;
    return ops->apply(self, child, c->op->name, str_of(json_get_str(s->node, "document", "")), key,
                      str_of(s->checkpoint), sink, err);
}

void step_call(const struct call *c, struct plan *p, struct step *s, uint32_t i,
               const allora_sink *sink)
{
    struct listener l = {c, p, s, sink, json_get_int(s->node, "effect", 0) == ALLORA_EFFECT_SECRET};
    const allora_sink own = {&l, on_begin, on_row, on_event};
    allora_error err = ERR_INIT;
    bool called = false;
    int64_t start = clock_mono_us();
    int32_t status = apply(c, p, s, i, &own, &called, &err);
    s->took_us = clock_mono_us() - start;
    if (status >= 0)
        step_set(p, s, STEP_DONE, 0, NULL, NULL);
    else
        step_set(p, s,
                 status == ALLORA_E_STALE_PLAN    ? STEP_STALE
                 : called && is_uncertain(status) ? STEP_UNKNOWN
                                                  : STEP_FAILED,
                 status, err.message[0] ? err.message : status_text(status), err.hint);
}
