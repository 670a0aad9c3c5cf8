/* Checking configuration against a JSON Schema, as far as configuration needs one. */
#include "config/config_schema.h"

#include "base/err.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>

enum { KEY_MAX = 512, PLACE_MAX = 512 };

/* Subtrees of plugins are checked against the plugins' own schemas, when they are loaded. */
const char config_core_schema[] =
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"output\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"format\":{\"enum\":[\"table\",\"json\",\"ndjson\",\"yaml\",\"csv\",\"markdown\"]},"
    "\"color\":{\"enum\":[\"auto\",\"never\"]}}},"
    "\"plugins\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"enable\":{\"type\":[\"array\",\"string\"],\"items\":{\"type\":\"string\"}},"
    "\"disable\":{\"type\":[\"array\",\"string\"],\"items\":{\"type\":\"string\"}},"
    "\"digests\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}},"
    "\"require_digest\":{\"type\":[\"array\",\"string\"],\"items\":{\"type\":\"string\"}},"
    "\"load_timeout_s\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":3600},"
    "\"host\":{\"enum\":[\"direct\",\"debug\",\"codec\"]}}},"
    "\"agent\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
    "\"default\":{\"type\":\"string\"}}},"
    "\"providers\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"object\"}},"
    "\"agents\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"object\"}},"
    "\"commands\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"object\"}}}}";

static bool has_type(const json_node *value, const char *type)
{
    switch (json_typeof(value)) {
    case JSON_NULL:
        return streq(type, "null");
    case JSON_BOOL:
        return streq(type, "boolean");
    case JSON_STRING:
        return streq(type, "string");
    case JSON_ARRAY:
        return streq(type, "array");
    case JSON_OBJECT:
        return streq(type, "object");
    case JSON_NUMBER: {
        double d = json_num(value, 0.5);
        return streq(type, "number") || (streq(type, "integer") && floor(d) == d);
    }
    case JSON_NONE:
    default:
        return false;
    }
}

