/* Arguments of an operation, checked against the JSON Schema that its manifest declares.
 *
 * The dialect is small, and closed: type (one or several), enum, minimum, maximum, minLength,
 * maxLength (characters), properties, required, additionalProperties (a boolean), items, minItems,
 * maxItems, default, sensitive (a boolean: the value is a secret, and is shown and recorded as
 * "[redacted]"); title, description, examples, format, $comment and names that begin with "x-"
 * say nothing to the check.  Any other keyword is refused, so that no schema promises a check that
 * is not made. At the top, properties that are not declared are refused unless additionalProperties
 * is true; deeper, as JSON Schema has it. */
#ifndef ALLORA_OPERATION_ARGUMENTS_H
#define ALLORA_OPERATION_ARGUMENTS_H
#include "base/arena.h"
#include "base/json.h"
#include <allora/plugin.h>

struct schema;
/* node: the manifest's "arguments", NULL for none; it outlives the schema, which lives in mem.
 * Errors: E_CONFIG, with the place. */
int32_t schema_compile(struct arena *mem, const json_node *node, const struct schema **ret,
                       allora_error *err);
/* Parses text (empty: no arguments), checks it, and fills in defaults.  Errors are E_ARG and name
 * the argument, the rule and the nearest value that would do.  *ret_filled: defaults may have been
 * added, so text no longer says it all.  [any] */
int32_t arguments_parse(const struct schema *s, const char *operation, allora_str text,
                        json_node **ret, bool *ret_filled, allora_error *err);
/* Does the schema mark anything as sensitive? */
bool arguments_sensitive(const struct schema *s);
/* Writes the arguments with "[redacted]" in the place of every sensitive value. */
struct jsonw;
void arguments_redacted(const struct schema *s, const json_node *args, struct jsonw *w);
#endif
