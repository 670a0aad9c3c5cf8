/* How the gate asks for a yes.  The face that a person stands behind implements it (core/cli now,
 * a browser later) and hangs it on the root ctx; child calls inherit it.  NULL: nobody can be
 * asked, so what needs an approval is left as a stored plan. */
#ifndef ALLORA_BASE_APPROVER_H
#define ALLORA_BASE_APPROVER_H
#include <allora/plugin.h>
#include <stdbool.h>

enum approval {
    APPROVAL_NONE, /* nobody there to ask, and no flag that answers */
    APPROVAL_YES,
    APPROVAL_NO /* a person said no */
};

struct approval_question {
    const char *plan_id, *plan_hash; /* hash: 64 hexadecimal digits; id: its first 8, "7f3a-91c2";
                                        both "" for a call that has no plan (secret, admin) */
    int32_t effect;                  /* ALLORA_EFFECT_*, the gravest of its steps */
    allora_str plan_json;            /* the document as plan.show gives it */
    bool from_agent;  /* an agent's tool call: only a person at the console may say yes */
    bool from_plugin; /* asked for by a plugin's own code: the same */
};

struct approver {
    void *self;
    /* Shows the plan and gets the answer.  *ret_how says by what, for the record: "console",
     * "--yes", "--approve".  [static]  Called on the thread of the call that needs it. */
    int32_t (*ask)(void *self, allora_ctx *, const struct approval_question *, enum approval *ret,
                   const char **ret_how, allora_error *);
    bool dry_run; /* plans are made and shown, and neither stored nor applied */
};
#endif
