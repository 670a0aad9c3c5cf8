/* One SQL statement on its way: its own SQLite connection, the tables it names, what the planner
 * decided, what was read, what went wrong.  Internal to core/query; one thread (the scans' workers
 * see none of it). */
#ifndef ALLORA_QUERY_STATEMENT_H
#define ALLORA_QUERY_STATEMENT_H
#include "base/arena.h"
#include "base/map.h"
#include "base/value.h"
#include "query/engine.h"
#include "query/scan.h"
#include "query/source.h"
#include "query/spool.h"
#include <sqlite3.h>

struct engine {
    struct table_source source;
    struct pool *pool;
    struct cache *cache;
    char *tmp_dir; /* for spools; NULL: the usual places */
};

enum { PLAN_TERMS = 64 };
struct plan_term { /* one constraint that xFilter gets a value for, in the order of its arguments */
    uint32_t column;      /* of the table, aliases resolved */
    uint8_t op;           /* SQLITE_INDEX_CONSTRAINT_* */
    bool in_list, binary; /* binary: compared as the column's own type is: BINARY, or by time */
    bool omitted;
    bool varies;         /* a correlated value: found out while running */
    int constraint;      /* index in the session */
    const char *literal; /* for explain; NULL when not known beforehand */
    const char *last;    /* its value on the plan's last run */
};
struct plan_session { /* what xBestIndex saw of one loop: a constraint that was once unusable
                         depends on another table */
    const sqlite3_index_info *info;
    int n;
    bool *unusable;
};
struct table_use;
struct plan {
    struct table_use *use;
    const struct plan_session *session;
    struct plan_term terms[PLAN_TERMS];
    uint32_t n_terms;
    int limit_arg, offset_arg; /* argument numbers, 0: none */
    uint64_t columns_used;     /* SQLite's colUsed */
    bool keyed;                /* the value of a required column is not known beforehand */
    /* set by the first run */
    uint64_t runs;
    const uint32_t *wanted; /* columns to fetch */
    const int32_t *cell_of; /* per declared column: its cell, or -1 */
    uint32_t n_wanted;
};
struct table_use { /* a table that the statement's text, or a view in it, names */
    struct table_use *next;
    struct statement *st;
    const char *name;
    struct source_table src; /* table NULL until SQLite asks for it */
    const uint32_t *hidden;  /* base column of each hidden (alias) column */
    uint32_t n_hidden;
    unsigned char *read;   /* per column: named by the statement */
    bool direct;           /* named in the text itself, not only through a view */
    const char *view;      /* the view it came by */
    bool missing_required; /* xBestIndex found no value for a required column */
    uint32_t required;
    /* provenance */
    uint64_t rows_read;
    uint32_t scans, partitions, failed, cached, pruned;
    int64_t as_of_us;
};
struct statement {
    struct engine *engine;
    allora_ctx *ctx;
    const struct query_request *q;
    const allora_sink *out;
    sqlite3 *db;
    struct arena mem;
    struct arena row_mem; /* of the row being sent */
    bool used_row_mem;
    struct table_use *uses;
    struct plan **plans;
    uint32_t n_plans, cap_plans;
    struct plan_session *session; /* the latest */
    struct map spools;            /* key text → struct spool *, complete ones */
    bool careful; /* the text has OR, RIGHT or FULL: keep SQLite from plans that need row numbers */
    bool stable;  /* such a plan was chosen all the same: every scan of a table reads one spool */
    bool outer;   /* it has outer joins */
    bool declaring; /* SQLite is told a table's columns */
    bool keyed;     /* some plan is: all tables are kept, so that the statement can be run again
                       (keyed.c) */
    bool collecting, refetch; /* a key was missing in this run; enough are: stop and fetch them */
    struct map missing;       /* run's name → struct keyed_run * */
    size_t key_batch;
    uint32_t keys_ok;
    unsigned n_active;        /* cursors in the middle of a scan */
    struct cursor *streaming; /* the last to begin a scan that streams, while it is open */
    int32_t status; /* the first thing that went wrong in a table, beside what SQLite makes of it */
    allora_error err;
    struct map warnings; /* seen texts */
    bool partial;
    uint32_t n_views, scans_ok, scans_failed;
    allora_error view_err; /* why a table behind a view could not be read */
    int32_t view_status;
    uint64_t rows_out, rows_seen; /* sent; come by in this run */
    bool truncated;               /* more rows than max_rows */
};

/* vtab.c: the module every table is registered with; aux is its table_use. */
extern const sqlite3_module table_module;
int vtab_fail(struct statement *st, int32_t status,
              const allora_error *err); /* keeps it, returns SQLITE_ERROR */
