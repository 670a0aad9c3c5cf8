/* SQLite's complaints in the words, and at the place, that help: message, nearest names, offset.
 * SQLite tells the offset of syntax errors and of most names; for a missing table it tells none, so
 * the token is looked for. */
#include "query/statement.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "query/sqltext.h"
#include "query/view.h"

#include <stdio.h>
#include <string.h>

struct place {
    size_t at, len;
    bool known;
};

/* ---- names
 * -----------------------------------------------------------------------------------------------
 */

static void offer_tables(struct statement *st, struct nearest *n)
{
    const struct registry_name *names;
    size_t count = st->engine->source.names(st->engine->source.self, REGISTRY_TABLES, &names);

    for (size_t i = 0; i < count; i++)
        nearest_offer(n, names[i].name);
    for (size_t i = 0; i < view_n_defs; i++)
        nearest_offer(n, view_defs[i].name);
}

static void offer_columns(struct statement *st, struct nearest *n)
{
    for (const struct table_use *u = st->uses; u; u = u->next) {
        if (!u->src.table || !u->direct)
            continue;
        for (uint32_t i = 0; i < u->src.table->n_columns; i++) {
            nearest_offer(n, u->src.table->columns[i].name);
            for (uint32_t k = 0; k < u->src.table->columns[i].n_aliases; k++)
                nearest_offer(n, u->src.table->columns[i].aliases[k]);
        }
    }
    for (size_t i = 0; i < view_n_defs; i++) {
        if (!sql_has_word(st->q->sql, view_defs[i].name))
            continue;
        for (uint32_t k = 0; k < view_defs[i].n_columns; k++)
            nearest_offer(n, view_defs[i].columns[k].name);
    }
}

static void offer_function(void *arg, const char *name)
{
    nearest_offer(arg, name);
}

static bool hint_nearest(const struct nearest *n, allora_error *err)
{
    struct buf b = BUF(240);

    for (unsigned i = 0; i < n->n; i++)
        buf_addf(&b, "%s%s", i == 0 ? "did you mean " : i + 1 < n->n ? ", " : " or ", n->best[i]);
    if (n->n)
        err_hint(err, "%s?", buf_str(&b));
    buf_done(&b);
    return n->n > 0;
}

/* "aws_ec2_instanc" → "aws_ec2_*": what comes before the last underscore, if any table begins so.
 */
static void hint_listing(struct statement *st, const char *name, allora_error *err)
{
    const struct registry_name *names;
    size_t count = st->engine->source.names(st->engine->source.self, REGISTRY_TABLES, &names);
    const char *cut = strchr(name, '_');
    size_t len = cut ? (size_t)(cut - name) + 1 : 0;

    for (size_t i = 0; len && i < count; i++) {
        if (strncmp(names[i].name, name, len) == 0) {
            err_hint(err, "allora table list '%.*s*'", (int)len, name);
            return;
        }
    }
    err_hint(err, "allora table list");
}

/* ---- places
 * ------------------------------------------------------------------------------------------------
 */

/* The last part of "a.b.c". */
static const char *last_part(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot[1] ? dot + 1 : name;
}

/* The token that is this name; after FROM, JOIN or a comma if it is a table's. */
static struct place find_name(const char *sql, const char *name, bool table)
{
    size_t n = strlen(sql), pos = 0;
    struct place found = {0, 0, false};
    struct sql_token before = {SQL_END, 0, 0};

    for (;;) {
        struct sql_token t = sql_next(sql, n, &pos);
        if (t.kind == SQL_END)
            return found;
        if (sql_is(sql, t, last_part(name))) {
            bool source =
                sql_is(sql, before, "from") || sql_is(sql, before, "join") ||
                (before.kind == SQL_PUNCT && (sql[before.at] == ',' || sql[before.at] == '.'));
            if (!found.known || (table && source))
                found = (struct place){t.at, t.len, true};
            if (source || !table)
                return found;
        }
        before = t;
    }
}

static struct place token_at(const char *sql, int offset)
{
    size_t n = strlen(sql), pos = 0;

    if (offset < 0)
        return (struct place){0, 0, false};
    for (;;) {
        struct sql_token t = sql_next(sql, n, &pos);
        if (t.kind == SQL_END)
            return (struct place){t.at, 0, true};
        if (t.at + t.len > (size_t)offset)
            return (struct place){t.at, t.len, true};
    }
}

static void send_place(struct statement *st, struct place p)
{
    struct buf json = BUF(512);
    struct jsonw w = JSONW(&json);
    int64_t line = 1, column = 1;

    for (size_t i = 0; i < p.at && st->q->sql[i]; i++) {
        unsigned char c = (unsigned char)st->q->sql[i];
        if (c == '\n') {
            line++;
            column = 1;
        } else if ((c & 0xc0) != 0x80) {
            column++;
        }
    }
    jw_object(&w);
    jw_key(&w, "sql_error");
    jw_object(&w);
    jw_kint(&w, "offset", (int64_t)p.at);
    jw_kint(&w, "length", (int64_t)p.len);
    jw_kint(&w, "line", line);
    jw_kint(&w, "column", column);
    jw_end_object(&w);
    jw_end_object(&w);
    if (!buf_failed(&json))
        (void)st->out->event(st->out->self, ALLORA_EV_RESULT, (allora_str){json.ptr, json.len});
    buf_done(&json);
}

