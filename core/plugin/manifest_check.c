/* The small checks a manifest is made of. */
#include "plugin/manifest_check.h"

#include "base/err.h"
#include "base/str.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

static void path_add(struct check *c, const char *text)
{
    size_t room = sizeof c->path - c->len;
    int n = snprintf(c->path + c->len, room, "%s", text);
    c->len += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
}

size_t check_enter(struct check *c, const char *key)
{
    size_t before = c->len;
    if (before > 0)
        path_add(c, ".");
    path_add(c, key);
    return before;
}

size_t check_enter_item(struct check *c, size_t i)
{
    size_t before = c->len;
    char text[32];
    (void)snprintf(text, sizeof text, "[%zu]", i);
    path_add(c, text);
    return before;
}

void check_leave(struct check *c, size_t before)
{
    c->len = before;
    c->path[before] = '\0';
}

int32_t check_fail(struct check *c, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return err_set(c->err, ALLORA_E_CONFIG, "%s%s%s", c->path, c->len ? ": " : "", text);
}

int32_t check_unknown(struct check *c, const char *kind, const char *value,
                      const char *const *names)
{
    struct nearest near;

    nearest_init(&near, value);
    for (size_t i = 0; names[i]; i++)
        nearest_offer(&near, names[i]);
    if (near.n > 0)
        return check_fail(c, "unknown %s \"%s\", did you mean %s?", kind, value, near.best[0]);
    return check_fail(c, "unknown %s \"%s\"", kind, value);
}

static bool is_whole(const json_node *n)
{
    double d = json_num(n, -1);
    return d >= 0 && d <= 9007199254740992.0 && floor(d) == d;
}

static bool all_strings(const json_node *n)
{
    json_foreach (item, n) {
        if (json_typeof(item) != JSON_STRING)
            return false;
    }
    return true;
}

static bool fits(const json_node *n, unsigned want)
{
    if (want & WANT_ANY)
        return true;
    switch (json_typeof(n)) {
    case JSON_STRING:
        return (want & WANT_STR) || ((want & WANT_TEXT) && *json_str(n, ""));
    case JSON_BOOL:
        return want & WANT_BOOL;
    case JSON_NUMBER:
        return (want & WANT_NUM) || ((want & WANT_INT) && is_whole(n));
    case JSON_ARRAY:
        return (want & WANT_ARRAY) || ((want & WANT_STRS) && all_strings(n));
    case JSON_OBJECT:
        return want & WANT_OBJECT;
    case JSON_NONE:
    case JSON_NULL:
    default:
        return false;
    }
}

static const char *want_words(unsigned want)
{
    static const struct {
        unsigned bit;
        const char *words;
    } words[] = {
        {WANT_TEXT, "a text that is not empty"},
        {WANT_STR, "a text"},
        {WANT_BOOL, "true or false"},
        {WANT_INT, "a whole number, 0 or more"},
        {WANT_NUM, "a number"},
        {WANT_STRS, "a list of texts"},
        {WANT_ARRAY, "a list"},
        {WANT_OBJECT, "an object"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (want & words[i].bit)
            return words[i].words;
    }
    return "something else";
}

static int32_t unknown_key(struct check *c, const char *key, const struct field *fields)
{
    struct nearest near;

    nearest_init(&near, key);
    for (; fields->key; fields++)
        nearest_offer(&near, fields->key);
    if (near.n > 0)
        return check_fail(c, "unknown key \"%s\", did you mean %s?", key, near.best[0]);
    return check_fail(c, "unknown key \"%s\"", key);
}

int32_t check_object(struct check *c, const json_node *node, const struct field *fields)
{
    const struct field *f;

    if (json_typeof(node) != JSON_OBJECT)
        return check_fail(c, "must be an object");
    for (f = fields; f->key; f++) {
        if ((f->want & REQUIRED) && !json_get(node, f->key))
            return check_fail(c, "\"%s\" is missing", f->key);
    }
    json_foreach (item, node) {
        const char *key = json_key(item);
        for (f = fields; f->key && !streq(f->key, key); f++)
            continue;
        if (!f->key) {
            if (c->lenient || streq(key, "$schema"))
                continue;
            return unknown_key(c, key, fields);
        }
        if (!fits(item, f->want)) {
            (void)check_enter(c, key);
            return check_fail(c, "must be %s", want_words(f->want));
        }
    }
    return ALLORA_OK;
}

int32_t check_name(struct check *c, const json_node *object, const char *key, const char *more)
{
    const char *name = json_get_str(object, key, "");
    size_t n = strlen(name);
    bool good = n > 0 && n <= 64 && name[0] >= 'a' && name[0] <= 'z';

    for (size_t i = 0; good && i < n; i++) {
        char ch = name[i];
        good = (ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9') || strchr(more, ch);
    }
    if (good)
        return ALLORA_OK;
    (void)check_enter(c, key);
    return check_fail(c, "\"%.80s\" is no name: a-z first, then a-z, 0-9%s%s, at most 64", name,
                      *more ? " and " : "", more);
}

int32_t check_choice(struct check *c, const json_node *object, const char *key, const char *kind,
                     const char *const *names, unsigned dflt, unsigned *ret)
{
    const char *value = json_get_str(object, key, NULL);

    if (!value) {
        *ret = dflt;
        return ALLORA_OK;
    }
    for (unsigned i = 0; names[i]; i++) {
        if (streq(names[i], value)) {
            *ret = i;
            return ALLORA_OK;
        }
    }
    (void)check_enter(c, key);
    return check_unknown(c, kind, value, names);
}

int32_t check_array(struct check *c, const json_node *object, const char *key, size_t each,
                    void **ret, uint32_t *ret_n)
{
    size_t n = json_count(json_get(object, key));

    *ret = NULL;
    *ret_n = 0;
    if (n == 0)
        return ALLORA_OK;
    if (n > UINT32_MAX || !(*ret = arena_array(&c->m->mem, n, each)))
        return err_nomem(c->err);
    *ret_n = (uint32_t)n;
    return ALLORA_OK;
}

int32_t check_strings(struct check *c, const json_node *object, const char *key,
                      const char *const **ret, uint32_t *ret_n)
{
    void *memory;
    uint32_t n = 0;
    int32_t rc = check_array(c, object, key, sizeof(const char *), &memory, &n);

    if (rc)
        return rc;
    const char **texts = memory;
    uint32_t i = 0;
    if (texts) { /* none: NULL */
        json_foreach (item, json_get(object, key))
            texts[i++] = json_str(item, "");
    }
    *ret = texts;
    *ret_n = n;
    return ALLORA_OK;
}
