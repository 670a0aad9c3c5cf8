/* Names: whose, which, and in what. */
#include "filter.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int tag_column(const struct parse *p)
{
    for (int i = 0; i < p->t->n_columns; i++)
        if (p->t->columns[i].type == C_JSON && (strcmp(p->t->columns[i].name, "tags") == 0 ||
                                                strcmp(p->t->columns[i].name, "labels") == 0))
            return i;
    return -1;
}

static bool subject(const struct parse *p, int i)
{
    int k = back_noise(p, i - 1);
    if (k < 0)
        return i == 0;
    enum func g = p->items[k].func;
    return g == F_BE || g == F_DO || g == F_HOWLONG || g == F_WHEN || (g == F_HAVE && k == 0);
}

static const struct entry *noun_of(const struct parse *p, int i)
{
    return i >= 0 && i < p->n ? reading(&p->items[i], M_NOUN) : NULL;
}

static int key_column(const struct parse *p, const struct token *t)
{
    for (int i = 0; t->kind == T_NUMBER && i < p->t->n_columns; i++)
        if (p->t->columns[i].key && is_number(&p->t->columns[i]))
            return i;
    return t->kind == T_NUMBER ? -1 : p->t->name_column;
}

/* "debian" where the values are debian-11 and debian-12 */
static bool family(struct filter *f, int i)
{
    struct parse *p = f->p;
    const struct token *t = item_token(p, i);
    size_t n = strlen(t->text);
    for (int c = 0; c < p->t->n_columns && n >= 3 && t->kind == T_WORD; c++) {
        struct cond model = {.column = c, .op = OP_EQ};
        sdk_foreach (v, sdk_member(p->t->columns[c].node, "values"))
            if (v->type == SDK_STRING && v->text.len > n && memcmp(v->text.ptr, t->text, n) == 0 &&
                v->text.ptr[n] == '-' && model.n_values < MAX_VALUES)
                model.values[model.n_values++].text = v->text.ptr;
        if (model.n_values < 2)
            continue;
        filter_put(f, &model, i, i);
        return true;
    }
    return false;
}

/* A name that stands by itself: what ties it to the rest? */
bool filter_name_alone(struct filter *f, int i)
{
    struct parse *p = f->p;
    const struct token *t = item_token(p, i);
    if (p->t->one_row)
        return false;
    int left = back_noise(p, i - 1), right = skip_noise(p, i + 1);
    const struct item *next = item_at(p, right);
    enum func g = left >= 0 ? p->items[left].func : F_NONE;
    if (filter_joined(f, i) >= 0 && f->last && f->last->op == OP_EQ && !f->last->time) {
        filter_name(f, f->last->column, p->q.ties[f->last - p->q.conds], i, i);
        return true;
    }
    if (left >= 0 && left == i - 1 && noun_of(p, left) && key_column(p, t) >= 0) {
        filter_name(f, key_column(p, t), TIE_NOUN, i, i); /* user maria, process 1 */
        return true;
    }
    if (t->kind == T_NUMBER)
        return false;
    if (family(f, i))
        return true;
    enum tie tie = TIE_NONE;
    bool member = next->func == F_MEMBER || (next->func == F_IN && right == p->n - 1) ||
                  (g == F_MEMBER && p->t->name_column >= 0);
    if (member && next->func != F_NONE && (next->func == F_MEMBER || next->func == F_IN)) {
        use(p, right);
        filter_name(f, -1, TIE_MEMBER, i, i);
        return true;
    }
    if (t->possessive)
        tie = TIE_OWNER;
    else if (g == F_OF || g == F_BY || g == F_FOR || g == F_AND_THEN)
        tie = TIE_OWNER;
    else if (g == F_IN || g == F_WITH || (p->head == HEAD_WHO && p->subject_column >= 0))
        tie = TIE_LOOSE;
    else if (left >= 0 && noun_of(p, left))
        tie = TIE_LOOSE;
    else if (subject(p, i))
        tie = TIE_SUBJECT;
    else if (right < p->n &&
             (reading(next, M_NOUN) || reading(next, M_MODIFIER) || reading(next, M_COLUMN)))
        tie = TIE_LOOSE;
    else if (g == F_ONLY || p->followup || g == F_NOT || g == F_EXCEPT || g == F_ALL || g == F_EACH)
        tie = TIE_LOOSE;
    else if (left >= 0 && (reading(&p->items[left], M_PHRASE) || reading(&p->items[left], M_VALUE)))
        tie = TIE_LOOSE;
    else if (left < 0 || g == F_LIST || g == F_WHICH || g == F_USE || g == F_MANY || g == F_WHAT)
        tie = TIE_LOOSE;
    if (tie == TIE_NONE)
        return false;
    if (g == F_OF || g == F_BY || g == F_FOR || g == F_WITH || g == F_IN || g == F_AND_THEN)
        use(p, left);
    if (tie == TIE_OWNER && left >= 0 && g == F_BY && left > 0 && p->items[left - 1].func == F_USE)
        use(p, left - 1);
    filter_name(f, -1, tie, i, i);
    return true;
}

/* env=prod, uid:0 */
bool filter_pair(struct filter *f, int i)
{
    struct parse *p = f->p;
    struct token *t = (struct token *)(uintptr_t)item_token(p, i);
    char key[WORD_MAX];
    size_t n = strcspn(t->raw, "=:");
    memcpy(key, t->raw, n);
    key[n] = '\0';
    int column = -1, k = 0, tags = tag_column(p);
    char folded[KEY_MAX];
    if (words_key(key, false, folded)) {
        const struct entry *e = lexicon_find(p->t, folded, &k);
        for (int r = 0; r < k; r++)
            if (e[r].meaning == M_COLUMN && !e[r].stemmed && column < 0)
                column = e[r].column;
    }
    int left = back_noise(p, i - 1);
    bool tagged = false;
    for (; left >= 0 && left >= i - 3; left--) {
        const struct entry *e = reading(&p->items[left], M_COLUMN);
        tagged = tagged || (e && e->column == tags && tags >= 0);
        if (e && e->column == tags)
            use(p, left);
    }
    struct cond c = {.column = column, .op = OP_EQ, .n_values = 1};
    const char *value = t->raw + n + 1;
    c.values[0].text = value;
    if (tags >= 0 && (tagged || column < 0)) {
        c = (struct cond){.column = tags, .op = OP_HAS, .n_values = 2};
        t->raw[n] = '\0'; /* the token is this parse's own copy */
        c.values[0].text = t->raw;
        c.values[1].text = value;
    } else if (column < 0) {
        return false;
    } else if (is_number(&p->t->columns[column])) {
        char *end = NULL;
        double d = strtod(value, &end);
        if (end == value)
            return false;
        c.values[0] = (struct value){.is_number = true, .number = d};
    }
    filter_put(f, &c, i, i);
    return true;
}
