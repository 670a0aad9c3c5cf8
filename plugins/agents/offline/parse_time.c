/* Time ranges and comparisons with numbers: "created since monday", "over 1 GB", "more than 4
 * cpus", "older than 30 days". */
#include "parse.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct entry *time_reading(const struct parse *p, const struct item *it)
{
    for (int i = 0; i < it->n_readings; i++)
        if (it->readings[i]->meaning == M_COLUMN &&
            p->t->columns[it->readings[i]->column].type == C_TIME)
            return it->readings[i];
    return NULL;
}

/* The time column that is spoken of near item i; else the table's own. */
static int time_column(struct parse *p, int i)
{
    for (int d = 1; d < p->n; d++) {
        int near[2] = {i - d, i + d};
        for (int k = 0; k < 2; k++) {
            struct item *it = item_at(p, near[k]);
            const struct entry *e = it->used ? NULL : time_reading(p, it);
            if (!e || (it->func != F_NONE && it->func != F_WHEN))
                continue;
            bool state = reading(it, M_VALUE) || reading(it, M_PHRASE);
            if (state && (k == 1 || d > 1))
                continue; /* "closed tickets of last week" */
            use(p, near[k]);
            return e->column;
        }
    }
    return p->t->time_column;
}

static bool ahead(const struct column *c)
{
    return strstr(c->name, "expir") || strstr(c->name, "due") || strstr(c->name, "renew") ||
           strstr(c->name, "end");
}

static struct cond *time_cond(struct parse *p, int column, enum cond_op op, int64_t us)
{
    struct cond *c = query_cond(&p->q, column, op, TIE_NONE);
    if (c) {
        c->time = true;
        p->cond_at[p->q.n_conds - 1] = p->current;
        c->n_values = 1;
        c->values[0] = (struct value){.is_number = true, .number = (double)us};
    } else {
        p->failed = true;
    }
    return c;
}

static int negation_before(struct parse *p, int i)
{
    for (int k = i - 1; k >= 0 && k >= i - 4; k--)
        if (!p->items[k].used && p->items[k].func == F_NOT)
            return k;
    return -1;
}

/* "servers stopped last week": when they stopped is not what the table's time says. */
static bool happened_otherwise(const struct parse *p, int i, int column)
{
    const struct item *it = i > 0 ? &p->items[i - 1] : NULL;
    const char *word = it ? item_token(p, i - 1)->text : "";
    size_t n = strlen(word);
    if (!it || it->used || n < 5 || strcmp(word + n - 2, "ed") != 0 ||
        (!reading(it, M_VALUE) && !reading(it, M_PHRASE)))
        return false;
    return strncmp(word, p->t->columns[column].name, 4) != 0;
}

/* "who logged in today" is not about what was logged today. */
static bool logs_in(const struct parse *p, int i)
{
    char stem[WORD_MAX];
    if (i == 0 || strcmp(item_token(p, i)->text, "in") != 0)
        return false;
    word_stem(item_token(p, i - 1)->text, stem);
    return strcmp(stem, "log") == 0 || strcmp(stem, "logg") == 0 || strcmp(stem, "sign") == 0;
}

void parse_times(struct parse *p)
{
    for (int i = 0; i < p->n && !p->failed; i++) {
        struct item *it = &p->items[i];
        if (it->kind != I_TIME || it->used)
            continue;
        struct span s = it->span;
        p->current = i;
        if (logs_in(p, i)) {
            parse_fail(p, i);
            return;
        }
        int not_at = negation_before(p, i);
        int column = time_column(p, i);
        if (column < 0 || happened_otherwise(p, i, column)) {
            parse_fail(p, i);
            return;
        }
        use(p, i);
        const struct column *c = &p->t->columns[column];
        if (s.bare && !ahead(c)) { /* within 30 days of a past event */
            s.from_us = p->now_us - (s.to_us - s.from_us);
            s.to_us = p->now_us + 1;
        }
        if (not_at >= 0) {
            use(p, not_at);
            struct cond *cond =
                time_cond(p, column, s.has_from ? OP_GE : OP_LT, s.has_from ? s.from_us : s.to_us);
            if (cond)
                cond->negated = true;
            if (s.has_from && s.has_to && s.to_us <= p->now_us)
                parse_fail(p, i); /* "not in 2024": both sides */
            continue;
        }
        if (s.has_from)
            (void)time_cond(p, column, OP_GE, s.from_us);
        if (s.has_to && !(s.has_from && s.to_us == p->now_us + 1))
            (void)time_cond(p, column, OP_LT, s.to_us);
    }
}

/* ---- numbers ---- */

