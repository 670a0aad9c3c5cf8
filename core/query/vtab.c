/* The virtual table module: one registration per table that a statement names, connected when
 * SQLite first asks for it. */
#include "query/statement.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "query/timetext.h"

#include <string.h>

enum { MAX_DECLARATION = 4 << 20 };

int vtab_fail(struct statement *st, int32_t status, const allora_error *err)
{
    if (st->status == ALLORA_OK) {
        st->status = status;
        err_copy(&st->err, err);
    }
    return SQLITE_ERROR;
}

/* The type names give SQLite's affinities; TIME's collation makes texts compare as instants. */
static const char *declared_type(uint8_t type)
{
    switch (type) {
    case ALLORA_V_BOOL:
        return "BOOLEAN";
    case ALLORA_V_INT:
        return "INTEGER";
    case ALLORA_V_REAL:
        return "REAL";
    case ALLORA_V_TIME:
        return "TEXT"; /* with a collation: add_column() */
    default:
        return "TEXT";
    }
}

static void add_column(struct buf *b, const char *name, uint8_t type, bool hidden)
{
    buf_adds(b, "\"");
    for (const char *p = name; *p; p++)
        buf_adds(b, *p == '"' ? "\"\"" : (char[]){*p, '\0'});
    /* HIDDEN is part of the type's words, so the collation has to follow it. */
    buf_addf(b, "\" %s%s%s,", declared_type(type), hidden ? " HIDDEN" : "",
             type == ALLORA_V_TIME ? " COLLATE " TIMETEXT_COLLATION : "");
}

/* A name that a column, or an earlier alias, bears already. */
static bool taken(const struct table *t, uint32_t column, uint32_t alias)
{
    const char *name = t->columns[column].aliases[alias];

    for (uint32_t i = 0; i < t->n_columns; i++) {
        if (streq_nocase(t->columns[i].name, name))
            return true;
        for (uint32_t k = 0; k < t->columns[i].n_aliases; k++) {
            if (i == column && k == alias)
                return false;
            if ((i < column || (i == column && k < alias)) &&
                streq_nocase(t->columns[i].aliases[k], name))
                return true;
        }
    }
    return false;
}

static int32_t declaration(struct table_use *use, struct buf *b)
{
    const struct table *t = use->src.table;
    uint32_t n_hidden = 0;

    for (uint32_t i = 0; i < t->n_columns; i++)
        n_hidden += t->columns[i].n_aliases;
    uint32_t *hidden = arena_array(&use->st->mem, n_hidden + 1, sizeof *hidden);
    use->read = arena_array(&use->st->mem, t->n_columns + 1, 1);
    if (!hidden || !use->read)
        return ALLORA_E_NOMEM;
    buf_adds(b, "CREATE TABLE x(");
    for (uint32_t i = 0; i < t->n_columns; i++)
        add_column(b, t->columns[i].name, t->columns[i].type, false);
    for (uint32_t i = 0; i < t->n_columns; i++) {
        for (uint32_t k = 0; k < t->columns[i].n_aliases; k++) {
            if (taken(t, i, k))
                continue;
            add_column(b, t->columns[i].aliases[k], t->columns[i].type, true);
            hidden[use->n_hidden++] = i;
        }
    }
    use->hidden = hidden;
    if (buf_failed(b))
        return ALLORA_E_NOMEM;
    b->ptr[b->len - 1] = ')';
    return ALLORA_OK;
}

static int connect_table(sqlite3 *db, void *aux, int argc, const char *const *argv,
                         sqlite3_vtab **ret, char **ret_message)
{
    struct table_use *use = aux;
    struct table_source *source = &use->st->engine->source;
    struct buf sql = BUF(MAX_DECLARATION);
    allora_error err = ERR_INIT;

    (void)argc;
    (void)argv;
    int32_t status = source->table(source->self, use->name, &use->src, &err);
    if (status == ALLORA_OK && use->src.table->n_columns == 0)
        status = err_set(&err, ALLORA_E_UNSUPPORTED, "%s has no columns", use->name);
    if (status == ALLORA_OK && declaration(use, &sql) != ALLORA_OK)
        status = err_nomem(&err);
    int rc = SQLITE_OK;
    if (status != ALLORA_OK) {
        *ret_message = sqlite3_mprintf("%s", err.message);
        rc = vtab_fail(use->st, status, &err);
    } else {
        /* SQLite runs this as a statement of its own, which the authorizer must let pass. */
        use->st->declaring = true;
        rc = sqlite3_declare_vtab(db, sql.ptr);
        use->st->declaring = false;
    }
    buf_done(&sql);
    if (rc != SQLITE_OK)
        return rc;
    struct table_vtab *v = mem_zalloc(sizeof *v);
    if (!v)
        return SQLITE_NOMEM;
    v->use = use;
    *ret = &v->base;
    return SQLITE_OK;
}

static int disconnect_table(sqlite3_vtab *v)
{
    free(v);
    return SQLITE_OK;
}

/* xCreate NULL: an eponymous-only table, which exists without CREATE VIRTUAL TABLE. */
const sqlite3_module table_module = {
    .iVersion = 0,
    .xConnect = connect_table,
    .xBestIndex = plan_best_index,
    .xDisconnect = disconnect_table,
    .xOpen = cursor_open,
    .xClose = cursor_close,
    .xFilter = cursor_filter,
    .xNext = cursor_next,
    .xEof = cursor_eof,
    .xColumn = cursor_column,
    .xRowid = cursor_rowid,
};
