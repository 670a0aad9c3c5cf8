/* Which plugins are used, and with which digests: the user's own configuration file, changed key by
 * key.  Private to core/plugin. */
#ifndef ALLORA_PLUGIN_CHOICE_H
#define ALLORA_PLUGIN_CHOICE_H
#include "base/json.h"
#include <stdbool.h>

struct config;
/* Sets a key of the user's file (the one --config names, if it does); value NULL takes it out, and
 * is no error where it is not there.  E_DENIED for a final key. */
int32_t choice_set(const struct config *c, const char *key, const json_node *value,
                   allora_error *err);
/* plugins.digests.ID; digest NULL forgets it. */
int32_t choice_pin(const struct config *c, const char *id, const char *digest, allora_error *err);
#endif
