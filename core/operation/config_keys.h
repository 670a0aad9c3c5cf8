/* Keys of the configuration as people see them: the core's and every installed plugin's, what each
 * may hold, and what may be shown of it. */
#ifndef ALLORA_OPERATION_CONFIG_KEYS_H
#define ALLORA_OPERATION_CONFIG_KEYS_H
#include "base/buf.h"
#include "config/config.h"
#include "plugin/registry.h"

/* The core's schema with the installed plugins' own in it, below providers, agents and commands.
 * Where a plugin has one of the first two, its schema below commands is marked "alias".  Caller
 * frees. */
int32_t config_full_schema(struct registry *r, json_node **ret, allora_error *err);

enum key_kind { KEY_UNKNOWN, KEY_KNOWN, KEY_OPEN /* of a plugin that is not installed */ };
/* *ret_schema: NULL when open.  flags: CONFIG_IS_*.  */
enum key_kind config_key_kind(const json_node *full, const char *key, const json_node **ret_schema,
                              unsigned *ret_flags);
/* E_ARG, with the nearest key there is. */
int32_t config_key_unknown(const json_node *full, const char *key, allora_error *err);
/* Every key that can be set (groups are gone through), and with `set`, what is set besides. */
typedef int32_t (*config_key_fn)(void *self, const char *key, const json_node *schema,
                                 unsigned flags);
int32_t config_each_key(const json_node *full, const struct config *c, config_key_fn fn,
                        void *self);

/* A copy in which nothing secret is left: a secret's reference is shown, a secret in plain text is
 * "[redacted]"; so is a text whose key sounds like one where no schema says what it is.  Caller
 * frees; NULL when memory is out. */
json_node *config_public(const json_node *value, const json_node *schema, const char *key);
/* The same as text: strings as they are, all else as JSON; "" for NULL. */
void config_public_text(struct buf *b, const json_node *value, const json_node *schema,
                        const char *key);
const char *config_layer_word(enum config_layer_kind kind);
/* "text", "a list of texts", "true or false" … */
void config_type_words(struct buf *b, const json_node *schema);
#endif