/* plan.c */
int plan_best_index(sqlite3_vtab *v, sqlite3_index_info *info);
/* wanted.c: the columns that a run of the plan must fetch, into the plan.  0 or ALLORA_E_NOMEM. */
int32_t plan_columns(struct statement *st, struct plan *p);
/* run.c: the values of one run, as filters and keys. */
struct plan_run { /* in `mem`, until the next run */
    struct arena *mem;
    allora_filter *constant; /* evaluated on every row; also what list() may get */
    uint32_t n_constant;
    allora_filter *pushed;
    uint32_t n_pushed;
    uint32_t keys[SPOOL_KEYS]; /* cells that must equal a value that varies */
    uint64_t hash;             /* of those values */
    uint32_t n_keys;
    bool none; /* no row can match */
    uint64_t limit;
    bool limit_pushed;
    const char *name; /* the rows it reads, as a text: table, columns, constants */
};
int32_t plan_values(struct statement *st, struct plan *p, sqlite3_value **argv,
                    struct plan_run *ret);
/* keyed.c */
int32_t run_start(const struct plan *p, const struct plan_run *r, bool streaming, struct scan **ret,
                  allora_error *err);
int32_t run_read(struct scan *scan, struct spool *spool,
                 allora_error *err); /* to its end, and seals */
void use_add_outcome(struct table_use *use, const struct scan_outcome *o);
int keyed_miss(const struct plan *p, const struct plan_run *r); /* SQLITE_OK: go on without rows */
int32_t keyed_fetch(struct statement *st, allora_error *err);   /* what was missed */
/* cursor.c */
int cursor_open(sqlite3_vtab *v, sqlite3_vtab_cursor **ret);
int cursor_close(sqlite3_vtab_cursor *c);
int cursor_filter(sqlite3_vtab_cursor *c, int plan, const char *text, int argc,
                  sqlite3_value **argv);
int cursor_next(sqlite3_vtab_cursor *c);
int cursor_eof(sqlite3_vtab_cursor *c);
int cursor_column(sqlite3_vtab_cursor *c, sqlite3_context *out, int column);
int cursor_rowid(sqlite3_vtab_cursor *c, sqlite3_int64 *ret);
struct cursor;
/* The plan of a cursor that stands on a row of a scan which nobody else reads; NULL otherwise. */
const struct plan *cursor_streams(const struct cursor *c);
/* Hands on all rows after the one it stands on, until fn's nonzero, which is *ret.  An SQLite code;
 * when it is not SQLITE_OK, the statement has the error. */
int cursor_each(struct cursor *c,
                int32_t (*fn)(void *self, const allora_value *row, const void *texts), void *self,
                int32_t *ret);

struct table_vtab {
    sqlite3_vtab base;
    struct table_use *use;
};

/* uses.c: the tables a statement names. */
struct table_use *statement_use(struct statement *st,
                                const char *name); /* NULL when it names none such */
int32_t statement_add_use(struct statement *st, const char *name, const char *view,
                          allora_error *err);
/* Registers what the text names: tables, views and their members. */
int32_t statement_find_tables(struct statement *st, allora_error *err);
/* view.c: creates the TEMP VIEW. */
struct view_def;
int32_t view_create(struct statement *st, const struct view_def *def, allora_error *err);
/* values.c: what a constraint's value means for a column. */
enum value_fit { FIT_NONE /* leave it to SQLite */, FIT_NEVER /* no row can match */, FIT_EXACT };
enum value_fit value_fit(const struct column *c, uint8_t *op /* ALLORA_OP_*, may change */,
                         sqlite3_value *v, allora_value *ret);
allora_value value_text(sqlite3_value *v); /* its bytes, borrowed; never a NULL pointer */
uint8_t value_op(int sqlite_op);           /* ALLORA_OP_*, 0 when it has none */
/* authorize.c */
int authorize(void *st, int action, const char *a, const char *b, const char *c, const char *d);
void authorize_functions(void (*offer)(void *arg, const char *name), void *arg);
/* sqlerror.c: turns SQLite's message into words, a hint and a place. */
int32_t sql_error(struct statement *st, int code, allora_error *err);
/* columns.c: types and units of the result's columns. */
struct result_column {
    allora_column column;
    uint8_t type;                /* how cells are turned back: BOOL, TIME, JSON, or 0 */
    const struct table_use *use; /* the table it comes straight from, and ... */
    uint32_t declared; /* ... its place among the columns that SQLite was told; NULL: none */
};
int32_t result_columns(struct statement *st, sqlite3_stmt *stmt, struct result_column **ret,
                       uint32_t *ret_n, allora_error *err);
/* straight.c: a statement that only names columns of one table. */
/* Does the text have that shape: select a, b as c from t, or select * from t? */
bool straight_shape(const char *sql);
/* Sends the rows after the first without SQLite's help, when the statement has the shape and its
 * cursor can: *ret_done.  0, ALLORA_STOP, or a failure as step_all() gives it. */
int32_t straight_rows(struct statement *st, const struct result_column *columns, uint32_t n,
                      allora_value *cells, bool *ret_done, allora_error *err);
/* statement.c */
int32_t statement_run(struct engine *e, allora_ctx *ctx, const struct query_request *q,
                      const allora_sink *out, allora_error *err);
void statement_warn(void *st, allora_str json);
/* explain.c */
int32_t statement_explain(struct statement *st, allora_error *err);
/* provenance.c */
int32_t statement_provenance(struct statement *st, int64_t started_us);
#endif
