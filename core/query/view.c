/* Unified views as TEMP VIEWs: a UNION ALL over the tables that manifests map onto them, made only
 * when a statement names the view. SQLite pushes the outer filters into each arm; a constant column
 * (provider, a fixed region) that cannot match ends its arm before its table is asked.
 *
 * The first and last arm are an empty table that has the view's columns with their types: it makes
 * the view exist when nothing maps onto it, gives times their collation, and lets result columns be
 * traced back to a type and a unit. */
#include "query/view.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "query/statement.h"
#include "query/timetext.h"

#include <string.h>

#define COMMON_HEAD(what)                                                                          \
    {"provider", ALLORA_V_TEXT, NULL, "which provider it is at"},                                  \
        {"account", ALLORA_V_TEXT, NULL, "account, subscription or project"},                      \
        {"region", ALLORA_V_TEXT, NULL, "region or location"},                                     \
        {"id", ALLORA_V_TEXT, NULL, "the provider's own identifier"},                              \
        {"name", ALLORA_V_TEXT, NULL, "what people call the " what},                               \
    {                                                                                              \
        "status", ALLORA_V_TEXT, NULL,                                                             \
            "running, stopped, pending, stopping, terminated, error or unknown"                    \
    }
#define COMMON_TAIL(what)                                                                          \
    {"created_at", ALLORA_V_TIME, NULL, "when the " what " was made"},                             \
        {"public", ALLORA_V_BOOL, NULL, "can be reached from the internet"},                       \
        {"encrypted", ALLORA_V_BOOL, NULL, "encrypted at rest"},                                   \
        {"tags", ALLORA_V_JSON, NULL, "tags or labels"},                                           \
    {                                                                                              \
        "raw", ALLORA_V_JSON, NULL, "all that the provider says"                                   \
    }

static const struct view_column vm_columns[] = {
    COMMON_HEAD("machine"), {"size", ALLORA_V_TEXT, NULL, "type or plan"}, COMMON_TAIL("machine")};
static const struct view_column bucket_columns[] = {
    COMMON_HEAD("bucket"), {"size", ALLORA_V_INT, "bytes", "stored bytes"}, COMMON_TAIL("bucket")};
static const struct view_column database_columns[] = {
    COMMON_HEAD("database"),
    {"size", ALLORA_V_INT, "bytes", "allocated storage"},
    COMMON_TAIL("database")};
static const struct view_column disk_columns[] = {
    COMMON_HEAD("disk"), {"size", ALLORA_V_INT, "bytes", "capacity"}, COMMON_TAIL("disk")};
static const struct view_column network_columns[] = {
    COMMON_HEAD("network"),
    {"size", ALLORA_V_TEXT, NULL, "address range or size"},
    COMMON_TAIL("network")};

#define VIEW(word, text)                                                                           \
    {                                                                                              \
#word, text, word##_columns, sizeof word##_columns / sizeof *word##_columns,               \
            "allora_shape_" #word                                                                  \
    }
const struct view_def view_defs[] = {
    VIEW(bucket, "Object storage buckets of every provider"),
    VIEW(database, "Databases of every provider"),
    VIEW(disk, "Disks and volumes of every provider"),
    VIEW(network, "Networks of every provider"),
    VIEW(vm, "Virtual machines of every provider"),
};
const size_t view_n_defs = sizeof view_defs / sizeof *view_defs;

const struct view_def *view_find(const char *name)
{
    for (size_t i = 0; i < view_n_defs; i++) {
        if (streq(view_defs[i].name, name))
            return &view_defs[i];
    }
    return NULL;
}

const struct view_def *view_by_shape(const char *shape)
{
    for (size_t i = 0; i < view_n_defs; i++) {
        if (streq(view_defs[i].shape, shape))
            return &view_defs[i];
    }
    return NULL;
}

bool view_reserves_table(const char *name)
{
    return view_find(name) || view_by_shape(name) || str_starts(name, "sqlite_");
}

/* ---- the empty table of a view's shape
 * ------------------------------------------------------------- */

