/* YAML, as libyaml reads it, into a JSON tree, with where each key and item stood.
 *
 * Plain scalars resolve by YAML 1.2's core schema: null, Null, NULL, ~ and nothing; true and false
 * (True, TRUE …); decimal, 0o and 0x integers; floats.  All else is text: yes, no, on, off, dates,
 * and also decimals with a leading zero ("012345678901" is an account, not a number).  An integer
 * that a double cannot hold exactly, .inf and .nan are errors that ask for quotes.  The tags !!str,
 * !!int, !!float, !!bool, !!null, !!map and !!seq are known, others are errors.  Keys are scalars
 * and read as text; a duplicate key, a merge key (<<) and a second document are errors.
 *
 * No alias bombs: at most 100 aliases, which together add at most 10000 values; depth 64; the
 * text's size is the caller's limit (fs_read).  An empty text gives null. */
#ifndef ALLORA_BASE_YAML_H
#define ALLORA_BASE_YAML_H
#include "json.h"
#include <allora/plugin.h>

struct yaml_places; /* dotted key ("a.b", items as "a.0") → line:column */

/* Errors are ALLORA_E_CONFIG and read "FILE:LINE:COLUMN: what".  JSON is accepted too (most of it
 * is YAML; what libyaml refuses, such as escaped surrogate pairs, is read as JSON, without places).
 * ret_places may be NULL. */
int32_t yaml_parse(const char *file, const char *text, size_t len, json_node **ret,
                   struct yaml_places **ret_places, allora_error *err) A_MUST_CHECK;
void yaml_places_free(struct yaml_places *p);
/* Where a key or item begins, 1-based; 0 when it is not there, or was past the limits of what is
 * remembered (100000 places of at most 256 bytes). */
void yaml_place(const struct yaml_places *p, const char *dotted_key, unsigned *ret_line,
                unsigned *ret_column);
#endif
