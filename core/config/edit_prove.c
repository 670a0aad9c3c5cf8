/* The proof that an edit did what it should and nothing else: the new text, read again, says what
 * the old one did, but for the one key. */
#include "base/err.h"
#include "base/str.h"
#include "base/yaml.h"
#include "config/edit_private.h"

enum { DEPTH_MAX = 64 };

static bool same(const json_node *a, const json_node *b, unsigned depth)
{
    if (json_typeof(a) != json_typeof(b) || depth > DEPTH_MAX)
        return false;
    switch (json_typeof(a)) {
    case JSON_STRING:
        return streq(json_str(a, ""), json_str(b, ""));
    case JSON_BOOL:
        return json_bool(a, false) == json_bool(b, false);
    case JSON_NUMBER:
        return json_num(a, 0) == json_num(b, 0);
    case JSON_OBJECT:
    case JSON_ARRAY: {
        const json_node *other = json_first(b);
        if (json_count(a) != json_count(b))
            return false;
        json_foreach (item, a) {
            if (json_typeof(a) == JSON_OBJECT)
                other = json_get(b, json_key(item));
            if (!same(item, other, depth + 1))
                return false;
            other = other ? json_next(other) : NULL;
        }
        return true;
    }
    case JSON_NULL:
    case JSON_NONE:
    default:
        return true;
    }
}

bool edit_same(const json_node *a, const json_node *b)
{
    return same(a, b, 0);
}

/* The same change, made to the tree. */
static int32_t change_tree(struct edit *e, json_node *node, size_t i, const json_node *value)
{
    const char *key = e->parts[i];
    json_node *child = (json_node *)(uintptr_t)json_get(node, key);

    if (i + 1 == e->n_parts) {
        json_node *copy = value ? json_copy(value) : NULL;
        if (value)
            return copy ? json_set(node, key, copy) : ALLORA_E_NOMEM;
        json_remove(node, key);
        return ALLORA_OK;
    }
    if (json_typeof(child) != JSON_OBJECT) {
        json_node *made = json_new_object();
        int32_t rc = made ? json_set(node, key, made) : ALLORA_E_NOMEM;
        if (rc)
            return rc;
        child = (json_node *)(uintptr_t)json_get(node, key);
    }
    int32_t rc = change_tree(e, child, i + 1, value);
    if (rc == ALLORA_OK && !value && json_count(child) == 0)
        json_remove(node, key);
    return rc;
}

int32_t edit_prove(struct edit *e, const char *name, const json_node *value, allora_error *err)
{
    A_CLEAN(json_freep)
    json_node *model = json_typeof(e->old) == JSON_OBJECT ? json_copy(e->old) : json_new_object();
    A_CLEAN(json_freep) json_node *got = NULL;
    allora_error ignored = ERR_INIT;

    if (!model || change_tree(e, model, 0, value) != ALLORA_OK)
        return err_nomem(err);
    if (buf_failed(e->out))
        return err_set(err, ALLORA_E_CONFIG, "%s: would grow beyond %d KiB", name,
                       EDIT_TEXT_MAX / 1024);
    int32_t rc = e->json ? json_parse(buf_str(e->out), e->out->len, &got, &ignored)
                         : yaml_parse(name, buf_str(e->out), e->out->len, &got, NULL, &ignored);
    if (rc == ALLORA_E_NOMEM)
        return err_nomem(err);
    bool empty = json_count(model) == 0 && json_typeof(got) == JSON_NULL;
    if (rc == ALLORA_OK && (empty || edit_same(model, got)))
        return ALLORA_OK;
    e->why = "the place is written in a way that only a person can keep";
    return ALLORA_E_CONFIG;
}
