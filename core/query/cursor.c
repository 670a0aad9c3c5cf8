/* Cursors: a scan read as it comes, or rows kept in a spool.
 *
 * A run whose values are all constants streams.  The inner side of a join (values that vary) reads
 * the whole table once, with the constants pushed, into a spool, and answers each outer row from an
 * index over it.  So does any plan that is run again. */
#include "query/statement.h"

#include "base/err.h"
#include "base/mem.h"
#include "query/timetext.h"

#include <string.h>

enum { JSON_SUBTYPE = 74 /* what SQLite's json functions mark their results with */ };

struct cursor {
    sqlite3_vtab_cursor base;
    struct table_use *use;
    struct plan *plan;
    struct arena mem;        /* one run's values */
    const allora_value *row; /* NULL: at the end */
    const void *texts;
    uint64_t row_number;
    bool active; /* counted in the statement's n_active */
    /* streaming */
    struct scan *scan;
    struct batch *batch;
    uint32_t next_row;
    struct spool
        *tee; /* what streams is kept too: another cursor is open, so this may be read again */
    const char *tee_name;
    /* spooled */
    bool spooled;
    struct spool_cursor probe;
};

static struct statement *statement_of(const struct cursor *c)
{
    return c->use->st;
}

int cursor_open(sqlite3_vtab *v, sqlite3_vtab_cursor **ret)
{
    struct cursor *c = mem_zalloc(sizeof *c);

    if (!c)
        return SQLITE_NOMEM;
    c->use = ((struct table_vtab *)v)->use;
    arena_init(&c->mem, 0);
    *ret = &c->base;
    return SQLITE_OK;
}

static void set_active(struct cursor *c, bool active)
{
    if (active && !c->active)
        statement_of(c)->n_active++;
    else if (!active && c->active)
        statement_of(c)->n_active--;
    c->active = active;
}

static void finish_scan(struct cursor *c)
{
    struct scan_outcome outcome;

    if (!c->scan)
        return;
    scan_finish(c->scan, &outcome, statement_warn, statement_of(c));
    use_add_outcome(c->use, &outcome);
    c->scan = NULL;
    c->batch = NULL;
}

static void stop(struct cursor *c)
{
    finish_scan(c);
    if (statement_of(c)->streaming == c)
        statement_of(c)->streaming = NULL;
    spool_free(c->tee);
    c->tee = NULL;
    c->row = NULL;
    c->spooled = false;
    set_active(c, false);
}

int cursor_close(sqlite3_vtab_cursor *base)
{
    struct cursor *c = (struct cursor *)base;

    stop(c);
    spool_cursor_done(&c->probe);
    arena_done(&c->mem);
    free(c);
    return SQLITE_OK;
}

static int at_end(struct cursor *c)
{
    c->row = NULL;
    set_active(c, false);
    return SQLITE_OK;
}

/* A table behind a unified view that cannot be read leaves the view's other tables standing. */
static int scan_failed(struct cursor *c, int32_t status, const allora_error *err)
{
    struct statement *st = statement_of(c);
    struct buf json = BUF(4096);

    if (!c->use->view || c->use->direct || status == ALLORA_E_CANCELLED ||
        status == ALLORA_E_TIMEOUT) {
        stop(c);
        return vtab_fail(st, status, err);
    }
    warning_json(&json, status, err, c->use->name);
    if (!buf_failed(&json))
        statement_warn(st, (allora_str){json.ptr, json.len});
    buf_done(&json);
    st->partial = true;
    st->scans_failed++;
    if (st->view_status == ALLORA_OK) {
        st->view_status = status;
        err_copy(&st->view_err, err);
    }
    finish_scan(c);
    c->use->failed = c->use->failed ? c->use->failed : 1;
    return at_end(c);
}

/* ---- streaming
 * ------------------------------------------------------------------------------------------ */

