/* A manifest's provider: tables with their columns and phrases, and how they join the unified
 * views. */
#include "base/err.h"
#include "base/str.h"
#include "base/value.h"
#include "plugin/manifest_check.h"

enum { COLUMNS_MAX = 2000 /* SQLite's limit */, TABLES_MAX = 10000 };

static const struct field provider_fields[] = {
    {"name", WANT_TEXT | REQUIRED},
    {"title", WANT_STR},
    {"description", WANT_STR},
    {"dynamic", WANT_BOOL},
    {"tables", WANT_ARRAY},
    {"views", WANT_ARRAY},
    {NULL, 0},
};
static const struct field table_fields[] = {
    {"name", WANT_TEXT | REQUIRED},
    {"summary", WANT_TEXT | REQUIRED},
    {"description", WANT_STR},
    {"nouns", WANT_STRS},
    {"default_columns", WANT_STRS},
    {"partitioned", WANT_BOOL},
    {"ttl_s", WANT_INT},
    {"phrases", WANT_ARRAY},
    {"total_over", WANT_TEXT},
    {"actions", WANT_OBJECT},
    {"name_column", WANT_TEXT},
    {"time_column", WANT_TEXT},
    {"columns", WANT_ARRAY | REQUIRED},
    {"examples", WANT_ARRAY},
    {"questions", WANT_STRS},
    {NULL, 0},
};
static const struct field column_fields[] = {
    {"name", WANT_TEXT | REQUIRED},
    {"type", WANT_TEXT | REQUIRED},
    {"unit", WANT_STR},
    {"summary", WANT_STR},
    {"description", WANT_STR},
    {"synonyms", WANT_STRS},
    {"aliases", WANT_STRS},
    {"push", WANT_STRS},
    {"exact", WANT_STRS},
    {"key", WANT_BOOL},
    {"required", WANT_BOOL},
    {"costly", WANT_BOOL},
    {"sensitive", WANT_BOOL},
    {"outside", WANT_BOOL},
    {"values", WANT_STRS},
    {"value_words", WANT_OBJECT},
    {"adjectives", WANT_OBJECT},
    {NULL, 0},
};
static const struct field phrase_fields[] = {
    {"words", WANT_TEXT | REQUIRED},
    {"column", WANT_TEXT | REQUIRED},
    {"op", WANT_TEXT | REQUIRED},
    {"value", WANT_ANY},
    {NULL, 0},
};
static const struct field view_fields[] = {
    {"view", WANT_TEXT | REQUIRED},
    {"table", WANT_TEXT | REQUIRED},
    {"columns", WANT_OBJECT | REQUIRED},
    {NULL, 0},
};
static const struct field action_fields[] = {
    {"operation", WANT_TEXT | REQUIRED},
    {"arguments", WANT_OBJECT | REQUIRED},
    {"fixed", WANT_OBJECT},
    {NULL, 0},
};
static const struct field view_column_fields[] = {
    {"column", WANT_TEXT}, {"const", WANT_ANY}, {"map", WANT_OBJECT},
    {"default", WANT_ANY}, {NULL, 0},
};
static const struct field example_fields[] = {
    {"sql", WANT_TEXT | REQUIRED}, {"help", WANT_STR}, {NULL, 0}};

static const char *const types[] = {"text", "int", "real", "bool", "time", "json", NULL};
static const char *const orders[] = {"asc", "desc", NULL};
static const char *const phrase_ops[] = {"eq",     "ne",       "lt",     "le",      "gt", "ge",
                                         "prefix", "contains", "isnull", "notnull", "in", NULL};
static const char *const push_ops[] = {
    "eq", "ne", "lt", "le", "gt", "ge", "in", "prefix", "prefix_nocase", "isnull", NULL};
static const uint32_t push_bits[] = {ALLORA_OP_EQ,    ALLORA_OP_NE,     ALLORA_OP_LT,
                                     ALLORA_OP_LE,    ALLORA_OP_GT,     ALLORA_OP_GE,
                                     ALLORA_OP_IN,    ALLORA_OP_PREFIX, ALLORA_OP_PREFIX_NOCASE,
                                     ALLORA_OP_ISNULL};

static int32_t fill_ops(struct check *c, const json_node *node, const char *key, uint32_t *ret)
{
    const json_node *ops = json_get(node, key);
    uint32_t bits = 0;
    size_t i = 0;

    json_foreach (item, ops) {
        const char *word = json_str(item, "");
        size_t k = 0;
        while (push_ops[k] && !streq(push_ops[k], word))
            k++;
        if (!push_ops[k]) {
            (void)check_enter(c, key);
            (void)check_enter_item(c, i);
            return check_unknown(c, "operator", word, push_ops);
        }
        bits |= 1u << push_bits[k];
        i++;
    }
    *ret = bits;
    return ALLORA_OK;
}

