/* Builds the lexicon: every noun, synonym, phrase, value word and adjective, under its key. */
#include "builder.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum column_type type_of(const char *name)
{
    static const char *const names[] = {"text", "int", "real", "bool", "time", "json"};
    for (int i = 0; i < 6; i++)
        if (strcmp(names[i], name) == 0)
            return (enum column_type)i;
    return C_TEXT;
}

int column_find(const struct table *t, const char *name)
{
    for (int i = 0; name && i < t->n_columns; i++)
        if (strcmp(t->columns[i].name, name) == 0)
            return i;
    return -1;
}

static bool says_by(const char *s)
{
    size_t n = strlen(s);
    return (n > 3 && strcmp(s + n - 3, " by") == 0) || strcmp(s, "owner") == 0 ||
           strcmp(s, "username") == 0;
}

static void add_column(struct builder *b, const struct table *t, int i, struct column *c)
{
    int rank = 1;
    struct entry e = {.meaning = M_COLUMN, .column = i};
    build_add(b, c->name, e);
    sdk_foreach (s, sdk_member(c->node, "synonyms")) {
        e.rank = rank++;
        build_add(b, s->text.ptr, e);
        c->who = c->who || (c->type != C_BOOL && c->type != C_TIME && says_by(s->text.ptr));
    }
    c->who = c->who && c->type == C_TEXT;
    sdk_foreach (s, sdk_member(c->node, "aliases")) {
        e.rank = rank++;
        build_add(b, s->text.ptr, e);
    }
    size_t n = strlen(c->name);
    if (c->type == C_TIME && n > 3 && strcmp(c->name + n - 3, "_at") == 0) {
        e.rank = 40; /* "closed in October" is about closed_at */
        build_add(b, sdk_printf(b->self, b->ctx, "%.*s", (int)(n - 3), c->name), e);
    }
    rank = 0;
    sdk_foreach (v, sdk_member(c->node, "values"))
        if (v->type == SDK_STRING)
            build_value(b, i, v->text.ptr, v->text.ptr, c, rank++);
    sdk_foreach (v, sdk_member(c->node, "value_words"))
        build_value(b, i, v->key.ptr, v->text.ptr, c, rank++);
    sdk_foreach (a, sdk_member(c->node, "adjectives"))
        build_adjective(b, i, a->key.ptr, sdk_str_is(a->text, "desc"));
    (void)t;
}

/* "memory_percent" is "memory percent" to a person. */
static const char *label_of(struct builder *b, const char *name)
{
    char label[WORD_MAX];
    (void)snprintf(label, sizeof label, "%s", name);
    for (char *p = label; *p; p++)
        if (*p == '_')
            *p = ' ';
    char *last = strrchr(label, ' ');
    if (last && (strcmp(last, " bytes") == 0 || strcmp(last, " at") == 0))
        *last = '\0';
    return build_copy(b, label);
}

/* A view has no default columns of its own. */
static bool shown_in_views(const char *name)
{
    static const char *const shown[] = {"provider", "account", "region", "id",
                                        "name",     "status",  "size"};
    for (size_t k = 0; k < sizeof shown / sizeof *shown; k++)
        if (strcmp(shown[k], name) == 0)
            return true;
    return false;
}

static void read_columns(struct builder *b, struct table *t, const sdk_json *list)
{
    int n = list ? (int)list->count : 0;
    struct column *columns = build_take(b, (size_t)(n ? n : 1) * sizeof *columns);
    if (!columns)
        return;
    t->columns = columns;
    sdk_foreach (node, list) {
        struct column *c = &columns[t->n_columns];
        c->name = sdk_get_str(node, "name", "");
        c->summary = sdk_get_str(node, "summary", "");
        c->unit = sdk_get_str(node, "unit", NULL);
        c->label = label_of(b, c->name);
        const char *word = sdk_get_str(node, "synonyms.0", NULL);
        const char *unit = c->unit ? c->unit : "";
        if (word && strlen(c->name) <= 3 && strcmp(unit, "bytes") == 0)
            c->label = word; /* rss: memory */
        c->type = type_of(sdk_get_str(node, "type", "text"));
        c->key = sdk_get_bool(node, "key", false);
        c->sensitive = sdk_get_bool(node, "sensitive", false);
        c->costly = sdk_get_bool(node, "costly", false);
        c->closed = sdk_first(sdk_member(node, "values")) != NULL;
        c->shown = t->view && shown_in_views(c->name);
        c->key = c->key || (t->view && strcmp(c->name, "id") == 0);
        c->node = node;
        t->n_columns++;
    }
    sdk_foreach (name, sdk_member(t->node, "default_columns")) {
        int i = column_find(t, name->text.ptr);
        if (i >= 0)
            columns[i].shown = true;
    }
    for (int i = 0; i < t->n_columns; i++)
        add_column(b, t, i, &columns[i]);
}

