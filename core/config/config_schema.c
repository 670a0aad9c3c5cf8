/* Checking configuration against a JSON Schema, as far as configuration needs one. */
#include "config/config_schema.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"

#include <math.h>
#include <stdio.h>

enum { PLACE_MAX = 4200, WORDS_MAX = 300 };

/* ---- types ---- */

static bool has_type(const json_node *value, const char *type)
{
    switch (json_typeof(value)) {
    case JSON_NULL:
        return true; /* says nothing */
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

bool config_schema_takes(const json_node *schema, const char *type)
{
    const json_node *types = json_get(schema, "type");

    if (json_typeof(types) == JSON_STRING)
        return streq(json_str(types, ""), type);
    json_foreach (one, types) {
        if (streq(json_str(one, ""), type))
            return true;
    }
    if (types)
        return false;
    json_foreach (choice, json_get(schema, "enum")) {
        if (has_type(choice, type))
            return true;
    }
    return !json_get(schema, "enum");
}

bool config_schema_is_group(const json_node *schema)
{
    return json_get(schema, "properties") != NULL;
}

/* ---- looking a key up ---- */

static unsigned flags_of(const json_node *schema)
{
    return (json_get_bool(schema, "secret", false) ? CONFIG_IS_SECRET | CONFIG_IS_SECURITY : 0u) |
           (json_get_bool(schema, "security", false) ? CONFIG_IS_SECURITY : 0u) |
           (json_get_bool(schema, "control", false) ? CONFIG_IS_CONTROL : 0u);
}

const json_node *config_schema_at(const json_node *schema, const char *dotted_key,
                                  unsigned *ret_flags)
{
    char part[CONFIG_KEY_MAX];
    unsigned flags = flags_of(schema);

    for (const char *p = dotted_key; schema && *p;) {
        size_t n = strcspn(p, ".");
        if (n >= sizeof part)
            schema = NULL;
        if (!schema)
            break;
        memcpy(part, p, n);
        part[n] = '\0';
        const json_node *its = json_get(json_get(schema, "properties"), part);
        const json_node *more = json_get(schema, "additionalProperties");
        schema = its ? its : json_typeof(more) == JSON_OBJECT ? more : NULL;
        flags |= flags_of(schema);
        p += n + (p[n] == '.');
    }
    if (ret_flags)
        *ret_flags = flags;
    return schema;
}

/* ---- secrets ---- */

bool config_is_reference(const char *text, const char **ret_words, const char **ret_advice)
{
    *ret_advice = "env:NAME takes it from the environment, file:PATH from a file that only you can "
                  "read";
    if ((str_starts(text, "env:") && text[4]) || (str_starts(text, "file:") && text[5])) {
        *ret_words = NULL;
        return true;
    }
    *ret_words = str_starts(text, "vault:")
                     ? "names a vault, and this allora has none yet: vault:NAME is reserved"
                     : "holds a secret in plain text";
    return false;
}

/* ---- checking ---- */

struct check {
    config_place_fn place;
    const void *self;
    struct config_problems *problems;
};

static bool bad(const struct check *c, const char *key, const char *words, const char *advice)
{
    char where[PLACE_MAX] = "";

    c->place(c->self, key, where, sizeof where);
    config_problem_add(c->problems, ALLORA_E_CONFIG, key, where, advice, "%s%s%s",
                       *key ? key : "the file", " ", words);
    return false;
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

static bool check_type(const struct check *c, const json_node *schema, const json_node *value,
                       const char *key)
{
    const json_node *type = json_get(schema, "type");
    char words[WORDS_MAX] = "must be ";
    bool fits = !type || has_type(value, json_str(type, ""));
    size_t len = strlen(words), i = 0, n = json_count(type);

    if (json_typeof(type) == JSON_STRING)
        (void)snprintf(words + len, sizeof words - len, "%s", type_words(json_str(type, "")));
    json_foreach (one, json_typeof(type) == JSON_ARRAY ? type : NULL) {
        fits = fits || has_type(value, json_str(one, ""));
        int k = snprintf(words + len, sizeof words - len, "%s%s",
                         i == 0       ? ""
                         : i + 1 == n ? " or "
                                      : ", ",
                         type_words(json_str(one, "")));
        len += k > 0 && (size_t)k < sizeof words - len ? (size_t)k : 0;
        i++;
    }
    return fits || bad(c, key, words, "");
}

static bool check_enum(const struct check *c, const json_node *schema, const json_node *value,
                       const char *key)
{
    const json_node *choices = json_get(schema, "enum");
    char words[WORDS_MAX], advice[128] = "";
    struct nearest near;
    size_t len = 0;

    if (!choices)
        return true;
    nearest_init(&near, json_str(value, ""));
    json_foreach (choice, choices) {
        if (same(choice, value))
            return true;
        const char *text = json_str(choice, json_bool(choice, false) ? "true" : "false");
        nearest_offer(&near, text);
        int n =
            snprintf(words + len, sizeof words - len, "%s%s", len ? ", " : "must be one of ", text);
        len += n > 0 && (size_t)n < sizeof words - len ? (size_t)n : 0;
    }
    if (near.n > 0 && json_typeof(value) == JSON_STRING)
        (void)snprintf(advice, sizeof advice, "did you mean %s?", near.best[0]);
    return bad(c, key, words, advice);
}

static bool check_range(const struct check *c, const json_node *schema, const json_node *value,
                        const char *key)
{
    const json_node *least = json_get(schema, "minimum"), *most = json_get(schema, "maximum");
    const char *unit = json_get_str(schema, "unit", "");
    double d = json_num(value, 0);
    char words[WORDS_MAX];

    if (json_typeof(value) != JSON_NUMBER)
        return true;
    bool low = least && d < json_num(least, 0);
    if (!low && !(most && d > json_num(most, 0)))
        return true;
    (void)snprintf(words, sizeof words, "must be at %s %.15g%s%s", low ? "least" : "most",
                   json_num(low ? least : most, 0), *unit ? " " : "", unit);
    return bad(c, key, words, "");
}

static bool check_text(const struct check *c, const json_node *schema, const json_node *value,
                       const char *key)
{
    const char *text = json_str(value, ""), *words, *advice;
    allora_error ignored = ERR_INIT;
    int64_t us;

    if (json_typeof(value) != JSON_STRING)
        return true;
    if (json_get_bool(schema, "secret", false) && !config_is_reference(text, &words, &advice))
        return bad(c, key, words, advice);
    if (!*text && json_get_int(schema, "minLength", 0) > 0)
        return bad(c, key, "must not be empty", "");
    if (streq(json_get_str(schema, "format", ""), "duration") &&
        duration_parse(text, &us, &ignored) != ALLORA_OK)
        return bad(c, key, "must be a time span", "such as 30s, 15m, 1h or 7d");
    return true;
}

static bool unknown_key(const struct check *c, const json_node *properties, const char *full,
                        const char *name)
{
    struct nearest near;
    char where[PLACE_MAX] = "", advice[128] = "";

    c->place(c->self, full, where, sizeof where);
    nearest_init(&near, name);
    json_foreach (known, properties)
        nearest_offer(&near, json_key(known));
    if (near.n > 0)
        (void)snprintf(advice, sizeof advice, "did you mean %.64s?", near.best[0]);
    config_problem_add(c->problems, ALLORA_E_CONFIG, full, where, advice, "unknown key %s", full);
    return false;
}

static bool check(const struct check *c, const json_node *schema, const json_node *value,
                  const char *key);

static bool check_members(const struct check *c, const json_node *schema, const json_node *value,
                          const char *key)
{
    const json_node *properties = json_get(schema, "properties");
    const json_node *more = json_get(schema, "additionalProperties");
    char full[CONFIG_KEY_MAX];
    bool good = true;

    json_foreach (item, value) {
        const char *name = json_key(item);
        int n = snprintf(full, sizeof full, "%s%s%s", key, *key ? "." : "", name);
        if (n < 0 || (size_t)n >= sizeof full)
            return bad(c, key, "holds a key that is too long", "");
        const json_node *its = json_get(properties, name);
        if (!its && json_typeof(more) == JSON_OBJECT)
            its = more;
        /* What a schema lists is all there is, unless it says otherwise: typing errors are the
         * point. */
        if (!its && !json_bool(more, properties == NULL))
            good = unknown_key(c, properties, full, name);
        else if (its && !check(c, its, item, full))
            good = false;
    }
    return good;
}

static bool check_items(const struct check *c, const json_node *schema, const json_node *value,
                        const char *key)
{
    const json_node *items = json_get(schema, "items");
    char full[CONFIG_KEY_MAX];
    bool good = true;
    size_t i = 0;

    json_foreach (item, items ? value : NULL) {
        int n = snprintf(full, sizeof full, "%s.%zu", key, i++);
        if (n < 0 || (size_t)n >= sizeof full)
            return good;
        good = check(c, items, item, full) && good;
    }
    return good;
}

static bool check(const struct check *c, const json_node *schema, const json_node *value,
                  const char *key)
{
    if (json_typeof(value) == JSON_NULL)
        return true;
    if (!check_type(c, schema, value, key) || !check_enum(c, schema, value, key) ||
        !check_range(c, schema, value, key) || !check_text(c, schema, value, key))
        return false;
    if (json_typeof(value) == JSON_OBJECT)
        return check_members(c, schema, value, key);
    return json_typeof(value) != JSON_ARRAY || check_items(c, schema, value, key);
}

bool config_check_value(const json_node *schema, const json_node *value, const char *dotted_key,
                        config_place_fn place, const void *self, struct config_problems *p)
{
    const struct check c = {place, self, p};
    return check(&c, schema, value, dotted_key);
}

/* ---- what a person types ---- */

static json_node *as_yaml(const char *text)
{
    allora_error ignored = ERR_INIT;
    json_node *value = NULL;

    if (yaml_parse("value", text, strlen(text), &value, NULL, &ignored) != ALLORA_OK)
        return NULL;
    return value;
}

json_node *config_read_value(const json_node *schema, const char *text)
{
    bool only_text =
        schema && config_schema_takes(schema, "string") && !config_schema_takes(schema, "array") &&
        !config_schema_takes(schema, "number") && !config_schema_takes(schema, "integer") &&
        !config_schema_takes(schema, "boolean") && !config_schema_takes(schema, "object");
    json_node *value = only_text ? NULL : as_yaml(text);

    /* "a: b" is a map to YAML; whoever types it for a key that takes no map means the text. */
    bool map = json_typeof(value) == JSON_OBJECT &&
               (!schema || !config_schema_takes(schema, "object")) && *text != '{';
    if (value && !map && !(json_typeof(value) == JSON_NULL && *text == '\0'))
        return value;
    json_free(value);
    return json_new_str(text);
}
