/* Amounts, and which columns are asked for. */
#include "parse.h"

#include <string.h>

static const struct entry *unused_column(const struct parse *p, int i, bool number)
{
    const struct item *it = i >= 0 && i < p->n ? &p->items[i] : NULL;
    if (!it || it->used || (it->func != F_NONE && !it->exact && it->func != F_USE))
        return NULL;
    for (int k = 0; k < it->n_readings; k++)
        if (it->readings[k]->meaning == M_COLUMN &&
            (!number || is_number(&p->t->columns[it->readings[k]->column])))
            return it->readings[k];
    return NULL;
}

static int find_column(const struct parse *p, bool number)
{
    for (int i = 0; i < p->n; i++)
        if (p->items[i].func == F_NONE && unused_column(p, i, number))
            return i;
    for (int i = 0; i < p->n; i++)
        if (unused_column(p, i, number))
            return i;
    return -1;
}

static void aggregate(struct parse *p, enum aggregate agg, int column)
{
    p->q.agg = agg;
    p->q.agg_column = column;
    if (p->q.want != WANT_GROUP && p->q.want != WANT_SHARE)
        p->q.want = WANT_NUMBER;
}

/* total, average, maximum, minimum */
static void said_aggregate(struct parse *p, int i, enum aggregate agg)
{
    int column = -1;
    if (p->q.agg != AGG_NONE || p->q.order >= 0)
        return;
    if (p->q.n_select && is_number(&p->t->columns[p->q.select[0]])) {
        column = p->q.select[0]; /* how big are they together */
        p->q.n_select = 0;
    } else {
        int k = find_column(p, true);
        if (k < 0) {
            if (agg != AGG_SUM)
                parse_fail(p, i);
            return;
        }
        column = unused_column(p, k, true)->column;
        use(p, k);
    }
    use(p, i);
    if (p->t->one_row)
        query_select(&p->q, column);
    else
        aggregate(p, agg, column);
}

static bool only_named(const struct parse *p)
{
    for (int i = 0; i < p->q.n_conds; i++) {
        const struct cond *c = &p->q.conds[i];
        bool key = c->column >= 0 && p->t->columns[c->column].key && c->op == OP_EQ;
        if (key && c->n_values == 1 && !c->negated)
            return true;
    }
    return false;
}

/* how much memory …, what do … cost, how many threads has … */
static void amount(struct parse *p)
{
    int column = -1;
    if (p->q.agg != AGG_NONE || p->q.order >= 0)
        return;
    if (p->q.n_select) {
        column = p->q.select[0];
    } else {
        int k = find_column(p, true);
        if (k < 0)
            k = find_column(p, false);
        if (k < 0) {
            p->failed = true;
            return;
        }
        const struct entry *e = unused_column(p, k, true);
        if (!e)
            e = unused_column(p, k, false);
        column = e->column;
        use(p, k);
        query_select(&p->q, column);
    }
    if (p->t->one_row || !is_number(&p->t->columns[column]) || only_named(p) ||
        (p->t->columns[column].unit && strcmp(p->t->columns[column].unit, "percent") == 0)) {
        if (p->q.want == WANT_COUNT)
            p->q.want = WANT_LIST;
        return;
    }
    p->q.n_select = 0;
    p->q.and_list = p->q.n_conds > 0 && p->q.want != WANT_GROUP;
    aggregate(p, AGG_SUM, column);
}

void parse_amounts(struct parse *p)
{
    static const struct {
        enum func f;
        enum aggregate agg;
    } said[] = {{F_AVG, AGG_AVG}, {F_MAX, AGG_MAX}, {F_MIN, AGG_MIN}, {F_TOTAL, AGG_SUM}};
    /* "how many threads does nginx have": a number that the table holds, not its rows */
    int first = 0;
    while (first < p->n && p->items[first].func != F_MANY)
        first++;
    int k = skip_noise(p, first + 1);
    bool counts_column = p->head == HEAD_COUNT && first < p->n && unused_column(p, k, true) &&
                         !reading(&p->items[k], M_NOUN);
    for (size_t s = 0; s < sizeof said / sizeof *said; s++)
        for (int i = 0; i < p->n && !p->failed; i++)
            if (p->items[i].func == said[s].f && !p->items[i].used &&
                (p->head != HEAD_COUNT || counts_column || said[s].f != F_TOTAL))
                said_aggregate(p, i, said[s].agg);
    if (p->q.agg == AGG_NONE && !p->failed && (p->head == HEAD_AMOUNT || counts_column))
        amount(p);
    if (p->q.want == WANT_GROUP && p->q.agg == AGG_NONE) {
        int number = p->head == HEAD_LIST && p->noun_at < 0 ? find_column(p, true) : -1;
        if (number >= 0) { /* memory per user */
            aggregate(p, AGG_SUM, unused_column(p, number, true)->column);
            use(p, number);
        } else {
            p->q.agg = AGG_COUNT;
        }
    }
}

/* ---- asked columns ---- */

static bool opens(const struct parse *p, int i)
{
    for (int k = 0; k < i; k++) {
        const struct item *it = &p->items[k];
        bool filler = it->func != F_NONE && it->func != F_PRON && it->func != F_WITH;
        if (!filler && !unused_column(p, k, false) && !(it->used && reading(it, M_COLUMN)))
            return false;
    }
    return true;
}

static enum func left_of(const struct parse *p, int i)
{
    int k = back_noise(p, i - 1);
    return k >= 0 ? p->items[k].func : F_NONE;
}

static bool beside_owner(const struct parse *p, int i)
{
    return i > 0 && item_token(p, i - 1)->possessive;
}

