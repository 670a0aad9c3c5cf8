/* The entries of the lexicon: words, and what they mean in a table. */
#include "builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *build_take(struct builder *b, size_t size)
{
    void *p = sdk_alloc(b->self, b->ctx, size);
    b->oom = b->oom || !p;
    return p;
}

const char *build_copy(struct builder *b, const char *s)
{
    const char *p = sdk_copy(b->self, b->ctx, sdk_str(s));
    b->oom = b->oom || !p;
    return p ? p : "";
}

static void put(struct builder *b, const struct entry *e)
{
    if (b->n == b->cap) {
        int cap = b->cap ? b->cap * 2 : 512;
        struct entry *grown = build_take(b, (size_t)cap * sizeof *grown);
        if (!grown)
            return;
        if (b->n)
            memcpy(grown, b->entries, (size_t)b->n * sizeof *grown);
        b->entries = grown;
        b->cap = cap;
    }
    b->entries[b->n++] = *e;
}

/* Under its own key and, where it differs, the key of its stems. */
void build_add(struct builder *b, const char *words, struct entry e)
{
    char exact[KEY_MAX], stem[KEY_MAX];
    if (!words_key(words, false, exact) || !words_key(words, true, stem))
        return;
    e.words = words;
    e.key = build_copy(b, exact);
    e.stemmed = false;
    put(b, &e);
    e.key = strcmp(exact, stem) == 0 ? e.key : build_copy(b, stem);
    e.stemmed = true;
    put(b, &e);
}
static struct value value_of(const sdk_json *node)
{
    struct value v = {.text = ""};
    if (node->type == SDK_INT)
        v = (struct value){.is_number = true, .number = (double)node->u.i};
    else if (node->type == SDK_REAL)
        v = (struct value){.is_number = true, .number = node->u.d};
    else if (node->type == SDK_BOOL)
        v = (struct value){.is_bool = true, .number = (double)node->u.i};
    else if (node->type == SDK_STRING)
        v.text = node->text.ptr;
    return v;
}

static struct cond *new_cond(struct builder *b, int column, enum cond_op op, const char *words)
{
    struct cond *c = build_take(b, sizeof *c);
    if (c) {
        c->column = column;
        c->op = op;
        c->words = words;
        c->whole = true;
    }
    return c;
}

static bool cond_values(struct cond *c, const sdk_json *value)
{
    if (value && value->type == SDK_ARRAY) {
        if (value->count > MAX_VALUES)
            return false;
        sdk_foreach (item, value)
            c->values[c->n_values++] = value_of(item);
    } else if (value && value->type != SDK_NULL) {
        c->values[c->n_values++] = value_of(value);
    }
    return true;
}

/* {"words","column","op","value"} */
void build_phrase(struct builder *b, const struct table *t, const sdk_json *node)
{
    static const struct {
        const char *name;
        enum cond_op op;
        bool negated;
    } ops[] = {
        {"eq", OP_EQ, false},       {"ne", OP_EQ, true},          {"lt", OP_LT, false},
        {"le", OP_LE, false},       {"gt", OP_GT, false},         {"ge", OP_GE, false},
        {"in", OP_EQ, false},       {"prefix", OP_PREFIX, false}, {"contains", OP_CONTAINS, false},
        {"isnull", OP_NULL, false}, {"notnull", OP_NULL, true}};
    const char *name = sdk_get_str(node, "op", "eq");
    const char *words = sdk_get_str(node, "words", NULL);
    int column = column_find(t, sdk_get_str(node, "column", NULL));
    for (size_t i = 0; words && column >= 0 && i < sizeof ops / sizeof *ops; i++) {
        if (strcmp(ops[i].name, name) != 0)
            continue;
        struct cond *c = new_cond(b, column, ops[i].op, words);
        if (!c || !cond_values(c, sdk_member(node, "value")))
            return;
        c->negated = ops[i].negated;
        build_add(b, words, (struct entry){.meaning = M_PHRASE, .column = column, .cond = c});
    }
}

void build_value(struct builder *b, int column, const char *words, const char *value,
                 const struct column *col, int rank)
{
    struct cond *c = new_cond(b, column, OP_EQ, words);
    if (!c)
        return;
    c->values[c->n_values++] = (struct value){.text = value};
    if (col->type == C_INT || col->type == C_REAL) {
        char *end = NULL;
        double d = strtod(value, &end);
        if (end && *end == '\0')
            c->values[0] = (struct value){.is_number = true, .number = d};
    }
    /* one letter ("R", "a") is no word */
    if (strlen(words) > 1)
        build_add(b, words,
                  (struct entry){.meaning = M_VALUE, .column = column, .cond = c, .rank = rank});
}

/* biggest → bigger, big;  most expensive → more expensive, expensive. */
void build_adjective(struct builder *b, int column, const char *words, bool descending)
{
    char base[WORD_MAX], more[WORD_MAX + 8];
    struct entry e = {.meaning = M_ADJECTIVE, .column = column, .descending = descending};
    build_add(b, words, e);
    size_t n = strlen(words);
    if (n >= WORD_MAX)
        return;
    bool most = strncmp(words, "most ", 5) == 0, least = strncmp(words, "least ", 6) == 0;
    if (most || least) {
        (void)snprintf(base, sizeof base, "%s", words + (most ? 5 : 6));
        (void)snprintf(more, sizeof more, "%s %.50s", most ? "more" : "less", base);
    } else if (n > 5 && strcmp(words + n - 3, "est") == 0 && !strchr(words, ' ')) {
        (void)snprintf(more, sizeof more, "%.*ser", (int)(n - 3), words);
        (void)snprintf(base, sizeof base, "%.*s", (int)(n - 3), words);
        size_t k = strlen(base);
        if (k > 2 && base[k - 1] == base[k - 2] && base[k - 1] != 'l' && base[k - 1] != 's')
            base[k - 1] = '\0'; /* bigg */
        else if (k > 2 && base[k - 1] == 'i')
            base[k - 1] = 'y'; /* heavi */
    } else {
        return;
    }
    e.meaning = M_COMPARATIVE;
    build_add(b, build_copy(b, more), e);
    e.meaning = M_BASE;
    build_add(b, build_copy(b, base), e);
    if (!most && !least) { /* largest: large */
        size_t k = strlen(base);
        if (k + 1 < sizeof base) {
            memcpy(base + k, "e", 2);
            build_add(b, build_copy(b, base), e);
        }
    }
}
