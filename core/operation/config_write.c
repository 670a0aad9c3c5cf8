/* config.set and config.unset. */
#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/edit.h"
#include "operation/builtin.h"
#include "operation/config_file.h"
#include "operation/config_keys.h"
#include "operation/config_ops.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 2 << 20, WHERE_MAX = 4200, DEPTH_MAX = 16 };

struct change {
    const struct builtin_parts *parts;
    allora_ctx *ctx;
    const char *key, *layer, *profile;
    json_node *full; /* own */
    const json_node *schema;
    unsigned flags;
    enum key_kind kind;
    json_node *value;               /* own; NULL: take it out */
    char path[CONFIG_KEY_MAX + 80]; /* in the file */
};

static void change_done(struct change *c)
{
    json_free(c->full);
    json_free(c->value);
}

/* ---- may it be? ---- */

/* A group may be taken out as a whole, and what is guarded in it with it. */
static bool guards(const json_node *schema, unsigned depth)
{
    json_foreach (item, depth < DEPTH_MAX ? json_get(schema, "properties") : NULL) {
        if (json_get_bool(item, "security", false) || json_get_bool(item, "secret", false) ||
            guards(item, depth + 1))
            return true;
    }
    return json_typeof(json_get(schema, "additionalProperties")) == JSON_OBJECT;
}

static int32_t check_person(const struct change *c, allora_error *err)
{
    /* What a key of an unknown plugin means is unknown too. */
    bool guarded = (c->flags & (CONFIG_IS_SECURITY | CONFIG_IS_CONTROL)) || c->kind != KEY_KNOWN ||
                   guards(c->schema, 0);
    if (!guarded || ctx_is_person(c->ctx))
        return ALLORA_OK;
    int32_t rc = err_set(err, ALLORA_E_DENIED, "%s is for a person to change: it %s", c->key,
                         c->kind == KEY_OPEN ? "belongs to a plugin that is not installed"
                                             : "decides what is allowed");
    err_hint(err, "allora config %s %s, at a terminal", c->value ? "set" : "unset", c->key);
    return rc;
}

static int32_t check_place(const struct change *c, allora_error *err)
{
    char place[WHERE_MAX];
    int32_t rc = ALLORA_OK;

    if (streq(c->layer, "project") && (c->flags & CONFIG_IS_SECURITY)) {
        rc = err_set(err, ALLORA_E_DENIED, "a project's file may not set %s", c->key);
        err_hint(err, "allora config set %s … sets it for you, in every project", c->key);
    } else if (streq(c->key, "final") && !streq(c->layer, "system")) {
        rc = err_set(err, ALLORA_E_DENIED, "only the system's file may make keys final");
        err_hint(err, "allora config set --layer system final …");
    } else if (!streq(c->layer, "system") &&
               config_final(c->parts->config, c->key, place, sizeof place)) {
        rc = err_set(err, ALLORA_E_DENIED, "%s is final, and cannot be set in the %s's file",
                     c->key, c->layer);
        err_hint(err, "%s makes it final", place);
    }
    return rc;
}

static void no_place(const void *self, const char *key, char *out, size_t size)
{
    (void)self, (void)key;
    if (size > 0)
        *out = '\0';
}

static int32_t check_value(const struct change *c, allora_error *err)
{
    struct config_problems p = {.n = 0};
    int32_t rc = ALLORA_OK;

    if (json_typeof(c->value) == JSON_NULL) {
        rc = err_set(err, ALLORA_E_ARG, "null is no value to set");
        err_hint(err, "allora config unset %s takes it out", c->key);
    } else if (c->schema && config_schema_is_group(c->schema)) {
        rc = err_set(err, ALLORA_E_ARG, "%s is a group of keys, not a key", c->key);
        err_hint(err, "allora config list \"%s.*\" shows them", c->key);
    } else if (c->schema && !config_check_value(c->schema, c->value, c->key, no_place, NULL, &p)) {
        rc = p.oom || p.n == 0 ? err_nomem(err)
                               : err_set(err, ALLORA_E_ARG, "%s", p.items[0].message);
        if (p.n > 0)
            err_hint(err, "%s", p.items[0].advice);
    }
    config_problems_done(&p);
    return rc;
}