struct amount {
    double number;
    struct unit unit; /* DIM_NONE: none was said */
    const char *word; /* of DIM_OTHER */
    int last;         /* its last item */
};

static bool other_unit(const struct parse *p, const char *text, struct amount *a)
{
    static const char *const currencies[][2] = {
        {"euro", "EUR"}, {"euros", "EUR"}, {"dollar", "USD"}, {"dollars", "USD"},
        {"$", "USD"},    {"bucks", "USD"}, {"pounds", "GBP"}};
    for (size_t i = 0; i < sizeof currencies / sizeof *currencies; i++)
        if (strcmp(currencies[i][0], text) == 0)
            text = currencies[i][1];
    for (int i = 0; i < p->t->n_columns; i++) {
        if (!p->t->columns[i].unit || strcasecmp(p->t->columns[i].unit, text) != 0)
            continue;
        a->unit = (struct unit){DIM_OTHER, 1, p->t->columns[i].unit};
        a->word = p->t->columns[i].unit;
        return true;
    }
    return false;
}

static bool read_amount(struct parse *p, int i, struct amount *a)
{
    *a = (struct amount){.last = i};
    if (i < 0 || i >= p->n)
        return false;
    struct item *it = &p->items[i];
    if (it->used)
        return false;
    const struct token *t = item_token(p, i);
    bool sign = it->kind == I_SIGN && strcmp(t->text, "$") == 0;
    if (sign && other_unit(p, "$", a)) {
        i++;
        if (i >= p->n)
            return false;
        it = &p->items[i];
        t = item_token(p, i);
        a->last = i;
    }
    bool article = it->func == F_NOISE && (strcmp(t->text, "a") == 0 || strcmp(t->text, "an") == 0);
    if (it->kind == I_NUMBER && t->kind == T_NUMBER)
        a->number = t->number;
    else if (article)
        a->number = 1;
    else if ((it->kind != I_NUMBER && it->func != F_ONES) || !word_number(t->text, &a->number))
        return false;
    const struct item *next = item_at(p, i + 1);
    const struct token *u = item_token(p, i + 1);
    bool glued = u->number > 0 && u->kind == T_WORD;
    if (next->n == 1 && !next->used && a->unit.dim == DIM_NONE &&
        (u->kind == T_WORD || u->kind == T_SIGN)) {
        if (unit_find(u->text, glued, &a->unit) || other_unit(p, u->text, a))
            a->last = i + 1;
    }
    return !article || a->unit.dim != DIM_NONE;
}

static bool fits(const struct column *c, const struct amount *a)
{
    const char *unit = c->unit ? c->unit : "";
    switch ((int)a->unit.dim) {
    case DIM_NONE:
        return is_number(c) && strcmp(unit, "bytes") != 0;
    case DIM_BYTES:
        return is_number(c) && strcmp(unit, "bytes") == 0;
    case DIM_PERCENT:
        return is_number(c) && strcmp(unit, "percent") == 0;
    case DIM_TIME:
    case DIM_MONTHS:
        return c->type == C_TIME || (is_number(c) && strcmp(unit, "seconds") == 0);
    case DIM_OTHER:
        return is_number(c) && strcmp(unit, a->word) == 0;
    default:
        return false;
    }
}

static int column_of(const struct parse *p, const struct item *it, const struct amount *a)
{
    bool noun = p->noun_at >= 0 && it == &p->items[p->noun_at];
    for (int i = 0; i < it->n_readings && (!it->used || noun); i++) {
        const struct entry *e = it->readings[i];
        if ((e->meaning == M_COLUMN || e->meaning == M_BASE) && fits(&p->t->columns[e->column], a))
            return e->column;
    }
    return -1;
}

/* "more than 2 members": the list's "number of members" */
static int counted(const struct parse *p, const struct item *it, const struct amount *a)
{
    char key[KEY_MAX] = "numberof";
    int n = 0;
    if (a->unit.dim != DIM_NONE || it->used || !reading(it, M_COLUMN))
        return -1;
    for (int t = 0; t < it->n; t++)
        if (!token_key(&p->w->tok[it->at + t], true, key))
            return -1;
    const struct entry *e = lexicon_find(p->t, key, &n);
    for (int r = 0; r < n; r++)
        if (e[r].meaning == M_COLUMN && is_number(&p->t->columns[e[r].column]))
            return e[r].column;
    return -1;
}

static bool has_adjective(const struct parse *p, int column, bool age)
{
    sdk_foreach (a, sdk_member(p->t->columns[column].node, "adjectives")) {
        bool old = sdk_str_is(a->key, "oldest");
        bool big = sdk_str_is(a->key, "biggest") || sdk_str_is(a->key, "largest");
        if (age ? old : big)
            return true;
    }
    return false;
}

