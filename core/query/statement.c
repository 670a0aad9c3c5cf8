/* Running one statement, top to bottom: connect, find tables, compile, bind, step, report. */
#include "query/statement.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "query/sqltext.h"
#include "query/timetext.h"

#include <string.h>

enum {
    PROGRESS_OPS = 2000, /* virtual machine steps between looks at the clock */
    MAX_SQL = 1 << 20,
    MAX_VALUE = 256 << 20,
    MAX_WARNINGS = 200
};

void statement_warn(void *arg, allora_str json)
{
    struct statement *st = arg;
    void *old;

    if (st->warnings.n >= MAX_WARNINGS)
        return;
    A_FREE char *text = mem_strndup(json.ptr, json.len);
    if (text)
        (void)!map_put(&st->warnings, text, st, &old);
}

static int on_progress(void *arg)
{
    struct statement *st = arg;
    return ctx_cancelled(st->ctx) != 0;
}

static void set_limits(sqlite3 *db)
{
    (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, MAX_VALUE);
    (void)sqlite3_limit(db, SQLITE_LIMIT_SQL_LENGTH, 2 * MAX_SQL + (4 << 20));
    (void)sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    (void)sqlite3_limit(db, SQLITE_LIMIT_WORKER_THREADS, 0);
    (void)sqlite3_limit(db, SQLITE_LIMIT_EXPR_DEPTH, 500);
    (void)sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
    (void)sqlite3_limit(db, SQLITE_LIMIT_VDBE_OP, 10 * 1000 * 1000);
}

