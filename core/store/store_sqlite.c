/* The store in one SQLite file: transactions and keys. */
#include "store/store_sqlite.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include <string.h>

#define RANGE "space = ?1 AND key >= ?2 AND (?3 IS NULL OR key < ?3)"
static const char *const texts[N_STATEMENTS] = {
    [GET] = "SELECT key, value, version, updated_us FROM item WHERE space = ?1 AND key = ?2",
    [PUT_NEW] = "INSERT INTO item VALUES(?1, ?2, ?3, 1, ?4) ON CONFLICT DO NOTHING"
                " RETURNING version",
    [PUT_ANY] = "INSERT INTO item VALUES(?1, ?2, ?3, 1, ?4) ON CONFLICT(space, key)"
                " DO UPDATE SET value = ?3, version = version + 1, updated_us = ?4"
                " RETURNING version",
    [PUT_MATCH] = "UPDATE item SET value = ?3, version = version + 1, updated_us = ?4"
                  " WHERE space = ?1 AND key = ?2 AND version = ?5 RETURNING version",
    [REMOVE] = "DELETE FROM item WHERE space = ?1 AND key = ?2",
    [SCAN] =
        "SELECT key, value, version, updated_us FROM item WHERE " RANGE " ORDER BY key LIMIT ?4",
    [SCAN_REVERSE] = "SELECT key, value, version, updated_us FROM item WHERE " RANGE
                     " ORDER BY key DESC LIMIT ?4",
    /* Not max(seq): inside of such a statement SQLite would read the whole log for it. */
    [LOG_APPEND] = "INSERT INTO log SELECT ?1, n + 1, ?2, ?3 FROM (SELECT ifnull(("
                   "SELECT seq FROM log WHERE log = ?1 ORDER BY seq DESC LIMIT 1), 0) AS n)"
                   " WHERE ?4 < 0 OR n = ?4 RETURNING seq",
    [LOG_LAST] = "SELECT seq, at_us, value FROM log WHERE log = ?1 ORDER BY seq DESC LIMIT 1",
    [LOG_READ] = "SELECT seq, at_us, value FROM log WHERE log = ?1 AND seq > ?2"
                 " ORDER BY seq LIMIT ?3",
    [LOG_READ_REVERSE] = "SELECT seq, at_us, value FROM log WHERE log = ?1 AND seq < ?2"
                         " ORDER BY seq DESC LIMIT ?3",
    [LOG_TRIM] = "DELETE FROM log WHERE log = ?1 AND seq <= ?2"
                 " AND seq < (SELECT seq FROM log WHERE log = ?1 ORDER BY seq DESC LIMIT 1)",
    [LEASE_TAKE] = "INSERT INTO lease VALUES(?1, ?2, ?3, ?4) ON CONFLICT(name)"
                   " DO UPDATE SET owner = ?2, taken_us = ?3, until_us = ?4"
                   " WHERE owner = ?2 OR until_us <= ?3 OR taken_us > ?3 RETURNING owner",
    [LEASE_RELEASE] = "DELETE FROM lease WHERE name = ?1 AND owner = ?2",
};

