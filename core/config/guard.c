/* What a layer may not say: security keys in a project's file, and keys that the system's file has
 * made final. */
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config_private.h"

#include <stdio.h>

enum { UNIONS_MAX = 8, WHERE_MAX = 4200 };

struct guard {
    const struct config *c;
    const json_node *schema;
    const char *root; /* the schema's own place in the tree: "" or "providers.acme" */
    const struct layer *l;
    bool merged; /* the merged tree holds this layer already: nothing to compare it with */
    struct config_problems *problems;
    bool (*leaf)(struct guard *, const char *key, const json_node *value);
    char unions[UNIONS_MAX][CONFIG_KEY_MAX]; /* keys that add to what is there below */
    size_t n_unions;
};

/* Visits every key that holds a value; groups are gone through. */
static bool walk(struct guard *g, const json_node *object, const char *key, unsigned depth)
{
    char full[CONFIG_KEY_MAX];
    bool good = true;

    json_foreach (item, object) {
        int n = snprintf(full, sizeof full, "%s%s%s", key, *key ? "." : "", json_key(item));
        if (n < 0 || (size_t)n >= sizeof full)
            continue; /* the schema's check has refused it */
        if (json_typeof(item) == JSON_OBJECT && json_count(item) > 0 && depth < DEPTH_MAX)
            good = walk(g, item, full, depth + 1) && good;
        else
            good = g->leaf(g, full, item) && good;
    }
    return good;
}

/* ---- a project's file ---- */

static const json_node *schema_of(const struct guard *g, const char *key, unsigned *ret_flags)
{
    size_t n = strlen(g->root);

    if (n > 0 && (strncmp(key, g->root, n) != 0 || (key[n] != '.' && key[n] != '\0')))
        return NULL;
    return config_schema_at(g->schema, key + n + (n > 0 && key[n] == '.'), ret_flags);
}

static bool tightens(struct guard *g, const json_node *schema, const char *key,
                     const json_node *value)
{
    const char *rule = json_get_str(schema, "tighten", "");
    const json_node *below = json_path(g->c->merged, key);

    if (!below)
        below = json_get(schema, "default");
    if (streq(rule, "lower"))
        return !below || json_num(value, 0) <= json_num(below, 0);
    if (streq(rule, "true"))
        return json_bool(value, false);
    if (!streq(rule, "union") || g->n_unions == UNIONS_MAX)
        return false;
    (void)snprintf(g->unions[g->n_unions++], CONFIG_KEY_MAX, "%s", key);
    return true;
}

static bool project_leaf(struct guard *g, const char *key, const json_node *value)
{
    char where[WHERE_MAX], advice[CONFIG_KEY_MAX + 80];
    unsigned flags = 0;
    const json_node *schema = schema_of(g, key, &flags);

    if (!(flags & CONFIG_IS_SECURITY) || (schema && !g->merged && tightens(g, schema, key, value)))
        return true;
    layer_place(g->l, key, where, sizeof where);
    (void)snprintf(advice, sizeof advice,
                   flags & CONFIG_IS_SECRET ? "put it into your own file: allora config edit"
                                            : "put it into your own file: allora config set %s …",
                   key);
    config_problem_add(g->problems, ALLORA_E_DENIED, key, where, advice,
                       streq(json_get_str(schema, "tighten", ""), "lower")
                           ? "a project's file can only lower %s"
                           : "a project's file may not set %s",
                       key);
    return false;
}

/* Appends the texts of a list, or of one text, that are not in it yet. */
static int32_t add_texts(json_node *list, const json_node *from)
{
    const char *one = json_str(from, NULL);
    json_node *copy = one ? json_new_str(one) : NULL;

    if (one)
        return copy ? json_push(list, copy) : ALLORA_E_NOMEM;
    json_foreach (item, from) {
        bool there = false;
        json_foreach (have, list)
            there = there || streq(json_str(have, ""), json_str(item, ""));
        copy = there ? NULL : json_copy(item);
        int32_t rc = there ? ALLORA_OK : copy ? json_push(list, copy) : ALLORA_E_NOMEM;
        if (rc)
            return rc;
    }
    return ALLORA_OK;
}

/* The layer's own list becomes what is there below, and its own. */
static bool unite(const struct config *c, struct layer *l, const char *key)
{
    char parent[CONFIG_KEY_MAX];
    (void)snprintf(parent, sizeof parent, "%s", key);
    char *dot = strrchr(parent, '.');
    json_node *list = json_new_array();

    if (!dot || !list || add_texts(list, json_path(c->merged, key)) ||
        add_texts(list, json_path(l->tree, key))) {
        json_free(list);
        return false;
    }
    *dot = '\0';
    json_node *holder = (json_node *)(uintptr_t)json_path(l->tree, parent);
    return json_set(holder, dot + 1, list) == ALLORA_OK;
}

