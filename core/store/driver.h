/* What a store driver is.  store.c makes the calls: never two at a time on one connection,
 * transactions not nested. */
#ifndef ALLORA_STORE_DRIVER_H
#define ALLORA_STORE_DRIVER_H
#include "store/store.h"

struct store_driver {
    /* create false: E_NOTFOUND when nothing was ever stored.  wait_ms: how long to wait for other
     * processes, here and later. */
    int32_t (*open)(const char *dir, bool create, int wait_ms, void **ret, allora_error *err);
    void (*close)(void *connection);
    int32_t (*begin)(void *connection, allora_error *err); /* takes the write lock at once */
    int32_t (*commit)(void *connection, allora_error *err);
    void (*rollback)(void *connection);
    int32_t (*get)(void *connection, struct arena *mem, const char *space, const char *key,
                   struct store_item *ret, allora_error *err);
    int32_t (*put_if)(void *connection, const char *space, const char *key, allora_str value,
                      uint64_t version, uint64_t *ret_version, allora_error *err);
    int32_t (*remove)(void *connection, const char *space, const char *key, allora_error *err);
    int32_t (*scan)(void *connection, const char *space, const char *prefix, bool reverse,
                    uint64_t limit, int32_t (*fn)(void *self, const struct store_item *),
                    void *self, allora_error *err);
    const char *file; /* its file's name in dir */
};
extern const struct store_driver store_sqlite;
#endif
