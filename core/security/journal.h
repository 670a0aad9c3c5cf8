/* The journal: who did what, when and how it ended.  Append-only, one chain of SHA-256 hashes over
 * canonical JSON (RFC 8785), in the store's log "journal".  A record is
 *   {"seq":N,"time":"…Z","kind":K,"principal":P,"agent":bool,"operation":O,"effect":E,"plan":ID,
 *    "target":T,"status":S,"detail":{…},"trace":X,"prev":HEX,"hash":HEX}
 * where hash covers the canonical form of everything else, prev is the hash before it (64 zeros
 * for the first), and members that say nothing are left out.  docs/gate.md describes it for
 * people who check it without allora. */
#ifndef ALLORA_SECURITY_JOURNAL_H
#define ALLORA_SECURITY_JOURNAL_H
#include "base/ctx.h"
#include <allora/plugin.h>

struct store;
struct journal;

/* kind: "intent" before anything that changes something runs, "outcome" after it, "read" (in
 * batches), "plan", "approval", "rejection", "checkpoint", "denied", "note" (a plugin's own). */
struct journal_entry {
    const char *kind, *operation;
    int32_t effect; /* ALLORA_EFFECT_*; -1: none */
    const char *plan, *target;
    const char *status; /* outcome: status_name(); NULL: none */
    allora_str detail;  /* a JSON object, or empty; the caller has taken secrets out */
};

/* Opens nothing yet.  The store outlives it. */
int32_t journal_new(struct store *s, struct journal **ret, allora_error *err);
/* Flushes what journal_later() holds. */
void journal_free(struct journal *j);
/* On the disk when it returns 0; ret_seq may be NULL.  E_CONFIG or E_INTERNAL, with words and a
 * hint, when it can't be written: the caller then must not go on.  [any] */
int32_t journal_append(struct journal *j, const allora_ctx *ctx, const struct journal_entry *e,
                       uint64_t *ret_seq, allora_error *err) __attribute__((warn_unused_result));
/* A read: kept in memory and written with others, at the latest by journal_free().  Where it can't
 * be written it warns once a process.  Adds a microsecond to the call.  [any] */
void journal_later(struct journal *j, const allora_ctx *ctx, const struct journal_entry *e);
int32_t journal_flush(struct journal *j, allora_error *err);
#endif