/* The column that an amount without a name means: the only one that fits, among the shown ones
 * first; of sizes the one that "biggest" goes by, of times the one that "oldest" does. */
static int column_by_unit(const struct parse *p, const struct amount *a)
{
    int found = -1, n = 0;
    if (a->unit.dim == DIM_NONE)
        return -1;
    bool age = a->unit.dim == DIM_TIME || a->unit.dim == DIM_MONTHS;
    for (int i = 0; i < p->t->n_columns; i++)
        if (fits(&p->t->columns[i], a) && has_adjective(p, i, age))
            return i;
    if (age && p->t->time_column >= 0)
        return p->t->time_column;
    for (int round = 0; round < 2 && n == 0; round++) {
        for (int i = 0; i < p->t->n_columns; i++) {
            if (!fits(&p->t->columns[i], a) || (round == 0 && !p->t->columns[i].shown))
                continue;
            found = i;
            n++;
        }
    }
    return n == 1 ? found : -1;
}

static bool number_cond(struct parse *p, int column, enum cond_op op, const struct amount *a,
                        bool old)
{
    const struct column *c = &p->t->columns[column];
    if (c->type == C_TIME) {
        bool future = !old && ahead(c);
        int64_t at = calendar_back(p->now_us, future ? -a->number : a->number, &a->unit);
        static const enum cond_op mirror[] = {
            [OP_EQ] = OP_EQ, [OP_LT] = OP_GT, [OP_LE] = OP_GE, [OP_GT] = OP_LT, [OP_GE] = OP_LE};
        if (op > OP_GE || op == OP_EQ)
            return false;
        if (future && (op == OP_LT || op == OP_LE))
            (void)time_cond(p, column, OP_GE, p->now_us);
        (void)time_cond(p, column, future ? op : mirror[op], at);
        return !p->failed;
    }
    double factor = a->unit.dim == DIM_NONE ? 1 : a->unit.factor;
    if (a->unit.dim == DIM_MONTHS)
        factor *= 30 * 86400.0;
    struct cond *cond = query_cond(&p->q, column, op, TIE_NONE);
    if (!cond)
        return false;
    p->cond_at[p->q.n_conds - 1] = p->current;
    cond->n_values = 1;
    cond->values[0] = (struct value){.is_number = true, .number = a->number * factor};
    return true;
}

/* After the amount: "of memory", "cpus", "full", "in use". */
static int column_after(struct parse *p, int i, const struct amount *a)
{
    int k = i;
    while (k < p->n && (p->items[k].func == F_NOISE || p->items[k].func == F_OF) &&
           column_of(p, &p->items[k], a) < 0)
        k++;
    int column = column_of(p, item_at(p, k), a);
    if (column < 0)
        column = counted(p, item_at(p, k), a);
    if (column >= 0)
        use_span(p, i, k);
    return column;
}

/* Before it: "memory over", "cpu usage is above", "uses more than". */
static int column_before(struct parse *p, int i, const struct amount *a)
{
    for (int k = i - 1; k >= 0 && k >= i - 5; k--) {
        struct item *it = &p->items[k];
        int column = column_of(p, it, a);
        if (column >= 0) {
            use(p, k);
            return column;
        }
        if (it->func == F_NONE || it->func == F_AND || it->func == F_OR)
            return -1;
    }
    return -1;
}

static bool says_old(struct parse *p, int i)
{
    const char *text = item_token(p, i)->text;
    bool old = i < p->n && (strcmp(text, "old") == 0 || item_at(p, i)->func == F_AGO);
    if (old)
        use(p, i);
    return old;
}

/* "more than 5 processes": a condition on groups. */
static bool having(struct parse *p, int i, enum cond_op op, const struct amount *a)
{
    int k = skip_noise(p, a->last + 1);
    struct item *it = item_at(p, k);
    if (a->unit.dim != DIM_NONE || k >= p->n || !reading(it, M_NOUN) || p->noun_at != k)
        return false;
    bool subject = false; /* "which users have …" */
    for (int s = 0; s < i; s++)
        subject = subject || p->items[s].func == F_WHO || reading(&p->items[s], M_COLUMN);
    if (!subject)
        return false;
    p->q.has_having = true;
    p->q.having = op;
    p->q.having_value = a->number;
    use_span(p, i, k);
    return true;
}

static const enum cond_op negated_op[] = {
    [OP_EQ] = OP_EQ, [OP_LT] = OP_GE, [OP_LE] = OP_GT, [OP_GT] = OP_LE, [OP_GE] = OP_LT};

