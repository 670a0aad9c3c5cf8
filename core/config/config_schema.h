/* Which keys there are and what they may hold: the core's own in a JSON Schema of its own, plugins'
 * subtrees in their manifests'. */
#ifndef ALLORA_CONFIG_SCHEMA_H
#define ALLORA_CONFIG_SCHEMA_H
#include "base/json.h"
#include "base/yaml.h"

/* Says where a key stood: "FILE:LINE:COLUMN" or "environment ALLORA_X". */
typedef void (*config_place_fn)(const void *self, const char *dotted_key, char *out, size_t size);
/* Checks value against the schema (type, enum, minimum, maximum, properties, additionalProperties,
 * items).  E_CONFIG names the key, where it stands, and the nearest key that exists. */
int32_t config_check_value(const json_node *schema, const json_node *value, const char *dotted_key,
                           config_place_fn place, const void *self, allora_error *err);
extern const char config_core_schema[];
#endif