/* Every value of an object is one of the words; or any text when words is NULL. */
static int32_t check_words(struct check *c, const json_node *node, const char *key,
                           const char *const *words)
{
    json_foreach (item, json_get(node, key)) {
        const char *value = json_str(item, NULL);
        size_t k = 0;
        while (value && words && words[k] && !streq(words[k], value))
            k++;
        if (value && (!words || words[k]))
            continue;
        (void)check_enter(c, key);
        (void)check_enter(c, json_key(item));
        if (!value)
            return check_fail(c, "must be a text");
        return check_unknown(c, "order", value, words);
    }
    return ALLORA_OK;
}

static int32_t fill_column(struct check *c, const json_node *node, struct column *col)
{
    unsigned type = 0;
    int32_t rc = check_object(c, node, column_fields);

    if (rc == ALLORA_OK)
        rc = check_name(c, node, "name", "_");
    if (rc == ALLORA_OK)
        rc = check_choice(c, node, "type", "type", types, 0, &type);
    if (rc == ALLORA_OK)
        rc = fill_ops(c, node, "push", &col->push);
    if (rc == ALLORA_OK)
        rc = fill_ops(c, node, "exact", &col->exact);
    if (rc == ALLORA_OK)
        rc = check_words(c, node, "adjectives", orders);
    if (rc == ALLORA_OK)
        rc = check_words(c, node, "value_words", NULL);
    if (rc == ALLORA_OK)
        rc = check_strings(c, node, "aliases", &col->aliases, &col->n_aliases);
    if (rc == ALLORA_OK)
        rc = check_strings(c, node, "synonyms", &col->synonyms, &col->n_synonyms);
    if (rc == ALLORA_OK)
        rc = check_strings(c, node, "values", &col->values, &col->n_values);
    if (rc)
        return rc;
    if (col->exact & ~col->push)
        return check_fail(c, "exact: holds an operator that push does not");
    col->name = json_get_str(node, "name", "");
    col->type = val_type_parse(types[type]);
    col->unit = json_get_str(node, "unit", NULL);
    col->summary = json_get_str(node, "summary", "");
    col->key = json_get_bool(node, "key", false);
    col->required = json_get_bool(node, "required", false);
    col->costly = json_get_bool(node, "costly", false);
    col->sensitive = json_get_bool(node, "sensitive", false);
    col->outside = json_get_bool(node, "outside", false);
    col->node = node;
    if (col->required && !(col->push & (PUSH_EQ | PUSH_IN)))
        return check_fail(c, "required: needs \"eq\" or \"in\" in push");
    return ALLORA_OK;
}

/* SQL names columns and aliases without regard to case: two alike in one table cannot both be
 * meant. */
static int32_t check_unique_columns(struct check *c, const struct table *t)
{
    for (uint32_t i = 0; i < t->n_columns; i++) {
        const struct column *col = &t->columns[i];
        int32_t at = table_column(t, col->name);
        if (at != (int32_t)i)
            return check_fail(c, "columns: \"%s\" stands there twice", col->name);
        for (uint32_t k = 0; k < col->n_aliases; k++) {
            if (table_column(t, col->aliases[k]) != (int32_t)i)
                return check_fail(c, "columns[%u].aliases: \"%s\" is another column's name", i,
                                  col->aliases[k]);
        }
    }
    return ALLORA_OK;
}

static int32_t fill_columns(struct check *c, const json_node *node, struct table *t)
{
    void *memory;
    int32_t rc = check_array(c, node, "columns", sizeof(struct column), &memory, &t->n_columns);

    if (rc)
        return rc;
    if (t->n_columns == 0 || t->n_columns > COLUMNS_MAX)
        return check_fail(c, "columns: a table has 1 to %d of them", COLUMNS_MAX);
    struct column *columns = memory;
    size_t before = check_enter(c, "columns"), i = 0;
    json_foreach (item, json_get(node, "columns")) {
        size_t here = check_enter_item(c, i);
        if ((rc = fill_column(c, item, &columns[i++])) != ALLORA_OK)
            return rc;
        check_leave(c, here);
    }
    check_leave(c, before);
    t->columns = columns;
    return check_unique_columns(c, t);
}

/* `name` must be a column of t. */
static int32_t check_column(struct check *c, const struct table *t, const char *key,
                            const char *name)
{
    struct nearest near;

    if (!name || table_column(t, name) >= 0)
        return ALLORA_OK;
    nearest_init(&near, name);
    for (uint32_t i = 0; i < t->n_columns; i++)
        nearest_offer(&near, t->columns[i].name);
    (void)check_enter(c, key);
    if (near.n > 0)
        return check_fail(c, "%s has no column \"%s\", did you mean %s?", t->name, name,
                          near.best[0]);
    return check_fail(c, "%s has no column \"%s\"", t->name, name);
}

