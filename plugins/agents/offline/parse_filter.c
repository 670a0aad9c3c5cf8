/* Conditions on values: phrases, value words, their negations and alternatives. */
#include "filter.h"

#include <stdio.h>
#include <string.h>

static struct cond *add(struct filter *f, const struct cond *model, int from, int to)
{
    struct parse *p = f->p;
    struct cond *c = query_cond(&p->q, model->column, model->op, TIE_NONE);
    if (!c) {
        parse_fail(p, from);
        return NULL;
    }
    *c = *model;
    p->cond_at[p->q.n_conds - 1] = from;
    if (f->neg != NEG_NONE) {
        c->negated = !c->negated;
        c->turned = !c->turned;
        use(p, f->neg_at);
    }
    f->neg = NEG_NONE;
    f->last = c;
    f->last_item = to;
    use_span(p, from, to);
    return c;
}

/* "or", "and" or a comma between the last condition and item i; its item, or -1. */
int filter_joined(const struct filter *f, int i)
{
    if (!f->last)
        return -1;
    int k = back_noise(f->p, i - 1);
    while (k > f->last_item && (f->p->items[k].func == F_BE || f->p->items[k].func == F_IN ||
                                f->p->items[k].func == F_BY || f->p->items[k].func == F_OF))
        k--;
    const struct item *it = k >= 0 ? &f->p->items[k] : NULL;
    if (!it || k <= f->last_item || (it->func != F_OR && it->func != F_AND))
        return -1;
    int before = back_noise(f->p, k - 1);
    if (before >= 0 && before > f->last_item && f->p->items[before].func == F_AND)
        before--; /* ", or" */
    return before <= f->last_item ? k : -1;
}

static bool same_shape(const struct cond *a, const struct cond *b)
{
    return a->column == b->column && a->op == OP_EQ && b->op == OP_EQ && !a->time;
}

/* One more value for the last condition: "in eu-north or us-east". */
static bool widen(struct filter *f, const struct cond *model, int from, int to)
{
    int k = filter_joined(f, from);
    if (k < 0)
        return false;
    if (!same_shape(f->last, model) || f->last->n_values + model->n_values > MAX_VALUES ||
        (f->neg != NEG_NONE && !f->last->negated)) {
        if (f->p->items[k].func == F_OR)
            parse_fail(f->p, k); /* alternatives of two kinds */
        return false;
    }
    for (int i = 0; i < model->n_values; i++)
        f->last->values[f->last->n_values++] = model->values[i];
    f->last->whole = false;
    f->last_item = to;
    if (f->neg != NEG_NONE)
        use(f->p, f->neg_at);
    f->neg = NEG_NONE;
    use(f->p, k);
    use_span(f->p, from, to);
    return true;
}

/* "state down", "the shop team": the column's own word beside its value belongs to it. */
static void absorb(struct filter *f, int from, int to, int column)
{
    struct parse *p = f->p;
    int k = skip_noise(p, to + 1);
    const struct entry *e = NULL;
    for (int side = 0; side < 2; side++) {
        struct item *it = item_at(p, k);
        for (int i = 0; i < it->n_readings && !it->used; i++) {
            e = it->readings[i];
            if (e->meaning != M_COLUMN || e->column != column)
                continue;
            use(p, k);
            if (side == 0)
                f->last_item = k;
            break;
        }
        k = back_noise(p, from - 1);
        while (k >= 0 &&
               (p->items[k].func == F_BE || p->items[k].func == F_IN || p->items[k].func == F_EQ ||
                p->items[k].func == F_NOT || p->items[k].func == F_OF))
            k--;
    }
}

void filter_put(struct filter *f, const struct cond *model, int from, int to)
{
    int column = model->column;
    if (!widen(f, model, from, to) && !f->p->failed)
        (void)add(f, model, from, to);
    if (!f->p->failed)
        absorb(f, from, to, column);
}

static struct cond name_cond(struct parse *p, int column, int i)
{
    struct cond c = {.column = column, .op = OP_EQ, .n_values = 1};
    const struct token *t = item_token(p, i);
    c.values[0].text = t->raw;
    if (column >= 0 && p->t->columns[column].type == C_JSON)
        c.op = OP_HAS;
    if (column >= 0 && is_number(&p->t->columns[column]) && t->kind == T_NUMBER)
        c.values[0] = (struct value){.is_number = true, .number = t->number};
    return c;
}

