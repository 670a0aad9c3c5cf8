/* What a statement may do: read tables and views that were found for it, and call SQLite's own
 * functions that touch nothing else. Everything not named here is denied. */
#include "query/statement.h"

#include "base/err.h"
#include "base/str.h"
#include "query/view.h"
#include "security/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* https://www.sqlite.org/lang_corefunc.html, lang_aggfunc, windowfunctions, lang_datefunc,
 * lang_mathfunc, json1.  Sorted. */
static const char *const functions[] = {
    "->",
    "->>",
    "abs",
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "avg",
    "ceil",
    "ceiling",
    "changes",
    "char",
    "coalesce",
    "cos",
    "cosh",
    "count",
    "cume_dist",
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "datetime",
    "degrees",
    "dense_rank",
    "exp",
    "first_value",
    "floor",
    "format",
    "glob",
    "group_concat",
    "hex",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_error_position",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_patch",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_type",
    "json_valid",
    "julianday",
    "lag",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "ln",
    "log",
    "log10",
    "log2",
    "lower",
    "ltrim",
    "max",
    "min",
    "mod",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "percent_rank",
    "pi",
    "pow",
    "power",
    "printf",
    "quote",
    "radians",
    "random",
    "randomblob",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtrim",
    "sign",
    "sin",
    "sinh",
    "soundex",
    "sqlite_version",
    "sqrt",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "tan",
    "tanh",
    "time",
    "timediff",
    "total",
    "trim",
    "trunc",
    "typeof",
    "unhex",
    "unicode",
    "unixepoch",
    "unlikely",
    "upper",
    "zeroblob",
};

void authorize_functions(void (*offer)(void *arg, const char *name), void *arg)
{
    for (size_t i = 2; i < sizeof functions / sizeof *functions; i++)
        offer(arg, functions[i]);
}

static int by_name(const void *key, const void *element)
{
    const char *a = key, *b = *(const char *const *)element;

    for (; *a && *b; a++, b++) {
        char c = *a >= 'A' && *a <= 'Z' ? (char)(*a + 32) : *a;
        if (c != *b)
            return (unsigned char)c - (unsigned char)*b;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

static int deny(struct statement *st, int32_t status, const allora_error *err)
{
    (void)vtab_fail(st, status, err);
    return SQLITE_DENY;
}

static int deny_words(struct statement *st, const char *what, const char *name)
{
    allora_error err = ERR_INIT;

    (void)err_set(&err, ALLORA_E_DENIED, "not allowed here: %s%s%s", what, name ? " " : "",
                  name ? name : "");
    err_hint(&err, "queries only read: select … from the tables that `allora table list` shows");
    return deny(st, ALLORA_E_DENIED, &err);
}

static int read_table(struct statement *st, struct table_use *use, const char *column)
{
    const struct table *t = use->src.table;
    allora_error err = ERR_INIT;
    char resource[256];

    if (!t)
        return SQLITE_DENY;
    int32_t i = column && *column ? table_column(t, column) : -1;
    for (uint32_t k = 0; i < 0 && column && *column && k < t->n_columns; k++) {
        if (streq_nocase(t->columns[k].name, column))
            i = (int32_t)k;
        for (uint32_t a = 0; i < 0 && a < t->columns[k].n_aliases; a++) {
            if (streq_nocase(t->columns[k].aliases[a], column))
                i = (int32_t)k;
        }
    }
    if (i >= 0) {
        if (use->read[i])
            return SQLITE_OK; /* asked and granted before */
        (void)snprintf(resource, sizeof resource, "%s.%s", use->name, t->columns[i].name);
    } else {
        (void)snprintf(resource, sizeof resource, "%s", use->name);
    }
    int32_t status = access_check(st->ctx->principal, "table.read", resource, &err);
    if (status != ALLORA_OK)
        return deny(st, status, &err);
    if (i >= 0)
        use->read[i] = 1;
    return SQLITE_OK;
}

static int read_any(struct statement *st, const char *table, const char *column, const char *inner)
{
    struct table_use *use = statement_use(st, table);

    if (use)
        return read_table(st, use, column);
    if (streq_nocase(table, "json_each") || streq_nocase(table, "json_tree"))
        return SQLITE_OK;
    if (view_find(table) || (view_by_shape(table) && inner))
        return SQLITE_OK;
    /* A WITH table of which no column is read comes by its name alone; columns of subqueries do not
     * come at all.  What is left are SQLite's own tables. */
    if (!*column && !str_starts(table, "sqlite_") && !str_starts(table, "pragma_") &&
        !streq_nocase(table, "dbstat"))
        return SQLITE_OK;
    return deny_words(st, "reading table", table);
}

static const char *action_name(int action)
{
    switch (action) {
    case SQLITE_ATTACH:
        return "ATTACH";
    case SQLITE_DETACH:
        return "DETACH";
    case SQLITE_PRAGMA:
        return "PRAGMA";
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
        return "transactions";
    case SQLITE_INSERT:
        return "INSERT";
    case SQLITE_UPDATE:
        return "UPDATE";
    case SQLITE_DELETE:
        return "DELETE";
    case SQLITE_ALTER_TABLE:
        return "ALTER TABLE";
    case SQLITE_ANALYZE:
        return "ANALYZE";
    case SQLITE_REINDEX:
        return "REINDEX";
    default:
        return "CREATE and DROP";
    }
}

int authorize(void *arg, int action, const char *a, const char *b, const char *c, const char *d)
{
    struct statement *st = arg;

    (void)c;
    if (st->declaring)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_READ:
        if (!a || !*a)
            return SQLITE_OK;
        return read_any(st, a, b ? b : "", d);
    case SQLITE_FUNCTION:
        if (b &&
            bsearch(b, functions, sizeof functions / sizeof *functions, sizeof *functions, by_name))
            return SQLITE_OK;
        return deny_words(st, "function", b);
    case SQLITE_PRAGMA:
        return deny_words(st, "PRAGMA", a);
    case SQLITE_UPDATE:
        /* What SQLite does to declare a virtual table of its own. */
        if (a && streq(a, "sqlite_master"))
            return deny_words(st, "SQLite's own tables", NULL);
        return deny_words(st, action_name(action), NULL);
    default:
        return deny_words(st, action_name(action), NULL);
    }
}
