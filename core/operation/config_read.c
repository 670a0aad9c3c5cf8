/* config.get, config.list, config.path and config.validate. */
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "base/value.h"
#include "operation/builtin.h"
#include "operation/config_keys.h"
#include "operation/config_ops.h"

#include <stdio.h>

enum { TEXT_MAX = 1 << 20, WHERE_MAX = 4200 };

#define COLUMN(type_, name_)                                                                       \
    &(const allora_column)                                                                         \
    {                                                                                              \
        .size = sizeof(allora_column), .type = (type_), .name = (name_)                            \
    }

/* ---- get ---- */

int32_t config_op_get(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                      allora_error *err)
{
    const struct builtin_parts *parts = self;
    const char *key = json_get_str(args, "key", "");
    A_CLEAN(json_freep) json_node *full = NULL;
    A_CLEAN(buf_done) struct buf text = BUF(TEXT_MAX);
    A_CLEAN(buf_done) struct buf result = BUF(TEXT_MAX);
    const json_node *schema;
    unsigned flags;

    (void)ctx;
    int32_t rc = config_full_schema(parts->registry, &full, err);
    if (rc)
        return rc;
    if (config_key_kind(full, key, &schema, &flags) == KEY_UNKNOWN)
        return config_key_unknown(full, key, err);
    const json_node *value = config_get(parts->config, key);
    const char *profile = streq(key, "profile") ? config_profile(parts->config, NULL) : NULL;
    A_CLEAN(json_freep) json_node *made = profile ? json_new_str(profile) : NULL;
    value = made ? made : value ? value : json_get(schema, "default");
    if (!value) {
        rc = err_set(err, ALLORA_E_NOTFOUND, "%s is not set, and has no default", key);
        err_hint(err, "allora config explain %s", key);
        return rc;
    }
    A_CLEAN(json_freep) json_node *shown = config_public(value, schema, key);
    if (!shown)
        return err_nomem(err);
    jw_node(&JSONW(&result), shown);
    config_public_text(&text, value, schema, key);
    buf_addc(&text, '\n');
    if (buf_failed(&text) || buf_failed(&result))
        return err_nomem(err);
    rc = sink->event(sink->self, ALLORA_EV_TEXT, (allora_str){text.ptr, text.len});
    return rc ? rc
              : sink->event(sink->self, ALLORA_EV_RESULT, (allora_str){result.ptr, result.len});
}

/* ---- list ---- */

static const allora_column *const list_columns[] = {
    COLUMN(ALLORA_V_TEXT, "key"),     COLUMN(ALLORA_V_TEXT, "value"),
    COLUMN(ALLORA_V_TEXT, "from"),    COLUMN(ALLORA_V_TEXT, "layer"),
    COLUMN(ALLORA_V_TEXT, "type"),    COLUMN(ALLORA_V_TEXT, "default"),
    COLUMN(ALLORA_V_TEXT, "summary"), COLUMN(ALLORA_V_BOOL, "secret"),
    COLUMN(ALLORA_V_BOOL, "security")};
enum { N_LIST = sizeof list_columns / sizeof list_columns[0] };

struct list {
    const struct config *c;
    const allora_sink *sink;
    const char *pattern;
    bool only_set;
    struct buf value, type, dflt;
};

/* The highest layer that says something; its number, or the count of layers. */
static size_t winner(const struct config *c, const char *key)
{
    for (size_t i = config_layer_count(c); i-- > 0;) {
        if (config_layer_get(c, i, key))
            return i;
    }
    return config_layer_count(c);
}

static allora_value or_null(const struct buf *b)
{
    return b->len ? val_textn(b->ptr, b->len) : val_null();
}

