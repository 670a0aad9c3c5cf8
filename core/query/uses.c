/* The tables a statement names.  Every word of its text that is a table's name is registered as a
 * module, which costs a fraction of a microsecond and parses nothing; a word that merely looks like
 * one does no harm. */
#include "query/statement.h"

#include "base/err.h"
#include "base/str.h"
#include "query/sqltext.h"
#include "query/view.h"

#include <string.h>

enum { MAX_NAME = 128, MAX_TABLES = 400 /* SQLite's limit on the arms of a UNION is 500 */ };

struct table_use *statement_use(struct statement *st, const char *name)
{
    for (struct table_use *u = st->uses; u; u = u->next) {
        if (streq_nocase(u->name, name))
            return u;
    }
    return NULL;
}

int32_t statement_add_use(struct statement *st, const char *name, const char *view,
                          allora_error *err)
{
    struct table_use *u = statement_use(st, name), **at = &st->uses;
    uint32_t n = 0;

    if (u) {
        u->direct = u->direct || !view;
        u->view = u->view ? u->view : view;
        return ALLORA_OK;
    }
    for (; *at; at = &(*at)->next)
        n++;
    if (n == MAX_TABLES)
        return err_set(err, ALLORA_E_ARG, "more than %d tables in one statement", MAX_TABLES);
    u = arena_array(&st->mem, 1, sizeof *u);
    char *copy = arena_strdup(&st->mem, name);
    if (!u || !copy)
        return err_nomem(err);
    u->st = st;
    u->name = copy;
    u->direct = !view;
    u->view = view;
    *at = u;
    if (sqlite3_create_module(st->db, copy, &table_module, u) != SQLITE_OK)
        return err_nomem(err);
    return ALLORA_OK;
}

/* SQLite declares its own virtual tables with statements that the authorizer would deny: so before
 * it stands guard. */
static void connect_json(struct statement *st, const char *name)
{
    static const char *const texts[] = {"SELECT 1 FROM json_each('[]')",
                                        "SELECT 1 FROM json_tree('[]')"};
    sqlite3_stmt *unused = NULL;

    (void)sqlite3_prepare_v2(st->db, texts[streq(name, "json_tree")], -1, &unused, NULL);
    (void)sqlite3_finalize(unused);
}

int32_t statement_find_tables(struct statement *st, allora_error *err)
{
    const char *sql = st->q->sql;
    const struct view_def *made[8];
    size_t n = strlen(sql), pos = 0, n_made = 0;
    char name[MAX_NAME];
    int32_t status = ALLORA_OK;

    while (status == ALLORA_OK) {
        struct sql_token t = sql_next(sql, n, &pos);
        if (t.kind == SQL_END)
            break;
        if (!sql_name(sql, t, name, sizeof name))
            continue;
        const struct view_def *view = view_find(name);
        if (streq(name, "json_each") || streq(name, "json_tree"))
            connect_json(st, name);
        if (source_find(&st->engine->source, REGISTRY_TABLES, name)) {
            status = statement_add_use(st, name, NULL, err);
        } else if (view) {
            size_t i = 0;
            while (i < n_made && made[i] != view)
                i++;
            if (i < n_made || i == sizeof made / sizeof *made)
                continue;
            made[n_made++] = view;
            status = view_create(st, view, err);
        }
    }
    st->n_views = (uint32_t)n_made;
    return status;
}
