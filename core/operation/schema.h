/* Private to arguments.c and schema.c: a JSON Schema as structs.  Strings and nodes are the
 * manifest's. */
#ifndef ALLORA_OPERATION_SCHEMA_H
#define ALLORA_OPERATION_SCHEMA_H
#include "operation/arguments.h"

enum {
    TYPE_NULL = 1,
    TYPE_BOOLEAN = 2,
    TYPE_INTEGER = 4,
    TYPE_NUMBER = 8,
    TYPE_STRING = 16,
    TYPE_ARRAY = 32,
    TYPE_OBJECT = 64,
    TYPE_ANY = 127
};
struct property;
struct schema {
    unsigned types; /* TYPE_* */
    uint32_t n_properties;
    struct property *properties;
    const struct schema *items; /* NULL: anything */
    const json_node *choices;   /* enum */
    const json_node *minimum, *maximum;
    uint64_t min_length, max_length, min_items, max_items;
    bool closed;                   /* no other properties */
    bool has_defaults;             /* here or deeper */
    bool sensitive, has_sensitive; /* a secret: itself; here or deeper */
};
struct property {
    const char *name, *description; /* description: NULL without one */
    const json_node *dflt;
    struct schema schema;
    bool required;
};
bool schema_accepts(const struct schema *s, const json_node *value);
#endif
