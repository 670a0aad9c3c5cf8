/* A JSON Schema, read once into structs, so that checking a call's arguments parses nothing but the
 * arguments. */
#include "operation/schema.h"
#include "base/err.h"
#include "base/str.h"

enum { SCHEMA_DEPTH_MAX = 16 };

struct compiler {
    struct arena *mem;
    allora_error *err;
};

static const struct {
    const char *name;
    unsigned bit;
} types[] = {{"null", TYPE_NULL},     {"boolean", TYPE_BOOLEAN}, {"integer", TYPE_INTEGER},
             {"number", TYPE_NUMBER}, {"string", TYPE_STRING},   {"array", TYPE_ARRAY},
             {"object", TYPE_OBJECT}};

static int32_t compile(const struct compiler *c, const json_node *node, unsigned depth,
                       const char *where, struct schema *s);

static int32_t bad(const struct compiler *c, const char *where, const char *key, const char *what)
{
    return err_set(c->err, ALLORA_E_CONFIG, "argument schema: %s: %s %s",
                   *where ? where : "top level", key, what);
}

static unsigned type_bit(const char *name)
{
    for (size_t i = 0; name && i < sizeof types / sizeof *types; i++)
        if (streq(name, types[i].name))
            return types[i].bit;
    return 0;
}

static int32_t compile_type(const struct compiler *c, const json_node *node, const char *where,
                            struct schema *s)
{
    if (json_typeof(node) == JSON_STRING)
        s->types = type_bit(json_str(node, NULL));
    json_foreach (item, json_typeof(node) == JSON_ARRAY ? node : NULL) {
        unsigned bit = type_bit(json_str(item, NULL));
        if (!bit)
            return bad(c, where, "type", "is unknown");
        s->types |= bit;
    }
    return s->types ? ALLORA_OK : bad(c, where, "type", "is unknown");
}

static int32_t compile_properties(const struct compiler *c, const json_node *node, unsigned depth,
                                  const char *where, struct schema *s)
{
    if (json_typeof(node) != JSON_OBJECT)
        return bad(c, where, "properties", "must be an object");
    size_t n = json_count(node);
    struct property *list = arena_array(c->mem, n ? n : 1, sizeof *list);
    if (!list)
        return err_nomem(c->err);
    s->properties = list;
    json_foreach (item, node) {
        struct property *p = &list[s->n_properties++];
        p->name = json_key(item);
        p->description = json_get_str(item, "description", NULL);
        p->dflt = json_get(item, "default");
        const char *path = arena_printf(c->mem, "%s%s%s", where, *where ? "." : "", p->name);
        if (!path)
            return err_nomem(c->err);
        int32_t status = compile(c, item, depth + 1, path, &p->schema);
        if (!status && p->dflt && !schema_accepts(&p->schema, p->dflt))
            status = bad(c, path, "default", "is not a valid value");
        if (status)
            return status;
        s->has_defaults = s->has_defaults || p->dflt || p->schema.has_defaults;
        s->has_sensitive = s->has_sensitive || p->schema.has_sensitive;
    }
    return ALLORA_OK;
}

static int32_t compile_items(const struct compiler *c, const json_node *node, unsigned depth,
                             const char *where, struct schema *s)
{
    struct schema *items = arena_array(c->mem, 1, sizeof *items);
    const char *path = arena_printf(c->mem, "%s[]", where);
    if (!items || !path)
        return err_nomem(c->err);
    int32_t status = compile(c, node, depth + 1, path, items);
    s->items = items;
    s->has_defaults = s->has_defaults || items->has_defaults;
    s->has_sensitive = s->has_sensitive || items->has_sensitive;
    return status;
}

/* Required names can only be matched once all properties are known. */
static int32_t mark_required(const struct compiler *c, const json_node *node, const char *where,
                             struct schema *s)
{
    if (json_typeof(node) != JSON_ARRAY)
        return bad(c, where, "required", "must be an array of names");
    json_foreach (item, node) {
        struct property *found = NULL;
        for (uint32_t i = 0; i < s->n_properties; i++)
            if (streq(s->properties[i].name, json_str(item, NULL)))
                found = &s->properties[i];
        if (!found)
            return bad(c, where, "required", "names what properties does not declare");
        found->required = true;
    }
    return ALLORA_OK;
}

