/* The cache's file: entries, and their rows in chunks.  What rows look like on disk is
 * cache_rows.c's. */
#include "query/cache.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "query/cache_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FORMAT_VERSION 1
#define TOTAL_BYTES (INT64_C(256) << 20) /* of rows; the least recently used go first */
enum { BUSY_MS = 2000 };

static const char schema[] = "CREATE TABLE IF NOT EXISTS entry(id INTEGER PRIMARY KEY, owner TEXT "
                             "NOT NULL, partition TEXT NOT NULL,"
                             " filters BLOB NOT NULL, columns TEXT NOT NULL, as_of_us INTEGER NOT "
                             "NULL, used_us INTEGER NOT NULL,"
                             " bytes INTEGER NOT NULL, UNIQUE(owner, partition, filters, columns));"
                             "CREATE INDEX IF NOT EXISTS entry_used ON entry(used_us);"
                             "CREATE TABLE IF NOT EXISTS chunk(entry INTEGER NOT NULL, seq INTEGER "
                             "NOT NULL, data BLOB NOT NULL,"
                             " PRIMARY KEY(entry, seq)) WITHOUT ROWID;";

static void close_db(struct cache *c)
{
    (void)sqlite3_close_v2(c->db);
    c->db = NULL;
}

static bool exec(struct cache *c, const char *sql)
{
    return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static int64_t pragma_int(struct cache *c, const char *sql)
{
    sqlite3_stmt *s = NULL;
    int64_t value = -1;

    if (sqlite3_prepare_v2(c->db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
        value = sqlite3_column_int64(s, 0);
    (void)sqlite3_finalize(s);
    return value;
}

/* SQLite would make the file, and its WAL, with the umask's mode; here it is its owner's alone.  A
 * file that is there is not opened: closing it again would drop the locks of this process. */
static bool make_private(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);

    if (fd >= 0)
        return close(fd) == 0;
    if (errno != EEXIST || lstat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    return !(st.st_mode & 077) || chmod(path, 0600) == 0;
}

/* Opens the file; false when it is not a usable one. */
static bool try_open(struct cache *c)
{
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;

    if (!make_private(c->path) || sqlite3_open_v2(c->path, &c->db, flags, NULL) != SQLITE_OK)
        return false;
    (void)sqlite3_busy_timeout(c->db, BUSY_MS);
    if (!exec(c, "PRAGMA journal_mode=WAL") || !exec(c, "PRAGMA synchronous=NORMAL"))
        return false;
    (void)exec(c, "PRAGMA cache_size=-1024");
    int64_t version = pragma_int(c, "PRAGMA user_version");
    if (version == FORMAT_VERSION)
        return true;
    if (version != 0)
        return false;
    /* Two processes may get here at once: every step may be done twice. */
    return exec(c, "BEGIN IMMEDIATE") && exec(c, schema) && exec(c, "PRAGMA user_version=1") &&
           exec(c, "COMMIT");
}

static void remove_files(const char *path)
{
    static const char *const ends[] = {"", "-wal", "-shm"};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        A_FREE char *name = mem_printf("%s%s", path, ends[i]);
        if (name)
            (void)unlink(name);
    }
}

/* NOFOLLOW refuses a link anywhere in the path; only the file itself must be none (a home may well
 * be one). */
static bool resolve(struct cache *c)
{
    if (c->path)
        return true;
    A_FREE char *real = realpath(c->dir, NULL);
    c->path = real ? fs_join(real, "rows.db") : NULL;
    return c->path != NULL;
}

/* Under the lock: the file, opened on first use; a damaged one is thrown away once. */
static bool ready(struct cache *c)
{
    allora_error err = ERR_INIT;

    if (c->db)
        return true;
    if (c->useless)
        return false;
    if (fs_mkdirs(c->dir, 0700, &err) != ALLORA_OK || !resolve(c)) {
        c->useless = true;
        return false;
    }
    if (try_open(c))
        return true;
    int code = c->db ? sqlite3_errcode(c->db) & 0xff : SQLITE_CANTOPEN;
    close_db(c);
    if (code != SQLITE_BUSY && code != SQLITE_CANTOPEN && code != SQLITE_READONLY &&
        code != SQLITE_FULL && !c->rebuilt) {
        log_msg(ALLORA_LOG_INFO, "cache", "%s is damaged or of another version: starting afresh",
                c->path);
        c->rebuilt = true;
        remove_files(c->path);
        if (try_open(c))
            return true;
        close_db(c);
    }
    c->useless = true;
    return false;
}

/* A statement failed: if the file is at fault, throw it away; what was in it can be had again.
 * Under the lock. */
static void failed(struct cache *c, int code)
{
    if ((code & 0xff) != SQLITE_CORRUPT && (code & 0xff) != SQLITE_NOTADB)
        return;
    close_db(c);
    c->generation++;
    if (c->rebuilt) {
        c->useless = true;
        return;
    }
    c->rebuilt = true;
    log_msg(ALLORA_LOG_INFO, "cache", "%s is damaged: starting afresh", c->path);
    remove_files(c->path);
}

/* ---- readers: connections of their own, so that one answer is one transaction
 * --------------------------- */

/* NULL when there is nothing to read. */
static struct cache_reader *reader_take(struct cache *c)
{
    struct cache_reader *r = NULL;

    (void)pthread_mutex_lock(&c->lock);
    if (ready(c)) {
        while (c->readers && c->readers->generation != c->generation) {
            r = c->readers;
            c->readers = r->next;
            (void)sqlite3_close_v2(r->db);
            free(r);
        }
        r = c->readers;
        if (r)
            c->readers = r->next;
        else
            r = mem_zalloc(sizeof *r);
        if (r)
            r->generation = c->generation;
    }
    (void)pthread_mutex_unlock(&c->lock);
    if (!r)
        return NULL;
    if (!r->db && sqlite3_open_v2(c->path, &r->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX,
                                  NULL) == SQLITE_OK)
        (void)sqlite3_busy_timeout(r->db, BUSY_MS);
    if (r->db && sqlite3_exec(r->db, "BEGIN", NULL, NULL, NULL) == SQLITE_OK)
        return r;
    (void)sqlite3_close_v2(r->db);
    free(r);
    return NULL;
}

static void reader_give(struct cache *c, struct cache_reader *r, int code)
{
    (void)sqlite3_exec(r->db, "COMMIT", NULL, NULL, NULL);
    (void)pthread_mutex_lock(&c->lock);
    if (r->generation == c->generation)
        failed(c, code);
    r->next = c->readers;
    c->readers = r;
    (void)pthread_mutex_unlock(&c->lock);
}

struct cache *cache_new(const char *dir)
{
    struct cache *c = mem_zalloc(sizeof *c);

    if (!c)
        return NULL;
    c->dir = mem_strdup(dir);
    if (!c->dir || pthread_mutex_init(&c->lock, NULL) != 0) {
        free(c->dir);
        free(c);
        return NULL;
    }
    return c;
}

void cache_free(struct cache *c)
{
    if (!c)
        return;
    close_db(c);
    for (struct cache_reader *r = c->readers, *next; r; r = next) {
        next = r->next;
        (void)sqlite3_close_v2(r->db);
        free(r);
    }
    (void)pthread_mutex_destroy(&c->lock);
    free(c->dir);
    free(c->path);
    free(c);
}

int64_t cache_max_age_us(const struct cache_policy *p, const struct source_table *t)
{
    if (p->refresh)
        return -1;
    if (t->table->ttl_s <= 0)
        return -1;
    if (p->offline && t->remote)
        return INT64_MAX;
    int64_t age = p->max_age_s >= 0 ? p->max_age_s : t->table->ttl_s;
    return age > INT64_MAX / 1000000 ? INT64_MAX : age * 1000000;
}

/* ---- finding
 * ---------------------------------------------------------------------------------------------- */

/* The youngest entry that has all wanted columns and no filter the key lacks.  SQLITE_ROW,
 * SQLITE_DONE or an error. */
static int find_entry(sqlite3 *db, const struct cache_key *key, int64_t max_age_us,
                      struct cache_entry *ret)
{
    sqlite3_stmt *s = NULL;
    A_CLEAN(buf_done) struct buf owner = BUF(CACHE_TEXT), filters = BUF(CACHE_TEXT);
    int64_t now = clock_wall_us(), since = max_age_us > now ? 0 : now - max_age_us;
    bool found = false;

    cache_owner(key, &owner);
    cache_filters(key, &filters);
    if (buf_failed(&owner) || buf_failed(&filters))
        return SQLITE_DONE;
    int rc = sqlite3_prepare_v2(db,
                                "SELECT id, filters, columns, as_of_us FROM entry WHERE owner=?1"
                                " AND partition=?2 AND as_of_us>=?3 AND as_of_us<=?4"
                                " ORDER BY as_of_us DESC",
                                -1, &s, NULL);
    if (rc == SQLITE_OK) {
        (void)sqlite3_bind_text(s, 1, buf_str(&owner), (int)owner.len, SQLITE_STATIC);
        (void)sqlite3_bind_text(s, 2, key->partition, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int64(s, 3, since);
        (void)sqlite3_bind_int64(s, 4, now + 60 * INT64_C(1000000)); /* not from a future clock */
        while (!found && (rc = sqlite3_step(s)) == SQLITE_ROW) {
            allora_str has = {sqlite3_column_blob(s, 1), (uint64_t)sqlite3_column_bytes(s, 1)};
            const char *columns = (const char *)sqlite3_column_text(s, 2);
            found = cache_filters_within(has, (allora_str){buf_str(&filters), filters.len}) &&
                    columns && cache_columns_cover(columns, key, ret);
            ret->id = sqlite3_column_int64(s, 0);
            ret->as_of_us = sqlite3_column_int64(s, 3);
        }
    }
    (void)sqlite3_finalize(s);
    return rc;
}

bool cache_peek(struct cache *c, const struct cache_key *key, int64_t max_age_us,
                int64_t *ret_as_of_us)
{
    struct cache_entry entry;
    struct cache_reader *r = reader_take(c);

    if (!r)
        return false;
    int rc = find_entry(r->db, key, max_age_us, &entry);
    reader_give(c, r, rc);
    if (rc == SQLITE_ROW)
        *ret_as_of_us = entry.as_of_us;
    return rc == SQLITE_ROW;
}

static void drop_entry(struct cache *c, int64_t id)
{
    A_FREE char *sql = mem_printf("BEGIN IMMEDIATE; DELETE FROM chunk WHERE entry=%lld;"
                                  "DELETE FROM entry WHERE id=%lld; COMMIT",
                                  (long long)id, (long long)id);

    (void)pthread_mutex_lock(&c->lock);
    if (sql && ready(c) && !exec(c, sql))
        (void)exec(c, "ROLLBACK");
    (void)pthread_mutex_unlock(&c->lock);
}

/* All chunks of an entry, in order.  ALLORA_E_INTERNAL when one is damaged or missing; *ret_seen:
 * chunks whose rows were sent. */
static int32_t send_chunks(sqlite3 *db, const struct cache_entry *entry, uint32_t n_wanted,
                           const allora_sink *sink, int *ret_rc, int *ret_seen)
{
    sqlite3_stmt *s = NULL;
    int32_t status = ALLORA_OK;
    bool last = false;

    *ret_rc =
        sqlite3_prepare_v2(db, "SELECT data FROM chunk WHERE entry=?1 ORDER BY seq", -1, &s, NULL);
    if (*ret_rc == SQLITE_OK)
        (void)sqlite3_bind_int64(s, 1, entry->id);
    while (*ret_rc == SQLITE_OK || *ret_rc == SQLITE_ROW) {
        *ret_rc = sqlite3_step(s);
        if (*ret_rc != SQLITE_ROW || status != ALLORA_OK || last)
            break;
        allora_str chunk = {sqlite3_column_blob(s, 0), (uint64_t)sqlite3_column_bytes(s, 0)};
        status = cache_chunk_rows(chunk, entry, n_wanted, sink, &last);
        *ret_seen += status != ALLORA_E_INTERNAL;
    }
    (void)sqlite3_finalize(s);
    return status == ALLORA_OK && !last ? ALLORA_E_INTERNAL : status;
}

bool cache_replay(struct cache *c, const struct cache_key *key, int64_t max_age_us,
                  const allora_sink *sink, int64_t *ret_as_of_us, int32_t *ret_status)
{
    struct cache_entry entry = {0};
    struct cache_reader *r = reader_take(c);
    int seen = 0;

    if (!r)
        return false;
    int rc = find_entry(r->db, key, max_age_us, &entry);
    if (rc != SQLITE_ROW) {
        reader_give(c, r, rc);
        return false;
    }
    int32_t status = send_chunks(r->db, &entry, key->n_wanted, sink, &rc, &seen);
    reader_give(c, r, rc);
    if (status == ALLORA_E_INTERNAL) {
        drop_entry(c, entry.id);
        if (seen == 0) /* no row has gone out: the table can still be read live */
            return false;
    }
    *ret_as_of_us = entry.as_of_us;
    *ret_status = status == ALLORA_STOP ? ALLORA_OK : status;
    if (status >= 0)
        cache_touch(c, entry.id);
    return true;
}

void cache_touch(struct cache *c, int64_t id)
{
    A_FREE char *sql = mem_printf("UPDATE entry SET used_us=%lld WHERE id=%lld AND used_us<%lld",
                                  (long long)clock_wall_us(), (long long)id,
                                  (long long)(clock_wall_us() - 60 * INT64_C(1000000)));

    (void)pthread_mutex_lock(&c->lock);
    if (sql && ready(c))
        (void)exec(c, sql);
    (void)pthread_mutex_unlock(&c->lock);
}

/* ---- storing
 * ------------------------------------------------------------------------------------------------
 */

static bool evict(struct cache *c)
{
    int64_t total = pragma_int(c, "SELECT coalesce(sum(bytes),0) FROM entry");

    while (total > TOTAL_BYTES) {
        int64_t id = pragma_int(c, "SELECT id FROM entry ORDER BY used_us LIMIT 1");
        A_FREE char *sql =
            mem_printf("DELETE FROM chunk WHERE entry=%lld; DELETE FROM entry WHERE id=%lld",
                       (long long)id, (long long)id);
        if (id < 0 || !sql || !exec(c, sql))
            return false;
        total = pragma_int(c, "SELECT coalesce(sum(bytes),0) FROM entry");
    }
    return true;
}

static bool insert_entry(struct cache *c, const struct cache_writer *w, int64_t *ret_id)
{
    sqlite3_stmt *s = NULL;
    int64_t now = clock_wall_us();
    bool ok = sqlite3_prepare_v2(
                  c->db,
                  "INSERT INTO entry(owner, partition, filters, columns, as_of_us, used_us, bytes)"
                  " VALUES(?1,?2,?3,?4,?5,?6,?7)",
                  -1, &s, NULL) == SQLITE_OK;

    if (ok) {
        (void)sqlite3_bind_text(s, 1, w->owner, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(s, 2, w->partition, -1, SQLITE_STATIC);
        (void)sqlite3_bind_blob64(s, 3, w->filters, w->filters_len, SQLITE_STATIC);
        (void)sqlite3_bind_text(s, 4, w->columns, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int64(s, 5, w->as_of_us);
        (void)sqlite3_bind_int64(s, 6, now);
        (void)sqlite3_bind_int64(s, 7, (sqlite3_int64)w->bytes);
        ok = sqlite3_step(s) == SQLITE_DONE;
        *ret_id = sqlite3_last_insert_rowid(c->db);
    }
    (void)sqlite3_finalize(s);
    return ok;
}

static bool delete_older(struct cache *c, const struct cache_writer *w)
{
    static const char *const sqls[] = {
        "DELETE FROM chunk WHERE entry IN (SELECT id FROM entry WHERE owner=?1 AND partition=?2 "
        "AND filters=?3"
        " AND columns=?4)",
        "DELETE FROM entry WHERE owner=?1 AND partition=?2 AND filters=?3 AND columns=?4"};
    bool ok = true;

    for (size_t i = 0; i < 2 && ok; i++) {
        sqlite3_stmt *s = NULL;
        ok = sqlite3_prepare_v2(c->db, sqls[i], -1, &s, NULL) == SQLITE_OK;
        if (ok) {
            (void)sqlite3_bind_text(s, 1, w->owner, -1, SQLITE_STATIC);
            (void)sqlite3_bind_text(s, 2, w->partition, -1, SQLITE_STATIC);
            (void)sqlite3_bind_blob64(s, 3, w->filters, w->filters_len, SQLITE_STATIC);
            (void)sqlite3_bind_text(s, 4, w->columns, -1, SQLITE_STATIC);
            ok = sqlite3_step(s) == SQLITE_DONE;
        }
        (void)sqlite3_finalize(s);
    }
    return ok;
}

static bool insert_chunks(struct cache *c, const struct cache_writer *w, int64_t id)
{
    A_CLEAN(buf_done) struct buf data = BUF(CACHE_CHUNK_MAX);
    int64_t seq = 0;
    bool ok = true;

    for (const struct batch *b = w->first; ok && b; b = b->next, seq++) {
        sqlite3_stmt *s = NULL;
        buf_reset(&data);
        cache_chunk_pack(b, b->next == NULL, &data);
        ok = !buf_failed(&data) && sqlite3_prepare_v2(c->db, "INSERT INTO chunk VALUES(?1,?2,?3)",
                                                      -1, &s, NULL) == SQLITE_OK;
        if (ok) {
            (void)sqlite3_bind_int64(s, 1, id);
            (void)sqlite3_bind_int64(s, 2, seq);
            (void)sqlite3_bind_blob64(s, 3, data.ptr, data.len, SQLITE_STATIC);
            ok = sqlite3_step(s) == SQLITE_DONE;
        }
        (void)sqlite3_finalize(s);
    }
    return ok;
}

void cache_store(struct cache *c, const struct cache_writer *w)
{
    int64_t id = 0;

    (void)pthread_mutex_lock(&c->lock);
    if (ready(c) && exec(c, "BEGIN IMMEDIATE")) {
        bool ok = delete_older(c, w) && insert_entry(c, w, &id) && insert_chunks(c, w, id) &&
                  evict(c) && exec(c, "COMMIT");
        if (!ok) {
            int code = sqlite3_errcode(c->db);
            (void)exec(c, "ROLLBACK");
            failed(c, code);
        }
    }
    (void)pthread_mutex_unlock(&c->lock);
}
