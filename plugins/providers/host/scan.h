/* One list() call: what is wanted, what is filtered, and the row under construction.
 *
 *     if (scan_wants(s, PROCESS_rss)) …read what it needs…
 *     scan_int(s, PROCESS_pid, pid);            columns that aren't wanted are dropped
 *     if ((rc = scan_row(s)) != 0) return rc;   sends the row and starts the next
 *
 * A column that is not set is NULL in that row; one that could not be read is ABSENT, with one
 * warning a table (scan_denied()).  Text is copied and made valid UTF-8.  Belongs to one thread. */
#ifndef HOST_SCAN_H
#define HOST_SCAN_H
#include "names.h"
#include "root.h"

enum { SCAN_COLUMNS_MAX = 64 };

struct scan_chunk;
struct scan {
    const struct root *root;
    const allora_host *host;
    allora_ctx *ctx;
    const allora_list_request *req;
    const allora_sink *sink;
    allora_error *err;
    allora_value *cells;            /* one a wanted column */
    int16_t slot[SCAN_COLUMNS_MAX]; /* column → cell; -1: not wanted */
    struct scan_chunk *text;        /* the row's texts */
    struct names users, groups;     /* read when first asked for */
    struct bytes buf;               /* for whoever reads one file at a time */
    uint64_t rows, denied;          /* rows sent; rows with cells that only root may see */
    bool nomem, partial;
};

/* `n_columns`: of the table.  Fails with ALLORA_E_NOMEM or, on a request that names a column there
 * isn't, ALLORA_E_ARG. */
int32_t scan_open(struct scan *s, const struct root *root, const allora_host *host, allora_ctx *ctx,
                  const allora_list_request *req, uint32_t n_columns, const allora_sink *sink,
                  allora_error *err);
void scan_close(struct scan *s);

static inline bool scan_wants(const struct scan *s, uint32_t column)
{
    return s->slot[column] >= 0;
}
void scan_int(struct scan *s, uint32_t column, int64_t v);
void scan_bool(struct scan *s, uint32_t column, bool v);
void scan_real(struct scan *s, uint32_t column, double v);
void scan_time(struct scan *s, uint32_t column, int64_t us);
void scan_text(struct scan *s, uint32_t column, const char *text); /* NULL: NULL */
void scan_text_n(struct scan *s, uint32_t column, const char *p, size_t n);
void scan_json(struct scan *s, uint32_t column, const char *p, size_t n); /* must be valid JSON */
void scan_absent(struct scan *s, uint32_t column);
/* Rounded to two decimals; NULL when `whole` is 0. */
void scan_percent(struct scan *s, uint32_t column, double part, double whole);
/* By result of a read: EACCES and EPERM make the cell ABSENT and count the row, anything else
 * leaves NULL. */
void scan_failed(struct scan *s, uint32_t column, int rc);

/* Sends the row.  0 to go on; ALLORA_STOP or a failure to return at once. */
int32_t scan_row(struct scan *s);

/* Pushed filters on one column: true unless one of them rules the value out.  Operators and types
 * that aren't understood rule nothing out; the host checks again. */
bool scan_allows_int(const struct scan *s, uint32_t column, int64_t v);
bool scan_allows_bool(const struct scan *s, uint32_t column, bool v);
bool scan_allows_text(const struct scan *s, uint32_t column, const char *v);
bool scan_filters(const struct scan *s, uint32_t column); /* is there any filter on it? */
/* The bounds that filters set on a time or integer column; untouched where there are none. */
void scan_range(const struct scan *s, uint32_t column, int64_t *min, int64_t *max);
/* The integers that an EQ or IN filter leaves, at most `max`: the number found, or -1 when any
 * value may match. */
int scan_ints(const struct scan *s, uint32_t column, int64_t *ret, int max);

/* One warning event.  code: a status.  hint may be NULL. */
void scan_warn(struct scan *s, int32_t code, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Warns once when rows were denied cells: "program files of 12 of 90 processes could not be read".
 */
void scan_warn_denied(struct scan *s, const char *rows, const char *what);
/* User's or group's name; a number where there is none.  Valid until the next call. */
const char *scan_user(struct scan *s, uint32_t uid);
const char *scan_group(struct scan *s, uint32_t gid);
/* 0, or the status to return: cancelled or timed out. */
int32_t scan_cancelled(struct scan *s);
#endif