/* May the column at item i be one that is asked for?  "which processes are X" is no such place. */
static bool asked(const struct parse *p, int i)
{
    enum func left = left_of(p, i), right = i + 1 < p->n ? p->items[i + 1].func : F_NONE;
    if (p->t->one_row)
        return true;
    if (p->head == HEAD_WHEN || p->head == HEAD_WHERE || p->head == HEAD_HOWLONG)
        return true;
    if (opens(p, i) || beside_owner(p, i))
        return true;
    if (left == F_WITH || left == F_CONTAINS)
        return i > 0 && p->items[i - 1].func == F_NOISE; /* with their … */
    if (left == F_AND && p->q.n_select)
        return true;
    /* "what ports does x listen on", "which shell does root use" */
    (void)right;
    return false;
}

static void select_named(struct parse *p)
{
    for (int i = 0; i < p->n; i++) {
        const struct entry *e = p->items[i].func == F_NONE ? unused_column(p, i, false) : NULL;
        if (!e || !asked(p, i))
            continue;
        query_select(&p->q, e->column);
        use(p, i);
    }
    for (int i = 0; i < p->n && p->q.n_select == 0; i++) {
        const struct entry *e = unused_column(p, i, false);
        if (e && p->t->one_row && p->items[i].func != F_ALL && p->items[i].func != F_IN) {
            query_select(&p->q, e->column);
            use(p, i);
        }
    }
}

static void select_time(struct parse *p)
{
    for (int i = 0; i < p->n; i++) {
        for (int k = 0; k < p->items[i].n_readings && !p->items[i].used; k++) {
            const struct entry *e = p->items[i].readings[k];
            if (e->meaning != M_COLUMN || p->t->columns[e->column].type != C_TIME)
                continue;
            query_select(&p->q, e->column);
            use(p, i);
            return;
        }
    }
    p->failed = p->q.n_select == 0;
}

static void select_where(struct parse *p)
{
    static const char *const words[] = {"location", "place", "path", "directory", "mountedon"};
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
        int n = 0;
        const struct entry *e = lexicon_find(p->t, words[w], &n);
        for (int k = 0; k < n; k++) {
            if (e[k].meaning == M_COLUMN) {
                query_select(&p->q, e[k].column);
                return;
            }
        }
    }
    p->failed = true;
}

/* Seconds or a time: since when says how long, too. */
static void select_duration(struct parse *p)
{
    static const char *const units[] = {"seconds", NULL};
    for (int round = 0; round < 2 && !p->q.n_select; round++) {
        for (int i = 0; i < p->n && !p->q.n_select; i++) {
            for (int k = 0; k < p->items[i].n_readings && !p->items[i].used; k++) {
                const struct entry *e = p->items[i].readings[k];
                if (e->meaning != M_COLUMN)
                    continue;
                const struct column *c = &p->t->columns[e->column];
                bool fits = units[round] ? c->unit && strcmp(c->unit, units[round]) == 0
                                         : c->type == C_TIME;
                if (!fits)
                    continue;
                query_select(&p->q, e->column);
                use(p, i);
                break;
            }
        }
    }
    p->failed = p->failed || p->q.n_select == 0;
}

static void select_who(struct parse *p)
{
    int who = -1;
    for (int i = 0; i < p->n && who < 0; i++) {
        for (int k = 0; k < p->items[i].n_readings && !p->items[i].used; k++) {
            const struct entry *e = p->items[i].readings[k];
            if (e->meaning == M_COLUMN &&
                (p->t->columns[e->column].who || p->t->columns[e->column].type == C_JSON)) {
                who = e->column;
                use(p, i);
                break;
            }
        }
    }
    for (int i = 0; i < p->t->n_columns && who < 0; i++)
        if (p->t->columns[i].who)
            who = i;
    int n = 0;
    const struct entry *person = lexicon_find(p->t, "user", &n);
    bool people = false; /* the rows themselves are the people */
    for (int k = 0; k < n; k++)
        people = people || person[k].meaning == M_NOUN;
    if (people)
        return;
    if (who < 0 || p->q.group >= 0)
        p->failed = p->failed || who < 0;
    else
        query_select(&p->q, who);
}

/* "is any swap used?": more than nothing */
static void yesno_number(struct parse *p)
{
    if (p->q.n_conds)
        return;
    int k = find_column(p, true);
    const struct entry *e = unused_column(p, k, true);
    bool percent =
        e && p->t->columns[e->column].unit && strcmp(p->t->columns[e->column].unit, "percent") == 0;
    if (!e || percent || !p->t->one_row)
        return;
    struct cond *c = query_cond(&p->q, e->column, OP_GT, TIE_NONE);
    if (!c)
        return;
    c->n_values = 1;
    c->values[0] = (struct value){.is_number = true};
    query_select(&p->q, e->column);
    use(p, k);
    for (int i = 0; i < p->n; i++)
        if (p->items[i].func == F_USE || p->items[i].func == F_ANY)
            use(p, i);
}

void parse_selection(struct parse *p)
{
    if (p->head == HEAD_YESNO)
        yesno_number(p);
    if (p->q.want == WANT_LIST && p->head == HEAD_WHEN)
        select_time(p);
    if (p->head == HEAD_WHERE)
        select_where(p);
    if (p->head == HEAD_HOWLONG)
        select_duration(p);
    if (p->head == HEAD_WHO)
        select_who(p);
    if (p->q.want == WANT_LIST)
        select_named(p);
    /* which user …: the column before the verb is what is asked for */
    if (p->q.want == WANT_GROUP && p->q.has_having && p->q.group < 0)
        p->failed = true;
}