/* first: the comparison's own item; at: where the amount may be. */
static bool compare(struct parse *p, int first, int at, enum cond_op op, int column, bool old)
{
    struct amount a;
    int i = skip_noise(p, at);
    if (i > at && !read_amount(p, i, &a) && read_amount(p, i - 1, &a))
        i--;
    if (!read_amount(p, i, &a))
        return false;
    enum func post = item_at(p, a.last + 1)->func;
    if (post == F_ORMORE || post == F_ORLESS)
        return false;
    int not_at = first > 0 && p->items[first - 1].func == F_NOT ? first - 1 : -1;
    if (not_at >= 0 && op <= OP_GE)
        op = negated_op[op];
    if (column < 0 && !old && having(p, first, op, &a))
        return true;
    old = says_old(p, a.last + 1) || old;
    int after = a.last + 1;
    if (old && item_at(p, after)->used)
        after++;
    if (column < 0)
        column = column_after(p, after, &a);
    if (column < 0)
        column = column_before(p, first, &a);
    if (column < 0 || !fits(&p->t->columns[column], &a))
        column = column >= 0 ? -1 : column_by_unit(p, &a);
    if (column < 0 || !number_cond(p, column, op, &a, old)) {
        parse_fail(p, first);
        return true;
    }
    use_span(p, first, a.last);
    use(p, not_at);
    return true;
}

static bool between(struct parse *p, int i)
{
    struct amount a, b;
    int k = i + 1;
    if (!read_amount(p, k, &a) || item_at(p, a.last + 1)->func != F_AND ||
        !read_amount(p, a.last + 2, &b))
        return false;
    if (a.unit.dim == DIM_NONE) {
        a.unit = b.unit;
        a.word = b.word;
    }
    int column = column_after(p, b.last + 1, &b);
    if (column < 0)
        column = column_before(p, i, &b);
    if (column < 0)
        column = column_by_unit(p, &b);
    if (column < 0 || p->t->columns[column].type == C_TIME ||
        !number_cond(p, column, OP_GE, &a, false) || !number_cond(p, column, OP_LE, &b, false)) {
        parse_fail(p, i);
        return true;
    }
    use_span(p, i, b.last);
    return true;
}

/* "1 GB or more", "4 cpus or more" */
static void postfix(struct parse *p, int i, enum cond_op op)
{
    for (int k = i - 1; k >= 0 && k >= i - 4; k--) {
        struct amount a;
        if (!read_amount(p, k, &a) || a.last >= i)
            continue;
        int column = column_after(p, a.last + 1, &a);
        if (column < 0)
            column = column_after(p, i + 1, &a);
        if (column < 0)
            column = column_before(p, k, &a);
        if (column < 0)
            column = column_by_unit(p, &a);
        if (column >= 0 && number_cond(p, column, op, &a, false)) {
            use_span(p, k, a.last);
            use(p, i);
            return;
        }
    }
    parse_fail(p, i);
}

static bool one_comparison(struct parse *p, int i)
{
    static const struct {
        enum func f;
        enum cond_op op;
    } ops[] = {{F_GT, OP_GT}, {F_GE, OP_GE}, {F_LT, OP_LT}, {F_LE, OP_LE}, {F_EQ, OP_EQ}};
    const struct item *it = &p->items[i];
    for (size_t k = 0; k < sizeof ops / sizeof *ops; k++)
        if (it->func == ops[k].f)
            return compare(p, i, i + 1, ops[k].op, -1, false);
    if (it->func == F_OLDER || it->func == F_NEWER)
        return compare(p, i, i + 1, it->func == F_OLDER ? OP_GT : OP_LT, -1, true);
    if (it->func == F_BETWEEN)
        return between(p, i);
    const struct entry *e = reading(it, M_COMPARATIVE);
    if (e && item_at(p, i + 1)->func == F_THAN) {
        const struct column *c = &p->t->columns[e->column];
        enum cond_op op = (c->type == C_TIME ? !e->descending : e->descending) ? OP_GT : OP_LT;
        int column = e->column;
        if (!compare(p, i, i + 2, op, column, c->type == C_TIME))
            return false;
        use(p, i + 1);
        return true;
    }
    return false;
}

void parse_comparisons(struct parse *p)
{
    for (int i = 0; i < p->n && !p->failed; i++) {
        p->current = i;
        if (p->items[i].used)
            continue;
        if (p->items[i].func == F_ORMORE || p->items[i].func == F_ORLESS)
            postfix(p, i, p->items[i].func == F_ORMORE ? OP_GE : OP_LE);
        else
            (void)one_comparison(p, i);
    }
}
