/* Which layers and files there are, and what each says: for config explain, list, path and
 * validate. */
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config_private.h"

#include <stdio.h>

size_t config_layer_count(const struct config *c)
{
    return c->n;
}

struct config_layer config_layer_at(const struct config *c, size_t i)
{
    const struct layer *l = &c->layers[i];
    return (struct config_layer){l->kind, l->name, l->path, l->profile};
}

const json_node *config_layer_get(const struct config *c, size_t i, const char *dotted_key)
{
    return json_path(c->layers[i].tree, dotted_key);
}

void config_layer_place(const struct config *c, size_t i, const char *dotted_key, char *out,
                        size_t size)
{
    layer_place(&c->layers[i], dotted_key, out, size);
}

size_t config_file_count(const struct config *c)
{
    return c->n_sources;
}

struct config_file config_file_at(const struct config *c, size_t i)
{
    const struct source *s = &c->sources[i];
    return (struct config_file){s->kind, s->path, s->shown, s->state, s->why};
}

const char *config_profile(const struct config *c, const char **ret_chosen_by)
{
    if (ret_chosen_by)
        *ret_chosen_by = c->profile ? c->chosen_by : NULL;
    return c->profile;
}

/* ---- checking again, with plugins' own schemas ---- */

static bool told(const struct config_problems *p, const struct config_problem *one)
{
    for (size_t i = 0; i < p->n; i++) {
        if (streq(p->items[i].message, one->message) && streq(p->items[i].where, one->where))
            return true;
    }
    return false;
}

static void check_source(const struct config *c, const json_node *schema, const struct source *s,
                         struct config_problems *p)
{
    /* A project's profiles as well: any of them may come into use. */
    struct layer l = {.kind = s->kind, .source = s, .tree = json_copy(s->tree)};

    p->oom = p->oom || !l.tree;
    if (config_source_check(schema, s, p) && l.tree && s->kind == CONFIG_PROJECT) {
        json_foreach (profile, json_get(s->tree, "profiles")) {
            struct layer its = {.kind = s->kind,
                                .source = s,
                                .profile = json_key(profile),
                                .tree = json_copy(profile)};
            p->oom = p->oom || !its.tree;
            (void)guard_project(c, schema, &its, p);
            json_free(its.tree);
        }
        json_remove(l.tree, "profiles");
        (void)guard_project(c, schema, &l, p);
    }
    json_free(l.tree);
}

void config_check_all(const struct config *c, const json_node *schema, struct config_problems *p)
{
    struct config_problems found = {.n = 0};

    for (size_t i = 0; i < c->n_sources; i++) {
        if (c->sources[i].tree)
            check_source(c, schema, &c->sources[i], &found);
    }
    for (size_t i = 0; i < c->n; i++) {
        const struct layer *l = &c->layers[i];
        if (!l->source)
            (void)config_check_value(schema, l->tree, "", layer_place, l, &found);
    }
    for (size_t i = 0; i < found.n; i++) {
        const struct config_problem *one = &found.items[i];
        if (!told(&c->problems, one))
            config_problem_add(p, one->code, one->key, one->where, one->advice, "%s", one->message);
    }
    p->more += found.more;
    p->oom = p->oom || found.oom;
    config_problems_done(&found);
}

void config_check_file(const struct config *c, const json_node *schema, enum config_layer_kind kind,
                       const char *path, const char *as, struct config_problems *p)
{
    struct source s = {.kind = kind, .shown = as ? mem_strdup(as) : NULL};

    if (!config_source_read(&s, path, true, p))
        p->oom = true;
    else if (s.tree)
        check_source(c, schema, &s, p);
    config_source_done(&s);
}
