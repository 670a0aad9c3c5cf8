/* The store above its driver: opening on first use, one thread at a time, transactions that nest.
 */
#include "store/store.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "store/store_private.h"
#include <errno.h>
#include <string.h>
#include <time.h>

enum { WAIT_MS = 5000 };

int32_t store_new(const char *dir, struct store **ret, allora_error *err)
{
    return store_new_driver(&store_sqlite, dir, ret, err);
}

int32_t store_new_driver(const struct store_driver *driver, const char *dir, struct store **ret,
                         allora_error *err)
{
    struct store *s = mem_zalloc(sizeof *s);
    if (!s)
        return err_nomem(err);
    s->driver = driver;
    if (dir) {
        s->dir = mem_strdup(dir);
        s->path = fs_join(dir, s->driver->file);
        if (!s->dir || !s->path) {
            free(s->dir);
            free(s->path);
            free(s);
            return err_nomem(err);
        }
    }
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)pthread_cond_init(&s->freed, &attr);
    (void)pthread_cond_init(&s->grown, &attr);
    (void)pthread_condattr_destroy(&attr);
    *ret = s;
    return ALLORA_OK;
}

void store_free(struct store *s)
{
    if (!s)
        return;
    if (s->connection)
        s->driver->close(s->connection);
    (void)pthread_cond_destroy(&s->freed);
    (void)pthread_cond_destroy(&s->grown);
    (void)pthread_mutex_destroy(&s->lock);
    free(s->dir);
    free(s->path);
    free(s);
}

const char *store_path(const struct store *s)
{
    return s->path;
}

static int32_t enter(struct store *s, allora_error *err)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += WAIT_MS / 1000;
    (void)pthread_mutex_lock(&s->lock);
    int rc = 0;
    while (rc == 0 && s->depth && !pthread_equal(s->owner, pthread_self()))
        rc = pthread_cond_timedwait(&s->freed, &s->lock, &until);
    if (rc == 0) {
        s->owner = pthread_self();
        s->depth++;
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (rc == 0)
        return ALLORA_OK;
    return err_set(err, ALLORA_E_CONFLICT, "%s: another thread held it for %d s", s->path,
                   WAIT_MS / 1000);
}

void store_leave(struct store *s)
{
    (void)pthread_mutex_lock(&s->lock);
    if (--s->depth == 0)
        (void)pthread_cond_signal(&s->freed);
    (void)pthread_mutex_unlock(&s->lock);
}

int32_t store_take(struct store *s, bool create, allora_error *err)
{
    if (!s->dir) {
        int32_t status = err_set(err, ALLORA_E_CONFIG, "there is no home folder to keep state in");
        err_hint(err, "set HOME or XDG_STATE_HOME");
        return status;
    }
    int32_t status = enter(s, err);
    if (status)
        return status;
    if (!s->connection)
        status = s->driver->open(s->dir, create, WAIT_MS, &s->connection, err);
    if (status)
        store_leave(s);
    return status;
}

void store_tell(struct store *s)
{
    (void)pthread_mutex_lock(&s->lock);
    s->appends++;
    (void)pthread_cond_broadcast(&s->grown);
    (void)pthread_mutex_unlock(&s->lock);
}

static int32_t begin(struct store *s, bool relaxed, allora_error *err)
{
    int32_t status = store_take(s, true, err);
    if (status)
        return status;
    if (s->nesting == 0) {
        s->doomed = s->appended = false;
        status = s->driver->begin(s->connection, relaxed, err);
        if (status) {
            store_leave(s);
            return status;
        }
    }
    s->nesting++; /* the store stays taken until the transaction ends */
    return ALLORA_OK;
}

int32_t store_begin(struct store *s, allora_error *err)
{
    return begin(s, false, err);
}

int32_t store_begin_relaxed(struct store *s, allora_error *err)
{
    return begin(s, true, err);
}

bool store_nested(struct store *s)
{
    (void)pthread_mutex_lock(&s->lock);
    bool mine = s->depth && pthread_equal(s->owner, pthread_self());
    (void)pthread_mutex_unlock(&s->lock);
    return mine && s->nesting; /* only its owner changes it */
}

int32_t store_commit(struct store *s, allora_error *err)
{
    int32_t status = ALLORA_OK;
    if (--s->nesting == 0) {
        if (s->doomed)
            status = err_set(err, ALLORA_E_CONFLICT, "%s: a part of the transaction was undone",
                             s->path);
        else
            status = s->driver->commit(s->connection, err);
        if (status)
            s->driver->rollback(s->connection);
        else if (s->appended)
            store_tell(s);
    }
    store_leave(s);
    return status;
}

void store_rollback(struct store *s)
{
    s->doomed = true;
    if (--s->nesting == 0)
        s->driver->rollback(s->connection);
    store_leave(s);
}

static int32_t check_key(const char *space, const char *key, allora_error *err)
{
    if (*space && strlen(space) <= STORE_KEY_MAX && strlen(key) <= STORE_KEY_MAX)
        return ALLORA_OK;
    return err_set(err, ALLORA_E_ARG, "a key in the store has at most %d bytes", STORE_KEY_MAX);
}

int32_t store_get(struct store *s, struct arena *mem, const char *space, const char *key,
                  struct store_item *ret, allora_error *err)
{
    int32_t status = check_key(space, key, err);
    if (!status)
        status = store_take(s, false, err);
    if (status)
        return status;
    status = s->driver->get(s->connection, mem, space, key, ret, err);
    store_leave(s);
    return status;
}

int32_t store_put_if(struct store *s, const char *space, const char *key, allora_str value,
                     uint64_t version, uint64_t *ret_version, allora_error *err)
{
    int32_t status = check_key(space, key, err);
    if (!status && value.len > STORE_VALUE_MAX)
        status = err_set(err, ALLORA_E_ARG, "a value in the store has at most %d MiB",
                         STORE_VALUE_MAX >> 20);
    if (!status)
        status = store_take(s, true, err);
    if (status)
        return status;
    uint64_t new_version = 0;
    status = s->driver->put_if(s->connection, space, key, value, version, &new_version, err);
    store_leave(s);
    if (!status && ret_version)
        *ret_version = new_version;
    return status;
}

int32_t store_remove(struct store *s, const char *space, const char *key, allora_error *err)
{
    int32_t status = check_key(space, key, err);
    if (!status)
        status = store_take(s, false, err);
    if (status)
        return status;
    status = s->driver->remove(s->connection, space, key, err);
    store_leave(s);
    return status;
}

int32_t store_scan(struct store *s, const char *space, const char *prefix, bool reverse,
                   uint64_t limit, int32_t (*fn)(void *self, const struct store_item *), void *self,
                   allora_error *err)
{
    int32_t status = check_key(space, prefix, err);
    if (!status)
        status = store_take(s, false, err);
    if (status == ALLORA_E_NOTFOUND)
        return ALLORA_OK;
    if (status)
        return status;
    status = s->driver->scan(s->connection, space, prefix, reverse, limit, fn, self, err);
    store_leave(s);
    return status;
}
