/* The unified views: one shape over many providers' tables. */
#ifndef ALLORA_QUERY_VIEW_H
#define ALLORA_QUERY_VIEW_H
#include <allora/plugin.h>
#include <stdbool.h>
#include <stddef.h>

struct view_column {
    const char *name;
    uint8_t type;
    const char *unit; /* or NULL */
    const char *summary;
};
struct view_def {
    const char *name, *summary;
    const struct view_column *columns;
    uint32_t n_columns;
    const char *shape; /* name of the empty table that gives the view's columns their types */
};
extern const struct view_def view_defs[];
extern const size_t view_n_defs;
const struct view_def *view_find(const char *name);
const struct view_def *view_by_shape(const char *shape);
/* Is it a name that no provider's table may have: a view's, a shape's, SQLite's own? */
bool view_reserves_table(const char *name);
#endif
