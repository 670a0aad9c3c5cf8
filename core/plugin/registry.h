/* Every plugin this run may use: found, read, indexed, loaded on first use.  Names of commands,
 * tables, operations and agents come from a flat index file, so that nothing is parsed but what a
 * command needs and nothing is dlopened before it is called. */
#ifndef ALLORA_PLUGIN_REGISTRY_H
#define ALLORA_PLUGIN_REGISTRY_H
#include "base/ctx.h"
#include "base/dispatch.h"
#include "plugin/manifest.h"
#include <allora/plugin.h>

struct config;
struct journal;
struct metrics;
struct store;
struct registry;
struct registry_options {
    const char *plugin_path; /* --plugin-path, may be NULL; colon-separated folders or .so files */
    const char *executable;  /* /proc/self/exe: <dir>/../lib/allora/plugins is the system folder */
    const struct config *config; /* may be NULL; plugins.enable and plugins.disable are its keys */
    bool tolerant; /* open it whatever registry_check_config() says; the caller asks that itself */
    /* The core's own manifest (operation/core_manifest.h), [static]: it becomes plugin "allora",
     * folder_kind "core", path "", which declares operations but has no code to load.  NULL: there
     * is no such plugin (tests). */
    const char *core_manifest;
    size_t core_manifest_len;
    /* Names no provider's table may have: the unified views' and SQLite's own.  NULL: none. */
    bool (*table_reserved)(const char *name);
};
/* A refusal is data.  [static for the registry's life] */
struct plugin_failure {
    const char *stage; /* find, config, read, manifest, conflict, trust, abi, load, entry,
                          handshake, create */
    int32_t code;
    const char *message, *hint;
};
struct plugin { /* one found file; fields are set once, before the registry is shared, but for
                   `failure` and the loader's own */
    const char *path, *id, *version, *summary; /* id "" when not even the manifest could be read */
    const char *folder_kind; /* "core", "path" (--plugin-path), "environment", "user", "system" */
    const char *kinds;       /* "provider", "agent", "command", or several with commas */
    bool shadowed;           /* the same id stands earlier in the search path */
    const char *shadowed_by;
    bool disabled; /* by plugins.enable or plugins.disable; its failure (stage "config") says so */
    struct plugin_failure failure; /* as found, before any loading; stage NULL: none.
                                      registry_failure() has loading's too */
};
int32_t registry_open(const struct registry_options *o, struct registry **ret, allora_error *err);
/* providers.X, agents.X and commands.X of the configuration: E_CONFIG when X is no plugin's, but
 * nearly one's. */
int32_t registry_check_config(const struct registry *r, allora_error *err);
void registry_close(struct registry *r); /* destroys instances; never dlcloses */
/* Was a plugin given up that did not come back from being loaded?  Its thread may still run:
 * nothing that it can reach may be freed, so the process should end by _exit(); registry_close()
 * then frees nothing.  [any] */
bool registry_stuck(struct registry *r);
/* Wire before the first call into a plugin. */
void registry_set_dispatch(struct registry *r, const struct dispatch *d);
/* The same, for allora.store/1; without it no plugin is given that interface. */
void registry_set_store(struct registry *r, struct store *s);
/* The same, for allora.metrics/1. */
void registry_set_metrics(struct registry *r, struct metrics *m);
/* The same, for allora.audit/1. */
void registry_set_journal(struct registry *r, struct journal *j);

/* As it was given to registry_open(); may be NULL. */
const struct config *registry_config(const struct registry *r);
size_t registry_count(const struct registry *r);
const struct plugin *registry_at(const struct registry *r, size_t i);
const struct plugin *registry_find(const struct registry *r, const char *id); /* usable ones only */
/* Parsed on first use; [static].  The core's own manifest is plugin id "allora". */
const struct manifest *registry_manifest(struct registry *r, const struct plugin *p,
                                         allora_error *err);

/* A number that changes with the plugin's own part of the configuration: what was read under
 * another one may be about something else.  0 when nothing is set. */
uint64_t registry_settings(struct registry *r, const struct plugin *p);

/* Name lists out of the index: no manifest is parsed. */
enum registry_list {
    REGISTRY_COMMANDS,
    REGISTRY_TABLES,
    REGISTRY_OPERATIONS,
    REGISTRY_AGENTS,
    REGISTRY_VIEWS
};
struct registry_name {
    const char *name; /* commands: the path joined by spaces; views: the view's name (may repeat) */
    const char *summary; /* "" for views */
    const char *group;   /* commands: command_decl.group, "" without one */
    const char *example; /* commands: the first example's "run", "" without one.  Both are in the
                            index, for `allora help` */
    const struct plugin *plugin;
};
/* Sorted by name; *ret is [static]. */
size_t registry_names(const struct registry *r, enum registry_list which,
                      const struct registry_name **ret);
const struct registry_name *registry_name_find(const struct registry *r, enum registry_list which,
                                               const char *name);
/* Which plugin, installed or not, would provide this command, table or operation?  NULL if nobody
 * knows. */
const char *registry_who_provides(const struct registry *r, const char *name);
/* The whole error for a name nobody here provides: when some plugin would (not installed, disabled,
 * broken or shadowed), fills err with `what "NAME": plugin "X" provides it and …` and a hint, and
 * returns its code (ALLORA_E_ABI: exit 7).  ALLORA_E_NOTFOUND, err untouched, when no plugin is
 * known to.  what: "no command", "no table". */
int32_t registry_explain_missing(const struct registry *r, const char *what, const char *name,
                                 allora_error *err);

/* Every call into the plugin is made in a child: ctx_open(ctx, p, …), by which the host's services
 * know who calls. */
/* Loads on first use (marker, dlopen, handshake, create) and fetches an interface.  E_UNSUPPORTED
 * when the plugin has none such. */
int32_t registry_interface(struct registry *r, const struct plugin *p, allora_ctx *ctx,
                           const char *id, const void **ret, allora_instance **ret_self,
                           allora_error *err);
/* What is wrong with a plugin by now, loading included; stage NULL: nothing that is known.  [any]
 */
struct plugin_failure registry_failure(struct registry *r, const struct plugin *p);
/* Ends the quarantine of this file.  False when it was not quarantined. */
bool registry_release(struct registry *r, const struct plugin *p);
/* Loads it and reports; plugin doctor. */
int32_t registry_probe(struct registry *r, const struct plugin *p, allora_ctx *ctx,
                       allora_error *err);
#endif
