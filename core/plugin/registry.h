/* Every plugin this run may use: found, read, indexed, loaded on first use.  Names of commands, tables, operations and agents come
 * from a flat index file, so that nothing is parsed but what a command needs and nothing is dlopened before it is called. */
#ifndef ALLORA_PLUGIN_REGISTRY_H
#define ALLORA_PLUGIN_REGISTRY_H
#include "base/ctx.h"
#include "base/dispatch.h"
#include "plugin/manifest.h"
#include <allora/plugin.h>

struct config;
struct registry;
struct registry_options {
    const char *plugin_path;   /* --plugin-path, may be NULL; colon-separated */
    const char *executable;    /* /proc/self/exe: <dir>/../lib/allora/plugins is the system folder */
    const struct config *config; /* may be NULL */
};
/* A refusal is data.  [static for the registry's life] */
struct plugin_failure {
    const char *stage; /* find, read, manifest, conflict, trust, abi, load, entry, handshake, create */
    int32_t code;
    const char *message, *hint;
};
struct plugin { /* one found file; fields are set once, before the registry is shared, but for `failure` and the loader's own */
    const char *path, *id, *version, *summary, *folder_kind; /* id "" when not even the manifest could be read */
    const char *kinds;             /* "provider", "agent", "command", or several with commas */
    bool shadowed;                 /* the same id stands earlier in the search path */
    const char *shadowed_by;
    struct plugin_failure failure; /* stage NULL: none so far */
};
int32_t registry_open(const struct registry_options *o, struct registry **ret, allora_error *err);
void registry_close(struct registry *r); /* destroys instances; never dlcloses */
/* Wire before the first call into a plugin. */
void registry_set_dispatch(struct registry *r, const struct dispatch *d);

size_t registry_count(const struct registry *r);
const struct plugin *registry_at(const struct registry *r, size_t i);
const struct plugin *registry_find(const struct registry *r, const char *id); /* usable ones only */
/* Parsed on first use; [static].  The core's own manifest is plugin id "allora". */
const struct manifest *registry_manifest(struct registry *r, const struct plugin *p, allora_error *err);

/* Name lists out of the index: no manifest is parsed. */
enum registry_list { REGISTRY_COMMANDS, REGISTRY_TABLES, REGISTRY_OPERATIONS, REGISTRY_AGENTS, REGISTRY_VIEWS };
struct registry_name {
    const char *name;    /* commands: the path joined by spaces; views: the view's name (may repeat) */
    const char *summary; /* "" for views */
    const struct plugin *plugin;
};
/* Sorted by name; *ret is [static]. */
size_t registry_names(const struct registry *r, enum registry_list which, const struct registry_name **ret);
const struct registry_name *registry_name_find(const struct registry *r, enum registry_list which, const char *name);
/* Which plugin, installed or not, would provide this command, table or operation?  NULL if nobody knows. */
const char *registry_who_provides(const struct registry *r, const char *name);

/* Loads on first use (marker, dlopen, handshake, create) and fetches an interface.  E_UNSUPPORTED when the plugin has none such. */
int32_t registry_interface(struct registry *r, const struct plugin *p, allora_ctx *ctx, const char *id, const void **ret,
                           allora_instance **ret_self, allora_error *err);
/* Loads it and reports; plugin doctor. */
int32_t registry_probe(struct registry *r, const struct plugin *p, allora_ctx *ctx, allora_error *err);
#endif