void filter_name(struct filter *f, int column, enum tie tie, int from, int i)
{
    struct cond model = name_cond(f->p, column, i);
    int before = f->p->q.n_conds;
    if (widen(f, &model, i, i) || f->p->failed)
        return;
    if (add(f, &model, from, i))
        f->p->q.ties[before] = tie;
}

static bool value_word(const struct parse *p, int i)
{
    const struct item *it = &p->items[i];
    return !it->used && !item_token(p, i)->too_long && (it->kind == I_NAME || it->kind == I_NUMBER);
}

/* Is the word at i fit to be the value of that column? */
static bool can_hold(const struct parse *p, int column, int i)
{
    const struct column *c = &p->t->columns[column];
    const struct token *t = item_token(p, i);
    const struct entry *other = reading(&p->items[i], M_VALUE);
    bool elsewhere = other && !p->items[i].used && other->column != column && c->type == C_TEXT &&
                     !c->closed && p->items[i].n == 1;
    if (elsewhere && p->items[i - 1].n_readings) /* "of type tmpfs", beside its column's word */
        return true;
    if (!value_word(p, i) || c->type == C_TIME || c->type == C_BOOL)
        return false;
    if (is_number(c))
        return t->kind == T_NUMBER;
    return !(t->kind == T_NUMBER && c->type == C_TEXT && c->closed);
}

static bool links(const char *words)
{
    static const char *const last[] = {" by", " as", " to", " of", " from", " on", " in", " at"};
    size_t n = strlen(words);
    for (size_t i = 0; i < sizeof last / sizeof *last; i++) {
        size_t k = strlen(last[i]);
        if (n > k && strcmp(words + n - k, last[i]) == 0)
            return true;
    }
    return false;
}

/* "which type is …": the column is what is asked for, not a condition. */
static bool opening_column(const struct parse *p, int i)
{
    for (int k = 0; k < i; k++)
        if (!p->items[k].used && p->items[k].func == F_NONE)
            return false;
    return true;
}

static bool column_links(const struct parse *p, const struct item *it)
{
    for (int r = 0; r < it->n_readings; r++)
        if (it->readings[r]->meaning == M_COLUMN &&
            p->t->columns[it->readings[r]->column].type != C_JSON && links(it->readings[r]->words))
            return true;
    return false;
}

/* COLUMN [is|=|named|the] VALUE */
static bool column_value(struct filter *f, int i)
{
    struct parse *p = f->p;
    struct item *it = &p->items[i];
    int k;
    for (k = i + 1; k < p->n; k++) {
        enum func g = p->items[k].func;
        bool noun = reading(&p->items[k], M_NOUN) && column_links(p, it);
        if (g != F_NOISE && g != F_BE && g != F_EQ && g != F_NOT && g != F_NAMED && g != F_OF &&
            !noun)
            break;
    }
    int tags = tag_column(p);
    const struct entry *tag = reading(it, M_COLUMN);
    if (tag && tag->column == tags && tags >= 0 && is_name(p, i + 1) &&
        p->items[i + 1].kind == I_NAME) {
        int second = i + 2; /* "tag tier gold", "tag tier is gold" */
        while (second < p->n && (p->items[second].func == F_BE || p->items[second].func == F_EQ))
            second++;
        if (!is_name(p, second))
            return false;
        struct cond c = {.column = tags, .op = OP_HAS, .n_values = 2};
        c.values[0].text = name_text(p, i + 1, true);
        c.values[1].text = name_text(p, second, true);
        filter_put(f, &c, i, second);
        return true;
    }
    for (int r = 0; r < it->n_readings; r++) {
        const struct entry *e = it->readings[r];
        if (e->meaning != M_COLUMN || k >= p->n || !can_hold(p, e->column, k))
            continue;
        /* "which user has uid 0": a value right behind; "memory of x" asks for the memory */
        bool of = false, be = false;
        for (int m = i + 1; m < k; m++) {
            of = of || p->items[m].func == F_OF;
            be = be || p->items[m].func == F_BE;
            if (p->items[m].func == F_NOT) {
                f->neg = NEG_NOT;
                f->neg_at = m;
            }
        }
        /* "owned by the shop team" has its own word; "shell of root" names the row */
        bool heads = p->which && opening_column(p, i);
        if (of || (be && heads) ||
            (be && p->head == HEAD_LIST && p->which && i < k &&
             is_number(&p->t->columns[e->column])))
            return false;
        bool linked = be || i + 1 < k || links(e->words);
        filter_name(f, e->column, linked ? TIE_COLUMN : TIE_BESIDE, i, k);
        if (!p->failed && f->last) {
            f->last->words = e->words;
            f->last->whole = false;
        }
        return true;
    }
    return false;
}

