/* The operations query.sql, table.list and table.describe. */
#include "query/engine.h"

#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "query/statement.h"
#include "query/view.h"
#include "security/access.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_DOCUMENT = 64 << 20 };

#define COLUMN(T, N)                                                                               \
    {                                                                                              \
        .size = sizeof(allora_column), .type = ALLORA_V_##T, .name = N                             \
    }

int32_t query_op_sql(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                     allora_error *err)
{
    struct query_request q = {
        .sql = json_get_str(args, "sql", ""),
        .params = json_get(args, "params"),
        .max_rows = (uint64_t)json_get_int(args, "max_rows", 0),
        .max_age_s = json_get_int(args, "max_age_s", -1),
        .refresh = json_get_bool(args, "refresh", false),
        .offline = json_get_bool(args, "offline", false),
        .explain = json_get_bool(args, "explain", false),
    };
    if (q.refresh && q.offline)
        return err_set(err, ALLORA_E_ARG, "refresh and offline exclude each other");
    return engine_query(self, ctx, &q, sink, err);
}

static int32_t begin(const allora_sink *sink, const allora_column *columns, uint32_t n)
{
    const allora_column *list[16];

    for (uint32_t i = 0; i < n; i++)
        list[i] = &columns[i];
    return sink->begin(sink->self, list, n);
}

static void warn(const allora_sink *sink, int32_t status, const allora_error *err,
                 const char *where)
{
    struct buf json = BUF(4096);

    warning_json(&json, status, err, where);
    if (!buf_failed(&json))
        (void)sink->event(sink->self, ALLORA_EV_WARNING, (allora_str){json.ptr, json.len});
    buf_done(&json);
}

static bool may_read(allora_ctx *ctx, const char *table)
{
    allora_error ignored = ERR_INIT;
    return access_check(ctx->principal, "table.read", table, &ignored) == ALLORA_OK;
}

/* ---- table.list
 * -------------------------------------------------------------------------------------------- */

struct listing {
    const struct table_source *source;
    allora_ctx *ctx;
    const allora_sink *sink;
    const char *pattern, *provider;
    bool partial;
};

static int32_t list_tables(struct listing *l)
{
    const struct registry_name *names;
    size_t n = l->source->names(l->source->self, REGISTRY_TABLES, &names);
    int32_t status = ALLORA_OK;

    for (size_t i = 0; i < n && status == ALLORA_OK; i++) {
        struct source_table t;
        allora_error err = ERR_INIT;
        if (!glob_match(l->pattern, names[i].name) || !may_read(l->ctx, names[i].name))
            continue;
        int32_t found = l->source->table(l->source->self, names[i].name, &t, &err);
        if (found != ALLORA_OK) { /* one broken manifest does not hide the other tables */
            warn(l->sink, found, &err, names[i].name);
            l->partial = true;
            continue;
        }
        if (l->provider && !streq(l->provider, t.table->provider))
            continue;
        allora_value cells[] = {val_text(t.table->name), val_text("table"),
                                val_text(t.table->provider), val_int(t.table->n_columns),
                                val_text(t.table->summary)};
        status = l->sink->row(l->sink->self, cells, 5);
    }
    return status;
}

static int32_t list_views(const struct listing *l)
{
    int32_t status = ALLORA_OK;

    for (size_t i = 0; i < view_n_defs && status == ALLORA_OK && !l->provider; i++) {
        const struct view_def *v = &view_defs[i];
        if (!glob_match(l->pattern, v->name))
            continue;
        allora_value cells[] = {val_text(v->name), val_text("view"), val_null(),
                                val_int(v->n_columns), val_text(v->summary)};
        status = l->sink->row(l->sink->self, cells, 5);
    }
    return status;
}

int32_t query_op_table_list(void *self, allora_ctx *ctx, const json_node *args,
                            const allora_sink *sink, allora_error *err)
{
    static const allora_column columns[] = {COLUMN(TEXT, "name"), COLUMN(TEXT, "kind"),
                                            COLUMN(TEXT, "provider"), COLUMN(INT, "columns"),
                                            COLUMN(TEXT, "summary")};
    struct engine *e = self;
    struct listing l = {&e->source,
                        ctx,
                        sink,
                        json_get_str(args, "pattern", "*"),
                        json_get_str(args, "provider", NULL),
                        false};

    int32_t status = begin(sink, columns, 5);
    if (status == ALLORA_OK)
        status = list_tables(&l);
    if (status == ALLORA_OK)
        status = list_views(&l);
    if (status == ALLORA_STOP)
        status = ALLORA_OK;
    if (status < 0)
        return err_set(err, status, "%s", status_text(status));
    return l.partial ? ALLORA_PARTIAL : ALLORA_OK;
}

