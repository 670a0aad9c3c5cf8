/* What the result's columns are: where SQLite says a column comes straight from a table's (also
 * through views and subqueries), it has that one's type and unit.  For max(x), sum(x) and their
 * like the statement is prepared once more with the aggregate taken off, only to ask the same
 * question of x. */
#include "query/statement.h"

#include "base/err.h"
#include "base/str.h"
#include "query/sqltext.h"
#include "query/view.h"

struct origin {
    uint8_t type;
    const char *unit;
    uint32_t flags;
    bool found;
    const struct table_use *use; /* and the column's place among those declared */
    uint32_t declared;
};

static struct origin origin_of(struct statement *st, sqlite3_stmt *stmt, int i)
{
    const char *table = sqlite3_column_table_name(stmt, i);
    const char *name = sqlite3_column_origin_name(stmt, i);
    struct table_use *use = table ? statement_use(st, table) : NULL;
    const struct view_def *view = table ? view_by_shape(table) : NULL;

    if (use && use->src.table && name) {
        for (uint32_t k = 0; k < use->src.table->n_columns + use->n_hidden; k++) {
            const struct table *t = use->src.table;
            const struct column *c =
                &t->columns[k < t->n_columns ? k : use->hidden[k - t->n_columns]];
            bool is = streq_nocase(c->name, name);
            for (uint32_t a = 0; a < c->n_aliases && !is; a++)
                is = streq_nocase(c->aliases[a], name);
            if (is)
                return (struct origin){
                    c->type,
                    c->unit,
                    (c->sensitive ? ALLORA_VF_SENSITIVE : 0u) | (c->outside ? ALLORA_VF_OUTSIDE : 0u),
                    true,
                    use,
                    k};
        }
    }
    for (uint32_t k = 0; view && name && k < view->n_columns; k++) {
        if (streq(view->columns[k].name, name))
            return (struct origin){.type = view->columns[k].type,
                                   .unit = view->columns[k].unit,
                                   .flags = ALLORA_VF_OUTSIDE,
                                   .found = true};
    }
    return (struct origin){0};
}

/* The statement without its aggregates, prepared but never run. */
static sqlite3_stmt *without_aggregates(struct statement *st, int n)
{
    struct buf sql = BUF(4 << 20);
    sqlite3_stmt *stmt = NULL;
    int32_t status = st->status;

    if (sql_strip_aggregates(st->q->sql, &sql) &&
        sqlite3_prepare_v3(st->db, sql.ptr, (int)sql.len + 1, 0, &stmt, NULL) == SQLITE_OK &&
        sqlite3_column_count(stmt) != n) {
        (void)sqlite3_finalize(stmt);
        stmt = NULL;
    }
    st->status = status; /* what went wrong here concerns nobody */
    buf_done(&sql);
    return stmt;
}

static bool converts(uint8_t type)
{
    return type == ALLORA_V_BOOL || type == ALLORA_V_TIME || type == ALLORA_V_JSON;
}

int32_t result_columns(struct statement *st, sqlite3_stmt *stmt, struct result_column **ret,
                       uint32_t *ret_n, allora_error *err)
{
    int n = sqlite3_column_count(stmt);
    struct result_column *columns = arena_array(&st->mem, (size_t)n + 1, sizeof *columns);
    bool unknown = false;

    if (!columns)
        return err_nomem(err);
    for (int i = 0; i < n; i++) {
        struct origin o = origin_of(st, stmt, i);
        const char *name = sqlite3_column_name(stmt, i);
        columns[i].column = (allora_column){.size = (uint32_t)sizeof columns[i].column,
                                            .type = o.type,
                                            .flags = o.flags,
                                            .unit = o.unit,
                                            .name = arena_strdup(&st->mem, name ? name : "")};
        columns[i].type = converts(o.type) ? o.type : 0;
        columns[i].use = o.use;
        columns[i].declared = o.declared;
        unknown = unknown || !o.found;
        if (!columns[i].column.name)
            return err_nomem(err);
    }
    sqlite3_stmt *inner = unknown ? without_aggregates(st, n) : NULL;
    for (int i = 0; inner && i < n; i++) {
        struct origin o = origin_of(st, inner, i);
        if (columns[i].column.type || !o.found)
            continue;
        columns[i].column.unit = o.unit;
        columns[i].column.flags = o.flags;
        if (o.type == ALLORA_V_TIME)
            columns[i].column.type = columns[i].type = ALLORA_V_TIME;
    }
    (void)sqlite3_finalize(inner);
    *ret = columns;
    *ret_n = (uint32_t)n;
    return ALLORA_OK;
}
