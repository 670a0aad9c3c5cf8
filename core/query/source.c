/* The registry as a source of tables. */
#include "query/source.h"

#include "base/err.h"

#include <string.h>

const struct registry_name *source_find(const struct table_source *s, enum registry_list which,
                                        const char *name)
{
    const struct registry_name *names;
    size_t low = 0, high = s->names(s->self, which, &names);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, names[middle].name);
        if (order == 0)
            return &names[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static size_t registry_source_names(void *self, enum registry_list which,
                                    const struct registry_name **ret)
{
    return registry_names(self, which, ret);
}

/* A plugin whose manifest grants neither the network nor other programs stays on this machine. */
static bool may_leave(const struct manifest *m)
{
    return manifest_grants(m, ALLORA_HTTP_ID) || manifest_grants(m, ALLORA_EXEC_ID);
}

static int32_t registry_source_table(void *self, const char *name, struct source_table *ret,
                                     allora_error *err)
{
    const struct registry_name *found = registry_name_find(self, REGISTRY_TABLES, name);

    if (!found)
        return ALLORA_E_NOTFOUND;
    const struct manifest *m = registry_manifest(self, found->plugin, err);
    if (!m)
        return err->code ? err->code : ALLORA_E_INTERNAL;
    const struct table *t = manifest_table(m, name);
    if (!t)
        return err_set(err, ALLORA_E_INTERNAL,
                       "%s: the index names table %s, its manifest does not", m->id, name);
    *ret = (struct source_table){.table = t,
                                 .plugin_id = m->id,
                                 .version = m->version,
                                 .settings = registry_settings(self, found->plugin),
                                 .remote = may_leave(m),
                                 .handle = found->plugin};
    return ALLORA_OK;
}

static int32_t registry_source_views(void *self, const char *view,
                                     int32_t (*visit)(void *, const struct view_map *,
                                                      const allora_error *),
                                     void *arg, allora_error *err)
{
    const struct registry_name *names;
    size_t n = registry_names(self, REGISTRY_VIEWS, &names);

    (void)err;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i].name, view) != 0)
            continue;
        /* A plugin that maps two tables onto one view stands in the list twice. */
        if (i > 0 && names[i - 1].plugin == names[i].plugin && strcmp(names[i - 1].name, view) == 0)
            continue;
        allora_error why = ERR_INIT;
        const struct manifest *m = registry_manifest(self, names[i].plugin, &why);
        int32_t status = m ? ALLORA_OK : visit(arg, NULL, &why);
        for (uint32_t k = 0; m && k < m->n_views && status == ALLORA_OK; k++) {
            if (strcmp(m->views[k].view, view) == 0)
                status = visit(arg, &m->views[k], NULL);
        }
        if (status != ALLORA_OK)
            return status;
    }
    return ALLORA_OK;
}

static int32_t registry_source_provider(void *self, const struct source_table *t, allora_ctx *ctx,
                                        const allora_provider_v1 **ret,
                                        allora_instance **ret_instance, const void **ret_plugin,
                                        allora_error *err)
{
    const void *interface = NULL;
    int32_t status =
        registry_interface(self, t->handle, ctx, ALLORA_PROVIDER_ID, &interface, ret_instance, err);

    if (status != ALLORA_OK)
        return status;
    *ret = interface;
    *ret_plugin = t->handle;
    return ALLORA_OK;
}

static const char *registry_source_who(void *self, const char *name)
{
    return registry_who_provides(self, name);
}

struct table_source source_registry(struct registry *r)
{
    return (struct table_source){r,
                                 registry_source_names,
                                 registry_source_table,
                                 registry_source_views,
                                 registry_source_provider,
                                 registry_source_who};
}