static int32_t open_database(struct statement *st, allora_error *err)
{
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_MEMORY;

    if (sqlite3_open_v2(":memory:", &st->db, flags, NULL) != SQLITE_OK)
        return err_nomem(err);
    set_limits(st->db);
    (void)sqlite3_db_config(st->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(st->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    /* A name in double quotes that is no column is a mistake, not a text. */
    (void)sqlite3_db_config(st->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    if (sqlite3_create_collation(st->db, TIMETEXT_COLLATION, SQLITE_UTF8, NULL, timetext_collate) !=
        SQLITE_OK)
        return err_nomem(err);
    sqlite3_progress_handler(st->db, PROGRESS_OPS, on_progress, st);
    return ALLORA_OK;
}

static int32_t prepare(struct statement *st, sqlite3_stmt **ret, allora_error *err)
{
    const char *sql = st->q->sql, *tail = NULL;
    size_t n = strlen(sql), pos;
    int rc = sqlite3_prepare_v3(st->db, sql, (int)n + 1, 0, ret, &tail);

    if (rc != SQLITE_OK)
        return sql_error(st, rc, err);
    if (!*ret) {
        int32_t status = err_set(err, ALLORA_E_ARG, "no SQL was given");
        err_hint(err, "for example: allora query \"select * from host_info\"");
        return status;
    }
    pos = (size_t)(tail - sql);
    struct sql_token t = sql_next(sql, n, &pos);
    while (t.kind == SQL_PUNCT && sql[t.at] == ';')
        t = sql_next(sql, n, &pos);
    if (t.kind != SQL_END)
        return err_set(err, ALLORA_E_ARG,
                       "one statement at a time: there is more after the first ;");
    return ALLORA_OK;
}

/* Does SQLite want to match rows of a table by their numbers?  Its plan says so in words. */
static bool needs_row_numbers(struct statement *st)
{
    struct buf sql = BUF(2 * MAX_SQL);
    sqlite3_stmt *plan = NULL;
    bool needs = false;

    buf_addf(&sql, "EXPLAIN QUERY PLAN %s", st->q->sql);
    if (!buf_failed(&sql) &&
        sqlite3_prepare_v3(st->db, sql.ptr, (int)sql.len + 1, 0, &plan, NULL) == SQLITE_OK) {
        while (!needs && sqlite3_step(plan) == SQLITE_ROW) {
            const char *detail = (const char *)sqlite3_column_text(plan, 3);
            needs = detail && (strstr(detail, "MULTI-INDEX OR") || strstr(detail, "RIGHT-JOIN"));
        }
    }
    (void)sqlite3_finalize(plan);
    buf_done(&sql);
    return needs;
}

static int32_t compile(struct statement *st, sqlite3_stmt **ret, allora_error *err)
{
    const char *sql = st->q->sql;
    bool both = sql_has_word(sql, "right") || sql_has_word(sql, "full");

    st->outer = both || sql_has_word(sql, "left");
    st->careful = both || sql_has_word(sql, "or");
    int32_t status = prepare(st, ret, err);
    if (status != ALLORA_OK || !st->careful || sqlite3_stmt_isexplain(*ret) ||
        !needs_row_numbers(st))
        return status;
    (void)sqlite3_finalize(*ret);
    *ret = NULL;
    st->stable = true;
    return prepare(st, ret, err);
}

/* ---- parameters
 * ------------------------------------------------------------------------------------------ */

static int bind_value(sqlite3_stmt *stmt, int i, const json_node *v)
{
    enum json_type type = json_typeof(v);

    if (type == JSON_BOOL)
        return sqlite3_bind_int(stmt, i, json_bool(v, false));
    if (type == JSON_STRING)
        return sqlite3_bind_text(stmt, i, json_str(v, ""), -1, SQLITE_TRANSIENT);
    if (type != JSON_NUMBER)
        return sqlite3_bind_null(stmt, i);
    double d = json_num(v, 0);
    if (d >= -9007199254740992.0 && d <= 9007199254740992.0 && d == (double)(int64_t)d)
        return sqlite3_bind_int64(stmt, i, (int64_t)d);
    return sqlite3_bind_double(stmt, i, d);
}

static const json_node *param_value(const json_node *params, const char *name, int i,
                                    size_t *n_used)
{
    const json_node *v = NULL;

    if (json_typeof(params) == JSON_OBJECT)
        v = name ? json_get(params, name + 1) : NULL;
    else if (json_typeof(params) == JSON_ARRAY && (!name || *name == '?'))
        v = json_at(params, (size_t)i - 1);
    *n_used += v != NULL;
    return v;
}

static int32_t bind_params(struct statement *st, sqlite3_stmt *stmt, allora_error *err)
{
    const json_node *params = st->q->params;
    int n = sqlite3_bind_parameter_count(stmt);
    size_t used = 0;

    for (int i = 1; i <= n; i++) {
        const char *name = sqlite3_bind_parameter_name(stmt, i);
        const json_node *v = param_value(params, name, i, &used);
        if (!v && st->q->explain)
            continue;
        if (!v) {
            int32_t status = name
                                 ? err_set(err, ALLORA_E_ARG, "no value for the parameter %s", name)
                                 : err_set(err, ALLORA_E_ARG, "no value for parameter %d", i);
            err_hint(err, "give --param values: a list for ?, names for :name");
            return status;
        }
        if (bind_value(stmt, i, v) != SQLITE_OK)
            return err_set(err, ALLORA_E_ARG, "the value of parameter %d is too long", i);
    }
    if (used < json_count(params))
        return err_set(err, ALLORA_E_ARG, "%zu parameters were given, the statement uses %zu",
                       json_count(params), used);
    return ALLORA_OK;
}

/* ---- rows
 * ---------------------------------------------------------------------------------------------------
 */

static allora_value text_cell(sqlite3_value *value, const struct result_column *c)
{
    /* blob + bytes: value_text would copy every text to end it with a NUL. */
    const char *p = sqlite3_value_blob(value);
    size_t n = (size_t)sqlite3_value_bytes(value);
    allora_value v = {.type = ALLORA_V_TEXT, .len = (uint32_t)n, .u.p = p ? p : ""};
    int64_t us;

    if (c->type == ALLORA_V_JSON)
        v.type = ALLORA_V_JSON;
    else if (c->type == ALLORA_V_TIME && n == TIMETEXT_LEN && timetext_parse(p, n, &us))
        v = val_time(us);
    return v;
}

/* There is no type for bytes: they are shown in hexadecimal. */
static allora_value blob_cell(struct statement *st, sqlite3_value *value)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = sqlite3_value_blob(value);
    size_t n = (size_t)sqlite3_value_bytes(value);
    char *hex = arena_alloc(&st->row_mem, 2 * n + 1);

    if (!hex)
        return val_null();
    for (size_t k = 0; p && k < n; k++) {
        hex[2 * k] = digits[p[k] >> 4];
        hex[2 * k + 1] = digits[p[k] & 15];
    }
    return val_textn(hex, p ? 2 * n : 0);
}

/* column_value once and value_* after it: each column_* call would look for the column, take the
 * mutex that is not there and check for memory errors anew.  The connection is this thread's alone,
 * which is what column_value asks for. */
static void read_row(struct statement *st, sqlite3_stmt *stmt, const struct result_column *columns,
                     uint32_t n, allora_value *cells)
{
    for (uint32_t i = 0; i < n; i++) {
        sqlite3_value *value = sqlite3_column_value(stmt, (int)i);
        switch (sqlite3_value_type(value)) {
        case SQLITE_INTEGER:
            cells[i] = val_int(sqlite3_value_int64(value));
            if (columns[i].type == ALLORA_V_BOOL && (cells[i].u.i == 0 || cells[i].u.i == 1))
                cells[i].type = ALLORA_V_BOOL;
            break;
        case SQLITE_FLOAT:
            cells[i] = val_real(sqlite3_value_double(value));
            break;
        case SQLITE_TEXT:
            cells[i] = text_cell(value, &columns[i]);
            break;
        case SQLITE_BLOB:
            cells[i] = blob_cell(st, value);
            st->used_row_mem = true;
            break;
        default:
            cells[i] = val_null();
        }
        cells[i].flags = (uint8_t)columns[i].column.flags;
    }
}

/* Columns that no table stands behind get the type of their first value. */
static int32_t send_columns(struct statement *st, sqlite3_stmt *stmt, struct result_column *columns,
                            uint32_t n, bool has_row)
{
    static const uint8_t types[] = {0,
                                    [SQLITE_INTEGER] = ALLORA_V_INT,
                                    [SQLITE_FLOAT] = ALLORA_V_REAL,
                                    [SQLITE_TEXT] = ALLORA_V_TEXT,
                                    [SQLITE_BLOB] = ALLORA_V_TEXT,
                                    [SQLITE_NULL] = 0};
    const allora_column **list = arena_array(&st->mem, n + 1, sizeof *list);

    if (!list)
        return ALLORA_E_NOMEM;
    for (uint32_t i = 0; i < n; i++) {
        if (!columns[i].column.type && has_row)
            columns[i].column.type = types[sqlite3_column_type(stmt, (int)i)];
        list[i] = &columns[i].column;
    }
    return st->out->begin(st->out->self, list, n);
}

/* One row of this run: shown unless an earlier run has shown it, or a key is missing and it may not
 * be true. */
static int32_t send_row(struct statement *st, sqlite3_stmt *stmt,
                        const struct result_column *columns, uint32_t n, allora_value *cells)
{
    if (st->collecting || st->rows_seen++ < st->rows_out)
        return ALLORA_OK;
    if (st->q->max_rows && st->rows_out == st->q->max_rows) {
        st->truncated = true;
        return ALLORA_STOP;
    }
    read_row(st, stmt, columns, n, cells);
    int32_t status = st->out->row(st->out->self, cells, n);
    if (st->used_row_mem)
        arena_reset(&st->row_mem);
    st->rows_out += status == ALLORA_OK;
    return status;
}

/* A run that was cut short, or went on without some keys' rows: fetch them, and begin again. */
static int32_t begin_again(struct statement *st, sqlite3_stmt *stmt, allora_error *err)
{
    (void)sqlite3_reset(stmt);
    st->rows_seen = 0;
    return keyed_fetch(st, err);
}

static int32_t step_all(struct statement *st, sqlite3_stmt *stmt, struct result_column *columns,
                        uint32_t n, allora_error *err)
{
    allora_value *cells = arena_array(&st->mem, n + 1, sizeof *cells);
    bool begun = false, straight = straight_shape(st->q->sql);
    int32_t status = ALLORA_OK;

    if (!cells)
        return err_nomem(err);
    while (status == ALLORA_OK) {
        int rc = sqlite3_step(stmt);
        if (st->refetch || (rc == SQLITE_DONE && st->collecting)) {
            status = begin_again(st, stmt, err);
            continue;
        }
        if (rc != SQLITE_ROW && rc != SQLITE_DONE)
            return sql_error(st, rc, err);
        if (!begun && !st->collecting) {
            status = send_columns(st, stmt, columns, n, rc == SQLITE_ROW);
            begun = true;
        }
        if (status != ALLORA_OK || rc == SQLITE_DONE)
            break;
        status = send_row(st, stmt, columns, n, cells);
        if (status == ALLORA_OK && straight)
            status = straight_rows(st, columns, n, cells, &straight, err);
    }
    return status == ALLORA_STOP ? ALLORA_OK : status;
}

/* ---- the whole
 * ------------------------------------------------------------------------------------------------
 */

static int32_t run(struct statement *st, allora_error *err)
{
    sqlite3_stmt *stmt = NULL;
    struct result_column *columns;
    uint32_t n;
    int32_t status = open_database(st, err);

    if (status == ALLORA_OK)
        status = statement_find_tables(st, err);
    if (status != ALLORA_OK)
        return status;
    (void)sqlite3_set_authorizer(st->db, authorize, st);
    status = compile(st, &stmt, err);
    if (status == ALLORA_OK)
        status = bind_params(st, stmt, err);
    if (status == ALLORA_OK && st->q->explain) {
        status = statement_explain(st, err);
    } else if (status == ALLORA_OK) {
        status = result_columns(st, stmt, &columns, &n, err);
        if (status == ALLORA_OK)
            status = step_all(st, stmt, columns, n, err);
    }
    (void)sqlite3_finalize(stmt); /* closes cursors, which end their scans and report */
    /* Every table behind a view failed: there is nothing to be partial about. */
    if (status == ALLORA_OK && st->view_status != ALLORA_OK && st->scans_ok == 0) {
        err_copy(err, &st->view_err);
        status = st->view_status;
    }
    return status;
}

static void finish(struct statement *st)
{
    (void)sqlite3_close_v2(st->db);
    for (size_t i = 0; i < st->spools.n; i++)
        spool_free(st->spools.entries[i].value);
    map_done(&st->spools);
    map_done(&st->missing);
    map_done(&st->warnings);
    arena_done(&st->row_mem);
    arena_done(&st->mem);
}

static void send_warnings(struct statement *st)
{
    for (size_t i = 0; i < st->warnings.n; i++)
        (void)st->out->event(st->out->self, ALLORA_EV_WARNING, str_of(st->warnings.entries[i].key));
}

int32_t statement_run(struct engine *e, allora_ctx *parent, const struct query_request *q,
                      const allora_sink *out, allora_error *err)
{
    struct statement st = {.engine = e, .q = q, .out = out, .err = ERR_INIT, .view_err = ERR_INIT};
    int64_t started = clock_mono_us();

    if (strlen(q->sql) > MAX_SQL)
        return err_set(err, ALLORA_E_ARG, "the SQL is longer than %d bytes", MAX_SQL);
    A_CLEAN(ctx_closep) allora_ctx *ctx = ctx_open(parent, NULL, 0, 0);
    if (!ctx)
        return err_nomem(err);
    st.ctx = ctx;
    arena_init(&st.mem, 0);
    arena_init(&st.row_mem, 0);
    map_init(&st.spools);
    map_init(&st.missing);
    map_init(&st.warnings);
    int32_t status = run(&st, err);
    send_warnings(&st);
    if (status == ALLORA_OK && !q->explain)
        status = statement_provenance(&st, started);
    if (status == ALLORA_OK && st.partial)
        status = ALLORA_PARTIAL;
    finish(&st);
    return status;
}