static int32_t prepare(struct change *c, const json_node *args, allora_error *err)
{
    const json_node *value = json_get(args, "value");

    c->key = json_get_str(args, "key", "");
    c->layer = json_get_str(args, "layer", "user");
    c->profile = json_get_str(args, "in_profile", NULL);
    int32_t rc = config_full_schema(c->parts->registry, &c->full, err);
    if (rc)
        return rc;
    c->kind = config_key_kind(c->full, c->key, &c->schema, &c->flags);
    int n = snprintf(c->path, sizeof c->path, "%s%s%s%s", c->profile ? "profiles." : "",
                     c->profile ? c->profile : "", c->profile ? "." : "", c->key);
    if (n < 0 || (size_t)n >= sizeof c->path || (c->profile && strchr(c->profile, '.')))
        return err_set(err, ALLORA_E_ARG,
                       "the key or the profile's name is too long, or has a dot");
    if (!value) /* what should not be there may be taken out */
        return ALLORA_OK;
    if (c->kind == KEY_UNKNOWN)
        return config_key_unknown(c->full, c->key, err);
    const char *text = json_str(value, NULL);
    c->value = text ? config_read_value(c->schema, text) : json_copy(value);
    return c->value ? check_value(c, err) : err_nomem(err);
}

/* ---- doing it ---- */

static int32_t write_change(const struct change *c, struct config_file *ret_file, bool *ret_made,
                            allora_error *err)
{
    struct config_change ch = {.lock = -1};
    A_CLEAN(buf_done) struct buf text = BUF(TEXT_MAX);
    int32_t rc = config_target(c->parts->config, c->layer, &ch.file, err);

    if (rc)
        return rc;
    rc = config_change_begin(&ch, c->ctx, err);
    if (rc == ALLORA_OK)
        rc = config_edit(ch.file.shown, ch.text.ptr, ch.text.len, c->path, c->value, &text, err);
    if (rc == ALLORA_OK)
        rc = config_change_write(&ch, &text, err);
    *ret_file = ch.file;
    *ret_made = !ch.exists;
    config_change_end(&ch);
    return rc;
}

static int32_t tell(const struct change *c, const struct config_file *file, bool made,
                    const allora_sink *sink, allora_error *err)
{
    A_CLEAN(buf_done) struct buf text = BUF(TEXT_MAX);
    A_CLEAN(buf_done) struct buf json = BUF(TEXT_MAX);
    struct jsonw w = JSONW(&json);
    char where[WHERE_MAX];

    if (c->value) {
        buf_addf(&text, "%s = ", c->path);
        config_public_text(&text, c->value, c->schema, c->key);
        buf_addf(&text, " · %s%s\n", file->shown, made ? " (new)" : "");
    } else {
        buf_addf(&text, "%s is taken out of %s\n", c->path, file->shown);
    }
    jw_object(&w);
    jw_kstr(&w, "key", c->path);
    jw_kstr(&w, "layer", c->layer);
    jw_kstr(&w, "file", file->path);
    jw_kbool(&w, "created", made);
    /* A later layer may say otherwise, and then this change is not seen. */
    size_t i = c->value && !c->profile ? config_layer_count(c->parts->config) : 0;
    while (i-- > 0) {
        struct config_layer l = config_layer_at(c->parts->config, i);
        if (l.kind <= file->kind && !(l.kind == file->kind && l.profile))
            break;
        if (!config_layer_get(c->parts->config, i, c->key))
            continue;
        config_layer_place(c->parts->config, i, c->key, where, sizeof where);
        buf_addf(&text, "it is not seen here: %s sets it too, and ranks above\n", where);
        jw_kstr(&w, "overridden_by", where);
        break;
    }
    jw_end_object(&w);
    if (buf_failed(&text) || buf_failed(&json))
        return err_nomem(err);
    int32_t rc = sink->event(sink->self, ALLORA_EV_TEXT, (allora_str){text.ptr, text.len});
    return rc ? rc : sink->event(sink->self, ALLORA_EV_RESULT, (allora_str){json.ptr, json.len});
}

static int32_t change(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                      allora_error *err)
{
    struct change c = {.parts = self, .ctx = ctx};
    struct config_file file = {.shown = ""};
    bool made = false;

    int32_t rc = prepare(&c, args, err);
    if (rc == ALLORA_OK)
        rc = check_person(&c, err);
    if (rc == ALLORA_OK && c.value)
        rc = check_place(&c, err);
    if (rc == ALLORA_OK)
        rc = write_change(&c, &file, &made, err);
    if (rc == ALLORA_OK)
        rc = tell(&c, &file, made, sink, err);
    change_done(&c);
    return rc;
}

int32_t config_op_set(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                      allora_error *err)
{
    return change(self, ctx, args, sink, err);
}

int32_t config_op_unset(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                        allora_error *err)
{
    return change(self, ctx, args, sink, err);
}