bool guard_project(const struct config *c, const json_node *schema, struct layer *l,
                   struct config_problems *p)
{
    struct guard *g = mem_zalloc(sizeof *g);

    if (!g) {
        p->oom = true;
        return false;
    }
    g->c = c, g->schema = schema, g->root = "", g->l = l, g->problems = p, g->leaf = project_leaf;
    bool good = walk(g, l->tree, "", 0);
    for (size_t i = 0; good && i < g->n_unions; i++) {
        good = unite(c, l, g->unions[i]);
        p->oom = p->oom || !good;
    }
    free(g);
    return good;
}

/* A plugin's own security keys: its schema is known only when the plugin is. */
bool guard_subtree(const struct config *c, const json_node *schema, const char *key,
                   const struct layer *l, struct config_problems *p)
{
    const json_node *tree = json_path(l->tree, key);
    struct guard *g = tree ? mem_zalloc(sizeof *g) : NULL;

    if (!tree)
        return true;
    if (!g) {
        p->oom = true;
        return false;
    }
    g->c = c, g->schema = schema, g->root = key, g->l = l, g->problems = p, g->leaf = project_leaf;
    g->merged = true;
    bool good = walk(g, tree, key, 0);
    free(g);
    return good;
}

/* ---- a profile that a project chose ---- */

static bool chosen_leaf(struct guard *g, const char *key, const json_node *value)
{
    char where[WHERE_MAX], advice[CONFIG_KEY_MAX];
    unsigned flags = 0;

    (void)value;
    (void)config_schema_at(g->schema, key, &flags);
    if (!(flags & CONFIG_IS_SECURITY))
        return true;
    layer_place(g->l, key, where, sizeof where);
    (void)snprintf(advice, sizeof advice, "use it by --profile %.64s or ALLORA_PROFILE",
                   g->c->profile);
    config_problem_add(g->problems, ALLORA_E_DENIED, key, where, advice,
                       "profile %s sets %s, so a project's file may not choose it (%s)",
                       g->c->profile, key, g->c->chosen_by);
    return false;
}

bool guard_chosen_profile(const json_node *schema, const struct config *c, const struct layer *l,
                          struct config_problems *p)
{
    struct guard *g = mem_zalloc(sizeof *g);

    if (!g) {
        p->oom = true;
        return false;
    }
    g->c = c, g->schema = schema, g->root = "", g->l = l, g->problems = p, g->leaf = chosen_leaf;
    bool good = walk(g, l->tree, "", 0);
    free(g);
    return good;
}

/* ---- final keys ---- */

static bool below(const char *key, const char *group)
{
    size_t n = strlen(group);
    return strncmp(key, group, n) == 0 && key[n] == '.';
}

const char *config_final(const struct config *c, const char *dotted_key, char *place, size_t size)
{
    const struct source *s = NULL;
    char item[48];

    for (size_t i = 0; i < c->n_sources; i++)
        s = c->sources[i].kind == CONFIG_SYSTEM && c->sources[i].tree ? &c->sources[i] : s;
    const json_node *finals = s ? json_get(s->tree, "final") : NULL;
    const char *one = json_str(finals, NULL);
    if (one && (glob_match(one, dotted_key) || below(dotted_key, one) || below(one, dotted_key))) {
        config_source_place(s, "final", place, size);
        return one;
    }
    size_t i = 0;
    json_foreach (pattern, one ? NULL : finals) {
        const char *text = json_str(pattern, "");
        (void)snprintf(item, sizeof item, "final.%zu", i++);
        if (!glob_match(text, dotted_key) && !below(dotted_key, text) && !below(text, dotted_key))
            continue;
        config_source_place(s, item, place, size);
        return text;
    }
    return NULL;
}

static bool final_leaf(struct guard *g, const char *key, const json_node *value)
{
    char where[WHERE_MAX], final[WHERE_MAX];

    (void)value;
    if (!config_final(g->c, key, final, sizeof final))
        return true;
    layer_place(g->l, key, where, sizeof where);
    A_FREE char *advice = mem_printf("%s makes it final", final);
    config_problem_add(g->problems, ALLORA_E_DENIED, key, where, advice ? advice : "",
                       "%s is final, and cannot be set here", key);
    return false;
}

bool guard_final(const struct config *c, const struct layer *l, struct config_problems *p)
{
    struct guard *g = l->kind == CONFIG_SYSTEM ? NULL : mem_zalloc(sizeof *g);

    if (l->kind == CONFIG_SYSTEM)
        return true;
    if (!g) {
        p->oom = true;
        return false;
    }
    g->c = c, g->l = l, g->problems = p, g->leaf = final_leaf, g->root = "";
    bool good = walk(g, l->tree, "", 0);
    free(g);
    return good;
}