static const char *plural_of(struct builder *b, const char *noun)
{
    char out[WORD_MAX];
    size_t n = strlen(noun);
    char last = n ? noun[n - 1] : '\0', before = n > 1 ? noun[n - 2] : '\0';
    bool es = last == 's' || last == 'x' || (last == 'h' && (before == 'c' || before == 's'));
    if (last == 'y' && n > 1 && !strchr("aeiou", before))
        (void)snprintf(out, sizeof out, "%.*sies", (int)(n - 1), noun);
    else
        (void)snprintf(out, sizeof out, "%s%s", noun, es ? "es" : "s");
    return build_copy(b, out);
}

static void add_noun(struct builder *b, const char *words, int rank)
{
    build_add(b, words, (struct entry){.meaning = M_NOUN, .column = -1, .rank = rank});
    const char *blank = strchr(words, ' ');
    for (const char *p = words; blank; p = blank + 1, blank = strchr(p, ' ')) {
        const char *part = sdk_copy(b->self, b->ctx, sdk_str_n(p, (size_t)(blank - p)));
        if (part)
            build_add(b, part, (struct entry){.meaning = M_MODIFIER, .column = -1, .rank = rank});
    }
}

static int by_key(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    int c = strcmp(x->key, y->key);
    if (c)
        return c;
    if (x->stemmed != y->stemmed)
        return x->stemmed ? 1 : -1;
    if (x->meaning != y->meaning)
        return (int)x->meaning - (int)y->meaning;
    if (x->rank != y->rank)
        return x->rank - y->rank;
    return x->column - y->column;
}

static void finish(struct builder *b, struct table *t)
{
    qsort(b->entries, (size_t)b->n, sizeof *b->entries, by_key);
    t->entries = b->entries;
    t->n_entries = b->n;
    b->entries = NULL;
    b->n = b->cap = 0;
}

/* The table's entries so far; finish() sorts them. */
static void keep(struct builder *b, struct table *t)
{
    t->entries = b->entries;
    t->n_entries = b->n;
    b->entries = NULL;
    b->n = b->cap = 0;
}

static bool says_one_row(const char *summary)
{
    return strstr(summary, "(one row)") != NULL;
}

static void read_table(struct builder *b, const sdk_json *node, struct table *t)
{
    t->node = node;
    t->name = sdk_get_str(node, "name", "");
    t->provider = sdk_get_str(node, "provider", "");
    t->summary = sdk_get_str(node, "summary", "");
    t->one_row = says_one_row(t->summary);
    t->noun = sdk_get_str(node, "nouns.0", label_of(b, t->name));
    t->plural = plural_of(b, t->noun);
    read_columns(b, t, sdk_member(node, "columns"));
    t->name_column = column_find(t, sdk_get_str(node, "name_column", NULL));
    t->time_column = column_find(t, sdk_get_str(node, "time_column", NULL));
    int rank = 0;
    sdk_foreach (noun, sdk_member(node, "nouns"))
        add_noun(b, noun->text.ptr, rank++);
    build_add(b, t->name, (struct entry){.meaning = M_TABLE, .column = -1});
    build_add(b, t->provider, (struct entry){.meaning = M_PROVIDER, .column = -1});
    sdk_foreach (phrase, sdk_member(node, "phrases"))
        build_phrase(b, t, phrase);
    const char *over = sdk_get_str(node, "total_over", NULL);
    for (int i = 0; over && i < b->n && !t->total_over; i++)
        if (b->entries[i].meaning == M_PHRASE && strcmp(b->entries[i].words, over) == 0)
            t->total_over = b->entries[i].cond;
    keep(b, t);
}

/* "Disks and volumes of every provider": the view's nouns. */
static void view_nouns(struct builder *b, const char *summary)
{
    char noun[WORD_MAX];
    const char *end = strstr(summary, " of every provider");
    int rank = 1;
    for (const char *p = summary; end && p < end;) {
        const char *and = strstr(p, " and ");
        const char *stop = and&&and < end ? and : end;
        size_t n = (size_t)(stop - p);
        if (n > 2 && n < sizeof noun) {
            word_fold(p, n, noun);
            n = strlen(noun);
            if (noun[n - 1] == 's')
                noun[n - 1] = '\0';
            add_noun(b, build_copy(b, noun), rank++);
        }
        p = stop == end ? end : stop + 5;
    }
}

/* Words that the unified columns of views go by; their names are the host's contract. */
static void view_words(struct builder *b, struct table *t)
{
    static const struct {
        const char *column, *words;
    } words[] = {{"provider", "cloud"},  {"provider", "vendor"},    {"region", "location"},
                 {"status", "state"},    {"created_at", "created"}, {"account", "subscription"},
                 {"account", "project"}, {"size", "capacity"},      {"tags", "label"},
                 {"name", "called"},     {"name", "named"},         {"tags", "tagged"}};
    static const struct {
        const char *words, *value;
    } states[] = {{"running", "running"},   {"stopped", "stopped"},       {"pending", "pending"},
                  {"stopping", "stopping"}, {"terminated", "terminated"}, {"error", "error"},
                  {"up", "running"},        {"down", "stopped"},          {"off", "stopped"}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        int column = column_find(t, words[i].column);
        if (column >= 0)
            build_add(b, words[i].words,
                      (struct entry){.meaning = M_COLUMN, .column = column, .rank = 1});
    }
    int status = column_find(t, "status"), size = column_find(t, "size");
    for (size_t i = 0; status >= 0 && i < sizeof states / sizeof *states; i++)
        build_value(b, status, states[i].words, states[i].value, &t->columns[status], 0);
    if (size >= 0 && t->columns[size].type == C_INT) {
        build_adjective(b, size, "biggest", true);
        build_adjective(b, size, "largest", true);
        build_adjective(b, size, "smallest", false);
    }
    int created = column_find(t, "created_at");
    if (created >= 0) {
        build_adjective(b, created, "newest", true);
        build_adjective(b, created, "oldest", false);
    }
}

