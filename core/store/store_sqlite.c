/* The store in one SQLite file, state.db: WAL, so that readers and one writer don't wait for each
 * other; synchronous=FULL, so that a commit which returned survives a power cut. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "store/driver.h"
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { APPLICATION_ID = 0x616c7261 /* "alra" */ };

/* migrations[i] brings schema i to i + 1.  Append only; what was released never changes. */
static const char *const migrations[] = {
    "CREATE TABLE item(space TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
    " version INTEGER NOT NULL, updated_us INTEGER NOT NULL, PRIMARY KEY(space, key));",
};
enum { SCHEMA = sizeof migrations / sizeof *migrations };

enum statement { GET, PUT_NEW, PUT_ANY, PUT_MATCH, REMOVE, SCAN, SCAN_REVERSE, N_STATEMENTS };
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
};
struct connection {
    sqlite3 *db;
    char *path;
    sqlite3_stmt *statements[N_STATEMENTS]; /* prepared on first use */
};

/* Turns SQLite's last error into words that say what to do. */
static int32_t failed(const struct connection *c, int rc, allora_error *err)
{
    int32_t status = ALLORA_E_INTERNAL;
    const char *reason = NULL, *hint = NULL;
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return err_nomem(err);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        status = ALLORA_E_CONFLICT;
        hint = "another allora is writing; try again when it has ended";
        break;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        reason = "corrupt";
        hint = "move this file, and those beside it that begin with its name, away: allora starts "
               "a new one";
        break;
    case SQLITE_FULL:
        reason = "disk_full";
        hint = "the disk is full: make room and try again";
        break;
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
        status = ALLORA_E_CONFIG;
        hint = "the folder has to be writable, or set XDG_STATE_HOME to one that is";
        break;
    default:
        break;
    }
    (void)err_set(err, status, "%s: %s", c->path,
                  c->db ? sqlite3_errmsg(c->db) : sqlite3_errstr(rc));
    if (reason)
        err_reason(err, reason);
    if (hint)
        err_hint(err, "%s", hint);
    return status;
}

static int32_t execute(const struct connection *c, const char *sql, allora_error *err)
{
    int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? ALLORA_OK : failed(c, rc, err);
}

static int32_t pragma_int(const struct connection *c, const char *sql, int64_t *ret,
                          allora_error *err)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(c->db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return rc == SQLITE_ROW ? ALLORA_OK : failed(c, rc, err);
}

/* Two processes may arrive here at once: the second finds the work done, under the same lock. */
static int32_t migrate_locked(const struct connection *c, allora_error *err)
{
    int64_t have = 0, id = 0, tables = 0;
    int32_t status = pragma_int(c, "PRAGMA user_version", &have, err);
    if (!status)
        status = pragma_int(c, "PRAGMA application_id", &id, err);
    if (!status)
        status = pragma_int(c, "SELECT count(*) FROM sqlite_master", &tables, err);
    if (status)
        return status;
    if (have > SCHEMA && id == APPLICATION_ID) {
        status = err_set(err, ALLORA_E_CONFIG,
                         "%s: written by a newer allora (schema %lld, this one knows up to %d)",
                         c->path, (long long)have, SCHEMA);
        err_hint(err, "use the newer allora, or move the file away to start a new one");
        return status;
    }
    if (id != APPLICATION_ID && (tables || have)) {
        status = err_set(err, ALLORA_E_CONFIG, "%s: some other program's database", c->path);
        err_hint(err, "move the file away: allora starts a new one");
        return status;
    }
    for (int64_t v = have; !status && v < SCHEMA; v++)
        status = execute(c, migrations[v], err);
    if (!status && have < SCHEMA) {
        A_FREE char *sql = mem_printf("PRAGMA application_id = %d; PRAGMA user_version = %d",
                                      APPLICATION_ID, SCHEMA);
        status = sql ? execute(c, sql, err) : err_nomem(err);
    }
    return status;
}

