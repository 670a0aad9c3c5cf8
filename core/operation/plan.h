/* Plans: what write and destructive operations become before anything changes.
 *
 * A plan is a document that says exactly what would be done, with the versions of its targets that
 * were seen; its hash is SHA-256 over the document's canonical JSON, its id the hash's first eight
 * digits.  The document holds no time and nothing random, so that planning the same change in the
 * same world gives the same hash: what --dry-run showed can be approved by its hash later.  Only
 * "again" is counted up, where the same plan was applied before: a hash approves one application.
 *
 * Around the document the store (space "plan", key: the id) keeps what changes: the state, who
 * approved it and how, what came of each step, and who is applying it now. */
#ifndef ALLORA_OPERATION_PLAN_H
#define ALLORA_OPERATION_PLAN_H
#include "base/arena.h"
#include "base/digest.h"
#include "operation/gate_private.h"

struct jsonw;
enum { PLAN_MAX = 32 << 20, PLAN_STEPS_MAX = 10000, PLAN_ID_SIZE = 10 };

enum plan_state {
    PLAN_WAITING,     /* for an approval */
    PLAN_APPROVED,    /* and not applied yet */
    PLAN_APPLYING,    /* somebody is at it, or was when it ended unexpectedly */
    PLAN_DONE,        /* all steps are */
    PLAN_PARTIAL,     /* some are; the others were not touched, or failed */
    PLAN_FAILED,      /* none is, and at least one failed */
    PLAN_STALE,       /* all targets had moved: nothing was touched */
    PLAN_UNKNOWN,     /* what became of a step has to be looked up */
    PLAN_INTERRUPTED, /* some steps were not begun */
    PLAN_REJECTED,    /* a person said no */
    PLAN_EXPIRED,     /* never stored: waiting or approved for too long */
    PLAN_STATES
};
enum step_status {
    STEP_WAITING, /* not begun */
    STEP_RUNNING, /* begun, and not ended in the store */
    STEP_DONE,
    STEP_STALE,   /* its target moved: not touched */
    STEP_FAILED,  /* tried, and it said why */
    STEP_UNKNOWN, /* no answer came: looked up before anything else */
    STEP_STATUSES
};
struct step {
    const json_node *node;   /* in the document: operation, plugin, version, effect, arguments,
                                changes, document, inverse, price */
    const json_node *secret; /* the arguments as given, where the document has them redacted */
    enum step_status status;
    int32_t code; /* ALLORA_E_* of a step that is not done */
    const char *message, *hint, *checkpoint, *result;
    bool looked; /* the status was looked up after a crash or a lost answer */
    int64_t at_us, took_us;
};
struct plan {
    struct arena mem;
    char id[PLAN_ID_SIZE], hash[DIGEST_HEX_SIZE];
    json_node *root; /* owns what the nodes point to */
    const json_node *document;
    enum plan_state state;
    int32_t effect;
    int64_t made_us, expires_us, approved_us;
    const char *approved_by, *approved_how; /* how: "console", "--yes", "--approve", "policy" */
    const char *holder;                     /* who applies it: pid, its start, this boot */
    const char *undone_by;                  /* the plan that undoes it */
    uint64_t journal_first, journal_last;   /* of its latest application; 0: none */
    bool dry;                               /* shown, and not kept */
    uint32_t n_steps, n_idle;               /* n_idle: targets where nothing was left to do */
    struct step *steps;
    uint64_t version; /* of the stored item; 0: not stored */
};

/* ---- plan.c: kept in the store ---- */
void plan_free(struct plan *p);
void plan_freep(struct plan **p);
/* Names what was made, and stores it unless dry: a plan that waits already is that plan. */
int32_t plan_keep(struct gate *g, allora_ctx *ctx, struct plan *p, bool dry, allora_error *err);
/* By id, with or without the hyphen, or "last".  E_NOTFOUND; E_INTEGRITY when it is not what was
 * hashed. */