static bool before_is(const struct parse *p, int i, enum func g)
{
    int k = back_noise(p, i - 1);
    return k >= 0 && p->items[k].func == g;
}

/* The column that counts what a list holds: "number of members". */
static int count_beside(const struct parse *p, const struct item *it)
{
    char key[KEY_MAX] = "numberof";
    int n = 0;
    for (int t = 0; t < it->n; t++)
        if (!token_key(&p->w->tok[it->at + t], true, key))
            return -1;
    const struct entry *e = lexicon_find(p->t, key, &n);
    for (int r = 0; r < n; r++)
        if (e[r].meaning == M_COLUMN && is_number(&p->t->columns[e[r].column]))
            return e[r].column;
    return -1;
}

/* "have a login shell", where the manifest knows "with a login shell" */
static const struct entry *phrase_with(const struct parse *p, const struct item *it)
{
    static const char *const openings[] = {"witha", "withan", "havea", "havean", "with", "have"};
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
        char key[KEY_MAX];
        int n = 0;
        (void)snprintf(key, sizeof key, "%s", openings[i]);
        for (int t = 0; t < it->n; t++)
            if (!token_key(&p->w->tok[it->at + t], false, key))
                return NULL;
        const struct entry *e = lexicon_find(p->t, key, &n);
        for (int k = 0; k < n; k++)
            if (e[k].meaning == M_PHRASE)
                return &e[k];
    }
    return NULL;
}

/* encrypted volumes, is it held, has a public address */
static bool column_alone(struct filter *f, int i)
{
    struct parse *p = f->p;
    const struct entry *e = reading(&p->items[i], M_COLUMN);
    if (!e)
        return false;
    const struct column *c = &p->t->columns[e->column];
    int left = back_noise(p, i - 1);
    enum func g = left >= 0 ? p->items[left].func : F_NONE;
    bool article = i > 0 && p->items[i - 1].func == F_NOISE &&
                   (strcmp(item_token(p, i - 1)->text, "a") == 0 ||
                    strcmp(item_token(p, i - 1)->text, "an") == 0);
    bool has = (g == F_WITH || g == F_HAVE) && (article || p->head == HEAD_COUNT);
    has = has || (before_is(p, i, F_ANY) && left > 0 && (p->items[left - 1].func == F_WITH));
    if (g == F_NO || g == F_WITHOUT) {
        f->neg = NEG_WITHOUT;
        f->neg_at = left;
    }
    struct cond model = {.column = e->column};
    if (c->type == C_BOOL && !(p->which && p->noun_at < 0)) {
        model.op = OP_EQ;
        model.n_values = 1;
        model.values[0] = (struct value){.is_bool = true, .number = 1};
        filter_put(f, &model, i, i);
        return true;
    }
    if (f->neg == NEG_WITHOUT || has) {
        const struct entry *phrase = has ? phrase_with(p, &p->items[i]) : NULL;
        if (phrase) {
            filter_put(f, phrase->cond, i, i);
            return true;
        }
        if (c->closed && c->type == C_TEXT && f->neg != NEG_WITHOUT)
            return false; /* one of its values may well mean "none" */
        if (is_number(c) && f->neg != NEG_WITHOUT)
            return false;
        if (f->neg == NEG_WITHOUT && c->closed && c->type == C_TEXT) {
            parse_fail(p, i); /* which of its values means none? */
            return true;
        }
        if (f->neg == NEG_WITHOUT) {
            model.op = OP_NULL;
            model.negated = true; /* turned round by add() */
            if (is_number(c) && c->unit)
                return false;
            if (c->type == C_JSON || is_number(c)) { /* no replies: none, counted */
                model.column = is_number(c) ? e->column : count_beside(p, &p->items[i]);
                model.op = OP_EQ;
                model.n_values = 1;
                model.values[0] = (struct value){.is_number = true};
            }
            if (model.column < 0)
                return false;
        } else {
            model.op = OP_NULL;
            model.negated = true;
        }
        filter_put(f, &model, i, i);
        return true;
    }
    return false;
}

static bool done_by(struct parse *p, int i)
{
    bool does = false;
    for (int k = 0; k < i; k++)
        does = does || strcmp(item_token(p, k)->text, "did") == 0 ||
               strcmp(item_token(p, k)->text, "does") == 0;
    return does && who_by_verb(p, i) >= 0;
}

