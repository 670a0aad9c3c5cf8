/* Private to ask.c and loop.c: one question while it is being answered. */
#ifndef ALLORA_AGENT_ASK_H
#define ALLORA_AGENT_ASK_H
#include "agent/manager.h"
#include "agent/session.h"
#include "agent/tools.h"
#include "agent/turn.h"

enum { CONVERSATION_MAX = 96 << 20, RECEIPTS_MAX = 256 << 20, WARNINGS_MAX = 1 << 20 };

struct ask {
    struct agents *manager;
    allora_ctx *ctx;        /* the agent's: acts for the person, as an agent */
    const allora_sink *out; /* the person's */
    const json_node *args;
    struct arena mem;
    struct agent_choice agent;
    struct tools tools;
    const char *question, *model;
    struct session session; /* number 0: not kept, or not yet */
    bool unmade;            /* a new session, made when there is something to keep */

    struct buf messages;    /* the conversation: JSON objects with commas between */
    struct text_list fresh; /* those of this question, for the store */
    struct text_list turns;
    struct buf answer;
    struct buf receipts, warnings; /* JSON objects with commas between */
    struct buf show;               /* numbers with commas between */
    struct usage usage;
    const char *title, *reason;
    uint64_t n_receipts; /* of this question */
    uint64_t n_calls, n_turns, last_receipt;
    uint64_t max_turns, max_calls;
    bool partial, spoke;
};
/* Turn after turn, until the agent is done or may not go on.  q->reason says how it ended. */
int32_t ask_loop(struct ask *q, allora_error *err);
/* Tells the person, and notes it for the result. */
void ask_warn(struct ask *q, const allora_error *what);
/* Makes the session if that is still to be done.  Inside a transaction of the caller's, which it
 * calls ask_session_lost() for when it fails. */
int32_t ask_make_session(struct ask *q, allora_error *err);
/* The session can't be kept: says so, and nothing more is tried. */
void ask_session_lost(struct ask *q, allora_error *why);
/* Adds a message to the conversation and to what will be stored. */
int32_t ask_add_message(struct ask *q, const struct buf *message, allora_error *err);
void ask_note_warning(void *self, allora_str payload);
#endif
