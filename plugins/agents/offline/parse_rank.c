/* Ranking: "top 5", "the most memory", "oldest first". */
#include "parse.h"

#include <string.h>

static bool small_number(struct parse *p, int i, int *ret)
{
    struct item *it = item_at(p, i);
    const struct token *t = item_token(p, i);
    double d = 0;
    if (it->used || it->kind != I_NUMBER)
        return false;
    if (t->kind == T_NUMBER)
        d = t->number;
    else if (!word_number(t->text, &d))
        return false;
    if (d < 1 || d > 100000 || d != (double)(int)d)
        return false;
    *ret = (int)d;
    return true;
}

/* How many: a number beside the ranking word, or before the noun. */
static int limit_near(struct parse *p, int i)
{
    int n = 0, left = back_noise(p, i - 1), right = i + 1;
    int noun_left = p->noun_at >= 0 ? p->noun_at - 1 : -1;
    int places[] = {left, right, noun_left, back_noise(p, noun_left - 1)};
    for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
        if (places[k] >= 0 && small_number(p, places[k], &n)) {
            use(p, places[k]);
            return n;
        }
    }
    return 0;
}

static void take_limit(struct parse *p, int i)
{
    if (p->q.limit)
        return;
    p->q.limit = limit_near(p, i);
    if (p->q.limit)
        return;
    bool plural = p->plural;
    if (p->noun_at < 0 || p->q.group >= 0)
        plural = false;
    p->q.lone = !plural;
    p->q.limit = plural ? 10 : 1;
    p->q.pages_default = plural;
}

static bool next_is_first(struct parse *p, int i)
{
    if (item_at(p, i + 1)->func != F_FIRST || item_at(p, i + 1)->used)
        return false;
    use(p, i + 1);
    return true;
}

static void order(struct parse *p, int column, bool descending)
{
    p->q.order = column;
    p->q.descending = descending;
}

/* The one column that says whose a row is; -1 where several might. */
static int owner_column(const struct table *t)
{
    int any = -1, n = 0;
    for (int c = 0; c < t->n_columns; c++) {
        if (!t->columns[c].who)
            continue;
        any = c;
        n++;
        sdk_foreach (s, sdk_member(t->columns[c].node, "synonyms"))
            if (sdk_str_is(s->text, "owner") || sdk_str_is(s->text, "owned by"))
                return c;
    }
    return n == 1 ? any : -1;
}

/* The thing that is ranked is no row but a value: "which user has the most processes". */
static int subject_before(struct parse *p, int i)
{
    for (int k = 0; k < i; k++) {
        struct item *it = &p->items[k];
        if (it->func == F_WHO) {
            use(p, k);
            return p->subject_column >= 0 ? p->subject_column : owner_column(p->t);
        }
        const struct entry *e = it->used ? NULL : column_like(it, p->t, false);
        if (e && (p->t->columns[e->column].type == C_TEXT || e->column == p->q.group) &&
            !reading(it, M_NOUN)) {
            use(p, k);
            return e->column;
        }
    }
    return -1;
}

static void rank_groups(struct parse *p, int column, enum aggregate agg, int agg_column, bool most)
{
    p->q.group = column;
    p->q.want = WANT_GROUP;
    p->q.agg = agg;
    p->q.agg_column = agg_column;
    p->q.by_agg = true;
    p->q.descending = most;
}

/* "the most members": the list has a count beside it, "number of members". */
static bool most_counted(struct parse *p, int i, int k, bool high)
{
    char key[KEY_MAX] = "numberof";
    int n = 0;
    for (int t = 0; t < p->items[k].n; t++)
        if (!token_key(&p->w->tok[p->items[k].at + t], true, key))
            return false;
    const struct entry *e = lexicon_find(p->t, key, &n);
    for (int r = 0; r < n; r++) {
        if (e[r].meaning != M_COLUMN || !is_number(&p->t->columns[e[r].column]))
            continue;
        use_span(p, i, k);
        order(p, e[r].column, high);
        take_limit(p, i);
        return true;
    }
    return false;
}

/* "has been running the longest", "which program logged the most" */
static bool most_behind(struct parse *p, int i, bool high)
{
    int before = back_noise(p, i - 1);
    const struct item *it = before >= 0 ? &p->items[before] : NULL;
    if (!it || it->used)
        return false;
    const struct entry *number = column_like(it, p->t, true), *any = reading(it, M_COLUMN);
    bool time = any && p->t->columns[any->column].type == C_TIME;
    if (number && it->func == F_NONE) {
        use_span(p, before, i);
        int subject = p->noun_at < 0 ? subject_before(p, before) : -1;
        if (subject >= 0 && subject != p->t->name_column && !p->t->columns[subject].key)
            rank_groups(p, subject, AGG_SUM, number->column, high);
        else
            order(p, number->column, high);
        take_limit(p, i);
        return true;
    }
    int subject = p->noun_at < 0 && time ? subject_before(p, before) : -1;
    if (subject >= 0) {
        use_span(p, before, i);
        rank_groups(p, subject, AGG_COUNT, -1, high);
        take_limit(p, i);
        return true;
    }
    if (!time || p->items[i].func == F_MOST || p->items[i].func == F_LEAST)
        return false;
    use_span(p, before, i); /* the longest since it started: the earliest start */
    order(p, any->column, !high);
    take_limit(p, i);
    return true;
}

