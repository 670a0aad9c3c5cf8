#include "operation/config_keys.h"

#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdio.h>

enum { DEPTH_MAX = 64 };

/* ---- the whole schema ---- */

static int32_t put_schema(json_node *full, const char *root, const char *name,
                          const json_node *schema, bool alias)
{
    json_node *group = (json_node *)(uintptr_t)json_get(json_get(full, "properties"), root);
    json_node *known = (json_node *)(uintptr_t)json_get(group, "properties");
    json_node *copy = json_copy(schema);

    if (!copy)
        return ALLORA_E_NOMEM;
    if (!known) {
        known = json_new_object();
        if (!known || json_set(group, "properties", known)) {
            json_free(copy);
            return ALLORA_E_NOMEM;
        }
    }
    int32_t rc = json_set(known, name, copy);
    if (rc || !alias)
        return rc;
    json_node *yes = json_new_bool(true);
    return yes ? json_set(copy, "alias", yes) : ALLORA_E_NOMEM;
}

static int32_t put_plugin(json_node *full, const struct manifest *m)
{
    static const char nothing[] = "{\"type\":\"object\",\"properties\":{}}";
    A_CLEAN(json_freep) json_node *none = NULL;
    allora_error ignored = ERR_INIT;
    int32_t rc = json_parse(nothing, sizeof nothing - 1, &none, &ignored);
    const json_node *schema = m->config ? m->config : none;
    bool elsewhere = m->provider || m->n_agents > 0;

    if (rc == ALLORA_OK && m->provider)
        rc = put_schema(full, "providers", m->provider, schema, false);
    for (uint32_t i = 0; rc == ALLORA_OK && i < m->n_agents; i++)
        rc = put_schema(full, "agents", m->agents[i].name, schema, false);
    return rc ? rc : put_schema(full, "commands", m->id, schema, elsewhere);
}

int32_t config_full_schema(struct registry *r, json_node **ret, allora_error *err)
{
    json_node *full = NULL;
    int32_t rc = config_core_schema(&full, err);

    for (size_t i = 0; rc == ALLORA_OK && i < registry_count(r); i++) {
        const struct plugin *p = registry_at(r, i);
        allora_error ignored = ERR_INIT;
        const struct manifest *m =
            p->shadowed || !*p->id || !*p->path ? NULL : registry_manifest(r, p, &ignored);
        if (m && put_plugin(full, m) != ALLORA_OK)
            rc = err_nomem(err);
    }
    if (rc)
        json_free(full);
    else
        *ret = full;
    return rc;
}

/* ---- finding a key ---- */

/* Nearly a plugin's name, and none: a typing error. */
static bool nearly(const json_node *properties, const char *name)
{
    struct nearest near;

    nearest_init(&near, name);
    json_foreach (known, properties)
        nearest_offer(&near, json_key(known));
    return near.n > 0;
}

enum key_kind config_key_kind(const json_node *full, const char *key, const json_node **ret_schema,
                              unsigned *ret_flags)
{
    char part[CONFIG_KEY_MAX];
    const json_node *at = full;

    *ret_flags = 0;
    *ret_schema = config_schema_at(full, key, ret_flags);
    if (*ret_schema && !*key)
        return KEY_UNKNOWN;
    for (const char *p = key; *p;) {
        size_t n = strcspn(p, ".");
        if (n == 0 || n >= sizeof part)
            return KEY_UNKNOWN;
        (void)snprintf(part, sizeof part, "%.*s", (int)n, p);
        const json_node *properties = json_get(at, "properties");
        const json_node *more = json_get(at, "additionalProperties");
        const json_node *its = json_get(properties, part);
        if (!its && json_typeof(more) == JSON_OBJECT && nearly(properties, part))
            return KEY_UNKNOWN;
        if (!its && json_typeof(more) == JSON_OBJECT)
            its = more;
        if (!its)
            return config_schema_takes(at, "object") && json_bool(more, properties == NULL)
                       ? KEY_OPEN
                       : KEY_UNKNOWN;
        at = its;
        p += n + (p[n] == '.');
        if (p[-1] == '.' && !*p)
            return KEY_UNKNOWN;
    }
    /* providers.NAME of a plugin that is not installed, as a whole */
    return *ret_schema ? KEY_KNOWN : KEY_OPEN;
}

