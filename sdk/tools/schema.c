#include "schema.h"
#include "tool.h"
#include <regex.h>
#include <stdio.h>
#include <string.h>

enum { PATH_MAX_LEN = 256, MAX_NAME = 64, MAX_REFS = 32 };

struct checker {
    const sdk_json *root;
    allora_error *err;
    char path[PATH_MAX_LEN];
    size_t len;
    unsigned refs; /* followed without going deeper: more than MAX_REFS is a circle */
};

static int32_t check(struct checker *c, const sdk_json *schema, const sdk_json *v);

/* ---- where we are ---- */

static size_t enter(struct checker *c, const char *key, size_t key_len, uint32_t index)
{
    size_t before = c->len, room = sizeof c->path - c->len;
    int n = key ? snprintf(c->path + c->len, room, "%s%.*s", c->len ? "." : "", (int)key_len, key)
                : snprintf(c->path + c->len, room, "[%u]", (unsigned)index);
    c->len += n < 0 ? 0 : (size_t)n < room ? (size_t)n : room - 1;
    return before;
}

static void leave(struct checker *c, size_t before)
{
    c->path[before] = 0;
    c->len = before;
}

#define REFUSE(c, ...) refuse((c), sdk_fail((c)->err, ALLORA_E_ARG, __VA_ARGS__))

/* Puts the path before the message. */
static int32_t refuse(struct checker *c, int32_t status)
{
    char what[sizeof c->err->message];
    memcpy(what, c->err->message, sizeof what);
    (void)snprintf(c->err->message, sizeof c->err->message, "%s%s%.200s", c->path,
                   c->len ? ": " : "", what);
    return status;
}

/* ---- nearest names ---- */

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many letters must change (Levenshtein); texts over 64 bytes are far from everything. */
static unsigned distance(allora_str a, allora_str b)
{
    unsigned row[MAX_NAME + 1];
    if (a.len > MAX_NAME || b.len > MAX_NAME)
        return UINT32_MAX;
    for (unsigned j = 0; j <= b.len; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            unsigned changed = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
            diagonal = row[j];
            row[j] = least(changed, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.len];
}

/* The key of an object, or the text of an array's item, that is nearest; empty when none is near.
 */
static allora_str nearest(allora_str word, const sdk_json *names)
{
    allora_str best = {"", 0};
    unsigned closest = 3;
    sdk_foreach (n, names) {
        allora_str name = names->type == SDK_OBJECT ? n->key : n->text;
        unsigned d = distance(word, name);
        if (d < closest && d < name.len) {
            closest = d;
            best = name;
        }
    }
    return best;
}

static int32_t unknown(struct checker *c, const char *kind, allora_str word, const sdk_json *names)
{
    allora_str near = nearest(word, names);
    if (near.len)
        return REFUSE(c, "unknown %s \"%.*s\", did you mean \"%.*s\"?", kind, (int)word.len,
                      word.ptr, (int)near.len, near.ptr);
    return REFUSE(c, "unknown %s \"%.*s\"", kind, (int)word.len, word.ptr);
}

/* ---- keywords ---- */

static bool has_type(const sdk_json *v, const char *type)
{
    static const struct {
        const char *name;
        uint8_t type;
    } types[] = {{"null", SDK_NULL},   {"boolean", SDK_BOOL}, {"integer", SDK_INT},
                 {"number", SDK_INT},  {"number", SDK_REAL},  {"string", SDK_STRING},
                 {"array", SDK_ARRAY}, {"object", SDK_OBJECT}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].type == v->type && strcmp(types[i].name, type) == 0)
            return true;
    return false;
}

/* Plain values only: strings, numbers, booleans, null. */
static bool same(const sdk_json *a, const sdk_json *b)
{
    return a->type == b->type && a->text.len == b->text.len &&
           memcmp(a->text.ptr, b->text.ptr, a->text.len) == 0;
}

static int32_t check_enum(struct checker *c, const sdk_json *values, const sdk_json *v)
{
    sdk_foreach (one, values)
        if (same(one, v))
            return ALLORA_OK;
    return unknown(c, "value", v->text, values);
}

static int32_t check_pattern(struct checker *c, const char *pattern, const sdk_json *v)
{
    regex_t re;
    if (v->type != SDK_STRING)
        return ALLORA_OK;
    if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return REFUSE(c, "the schema's pattern %s can't be read", pattern);
    int found = regexec(&re, v->text.ptr, 0, NULL, 0);
    regfree(&re);
    return found == 0 ? ALLORA_OK : REFUSE(c, "\"%.100s\" does not match %s", v->text.ptr, pattern);
}

/* minLength … maximum: what they measure, by the value's type. */
static int32_t check_bound(struct checker *c, const char *keyword, double bound, const sdk_json *v)
{
    bool length = strstr(keyword, "Length") != NULL, items = strstr(keyword, "Items") != NULL;
    double measured;
    if (length && v->type == SDK_STRING)
        measured = (double)v->text.len;
    else if (items && v->type == SDK_ARRAY)
        measured = (double)v->count;
    else if (!length && !items && v->type == SDK_INT)
        measured = (double)v->u.i;
    else if (!length && !items && v->type == SDK_REAL)
        measured = v->u.d;
    else
        return ALLORA_OK;
    bool least_of = strncmp(keyword, "min", 3) == 0;
    if (least_of ? measured >= bound : measured <= bound)
        return ALLORA_OK;
    if (least_of && bound <= 1 && (length || items))
        return REFUSE(c, "must not be empty");
    return REFUSE(c, "must be at %s %g%s", least_of ? "least" : "most", bound,
                  length  ? " characters long"
                  : items ? " items long"
                          : "");
}

