/* The store's logs and leases above its driver. */
#include "base/clock.h"
#include "base/err.h"
#include "store/store_private.h"
#include <errno.h>
#include <string.h>
#include <time.h>

enum { POLL_US = 100000 }; /* how often another process's appends are looked for */

static int32_t check_name(const char *what, const char *name, allora_error *err)
{
    if (*name && strlen(name) <= STORE_KEY_MAX)
        return ALLORA_OK;
    return err_set(err, ALLORA_E_ARG, "the name of a %s in the store has 1 to %d bytes", what,
                   STORE_KEY_MAX);
}

int32_t store_log_append_at(struct store *s, const char *log, uint64_t expected, int64_t at_us,
                            allora_str value, uint64_t *ret_seq, allora_error *err)
{
    uint64_t seq = 0;
    int32_t status = check_name("log", log, err);
    if (!status && value.len > STORE_VALUE_MAX)
        status = err_set(err, ALLORA_E_ARG, "a record in the store has at most %d MiB",
                         STORE_VALUE_MAX >> 20);
    if (!status)
        status = store_take(s, true, err);
    if (status)
        return status;
    status = s->driver->log_append(s->connection, log, expected, at_us, value, &seq, err);
    if (!status && s->nesting)
        s->appended = true;
    else if (!status)
        store_tell(s);
    store_leave(s);
    if (!status && ret_seq)
        *ret_seq = seq;
    return status;
}

int32_t store_log_append(struct store *s, const char *log, uint64_t expected, allora_str value,
                         uint64_t *ret_seq, allora_error *err)
{
    return store_log_append_at(s, log, expected, clock_wall_us(), value, ret_seq, err);
}

int32_t store_log_last(struct store *s, struct arena *mem, const char *log,
                       struct store_record *ret, allora_error *err)
{
    int32_t status = check_name("log", log, err);
    if (!status)
        status = store_take(s, false, err);
    if (status)
        return status;
    status = s->driver->log_last(s->connection, mem, log, ret, err);
    store_leave(s);
    return status;
}

int32_t store_log_read(struct store *s, const char *log, uint64_t after, bool reverse,
                       uint64_t limit, int32_t (*fn)(void *self, const struct store_record *),
                       void *self, allora_error *err)
{
    int32_t status = check_name("log", log, err);
    if (!status)
        status = store_take(s, false, err);
    if (status == ALLORA_E_NOTFOUND)
        return ALLORA_OK;
    if (status)
        return status;
    status = s->driver->log_read(s->connection, log, after, reverse, limit, fn, self, err);
    store_leave(s);
    return status;
}

int32_t store_log_trim(struct store *s, const char *log, uint64_t up_to, allora_error *err)
{
    int32_t status = check_name("log", log, err);
    if (!status)
        status = store_take(s, false, err);
    if (status == ALLORA_E_NOTFOUND)
        return ALLORA_OK;
    if (status)
        return status;
    status = s->driver->log_trim(s->connection, log, up_to, err);
    store_leave(s);
    return status;
}

static int32_t found_one(void *self, const struct store_record *record)
{
    (void)record;
    *(bool *)self = true;
    return 0;
}

/* Until this process appends, or it is time to look what others did. */
static void wait_for_growth(struct store *s, uint64_t seen, int64_t until_us)
{
    struct timespec at = {.tv_sec = (time_t)(until_us / 1000000),
                          .tv_nsec = (long)(until_us % 1000000) * 1000};
    int rc = 0;
    (void)pthread_mutex_lock(&s->lock);
    while (rc == 0 && s->appends == seen)
        rc = pthread_cond_timedwait(&s->grown, &s->lock, &at);
    (void)pthread_mutex_unlock(&s->lock);
}

int32_t store_log_wait(struct store *s, const char *log, uint64_t after, int64_t wait_us,
                       allora_error *err)
{
    int64_t now = clock_mono_us();
    int64_t until = wait_us > INT64_MAX - now ? INT64_MAX : now + (wait_us > 0 ? wait_us : 0);
    for (;;) {
        bool found = false;
        (void)pthread_mutex_lock(&s->lock);
        uint64_t seen = s->appends; /* before looking: what comes after it is not slept through */
        (void)pthread_mutex_unlock(&s->lock);
        int32_t status = store_log_read(s, log, after, false, 1, found_one, &found, err);
        if (status || found)
            return status;
        now = clock_mono_us();
        if (now >= until)
            return err_set(err, ALLORA_E_TIMEOUT, "%s: nothing was added to the log %s", s->path,
                           log);
        wait_for_growth(s, seen, until - now > POLL_US ? now + POLL_US : until);
    }
}

int32_t store_lease_take(struct store *s, const char *name, const char *owner, int64_t ttl_us,
                         allora_error *err)
{
    int32_t status = check_name("lease", name, err);
    if (!status)
        status = check_name("lease's owner", owner, err);
    if (!status)
        status = store_take(s, true, err);
    if (status)
        return status;
    int64_t now = clock_wall_us();
    int64_t ttl = ttl_us < 0 ? 0 : ttl_us > INT64_MAX / 4 ? INT64_MAX / 4 : ttl_us;
    status = s->driver->lease_take(s->connection, name, owner, now, now + ttl, err);
    store_leave(s);
    return status;
}

void store_lease_release(struct store *s, const char *name, const char *owner)
{
    if (check_name("lease", name, NULL) || store_take(s, false, NULL))
        return;
    (void)s->driver->lease_release(s->connection, name, owner, NULL);
    store_leave(s);
}