int32_t plan_load(struct gate *g, const char *id, struct plan **ret, allora_error *err);
/* E_CONFLICT when another process changed it meanwhile. */
int32_t plan_save(struct gate *g, struct plan *p, allora_error *err);
/* plan_events.c: publishes {plan, state, steps, ended} as "plan.ID".  plan_save() does it. */
struct store;
void plan_tell(struct store *s, const struct plan *p);
/* Its state now: waiting and approved plans expire. */
enum plan_state plan_state_now(const struct plan *p);

/* ---- plan_doc.c: as JSON ---- */
const char *plan_state_name(enum plan_state s);
const char *step_status_name(enum step_status s);
void plan_write(const struct plan *p, struct buf *out); /* the stored form */
int32_t plan_read(allora_str text, struct plan **ret, allora_error *err);
/* What people and programs see: no document, no secrets, and who may do what next. */
void plan_show(const struct plan *p, struct jsonw *w);
void plan_show_step(const struct step *s, struct jsonw *w);
/* "stop 2 instances" */
void plan_summary(const struct plan *p, struct buf *out);
/* Finds the steps in p->root: document, results and secrets. */
int32_t plan_index(struct plan *p, allora_error *err);
int32_t plan_hash(struct plan *p, allora_error *err);

/* ---- plan_make.c ---- */
struct wish { /* one operation that somebody wants done */
    const char *operation;
    allora_str arguments;
};
/* Asks each operation's plan(), which changes nothing, and composes the document.  *ret NULL: there
 * is nothing left to do.  undo_of NULL: none. */
int32_t plan_make(struct gate *g, allora_ctx *ctx, const struct wish *wishes, size_t n,
                  const char *undo_of, struct plan **ret, allora_error *err);

/* ---- plan_run.c: from a wish to its end ---- */
/* A direct call of a write or destructive operation: makes, shows, asks, applies. */
int32_t plan_call(const struct call *c, const allora_sink *sink, allora_error *err);
int32_t plan_run(struct gate *g, allora_ctx *ctx, const struct wish *wishes, size_t n,
                 const char *undo_of, const allora_sink *sink, allora_error *err);
/* Sends the plan as EV_PLAN, and as RESULT. */
int32_t plan_send(const struct plan *p, const allora_sink *sink, allora_error *err);
/* There was nothing to do: a plan without steps. */
int32_t plan_say_idle(const allora_sink *sink);
int32_t plan_set_approved(struct gate *g, allora_ctx *ctx, struct plan *p, const char *how,
                          allora_error *err);
int32_t plan_set_rejected(struct gate *g, allora_ctx *ctx, struct plan *p, allora_error *err);
/* Approves what waits, if somebody does: 0, or E_APPROVAL and why. */
int32_t plan_approve(struct gate *g, allora_ctx *ctx, struct plan *p, const allora_sink *sink,
                     allora_error *err);

/* ---- plan_apply.c ---- */
/* Applies what is approved, or goes on with what was interrupted; one process wins.  0: all done,
 * PARTIAL: some, E_STALE_PLAN: all had moved. */
int32_t plan_apply(struct gate *g, allora_ctx *ctx, struct plan *p, const allora_sink *sink,
                   allora_error *err);

/* ---- plan_look.c ---- */
/* Does the plan have steps whose outcome nobody knows, and nobody at work on them? */
bool plan_is_unknown(const struct plan *p);
/* Asks the plugins what became of them.  Saves what it finds. */
int32_t plan_look(struct gate *g, allora_ctx *ctx, struct plan *p, allora_error *err);
/* The same for whoever holds the plan's lease already. */
int32_t plan_look_steps(struct gate *g, allora_ctx *ctx, struct plan *p, allora_error *err);
/* What the plan comes to, from its steps. */
enum plan_state plan_end_state(const struct plan *p);

/* ---- undo.c ---- */
/* A plan that undoes another is through: the other says so from now on. */
void undo_mark(struct gate *g, const struct plan *p);
#endif
