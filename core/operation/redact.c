/* Arguments as they may be shown and recorded. */
#include "base/jsonw.h"
#include "base/str.h"
#include "operation/schema.h"

bool arguments_sensitive(const struct schema *s)
{
    return s->has_sensitive;
}

static const struct schema *property_of(const struct schema *s, const char *name)
{
    for (uint32_t i = 0; i < s->n_properties; i++)
        if (streq(s->properties[i].name, name))
            return &s->properties[i].schema;
    return NULL;
}

/* The schema bounds the depth: what it does not describe is written as it is. */
void arguments_redacted(const struct schema *s, const json_node *args, struct jsonw *w)
{
    if (s && s->sensitive) {
        jw_str(w, "[redacted]");
    } else if (!s || !s->has_sensitive) {
        jw_node(w, args);
    } else if (json_typeof(args) == JSON_OBJECT) {
        jw_object(w);
        json_foreach (item, args) {
            jw_key(w, json_key(item));
            arguments_redacted(property_of(s, json_key(item)), item, w);
        }
        jw_end_object(w);
    } else if (json_typeof(args) == JSON_ARRAY) {
        jw_array(w);
        json_foreach (item, args)
            arguments_redacted(s->items, item, w);
        jw_end_array(w);
    } else {
        jw_node(w, args);
    }
}