/* "total_over" names one of the phrases. */
static int32_t check_total_over(struct check *c, const json_node *node, const struct table *t)
{
    const char *words = json_get_str(node, "total_over", NULL);
    uint32_t i = 0;

    while (words && i < t->n_phrases && !streq(t->phrases[i].words, words))
        i++;
    if (!words || i < t->n_phrases)
        return ALLORA_OK;
    (void)check_enter(c, "total_over");
    return check_fail(c, "%s has no phrase \"%s\"", t->name, words);
}

static int32_t fill_phrases(struct check *c, const json_node *node, struct table *t)
{
    void *memory;
    int32_t rc = check_array(c, node, "phrases", sizeof(struct phrase), &memory, &t->n_phrases);

    if (rc)
        return rc;
    struct phrase *phrases = memory;
    size_t before = check_enter(c, "phrases"), i = 0;
    json_foreach (item, json_get(node, "phrases")) {
        size_t here = check_enter_item(c, i);
        unsigned op = 0;
        rc = check_object(c, item, phrase_fields);
        if (rc == ALLORA_OK)
            rc = check_choice(c, item, "op", "operator", phrase_ops, 0, &op);
        if (rc == ALLORA_OK)
            rc = check_column(c, t, "column", json_get_str(item, "column", NULL));
        if (rc)
            return rc;
        const json_node *value = json_get(item, "value");
        bool unary = streq(phrase_ops[op], "isnull") || streq(phrase_ops[op], "notnull");
        if (!unary && !value)
            return check_fail(c, "\"value\" is missing");
        phrases[i++] = (struct phrase){.words = json_get_str(item, "words", ""),
                                       .column = json_get_str(item, "column", ""),
                                       .op = phrase_ops[op],
                                       .value = value};
        check_leave(c, here);
    }
    check_leave(c, before);
    t->phrases = phrases;
    return check_total_over(c, node, t);
}

/* The operation must be the manifest's own, and take what the table's columns are to fill in. */
static int32_t check_action(struct check *c, const json_node *action, const struct table *t)
{
    const json_node *found = NULL;
    int32_t rc = check_object(c, action, action_fields);

    if (rc)
        return rc;
    const char *operation = json_get_str(action, "operation", "");
    json_foreach (op, json_get(c->m->root, "operations"))
        found = streq(json_get_str(op, "name", ""), operation) ? op : found;
    if (!found && !c->m->dynamic)
        return check_fail(c, "operation: this manifest has no \"%s\"", operation);
    const json_node *known = json_path(found, "arguments.properties");
    size_t before = check_enter(c, "arguments");
    json_foreach (item, json_get(action, "arguments")) {
        if (!json_str(item, NULL))
            return check_fail(c, "%s: the name of a column is missing", json_key(item));
        if (found && !json_get(known, json_key(item)))
            return check_fail(c, "%s takes no argument \"%s\"", operation, json_key(item));
        rc = check_column(c, t, json_key(item), json_str(item, NULL));
        if (rc)
            return rc;
    }
    check_leave(c, before);
    return ALLORA_OK;
}

static int32_t check_actions(struct check *c, const json_node *node, const struct table *t)
{
    size_t before = check_enter(c, "actions");

    json_foreach (item, json_get(node, "actions")) {
        size_t here = check_enter(c, json_key(item));
        int32_t rc = check_action(c, item, t);
        if (rc)
            return rc;
        check_leave(c, here);
    }
    check_leave(c, before);
    return ALLORA_OK;
}

static int32_t check_examples(struct check *c, const json_node *node)
{
    size_t before = check_enter(c, "examples"), i = 0;

    json_foreach (item, json_get(node, "examples")) {
        size_t here = check_enter_item(c, i++);
        int32_t rc = check_object(c, item, example_fields);
        if (rc)
            return rc;
        check_leave(c, here);
    }
    check_leave(c, before);
    return ALLORA_OK;
}

