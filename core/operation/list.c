/* The catalogue as rows: gate_catalogue(). */
#include "base/buf.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "base/value.h"
#include "operation/catalogue.h"
#include "operation/gate_private.h"

enum { JSON_MAX = 4 << 20 };

#define COLUMN(type_, name_)                                                                       \
    &(const allora_column)                                                                         \
    {                                                                                              \
        .size = sizeof(allora_column), .type = type_, .name = name_                                \
    }
static const allora_column *const columns[] = {
    COLUMN(ALLORA_V_TEXT, "name"),     COLUMN(ALLORA_V_TEXT, "effect"),
    COLUMN(ALLORA_V_TEXT, "summary"),  COLUMN(ALLORA_V_JSON, "arguments"),
    COLUMN(ALLORA_V_JSON, "examples"), COLUMN(ALLORA_V_TEXT, "plugin"),
    COLUMN(ALLORA_V_BOOL, "tool"),     COLUMN(ALLORA_V_TEXT, "description"),
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

static int32_t send(const struct operation *op, const allora_sink *sink, allora_error *err)
{
    A_CLEAN(buf_done) struct buf arguments = BUF(JSON_MAX), examples = BUF(JSON_MAX);
    if (op->decl->arguments)
        jw_node(&JSONW(&arguments), op->decl->arguments);
    else
        buf_adds(&arguments, "{\"type\":\"object\",\"properties\":{}}");
    const json_node *list = json_get(op->decl->node, "examples");
    if (list)
        jw_node(&JSONW(&examples), list);
    else
        buf_adds(&examples, "[]");
    if (buf_failed(&arguments) || buf_failed(&examples))
        return err_nomem(err);
    const allora_value cells[N_COLUMNS] = {
        val_text(op->name),
        val_text(effect_name(op->decl->effect)),
        val_text(op->decl->summary),
        val_json(arguments.ptr, arguments.len),
        val_json(examples.ptr, examples.len),
        val_text(op->plugin->id),
        val_bool(op->decl->tool),
        val_text(op->decl->description),
    };
    return sink->row(sink->self, cells, N_COLUMNS);
}

static int32_t warn(const allora_error *what, const allora_sink *sink, allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(8192);
    struct jsonw w = JSONW(&b);
    jw_object(&w);
    jw_kstr(&w, "code", status_name(what->code));
    jw_kstr(&w, "message", what->message);
    jw_kstr(&w, "hint", what->hint);
    jw_end_object(&w);
    if (buf_failed(&b))
        return err_nomem(err);
    return sink->event(sink->self, ALLORA_EV_WARNING, (allora_str){b.ptr, b.len});
}

int32_t gate_catalogue(struct gate *g, allora_ctx *ctx, const char *glob, const allora_sink *sink,
                       allora_error *err)
{
    struct catalogue *c = g->catalogue;
    bool partial = false;
    int32_t status = sink->begin(sink->self, columns, N_COLUMNS);
    for (size_t i = 0; !status && i < catalogue_count(c); i++) {
        if (!glob_match(glob, catalogue_name(c, i)))
            continue;
        struct operation *op = NULL;
        allora_error problem = ERR_INIT;
        status = ctx_check(ctx, err);
        if (status)
            break;
        if (catalogue_find(c, catalogue_name(c, i), &op, &problem)) {
            partial = true;
            status = warn(&problem, sink, err);
        } else {
            status = send(op, sink, err);
        }
    }
    return status < 0 ? status : partial ? ALLORA_PARTIAL : ALLORA_OK;
}

/* Everything the manifest says about one operation, and who implements it. */
static void describe(const struct operation *op, struct jsonw *w)
{
    jw_object(w);
    jw_kstr(w, "name", op->name);
    jw_kstr(w, "summary", op->decl->summary);
    if (op->decl->description)
        jw_kstr(w, "description", op->decl->description);
    jw_kstr(w, "effect", effect_name(op->decl->effect));
    jw_kstr(w, "plugin", op->plugin->id);
    jw_kstr(w, "version", op->plugin->version);
    jw_kbool(w, "tool", op->decl->tool);
    jw_key(w, "arguments");
    jw_array(w);
    json_foreach (argument, json_get(op->decl->arguments, "properties")) {
        bool required = false;
        json_foreach (name, json_get(op->decl->arguments, "required"))
            required = required || streq(json_str(name, NULL), json_key(argument));
        jw_object(w);
        jw_kstr(w, "name", json_key(argument));
        jw_kbool(w, "required", required);
        json_foreach (rule, argument) {
            jw_key(w, json_key(rule));
            jw_node(w, rule);
        }
        jw_end_object(w);
    }
    jw_end_array(w);
    if (json_get(op->decl->node, "examples")) {
        jw_key(w, "examples");
        jw_node(w, json_get(op->decl->node, "examples"));
    }
    jw_end_object(w);
}

int32_t gate_describe(struct gate *g, const char *operation, const allora_sink *sink,
                      allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(JSON_MAX);
    struct operation *op = NULL;
    int32_t status = catalogue_find(g->catalogue, operation, &op, err);
    if (status)
        return status;
    describe(op, &JSONW(&b));
    if (buf_failed(&b))
        return err_nomem(err);
    status = sink->event(sink->self, ALLORA_EV_RESULT, (allora_str){b.ptr, b.len});
    return status < 0 ? status : ALLORA_OK;
}
