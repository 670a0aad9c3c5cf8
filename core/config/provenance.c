/* Which layers and files there are, and what each says: for config explain, list, path and
 * validate. */
#include "base/err.h"
#include "base/mem.h"
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
