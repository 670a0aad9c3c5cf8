/* What a person means by a type: a unified view, a table, or the word for a table's rows; and the
 * columns that follow from it. */
#ifndef RESOURCE_TYPE_H
#define RESOURCE_TYPE_H
#include <allora/sdk.h>

struct type {
    const char *name; /* of the view or table, as the catalogue spells it */
    bool is_view;
    const sdk_json *columns;       /* [{name, type, …}] */
    const sdk_json *defaults;      /* [names] a list shows; NULL: all */
    const char *key, *name_column; /* NULL where there is none */
    const sdk_json *actions; /* a table's: verb → {operation, arguments, fixed}; NULL: none */
    const sdk_json *doc;     /* the catalogue it was found in */
};
/* All tables and views as table.describe gives them. */
int32_t type_catalogue(const allora_instance *self, allora_ctx *ctx, const sdk_json **ret,
                       allora_error *err);
/* Makes *t the type of a table's entry in the catalogue; keeps t->doc. */
void type_of_table(struct type *t, const sdk_json *table);
/* E_NOTFOUND, with the nearest names, when nothing is called that. */
int32_t type_find(const allora_instance *self, allora_ctx *ctx, const char *word, struct type *ret,
                  allora_error *err);
/* The column's entry, by name or alias; NULL. */
const sdk_json *type_column(const struct type *t, const char *name);
/* Writes `text` as the column's type wants it, under `key`.  E_ARG when it can't be that. */
int32_t type_bind(const struct type *t, const sdk_json *column, sdk_writer *w, const char *key,
                  const char *text, allora_error *err);
#endif