struct offer {
    struct nearest near;
    struct arena mem;
};

static int32_t offer_key(void *self, const char *key, const json_node *schema, unsigned flags)
{
    struct offer *o = self;
    char *copy = arena_strdup(&o->mem, key);

    (void)schema, (void)flags;
    if (copy)
        nearest_offer(&o->near, copy);
    return copy ? ALLORA_OK : ALLORA_E_NOMEM;
}

int32_t config_key_unknown(const json_node *full, const char *key, allora_error *err)
{
    struct offer o;

    nearest_init(&o.near, key);
    arena_init(&o.mem, 0);
    (void)config_each_key(full, NULL, offer_key, &o);
    int32_t rc = err_set(err, ALLORA_E_ARG, "unknown key %s", key);
    if (o.near.n > 0)
        err_hint(err, "did you mean %s?", o.near.best[0]);
    else
        err_hint(err, "allora config list shows every key");
    arena_done(&o.mem);
    return rc;
}

/* ---- all of them ---- */

struct each {
    const json_node *full;
    config_key_fn fn;
    void *self;
};

static int32_t each_schema(const struct each *e, const json_node *schema, const char *key,
                           unsigned depth)
{
    char full[CONFIG_KEY_MAX];

    json_foreach (item, json_get(schema, "properties")) {
        int n = snprintf(full, sizeof full, "%s%s%s", key, *key ? "." : "", json_key(item));
        unsigned flags = 0;
        if (n < 0 || (size_t)n >= sizeof full || json_get_bool(item, "alias", false) ||
            json_get_bool(item, "control", false) || depth > DEPTH_MAX)
            continue;
        bool family = depth == 0 && json_typeof(json_get(item, "additionalProperties")) ==
                                        JSON_OBJECT; /* providers: with no plugin there at all */
        int32_t rc = ALLORA_OK;
        if (config_schema_is_group(item))
            rc = each_schema(e, item, full, depth + 1);
        else if (!family && config_schema_at(e->full, full, &flags))
            rc = e->fn(e->self, full, item, flags);
        if (rc)
            return rc;
    }
    return ALLORA_OK;
}

/* What is set and stands in no schema: keys of plugins that are not installed. */
static int32_t each_set(const struct each *e, const json_node *tree, const json_node *parent,
                        const char *key, unsigned depth)
{
    char full[CONFIG_KEY_MAX];

    json_foreach (item, tree) {
        int n = snprintf(full, sizeof full, "%s%s%s", key, *key ? "." : "", json_key(item));
        unsigned flags = 0;
        const json_node *schema;
        if (n < 0 || (size_t)n >= sizeof full || depth > DEPTH_MAX)
            continue;
        enum key_kind kind = config_key_kind(e->full, full, &schema, &flags);
        bool group = json_typeof(item) == JSON_OBJECT && json_count(item) > 0;
        bool listed = depth > 0 && kind == KEY_KNOWN && !config_schema_is_group(schema) &&
                      json_get(json_get(parent, "properties"), json_key(item));
        int32_t rc = ALLORA_OK;
        if (group && !listed)
            rc = each_set(e, item, schema, full, depth + 1);
        else if (kind != KEY_UNKNOWN && !listed && !group)
            rc = e->fn(e->self, full, NULL, flags);
        if (rc)
            return rc;
    }
    return ALLORA_OK;
}

int32_t config_each_key(const json_node *full, const struct config *c, config_key_fn fn, void *self)
{
    const struct each e = {full, fn, self};
    int32_t rc = each_schema(&e, full, "", 0);

    return rc || !c ? rc : each_set(&e, config_tree(c), full, "", 0);
}

/* ---- what may be shown ---- */

static bool sounds_secret(const char *key)
{
    static const char *const words[] = {"password", "passwd",  "secret",      "token",
                                        "apikey",   "api_key", "private_key", "credential"};
    const char *dot = strrchr(key, '.');
    const char *last = dot ? dot + 1 : key;
    char lower[64];
    size_t n = 0;

    for (; last[n] && n + 1 < sizeof lower; n++)
        lower[n] = (char)(last[n] >= 'A' && last[n] <= 'Z' ? last[n] + 32 : last[n]);
    lower[n] = '\0';
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strstr(lower, words[i]))
            return true;
    }
    return false;
}