static int shape_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
                         sqlite3_vtab **ret, char **ret_message)
{
    const struct view_def *def = aux;
    struct buf sql = BUF(4096);

    (void)argc;
    (void)argv;
    (void)ret_message;
    buf_adds(&sql, "CREATE TABLE x(");
    for (uint32_t i = 0; i < def->n_columns; i++) {
        uint8_t type = def->columns[i].type;
        buf_addf(&sql, "%s\"%s\" %s", i ? "," : "", def->columns[i].name,
                 type == ALLORA_V_TIME   ? "TEXT COLLATE " TIMETEXT_COLLATION
                 : type == ALLORA_V_INT  ? "INTEGER"
                 : type == ALLORA_V_BOOL ? "BOOLEAN"
                                         : "TEXT");
    }
    buf_adds(&sql, ")");
    int rc = buf_failed(&sql) ? SQLITE_NOMEM : sqlite3_declare_vtab(db, sql.ptr);
    buf_done(&sql);
    if (rc != SQLITE_OK)
        return rc;
    *ret = mem_zalloc(sizeof **ret);
    return *ret ? SQLITE_OK : SQLITE_NOMEM;
}

static int shape_disconnect(sqlite3_vtab *v)
{
    free(v);
    return SQLITE_OK;
}

static int shape_best_index(sqlite3_vtab *v, sqlite3_index_info *info)
{
    (void)v;
    info->estimatedCost = 1;
    info->estimatedRows = 1;
    return SQLITE_OK;
}

static int shape_open(sqlite3_vtab *v, sqlite3_vtab_cursor **ret)
{
    (void)v;
    *ret = mem_zalloc(sizeof **ret);
    return *ret ? SQLITE_OK : SQLITE_NOMEM;
}

static int shape_close(sqlite3_vtab_cursor *c)
{
    free(c);
    return SQLITE_OK;
}

static int shape_filter(sqlite3_vtab_cursor *c, int n, const char *text, int argc,
                        sqlite3_value **argv)
{
    (void)c;
    (void)n;
    (void)text;
    (void)argc;
    (void)argv;
    return SQLITE_OK;
}

static int shape_next(sqlite3_vtab_cursor *c)
{
    (void)c;
    return SQLITE_OK;
}

static int shape_eof(sqlite3_vtab_cursor *c)
{
    (void)c;
    return 1;
}

static int shape_column(sqlite3_vtab_cursor *c, sqlite3_context *out, int column)
{
    (void)c;
    (void)out;
    (void)column;
    return SQLITE_OK;
}

static int shape_rowid(sqlite3_vtab_cursor *c, sqlite3_int64 *ret)
{
    (void)c;
    *ret = 0;
    return SQLITE_OK;
}

static const sqlite3_module shape_module = {
    .iVersion = 0,
    .xConnect = shape_connect,
    .xBestIndex = shape_best_index,
    .xDisconnect = shape_disconnect,
    .xOpen = shape_open,
    .xClose = shape_close,
    .xFilter = shape_filter,
    .xNext = shape_next,
    .xEof = shape_eof,
    .xColumn = shape_column,
    .xRowid = shape_rowid,
};

/* ---- the view's text
 * ----------------------------------------------------------------------------------- */

static void add_name(struct buf *b, const char *name)
{
    buf_addc(b, '"');
    for (const char *p = name; *p; p++) {
        if (*p == '"')
            buf_addc(b, '"');
        buf_addc(b, *p);
    }
    buf_addc(b, '"');
}

static void add_text(struct buf *b, const char *text)
{
    buf_addc(b, '\'');
    for (const char *p = text; *p; p++) {
        if (*p == '\'')
            buf_addc(b, '\'');
        buf_addc(b, *p);
    }
    buf_addc(b, '\'');
}

static void add_literal(struct buf *b, const json_node *n)
{
    enum json_type type = json_typeof(n);
    double d = json_num(n, 0);

    if (type == JSON_STRING)
        add_text(b, json_str(n, ""));
    else if (type == JSON_BOOL)
        buf_adds(b, json_bool(n, false) ? "1" : "0");
    else if (type == JSON_NUMBER && d == (double)json_int(n, 0))
        buf_add_int(b, json_int(n, 0));
    else if (type == JSON_NUMBER)
        buf_add_real(b, d);
    else
        buf_adds(b, "NULL");
}

