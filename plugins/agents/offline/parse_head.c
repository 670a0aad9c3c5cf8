/* What kind of answer is wanted: the first words say it. */
#include "parse.h"

#include <string.h>

static void want(struct parse *p, enum head head, enum want w, int i)
{
    p->head = head;
    p->q.want = w;
    use(p, i);
}

/* "who maintains x": the column that is "maintained by" */
int who_by_verb(struct parse *p, int i)
{
    char key[KEY_MAX] = "";
    int n = 0;
    if (p->items[i].used || p->items[i].n != 1 ||
        !token_key(&p->w->tok[p->items[i].at], true, key) || strlen(key) + 3 > sizeof key)
        return -1;
    memcpy(key + strlen(key), "by", 3);
    const struct entry *e = lexicon_find(p->t, key, &n);
    for (int r = 0; r < n; r++) {
        if (e[r].meaning == M_COLUMN && p->t->columns[e[r].column].type == C_TEXT) {
            use(p, i);
            return e[r].column;
        }
    }
    return -1;
}

/* "how big is the swap": its "swap size" */
static bool how_big(struct parse *p, int i)
{
    const char *word = item_token(p, i + 1)->text;
    if (strcmp(word, "big") != 0 && strcmp(word, "large") != 0)
        return false;
    for (int k = i + 2; k < p->n; k++) {
        char key[KEY_MAX] = "";
        int n = 0;
        for (int t = 0; t < p->items[k].n; t++)
            if (!token_key(&p->w->tok[p->items[k].at + t], false, key))
                return false;
        if (strlen(key) + 5 > sizeof key)
            return false;
        memcpy(key + strlen(key), "size", 5);
        const struct entry *e = lexicon_find(p->t, key, &n);
        for (int r = 0; r < n; r++) {
            if (e[r].meaning != M_COLUMN)
                continue;
            use(p, i);
            use(p, i + 1);
            use(p, k);
            query_select(&p->q, e[r].column);
            p->head = HEAD_AMOUNT;
            return true;
        }
    }
    return false;
}

/* "how big", "how full", "how expensive" */
static bool how(struct parse *p, int i)
{
    struct item *next = item_at(p, i + 1);
    const struct entry *e = reading(next, M_BASE);
    if (!e)
        e = reading(next, M_COLUMN);
    if (!e)
        return how_big(p, i);
    use(p, i);
    use(p, i + 1);
    next->func = F_NONE;
    query_select(&p->q, e->column);
    p->head = HEAD_AMOUNT;
    p->how = true;
    return true;
}

static bool opens_yesno(const struct parse *p, int i)
{
    enum func f = p->items[i].func;
    if (f == F_ANY)
        return true;
    return f == F_BE || f == F_DO || (f == F_HAVE && i == 0);
}

static bool seen_question(const struct parse *p, int i)
{
    for (int k = 0; k < i; k++)
        if (p->items[k].func == F_WHAT || p->items[k].func == F_WHICH || p->items[k].func == F_LIST)
            return true;
    return false;
}

/* One opening word; false when the opening is over. */
static bool opening(struct parse *p, int i)
{
    struct item *it = &p->items[i];
    switch ((int)it->func) {
    case F_NOISE:
    case F_LIST:
    case F_AND:
    case F_AND_THEN:
    case F_ONLY:
        if (it->func == F_ONLY || it->func == F_AND_THEN)
            p->follow_only = true;
        if (it->func == F_LIST && i > 0 && reading(it, M_COLUMN)) {
            it->func = F_NONE; /* "what is the name of …" */
            return false;
        }
        if (it->func == F_LIST || it->func == F_NOISE)
            use(p, i);
        return true;
    case F_WHAT:
    case F_WHICH:
        p->which = true;
        use(p, i);
        return true;
    case F_MANY:
        want(p, HEAD_COUNT, WANT_COUNT, i);
        return false;
    case F_MUCH:
        want(p, HEAD_AMOUNT, WANT_LIST, i);
        return false;
    case F_WHEN:
        want(p, HEAD_WHEN, WANT_LIST, i);
        return false;
    case F_WHO:
        want(p, HEAD_WHO, WANT_LIST, i);
        for (int k = i + 1; k < p->n && k < i + 4 && p->subject_column < 0; k++)
            p->subject_column = who_by_verb(p, k);
        return false;
    case F_WHERE:
        want(p, HEAD_WHERE, WANT_LIST, i);
        return false;
    case F_HOWLONG:
        want(p, HEAD_HOWLONG, WANT_LIST, i);
        return false;
    case F_HOW:
        if (!how(p, i))
            parse_fail(p, i);
        return false;
    case F_SHARE:
        want(p, HEAD_SHARE, WANT_SHARE, i);
        return false;
    case F_BE:
        if (seen_question(p, i)) {
            use(p, i);
            return true;
        }
        break;
    default:
        break;
    }
    if (opens_yesno(p, i) && !seen_question(p, i)) {
        want(p, HEAD_YESNO, WANT_YESNO, i);
        if (item_at(p, i + 1)->func == F_THERE) {
            p->q.exists = true;
            use(p, i + 1);
        }
    }
    return false;
}

void parse_head(struct parse *p)
{
    p->head = HEAD_LIST;
    int i = 0;
    const char *first = item_token(p, 0)->text; /* "which process" may be a column's name */
    p->which = strcmp(first, "which") == 0 || strcmp(first, "what") == 0;
    if (p->n && p->items[0].func == F_NO)
        parse_fail(p, 0); /* "no errors today?" wants to hear about errors */
    while (i < p->n && !p->failed && opening(p, i))
        i++;
    /* "processes: how many", "what is the number of processes" */
    for (i = 0; i < p->n && p->head == HEAD_LIST; i++) {
        enum func before = i > 0 ? p->items[i - 1].func : F_NONE;
        if (p->items[i].func == F_MANY && (before == F_AVG || before == F_MAX || before == F_MIN ||
                                           before == F_HIGH || before == F_LOW))
            use(p, i);
        else if (p->items[i].func == F_MANY)
            want(p, HEAD_COUNT, WANT_COUNT, i);
        else if (p->items[i].func == F_SHARE)
            want(p, HEAD_SHARE, WANT_SHARE, i);
        else if (p->items[i].func == F_MUCH)
            want(p, HEAD_AMOUNT, WANT_LIST, i);
    }
    for (i = 0; i < p->n; i++) { /* a lone "all" in yes/no: do all of them? */
        struct item *it = &p->items[i];
        if (it->func != F_ALL && !(it->func == F_EACH && p->head == HEAD_YESNO))
            continue;
        use(p, i);
        int next = skip_noise(p, i + 1);
        p->q.all = p->q.all || (p->head == HEAD_YESNO && next < p->n &&
                                (reading(&p->items[next], M_NOUN) != NULL));
    }
}