/* ---- table.describe
 * ------------------------------------------------------------------------------------------ */

static const allora_column describe_columns[] = {
    COLUMN(TEXT, "column"),   COLUMN(TEXT, "type"), COLUMN(TEXT, "unit"),   COLUMN(BOOL, "key"),
    COLUMN(BOOL, "required"), COLUMN(TEXT, "push"), COLUMN(TEXT, "summary")};

static void push_words(const struct column *c, struct buf *out)
{
    static const char *const words[] = {[ALLORA_OP_EQ] = "=",
                                        [ALLORA_OP_NE] = "!=",
                                        [ALLORA_OP_LT] = "<",
                                        [ALLORA_OP_LE] = "<=",
                                        [ALLORA_OP_GT] = ">",
                                        [ALLORA_OP_GE] = ">=",
                                        [ALLORA_OP_IN] = "in",
                                        [ALLORA_OP_PREFIX] = "glob",
                                        [ALLORA_OP_PREFIX_NOCASE] = "like",
                                        [ALLORA_OP_ISNULL] = "is null"};

    for (uint32_t op = ALLORA_OP_EQ; op <= ALLORA_OP_ISNULL; op++) {
        if (c->push & (1u << op))
            buf_addf(out, "%s%s", out->len ? " " : "", words[op]);
    }
}

static int32_t describe_table(const struct table *t, const allora_sink *sink)
{
    int32_t status = begin(sink, describe_columns, 7);

    for (uint32_t i = 0; i < t->n_columns && status == ALLORA_OK; i++) {
        const struct column *c = &t->columns[i];
        struct buf push = BUF(256);
        push_words(c, &push);
        allora_value cells[] = {
            val_text(c->name),     val_text(val_type_name(c->type)),
            val_text(c->unit),     val_bool(c->key),
            val_bool(c->required), push.len ? val_textn(push.ptr, push.len) : val_null(),
            val_text(c->summary)};
        status = sink->row(sink->self, cells, 7);
        buf_done(&push);
    }
    return status == ALLORA_STOP ? ALLORA_OK : status;
}

static int32_t describe_view(const struct view_def *v, const allora_sink *sink)
{
    int32_t status = begin(sink, describe_columns, 7);

    for (uint32_t i = 0; i < v->n_columns && status == ALLORA_OK; i++) {
        const struct view_column *c = &v->columns[i];
        allora_value cells[] = {val_text(c->name),   val_text(val_type_name(c->type)),
                                val_text(c->unit),   val_bool(false),
                                val_bool(false),     val_null(),
                                val_text(c->summary)};
        status = sink->row(sink->self, cells, 7);
    }
    return status == ALLORA_STOP ? ALLORA_OK : status;
}

static int32_t collect_map(void *arg, const struct view_map *m, const allora_error *why)
{
    struct jsonw *w = arg;

    (void)why; /* a manifest that cannot be read has been reported with the tables */
    if (!m)
        return ALLORA_OK;
    jw_object(w);
    jw_kstr(w, "table", m->table);
    if (m->provider)
        jw_kstr(w, "provider", m->provider);
    jw_key(w, "columns");
    jw_node(w, m->columns);
    jw_end_object(w);
    return ALLORA_OK;
}

