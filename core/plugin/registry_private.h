/* What registry.c, missing.c, loader.c and the host's services share.  Private to core/plugin. */
#ifndef ALLORA_PLUGIN_REGISTRY_PRIVATE_H
#define ALLORA_PLUGIN_REGISTRY_PRIVATE_H
#include "base/buf.h"
#include "plugin/index.h"
#include "plugin/registry.h"
#include "plugin/wrap.h"
#include <pthread.h>

enum load_state { LOAD_NONE, LOAD_RUNNING, LOAD_READY, LOAD_FAILED };
struct entry {
    struct plugin pub; /* first: a struct plugin * handed out is a struct entry * */
    struct registry *registry;
    const struct index_file *record;
    struct manifest *manifest; /* guarded by registry.lock until set, then constant */
    /* Guarded by registry.lock. */
    enum load_state state;
    struct plugin_failure load_failure;
    struct entry *next_loaded; /* the latest first */
    /* Set before LOAD_READY, constant afterwards. */
    const allora_plugin *code;
    allora_instance *instance;
    struct allora_host host; /* [static]: what create() was given, by way of the wrap if any */
    struct wrap *wrap;       /* NULL: called directly */
};
struct registry {
    struct entry *entries;
    size_t n;
    struct index_view view;
    void *map; /* the index file, or NULL when it is only in memory */
    size_t map_len;
    struct buf bytes;
    struct registry_name *names[INDEX_ABSENT]; /* made on demand, under lock; constant once made */
    size_t n_names[INDEX_ABSENT];
    struct arena mem; /* guarded by lock: words of load failures */
    pthread_mutex_t lock;
    pthread_cond_t loaded; /* some entry left LOAD_RUNNING */
    struct entry *first_loaded;
    bool stuck; /* guarded by lock: a load was given up, its thread may still use all of this */
    const struct dispatch *dispatch;
    struct store *store;
    struct metrics *metrics;
    struct journal *journal;
    const struct config *config;
    char *executable;
    const char *core_manifest;
    size_t core_manifest_len;
    bool (*table_reserved)(const char *name);
    json_node *known; /* known-plugins.json, guarded by lock; NULL: not read yet */
    bool known_read;
};

static inline struct entry *entry_of(const struct plugin *p)
{
    return (struct entry *)(uintptr_t)p;
}
/* The entry whose code runs under ctx, or NULL for the core's own calls. */
static inline struct entry *entry_of_ctx(const allora_ctx *ctx)
{
    return ctx && ctx->plugin ? entry_of(ctx->plugin) : NULL;
}
/* Fills e->host. */
void host_init(struct entry *e);
/* Destroys all instances, the latest first. */
void loader_shutdown(struct registry *r);
#endif
