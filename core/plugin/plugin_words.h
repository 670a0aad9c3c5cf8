/* What is said about a plugin, to people.  Private to core/plugin. */
#ifndef ALLORA_PLUGIN_PLUGIN_WORDS_H
#define ALLORA_PLUGIN_PLUGIN_WORDS_H
#include "plugin/registry.h"

/* Its id, or, when not even the manifest could be read, its file's name without ".so". */
void plugin_name(const struct plugin *p, char *out, size_t size);
/* "3 tables, 1 command"; returns the length. */
size_t plugin_provides(const struct registry *r, const struct plugin *p, char *out, size_t size);
/* "first party", "system folder", "user folder", "named for this run", …  [static] */
const char *plugin_trust(const struct registry *r, const struct plugin *p);
/* By id (a usable one before others) or by path. */
const struct plugin *plugin_lookup(const struct registry *r, const char *id_or_path);
/* E_NOTFOUND with the nearest ids. */
int32_t plugin_unknown(const struct registry *r, const char *id, allora_error *err);
/* Is the id in the list of known plugins that allora was built with? */
bool registry_knows_plugin(const struct registry *r, const char *id);
#endif
