/* The end of the journal: where the next record goes, and the two places that remember it. */
#ifndef ALLORA_SECURITY_JOURNAL_HEAD_H
#define ALLORA_SECURITY_JOURNAL_HEAD_H
#include "base/digest.h"
#include "store/store.h"
#include <stdbool.h>

#define JOURNAL_LOG "journal"

struct journal_head {
    uint64_t seq; /* of the last record; 0: none yet */
    char hash[DIGEST_HEX_SIZE];
};

/* What the next record follows.  *ret_suspect: what the store remembers is not there, and is left
 * standing as it is, for audit.verify to find.  Inside the transaction that appends. */
int32_t journal_head_read(struct store *s, struct journal_head *ret, bool *ret_suspect,
                          allora_error *err);
/* The store's own memory, in its space "journal". */
int32_t journal_head_put(struct store *s, const struct journal_head *head, allora_error *err);
/* E_NOTFOUND when it remembers none; E_INTEGRITY when it makes no sense. */
int32_t journal_head_get(struct store *s, struct journal_head *ret, allora_error *err);

/* The file beside the database.  It is brought forward to a head that is on the disk, and only when
 * what it remembers is in the log, so that it stays a witness of what is not.  before: the head
 * that this one was added to. */
void journal_head_remember(const char *path, struct store *s, const struct journal_head *before,
                           const struct journal_head *head);
/* E_NOTFOUND, E_INTEGRITY as above; E_INTERNAL when it can't be read. */
int32_t journal_head_recall(const char *path, struct journal_head *ret, allora_error *err);
/* Does the log have this record with this hash?  *ret: no, when it has another or none. */
int32_t journal_head_holds(struct store *s, const struct journal_head *head, bool *ret,
                           allora_error *err);
#endif
