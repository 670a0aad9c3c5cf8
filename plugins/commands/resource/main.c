/* resource list, resource get: SQL that nobody has to write.  Names in the statement come from the
 * catalogue, never from the person; what the person said is bound. */
#include "act.h"
#include "type.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SQL_MAX = 32 * 1024, NAMES_MAX = 200 };

struct statement {
    char sql[SQL_MAX];
    size_t len;
    bool too_long;
    unsigned n_conditions;
    sdk_writer params;
};

static void add(struct statement *s, const char *fmt, ...) SDK_PRINTF(2, 3);
static void add(struct statement *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(s->sql + s->len, sizeof(s->sql) - s->len, fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(s->sql) - s->len)
        s->too_long = true;
    else
        s->len += (size_t)n;
}

static const char *column_name(const sdk_json *c)
{
    return sdk_get_str(c, "name", c->text.ptr);
}

static int32_t no_column(const struct type *t, const char *name, allora_error *err)
{
    sdk_fail(err, ALLORA_E_ARG, "%s has no column %.80s", t->name, name);
    sdk_hint(err, "allora table describe %s", t->name);
    return ALLORA_E_ARG;
}

/* column OP :pN, with the value bound as the column's type. */
static int32_t condition(struct statement *s, const struct type *t, const char *name,
                         const char *op, const char *value, allora_error *err)
{
    char key[16];
    const sdk_json *column = type_column(t, name);
    if (!column)
        return no_column(t, name, err);
    (void)snprintf(key, sizeof(key), "p%u", s->n_conditions);
    add(s, "%s\"%s\" %s :%s", s->n_conditions ? " and " : " where ", column_name(column), op, key);
    s->n_conditions++;
    return type_bind(t, column, &s->params, key, value, err);
}

/* What a list shows: a table's default columns, a view's without its bulky ones. */
static void columns(struct statement *s, const struct type *t)
{
    bool first = true;
    unsigned n = 0;
    sdk_foreach (c, t->is_view ? t->columns : t->defaults) {
        const char *name = t->is_view ? column_name(c) : c->text.ptr;
        if (t->is_view && (strcmp(name, "tags") == 0 || strcmp(name, "raw") == 0))
            continue;
        if (!type_column(t, name) || n++ >= NAMES_MAX)
            continue;
        add(s, "%s\"%s\"", first ? "" : ", ", name);
        first = false;
    }
    if (first)
        add(s, "*");
}

static void begin(struct statement *s, const allora_instance *self, allora_ctx *ctx)
{
    s->sql[0] = '\0';
    s->len = 0;
    s->n_conditions = 0;
    s->too_long = false;
    s->params = sdk_writer_begin(self, ctx);
    sdk_w_open(&s->params, NULL, '{');
}

static int32_t run(struct statement *s, const allora_instance *self, allora_ctx *ctx,
                   const sdk_json *args, const allora_sink *sink, allora_error *err)
{
    sdk_w_close(&s->params, '}');
    allora_str params = sdk_w_done(&s->params);
    sdk_writer w = sdk_writer_begin(self, ctx);
    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, "sql", s->sql);
    sdk_w_json(&w, "params", params);
    sdk_w_int(&w, "max_rows", sdk_get_int(args, "limit", 0));
    sdk_w_bool(&w, "refresh", sdk_get_bool(args, "refresh", false));
    sdk_w_bool(&w, "offline", sdk_get_bool(args, "offline", false));
    sdk_w_close(&w, '}');
    allora_str json = sdk_w_done(&w);
    if (!params.ptr || !json.ptr)
        return sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
    if (s->too_long)
        return sdk_fail(err, ALLORA_E_ARG, "too many conditions");
    return sdk_of(self)->invoke->call(ctx, "query.sql", json, sink, err);
}

static int32_t list(allora_instance *self, allora_ctx *ctx, const char *operation,
                    allora_str args_json, const allora_sink *sink, allora_error *err)
{
    static const char *const equal[] = {"provider", "region", "status"};
    const sdk_json *args;
    struct type type;
    (void)operation;
    int32_t rc = sdk_args(self, ctx, args_json, &args, err);
    if (!rc)
        rc = type_find(self, ctx, sdk_get_str(args, "type", ""), &type, err);
    struct statement *s = rc ? NULL : sdk_alloc(self, ctx, sizeof(*s));
    if (rc)
        return rc;
    if (!s)
        return sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
    begin(s, self, ctx);
    add(s, "select ");
    columns(s, &type);
    add(s, " from \"%s\"", type.name);
    for (size_t i = 0; i < 3 && !rc; i++) {
        const char *v = sdk_get_str(args, equal[i], NULL);
        if (v)
            rc = condition(s, &type, equal[i], "=", v, err);
    }
    const char *name = sdk_get_str(args, "name", NULL);
    if (!rc && name)
        rc = condition(s, &type, type.name_column ? type.name_column : "name", "glob", name, err);
    sdk_foreach (w, sdk_member(args, "where")) {
        const char *column = rc ? NULL : sdk_copy(self, ctx, w->key);
        const char *value = rc ? NULL : sdk_copy(self, ctx, w->text); /* as it was typed */
        if (!rc && (!column || !value))
            rc = sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
        if (!rc)
            rc = condition(s, &type, column, "=", value, err);
    }
    return rc ? rc : run(s, self, ctx, args, sink, err);
}

