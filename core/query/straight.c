/* Most questions only name columns of one table.  SQLite compiles and starts such a statement like
 * any other, so that names, access and what is pushed down are settled the one way; once it has
 * given the first row, there is nothing left for its virtual machine to do but to copy cells, so
 * the rest of the rows go from the scan's batches to the reader. */
#include "query/statement.h"

#include "base/err.h"
#include "query/sqltext.h"

#include <math.h>
#include <string.h>

/* ---- the shape ---- */

struct text {
    const char *sql;
    size_t n, pos;
    struct sql_token t; /* the one to look at */
};

static void step(struct text *x)
{
    x->t = sql_next(x->sql, x->n, &x->pos);
}

static bool is(const struct text *x, const char *what)
{
    if (x->t.kind == SQL_PUNCT)
        return x->t.len == 1 && x->sql[x->t.at] == *what && !what[1];
    return x->t.kind == SQL_WORD && sql_is(x->sql, x->t, what);
}

static bool took(struct text *x, const char *what)
{
    bool found = is(x, what);
    if (found)
        step(x);
    return found;
}

static bool took_name(struct text *x)
{
    bool found = x->t.kind == SQL_WORD || x->t.kind == SQL_QUOTED;
    if (found)
        step(x);
    return found;
}

/* a, t.a, a as b: what it names, result_columns() knows.  A word that means something else there
 * (distinct, null, case) is followed by what is none of these, or names no column. */
static bool took_item(struct text *x)
{
    if (is(x, "from") || !took_name(x))
        return false;
    if (took(x, ".") && !took_name(x))
        return false;
    return !took(x, "as") || took_name(x);
}

bool straight_shape(const char *sql)
{
    struct text x = {.sql = sql, .n = strlen(sql)};

    step(&x);
    if (!took(&x, "select"))
        return false;
    if (!took(&x, "*")) {
        do {
            if (!took_item(&x))
                return false;
        } while (took(&x, ","));
    }
    if (!took(&x, "from") || !took_name(&x))
        return false;
    while (took(&x, ";"))
        ;
    return x.t.kind == SQL_END;
}

/* ---- the rows ---- */

struct straight {
    struct statement *st;
    const struct result_column *columns;
    uint32_t n;
    uint32_t *from; /* per result column: its cell in the scan's rows */
    allora_value *cells;
};

/* A cell as read_row() would have it after its way through SQLite, which knows no NaN. */
static allora_value cell_out(const allora_value *v, const void *texts)
{
    allora_value out = *v;

    switch (v->type) {
    case ALLORA_V_TEXT:
    case ALLORA_V_JSON:
        out.u.p = cell_text(texts, v);
        break;
    case ALLORA_V_BOOL:
        if (v->u.i != 0 && v->u.i != 1)
            out.type = ALLORA_V_INT;
        break;
    case ALLORA_V_REAL:
        if (isnan(v->u.d))
            out = val_null();
        break;
    case ALLORA_V_INT:
    case ALLORA_V_TIME:
        break;
    default:
        out = val_null();
    }
    return out;
}

static int32_t row_out(void *self, const allora_value *row, const void *texts)
{
    const struct straight *s = self;
    struct statement *st = s->st;

    st->rows_seen++;
    if (st->q->max_rows && st->rows_out == st->q->max_rows) {
        st->truncated = true;
        return ALLORA_STOP;
    }
    for (uint32_t i = 0; i < s->n; i++) {
        s->cells[i] = cell_out(&row[s->from[i]], texts);
        s->cells[i].flags = (uint8_t)s->columns[i].column.flags;
    }
    int32_t status = st->out->row(st->out->self, s->cells, s->n);
    st->rows_out += status == ALLORA_OK;
    return status;
}

int32_t straight_rows(struct statement *st, const struct result_column *columns, uint32_t n,
                      allora_value *cells, bool *ret_done, allora_error *err)
{
    struct straight s = {st, columns, n, arena_array(&st->mem, n + 1, sizeof *s.from), cells};
    const struct plan *plan = st->streaming ? cursor_streams(st->streaming) : NULL;
    int32_t status;

    *ret_done = false;
    if (!s.from)
        return err_nomem(err);
    if (!plan || st->keyed || st->stable || st->uses->next || plan->n_terms > 0)
        return ALLORA_OK;
    for (uint32_t i = 0; i < n; i++) {
        if (columns[i].use != plan->use || plan->cell_of[columns[i].declared] < 0)
            return ALLORA_OK;
        s.from[i] = (uint32_t)plan->cell_of[columns[i].declared];
    }
    int rc = cursor_each(st->streaming, row_out, &s, &status);
    if (rc != SQLITE_OK)
        return sql_error(st, rc, err);
    *ret_done = true;
    return status;
}
