/* Enough of JSON Schema (2020-12) to check a manifest: type, const, enum, pattern, minLength,
 * maxLength, minimum, maximum, minItems, maxItems, items, properties, required,
 * additionalProperties, anyOf, $ref to $defs.  Any other keyword that would constrain is a failure:
 * a schema is never followed in part. */
#ifndef SDK_SCHEMA_H
#define SDK_SCHEMA_H
#include "sdk_internal.h"

/* err's message is "PATH: what is wrong", with the nearest name where one is unknown. */
int32_t schema_check(const sdk_json *schema, const sdk_json *value, allora_error *err);
#endif