/* "can maria log in", where the manifest knows "can log in" */
static const struct entry *phrase_can(const struct parse *p, int i)
{
    char key[KEY_MAX] = "can";
    int n = 0;
    if (strcmp(item_token(p, 0)->text, "can") != 0)
        return NULL;
    for (int k = 0; k < p->items[i].n; k++)
        if (!token_key(&p->w->tok[p->items[i].at + k], false, key))
            return NULL;
    const struct entry *e = lexicon_find(p->t, key, &n);
    for (int r = 0; r < n; r++)
        if (e[r].meaning == M_PHRASE)
            return &e[r];
    return NULL;
}

/* "how much free memory": memory is a matter of its own, and no kind of disk, unless it stands
 * beside what it would say more about. */
static bool other_subject(const struct parse *p, int i, const struct entry *e)
{
    char key[KEY_MAX] = "";
    const struct item *it = &p->items[i];
    for (int t = 0; t < it->n; t++)
        if (!token_key(&p->w->tok[it->at + t], true, key))
            return false;
    if (!lexicon_noun_elsewhere(p->lexicon, p->t, key))
        return false;
    int left = back_noise(p, i - 1), right = skip_noise(p, i + 1);
    enum func g = left >= 0 ? p->items[left].func : F_NONE;
    if (p->noun_at >= 0 && (right == p->noun_at || g == F_BE || g == F_NOT || g == F_IN ||
                            g == F_EXCEPT || g == F_ONLY || g == F_OR))
        return false;
    const struct item *sides[2] = {left >= 0 ? &p->items[left] : NULL,
                                   right < p->n ? &p->items[right] : NULL};
    for (int s = 0; s < 2; s++)
        for (int r = 0; sides[s] && r < sides[s]->n_readings; r++)
            if (sides[s]->readings[r]->meaning == M_COLUMN &&
                sides[s]->readings[r]->column == e->column)
                return false;
    return !p->followup;
}

static bool negates(enum func g)
{
    return g == F_NOT || g == F_EXCEPT || g == F_WITHOUT || g == F_NO;
}

static void one(struct filter *f, int i)
{
    struct parse *p = f->p;
    struct item *it = &p->items[i];
    const struct entry *can = i > 1 ? phrase_can(p, i) : NULL;
    if (can) {
        filter_put(f, can->cond, i, i);
        return;
    }
    if (it->used)
        return;
    bool but =
        it->func == F_AND && strcmp(item_token(p, i)->text, "but") == 0 && p->noun_at == i - 1;
    if (but) { /* all users but root */
        f->neg = NEG_NOT;
        f->neg_at = i;
        return;
    }
    if (negates(it->func) && !reading(it, M_PHRASE)) {
        f->neg = it->func == F_NO || it->func == F_WITHOUT ? NEG_WITHOUT : NEG_NOT;
        f->neg_at = i;
        return;
    }
    if (it->func != F_NONE && it->func != F_HAVE && it->func != F_DO && !it->exact)
        return;
    int next = skip_noise(p, i + 1);
    if (it->func == F_RUN && p->noun_at >= 0 && p->noun_at < i && next < p->n &&
        !p->items[next].used &&
        (reading(&p->items[next], M_VALUE) || p->items[next].kind == I_NAME)) {
        use(p, i); /* "servers running windows" */
        return;
    }
    const struct entry *e = reading(it, M_PHRASE);
    if (e && it->func == F_RUN && !it->exact) { /* services that run, where some do not */
        filter_put(f, e->cond, i, i);
        return;
    }
    if (!e)
        e = reading(it, M_VALUE);
    bool asks_have = p->head == HEAD_YESNO && p->noun_at < 0 && i > 0 &&
                     p->items[i - 1].func == F_NOISE; /* "do I have curl" */
    if (e && it->func == F_HAVE && !asks_have)
        return;
    if (e && (it->func == F_NONE || it->exact)) {
        if ((e->meaning == M_VALUE && i == p->n - 1 && done_by(p, i)) || other_subject(p, i, e))
            parse_fail(p, i); /* "how many did maria open" is no state */
        else
            filter_put(f, e->cond, i, i);
        return;
    }
    if (it->func != F_NONE)
        return;
    if (it->kind == I_PAIR) {
        (void)filter_pair(f, i);
        return;
    }
    if (reading(it, M_COLUMN) && (column_value(f, i) || column_alone(f, i)))
        return;
    if (value_word(p, i))
        (void)filter_name_alone(f, i);
}

void parse_filters(struct parse *p)
{
    struct filter f = {.p = p, .neg_at = -1};
    for (int i = 0; i < p->n && !p->failed; i++)
        one(&f, i);
}