static int32_t list_key(void *self, const char *key, const json_node *schema, unsigned flags)
{
    struct list *l = self;
    const json_node *value = config_get(l->c, key), *dflt = json_get(schema, "default");
    char where[WHERE_MAX] = "";
    size_t i = winner(l->c, key);

    if (!glob_match(l->pattern, key) || (l->only_set && !value))
        return ALLORA_OK;
    buf_reset(&l->value);
    buf_reset(&l->type);
    buf_reset(&l->dflt);
    config_public_text(&l->value, value ? value : dflt, schema, key);
    config_public_text(&l->dflt, dflt, schema, key);
    config_type_words(&l->type, schema);
    if (buf_failed(&l->value) || buf_failed(&l->type) || buf_failed(&l->dflt))
        return ALLORA_E_NOMEM;
    if (value)
        config_layer_place(l->c, i, key, where, sizeof where);
    const allora_value cells[N_LIST] = {
        val_text(key),
        value || dflt ? val_textn(buf_str(&l->value), l->value.len) : val_null(),
        value  ? val_text(where)
        : dflt ? val_text("default")
               : val_null(),
        value  ? val_text(config_layer_word(config_layer_at(l->c, i).kind))
        : dflt ? val_text("built-in")
               : val_null(),
        or_null(&l->type),
        or_null(&l->dflt),
        val_text(json_get_str(schema, "description", NULL)),
        val_bool(flags & CONFIG_IS_SECRET),
        val_bool(flags & CONFIG_IS_SECURITY)};
    return l->sink->row(l->sink->self, cells, N_LIST);
}

int32_t config_op_list(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                       allora_error *err)
{
    const struct builtin_parts *parts = self;
    A_CLEAN(json_freep) json_node *full = NULL;
    struct list l = {.c = parts->config,
                     .sink = sink,
                     .pattern = json_get_str(args, "pattern", "*"),
                     .only_set = json_get_bool(args, "set", false),
                     .value = BUF(TEXT_MAX),
                     .type = BUF(TEXT_MAX),
                     .dflt = BUF(TEXT_MAX)};

    (void)ctx;
    int32_t rc = config_full_schema(parts->registry, &full, err);
    if (rc == ALLORA_OK)
        rc = sink->begin(sink->self, list_columns, N_LIST);
    if (rc == ALLORA_OK)
        rc = config_each_key(full, parts->config, list_key, &l);
    buf_done(&l.value);
    buf_done(&l.type);
    buf_done(&l.dflt);
    return rc == ALLORA_E_NOMEM ? err_nomem(err) : rc;
}

/* ---- path ---- */

static const allora_column *const path_columns[] = {
    COLUMN(ALLORA_V_TEXT, "layer"), COLUMN(ALLORA_V_TEXT, "path"), COLUMN(ALLORA_V_TEXT, "state"),
    COLUMN(ALLORA_V_TEXT, "detail")};

static const char *state_word(enum config_file_state state)
{
    static const char *const words[] = {"missing", "read", "broken", "ignored"};
    return words[state];
}

int32_t config_op_path(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                       allora_error *err)
{
    const struct builtin_parts *parts = self;
    const struct config_problems *p = config_problems(parts->config);
    int32_t rc = sink->begin(sink->self, path_columns, 4);

    (void)ctx, (void)args, (void)err;
    for (size_t i = 0; rc == ALLORA_OK && i < config_file_count(parts->config); i++) {
        struct config_file f = config_file_at(parts->config, i);
        const char *detail = f.why;
        for (size_t k = 0; f.state == CONFIG_FILE_BROKEN && !detail && k < p->n; k++) {
            if (str_starts(p->items[k].where, f.shown))
                detail = p->items[k].message;
        }
        const allora_value cells[] = {val_text(config_layer_word(f.kind)), val_text(f.path),
                                      val_text(state_word(f.state)), val_text(detail)};
        rc = sink->row(sink->self, cells, 4);
    }
    return rc;
}

/* ---- validate ---- */

static const allora_column *const validate_columns[] = {
    COLUMN(ALLORA_V_TEXT, "place"), COLUMN(ALLORA_V_TEXT, "status"),
    COLUMN(ALLORA_V_TEXT, "detail"), COLUMN(ALLORA_V_TEXT, "hint")};

