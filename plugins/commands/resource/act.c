/* resource.steps, resource.act, resource.actions.  What a verb means stands in the manifest of the
 * table's provider
 * ("actions"); this finds the rows and fills the operation's arguments from them.  It changes
 * nothing itself: the command line takes the steps to plan.run as the person's own call, act()
 * does so for an agent or a server. */
#include "act.h"
#include "type.h"
#include <stdio.h>
#include <string.h>

enum { SQL_MAX = 8 * 1024, IDS_MAX = 1000 };

struct job {
    const allora_instance *self;
    allora_ctx *ctx;
    allora_error *err;
    const sdk_json *doc; /* the catalogue of tables */
    const char *verb;
    const sdk_json *set; /* what the person adds: argument → text */
    sdk_writer steps;
};

static int32_t no_memory(const struct job *j)
{
    return sdk_fail(j->err, ALLORA_E_NOMEM, "out of memory");
}

/* ---- which rows ---- */

/* Rows of `sql` with one text bound. */
static int32_t select_rows(const struct job *j, const struct type *t, const char *sql,
                           const char *column, const char *value, sdk_result *ret)
{
    const sdk_json *c = type_column(t, column);
    sdk_writer w = sdk_writer_begin(j->self, j->ctx);
    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, "sql", sql);
    sdk_w_bool(&w, "refresh", true); /* what is acted on is looked at now */
    sdk_w_open(&w, "params", '{');
    int32_t status =
        c ? type_bind(t, c, &w, "id", value, j->err)
          : sdk_fail(j->err, ALLORA_E_INTERNAL, "%s has no column %s", t->name, column);
    sdk_w_close(&w, '}');
    sdk_w_close(&w, '}');
    allora_str json = sdk_w_done(&w);
    if (status)
        return status;
    return json.ptr ? sdk_call(j->self, j->ctx, "query.sql", json, IDS_MAX, ret, j->err)
                    : no_memory(j);
}

/* Rows whose key, or else whose name, is `id`; exactly one is wanted. */
static int32_t find_row(const struct job *j, const struct type *t, const char *columns,
                        const char *id, sdk_result *ret)
{
    const char *by[] = {t->key, t->name_column};
    char sql[SQL_MAX];
    int32_t status = ALLORA_OK;
    ret->n_rows = 0;
    for (size_t i = 0; i < 2 && ret->n_rows == 0; i++) {
        if (!by[i] || (i == 1 && t->key && strcmp(t->key, t->name_column) == 0))
            continue;
        int n = snprintf(sql, sizeof sql, "select %s from \"%s\" where \"%s\" = :id", columns,
                         t->name, by[i]);
        if (n < 0 || (size_t)n >= sizeof sql)
            return sdk_fail(j->err, ALLORA_E_ARG, "the action on %s fills too many arguments",
                            t->name);
        status = select_rows(j, t, sql, by[i], id, ret);
        if (status == ALLORA_E_ARG && i == 0 && by[1])
            ret->n_rows = 0; /* a name where a number is due may still be a name */
        else if (status < 0)
            return status;
    }
    if (ret->n_rows == 1)
        return ALLORA_OK;
    if (ret->n_rows == 0) {
        if (status == ALLORA_E_ARG)
            return status;
        sdk_fail(j->err, ALLORA_E_NOTFOUND, "no %s is called \"%.200s\"", t->name, id);
        sdk_hint(j->err, "allora resource list %s", t->name);
        return ALLORA_E_NOTFOUND;
    }
    sdk_fail(j->err, ALLORA_E_ARG, "%llu rows of %s are called \"%.200s\"",
             (unsigned long long)ret->n_rows, t->name, id);
    sdk_hint(j->err, "name one by its %s: allora resource list %s --where %s=%.80s",
             t->key ? t->key : "key", t->name, t->name_column ? t->name_column : "name", id);
    return ALLORA_E_ARG;
}

static const sdk_json *find_table(const sdk_json *doc, const char *name)
{
    sdk_foreach (t, sdk_member(doc, "tables")) {
        if (strcmp(sdk_get_str(t, "name", ""), name) == 0)
            return t;
    }
    return NULL;
}

static const sdk_json *find_view(const sdk_json *doc, const char *name)
{
    sdk_foreach (v, sdk_member(doc, "views")) {
        if (strcmp(sdk_get_str(v, "name", ""), name) == 0)
            return v;
    }
    return NULL;
}