/* All rows came by: the copy is complete, and may serve the next run. */
static int keep_tee(struct cursor *c)
{
    struct statement *st = statement_of(c);
    allora_error err = ERR_INIT;
    void *old = NULL;

    int32_t status = spool_seal(c->tee, &err);
    if (status == ALLORA_OK)
        status = map_put(&st->spools, c->tee_name, c->tee, &old);
    if (status != ALLORA_OK) {
        spool_free(c->tee);
        c->tee = NULL;
        return vtab_fail(st, status, &err);
    }
    c->tee = NULL;
    spool_free(old);
    return SQLITE_OK;
}

static int next_batch(struct cursor *c)
{
    allora_error err = ERR_INIT;
    int32_t status = scan_next(c->scan, &c->batch, &err);

    if (status == ALLORA_OK && c->batch && c->tee)
        status = spool_add(c->tee, c->batch, &err);
    if (status != ALLORA_OK)
        return scan_failed(c, status, &err);
    if (!c->batch) {
        statement_of(c)->scans_ok++;
        finish_scan(c);
        int rc = c->tee ? keep_tee(c) : SQLITE_OK;
        return rc == SQLITE_OK ? at_end(c) : rc;
    }
    c->texts = c->batch->data;
    c->next_row = 1;
    c->row = batch_row(c->batch, 0);
    c->row_number++;
    return SQLITE_OK;
}

static int stream(struct cursor *c, const struct plan_run *r)
{
    struct statement *st = statement_of(c);
    allora_error err = ERR_INIT;

    if (st->n_active > 0 && !r->limit) {
        c->tee = spool_new(c->plan->n_wanted, st->engine->tmp_dir);
        c->tee_name = arena_strdup(&st->mem, r->name);
        if (!c->tee || !c->tee_name)
            return SQLITE_NOMEM;
    }
    int32_t status = run_start(c->plan, r, true, &c->scan, &err);
    if (status != ALLORA_OK)
        return vtab_fail(st, status, &err);
    set_active(c, true);
    st->streaming = c;
    return next_batch(c);
}

/* ---- spooled
 * ---------------------------------------------------------------------------------------------- */

/* The rows of this run, read now unless they are here already.  SQLITE_OK with *ret NULL: the table
 * failed, softly. */
static int materialise(struct cursor *c, const struct plan_run *r, struct spool **ret)
{
    struct statement *st = statement_of(c);
    allora_error err = ERR_INIT;
    void *old = NULL;

    *ret = map_get(&st->spools, r->name);
    if (*ret)
        return SQLITE_OK;
    struct spool *spool = spool_new(c->plan->n_wanted, st->engine->tmp_dir);
    if (!spool)
        return SQLITE_NOMEM;
    int32_t status = run_start(c->plan, r, false, &c->scan, &err);
    if (status == ALLORA_OK)
        status = run_read(c->scan, spool, &err);
    if (status != ALLORA_OK) {
        spool_free(spool);
        return scan_failed(c, status, &err);
    }
    st->scans_ok++;
    finish_scan(c);
    status = map_put(&st->spools, r->name, spool, &old);
    if (status != ALLORA_OK) {
        spool_free(spool);
        return SQLITE_NOMEM;
    }
    *ret = spool;
    return SQLITE_OK;
}

static int next_spooled(struct cursor *c)
{
    allora_error err = ERR_INIT;
    int32_t status = spool_next(&c->probe, &err);

    if (status == ALLORA_STOP)
        return at_end(c);
    if (status != ALLORA_OK)
        return vtab_fail(statement_of(c), status, &err);
    c->row = c->probe.cells;
    c->texts = c->probe.base;
    c->row_number = c->probe.row;
    return SQLITE_OK;
}

static int probe(struct cursor *c, const struct plan_run *r)
{
    const struct spool_index *index = NULL;
    struct spool *spool;
    allora_error err = ERR_INIT;
    int rc = materialise(c, r, &spool);

    if (rc != SQLITE_OK || !spool)
        return rc;
    if (r->n_keys > 0) {
        int32_t status = spool_index(spool, r->keys, r->n_keys, &index, &err);
        if (status != ALLORA_OK)
            return vtab_fail(statement_of(c), status, &err);
    }
    spool_seek(&c->probe, spool, index, r->hash);
    c->spooled = true;
    set_active(c, true);
    return next_spooled(c);
}

