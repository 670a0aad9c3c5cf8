/* Configuration: built-in < /etc/allora/config.yaml < user < project (.allora.yaml) < ALLORA_*
 * environment < flags, as one tree. */
#ifndef ALLORA_CONFIG_CONFIG_H
#define ALLORA_CONFIG_CONFIG_H
#include "base/json.h"
#include <allora/plugin.h>

struct config;
/* file: --config FILE replaces the user's file; NULL: the usual places.  Missing files are fine,
 * broken ones are errors. */
int32_t config_open(const char *file, struct config **ret, allora_error *err);
void config_close(struct config *c);
/* Flags: dotted key, YAML scalar text. */
int32_t config_set_flag(struct config *c, const char *key, const char *value, allora_error *err);
/* NULL when unset.  [static until close] */
const json_node *config_get(const struct config *c, const char *dotted_key);
/* Where it came from: "~/.config/allora/config.yaml:7:5", "environment ALLORA_X" or "command line";
 * NULL when unset.  [static until close]  [any]: config_set_flag() is for before threads start. */
const char *config_origin(const struct config *c, const char *dotted_key);
/* Is the subtree (a plugin's own) what its manifest's schema says?  E_CONFIG names the key, where
 * it stands and the nearest key. */
int32_t config_check_subtree(const struct config *c, const char *dotted_key,
                             const json_node *schema, allora_error *err);
#endif