static int32_t check_items(struct checker *c, const sdk_json *schema, const sdk_json *v)
{
    uint32_t i = 0;
    if (v->type != SDK_ARRAY)
        return ALLORA_OK;
    sdk_foreach (item, v) {
        size_t before = enter(c, NULL, 0, i++);
        int32_t st = check(c, schema, item);
        if (st)
            return st;
        leave(c, before);
    }
    return ALLORA_OK;
}

static int32_t check_members(struct checker *c, const sdk_json *schema, const sdk_json *v)
{
    const sdk_json *properties = sdk_member(schema, "properties");
    const sdk_json *others = sdk_member(schema, "additionalProperties");
    if (v->type != SDK_OBJECT)
        return ALLORA_OK;
    sdk_foreach (name, sdk_member(schema, "required"))
        if (!sdk_member(v, name->text.ptr))
            return REFUSE(c, "\"%s\" is missing", name->text.ptr);
    sdk_foreach (member, v) {
        const sdk_json *of = sdk_member(properties, member->key.ptr);
        if (!of && others && others->type == SDK_BOOL && !others->u.i)
            return unknown(c, "key", member->key, properties);
        if (!of)
            of = others;
        size_t before = enter(c, member->key.ptr, member->key.len, 0);
        int32_t st = of && of->type == SDK_OBJECT ? check(c, of, member) : ALLORA_OK;
        if (st)
            return st;
        leave(c, before);
    }
    return ALLORA_OK;
}

static int32_t check_any(struct checker *c, const sdk_json *schemas, const sdk_json *v)
{
    size_t before = c->len;
    int32_t st = ALLORA_E_ARG;
    sdk_foreach (one, schemas) {
        if (check(c, one, v) == ALLORA_OK)
            return ALLORA_OK;
        leave(c, before);
    }
    /* with one way left for this kind of value, its words say more than "none of them" */
    sdk_foreach (one, schemas)
        if (has_type(v, sdk_get_str(one, "type", "")))
            return check(c, one, v);
    return st == ALLORA_OK ? st : REFUSE(c, "has none of the forms that are possible here");
}

static int32_t check_ref(struct checker *c, const char *ref, const sdk_json *v)
{
    static const char prefix[] = "#/$defs/";
    const sdk_json *to = NULL;
    if (strncmp(ref, prefix, sizeof prefix - 1) == 0)
        to = sdk_member(sdk_member(c->root, "$defs"), ref + sizeof prefix - 1);
    if (!to || c->refs >= MAX_REFS)
        return REFUSE(c, "the schema's reference %s leads nowhere", ref);
    c->refs++;
    int32_t st = check(c, to, v);
    c->refs--;
    return st;
}

static bool only_describes(const sdk_json *keyword)
{
    static const char *const names[] = {
        "$schema", "$id",      "$defs",    "title",    "description",
        "default", "examples", "$comment", "required", "additionalProperties"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (sdk_str_is(keyword->key, names[i]))
            return true;
    return false;
}

static int32_t check_keyword(struct checker *c, const sdk_json *schema, const sdk_json *k,
                             const sdk_json *v)
{
    const char *name = k->key.ptr;
    if (strcmp(name, "type") == 0)
        return has_type(v, k->text.ptr) ? ALLORA_OK : REFUSE(c, "must be of type %s", k->text.ptr);
    if (strcmp(name, "properties") == 0)
        return ALLORA_OK; /* by check_members(), with its companions */
    if (strcmp(name, "const") == 0)
        return same(k, v) ? ALLORA_OK
                          : REFUSE(c, "must be %.*s", (int)k->source.len, k->source.ptr);
    if (strcmp(name, "enum") == 0)
        return check_enum(c, k, v);
    if (strcmp(name, "pattern") == 0)
        return check_pattern(c, k->text.ptr, v);
    if (strcmp(name, "items") == 0)
        return check_items(c, k, v);
    if (strcmp(name, "anyOf") == 0)
        return check_any(c, k, v);
    if (strcmp(name, "$ref") == 0)
        return check_ref(c, k->text.ptr, v);
    if (strncmp(name, "min", 3) == 0 || strncmp(name, "max", 3) == 0)
        return check_bound(c, name, sdk_get_real(schema, name, 0), v);
    return only_describes(k) ? ALLORA_OK : REFUSE(c, "the schema's keyword %s is unknown", name);
}

static int32_t check(struct checker *c, const sdk_json *schema, const sdk_json *v)
{
    sdk_foreach (k, schema) {
        int32_t st = check_keyword(c, schema, k, v);
        if (st)
            return st;
    }
    return check_members(c, schema, v);
}

int32_t schema_check(const sdk_json *schema, const sdk_json *value, allora_error *err)
{
    struct checker c = {.root = schema, .err = err};
    return check(&c, schema, value);
}
