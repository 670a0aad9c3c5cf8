/* Between the files of the gate. */
#ifndef ALLORA_OPERATION_GATE_PRIVATE_H
#define ALLORA_OPERATION_GATE_PRIVATE_H
#include "base/buf.h"
#include "operation/catalogue.h"
#include "operation/gate.h"

enum { ARGS_MAX = 64 << 20 };

struct gate {
    struct registry *registry;
    struct catalogue *catalogue;
    struct dispatch dispatch;
    struct gate_parts parts;
};

/* One call on its way through the gate. */
struct call {
    struct gate *gate;
    allora_ctx *ctx;
    const struct operation *op;
    json_node *args;
    allora_str text; /* the arguments with their defaults, as the plugin gets them */
    struct buf full; /* owns text, where defaults were added */
};
void call_done(struct call *c);
/* Name and arguments: fills op, args and text. */
int32_t call_resolve(struct call *c, const char *operation, allora_str args_json,
                     allora_error *err);
/* The plugin's code for the operation, and a child ctx in which it is called.  The caller closes
 * the ctx. */
int32_t call_open(const struct call *c, const allora_operations_v1 **ret_ops,
                  allora_instance **ret_self, allora_ctx **ret_child, allora_error *err);

/* ---- trail.c: what the gate writes into the journal ---- */
struct plan;
struct step;
/* Effects read: nothing; the others: fails where it can't be written. */
int32_t trail_intent(const struct call *c, allora_error *err);
/* Reads are recorded later, with others. */
void trail_outcome(const struct call *c, int32_t status);
void trail_denied(const struct call *c, const allora_error *why);
/* kind: "plan", "approval", "rejection", and for a step "intent", "outcome", "checkpoint".  detail:
 * an object, or empty. */
int32_t trail_plan(struct gate *g, const allora_ctx *ctx, const char *kind, struct plan *p,
                   const struct step *s, const char *status, allora_str detail, allora_error *err);

/* ---- budget.c ---- */
int32_t budget_call(struct gate *g, const allora_ctx *ctx, allora_error *err);
/* A plan of n targets must fit one plan. */
int32_t budget_plan(struct gate *g, uint64_t n, allora_error *err);
/* Takes n off the day's budget before anything runs; budget_settle() gives back what was not
 * used. */
int32_t budget_reserve(struct gate *g, const allora_ctx *ctx, uint64_t n, allora_error *err);
void budget_settle(struct gate *g, const allora_ctx *ctx, uint64_t unused);

/* ---- approval.c ---- */
/* secret and admin: 0 where a person stands behind the call, or was asked at the console, or a
 * policy allows it. */
int32_t approval_person(const struct call *c, allora_error *err);
/* E_DENIED for an agent that wants what is secret or admin, asked or not. */
int32_t approval_no_agent(const allora_ctx *ctx, const struct operation *op, allora_error *err);
/* Asks for a plan: the policies, then the person.  0: *ret_by says by what it was approved, and
 * *ret_yes whether. E_APPROVAL never comes from here. */
enum verdict { VERDICT_NOBODY, VERDICT_YES, VERDICT_NO };
int32_t approval_ask(struct gate *g, allora_ctx *ctx, const struct plan *p, enum verdict *ret,
                     const char **ret_how, allora_error *err);
#endif
