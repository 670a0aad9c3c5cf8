/* Logs and leases in the store's SQLite file. */
#include "base/err.h"
#include "store/store_sqlite.h"

/* A file of an older schema that can't be written to has none. */
static bool has_logs(const struct connection *c)
{
    return c->schema >= SCHEMA_LOG;
}

int32_t sqlite_log_append(void *connection, const char *log, uint64_t expected, int64_t at_us,
                          allora_str value, uint64_t *ret_seq, allora_error *err)
{
    struct connection *c = connection;
    sqlite3_stmt *stmt = NULL;
    bool own = false;
    int32_t status = sqlite_writes(c, err);
    if (!status)
        status = sqlite_use(c, LOG_APPEND, log, NULL, &stmt, &own, err);
    if (status)
        return status;
    int rc = sqlite3_bind_int64(stmt, 2, at_us);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob64(stmt, 3, value.ptr ? value.ptr : "", value.len, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(stmt, 4, expected == UINT64_MAX ? -1 : (int64_t)expected);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    bool added = rc == SQLITE_ROW;
    if (added) {
        *ret_seq = (uint64_t)sqlite3_column_int64(stmt, 0);
        rc = sqlite3_step(stmt); /* the change is made when the statement is done */
    }
    if (rc != SQLITE_DONE)
        status = sqlite_failed(c, rc, err);
    else if (!added)
        status =
            err_set(err, ALLORA_E_CONFLICT, "%s: the log %s has grown meanwhile", c->path, log);
    sqlite_finish(stmt, own);
    return status;
}

/* What no allora ever wrote is damage, even where SQLite reads it without complaint. */
static bool read_record(sqlite3_stmt *stmt, struct store_record *ret)
{
    if (sqlite3_column_type(stmt, 0) != SQLITE_INTEGER ||
        sqlite3_column_type(stmt, 1) != SQLITE_INTEGER ||
        sqlite3_column_type(stmt, 2) != SQLITE_BLOB)
        return false;
    ret->seq = (uint64_t)sqlite3_column_int64(stmt, 0);
    ret->at_us = sqlite3_column_int64(stmt, 1);
    ret->value.ptr = sqlite3_column_blob(stmt, 2);
    ret->value.len = (uint64_t)sqlite3_column_bytes(stmt, 2);
    if (!ret->value.ptr)
        ret->value.ptr = "";
    return true;
}

static int32_t damaged(const struct connection *c, const char *log, sqlite3_stmt *stmt,
                       allora_error *err)
{
    int32_t status = err_set(err, ALLORA_E_INTEGRITY, "%s: record %lld of the log %s is damaged",
                             c->path, (long long)sqlite3_column_int64(stmt, 0), log);
    err_reason(err, "corrupt");
    return status;
}

int32_t sqlite_log_last(void *connection, struct arena *mem, const char *log,
                        struct store_record *ret, allora_error *err)
{
    struct connection *c = connection;
    sqlite3_stmt *stmt = NULL;
    bool own = false;
    if (!has_logs(c))
        return err_set(err, ALLORA_E_NOTFOUND, "%s: the log %s is empty", c->path, log);
    int32_t status = sqlite_use(c, LOG_LAST, log, NULL, &stmt, &own, err);
    if (status)
        return status;
    int rc = sqlite3_step(stmt);
    struct store_record record;
    if (rc == SQLITE_DONE) {
        status = err_set(err, ALLORA_E_NOTFOUND, "%s: the log %s is empty", c->path, log);
    } else if (rc != SQLITE_ROW) {
        status = sqlite_failed(c, rc, err);
    } else if (!read_record(stmt, &record)) {
        status = damaged(c, log, stmt, err);
    } else {
        record.value.ptr = arena_strndup(mem, record.value.ptr, (size_t)record.value.len);
        if (record.value.ptr)
            *ret = record;
        else
            status = err_nomem(err);
    }
    sqlite_finish(stmt, own);
    return status;
}

/* "Before the first that there will ever be" is one more than SQLite's numbers go. */
static int64_t as_bound(uint64_t seq)
{
    return seq > INT64_MAX ? INT64_MAX : (int64_t)seq;
}

int32_t sqlite_log_read(void *connection, const char *log, uint64_t after, bool reverse,
                        uint64_t limit, int32_t (*fn)(void *self, const struct store_record *),
                        void *self, allora_error *err)
{
    struct connection *c = connection;
    sqlite3_stmt *stmt = NULL;
    bool own = false;
    if (!has_logs(c))
        return ALLORA_OK;
    int32_t status =
        sqlite_use(c, reverse ? LOG_READ_REVERSE : LOG_READ, log, NULL, &stmt, &own, err);
    if (status)
        return status;
    int rc = sqlite3_bind_int64(stmt, 2, as_bound(after));
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(stmt, 3, limit && limit < INT64_MAX ? (int64_t)limit : -1);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    int32_t stop = 0;
    while (rc == SQLITE_ROW && !status && stop == 0) {
        struct store_record record;
        if (read_record(stmt, &record))
            stop = fn(self, &record);
        else
            status = damaged(c, log, stmt, err);
        if (!status && stop == 0)
            rc = sqlite3_step(stmt);
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        status = sqlite_failed(c, rc, err);
    sqlite_finish(stmt, own);
    return status ? status : stop < 0 ? stop : ALLORA_OK;
}

/* Runs a statement that only changes. */
static int32_t run(const struct connection *c, sqlite3_stmt *stmt, bool own, allora_error *err)
{
    int rc = sqlite3_step(stmt);
    int32_t status = rc == SQLITE_DONE ? ALLORA_OK : sqlite_failed(c, rc, err);
    sqlite_finish(stmt, own);
    return status;
}

int32_t sqlite_log_trim(void *connection, const char *log, uint64_t up_to, allora_error *err)
{
    struct connection *c = connection;
    sqlite3_stmt *stmt = NULL;
    bool own = false;
    int32_t status = sqlite_writes(c, err);
    if (!status)
        status = sqlite_use(c, LOG_TRIM, log, NULL, &stmt, &own, err);
    if (status)
        return status;
    (void)sqlite3_bind_int64(stmt, 2, as_bound(up_to));
    return run(c, stmt, own, err);
}

int32_t sqlite_lease_take(void *connection, const char *name, const char *owner, int64_t now_us,
                          int64_t until_us, allora_error *err)
{
    struct connection *c = connection;
    sqlite3_stmt *stmt = NULL;
    bool own = false;
    int32_t status = sqlite_writes(c, err);
    if (!status)
        status = sqlite_use(c, LEASE_TAKE, name, owner, &stmt, &own, err);
    if (status)
        return status;
    int rc = sqlite3_bind_int64(stmt, 3, now_us);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(stmt, 4, until_us);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    bool taken = rc == SQLITE_ROW;
    if (taken)
        rc = sqlite3_step(stmt);
    if (rc != SQLITE_DONE)
        status = sqlite_failed(c, rc, err);
    else if (!taken)
        status = err_set(err, ALLORA_E_CONFLICT, "%s: someone else holds %s", c->path, name);
    sqlite_finish(stmt, own);
    return status;
}

int32_t sqlite_lease_release(void *connection, const char *name, const char *owner,
                             allora_error *err)
{
    struct connection *c = connection;
    sqlite3_stmt *stmt = NULL;
    bool own = false;
    int32_t status = sqlite_writes(c, err);
    if (!status)
        status = sqlite_use(c, LEASE_RELEASE, name, owner, &stmt, &own, err);
    return status ? status : run(c, stmt, own, err);
}
