/* Durable shared state (sessions now; plans, journal, tokens later) behind one narrow driver
 * interface. Nothing above it writes SQL; SQLite is the first driver.  A key lives in a space
 * ("session", "receipt").
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
#endif
