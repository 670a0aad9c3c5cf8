/* From a plugin file to its checked manifest, without running any of its code; and what becomes of
 * it among the others. Private to core/plugin. */
#ifndef ALLORA_PLUGIN_READ_H
#define ALLORA_PLUGIN_READ_H
#include "plugin/elf.h"
#include "plugin/scan.h"

/* Fills text, manifest, id, …, or the failure (stages trust, read, manifest, abi, entry).  Only OOM
 * is an error. */
int32_t read_plugin(struct scan *s, struct found *f, allora_error *err);
/* Sets the failures of plugins in conflict, shadowed and disabled ones (stages config, conflict).
 */
int32_t resolve_plugins(struct scan *s, const struct config *config, allora_error *err);

/* The first symbol it imports that no plugin may, or NULL; *ret_why says why. */
const char *read_forbidden_import(const struct elf_view *v, const char **ret_why);
/* The first symbol it exports beside the entry, or NULL. */
const char *read_surplus_export(const struct elf_view *v);
/* Records a failure unless there is one already; the words are copied into s. */
int32_t found_fail(struct scan *s, struct found *f, const char *stage, int32_t code,
                   const char *message, const char *hint, allora_error *err);

/* A list of globs, or one, out of the configuration; NULL matches nothing. */
bool globs_match(const json_node *globs, const char *id);

/* Every name a plugin claims, as "kind:name": fn is called with each. */
enum name_kind { NAME_COMMAND, NAME_TABLE, NAME_OPERATION, NAME_AGENT, NAME_PROVIDER, NAME_VIEW };
typedef int32_t (*name_fn)(void *self, enum name_kind kind, const char *name, const char *summary,
                           const struct command_decl *command);
int32_t manifest_names(const struct manifest *m, name_fn fn, void *self);
#endif