/* "column" | {"const": x} | {"column", "map": {…}, "default"} */
static void add_mapped(struct buf *b, const struct table *t, const json_node *how)
{
    const char *column =
        json_typeof(how) == JSON_STRING ? json_str(how, "") : json_get_str(how, "column", NULL);
    const json_node *map = json_get(how, "map");

    if (json_get(how, "const")) {
        add_literal(b, json_get(how, "const"));
        return;
    }
    if (!column || table_column(t, column) < 0) {
        buf_adds(b, "NULL");
        return;
    }
    if (!map) {
        add_name(b, column);
        return;
    }
    buf_adds(b, "CASE ");
    add_name(b, column);
    json_foreach (entry, map) {
        buf_adds(b, " WHEN ");
        add_text(b, json_key(entry));
        buf_adds(b, " THEN ");
        add_literal(b, entry);
    }
    buf_adds(b, " ELSE ");
    add_literal(b, json_get(how, "default"));
    buf_adds(b, " END");
}

struct view_maker {
    struct statement *st;
    const struct view_def *def;
    struct buf sql;
};

static void add_shape(struct view_maker *m)
{
    buf_adds(&m->sql, "SELECT ");
    for (uint32_t i = 0; i < m->def->n_columns; i++) {
        buf_adds(&m->sql, i ? ", " : "");
        add_name(&m->sql, m->def->columns[i].name);
    }
    buf_adds(&m->sql, " FROM ");
    add_name(&m->sql, m->def->shape);
}

static void skip_arm(struct view_maker *m, const char *where, const allora_error *why)
{
    struct buf json = BUF(4096);

    warning_json(&json, why->code ? why->code : ALLORA_PARTIAL, why, where);
    if (!buf_failed(&json))
        statement_warn(m->st, (allora_str){json.ptr, json.len});
    m->st->partial = true;
    buf_done(&json);
}

static int32_t add_arm(void *arg, const struct view_map *map, const allora_error *why)
{
    struct view_maker *m = arg;
    struct table_source *source = &m->st->engine->source;
    struct source_table t = {0};
    allora_error err = ERR_INIT;

    if (!map) {
        skip_arm(m, m->def->name, why);
        return ALLORA_OK;
    }
    int32_t status = source->table(source->self, map->table, &t, &err);
    if (status == ALLORA_E_NOTFOUND)
        return ALLORA_OK;
    if (status != ALLORA_OK) {
        skip_arm(m, m->def->name, &err);
        return ALLORA_OK;
    }
    status = statement_add_use(m->st, map->table, m->def->name, &err);
    if (status != ALLORA_OK)
        return status;
    buf_adds(&m->sql, " UNION ALL SELECT ");
    for (uint32_t i = 0; i < m->def->n_columns; i++) {
        const char *name = m->def->columns[i].name;
        const json_node *how = json_get(map->columns, name);
        buf_adds(&m->sql, i ? ", " : "");
        if (i == 0 && !how)
            add_text(&m->sql, map->provider ? map->provider : t.table->provider);
        else
            add_mapped(&m->sql, t.table, how);
    }
    buf_adds(&m->sql, " FROM ");
    add_name(&m->sql, map->table);
    return ALLORA_OK;
}

int32_t view_create(struct statement *st, const struct view_def *def, allora_error *err)
{
    const char *view = def->name;
    struct view_maker m = {st, def, BUF(4 << 20)};

    if (!def)
        return err_set(err, ALLORA_E_NOTFOUND, "no view %s", view);
    /* The module keeps the definition's address, which is constant. */
    if (sqlite3_create_module(st->db, def->shape, &shape_module, (void *)(uintptr_t)def) !=
        SQLITE_OK)
        return err_nomem(err);
    buf_adds(&m.sql, "CREATE TEMP VIEW ");
    add_name(&m.sql, def->name);
    buf_adds(&m.sql, " AS ");
    add_shape(&m);
    int32_t status = st->engine->source.view_maps(st->engine->source.self, view, add_arm, &m, err);
    buf_adds(&m.sql, " UNION ALL ");
    add_shape(&m);
    if (status == ALLORA_OK && buf_failed(&m.sql))
        status = err_nomem(err);
    if (status == ALLORA_OK && sqlite3_exec(st->db, m.sql.ptr, NULL, NULL, NULL) != SQLITE_OK)
        status = err_set(err, ALLORA_E_INTERNAL, "view %s: %s", view, sqlite3_errmsg(st->db));
    buf_done(&m.sql);
    return status;
}