static void read_view(struct builder *b, const sdk_json *node, struct table *t)
{
    t->node = node;
    t->view = true;
    t->name = sdk_get_str(node, "name", "");
    t->provider = "";
    t->summary = sdk_get_str(node, "summary", "");
    read_columns(b, t, sdk_member(node, "columns"));
    t->name_column = column_find(t, "name");
    t->time_column = column_find(t, "created_at");
    t->noun = t->name;
    t->plural = plural_of(b, t->noun);
    add_noun(b, t->name, 0);
    view_nouns(b, t->summary);
    view_words(b, t);
    keep(b, t);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void collect_known(struct builder *b, struct lexicon *l)
{
    int total = 0, n = 0;
    for (int i = 0; i < l->n_tables; i++)
        total += l->tables[i].n_entries;
    const char **known = build_take(b, (size_t)(total ? total : 1) * sizeof *known);
    if (!known)
        return;
    for (int i = 0; i < l->n_tables; i++)
        for (int k = 0; k < l->tables[i].n_entries; k++)
            known[n++] = l->tables[i].entries[k].key;
    qsort(known, (size_t)n, sizeof *known, by_text);
    l->known = known;
    l->n_known = n;
}

/* "this machine" in a question about its processes: the provider itself, which the one table says
 * that has a single row with a name. */
static void add_here(struct builder *b, const struct table *t, const struct table *list, int n)
{
    static const char *const forms[] = {"this", "my", "the", "our", "your"};
    for (int i = 0; i < n; i++) {
        const struct table *whole = &list[i];
        if (whole == t || !whole->one_row || whole->name_column < 0 || !*t->provider ||
            strcmp(whole->provider, t->provider) != 0)
            continue;
        sdk_foreach (noun, sdk_member(whole->node, "nouns"))
            for (size_t f = 0; f < sizeof forms / sizeof *forms; f++)
                build_add(b, sdk_printf(b->self, b->ctx, "%s %s", forms[f], noun->text.ptr),
                          (struct entry){.meaning = M_HERE, .column = -1});
    }
}

/* Entries are made once all tables are known. */
static void finish_all(struct builder *b, struct table *list, int n)
{
    for (int i = 0; i < n; i++) {
        b->entries = (struct entry *)(uintptr_t)list[i].entries;
        b->n = b->cap = list[i].n_entries;
        add_here(b, &list[i], list, n);
        finish(b, &list[i]);
    }
}

int32_t lexicon_build(const allora_instance *self, allora_ctx *ctx, const sdk_json *document,
                      struct lexicon *ret, allora_error *err)
{
    struct builder b = {.self = self, .ctx = ctx};
    const sdk_json *tables = sdk_member(document, "tables"), *views = sdk_member(document, "views");
    size_t n = (tables ? tables->count : 0) + (views ? views->count : 0);
    struct table *list = build_take(&b, (n ? n : 1) * sizeof *list);
    *ret = (struct lexicon){.tables = list};
    if (list) {
        sdk_foreach (node, tables)
            read_table(&b, node, &list[ret->n_tables++]);
        sdk_foreach (node, views)
            if (sdk_first(sdk_member(node, "tables"))) /* nothing maps onto the others */
                read_view(&b, node, &list[ret->n_tables++]);
        finish_all(&b, list, ret->n_tables);
        collect_known(&b, ret);
    }
    return b.oom ? sdk_fail(err, ALLORA_E_NOMEM, "out of memory") : ALLORA_OK;
}

const struct entry *lexicon_find(const struct table *t, const char *key, int *n)
{
    int low = 0, high = t->n_entries;
    while (low < high) {
        int mid = low + (high - low) / 2;
        if (strcmp(t->entries[mid].key, key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *n = 0;
    while (low + *n < t->n_entries && strcmp(t->entries[low + *n].key, key) == 0)
        ++*n;
    return *n ? &t->entries[low] : NULL;
}

bool lexicon_noun_elsewhere(const struct lexicon *l, const struct table *t, const char *key)
{
    for (int i = 0; i < l->n_tables; i++) {
        int n = 0;
        const struct entry *e = &l->tables[i] == t ? NULL : lexicon_find(&l->tables[i], key, &n);
        for (int k = 0; k < n; k++)
            if (e[k].meaning == M_NOUN)
                return true;
    }
    return false;
}

bool lexicon_knows(const struct lexicon *l, const char *key)
{
    return bsearch(&key, l->known, (size_t)l->n_known, sizeof *l->known, by_text) != NULL;
}