/* ---- SQLite's side
 * ----------------------------------------------------------------------------------------- */

int cursor_filter(sqlite3_vtab_cursor *base, int plan, const char *text, int argc,
                  sqlite3_value **argv)
{
    struct cursor *c = (struct cursor *)base;
    struct statement *st = statement_of(c);
    struct plan_run r = {.mem = &c->mem};

    (void)text;
    (void)argc;
    stop(c);
    arena_reset(&c->mem);
    c->row_number = 0;
    c->plan = st->plans[plan];
    if (!c->plan->wanted && plan_columns(st, c->plan) != ALLORA_OK)
        return SQLITE_NOMEM;
    if (plan_values(st, c->plan, argv, &r) != ALLORA_OK)
        return SQLITE_NOMEM;
    bool again = c->plan->runs++ > 0;
    if (r.none)
        return SQLITE_OK;
    if (c->plan->keyed && !map_get(&st->spools, r.name))
        return keyed_miss(c->plan, &r);
    if (r.n_keys > 0 || again || st->keyed || st->stable || map_get(&st->spools, r.name))
        return probe(c, &r);
    return stream(c, &r);
}

int cursor_next(sqlite3_vtab_cursor *base)
{
    struct cursor *c = (struct cursor *)base;

    if (!c->row)
        return SQLITE_OK; /* cursor_each() has been to the end */
    if (c->spooled)
        return next_spooled(c);
    if (c->next_row < c->batch->n_rows) {
        c->row += c->batch->n_cols;
        c->next_row++;
        c->row_number++;
        return SQLITE_OK;
    }
    return next_batch(c);
}

int cursor_each(struct cursor *c,
                int32_t (*fn)(void *self, const allora_value *row, const void *texts), void *self,
                int32_t *ret)
{
    int rc = cursor_next(&c->base);

    *ret = ALLORA_OK;
    while (rc == SQLITE_OK && c->row) {
        *ret = fn(self, c->row, c->texts);
        if (*ret != ALLORA_OK)
            break;
        rc = cursor_next(&c->base);
    }
    return rc;
}

const struct plan *cursor_streams(const struct cursor *c)
{
    return c->row && c->scan && !c->tee ? c->plan : NULL;
}

int cursor_eof(sqlite3_vtab_cursor *base)
{
    return ((struct cursor *)base)->row == NULL;
}

static void result_time(sqlite3_context *out, int64_t us)
{
    char text[TIMETEXT_LEN];

    timetext_format(us, text);
    sqlite3_result_text(out, text, TIMETEXT_LEN, SQLITE_TRANSIENT);
}

int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *out, int column)
{
    const struct cursor *c = (const struct cursor *)base;
    int32_t cell = c->plan->cell_of[column];

    if (cell < 0)
        return SQLITE_OK; /* NULL: nobody looks at it */
    const allora_value *v = &c->row[cell];
    switch (v->type) {
    case ALLORA_V_BOOL:
    case ALLORA_V_INT:
        sqlite3_result_int64(out, v->u.i);
        break;
    case ALLORA_V_REAL:
        sqlite3_result_double(out, v->u.d);
        break;
    case ALLORA_V_TIME:
        result_time(out, v->u.i);
        break;
    case ALLORA_V_TEXT:
        /* TRANSIENT: the batch is recycled while SQLite may still hold the value (min(), max()). */
        sqlite3_result_text(out, cell_text(c->texts, v), (int)v->len, SQLITE_TRANSIENT);
        break;
    case ALLORA_V_JSON:
        sqlite3_result_text(out, cell_text(c->texts, v), (int)v->len, SQLITE_TRANSIENT);
        sqlite3_result_subtype(out, JSON_SUBTYPE);
        break;
    default:
        break; /* NULL, ABSENT */
    }
    return SQLITE_OK;
}

int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
    *ret = (sqlite3_int64)((struct cursor *)base)->row_number;
    return SQLITE_OK;
}
