/* Durable shared state (sessions, plans, the journal) behind one narrow driver interface: keys with
 * versions, logs, leases.  Nothing above it writes SQL; SQLite is the first driver.  A key lives in
 * a space ("session", "receipt").
 *
 * A commit that returned is on the disk, also after a crash of the process or the machine.  Several
 * processes may use one store.  Nothing is created by reading: a store that was never written to
 * has no keys, and one that can't be written to can still be read.
 *
 * Errors: E_CONFIG when the store can't be used at all (no home folder, read-only, not ours, made
 * by a newer allora), E_CONFLICT when another process held it for too long, E_INTERNAL when it is
 * damaged or the disk is full; each names the file. */
#ifndef ALLORA_STORE_STORE_H
#define ALLORA_STORE_STORE_H
#include "base/arena.h"
#include <allora/plugin.h>
#include <stdbool.h>

enum { STORE_VALUE_MAX = 64 << 20, STORE_KEY_MAX = 1024 };

struct store;
struct store_item {
    allora_str key, value;
    uint64_t version;
    int64_t updated_us;
};
/* Opens on first use, not here: no file is touched by commands that need no state.  dir:
 * $XDG_STATE_HOME/allora; NULL where there is no such place: every use then fails, in words. */
int32_t store_new(const char *dir, struct store **ret, allora_error *err);
void store_free(struct store *s);
const char *store_path(const struct store *s); /* the file; NULL without a place */

/* Transactions nest per thread: only the outermost commit writes, and an inner rollback undoes all.
 * One thread at a time has the store; another thread, or process, waits up to 5 s, then E_CONFLICT.
 * After a failed commit nothing was written.  [any] */
int32_t store_begin(struct store *s, allora_error *err);
int32_t store_commit(struct store *s, allora_error *err);
void store_rollback(struct store *s);
/* The same, but for a commit that need not wait for the disk: it survives the process, not
 * necessarily the machine, and never comes back without what was committed before it.  Inside
 * another transaction it is a part of that. */
int32_t store_begin_relaxed(struct store *s, allora_error *err);
/* Has the calling thread a transaction open? */
bool store_nested(struct store *s);
/* Results live in the caller's arena.  E_NOTFOUND. */
int32_t store_get(struct store *s, struct arena *mem, const char *space, const char *key,
                  struct store_item *ret, allora_error *err);
/* version 0: must be new; UINT64_MAX: any; else must match, E_CONFLICT.  ret_version may be NULL.
 */
int32_t store_put_if(struct store *s, const char *space, const char *key, allora_str value,
                     uint64_t version, uint64_t *ret_version, allora_error *err);
/* E_NOTFOUND. */
int32_t store_remove(struct store *s, const char *space, const char *key, allora_error *err);
/* In key order by bytes (or reverse), keys beginning with prefix; fn's nonzero stops, and is
 * returned when negative.  Items are [borrowed].  fn may read from the store, but not change this
 * space.  limit 0: all. */
int32_t store_scan(struct store *s, const char *space, const char *prefix, bool reverse,
                   uint64_t limit, int32_t (*fn)(void *self, const struct store_item *), void *self,
                   allora_error *err);

/* ---- Logs: records that are only ever added, numbered from 1 without gaps ("journal", "events").
 * Appending is a transaction of its own unless one is open.  Follows another process's appends. */
struct store_record {
    uint64_t seq;
    int64_t at_us; /* wall clock of the append */
    allora_str value;
};
/* expected: the number of the last record there must be (0: none), E_CONFLICT otherwise;
 * UINT64_MAX: any.  ret_seq may be NULL.  [any] */
int32_t store_log_append(struct store *s, const char *log, uint64_t expected, allora_str value,
                         uint64_t *ret_seq, allora_error *err);
/* The same with a time of the caller's own. */
int32_t store_log_append_at(struct store *s, const char *log, uint64_t expected, int64_t at_us,
                            allora_str value, uint64_t *ret_seq, allora_error *err);
/* The last record, in mem; E_NOTFOUND when there is none yet.  [any] */
int32_t store_log_last(struct store *s, struct arena *mem, const char *log,
                       struct store_record *ret, allora_error *err);
/* Records after that number, in order (or before it, newest first), at most limit (0: all).  fn as
 * in store_scan().  [any] */
int32_t store_log_read(struct store *s, const char *log, uint64_t after, bool reverse,
                       uint64_t limit, int32_t (*fn)(void *self, const struct store_record *),
                       void *self, allora_error *err);
/* Waits for records after that number, of any process, up to wait_us: 0 when there are some,
 * E_TIMEOUT.  Wakes at once for this process's own, within 100 ms for others'.  [any] */
int32_t store_log_wait(struct store *s, const char *log, uint64_t after, int64_t wait_us,
                       allora_error *err);
/* Drops records up to that number, where a log is not for ever (events).  The last one stays, so
 * that numbers go on.  [any] */
int32_t store_log_trim(struct store *s, const char *log, uint64_t up_to, allora_error *err);

/* ---- Leases: one holder of a name at a time, across processes, until it expires. */
/* Takes or renews it for ttl_us, by the wall clock; a clock that was set back ends it.  owner:
 * unique to the holder (trace id).  E_CONFLICT while another holds it.  [any] */
int32_t store_lease_take(struct store *s, const char *name, const char *owner, int64_t ttl_us,
                         allora_error *err);
/* Gives it back; nothing happens when it is not the owner's.  [any] */
void store_lease_release(struct store *s, const char *name, const char *owner);
#endif