/* Passes a result on once it has a row: a first try that finds nothing must not print an empty
 * table before the second. */
struct found {
    const allora_instance *self;
    allora_ctx *ctx;
    const allora_sink *to;
    const allora_column **columns; /* what begin() said, copied */
    uint32_t n_columns;
    uint64_t rows;
};

static int32_t found_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    struct found *f = self;
    f->columns = sdk_alloc(f->self, f->ctx, (n ? n : 1) * sizeof(*f->columns));
    allora_column *copies = sdk_alloc(f->self, f->ctx, (n ? n : 1) * sizeof(*copies));
    if (!f->columns || !copies)
        return ALLORA_E_NOMEM;
    for (uint32_t i = 0; i < n; i++) {
        copies[i] = (allora_column){
            .size = (uint32_t)sizeof(copies[i]),
            .type = columns[i]->type,
            .flags = columns[i]->flags,
            .name = sdk_copy(f->self, f->ctx, sdk_str(columns[i]->name)),
            .unit = columns[i]->unit ? sdk_copy(f->self, f->ctx, sdk_str(columns[i]->unit)) : NULL};
        f->columns[i] = &copies[i];
    }
    f->n_columns = n;
    return ALLORA_OK;
}

static int32_t found_row(void *self, const allora_value *cells, uint32_t n)
{
    struct found *f = self;
    if (f->rows++ == 0) {
        int32_t rc = f->to->begin(f->to->self, f->columns, f->n_columns);
        if (rc)
            return rc;
    }
    return f->to->row(f->to->self, cells, n);
}

static int32_t found_event(void *self, int32_t kind, allora_str payload)
{
    struct found *f = self;
    return f->rows || kind == ALLORA_EV_WARNING ? f->to->event(f->to->self, kind, payload)
                                                : ALLORA_OK;
}

static int32_t get_by(struct statement *s, const allora_instance *self, allora_ctx *ctx,
                      const struct type *t, const char *column, const sdk_json *args,
                      struct found *f, allora_error *err)
{
    const allora_sink sink = {f, found_begin, found_row, found_event};
    begin(s, self, ctx);
    add(s, "select * from \"%s\"", t->name);
    int32_t rc = condition(s, t, column, "=", sdk_get_str(args, "id", ""), err);
    return rc ? rc : run(s, self, ctx, args, &sink, err);
}

static int32_t get(allora_instance *self, allora_ctx *ctx, const char *operation,
                   allora_str args_json, const allora_sink *sink, allora_error *err)
{
    const sdk_json *args;
    struct type t;
    struct found f = {.self = self, .ctx = ctx, .to = sink};
    (void)operation;
    int32_t rc = sdk_args(self, ctx, args_json, &args, err);
    if (!rc)
        rc = type_find(self, ctx, sdk_get_str(args, "type", ""), &t, err);
    if (rc)
        return rc;
    struct statement *s = sdk_alloc(self, ctx, sizeof(*s));
    if (!s)
        return sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
    if (!t.key && !t.name_column) {
        sdk_fail(err, ALLORA_E_UNSUPPORTED, "rows of %s have no identifier", t.name);
        sdk_hint(err, "allora resource list %s --where COLUMN=VALUE", t.name);
        return ALLORA_E_UNSUPPORTED;
    }
    int32_t first = ALLORA_OK;
    if (t.key)
        first = rc = get_by(s, self, ctx, &t, t.key, args, &f, err);
    /* An identifier that can't be one (a name where a number is due) may still be a name. */
    if ((rc >= 0 || rc == ALLORA_E_ARG) && !f.rows && t.name_column &&
        (!t.key || strcmp(t.key, t.name_column) != 0))
        rc = get_by(s, self, ctx, &t, t.name_column, args, &f, err);
    if (rc < 0 || f.rows)
        return rc;
    sdk_fail(err, ALLORA_E_NOTFOUND, "no %s has the %s%s%s \"%.200s\"", t.name,
             t.key ? t.key : t.name_column, t.key && t.name_column ? " or " : "",
             t.key && t.name_column ? t.name_column : "", sdk_get_str(args, "id", ""));
    sdk_hint(err, "allora resource list %s", t.name);
    return first == ALLORA_PARTIAL ? ALLORA_PARTIAL : ALLORA_E_NOTFOUND;
}

ALLORA_OPERATIONS_PLUGIN(resource, {"resource.list", list}, {"resource.get", get},
                         {"resource.act", resource_act}, {"resource.steps", resource_steps},
                         {"resource.actions", resource_actions});
