/* What the parts of the SQLite driver share: opening (store_sqlite_open.c), keys (store_sqlite.c),
 * logs and leases (store_sqlite_log.c). */
#ifndef ALLORA_STORE_SQLITE_H
#define ALLORA_STORE_SQLITE_H
#include "store/driver.h"
#include <sqlite3.h>

enum sqlite_statement {
    GET,
    PUT_NEW,
    PUT_ANY,
    PUT_MATCH,
    REMOVE,
    SCAN,
    SCAN_REVERSE,
    LOG_APPEND,
    LOG_LAST,
    LOG_READ,
    LOG_READ_REVERSE,
    LOG_TRIM,
    LEASE_TAKE,
    LEASE_RELEASE,
    N_STATEMENTS
};
enum { SCHEMA_LOG = 2 }; /* since which there are logs and leases */

struct connection {
    sqlite3 *db;
    char *path;
    int64_t schema; /* older than this program's only where the file can't be written */
    int wait_ms;    /* for other writers */
    int64_t busy_since_us;
    bool relaxed;                           /* commits are not waited for */
    bool wrote;                             /* something that was */
    sqlite3_stmt *statements[N_STATEMENTS]; /* prepared on first use */
};

int32_t sqlite_open(const char *dir, bool create, int wait_ms, void **ret, allora_error *err);
void sqlite_close(void *connection);
/* Turns SQLite's last error into words that say what to do. */
int32_t sqlite_failed(const struct connection *c, int rc, allora_error *err);
/* The statement with its first two parameters bound.  A use within a use of it gets one of its own:
 * *ret_own. */
int32_t sqlite_use(struct connection *c, enum sqlite_statement which, const char *first,
                   const char *second, sqlite3_stmt **ret, bool *ret_own, allora_error *err);
/* Ends a use; the words of an error have to be taken before, as reset reports it again. */
void sqlite_finish(sqlite3_stmt *stmt, bool own);
/* A write is about to be made. */
int32_t sqlite_writes(struct connection *c, allora_error *err);

int32_t sqlite_log_append(void *connection, const char *log, uint64_t expected, int64_t at_us,
                          allora_str value, uint64_t *ret_seq, allora_error *err);
int32_t sqlite_log_last(void *connection, struct arena *mem, const char *log,
                        struct store_record *ret, allora_error *err);
int32_t sqlite_log_read(void *connection, const char *log, uint64_t after, bool reverse,
                        uint64_t limit, int32_t (*fn)(void *self, const struct store_record *),
                        void *self, allora_error *err);
int32_t sqlite_log_trim(void *connection, const char *log, uint64_t up_to, allora_error *err);
int32_t sqlite_lease_take(void *connection, const char *name, const char *owner, int64_t now_us,
                          int64_t until_us, allora_error *err);
int32_t sqlite_lease_release(void *connection, const char *name, const char *owner,
                             allora_error *err);
#endif
