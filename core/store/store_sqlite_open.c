/* Opening the store's SQLite file, state.db: private, of the right kind, brought to this program's
 * schema.  WAL, so that readers and one writer don't wait for each other; synchronous=FULL, so that
 * a commit which returned survives a power cut. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "store/store_sqlite.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { APPLICATION_ID = 0x616c7261 /* "alra" */ };

/* migrations[i] brings schema i to i + 1.  Append only; what was released never changes. */
static const char *const migrations[] = {
    "CREATE TABLE item(space TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
    " version INTEGER NOT NULL, updated_us INTEGER NOT NULL, PRIMARY KEY(space, key));",
    "CREATE TABLE log(log TEXT NOT NULL, seq INTEGER NOT NULL, at_us INTEGER NOT NULL,"
    " value BLOB NOT NULL, PRIMARY KEY(log, seq)) WITHOUT ROWID;"
    "CREATE TABLE lease(name TEXT NOT NULL PRIMARY KEY, owner TEXT NOT NULL,"
    " taken_us INTEGER NOT NULL, until_us INTEGER NOT NULL) WITHOUT ROWID;",
};
enum { SCHEMA = sizeof migrations / sizeof *migrations };

int32_t sqlite_failed(const struct connection *c, int rc, allora_error *err)
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
    return rc == SQLITE_OK ? ALLORA_OK : sqlite_failed(c, rc, err);
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
    return rc == SQLITE_ROW ? ALLORA_OK : sqlite_failed(c, rc, err);
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
    for (int64_t v = have; !status && v < SCHEMA; v++) /* all of it or nothing */
        status = execute(c, migrations[v], err);
    if (!status && have < SCHEMA) {
        A_FREE char *sql = mem_printf("PRAGMA application_id = %d; PRAGMA user_version = %d",
                                      APPLICATION_ID, SCHEMA);
        status = sql ? execute(c, sql, err) : err_nomem(err);
    }
    return status;
}

/* Waits for other writers.  SQLite's own way sleeps longer and longer, so that among some that
 * write without a pause one more may never get its turn; looking every millisecond finds the gap.
 */
static int wait_for_lock(void *self, int tries)
{
    struct connection *c = self;
    int64_t now = clock_mono_us();
    if (tries == 0)
        c->busy_since_us = now;
    if (now - c->busy_since_us > c->wait_ms * INT64_C(1000))
        return 0;
    (void)usleep(tries < 10 ? 200 : 1000);
    return 1;
}

/* readonly: the file is taken as it is, an older schema included. */
static int32_t prepare_file(struct connection *c, bool readonly, int wait_ms, allora_error *err)
{
    c->wait_ms = wait_ms;
    (void)sqlite3_busy_handler(c->db, wait_for_lock, c);
    (void)sqlite3_extended_result_codes(c->db, 1);
    int64_t have = 0, id = 0;
    int32_t status = pragma_int(c, "PRAGMA user_version", &have, err);
    if (!status)
        status = pragma_int(c, "PRAGMA application_id", &id, err);
    bool older = have > 0 && have < SCHEMA && id == APPLICATION_ID;
    c->schema = readonly && older ? have : SCHEMA;
    if (!status && (have != SCHEMA || id != APPLICATION_ID) && !(readonly && older)) {
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
            status = sqlite_failed(c, rc, err);
        else
            (void)sqlite3_sleep(20);
    }
    /* A log that stays behind is read by the next to open the file: it is kept short. */
    (void)sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    return status ? status
                  : execute(c,
                            "PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;"
                            " PRAGMA wal_autocheckpoint = 128",
                            err);
}

void sqlite_close(void *connection)
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

int32_t sqlite_open(const char *dir, bool create, int wait_ms, void **ret, allora_error *err)
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
        status =
            rc == SQLITE_OK ? prepare_file(c, readonly, wait_ms, err) : sqlite_failed(c, rc, err);
    }
    if (status) {
        sqlite_close(c);
        return status;
    }
    *ret = c;
    return ALLORA_OK;
}
