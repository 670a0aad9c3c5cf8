/* Durable shared state (sessions now; plans, journal, tokens later) behind one narrow driver interface.
 * Nothing above it writes SQL; SQLite is the first driver.  A key lives in a space ("session", "receipt"). */
#ifndef ALLORA_STORE_STORE_H
#define ALLORA_STORE_STORE_H
#include "base/arena.h"
#include <allora/plugin.h>
#include <stdbool.h>

struct store;
struct store_item {
    allora_str key, value;
    uint64_t version;
    int64_t updated_us;
};
/* Opens on first use, not here: no file is touched by commands that need no state.  dir: $XDG_STATE_HOME/allora. */
int32_t store_new(const char *dir, struct store **ret, allora_error *err);
void store_free(struct store *s);

/* Transactions nest per thread; a lock wait gives up after 5 s with E_CONFLICT.  [any] */
int32_t store_begin(struct store *s, allora_error *err);
int32_t store_commit(struct store *s, allora_error *err);
void store_rollback(struct store *s);
/* Results live in the caller's arena.  E_NOTFOUND. */
int32_t store_get(struct store *s, struct arena *mem, const char *space, const char *key, struct store_item *ret, allora_error *err);
/* version 0: must be new; UINT64_MAX: any; else must match, E_CONFLICT.  ret_version may be NULL. */
int32_t store_put_if(struct store *s, const char *space, const char *key, allora_str value, uint64_t version, uint64_t *ret_version,
                     allora_error *err);
int32_t store_remove(struct store *s, const char *space, const char *key, allora_error *err);
/* In key order (or reverse), keys beginning with prefix; fn's nonzero stops. */
int32_t store_scan(struct store *s, const char *space, const char *prefix, bool reverse, uint64_t limit,
                   int32_t (*fn)(void *self, const struct store_item *), void *self, allora_error *err);
#endif