static const char *type_words(const char *type)
{
    static const char *const words[][2] = {
        {"string", "a text"}, {"integer", "a whole number"}, {"number", "a number"},
        {"array", "a list"},  {"object", "a group of keys"}, {"boolean", "true or false"},
        {"null", "nothing"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (streq(words[i][0], type))
            return words[i][1];
    }
    return type;
}

struct check {
    config_place_fn place;
    const void *self;
    allora_error *err;
};

static int32_t bad(const struct check *c, const char *key, const char *words)
{
    char where[PLACE_MAX] = "";

    c->place(c->self, key, where, sizeof where);
    int32_t rc = err_set(c->err, ALLORA_E_CONFIG, "config: %s %s", key, words);
    err_hint(c->err, "%s", where);
    return rc;
}

static bool same(const json_node *a, const json_node *b)
{
    if (json_typeof(a) != json_typeof(b))
        return false;
    if (json_typeof(a) == JSON_STRING)
        return streq(json_str(a, ""), json_str(b, ""));
    if (json_typeof(a) == JSON_BOOL)
        return json_bool(a, false) == json_bool(b, false);
    return json_num(a, 0) == json_num(b, 0);
}

static int32_t check_type(const struct check *c, const json_node *schema, const json_node *value,
                          const char *key)
{
    const json_node *type = json_get(schema, "type");
    const char *first = json_str(type, json_str(json_at(type, 0), NULL));
    bool fits = !first || has_type(value, first);
    char words[160];

    json_foreach (alternative, type)
        fits = fits || has_type(value, json_str(alternative, ""));
    if (fits)
        return ALLORA_OK;
    (void)snprintf(words, sizeof words, "must be %s", type_words(first));
    return bad(c, key, words);
}

static int32_t check_enum(const struct check *c, const json_node *schema, const json_node *value,
                          const char *key)
{
    const json_node *choices = json_get(schema, "enum");
    char words[240];
    size_t len = 0;

    if (!choices)
        return ALLORA_OK;
    json_foreach (choice, choices) {
        if (same(choice, value))
            return ALLORA_OK;
        int n = snprintf(words + len, sizeof words - len, "%s%s", len ? ", " : "must be one of ",
                         json_str(choice, json_bool(choice, false) ? "true" : "false"));
        len += n > 0 && (size_t)n < sizeof words - len ? (size_t)n : 0;
    }
    return bad(c, key, words);
}

static int32_t check_range(const struct check *c, const json_node *schema, const json_node *value,
                           const char *key)
{
    const json_node *least = json_get(schema, "minimum"), *most = json_get(schema, "maximum");
    double d = json_num(value, 0);
    char words[96];

    if (json_typeof(value) != JSON_NUMBER)
        return ALLORA_OK;
    if (least && d < json_num(least, 0)) {
        (void)snprintf(words, sizeof words, "must be at least %g", json_num(least, 0));
        return bad(c, key, words);
    }
    if (most && d > json_num(most, 0)) {
        (void)snprintf(words, sizeof words, "must be at most %g", json_num(most, 0));
        return bad(c, key, words);
    }
    return ALLORA_OK;
}

static int32_t unknown_key(const struct check *c, const json_node *properties, const char *full,
                           const char *name)
{
    struct nearest near;
    char where[PLACE_MAX] = "";

    c->place(c->self, full, where, sizeof where);
    nearest_init(&near, name);
    json_foreach (known, properties)
        nearest_offer(&near, json_key(known));
    int32_t rc = err_set(c->err, ALLORA_E_CONFIG, "config: unknown key %s", full);
    if (near.n > 0)
        err_hint(c->err, "%s · did you mean %s?", where, near.best[0]);
    else
        err_hint(c->err, "%s", where);
    return rc;
}

static int32_t check(const struct check *c, const json_node *schema, const json_node *value,
                     const char *key);

static int32_t check_members(const struct check *c, const json_node *schema, const json_node *value,
                             const char *key)
{
    const json_node *properties = json_get(schema, "properties");
    const json_node *more = json_get(schema, "additionalProperties");
    char full[KEY_MAX];

    json_foreach (item, value) {
        const char *name = json_key(item);
        int n = snprintf(full, sizeof full, "%s%s%s", key, *key ? "." : "", name);
        if (n < 0 || (size_t)n >= sizeof full)
            return bad(c, key, "holds a key that is too long");
        const json_node *its = json_get(properties, name);
        if (!its && json_typeof(more) == JSON_OBJECT)
            its = more;
        /* What a schema lists is all there is, unless it says otherwise: typing errors are the
         * point. */
        if (!its && !json_bool(more, properties == NULL))
            return unknown_key(c, properties, full, name);
        int32_t rc = its ? check(c, its, item, full) : ALLORA_OK;
        if (rc)
            return rc;
    }
    return ALLORA_OK;
}

static int32_t check(const struct check *c, const json_node *schema, const json_node *value,
                     const char *key)
{
    int32_t rc = check_type(c, schema, value, key);

    if (rc == ALLORA_OK)
        rc = check_enum(c, schema, value, key);
    if (rc == ALLORA_OK)
        rc = check_range(c, schema, value, key);
    if (rc == ALLORA_OK && json_typeof(value) == JSON_OBJECT)
        rc = check_members(c, schema, value, key);
    if (rc == ALLORA_OK && json_typeof(value) == JSON_ARRAY && json_get(schema, "items")) {
        json_foreach (item, value) {
            rc = check(c, json_get(schema, "items"), item, key);
            if (rc)
                return rc;
        }
    }
    return rc;
}

int32_t config_check_value(const json_node *schema, const json_node *value, const char *dotted_key,
                           config_place_fn place, const void *self, allora_error *err)
{
    const struct check c = {place, self, err};
    return check(&c, schema, value, dotted_key);
}