static int32_t say(const allora_sink *sink, const char *place, const char *status,
                   const char *detail, const char *hint)
{
    const allora_value cells[] = {val_text(place), val_text(status), val_text(detail),
                                  hint && *hint ? val_text(hint) : val_null()};
    return sink->row(sink->self, cells, 4);
}

struct found {
    size_t n;
    int32_t code; /* of the first */
};

static int32_t say_problems(const allora_sink *sink, const struct config_problems *p,
                            struct found *found)
{
    int32_t rc = ALLORA_OK;

    if (p->n > 0 && found->n == 0)
        found->code = p->items[0].code;

    for (size_t i = 0; rc == ALLORA_OK && i < p->n; i++)
        rc = say(sink, p->items[i].where, "failed", p->items[i].message, p->items[i].advice);
    found->n += p->n + p->more;
    return rc;
}

static int32_t say_files(const struct config *c, const allora_sink *sink,
                         const struct config_problems *p)
{
    int32_t rc = ALLORA_OK;

    for (size_t i = 0; rc == ALLORA_OK && i < config_file_count(c); i++) {
        struct config_file f = config_file_at(c, i);
        bool bad = f.state == CONFIG_FILE_BROKEN;
        for (size_t k = 0; k < p->n; k++)
            bad = bad || str_starts(p->items[k].where, f.shown);
        if (f.state == CONFIG_FILE_IGNORED)
            rc = say(sink, f.shown, "ignored", f.why, NULL);
        else if (!bad)
            rc = say(sink, f.shown, f.state == CONFIG_FILE_READ ? "ok" : "missing", NULL, NULL);
    }
    return rc;
}

static int32_t validate_all(const struct builtin_parts *parts, const json_node *full,
                            const allora_sink *sink, struct found *found)
{
    struct config_problems more = {.n = 0};
    allora_error names = ERR_INIT;

    config_check_all(parts->config, full, &more);
    /* A plugin's name that is nearly one: only in what is read, since only that has a place. */
    if (registry_check_config(parts->registry, &names) == ALLORA_E_CONFIG)
        config_problem_add(&more, names.code, "", names.hint, "", "%s",
                           names.message + (str_starts(names.message, "config: ") ? 8 : 0));
    int32_t rc = more.oom ? ALLORA_E_NOMEM : say_files(parts->config, sink, &more);
    if (rc == ALLORA_OK)
        rc = say_problems(sink, config_problems(parts->config), found);
    if (rc == ALLORA_OK)
        rc = say_problems(sink, &more, found);
    config_problems_done(&more);
    return rc;
}

int32_t config_op_validate(void *self, allora_ctx *ctx, const json_node *args,
                           const allora_sink *sink, allora_error *err)
{
    const struct builtin_parts *parts = self;
    const char *file = json_get_str(args, "file", NULL);
    A_CLEAN(json_freep) json_node *full = NULL;
    struct found found = {.n = 0};

    (void)ctx;
    int32_t rc = config_full_schema(parts->registry, &full, err);
    if (rc == ALLORA_OK)
        rc = sink->begin(sink->self, validate_columns, 4);
    if (rc)
        return rc;
    if (file) {
        struct config_problems p = {.n = 0};
        config_check_file(parts->config, full, CONFIG_USER, file, NULL, &p);
        rc = p.oom ? ALLORA_E_NOMEM
             : p.n ? say_problems(sink, &p, &found)
                   : say(sink, file, "ok", NULL, NULL);
        config_problems_done(&p);
    } else {
        rc = validate_all(parts, full, sink, &found);
    }
    if (rc == ALLORA_E_NOMEM)
        return err_nomem(err);
    if (rc || found.n == 0)
        return rc;
    return err_set(err, found.code, "the configuration has %zu %s", found.n,
                   found.n == 1 ? "fault" : "faults");
}
