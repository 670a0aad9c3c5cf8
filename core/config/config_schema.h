/* Which keys there are and what they may hold: the core's own in core/config/schema.json, plugins'
 * subtrees in their manifests.
 *
 * The dialect is JSON Schema's type, enum, minimum, maximum, minLength, properties,
 * additionalProperties and items; format "duration"; unit, default and description for people; and
 *   secret    the value is a reference (env:NAME, file:PATH), never the secret itself;
 *   security  a project's file may not set it, and only a person may, by `config set`;
 *   tighten   how a project's file may set it all the same: "lower", "union" or "true";
 *   control   read by the layers themselves (profile, profiles, final). */
#ifndef ALLORA_CONFIG_SCHEMA_H
#define ALLORA_CONFIG_SCHEMA_H
#include "base/json.h"
#include "base/yaml.h"

enum { CONFIG_KEY_MAX = 512, CONFIG_PROBLEMS_MAX = 20 };

/* One thing that is wrong.  message: "unknown key output.fromat"; where: "FILE:LINE:COLUMN",
 * "environment ALLORA_X", or "" when it is nowhere in particular; advice: what to do, or "". */
struct config_problem {
    int32_t code;
    char *key, *message, *where, *advice;
};
struct config_problems {
    struct config_problem items[CONFIG_PROBLEMS_MAX];
    size_t n, more; /* more: found, and no longer kept */
    bool oom;
};
void config_problems_done(struct config_problems *p);
void config_problem_add(struct config_problems *p, int32_t code, const char *key, const char *where,
                        const char *advice, const char *fmt, ...) A_PRINTF(6, 7);
/* The i-th as an error: "config: " + message, hint: where · advice.  Returns its code. */
int32_t config_problem_error(const struct config_problems *p, size_t i, allora_error *err);

/* Says where a key stood: "FILE:LINE:COLUMN" or "environment ALLORA_X". */
typedef void (*config_place_fn)(const void *self, const char *dotted_key, char *out, size_t size);
/* Checks value against the schema and adds all that is wrong to *p.  null is fine anywhere: it says
 * nothing.  False when something was wrong. */
bool config_check_value(const json_node *schema, const json_node *value, const char *dotted_key,
                        config_place_fn place, const void *self, struct config_problems *p);

/* The schema of a dotted key; NULL when there is none, or the schema leaves it open.  *ret_flags
 * (may be NULL) gets CONFIG_IS_* of the key itself and of the groups it stands in. */
enum { CONFIG_IS_SECRET = 1, CONFIG_IS_SECURITY = 2, CONFIG_IS_CONTROL = 4 };
const json_node *config_schema_at(const json_node *schema, const char *dotted_key,
                                  unsigned *ret_flags);
/* Is it a group, whose keys are what one sets? */
bool config_schema_is_group(const json_node *schema);
/* May a value of this schema be a JSON value of that type ("string", …)? */
bool config_schema_takes(const json_node *schema, const char *type);
/* The core's own schema.  Caller frees. */
int32_t config_core_schema(json_node **ret, allora_error *err);
/* What a person types for one value, read as the schema has it (NULL: as YAML): text where it wants
 * text, else a YAML scalar or flow list; what is no YAML is text.  NULL when memory is out. */
json_node *config_read_value(const json_node *schema, const char *text);

/* Is it a secret's reference?  Else *ret_words says what is wrong and *ret_advice how to do it
 * right; both [static], and neither holds the value. */
bool config_is_reference(const char *text, const char **ret_words, const char **ret_advice);
#endif
