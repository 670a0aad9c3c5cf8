/* Operations: those that read are called with their manifest's examples, those that change the
 * world are planned with them and never applied, those of allora's own state are left alone. */
#include "kit/calls.h"

#include "base/str.h"
#include "base/value.h"

#include <stdio.h>

/* The columns that the manifest declares, against those that came. */
static void result_columns(struct trial *t, const struct operation_decl *op,
                           const struct collected *got)
{
    const json_node *declared = json_get(op->result, "columns");
    uint32_t n = (uint32_t)json_count(declared);

    if (!declared || (!got->names && !got->n_rows))
        return;
    for (uint32_t i = 0; got->names && i < n && i < got->n_names; i++) {
        const char *name = json_get_str(json_at(declared, i), "name", "");
        if (!CHECK(t, streq(got->names[i], name), "\"result\" and begin() must agree",
                   "%s: column %u is %s where the manifest says %s", op->name, i + 1, got->names[i],
                   name))
            return;
    }
    (void)CHECK(t, !got->names || got->n_names == n, "\"result\" and begin() must agree",
                "%s: %u columns where the manifest says %u", op->name, got->n_names, n);
    for (uint32_t r = 0; r < got->n_rows; r++) {
        if (!CHECK(t, got->widths[r] == n, "", "%s: a row of %u cells, %u columns are declared",
                   op->name, got->widths[r], n))
            return;
        for (uint32_t i = 0; i < n; i++) {
            const allora_value *v = &got->rows[r][i];
            const char *type = json_get_str(json_at(declared, i), "type", "text");
            if (v->type != ALLORA_V_NULL && v->type != ALLORA_V_ABSENT &&
                !CHECK(t, v->type == val_type_parse(type), "",
                       "%s: a cell of type %s in column %s, which is declared as %s", op->name,
                       val_type_name(v->type), json_get_str(json_at(declared, i), "name", ""),
                       type))
                return;
        }
    }
}

static void documents(struct trial *t, const char *what, const struct collected *got)
{
    for (const struct collect_event *e = got->events; e; e = e->next) {
        A_CLEAN(json_freep) json_node *doc = NULL;
        allora_error err = ERR_INIT;
        if (e->kind == ALLORA_EV_RESULT || e->kind == ALLORA_EV_WARNING ||
            e->kind == ALLORA_EV_PROVENANCE)
            (void)CHECK(t, json_parse(e->payload.ptr, e->payload.len, &doc, &err) == ALLORA_OK,
                        "sdk_writer writes JSON", "%s: event %d is no JSON: %s", what, e->kind,
                        err.message);
    }
}

static bool call_one(struct trial *t, const struct operation_decl *op, allora_str args)
{
    struct called c;

    trial_at(t, "%s %.200s", op->name, args.ptr);
    call_operation(t, op, args, &c);
    (void)CHECK(t, c.status != ALLORA_E_INTERNAL && c.status != ALLORA_E_ABI, "",
                "%s with its own example: %s", op->name, called_words(&c));
    (void)CHECK(t, c.got.after_stop == 0, "", "%s: rows after STOP", op->name);
    bool ok = c.status >= 0;
    if (ok) {
        result_columns(t, op, &c.got);
        documents(t, op->name, &c.got);
    }
    called_done(&c);
    return ok;
}

/* plan() changes nothing, so it may be tried. */
static bool plan_one(struct trial *t, const struct operation_decl *op, allora_str args)
{
    const allora_operations_v1 *o = trial_interface(t, ALLORA_OPERATIONS_ID);
    A_CLEAN(json_freep) json_node *steps = NULL;
    A_CLEAN(json_freep) json_node *inverse = NULL;
    allora_plan plan = {.size = (uint32_t)sizeof plan};
    allora_error err = ERR_INIT;
    allora_ctx *ctx = bench_open(&t->bench);

    trial_at(t, "planning %s %.200s", op->name, args.ptr);
    int32_t rc = o->plan(t->self, ctx, op->name, args, &plan, &err);
    (void)CHECK(t, rc != ALLORA_E_INTERNAL && rc != ALLORA_E_ABI, "",
                "%s, planned with its own example: %s", op->name, err.message);
    if (rc == ALLORA_OK) {
        (void)CHECK(t, plan.effect >= op->effect, "a plan may be graver, never milder",
                    "%s: its plan says effect %d, the manifest %d", op->name, plan.effect,
                    op->effect);
        (void)CHECK(
            t,
            json_parse(plan.steps_json.ptr, plan.steps_json.len, &steps, &err) == ALLORA_OK &&
                json_typeof(steps) == JSON_ARRAY,
            "[{verb, target, before, after}]", "%s: its plan has no list of steps", op->name);
        (void)CHECK(t, plan.document.len > 0, "apply() gets it back: what it saw, what it will do",
                    "%s: its plan has no document", op->name);
        if (plan.inverse_json.len > 0)
            (void)CHECK(t,
                        json_parse(plan.inverse_json.ptr, plan.inverse_json.len, &inverse, &err) ==
                                ALLORA_OK &&
                            json_get_str(inverse, "operation", NULL),
                        "{operation, arguments}, or empty", "%s: its plan's inverse is none",
                        op->name);
    }
    bench_close(ctx);
    return rc == ALLORA_OK;
}

void kit_check_operations(struct trial *t)
{
    unsigned called = 0, planned = 0, failed = 0, left = 0;

    if (!t->m->n_operations || !trial_interface(t, ALLORA_OPERATIONS_ID)) {
        trial_skip(t, "it has no operations");
        return;
    }
    for (uint32_t i = 0; i < t->m->n_operations; i++) {
        const struct operation_decl *op = &t->m->operations[i];
        bool any = false;
        for (size_t k = 0; op->effect != ALLORA_EFFECT_LOCAL; k++) {
            A_CLEAN(buf_done) struct buf args = BUF(1 << 20);
            if (!example_arguments(op, k, &args))
                break;
            bool read = op->effect == ALLORA_EFFECT_READ, ok;
            any = true;
            ok = read ? call_one(t, op, (allora_str){args.ptr, args.len})
                      : plan_one(t, op, (allora_str){args.ptr, args.len});
            called += ok && read;
            planned += ok && !read;
            failed += !ok;
        }
        left += !any;
    }
    if (called + planned == 0 && t->findings == 0 && (failed || left))
        trial_skip(t, failed ? "its examples find nothing to work on here"
                             : "they change allora's own state, or have no example");
    else
        trial_note(t, "%u examples run, %u planned, %u not possible here", called, planned, failed);
}
