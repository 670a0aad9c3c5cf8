/* A store driver that is SQLite's, but for its Nth call, which fails and does nothing. */
#ifndef ALLORA_TESTS_FAILING_DRIVER_H
#define ALLORA_TESTS_FAILING_DRIVER_H
#include "base/err.h"
#include "store/driver.h"

/* Calls until the one that fails; negative: none does.  Not for threads. */
static int64_t failing_after = -1;

static inline int32_t failing_due(const char *what, allora_error *err)
{
    if (failing_after < 0 || failing_after-- > 0)
        return ALLORA_OK;
    return err_set(err, ALLORA_E_INTERNAL, "injected: %s", what);
}

#define FAILING(what, call)                                                                        \
    do {                                                                                           \
        int32_t status_ = failing_due(what, err);                                                  \
        return status_ ? status_ : store_sqlite.call;                                              \
    } while (0)

static int32_t failing_open(const char *dir, bool create, int wait_ms, void **ret,
                            allora_error *err)
{
    FAILING("open", open(dir, create, wait_ms, ret, err));
}
static void failing_close(void *c)
{
    store_sqlite.close(c);
}
static int32_t failing_begin(void *c, bool relaxed, allora_error *err)
{
    FAILING("begin", begin(c, relaxed, err));
}
static int32_t failing_commit(void *c, allora_error *err)
{
    FAILING("commit", commit(c, err));
}
static void failing_rollback(void *c)
{
    store_sqlite.rollback(c);
}
static int32_t failing_get(void *c, struct arena *mem, const char *space, const char *key,
                           struct store_item *ret, allora_error *err)
{
    FAILING("get", get(c, mem, space, key, ret, err));
}
static int32_t failing_put_if(void *c, const char *space, const char *key, allora_str value,
                              uint64_t version, uint64_t *ret, allora_error *err)
{
    FAILING("put", put_if(c, space, key, value, version, ret, err));
}
static int32_t failing_remove(void *c, const char *space, const char *key, allora_error *err)
{
    FAILING("remove", remove(c, space, key, err));
}
static int32_t failing_scan(void *c, const char *space, const char *prefix, bool reverse,
                            uint64_t limit, int32_t (*fn)(void *, const struct store_item *),
                            void *self, allora_error *err)
{
    FAILING("scan", scan(c, space, prefix, reverse, limit, fn, self, err));
}
static int32_t failing_log_append(void *c, const char *log, uint64_t expected, int64_t at_us,
                                  allora_str value, uint64_t *ret, allora_error *err)
{
    FAILING("append", log_append(c, log, expected, at_us, value, ret, err));
}
static int32_t failing_log_last(void *c, struct arena *mem, const char *log,
                                struct store_record *ret, allora_error *err)
{
    FAILING("last", log_last(c, mem, log, ret, err));
}
static int32_t failing_log_read(void *c, const char *log, uint64_t after, bool reverse,
                                uint64_t limit, int32_t (*fn)(void *, const struct store_record *),
                                void *self, allora_error *err)
{
    FAILING("read", log_read(c, log, after, reverse, limit, fn, self, err));
}
static int32_t failing_log_trim(void *c, const char *log, uint64_t up_to, allora_error *err)
{
    FAILING("trim", log_trim(c, log, up_to, err));
}
static int32_t failing_lease_take(void *c, const char *name, const char *owner, int64_t now_us,
                                  int64_t until_us, allora_error *err)
{
    FAILING("lease", lease_take(c, name, owner, now_us, until_us, err));
}
static int32_t failing_lease_release(void *c, const char *name, const char *owner,
                                     allora_error *err)
{
    FAILING("release", lease_release(c, name, owner, err));
}

static const struct store_driver failing_driver = {
    .open = failing_open,
    .close = failing_close,
    .begin = failing_begin,
    .commit = failing_commit,
    .rollback = failing_rollback,
    .get = failing_get,
    .put_if = failing_put_if,
    .remove = failing_remove,
    .scan = failing_scan,
    .log_append = failing_log_append,
    .log_last = failing_log_last,
    .log_read = failing_log_read,
    .log_trim = failing_log_trim,
    .lease_take = failing_lease_take,
    .lease_release = failing_lease_release,
    .file = "state.db",
};
#endif
