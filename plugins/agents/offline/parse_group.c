/* Grouping: "per user", "in each region", "by state". */
#include "parse.h"

static bool groups_by(const struct column *c)
{
    return c->type == C_TEXT || c->type == C_BOOL || c->type == C_INT;
}

const struct entry *column_like(const struct item *it, const struct table *t, bool number)
{
    for (int i = 0; i < it->n_readings; i++) {
        const struct entry *e = it->readings[i];
        if (e->meaning != M_COLUMN)
            continue;
        const struct column *c = &t->columns[e->column];
        if (number ? is_number(c) : groups_by(c))
            return e;
    }
    return NULL;
}

static void group(struct parse *p, int column)
{
    if (p->q.group < 0)
        p->q.group = column;
    else if (p->q.group2 < 0 && p->q.group != column)
        p->q.group2 = column;
    if (p->q.want != WANT_SHARE)
        p->q.want = WANT_GROUP;
}

static void per(struct parse *p, int i)
{
    int k = skip_noise(p, i + 1);
    struct item *it = item_at(p, k);
    const struct entry *e = it->used && !reading(it, M_NOUN) ? NULL : column_like(it, p->t, false);
    bool noun = reading(it, M_NOUN) != NULL;
    if (e && (!noun || p->noun_at != k)) {
        group(p, e->column);
        use_span(p, i, k);
        int and = k + 1, next = skip_noise(p, and+1);
        const struct entry *second = item_at(p, and)->func == F_AND && !item_at(p, next)->used
                                         ? column_like(item_at(p, next), p->t, false)
                                         : NULL;
        if (second) {
            group(p, second->column);
            use_span(p, and, next);
        }
    } else if (noun) {
        use_span(p, i, k); /* of each process: that is what a list does anyway */
        p->how = true;
        if (p->q.want == WANT_COUNT)
            p->q.want = WANT_LIST;
    } else {
        parse_fail(p, i);
    }
}

/* "by user" groups when counting or adding up; "by memory" ranks; "owned by" is an entry. */
static void by(struct parse *p, int i)
{
    int k = skip_noise(p, i + 1);
    struct item *it = item_at(p, k);
    if (it->used)
        return;
    const struct entry *number = column_like(it, p->t, true), *any = reading(it, M_COLUMN);
    bool ranked = false;
    for (int j = 0; j < i; j++)
        ranked = ranked || p->items[j].func == F_TOP || p->items[j].func == F_BOTTOM;
    if (!any || (any && is_name(p, k + 1) && k == i + 1 && !number))
        return;
    bool sorts = number && p->t->columns[number->column].type != C_TEXT &&
                 (ranked || (p->q.want == WANT_LIST && p->head == HEAD_LIST));
    if (sorts || p->t->columns[any->column].type == C_TIME) {
        p->q.order = sorts ? number->column : any->column;
        p->q.descending = sorts;
        use_span(p, i, k);
    } else if (column_like(it, p->t, false)) {
        group(p, column_like(it, p->t, false)->column);
        use_span(p, i, k);
    }
}

void parse_groups(struct parse *p)
{
    for (int i = 0; i < p->n && !p->failed; i++) {
        if (p->items[i].used)
            continue;
        if (p->items[i].func == F_PER || p->items[i].func == F_EACH)
            per(p, i);
        else if (p->items[i].func == F_BY)
            by(p, i);
    }
}
