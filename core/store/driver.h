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
    /* Takes the write lock at once.  relaxed: the commit need not wait for the disk. */
    int32_t (*begin)(void *connection, bool relaxed, allora_error *err);
    int32_t (*commit)(void *connection, allora_error *err); /* failed: still to be rolled back */
    void (*rollback)(void *connection);
    int32_t (*get)(void *connection, struct arena *mem, const char *space, const char *key,
                   struct store_item *ret, allora_error *err);
    int32_t (*put_if)(void *connection, const char *space, const char *key, allora_str value,
                      uint64_t version, uint64_t *ret_version, allora_error *err);
    int32_t (*remove)(void *connection, const char *space, const char *key, allora_error *err);
    int32_t (*scan)(void *connection, const char *space, const char *prefix, bool reverse,
                    uint64_t limit, int32_t (*fn)(void *self, const struct store_item *),
                    void *self, allora_error *err);
    int32_t (*log_append)(void *connection, const char *log, uint64_t expected, int64_t at_us,
                          allora_str value, uint64_t *ret_seq, allora_error *err);
    int32_t (*log_last)(void *connection, struct arena *mem, const char *log,
                        struct store_record *ret, allora_error *err);
    int32_t (*log_read)(void *connection, const char *log, uint64_t after, bool reverse,
                        uint64_t limit, int32_t (*fn)(void *self, const struct store_record *),
                        void *self, allora_error *err);
    int32_t (*log_trim)(void *connection, const char *log, uint64_t up_to, allora_error *err);
    int32_t (*lease_take)(void *connection, const char *name, const char *owner, int64_t now_us,
                          int64_t until_us, allora_error *err);
    int32_t (*lease_release)(void *connection, const char *name, const char *owner,
                             allora_error *err);
    const char *file; /* its file's name in dir */
};
extern const struct store_driver store_sqlite;

/* store_new() with a driver of one's own. */
int32_t store_new_driver(const struct store_driver *driver, const char *dir, struct store **ret,
                         allora_error *err);
#endif