/* readonly: the file is taken as it is. */
static int32_t prepare_file(const struct connection *c, bool readonly, int wait_ms,
                            allora_error *err)
{
    (void)sqlite3_busy_timeout(c->db, wait_ms);
    (void)sqlite3_extended_result_codes(c->db, 1);
    int64_t have = 0, id = 0;
    int32_t status = pragma_int(c, "PRAGMA user_version", &have, err);
    if (!status)
        status = pragma_int(c, "PRAGMA application_id", &id, err);
    if (!status && (have != SCHEMA || id != APPLICATION_ID)) {
        status = execute(c, "BEGIN IMMEDIATE", err);
        if (status)
            return status;
        status = migrate_locked(c, err);
        if (!status)
            status = execute(c, "COMMIT", err);
        if (status)
            (void)sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    }
    /* The change to WAL does not wait by itself while another process makes it. */
    int64_t until = clock_mono_us() + wait_ms * INT64_C(1000);
    while (!status && !readonly) {
        int rc = sqlite3_exec(c->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
        if (rc == SQLITE_OK)
            break;
        if ((rc & 0xff) != SQLITE_BUSY || clock_mono_us() > until)
            status = failed(c, rc, err);
        else
            (void)sqlite3_sleep(20);
    }
    return status ? status
                  : execute(c, "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF", err);
}

static void close_(void *connection)
{
    struct connection *c = connection;
    if (!c)
        return;
    for (int i = 0; i < N_STATEMENTS; i++)
        (void)sqlite3_finalize(c->statements[i]);
    (void)sqlite3_close(c->db);
    free(c->path);
    free(c);
}

/* SQLite would make the file with the umask's mode: it is made here first, for its owner alone. */
static int32_t make_file(const char *dir, const char *path, bool create, allora_error *err)
{
    struct stat st;
    if (!create && stat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return err_set(err, ALLORA_E_NOTFOUND, "%s: nothing was kept yet", path);
    int32_t status = create ? fs_mkdirs(dir, 0700, err) : ALLORA_OK;
    if (status) {
        err_hint(err, "set XDG_STATE_HOME to a folder that is writable");
        status = status == ALLORA_E_NOMEM ? status : ALLORA_E_CONFIG;
        if (err)
            err->code = status;
        return status;
    }
    if (create) {
        A_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
        if (fd < 0) {
            char words[128];
            status = err_set(err, ALLORA_E_CONFIG, "%s: %s", path,
                             strerror_r(errno, words, sizeof words));
            err_hint(err, "set XDG_STATE_HOME to a folder that is writable");
            return status;
        }
        if (fstat(fd, &st) == 0 && (st.st_mode & 077) && st.st_uid == geteuid())
            (void)fchmod(fd, 0600);
    }
    return fs_check_owner(path, err);
}

/* WAL needs to write beside the file, even to read it.  Where that can't be, a file without a log
 * can still be read as one that nobody changes; with a log it can't, and SQLite says so. */
static bool is_readonly(const char *dir, const char *path)
{
    A_FREE char *log = mem_printf("%s-wal", path);
    struct stat st;
    return (access(dir, W_OK) != 0 || access(path, W_OK) != 0) && log &&
           (stat(log, &st) != 0 || st.st_size == 0);
}

static char *immutable_name(const char *path)
{
    struct buf b = BUF(3 * 4096 + 64);
    buf_adds(&b, "file:");
    for (const char *p = path; *p; p++) {
        if (*p == '%' || *p == '?' || *p == '#')
            buf_addf(&b, "%%%02x", (unsigned)(unsigned char)*p);
        else
            buf_addc(&b, *p);
    }
    buf_adds(&b, "?immutable=1");
    return buf_take(&b, NULL);
}

static int32_t open_(const char *dir, bool create, int wait_ms, void **ret, allora_error *err)
{
    struct connection *c = mem_zalloc(sizeof *c);
    if (!c)
        return err_nomem(err);
    c->path = fs_join(dir, store_sqlite.file);
    int32_t status = c->path ? make_file(dir, c->path, create, err) : err_nomem(err);
    bool readonly = !status && !create && is_readonly(dir, c->path);
    A_FREE char *name = readonly ? immutable_name(c->path) : c->path ? mem_strdup(c->path) : NULL;
    if (!status && !name)
        status = err_nomem(err);
    if (!status) {
        int flags = readonly ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE;
        int rc = sqlite3_open_v2(name, &c->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
        status = rc == SQLITE_OK ? prepare_file(c, readonly, wait_ms, err) : failed(c, rc, err);
    }
    if (status) {
        close_(c);
        return status;
    }
    *ret = c;
    return ALLORA_OK;
}

static int32_t begin_(void *connection, allora_error *err)
{
    return execute(connection, "BEGIN IMMEDIATE", err);
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

/* A nested scan finds the cached statement busy and gets one of its own: *ret_own. */
static int32_t statement(struct connection *c, enum statement which, const char *space,
                         const char *key, sqlite3_stmt **ret, bool *ret_own, allora_error *err)
{
    sqlite3_stmt *stmt = c->statements[which];
    *ret_own = stmt && sqlite3_stmt_busy(stmt);
    if (!stmt || *ret_own) {
        int rc =
            sqlite3_prepare_v3(c->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
        if (rc != SQLITE_OK)
            return failed(c, rc, err);
        if (!*ret_own)
            c->statements[which] = stmt;
    }
    int rc = sqlite3_bind_text(stmt, 1, space, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_text(stmt, 2, key, -1, SQLITE_STATIC);
    *ret = stmt;
    return rc == SQLITE_OK ? ALLORA_OK : failed(c, rc, err);
}

/* Ends a use; the words of an error have been taken before, as reset reports it again. */
static void finish(sqlite3_stmt *stmt, bool own)
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
    int32_t status = statement(c, GET, space, key, &stmt, &own, err);
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
        status = failed(c, rc, err);
    }
    finish(stmt, own);
    return status;
}

static int32_t put_if_(void *connection, const char *space, const char *key, allora_str value,
                       uint64_t version, uint64_t *ret_version, allora_error *err)
{
    struct connection *c = connection;
    enum statement which = version == 0 ? PUT_NEW : version == UINT64_MAX ? PUT_ANY : PUT_MATCH;
    sqlite3_stmt *stmt = NULL;
    bool own = false;
    int32_t status = statement(c, which, space, key, &stmt, &own, err);
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
        status = failed(c, rc, err);
    else if (!changed)
        status = err_set(err, ALLORA_E_CONFLICT, "%s: %s %s was changed by someone else", c->path,
                         space, key);
    finish(stmt, own);
    return status;
}

static int32_t remove_(void *connection, const char *space, const char *key, allora_error *err)
{
    struct connection *c = connection;
    sqlite3_stmt *stmt = NULL;
    bool own = false;
    int32_t status = statement(c, REMOVE, space, key, &stmt, &own, err);
    if (status)
        return status;
    int rc = sqlite3_step(stmt);
    if (rc != SQLITE_DONE)
        status = failed(c, rc, err);
    else if (sqlite3_changes(c->db) == 0)
        status = err_set(err, ALLORA_E_NOTFOUND, "%s: no %s %s", c->path, space, key);
    finish(stmt, own);
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
    int32_t status = statement(c, reverse ? SCAN_REVERSE : SCAN, space, prefix, &stmt, &own, err);
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
        status = failed(c, rc, err);
    finish(stmt, own);
    arena_done(&mem);
    return status ? status : stop < 0 ? stop : ALLORA_OK;
}

const struct store_driver store_sqlite = {
    .open = open_,
    .close = close_,
    .begin = begin_,
    .commit = commit_,
    .rollback = rollback_,
    .get = get_,
    .put_if = put_if_,
    .remove = remove_,
    .scan = scan_,
    .file = "state.db",
};
