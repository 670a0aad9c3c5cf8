/* How a YAML scalar becomes a JSON value. */
#ifndef ALLORA_BASE_YAML_SCALAR_H
#define ALLORA_BASE_YAML_SCALAR_H
#include "json.h"

#include <stdbool.h>
#include <stddef.h>

/* text[len] must be NUL, and no NUL stands before it.  tag: NULL for none.  On failure *ret_what
 * has words, or is NULL when memory is out; *ret is set only on success. */
bool yaml_scalar(const char *text, size_t len, bool plain, const char *tag, json_node **ret,
                 const char **ret_what);
/* Is this the core schema's tag for maps ("map") or sequences ("seq"), or none at all? */
bool yaml_container_tag_ok(const char *tag, const char *which);
#endif
