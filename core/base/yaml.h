/* YAML 1.1 (libyaml) into a JSON tree, with where each key and value stood.  No alias bombs: aliases are refused past 100
 * expansions, depth past 64, text past the caller's limit.  Tags other than the core schema's are errors. */
#ifndef ALLORA_BASE_YAML_H
#define ALLORA_BASE_YAML_H
#include "json.h"
#include <allora/plugin.h>

struct yaml_places; /* dotted key → line:column */
/* JSON is accepted too (it is YAML).  Errors read "FILE:LINE:COLUMN: what". */
int32_t yaml_parse(const char *file, const char *text, size_t len, json_node **ret, struct yaml_places **ret_places,
                   allora_error *err) A_MUST_CHECK;
void yaml_places_free(struct yaml_places *p);
/* 1-based; 0 when not there. */
void yaml_place(const struct yaml_places *p, const char *dotted_key, unsigned *ret_line, unsigned *ret_column);
#endif