/* "the most memory", "the highest load", "the fewest processes", "the most common state" */
static void most(struct parse *p, int i, bool high)
{
    int k = skip_noise(p, i + 1);
    while (k < p->n && !p->items[k].used &&
           (p->items[k].func == F_OF || p->items[k].func == F_MUCH || p->items[k].func == F_USE) &&
           !column_like(&p->items[k], p->t, true))
        k++;
    struct item *it = item_at(p, k);
    if (it->func == F_COMMON || (it->func == F_MANY)) {
        int c = skip_noise(p, k + 1);
        const struct entry *e = column_like(item_at(p, c), p->t, false);
        if (it->func == F_COMMON && e) {
            rank_groups(p, e->column, AGG_COUNT, -1, high);
            use_span(p, i, c);
            take_limit(p, i);
            return;
        }
        k = c;
        it = item_at(p, k);
    }
    const struct entry *number = it->used ? NULL : column_like(it, p->t, true);
    const struct entry *time = it->used ? NULL : reading(it, M_COLUMN);
    if (number) {
        use_span(p, i, k);
        int subject = p->noun_at < 0 || p->noun_at > k ? subject_before(p, i) : -1;
        if (subject >= 0 && subject != p->t->name_column && !p->t->columns[subject].key)
            rank_groups(p, subject, AGG_SUM, number->column, high);
        else
            order(p, number->column, high);
        take_limit(p, i);
        return;
    }
    if (time && p->t->columns[time->column].type == C_TIME) {
        use_span(p, i, k);
        order(p, time->column, high);
        take_limit(p, i);
        return;
    }
    if (time && most_counted(p, i, k, high))
        return;
    bool stuff = k < p->n && it->func == F_STUFF && !it->used;
    if ((k >= p->n || stuff) && most_behind(p, i, high))
        return;
    if (k < p->n && (reading(it, M_NOUN) || (reading(it, M_PHRASE) && p->noun_at < 0))) {
        int before = back_noise(p, i - 1);
        const struct entry *verb = before > 0 ? reading(&p->items[before], M_COLUMN) : NULL;
        if (verb && p->t->columns[verb->column].type == C_TIME)
            use(p, before); /* logged the most errors */
        int subject = subject_before(p, i);
        if (subject < 0) { /* "the user with the most processes": behind nothing */
            parse_fail(p, i);
            return;
        }
        use_span(p, i, reading(it, M_NOUN) ? k : i);
        rank_groups(p, subject, AGG_COUNT, -1, high);
        p->plural = false;
        take_limit(p, i);
        return;
    }
    parse_fail(p, i);
}

static void adjective(struct parse *p, int i, const struct entry *e)
{
    struct item *it = &p->items[i];
    enum func f = it->func;
    int k = skip_noise(p, i + 1);
    const struct entry *number =
        item_at(p, k)->used ? NULL : column_like(item_at(p, k), p->t, true);
    if (f == F_HIGH || f == F_LOW) {
        if (number && !reading(item_at(p, k), M_NOUN)) {
            most(p, i, f == F_HIGH);
            return;
        }
    }
    if ((f == F_FIRST || f == F_LAST) && p->noun_at < 0 && !p->followup)
        return;
    if (p->q.group >= 0) { /* the best of each group: more than one query can say */
        parse_fail(p, i);
        return;
    }
    for (int earlier = 0; earlier < i; earlier++) {
        if (p->items[earlier].used && reading(&p->items[earlier], M_ADJECTIVE) && p->q.order >= 0 &&
            p->items[earlier].func == F_NONE && earlier != p->noun_at) {
            parse_fail(p, i); /* from the fullest to the emptiest */
            return;
        }
    }
    use(p, i);
    it->func = F_NONE;
    if (p->q.order >= 0 && is_number(&p->t->columns[p->q.order])) {
        p->q.descending = e->descending; /* the biggest by used space */
        take_limit(p, i);
        return;
    }
    order(p, e->column, e->descending);
    if (next_is_first(p, i) || f == F_SORT) {
        if (p->q.limit == 0)
            p->q.limit = 0;
        return;
    }
    take_limit(p, i);
}

static void sort(struct parse *p, int i)
{
    int k = i + 1;
    while (k < p->n &&
           (p->items[k].func == F_NOISE || p->items[k].func == F_BY || p->items[k].func == F_PRON ||
            p->items[k].func == F_SORT || p->items[k].func == F_ONES)) {
        use(p, k);
        k++;
    }
    if (p->q.order >= 0) { /* by() has read it */
        use(p, i);
        return;
    }
    struct item *it = item_at(p, k);
    const struct entry *e = it->used ? NULL : column_like(it, p->t, true);
    if (!e)
        e = it->used ? NULL : reading(it, M_COLUMN);
    if (!e) {
        const struct entry *adj = reading(it, M_ADJECTIVE);
        if (adj) {
            use(p, i);
            return; /* "sort them oldest first" */
        }
        parse_fail(p, i);
        return;
    }
    use_span(p, i, k);
    order(p, e->column, is_number(&p->t->columns[e->column]));
    for (int d = k + 1; d < p->n && d <= k + 2; d++) {
        if (p->items[d].func != F_ASC && p->items[d].func != F_DESC)
            continue;
        p->q.descending = p->items[d].func == F_DESC;
        use(p, d);
    }
}