static int32_t write_views(const struct table_source *source, struct jsonw *w, allora_error *err)
{
    int32_t status = ALLORA_OK;

    jw_key(w, "views");
    jw_array(w);
    for (size_t i = 0; i < view_n_defs && status == ALLORA_OK; i++) {
        const struct view_def *v = &view_defs[i];
        jw_object(w);
        jw_kstr(w, "name", v->name);
        jw_kstr(w, "summary", v->summary);
        jw_key(w, "columns");
        jw_array(w);
        for (uint32_t k = 0; k < v->n_columns; k++) {
            jw_object(w);
            jw_kstr(w, "name", v->columns[k].name);
            jw_kstr(w, "type", val_type_name(v->columns[k].type));
            if (v->columns[k].unit)
                jw_kstr(w, "unit", v->columns[k].unit);
            jw_kstr(w, "summary", v->columns[k].summary);
            jw_end_object(w);
        }
        jw_end_array(w);
        jw_key(w, "tables");
        jw_array(w);
        status = source->view_maps(source->self, v->name, collect_map, w, err);
        jw_end_array(w);
        jw_end_object(w);
    }
    jw_end_array(w);
    return status;
}

/* A table's own manifest entry, with its provider. */
static void write_table(struct jsonw *w, const struct table *t)
{
    jw_object(w);
    jw_kstr(w, "provider", t->provider);
    json_foreach (member, t->node) {
        if (streq(json_key(member), "provider"))
            continue;
        jw_key(w, json_key(member));
        jw_node(w, member);
    }
    jw_end_object(w);
}

static int32_t describe_all(struct engine *e, allora_ctx *ctx, const allora_sink *sink,
                            allora_error *err)
{
    const struct registry_name *names;
    size_t n = e->source.names(e->source.self, REGISTRY_TABLES, &names);
    A_CLEAN(buf_done) struct buf json = BUF(MAX_DOCUMENT);
    struct jsonw w = JSONW(&json);
    bool partial = false;

    jw_object(&w);
    jw_key(&w, "tables");
    jw_array(&w);
    for (size_t i = 0; i < n; i++) {
        struct source_table t;
        allora_error why = ERR_INIT;
        if (!may_read(ctx, names[i].name))
            continue;
        int32_t found = e->source.table(e->source.self, names[i].name, &t, &why);
        if (found != ALLORA_OK) {
            warn(sink, found, &why, names[i].name);
            partial = true;
            continue;
        }
        write_table(&w, t.table);
    }
    jw_end_array(&w);
    int32_t status = write_views(&e->source, &w, err);
    jw_end_object(&w);
    if (status != ALLORA_OK)
        return status;
    if (buf_failed(&json))
        return err_nomem(err);
    status = sink->event(sink->self, ALLORA_EV_RESULT, (allora_str){json.ptr, json.len});
    return status < 0 ? status : partial ? ALLORA_PARTIAL : ALLORA_OK;
}

static int32_t unknown_table(const struct table_source *source, const char *name, allora_error *err)
{
    const struct registry_name *names;
    size_t n = source->names(source->self, REGISTRY_TABLES, &names);
    const char *plugin = source->who_provides(source->self, name);
    struct nearest near;

    if (plugin) {
        (void)err_set(err, ALLORA_E_ARG,
                      "no table %s: the plugin %s has it, which is not installed", name, plugin);
        err_hint(err, "install the plugin %s, then allora plugin list", plugin);
        return ALLORA_E_ARG;
    }
    (void)err_set(err, ALLORA_E_ARG, "no table %s", name);
    nearest_init(&near, name);
    for (size_t i = 0; i < n; i++)
        nearest_offer(&near, names[i].name);
    for (size_t i = 0; i < view_n_defs; i++)
        nearest_offer(&near, view_defs[i].name);
    if (near.n)
        err_hint(err, "did you mean %s?", near.best[0]);
    else
        err_hint(err, "allora table list");
    return ALLORA_E_ARG;
}

int32_t query_op_table_describe(void *self, allora_ctx *ctx, const json_node *args,
                                const allora_sink *sink, allora_error *err)
{
    struct engine *e = self;
    const char *name = json_get_str(args, "table", "");
    const struct view_def *view = view_find(name);
    struct source_table t;

    if (streq(name, "*"))
        return describe_all(e, ctx, sink, err);
    if (!source_find(&e->source, REGISTRY_TABLES, name))
        return view ? describe_view(view, sink) : unknown_table(&e->source, name, err);
    int32_t status = access_check(ctx->principal, "table.read", name, err);
    if (status == ALLORA_OK)
        status = e->source.table(e->source.self, name, &t, err);
    return status == ALLORA_OK ? describe_table(t.table, sink) : status;
}
