/* Text matches: "named x", "starting with x", "containing x". */
#include "parse.h"

#include <stdio.h>
#include <string.h>

static int text_column_before(struct parse *p, int i)
{
    for (int k = i - 1; k >= 0 && k >= i - 4; k--) {
        struct item *it = &p->items[k];
        const struct entry *e = reading(it, M_COLUMN);
        if (e && !it->used && p->t->columns[e->column].type == C_TEXT) {
            use(p, k);
            return e->column;
        }
        if (it->func == F_NONE)
            break;
    }
    return -1;
}

static int match_negation(struct parse *p, int i)
{
    for (int k = i - 1; k >= 0 && k >= i - 3; k--) {
        enum func f = p->items[k].func;
        if (!p->items[k].used && (f == F_NOT || f == F_EXCEPT)) {
            use(p, k);
            return 1;
        }
        if (f == F_NONE && p->items[k].kind != I_WORDS)
            break;
    }
    return 0;
}

/* "mention failed password for root": the words up to the next bit of grammar are the text. */
static const char *running_text(struct parse *p, int k)
{
    size_t n = strlen(name_text(p, k, true));
    char *out = p->said[p->n_said < 2 ? p->n_said++ : 1];
    (void)snprintf(out, KEY_MAX, "%s", name_text(p, k, true));
    for (int i = k + 1; i < p->n && item_token(p, k)->kind == T_WORD; i++) {
        const struct item *it = &p->items[i];
        if (it->used || (it->kind != I_NAME && it->func != F_NONE) || it->kind == I_TIME)
            break;
        for (int t = 0; t < it->n; t++) {
            int more = snprintf(out + n, KEY_MAX - n, " %s", p->w->tok[it->at + t].raw);
            n += more > 0 && (size_t)more < KEY_MAX - n ? (size_t)more : 0;
        }
        use(p, i);
    }
    return out;
}

static void match(struct parse *p, int i, enum cond_op op)
{
    struct item *it = &p->items[i];
    const struct entry *own = reading(it, M_COLUMN);
    int k = i + 1;
    while (k < p->n && (p->items[k].func == F_NOISE || p->items[k].func == F_NAMED) &&
           p->items[k].kind != I_NAME)
        k++;
    /* "the word x", "the letters x" */
    const char *said = item_token(p, k)->text;
    if (k + 1 < p->n &&
        (strcmp(said, "word") == 0 || strcmp(said, "text") == 0 || strcmp(said, "letters") == 0 ||
         strcmp(said, "letter") == 0 || strcmp(said, "string") == 0))
        use(p, k++);
    if (k >= p->n) {
        parse_fail(p, i);
        return;
    }
    int column = own && p->t->columns[own->column].type == C_TEXT ? own->column : -1;
    if (op == OP_EQ)
        column = p->t->name_column;
    if (column < 0)
        column = text_column_before(p, i);
    if (column < 0)
        column = p->t->name_column;
    if (column < 0) {
        parse_fail(p, i);
        return;
    }
    bool text = p->t->columns[column].type == C_TEXT;
    struct cond *c = query_cond(&p->q, column, op, op == OP_EQ && text ? TIE_NAMED : TIE_NONE);
    if (!c || (op != OP_EQ && !text)) {
        parse_fail(p, i);
        return;
    }
    p->cond_at[p->q.n_conds - 1] = i;
    c->n_values = 1;
    c->values[0].text = name_text(p, k, true);
    if (!text) {
        const struct token *t = item_token(p, k);
        if (t->kind != T_NUMBER) {
            parse_fail(p, k);
            return;
        }
        c->values[0] = (struct value){.is_number = true, .number = t->number};
    }
    c->negated = match_negation(p, i);
    use(p, i);
    use(p, k);
    if (op == OP_CONTAINS && column != p->t->name_column)
        c->values[0].text = running_text(p, k);
}

void parse_matches(struct parse *p)
{
    static const struct {
        enum func f;
        enum cond_op op;
    } ops[] = {
        {F_NAMED, OP_EQ}, {F_CONTAINS, OP_CONTAINS}, {F_PREFIX, OP_PREFIX}, {F_SUFFIX, OP_SUFFIX}};
    for (int i = 0; i < p->n && !p->failed; i++) {
        for (size_t k = 0; k < sizeof ops / sizeof *ops; k++) {
            if (p->items[i].used || p->items[i].func != ops[k].f)
                continue;
            int next = skip_noise(p, i + 1);
            bool something =
                next < p->n && (is_name(p, next) || p->items[next].kind == I_PAIR ||
                                p->items[next].kind == I_NUMBER ||
                                (p->items[next].func == F_NONE && !p->items[next].used));
            if (next >= p->n && ops[k].f == F_NAMED)
                continue; /* "what is this machine called?" */
            if (something)
                match(p, i, ops[k].op);
        }
    }
}
