/* Which columns are asked for. */
#include "parse.h"

#include <stdio.h>
#include <string.h>

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
    if (i == 1 && p->items[0].kind == I_NAME && p->items[0].used)
        return true; /* eth0 state */
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
        if (i > 0 && strcmp(item_token(p, i)->text, "name") == 0 &&
            strcmp(item_token(p, i - 1)->text, "my") == 0) {
            parse_fail(p, i); /* a person's, of whom nothing is known */
            return;
        }
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
    who = who < 0 ? p->subject_column : who;
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
    if (p->q.n_conds == 0 && p->q.group < 0) { /* who does what? */
        p->failed = true;
        return;
    }
    if (who < 0 || p->q.group >= 0)
        p->failed = p->failed || who < 0;
    else
        query_select(&p->q, who);
}

/* "is any swap used?": more than nothing */
static void yesno_number(struct parse *p)
{
    if (p->q.n_conds || !p->t->one_row)
        return;
    int column = together(p);
    const struct item *noun = p->noun_at >= 0 ? &p->items[p->noun_at] : NULL;
    const struct entry *whole = noun ? column_like(noun, p->t, true) : NULL;
    if (column < 0 && whole && p->q.exists && p->noun_at == p->n - 1) {
        column = whole->column; /* "is there swap" */
    } else if (column < 0) {
        int k = first_column(p, true);
        const struct entry *e = unused_column(p, k, true);
        column = e ? e->column : -1;
        use(p, k);
    }
    bool percent = column >= 0 && p->t->columns[column].unit &&
                   strcmp(p->t->columns[column].unit, "percent") == 0;
    if (column < 0 || percent)
        return;
    struct cond *c = query_cond(&p->q, column, OP_GT, TIE_NONE);
    if (!c)
        return;
    c->n_values = 1;
    c->values[0] = (struct value){.is_number = true};
    query_select(&p->q, column);
    for (int i = 0; i < p->n; i++)
        if (p->items[i].func == F_USE || p->items[i].func == F_ANY)
            use(p, i);
}

/* "what is listening on port 22": the port is no news. */
static void drop_fixed(struct query *q)
{
    for (int i = 0; i < q->n_select;) {
        bool fixed = false;
        for (int k = 0; k < q->n_conds; k++)
            fixed = fixed || (q->conds[k].column == q->select[i] && q->conds[k].op == OP_EQ &&
                              q->conds[k].n_values == 1 && !q->conds[k].negated);
        if (fixed)
            q->select[i] = q->select[--q->n_select];
        else
            i++;
    }
}

static int verb_after(const struct parse *p, int i)
{
    for (int k = i + 1; k < p->n; k++) {
        enum func f = p->items[k].func;
        if ((f == F_BE || f == F_HAVE || f == F_USE || f == F_DO) && k > p->noun_at)
            return k;
    }
    return -1;
}

/* What stands before the verb says of what the share is taken. */
static void share(struct parse *p)
{
    struct query *q = &p->q;
    int verb = verb_after(p, 0), column = -1;
    for (int i = 0; i < p->n && column < 0; i++) { /* "of the memory is used": used_percent */
        const struct entry *e = unused_column(p, i, true);
        if (!e)
            continue;
        char name[WORD_MAX * 2];
        (void)snprintf(name, sizeof name, "%s_percent", p->t->columns[e->column].name);
        const char *unit = p->t->columns[e->column].unit;
        column = unit && strcmp(unit, "percent") == 0 ? e->column : column_find(p->t, name);
        if (column >= 0)
            use(p, i);
    }
    if (column >= 0) {
        q->want = WANT_LIST;
        query_select(q, column);
        return;
    }
    struct query old = *q;
    int n = 0;
    for (int part = 0; part < 2; part++) {
        for (int i = 0; i < old.n_conds; i++) {
            bool behind = verb < 0 || p->cond_at[i] > verb;
            if (behind != (part == 1))
                continue;
            q->conds[n] = old.conds[i];
            q->ties[n++] = old.ties[i];
        }
        if (part == 0)
            q->n_whole = n;
    }
    p->failed = p->failed || q->n_whole == q->n_conds;
}

void parse_selection(struct parse *p)
{
    if (p->q.want == WANT_SHARE)
        share(p);
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
    for (int i = p->n - 1; i >= 0 && i == p->n - 1; i--) { /* "what is process 1 called?" */
        if (p->items[i].func == F_NAMED && !p->items[i].used && p->t->name_column >= 0 &&
            p->which) {
            query_select(&p->q, p->t->name_column);
            use(p, i);
        }
    }
    if (p->q.want == WANT_LIST)
        select_named(p);
    drop_fixed(&p->q);
    /* which user …: the column before the verb is what is asked for */
    if (p->q.want == WANT_GROUP && p->q.has_having && p->q.group < 0)
        p->failed = true;
}
