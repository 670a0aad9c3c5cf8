/* Amounts: totals, averages, "how much memory". */
#include "parse.h"

#include <string.h>

const struct entry *unused_column(const struct parse *p, int i, bool number)
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

int first_column(const struct parse *p, bool number)
{
    for (int i = 0; i < p->n; i++)
        if (p->items[i].func == F_NONE && unused_column(p, i, number))
            return i;
    for (int i = 0; i < p->n; i++)
        if (unused_column(p, i, number))
            return i;
    return -1;
}

/* "how much swap is left": what the words mean together ("swap left") comes before what one of
 * them means alone.  -1: they mean nothing together. */
int together(struct parse *p)
{
    int list[4], n = 0;
    for (int i = 0; i < p->n && n < 4; i++) {
        const struct item *it = &p->items[i];
        bool content = reading(it, M_COLUMN) || reading(it, M_NOUN) || reading(it, M_MODIFIER) ||
                       it->kind == I_NAME;
        bool plain = it->func == F_NONE || it->func == F_USE;
        if (content && plain && (!it->used || i == p->noun_at))
            list[n++] = i;
    }
    for (int first = 0; first < n; first++) {
        for (int last = n - 1; last > first; last--) {
            for (int turned = 0; turned < 2; turned++) {
                char key[KEY_MAX] = "";
                bool ok = true;
                for (int k = first; k <= last; k++) {
                    const struct item *it = &p->items[list[turned ? last - (k - first) : k]];
                    for (int t = 0; t < it->n; t++)
                        ok = ok && token_key(&p->w->tok[it->at + t], true, key);
                }
                int found = 0;
                const struct entry *e = ok ? lexicon_find(p->t, key, &found) : NULL;
                for (int r = 0; r < found; r++) {
                    if (e[r].meaning != M_COLUMN || !is_number(&p->t->columns[e[r].column]))
                        continue;
                    for (int k = first; k <= last; k++)
                        use(p, list[k]);
                    return e[r].column;
                }
            }
        }
    }
    return -1;
}

/* "free space … left": said twice */
static void use_again(struct parse *p, int column)
{
    for (int i = 0; i < p->n; i++)
        for (int r = 0; r < p->items[i].n_readings; r++)
            if (p->items[i].readings[r]->meaning == M_COLUMN &&
                p->items[i].readings[r]->column == column &&
                (p->items[i].func == F_NONE || p->items[i].func == F_USE))
                use(p, i);
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
        column = p->head == HEAD_AMOUNT ? together(p) : -1;
        int k = column >= 0 ? -1 : first_column(p, true);
        if (k < 0 && column < 0) {
            if (agg != AGG_SUM)
                parse_fail(p, i);
            return;
        }
        if (k >= 0) {
            column = unused_column(p, k, true)->column;
            use(p, k);
        }
        use_again(p, column);
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

/* Is this an amount, and not a number that names something (a port, an id)? */
bool adds_up(const struct column *c)
{
    const char *unit = c->unit ? c->unit : "";
    size_t n = strlen(unit);
    if (strchr(unit, '/') || (n > 1 && strcmp(unit + n - 2, "Hz") == 0) ||
        strcmp(unit, "celsius") == 0)
        return false; /* speeds */
    if (c->unit || strstr(c->name, "count") || strstr(c->summary, "number of") ||
        strstr(c->summary, "how many"))
        return true;
    sdk_foreach (s, sdk_member(c->node, "synonyms"))
        if (s->text.ptr && (strstr(s->text.ptr, "number of") || strstr(s->text.ptr, "count")))
            return true;
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
        column = p->head == HEAD_AMOUNT || p->head == HEAD_COUNT ? together(p) : -1;
        int k = column >= 0 ? -1 : first_column(p, true);
        const struct entry *whole = p->noun_at >= 0 && p->t->one_row && k < 0 && column < 0
                                        ? column_like(&p->items[p->noun_at], p->t, true)
                                        : NULL;
        if (whole) /* "how much swap is there" */
            column = whole->column;
        if (k < 0 && column < 0)
            k = first_column(p, false);
        if (k < 0 && column < 0) {
            p->failed = true;
            return;
        }
        if (column < 0) {
            const struct entry *e = unused_column(p, k, true);
            if (!e)
                e = unused_column(p, k, false);
            column = e->column;
            use(p, k);
        }
        query_select(&p->q, column);
        use_again(p, column);
    }
    if (p->t->one_row || !is_number(&p->t->columns[column]) || only_named(p) ||
        (p->t->columns[column].unit && strcmp(p->t->columns[column].unit, "percent") == 0)) {
        if (p->q.want == WANT_COUNT)
            p->q.want = WANT_LIST;
        return;
    }
    if (p->how && p->q.want == WANT_LIST && p->singular)
        return; /* how big is it: each has its own size */
    if (!adds_up(&p->t->columns[column])) {
        p->failed = true; /* the sum of ports is no number of ports */
        return;
    }
    p->q.n_select = 0;
    p->q.and_list = p->q.n_conds > 0 && p->q.want != WANT_GROUP;
    aggregate(p, AGG_SUM, column);
}

/* "what do the servers of the shop team cost?" */
static bool ends_with_amount(const struct parse *p)
{
    bool does = false;
    for (int i = 0; i < p->n && i < 3; i++)
        does = does || p->items[i].func == F_DO;
    bool named = p->noun_at >= 0 || p->followup;
    for (int i = 0; i < p->q.n_conds; i++)
        named = named || p->q.ties[i] != TIE_NONE;
    return does && p->n && named && unused_column(p, p->n - 1, true) != NULL;
}

/* "are there", "are running": nothing that narrows down. */
static bool only_small(const struct parse *p, int from)
{
    for (int i = from; i < p->n; i++) {
        enum func f = p->items[i].func;
        if (f != F_BE && f != F_THERE && f != F_RUN && f != F_HAVE && f != F_DO && f != F_NOISE &&
            f != F_TOTAL && !reading(&p->items[i], M_HERE))
            return false;
    }
    return true;
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
    bool named = p->noun_at >= 0 || p->t->one_row || p->followup || p->q.group >= 0;
    for (int i = 0; i < p->q.n_conds; i++)
        named = named || p->q.ties[i] != TIE_NONE;
    if (counts_column && !named && !(k == p->n - 1 || only_small(p, k + 1)))
        p->failed = true;
    else if (counts_column && !named)
        p->failed = !adds_up(&p->t->columns[unused_column(p, k, true)->column]);
    for (size_t s = 0; s < sizeof said / sizeof *said; s++)
        for (int i = 0; i < p->n && !p->failed; i++)
            if (p->items[i].func == said[s].f && !p->items[i].used &&
                (p->head != HEAD_COUNT || counts_column || said[s].f != F_TOTAL))
                said_aggregate(p, i, said[s].agg);
    bool what_do = p->head == HEAD_LIST && p->which && p->q.n_select == 0 && ends_with_amount(p);
    if (p->q.agg == AGG_NONE && !p->failed && (p->head == HEAD_AMOUNT || counts_column || what_do))
        amount(p);
    p->q.and_list = p->q.and_list || (what_do && p->q.want == WANT_NUMBER);
    if (p->q.want == WANT_GROUP && p->q.agg == AGG_NONE) {
        int number = p->head == HEAD_LIST && p->noun_at < 0 ? first_column(p, true) : -1;
        if (number >= 0) { /* memory per user */
            aggregate(p, AGG_SUM, unused_column(p, number, true)->column);
            use(p, number);
        } else {
            p->q.agg = AGG_COUNT;
        }
    }
}