/* ---- kinds of complaint
 * -------------------------------------------------------------------------------------- */

static const char *after(const char *message, const char *prefix)
{
    return str_starts(message, prefix) ? message + strlen(prefix) : NULL;
}

static int32_t no_table(struct statement *st, const char *name, allora_error *err)
{
    struct table_source *source = &st->engine->source;
    struct nearest near;
    const char *plugin = source->who_provides(source->self, last_part(name));

    if (source_find(source, REGISTRY_TABLES, last_part(name)) == NULL && plugin) {
        (void)err_set(err, ALLORA_E_ARG,
                      "no table %s: the plugin %s has it, which is not installed", name, plugin);
        err_hint(err, "install the plugin %s, then allora plugin list", plugin);
    } else {
        (void)err_set(err, ALLORA_E_ARG, "no table %s", name);
        nearest_init(&near, last_part(name));
        offer_tables(st, &near);
        if (!hint_nearest(&near, err))
            hint_listing(st, name, err);
    }
    send_place(st, find_name(st->q->sql, name, true));
    return ALLORA_E_ARG;
}

static int32_t no_column(struct statement *st, const char *name, int offset, allora_error *err)
{
    struct nearest near;
    struct place p = token_at(st->q->sql, offset);
    struct table_use *only = st->uses && !st->uses->next ? st->uses : NULL;

    (void)err_set(err, ALLORA_E_ARG, only && only->direct ? "no column %s in %s" : "no column %s",
                  name, only ? only->name : "");
    nearest_init(&near, last_part(name));
    offer_columns(st, &near);
    if (p.known && st->q->sql[p.at] == '"')
        err_hint(err, "texts stand in single quotes: '%s'", name);
    else if (!hint_nearest(&near, err) && only)
        err_hint(err, "allora table describe %s", only->name);
    /* SQLite's offset is that of "a" in "a.b". */
    if (!p.known || strchr(name, '.'))
        p = find_name(st->q->sql, name, false);
    if (p.known)
        send_place(st, p);
    return ALLORA_E_ARG;
}

static int32_t no_function(struct statement *st, const char *name, int offset, allora_error *err)
{
    struct nearest near;
    struct place p = token_at(st->q->sql, offset);

    (void)err_set(err, ALLORA_E_ARG, "no function %s", name);
    nearest_init(&near, name);
    authorize_functions(offer_function, &near);
    (void)hint_nearest(&near, err);
    if (!p.known)
        p = find_name(st->q->sql, name, false);
    send_place(st, p);
    return ALLORA_E_ARG;
}

static int32_t missing_required(struct statement *st, allora_error *err)
{
    for (const struct table_use *u = st->uses; u; u = u->next) {
        if (!u->missing_required)
            continue;
        const char *column = u->src.table->columns[u->required].name;
        (void)err_set(err, ALLORA_E_ARG, "%s needs to know %s", u->name, column);
        err_hint(err, "add where %s = … or %s in (…), or join it with a table that has it", column,
                 column);
        send_place(st, find_name(st->q->sql, u->name, true));
        return ALLORA_E_ARG;
    }
    return ALLORA_OK;
}

/* Places and words for what SQLite could not compile. */
static int32_t bad_sql(struct statement *st, const char *message, int offset, allora_error *err)
{
    const char *name;

    if ((name = after(message, "no such table: ")) || (name = after(message, "no such view: ")) ||
        (name = after(message, "no such table-valued function: ")))
        return no_table(st, name, err);
    if ((name = after(message, "no such column: ")))
        return no_column(st, name, offset, err);
    if ((name = after(message, "no such function: ")))
        return no_function(st, name, offset, err);
    struct place p = token_at(st->q->sql, offset);
    if (!p.known && (name = after(message, "ambiguous column name: ")))
        p = find_name(st->q->sql, name, false);
    if ((name = after(message, "ambiguous column name: ")))
        (void)err_set(err, ALLORA_E_ARG,
                      "column %s is in more than one table: say which, as in table.%s", name,
                      last_part(name));
    else
        (void)err_set(err, ALLORA_E_ARG, "%s", message);
    if (p.known)
        send_place(st, p);
    return ALLORA_E_ARG;
}

int32_t sql_error(struct statement *st, int code, allora_error *err)
{
    char message[400];
    int offset = sqlite3_error_offset(st->db);
    int32_t status;

    (void)snprintf(message, sizeof message, "%s", sqlite3_errmsg(st->db));
    if (st->status != ALLORA_OK) {
        err_copy(err, &st->err);
        return err->code = st->status;
    }
    status = ctx_check(st->ctx, err);
    if (status != ALLORA_OK)
        return status;
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        (void)err_nomem(err);
        err_hint(err, "ask for fewer rows or columns at once");
        return ALLORA_E_NOMEM;
    case SQLITE_TOOBIG:
        return err_set(err, ALLORA_E_ARG, "the statement, or a text in it, is too long");
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
        status = err_set(err, ALLORA_E_CONFIG, "no room for temporary files: %s", message);
        err_hint(err, "free some space, or set TMPDIR to a folder with more of it");
        return status;
    default:
        break;
    }
    if (strstr(message, "no query solution")) {
        status = missing_required(st, err);
        if (status != ALLORA_OK)
            return status;
    }
    return bad_sql(st, message, offset, err);
}