static int32_t fill_table(struct check *c, const json_node *node, struct table *t)
{
    int32_t rc = check_object(c, node, table_fields);

    if (rc == ALLORA_OK)
        rc = check_name(c, node, "name", "_");
    if (rc)
        return rc;
    t->name = json_get_str(node, "name", "");
    t->summary = json_get_str(node, "summary", "");
    t->provider = c->m->provider;
    t->partitioned = json_get_bool(node, "partitioned", false);
    t->ttl_s = json_get_int(node, "ttl_s", 300);
    t->node = node;
    rc = check_strings(c, node, "nouns", &t->nouns, &t->n_nouns);
    if (rc == ALLORA_OK)
        rc = check_strings(c, node, "default_columns", &t->default_columns, &t->n_default_columns);
    if (rc == ALLORA_OK)
        rc = fill_columns(c, node, t);
    for (uint32_t i = 0; rc == ALLORA_OK && i < t->n_default_columns; i++)
        rc = check_column(c, t, "default_columns", t->default_columns[i]);
    if (rc == ALLORA_OK)
        rc = check_column(c, t, "name_column", json_get_str(node, "name_column", NULL));
    if (rc == ALLORA_OK)
        rc = check_column(c, t, "time_column", json_get_str(node, "time_column", NULL));
    if (rc == ALLORA_OK)
        rc = fill_phrases(c, node, t);
    if (rc == ALLORA_OK)
        rc = check_actions(c, node, t);
    return rc == ALLORA_OK ? check_examples(c, node) : rc;
}

static int32_t fill_tables(struct check *c, const json_node *provider)
{
    struct manifest *m = c->m;
    void *memory;
    uint32_t n = 0;
    int32_t rc = check_array(c, provider, "tables", sizeof(struct table), &memory, &n);

    if (rc)
        return rc;
    if (n > TABLES_MAX)
        return check_fail(c, "tables: more than %d", TABLES_MAX);
    struct table *tables = memory;
    m->tables = tables;
    size_t before = check_enter(c, "tables"), i = 0;
    json_foreach (item, json_get(provider, "tables")) {
        size_t here = check_enter_item(c, i);
        if ((rc = fill_table(c, item, &tables[i++])) != ALLORA_OK)
            return rc;
        if (manifest_table(m, tables[i - 1].name)) /* those before it: n_tables grows below */
            return check_fail(c, "name: \"%s\" stands there twice", tables[i - 1].name);
        m->n_tables = (uint32_t)i;
        check_leave(c, here);
    }
    check_leave(c, before);
    return ALLORA_OK;
}

static int32_t check_view_columns(struct check *c, const json_node *columns, const struct table *t)
{
    size_t before = check_enter(c, "columns");

    json_foreach (item, columns) {
        size_t here = check_enter(c, json_key(item));
        const char *name = json_str(item, NULL);
        if (!name) {
            int32_t rc = check_object(c, item, view_column_fields);
            if (rc)
                return rc;
            name = json_get_str(item, "column", NULL);
            if (!name == !json_get(item, "const"))
                return check_fail(c, "needs either \"column\" or \"const\"");
        }
        check_leave(c, here);
        int32_t rc = t ? check_column(c, t, json_key(item), name) : ALLORA_OK;
        if (rc)
            return rc;
    }
    check_leave(c, before);
    return ALLORA_OK;
}

static int32_t fill_view(struct check *c, const json_node *node, struct view_map *v)
{
    int32_t rc = check_object(c, node, view_fields);

    if (rc == ALLORA_OK)
        rc = check_name(c, node, "view", "_");
    if (rc)
        return rc;
    v->view = json_get_str(node, "view", "");
    v->table = json_get_str(node, "table", "");
    v->provider = c->m->provider;
    v->columns = json_get(node, "columns");
    const struct table *t = manifest_table(c->m, v->table);
    if (!t && !c->m->dynamic) {
        struct nearest near;
        nearest_init(&near, v->table);
        for (uint32_t i = 0; i < c->m->n_tables; i++)
            nearest_offer(&near, c->m->tables[i].name);
        (void)check_enter(c, "table");
        return check_fail(c, "no table \"%s\"%s%s%s", v->table, near.n ? ", did you mean " : "",
                          near.n ? near.best[0] : "", near.n ? "?" : "");
    }
    return check_view_columns(c, v->columns, t);
}

int32_t manifest_fill_provider(struct check *c, const json_node *provider)
{
    struct manifest *m = c->m;
    void *memory;
    size_t before = check_enter(c, "provider"), i = 0;
    int32_t rc = check_object(c, provider, provider_fields);

    if (rc == ALLORA_OK)
        rc = check_name(c, provider, "name", "_-");
    if (rc)
        return rc;
    m->provider = json_get_str(provider, "name", "");
    m->dynamic = json_get_bool(provider, "dynamic", false);
    rc = fill_tables(c, provider);
    if (rc == ALLORA_OK)
        rc = check_array(c, provider, "views", sizeof(struct view_map), &memory, &m->n_views);
    if (rc)
        return rc;
    struct view_map *views = memory;
    size_t in_views = check_enter(c, "views");
    json_foreach (item, json_get(provider, "views")) {
        size_t here = check_enter_item(c, i);
        if ((rc = fill_view(c, item, &views[i++])) != ALLORA_OK)
            return rc;
        check_leave(c, here);
    }
    check_leave(c, in_views);
    m->views = views;
    check_leave(c, before);
    return ALLORA_OK;
}
