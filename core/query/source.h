/* Where the engine's tables come from.  The engine asks through this interface, so that it can be
 * run over installed plugins (the registry's implementation) or over providers compiled into a test
 * or a bench. */
#ifndef ALLORA_QUERY_SOURCE_H
#define ALLORA_QUERY_SOURCE_H
#include "base/ctx.h"
#include "plugin/manifest.h"
#include "plugin/registry.h"
#include <allora/plugin.h>

struct source_table { /* [static] for the source's life */
    const struct table *table;
    const char *plugin_id, *version;
    uint64_t settings;  /* registry_settings(): whose rows these are */
    bool remote;        /* its plugin may leave the machine: --offline keeps away from it */
    const void *handle; /* the source's own */
};
struct table_source {
    void *self;
    /* Names of tables or views, sorted, from an index: nothing is parsed.  [any] */
    size_t (*names)(void *self, enum registry_list which, const struct registry_name **ret);
    /* The table of that (exact) name, parsed on first use.  ALLORA_E_NOTFOUND without words when
     * there is none.  [any] */
    int32_t (*table)(void *self, const char *name, struct source_table *ret, allora_error *err);
    /* Calls visit for each mapping onto the view.  A manifest that cannot be read is passed as m =
     * NULL with its error.  [any] */
    int32_t (*view_maps)(void *self, const char *view,
                         int32_t (*visit)(void *arg, const struct view_map *m,
                                          const allora_error *why),
                         void *arg, allora_error *err);
    /* The code behind a table, loaded on first use.  *ret_plugin is what ctx_open() wants.  [any]
     */
    int32_t (*provider)(void *self, const struct source_table *t, allora_ctx *ctx,
                        const allora_provider_v1 **ret, allora_instance **ret_instance,
                        const void **ret_plugin, allora_error *err);
    /* Which plugin, not installed, has this table?  NULL if nobody knows. */
    const char *(*who_provides)(void *self, const char *name);
};

/* Over the registry, which must outlive it. */
struct table_source source_registry(struct registry *r);

/* Binary search in a sorted name list; NULL when it is not there. */
const struct registry_name *source_find(const struct table_source *s, enum registry_list which,
                                        const char *name);
#endif