/* "top 5 … by memory" (by() has seen it), "top 5 memory consumers" */
static void top(struct parse *p, int i, bool high)
{
    int n = 0, k = i + 1;
    if (small_number(p, k, &n))
        use(p, k++);
    use(p, i);
    p->q.limit = n ? n : p->plural || p->noun_at < 0 ? 10 : 1;
    p->q.pages_default = n == 0;
    if (p->q.order >= 0) {
        p->q.descending = high;
        return;
    }
    if (p->q.group >= 0)
        return;
    for (; k < p->n; k++) {
        const struct entry *e = p->items[k].used ? NULL : column_like(&p->items[k], p->t, true);
        if (!e)
            continue;
        use(p, k);
        order(p, e->column, high);
        for (int c = k + 1; c < p->n && c <= k + 1; c++) { /* consumers, users, hogs */
            const char *word = item_token(p, c)->text;
            if (strcmp(word, "consumers") == 0 || strcmp(word, "hogs") == 0 ||
                strcmp(word, "eaters") == 0 || strcmp(word, "consumer") == 0)
                use(p, c);
        }
        for (int c = i + 1; c < k; c++)
            if (p->items[c].func == F_BY || p->items[c].func == F_IN)
                use(p, c);
        return;
    }
    parse_fail(p, i);
}

static void ends(struct parse *p, int i, bool last)
{
    int n = 0;
    if (p->t->time_column < 0 || p->noun_at < 0)
        return;
    if (small_number(p, i + 1, &n))
        use(p, i + 1);
    else if (small_number(p, i - 1, &n))
        use(p, i - 1);
    int column = p->t->time_column;
    const struct entry *time = i > 0 ? reading(&p->items[i - 1], M_COLUMN) : NULL;
    if (time && !p->items[i - 1].used && p->t->columns[time->column].type == C_TIME) {
        column = time->column; /* started last */
        use(p, i - 1);
    }
    use(p, i);
    order(p, column, last);
    p->q.limit = n ? n : p->plural ? 10 : 1;
}

/* "which domain expires next" */
static void soonest(struct parse *p, int i)
{
    struct cond *c = query_cond(&p->q, p->t->time_column, OP_GE, TIE_NONE);
    if (!c) {
        parse_fail(p, i);
        return;
    }
    c->time = true;
    c->n_values = 1;
    c->values[0] = (struct value){.is_number = true, .number = (double)p->now_us};
    for (int k = 0; k < p->n; k++) {
        const struct entry *e = reading(&p->items[k], M_COLUMN);
        if (e && e->column == p->t->time_column && p->items[k].func == F_NONE)
            use(p, k);
    }
    use(p, i);
    order(p, p->t->time_column, false);
    take_limit(p, i);
}

void parse_ranks(struct parse *p)
{
    for (int i = 0; i < p->n && !p->failed; i++) {
        struct item *it = &p->items[i];
        if (it->used)
            continue;
        const struct entry *adj = reading(it, M_ADJECTIVE);
        if (adj && (it->func == F_NONE || it->exact) && it->func != F_TOP)
            adjective(p, i, adj);
        else if (it->func == F_MOST || it->func == F_HIGH)
            most(p, i, true);
        else if (it->func == F_LEAST || it->func == F_LOW)
            most(p, i, false);
        else if (it->func == F_TOP || it->func == F_BOTTOM)
            top(p, i, it->func == F_TOP);
        else if (it->func == F_SORT)
            sort(p, i);
        else if (it->func == F_NEXT && table_looks_ahead(p->t))
            soonest(p, i);
        else if (it->func == F_FIRST || it->func == F_LAST)
            ends(p, i, it->func == F_LAST);
        else if (it->func == F_ASC || it->func == F_DESC) {
            if (p->q.order >= 0) {
                p->q.descending = it->func == F_DESC;
                use(p, i);
            }
        }
    }
    if (p->q.has_having && p->q.group < 0) { /* "which users have more than 5 processes" */
        int subject = subject_before(p, p->n);
        if (subject < 0)
            p->failed = true;
        else
            rank_groups(p, subject, AGG_COUNT, -1, true);
    }
    int n = 0; /* "which 3 processes use the most memory" */
    if (p->q.limit == 0 && p->q.order < 0 && p->noun_at > 0 && p->head == HEAD_LIST &&
        small_number(p, p->noun_at - 1, &n)) {
        use(p, p->noun_at - 1);
        p->q.limit = n;
    }
}