static int32_t count_of(const struct compiler *c, const json_node *node, const char *where,
                        uint64_t *ret)
{
    double d = json_num(node, -1);
    if (json_typeof(node) != JSON_NUMBER || d < 0 || d > 9e15)
        return bad(c, where, json_key(node), "must be a count");
    *ret = (uint64_t)d;
    return ALLORA_OK;
}

static int32_t number_of(const struct compiler *c, const json_node *node, const char *where,
                         const json_node **ret)
{
    if (json_typeof(node) != JSON_NUMBER)
        return bad(c, where, json_key(node), "must be a number");
    *ret = node;
    return ALLORA_OK;
}

static int32_t compile_keyword(const struct compiler *c, const json_node *node, unsigned depth,
                               const char *where, struct schema *s)
{
    const char *key = json_key(node);
    if (streq(key, "type"))
        return compile_type(c, node, where, s);
    if (streq(key, "properties"))
        return compile_properties(c, node, depth, where, s);
    if (streq(key, "items"))
        return compile_items(c, node, depth, where, s);
    if (streq(key, "minimum"))
        return number_of(c, node, where, &s->minimum);
    if (streq(key, "maximum"))
        return number_of(c, node, where, &s->maximum);
    if (streq(key, "minLength") || streq(key, "minItems"))
        return count_of(c, node, where, key[3] == 'L' ? &s->min_length : &s->min_items);
    if (streq(key, "maxLength") || streq(key, "maxItems"))
        return count_of(c, node, where, key[3] == 'L' ? &s->max_length : &s->max_items);
    if (streq(key, "enum")) {
        s->choices = node;
        return json_typeof(node) == JSON_ARRAY && json_count(node)
                   ? ALLORA_OK
                   : bad(c, where, key, "must be a list of values");
    }
    if (streq(key, "additionalProperties")) {
        s->closed = !json_bool(node, true);
        return json_typeof(node) == JSON_BOOL ? ALLORA_OK : bad(c, where, key, "must be a boolean");
    }
    if (streq(key, "sensitive")) {
        s->sensitive = s->has_sensitive = json_bool(node, false);
        return json_typeof(node) == JSON_BOOL ? ALLORA_OK : bad(c, where, key, "must be a boolean");
    }
    if (streq(key, "required") || streq(key, "default") || streq(key, "title") ||
        streq(key, "description") || streq(key, "examples") || streq(key, "format") ||
        streq(key, "$comment") || str_starts(key, "x-"))
        return ALLORA_OK;
    return bad(c, where, key, "is not a keyword that arguments are checked for");
}

static int32_t compile(const struct compiler *c, const json_node *node, unsigned depth,
                       const char *where, struct schema *s)
{
    if (json_typeof(node) != JSON_OBJECT)
        return bad(c, where, "schema", "must be an object");
    if (depth > SCHEMA_DEPTH_MAX)
        return bad(c, where, "schema", "is nested too deep");
    s->types = 0;
    s->max_length = s->max_items = UINT64_MAX;
    json_foreach (item, node) {
        int32_t status = compile_keyword(c, item, depth, where, s);
        if (status)
            return status;
    }
    if (!s->types)
        s->types = TYPE_ANY;
    const json_node *required = json_get(node, "required");
    return required ? mark_required(c, required, where, s) : ALLORA_OK;
}

int32_t schema_compile(struct arena *mem, const json_node *node, const struct schema **ret,
                       allora_error *err)
{
    struct compiler c = {mem, err};
    struct schema *s = arena_array(mem, 1, sizeof *s);
    if (!s)
        return err_nomem(err);
    if (node) {
        int32_t status = compile(&c, node, 0, "", s);
        if (status)
            return status;
    }
    s->types = TYPE_OBJECT;
    s->closed = !json_get_bool(node, "additionalProperties", false);
    *ret = s;
    return ALLORA_OK;
}