/* Waiting for the disk, or not: can't be changed inside a transaction. */
static int32_t set_relaxed(struct connection *c, bool relaxed, allora_error *err)
{
    if (c->relaxed == relaxed)
        return ALLORA_OK;
    int rc =
        sqlite3_exec(c->db, relaxed ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL",
                     NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return sqlite_failed(c, rc, err);
    c->relaxed = relaxed;
    return ALLORA_OK;
}

int32_t sqlite_writes(struct connection *c, allora_error *err)
{
    if (sqlite3_get_autocommit(c->db)) {
        int32_t status = set_relaxed(c, false, err);
        if (status)
            return status;
    }
    if (!c->relaxed && !c->wrote) {
        /* The last to close a file it wrote to leaves one file without a log behind, which can be
         * read where nothing can be written; others don't make their caller wait for that. */
        (void)sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
        c->wrote = true;
    }
    return ALLORA_OK;
}

static int32_t execute(const struct connection *c, const char *sql, allora_error *err)
{
    int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ALLORA_OK : sqlite_failed(c, rc, err);
}

static int32_t begin_(void *connection, bool relaxed, allora_error *err)
{
    struct connection *c = connection;
    int32_t status = set_relaxed(c, relaxed, err);
    return status ? status : execute(c, "BEGIN IMMEDIATE", err);
}

static int32_t commit_(void *connection, allora_error *err)
{
    return execute(connection, "COMMIT", err);
}

static void rollback_(void *connection)
{
    struct connection *c = connection;
    if (!sqlite3_get_autocommit(c->db))
        (void)sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
}

int32_t sqlite_use(struct connection *c, enum sqlite_statement which, const char *first,
                   const char *second, sqlite3_stmt **ret, bool *ret_own, allora_error *err)
{
    sqlite3_stmt *stmt = c->statements[which];
    *ret_own = stmt && sqlite3_stmt_busy(stmt);
    if (!stmt || *ret_own) {
        int rc =
            sqlite3_prepare_v3(c->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
        if (rc != SQLITE_OK)
            return sqlite_failed(c, rc, err);
        if (!*ret_own)
            c->statements[which] = stmt;
    }
    int rc = sqlite3_bind_text(stmt, 1, first, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK && second)
        rc = sqlite3_bind_text(stmt, 2, second, -1, SQLITE_STATIC);
    if (rc != SQLITE_OK) {
        int32_t status = sqlite_failed(c, rc, err);
        sqlite_finish(stmt, *ret_own);
        return status;
    }
    *ret = stmt;
    return ALLORA_OK;
}

void sqlite_finish(sqlite3_stmt *stmt, bool own)
{
    if (own) {
        (void)sqlite3_finalize(stmt);
        return;
    }
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
}

static void read_item(sqlite3_stmt *stmt, struct store_item *item)
{
    item->key.ptr = (const char *)sqlite3_column_text(stmt, 0);
    item->key.len = (uint64_t)sqlite3_column_bytes(stmt, 0);
    item->value.ptr = sqlite3_column_blob(stmt, 1);
    item->value.len = (uint64_t)sqlite3_column_bytes(stmt, 1);
    if (!item->value.ptr)
        item->value.ptr = "";
    item->version = (uint64_t)sqlite3_column_int64(stmt, 2);
    item->updated_us = sqlite3_column_int64(stmt, 3);
}

static int32_t get_(void *connection, struct arena *mem, const char *space, const char *key,
                    struct store_item *ret, allora_error *err)
{
    struct connection *c = connection;
    sqlite3_stmt *stmt = NULL;
    bool own = false;
    int32_t status = sqlite_use(c, GET, space, key, &stmt, &own, err);
    if (status)
        return status;
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        struct store_item item;
        read_item(stmt, &item);
        item.key.ptr = arena_strndup(mem, item.key.ptr, (size_t)item.key.len);
        item.value.ptr = arena_strndup(mem, item.value.ptr, (size_t)item.value.len);
        if (item.key.ptr && item.value.ptr)
            *ret = item;
        else
            status = err_nomem(err);
    } else if (rc == SQLITE_DONE) {
        status = err_set(err, ALLORA_E_NOTFOUND, "%s: no %s %s", c->path, space, key);
    } else {
        status = sqlite_failed(c, rc, err);
    }
    sqlite_finish(stmt, own);
    return status;
}

static int32_t put_if_(void *connection, const char *space, const char *key, allora_str value,
                       uint64_t version, uint64_t *ret_version, allora_error *err)
{
    struct connection *c = connection;
    enum sqlite_statement which = version == 0            ? PUT_NEW
                                  : version == UINT64_MAX ? PUT_ANY
                                                          : PUT_MATCH;
    sqlite3_stmt *stmt = NULL;
    bool own = false;
    int32_t status = sqlite_writes(c, err);
    if (!status)
        status = sqlite_use(c, which, space, key, &stmt, &own, err);
    if (status)
        return status;
    int rc = sqlite3_bind_blob64(stmt, 3, value.ptr ? value.ptr : "", value.len, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(stmt, 4, clock_wall_us());
    if (rc == SQLITE_OK && which == PUT_MATCH)
        rc = sqlite3_bind_int64(stmt, 5, (int64_t)version);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    bool changed = rc == SQLITE_ROW;
    if (changed) {
        *ret_version = (uint64_t)sqlite3_column_int64(stmt, 0);
        rc = sqlite3_step(stmt); /* the change is made when the statement is done */
    }
    if (rc != SQLITE_DONE)
        status = sqlite_failed(c, rc, err);
    else if (!changed)
        status = err_set(err, ALLORA_E_CONFLICT, "%s: %s %s was changed by someone else", c->path,
                         space, key);
    sqlite_finish(stmt, own);
    return status;
}

static int32_t remove_(void *connection, const char *space, const char *key, allora_error *err)
{
    struct connection *c = connection;
    sqlite3_stmt *stmt = NULL;
    bool own = false;
    int32_t status = sqlite_writes(c, err);
    if (!status)
        status = sqlite_use(c, REMOVE, space, key, &stmt, &own, err);
    if (status)
        return status;
    int rc = sqlite3_step(stmt);
    if (rc != SQLITE_DONE)
        status = sqlite_failed(c, rc, err);
    else if (sqlite3_changes(c->db) == 0)
        status = err_set(err, ALLORA_E_NOTFOUND, "%s: no %s %s", c->path, space, key);
    sqlite_finish(stmt, own);
    return status;
}

/* The first text that sorts after every text with this prefix; NULL when there is none.  *ret_len:
 * its bytes. */
static char *after_prefix(struct arena *mem, const char *prefix, size_t *ret_len)
{
    size_t n = strlen(prefix);
    while (n && (unsigned char)prefix[n - 1] == 0xff)
        n--;
    char *end = n ? arena_strndup(mem, prefix, n) : NULL;
    if (end)
        end[n - 1] = (char)((unsigned char)end[n - 1] + 1);
    *ret_len = n;
    return end;
}

static int32_t scan_(void *connection, const char *space, const char *prefix, bool reverse,
                     uint64_t limit, int32_t (*fn)(void *self, const struct store_item *),
                     void *self, allora_error *err)
{
    struct connection *c = connection;
    sqlite3_stmt *stmt = NULL;
    bool own = false;
    int32_t status = sqlite_use(c, reverse ? SCAN_REVERSE : SCAN, space, prefix, &stmt, &own, err);
    if (status)
        return status;
    struct arena mem;
    arena_init(&mem, 0);
    size_t n = 0;
    const char *end = after_prefix(&mem, prefix, &n);
    int rc = n && !end ? SQLITE_NOMEM : SQLITE_OK;
    if (rc == SQLITE_OK && end)
        rc = sqlite3_bind_text(stmt, 3, end, (int)n, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_int64(stmt, 4, limit && limit < INT64_MAX ? (int64_t)limit : -1);
    int32_t stop = 0;
    while (rc == SQLITE_OK && stop == 0) {
        int step = sqlite3_step(stmt);
        if (step == SQLITE_DONE)
            break;
        if (step != SQLITE_ROW) {
            rc = step;
            break;
        }
        struct store_item item;
        read_item(stmt, &item);
        stop = fn(self, &item);
    }
    if (rc != SQLITE_OK)
        status = sqlite_failed(c, rc, err);
    sqlite_finish(stmt, own);
    arena_done(&mem);
    return status ? status : stop < 0 ? stop : ALLORA_OK;
}

const struct store_driver store_sqlite = {
    .open = sqlite_open,
    .close = sqlite_close,
    .begin = begin_,
    .commit = commit_,
    .rollback = rollback_,
    .get = get_,
    .put_if = put_if_,
    .remove = remove_,
    .scan = scan_,
    .log_append = sqlite_log_append,
    .log_last = sqlite_log_last,
    .log_read = sqlite_log_read,
    .log_trim = sqlite_log_trim,
    .lease_take = sqlite_lease_take,
    .lease_release = sqlite_lease_release,
    .file = "state.db",
};
