#include "tables.h"
#include <string.h>

#define NAME_OF(name) #name,
#define NAMES(TABLE, table) static const char *const table##_columns[] = {HOST_##TABLE(NAME_OF)};
HOST_TABLES(NAMES)

#define ENTRY(TABLE, table) {"host_" #table, list_##table, TABLE##_COLUMNS, table##_columns},
const struct table_entry host_tables[] = {HOST_TABLES(ENTRY){NULL, NULL, 0, NULL}};

const struct table_entry *table_find(const char *name)
{
    for (const struct table_entry *t = host_tables; t->name; t++)
        if (strcmp(t->name, name) == 0)
            return t;
    return NULL;
}