/* A row of a unified view: the table that it comes from, and its key there. */
static int32_t through_view(const struct job *j, struct type *t, const char **id)
{
    const sdk_json *view = find_view(j->doc, t->name);
    sdk_result row;
    int32_t status = find_row(j, t, "provider, id", *id, &row);
    if (status < 0)
        return status;
    allora_value provider = sdk_result_cell(&row, 0, "provider");
    allora_value key = sdk_result_cell(&row, 0, "id");
    *id = sdk_copy(j->self, j->ctx, sdk_str_n(key.u.p, key.type == ALLORA_V_TEXT ? key.len : 0));
    sdk_foreach (map, sdk_member(view, "tables")) {
        const char *its = sdk_get_str(map, "provider", "");
        const sdk_json *column = sdk_path(map, "columns.id");
        const sdk_json *table = find_table(j->doc, sdk_get_str(map, "table", ""));
        if (provider.type != ALLORA_V_TEXT ||
            !sdk_str_is(sdk_str_n(provider.u.p, provider.len), its) || !table || !column)
            continue;
        type_of_table(t, table);
        t->key =
            column->type == SDK_STRING ? column->text.ptr : sdk_get_str(column, "column", NULL);
        t->name_column = NULL;
        return *id ? ALLORA_OK : no_memory(j);
    }
    return sdk_fail(j->err, ALLORA_E_NOTFOUND, "nobody says which table of %.*s \"%s\" is a row of",
                    (int)provider.len, provider.type == ALLORA_V_TEXT ? provider.u.p : "", *id);
}

/* ---- which operation ---- */

static int32_t no_action(const struct job *j, const struct type *t)
{
    char known[400] = "";
    sdk_foreach (a, t->actions) {
        size_t n = strlen(known);
        (void)snprintf(known + n, sizeof known - n, "%s%.*s", n ? ", " : "", (int)a->key.len,
                       a->key.ptr);
    }
    sdk_fail(j->err, ALLORA_E_ARG, "nothing is declared that can %.40s a %s", j->verb, t->name);
    if (*known)
        sdk_hint(j->err, "%s knows: %s", t->name, known);
    else
        sdk_hint(j->err, "allora resource actions shows what can be acted on");
    return ALLORA_E_ARG;
}

/* The operation's argument schema: {name: {type, …}}. */
static int32_t argument_types(const struct job *j, const char *operation, const sdk_json **ret)
{
    sdk_writer w = sdk_writer_begin(j->self, j->ctx);
    sdk_result found;
    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, "pattern", operation);
    sdk_w_close(&w, '}');
    allora_str json = sdk_w_done(&w);
    if (!json.ptr)
        return no_memory(j);
    int32_t status = sdk_call(j->self, j->ctx, "operation.list", json, 1, &found, j->err);
    if (status < 0)
        return status;
    allora_value text = sdk_result_cell(&found, 0, "arguments");
    const sdk_json *schema = NULL;
    if (text.type == ALLORA_V_TEXT || text.type == ALLORA_V_JSON)
        status = sdk_parse(j->self, j->ctx, sdk_str_n(text.u.p, text.len), &schema, j->err);
    *ret = sdk_member(schema, "properties");
    return status < 0 ? status : ALLORA_OK;
}

/* A person's text as the schema's type has it; the gate checks it again. */
static void put_argument(struct job *j, const char *name, const sdk_json *given,
                         const sdk_json *types)
{
    if (given->type != SDK_STRING) {
        sdk_w_json(&j->steps, name, given->source);
        return;
    }
    const char *text = given->text.ptr;
    const char *type = sdk_get_str(sdk_member(types, name), "type", "string");
    const sdk_json *value = NULL;
    allora_error ignored = {.size = (uint32_t)sizeof ignored};
    bool plain = strcmp(type, "string") == 0 ||
                 sdk_parse(j->self, j->ctx, sdk_str(text), &value, &ignored) != ALLORA_OK;
    if (plain)
        sdk_w_text(&j->steps, name, text);
    else
        sdk_w_json(&j->steps, name, value->source);
}

static bool is_set(const struct job *j, const char *name)
{
    return sdk_member(j->set, name) != NULL;
}

/* Adds the step for one row. */
static int32_t add_step(struct job *j, const struct type *t, const sdk_json *action, const char *id)
{
    const sdk_json *types = NULL;
    const char *operation = sdk_get_str(action, "operation", "");
    char columns[SQL_MAX / 2] = "";
    sdk_result row;
    sdk_foreach (from, sdk_member(action, "arguments")) {
        size_t n = strlen(columns);
        (void)snprintf(columns + n, sizeof columns - n, "%s\"%s\"", n ? ", " : "", from->text.ptr);
    }
    int32_t status = argument_types(j, operation, &types);
    if (!status)
        status = find_row(j, t, *columns ? columns : "1", id, &row);
    if (status < 0)
        return status;
    sdk_w_open(&j->steps, NULL, '{');
    sdk_w_text(&j->steps, "operation", operation);
    sdk_w_open(&j->steps, "arguments", '{');
    sdk_foreach (from, sdk_member(action, "arguments")) {
        const char *name = sdk_copy(j->self, j->ctx, from->key);
        if (!name)
            return no_memory(j);
        if (!is_set(j, name))
            sdk_w_cell(&j->steps, name, sdk_result_cell(&row, 0, from->text.ptr));
    }
    sdk_foreach (fixed, sdk_member(action, "fixed")) {
        const char *name = sdk_copy(j->self, j->ctx, fixed->key);
        if (!name)
            return no_memory(j);
        if (!is_set(j, name))
            sdk_w_json(&j->steps, name, fixed->source);
    }
    sdk_foreach (more, j->set) {
        const char *name = sdk_copy(j->self, j->ctx, more->key);
        if (!name)
            return no_memory(j);
        put_argument(j, name, more, types);
    }
    sdk_w_close(&j->steps, '}');
    sdk_w_close(&j->steps, '}');
    return ALLORA_OK;
}