static bool hide(const char *text, const json_node *schema, const char *key)
{
    const char *words, *advice;

    if (schema ? !json_get_bool(schema, "secret", false) : !sounds_secret(key))
        return false;
    return !config_is_reference(text, &words, &advice);
}

static json_node *public_copy(const json_node *value, const json_node *schema, const char *key,
                              unsigned depth)
{
    bool object = json_typeof(value) == JSON_OBJECT;
    bool hidden = json_get_bool(schema, "secret", false) && json_typeof(value) != JSON_STRING;

    if (hidden || depth > DEPTH_MAX)
        return json_new_str("[redacted]");
    if (json_typeof(value) == JSON_STRING)
        return json_new_str(hide(json_str(value, ""), schema, key) ? "[redacted]"
                                                                   : json_str(value, ""));
    if (!object && json_typeof(value) != JSON_ARRAY)
        return json_copy(value);
    json_node *copy = object ? json_new_object() : json_new_array();
    json_foreach (item, copy ? value : NULL) {
        const json_node *its =
            object ? config_schema_at(schema, json_key(item), NULL) : json_get(schema, "items");
        json_node *child =
            public_copy(item, schema ? its : NULL, object ? json_key(item) : key, depth + 1);
        int32_t rc = !child   ? ALLORA_E_NOMEM
                     : object ? json_add(copy, json_key(item), child)
                              : json_push(copy, child);
        if (rc) {
            json_free(copy);
            return NULL;
        }
    }
    return copy;
}

json_node *config_public(const json_node *value, const json_node *schema, const char *key)
{
    return public_copy(value, schema, key, 0);
}

void config_public_text(struct buf *b, const json_node *value, const json_node *schema,
                        const char *key)
{
    A_CLEAN(json_freep) json_node *copy = value ? config_public(value, schema, key) : NULL;
    struct jsonw w = JSONW(b);

    if (value && !copy)
        b->failed = true;
    else if (json_typeof(copy) == JSON_STRING)
        buf_adds(b, json_str(copy, ""));
    else if (copy)
        jw_node(&w, copy);
}

const char *config_layer_word(enum config_layer_kind kind)
{
    static const char *const words[] = {"system", "user", "project", "environment", "command line"};
    return words[kind];
}

static const char *type_word(const char *type)
{
    static const char *const words[][2] = {
        {"string", "text"}, {"integer", "whole number"}, {"number", "number"},
        {"array", "list"},  {"object", "group"},         {"boolean", "true or false"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (streq(words[i][0], type))
            return words[i][1];
    }
    return type;
}

void config_type_words(struct buf *b, const json_node *schema)
{
    const json_node *type = json_get(schema, "type"), *choices = json_get(schema, "enum");
    const json_node *least = json_get(schema, "minimum"), *most = json_get(schema, "maximum");
    bool first = true;

    json_foreach (choice, choices) {
        buf_adds(b, first ? "" : ", ");
        config_public_text(b, choice, NULL, "");
        first = false;
    }
    if (!choices && json_typeof(type) == JSON_STRING)
        buf_adds(b, streq(json_get_str(schema, "format", ""), "duration")
                        ? "time span"
                        : type_word(json_str(type, "")));
    json_foreach (one, choices || json_typeof(type) != JSON_ARRAY ? NULL : type) {
        buf_addf(b, "%s%s", first ? "" : " or ", type_word(json_str(one, "")));
        first = false;
    }
    if (least && most)
        buf_addf(b, ", %.15g to %.15g", json_num(least, 0), json_num(most, 0));
    else if (least || most)
        buf_addf(b, ", at %s %.15g", least ? "least" : "most", json_num(least ? least : most, 0));
    if (json_get_str(schema, "unit", NULL))
        buf_addf(b, " %s", json_get_str(schema, "unit", ""));
    if (json_get_bool(schema, "secret", false))
        buf_adds(b, ", a secret's reference: env:NAME or file:PATH");
}
