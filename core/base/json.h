/* Reading JSON (RFC 8259).  The only includer of cJSON is json.c; nodes are opaque here.
 * Accessors are total: a NULL node or a wrong type gives NULL, 0 or the default, so chains need no
 * checks. */
#ifndef ALLORA_BASE_JSON_H
#define ALLORA_BASE_JSON_H
#include "cleanup.h"
#include <allora/plugin.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct cJSON json_node;
enum json_type {
    JSON_NONE,
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

/* The whole of text must be one value, valid UTF-8, at most 200 levels deep, without duplicate keys
 * in one object and without numbers beyond a double's range.  \u0000 reads as U+FFFD, as text here
 * ends at a NUL; a lone surrogate escape does too.  Errors are ALLORA_E_ARG and begin with
 * "LINE:COLUMN: " (1-based; columns count bytes).  Free with json_free(). */
int32_t json_parse(const char *text, size_t len, json_node **ret, allora_error *err) A_MUST_CHECK;
void json_free(json_node *n);
void json_freep(json_node **n);
json_node *json_copy(const json_node *n) A_MUST_CHECK; /* NULL for NULL, or when memory is out */

enum json_type json_typeof(const json_node *n);
const json_node *json_get(const json_node *object, const char *key);
/* Dotted path of object keys: "provider.tables". */
const json_node *json_path(const json_node *object, const char *dotted);
size_t json_count(const json_node *array_or_object);
const json_node *json_at(const json_node *array, size_t i);
const json_node *json_first(const json_node *array_or_object);
const json_node *json_next(const json_node *child);
const char *json_key(const json_node *child); /* of an object's member */
#define json_foreach(item, container)                                                              \
    for (const json_node *item = json_first(container); item; item = json_next(item))

const char *json_str(const json_node *n, const char *dflt);
double json_num(const json_node *n, double dflt);
/* Exact up to 2^53; fractions are cut off, what lies beyond int64 gives its nearest end. */
int64_t json_int(const json_node *n, int64_t dflt);
bool json_bool(const json_node *n, bool dflt);
const char *json_get_str(const json_node *object, const char *key, const char *dflt);
int64_t json_get_int(const json_node *object, const char *key, int64_t dflt);
bool json_get_bool(const json_node *object, const char *key, bool dflt);

/* Building and changing trees (configuration, arguments).  Each 0 or ALLORA_E_NOMEM. */
json_node *json_new_object(void) A_MUST_CHECK;
json_node *json_new_array(void) A_MUST_CHECK;
json_node *json_new_str(const char *s) A_MUST_CHECK;
json_node *json_new_num(double d) A_MUST_CHECK;
json_node *json_new_bool(bool b) A_MUST_CHECK;
json_node *json_new_null(void) A_MUST_CHECK;
/* Replaces what is there; frees `taken` on failure. */
int32_t json_set(json_node *object, const char *key, json_node *taken);
/* json_set() for a key that is known to be new: does not look for it, so building large objects
 * stays linear. */
int32_t json_add(json_node *object, const char *key, json_node *taken);
int32_t json_push(json_node *array, json_node *taken); /* frees `taken` on failure */
/* Frees the member; nothing happens if it is not there. */
void json_remove(json_node *object, const char *key);
#endif