static int32_t add_target(struct job *j, const struct type *type, const char *id)
{
    struct type t = *type;
    int32_t status = t.is_view ? through_view(j, &t, &id) : ALLORA_OK;
    if (status < 0)
        return status;
    const sdk_json *action = sdk_member(t.actions, j->verb);
    return action ? add_step(j, &t, action, id) : no_action(j, &t);
}

/* {"steps": […]}, as plan.run takes it. */
static int32_t find_steps(allora_instance *self, allora_ctx *ctx, allora_str args_json,
                          allora_str *ret, allora_error *err)
{
    const sdk_json *args;
    struct type type;
    struct job j = {.self = self, .ctx = ctx, .err = err};
    int32_t status = sdk_args(self, ctx, args_json, &args, err);
    if (!status)
        status = type_find(self, ctx, sdk_get_str(args, "type", ""), &type, err);
    if (status)
        return status;
    j.doc = type.doc;
    j.verb = sdk_get_str(args, "action", "");
    j.set = sdk_member(args, "set");
    j.steps = sdk_writer_begin(self, ctx);
    sdk_w_open(&j.steps, NULL, '{');
    sdk_w_open(&j.steps, "steps", '[');
    sdk_foreach (id, sdk_member(args, "ids")) {
        status = add_target(&j, &type, id->text.ptr);
        if (status < 0)
            return status;
    }
    sdk_w_close(&j.steps, ']');
    sdk_w_close(&j.steps, '}');
    *ret = sdk_w_done(&j.steps);
    return ret->ptr ? ALLORA_OK : no_memory(&j);
}

int32_t resource_steps(allora_instance *self, allora_ctx *ctx, const char *operation,
                       allora_str args_json, const allora_sink *sink, allora_error *err)
{
    allora_str steps;
    (void)operation;
    int32_t status = find_steps(self, ctx, args_json, &steps, err);
    return status ? status : sink->event(sink->self, ALLORA_EV_RESULT, steps);
}

int32_t resource_act(allora_instance *self, allora_ctx *ctx, const char *operation,
                     allora_str args_json, const allora_sink *sink, allora_error *err)
{
    allora_str steps;
    (void)operation;
    int32_t status = find_steps(self, ctx, args_json, &steps, err);
    return status ? status : sdk_of(self)->invoke->call(ctx, "plan.run", steps, sink, err);
}

/* ---- what there is ---- */

static int32_t list_table(const struct job *j, const sdk_json *table, const allora_sink *sink)
{
    sdk_foreach (a, sdk_member(table, "actions")) {
        const char *operation = sdk_get_str(a, "operation", "");
        sdk_writer w = sdk_writer_begin(j->self, j->ctx);
        sdk_result found;
        sdk_w_open(&w, NULL, '{');
        sdk_w_text(&w, "pattern", operation);
        sdk_w_close(&w, '}');
        allora_str json = sdk_w_done(&w);
        int32_t status = json.ptr
                             ? sdk_call(j->self, j->ctx, "operation.list", json, 1, &found, j->err)
                             : no_memory(j);
        if (status < 0)
            return status;
        allora_value cells[] = {sdk_cell_text(sdk_get_str(table, "name", "")), sdk_cell_str(a->key),
                                sdk_result_cell(&found, 0, "effect"), sdk_cell_text(operation),
                                sdk_result_cell(&found, 0, "summary")};
        status = sink->row(sink->self, cells, 5);
        if (status)
            return status;
    }
    return ALLORA_OK;
}

int32_t resource_actions(allora_instance *self, allora_ctx *ctx, const char *operation,
                         allora_str args_json, const allora_sink *sink, allora_error *err)
{
    static const char *const names[] = {"type", "action", "effect", "operation", "summary"};
    const sdk_json *args;
    struct type type = {.name = NULL};
    struct job j = {.self = self, .ctx = ctx, .err = err};
    (void)operation;
    int32_t status = sdk_args(self, ctx, args_json, &args, err);
    const char *word = status ? NULL : sdk_get_str(args, "type", NULL);
    if (!status && word)
        status = type_find(self, ctx, word, &type, err);
    else if (!status)
        status = type_catalogue(self, ctx, &type.doc, err);
    if (!status)
        status = sdk_begin_texts(sink, names, 5);
    sdk_foreach (t, sdk_member(type.doc, "tables")) {
        bool wanted = !word || strcmp(sdk_get_str(t, "name", ""), type.name) == 0;
        sdk_foreach (map,
                     type.is_view ? sdk_member(find_view(type.doc, type.name), "tables") : NULL)
            wanted =
                wanted || strcmp(sdk_get_str(map, "table", ""), sdk_get_str(t, "name", "")) == 0;
        if (status || !wanted)
            continue;
        status = list_table(&j, t, sink);
    }
    return status == ALLORA_STOP ? ALLORA_OK : status;
}
