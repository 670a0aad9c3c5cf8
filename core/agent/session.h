/* Sessions in the store.  Spaces, and their keys, which sort by number:
 * - meta, session.next: the next session's number.
 * - session, 0000000003: {"title","agent","model","terminal","created_us","updated_us","questions",
 *   "messages","receipts","turns"}, the last four being counts.
 * - terminal, its name: {"session","updated_us"}, which session the terminal goes on with.
 * - message, 0000000003/000001: one message, as agents get it, with its "time".
 * - receipt, 0000000003/000001: one receipt.
 * - turn, 0000000003/000001: one turn as it went: what was offered, every event that came, how it
 *   ended.
 *
 * A question's messages and turns are appended in one transaction when it ends, so that two
 * questions at once in one session never mix; its receipts are kept, and get their numbers, as they
 * come. */
#ifndef ALLORA_AGENT_SESSION_H
#define ALLORA_AGENT_SESSION_H
#include "base/arena.h"
#include "base/buf.h"
#include "base/json.h"
#include "store/store.h"

enum { SESSION_IDLE_S = 30 * 60, SESSION_MESSAGES_MAX = 400 };

struct session {     /* texts live in the arena that the call was given */
    uint64_t number; /* 0: not kept */
    const char *title, *agent, *model, *terminal; /* NULL where unknown */
    int64_t created_us, updated_us;
    uint64_t questions, messages, receipts, turns;
};
/* "3" → 3; "last" → the one that was used last.  E_ARG, E_NOTFOUND. */
int32_t session_resolve(struct store *st, const char *text, uint64_t *ret, allora_error *err);
/* The one that was used last, of all or of those that have a receipt.  E_NOTFOUND. */
int32_t session_last(struct store *st, bool need_receipts, uint64_t *ret, allora_error *err);
int32_t session_load(struct store *st, struct arena *mem, uint64_t number, struct session *ret,
                     allora_error *err);
/* The session that this terminal used within the last 30 minutes; E_NOTFOUND. */
int32_t session_of_terminal(struct store *st, const char *terminal, uint64_t *ret,
                            allora_error *err);
/* Gives s its number, and notes that its terminal goes on with it. */
int32_t session_create(struct store *st, struct session *s, allora_error *err);
/* The latest messages, oldest first, beginning with a question: JSON texts with commas between. */
int32_t session_messages(struct store *st, uint64_t number, struct buf *out, allora_error *err);

struct text_list { /* JSON texts, in order */
    struct text_item *first, *last;
    size_t n;
};
struct text_item {
    allora_str text;
    struct text_item *next;
};
int32_t text_list_add(struct text_list *l, struct arena *mem, const char *p, size_t n);
/* Ends a question: appends, and counts it. */
int32_t session_append(struct store *st, struct session *s, const struct text_list *messages,
                       const struct text_list *turns, allora_error *err);
/* write() makes the receipt's JSON once its number is known. */
int32_t session_add_receipt(struct store *st, struct session *s,
                            void (*write)(void *self, uint64_t n, struct buf *out), void *self,
                            uint64_t *ret_n, struct buf *out, allora_error *err);
int32_t session_receipt(struct store *st, struct arena *mem, uint64_t number, uint64_t n,
                        allora_str *ret, allora_error *err);
int32_t session_delete(struct store *st, uint64_t number, allora_error *err);

enum { SESSION_KEY_SIZE = 48 };
void session_key(char out[SESSION_KEY_SIZE], uint64_t number);
/* Reads one record of space "session". */
int32_t session_parse(const struct store_item *item, struct arena *mem, struct session *ret,
                      allora_error *err);
#endif
