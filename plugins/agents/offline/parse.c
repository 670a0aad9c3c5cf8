/* The order in which roles are given out, and what may be left over. */
#include "parse.h"

#include <string.h>

void query_init(struct query *q, const struct table *t)
{
    memset(q, 0, sizeof *q);
    q->t = t;
    q->group = q->group2 = q->agg_column = q->order = -1;
}

struct cond *query_cond(struct query *q, int column, enum cond_op op, enum tie tie)
{
    if (q->n_conds == MAX_CONDS)
        return NULL;
    struct cond *c = &q->conds[q->n_conds];
    memset(c, 0, sizeof *c);
    c->column = column;
    c->op = op;
    q->ties[q->n_conds++] = tie;
    return c;
}

void query_select(struct query *q, int column)
{
    for (int i = 0; i < q->n_select; i++)
        if (q->select[i] == column)
            return;
    if (q->n_select < MAX_SELECT)
        q->select[q->n_select++] = column;
}

/* Commands, predictions and reasons are no questions about facts. */
static bool refused(struct parse *p)
{
    static const char *const orders[] = {
        "delete",    "remove", "kill",      "stop",   "restart",   "start",   "install",
        "uninstall", "create", "add",       "reboot", "shutdown",  "shut",    "upgrade",
        "rename",    "resize", "terminate", "reset",  "enable",    "disable", "drop",
        "write",     "send",   "buy",       "cancel", "move",      "make",    "run",
        "turn",      "attach", "detach",    "renew",  "assign",    "reply",   "fix",
        "format",    "mount",  "unmount",   "set",    "change",    "update",  "encrypt",
        "deploy",    "scale",  "launch",    "book",   "translate", "explain"};
    bool first = true;
    for (int i = 0; i < p->n; i++) {
        if (p->items[i].func == F_REFUSE) {
            parse_fail(p, i);
            return true;
        }
        if (p->items[i].func == F_NOISE)
            continue;
        for (size_t k = 0; first && k < sizeof orders / sizeof *orders; k++) {
            if (strcmp(orders[k], item_token(p, i)->text) == 0) {
                parse_fail(p, i);
                return true;
            }
        }
        first = false;
    }
    return false;
}

/* "logged" is no log, and "logged in" no login; but "mounted" in "mounted filesystems" belongs. */
static bool verb_form(const struct parse *p, int item, const struct entry *e)
{
    for (int k = 0; k < p->items[item].n; k++) {
        const char *text = p->w->tok[p->items[item].at + k].text;
        size_t n = strlen(text);
        bool verb = n > 3 && (strcmp(text + n - 2, "ed") == 0 || strcmp(text + n - 3, "ing") == 0);
        if (verb && !strstr(e->words, text))
            return true;
    }
    return false;
}

/* Nothing that a preposition or "use" at this place could go with. */
static bool dangles(const struct parse *p, int i)
{
    const struct query *q = &p->q;
    if (p->items[i].func == F_USE) /* "what uses the memory" is not answered by the memory */
        return p->t->one_row && p->head == HEAD_LIST && i + 1 < p->n;
    bool bare = q->n_conds == 0 && q->n_select == 0 && q->order < 0 && q->group < 0 &&
                q->agg == AGG_NONE && !p->followup;
    return bare && i == p->n - 1; /* "which users are in" */
}

static void find_noun(struct parse *p)
{
    p->noun_at = -1;
    for (int i = 0; i < p->n; i++) {
        const struct entry *e = reading(&p->items[i], M_NOUN);
        if (!e || p->items[i].func == F_NOT)
            continue;
        /* "the user with the most processes": a noun here, a column there, is told apart later */
        if (p->noun_at >= 0)
            continue;
        const struct token *last = &p->w->tok[p->items[i].at + p->items[i].n - 1];
        if (e->stemmed && verb_form(p, i, e))
            continue;
        const char *blank = strrchr(e->words, ' ');
        char head[WORD_MAX];
        word_fold(blank ? blank + 1 : e->words, strlen(blank ? blank + 1 : e->words), head);
        size_t n = strlen(last->text), k = strlen(head);
        p->singular = n >= k && strcmp(last->text + (n - k), head) == 0;
        p->plural = !p->singular;
        p->noun_at = i;
        p->noun_seen = true;
        use(p, i);
    }
}

/* A yes or no needs more than a name. */
static bool says_what(const struct parse *p)
{
    for (int i = 0; i < p->q.n_conds; i++)
        if (p->q.ties[i] != TIE_SUBJECT && p->q.ties[i] != TIE_LOOSE && p->q.ties[i] != TIE_OWNER)
            return true;
    return p->q.n_conds > 1;
}

/* "how much data …", "the most traffic" */
static bool in_bytes(const struct parse *p)
{
    const struct query *q = &p->q;
    int column = q->agg_column >= 0 ? q->agg_column
                 : q->order >= 0    ? q->order
                 : q->n_select      ? q->select[0]
                                    : -1;
    return column >= 0 && p->t->columns[column].unit &&
           strcmp(p->t->columns[column].unit, "bytes") == 0;
}

static bool counts_since_boot(const struct parse *p)
{
    const struct query *q = &p->q;
    int column = q->agg_column >= 0 ? q->agg_column
                 : q->order >= 0    ? q->order
                 : q->n_select      ? q->select[0]
                                    : -1;
    return column >= 0 && strstr(p->t->columns[column].summary, "since boot") != NULL;
}

/* What any machine does: "which kernel is running". */
static bool said_of_all(const char *word)
{
    return strcmp(word, "running") == 0 || strcmp(word, "installed") == 0 ||
           strcmp(word, "run") == 0 || strcmp(word, "runs") == 0;
}

/* "red" in "red hat": nothing of the question may be left without a role. */
void parse_rest(struct parse *p)
{
    for (int i = 0; i < p->n; i++) {
        const struct item *it = &p->items[i];
        if (it->used || p->failed)
            continue;
        switch ((int)it->func) {
        case F_NOISE:
        case F_BE:
        case F_HAVE:
        case F_DO:
        case F_WHAT:
        case F_WHICH:
        case F_THERE:
        case F_LIST:
        case F_THIS:
        case F_AND:
        case F_ALL:
        case F_ANY:
        case F_TOTAL: /* "how many are there in total" */
            continue;
        case F_USE:
            if (p->which && p->head == HEAD_LIST && i < p->noun_at && !p->q.n_conds) {
                break; /* "what is eating my cpu" is not answered by the cpus */
            }
            if (!dangles(p, i))
                continue;
            break;
        case F_IN:
            if (strcmp(item_token(p, i)->text, "in") == 0 && i + 1 < p->n &&
                p->items[i + 1].kind == I_TIME && i > 0)
                break; /* "logged in today" is not logged today */
            if (!dangles(p, i))
                continue;
            break;
        case F_OF:
        case F_FOR:
        case F_WITH:
            if (!dangles(p, i))
                continue;
            break;
        case F_RUN: /* "running on port 80"; what runs, elsewhere, is a matter of columns */
            if (p->t->one_row || reading(it, M_MODIFIER) ||
                (i + 1 < p->n && p->items[i + 1].func == F_IN && p->q.n_conds) ||
                (i == p->n - 1 && p->q.n_select))
                continue;
            break;
        case F_BY: /* "used by a process" */
            if (i > 0 && p->items[i - 1].func == F_USE && skip_noise(p, i + 1) == p->noun_at)
                continue;
            break;
        case F_WILL: /* the future is known only where a date says it */
            if (table_looks_ahead(p->t))
                continue;
            break;
        case F_VIEWS:
            if (p->t->view)
                continue;
            break;
        case F_STUFF:
            if (in_bytes(p))
                continue;
            break;
        case F_SINCEBOOT:
            if (counts_since_boot(p))
                continue;
            break;
        case F_PRON:
        case F_ONES:
        case F_ONLY:
        case F_AND_THEN:
            if (i > 0 && p->items[i - 1].func == F_EXCEPT && p->q.n_conds)
                continue; /* all but those in … */
            if (p->followup || (it->func == F_ONES && p->noun_at >= 0) || p->t->one_row)
                continue;
            break;
        default:
            break;
        }
        if (it->func == F_NONE && reading(it, M_HERE) &&
            !(p->head == HEAD_YESNO && p->noun_at < 0 && i > 0 && p->items[i - 1].func == F_BE))
            continue; /* but "is the machine idle" is about the machine itself */
        if (it->func == F_NONE &&
            (reading(it, M_MODIFIER) || reading(it, M_PROVIDER) || reading(it, M_TABLE) ||
             (reading(it, M_NOUN) && !verb_form(p, i, reading(it, M_NOUN)))) &&
            (p->noun_at >= 0 || reading(it, M_TABLE) || reading(it, M_PROVIDER)))
            continue;
        if (p->t->one_row && it->kind == I_NAME && said_of_all(item_token(p, i)->text))
            continue;
        if (it->kind == I_SIGN && it->func == F_NONE && strcmp(item_token(p, i)->text, "%") != 0)
            continue;
        parse_fail(p, i);
        p->failed = true;
    }
}

/* "how many kernel threads": a phrase that stands where the noun would. */
static bool counts_phrase(const struct parse *p)
{
    for (int i = 0; i + 1 < p->n; i++)
        if (p->items[i].func == F_MANY)
            return reading(&p->items[skip_noise(p, i + 1) < p->n ? skip_noise(p, i + 1) : i],
                           M_PHRASE) != NULL;
    return false;
}

static bool same_values(const struct cond *a, const struct cond *b)
{
    bool same = a->column == b->column && a->op == b->op && a->n_values == b->n_values;
    for (int i = 0; same && i < a->n_values; i++)
        same = a->values[i].text && b->values[i].text &&
               strcmp(a->values[i].text, b->values[i].text) == 0;
    return same;
}

/* Does the question measure or rank? */
static bool weighs(const struct parse *p)
{
    return p->q.agg == AGG_SUM || p->head == HEAD_AMOUNT ||
           ((p->singular || p->noun_at < 0) && p->q.n_select) ||
           (p->q.order >= 0 && p->q.limit > 0);
}

static void noun_part(struct parse *p, const char *key)
{
    int n = 0;
    const struct entry *e = lexicon_find(p->t, key, &n);
    for (int k = 0; k < n; k++) {
        if (e[k].meaning != M_PHRASE || e[k].stemmed || p->q.group == e[k].column ||
            p->q.group2 == e[k].column || p->q.n_conds == MAX_CONDS)
            continue;
        for (int i = 0; i < p->q.n_conds; i++)
            if (p->q.conds[i].column == e[k].column)
                return;
        bool over = p->t->total_over && same_values(e[k].cond, p->t->total_over);
        if (over && (has_name(p) || !weighs(p)))
            return; /* what is named is meant, whatever its kind; and a list leaves nothing out */
        p->q.ties[p->q.n_conds] = TIE_NONE;
        p->q.conds[p->q.n_conds] = *e[k].cond;
        p->q.conds[p->q.n_conds++].implied = over;
        return;
    }
}

/* "connections" are sockets in a certain state, "system users" users of a kind, if the manifest
 * says so beside counting the words among its nouns. */
static void one_noun(struct parse *p, const struct item *it)
{
    for (int t = 0; t < it->n; t++) {
        char exact[KEY_MAX] = "", stem[KEY_MAX] = "";
        const struct token *tok = &p->w->tok[it->at + t];
        if (token_key(tok, false, exact))
            noun_part(p, exact);
        if (token_key(tok, true, stem) && strcmp(stem, exact) != 0)
            noun_part(p, stem);
    }
}

/* Of every noun: "which users are system users". */
static void noun_condition(struct parse *p)
{
    const struct item *inside = p->noun_at < 0 ? noun_inside(p) : NULL;
    if (p->q.want == WANT_SHARE)
        return;
    if (inside)
        one_noun(p, inside);
    for (int i = 0; i < p->n; i++)
        if (i == p->noun_at ||
            (!p->items[i].used && p->items[i].func == F_NONE && reading(&p->items[i], M_NOUN)))
            one_noun(p, &p->items[i]);
}

/* A sum that nobody narrowed down is made over what the manifest says adds up. */
static void total_over(struct parse *p)
{
    struct query *q = &p->q;
    const struct cond *over = p->t->total_over;
    if (!over || q->agg != AGG_SUM || has_name(p) || q->n_conds == MAX_CONDS ||
        q->group == over->column || q->group2 == over->column)
        return;
    for (int i = 0; i < q->n_conds; i++)
        if (q->conds[i].column == over->column ||
            (q->conds[i].column >= 0 && p->t->columns[q->conds[i].column].key))
            return;
    q->ties[q->n_conds] = TIE_NONE;
    q->conds[q->n_conds] = *over;
    q->conds[q->n_conds++].implied = true;
}

/* "is maria in group sudo": one name can't be two. */
static void check_contradiction(struct parse *p)
{
    for (int i = 0; i < p->q.n_conds; i++) {
        for (int k = 0; k < i; k++) {
            const struct cond *a = &p->q.conds[i], *b = &p->q.conds[k];
            if (a->column >= 0 && a->column == b->column && a->op == OP_EQ && b->op == OP_EQ &&
                !a->negated && !b->negated)
                p->failed = true;
        }
    }
}

/* "what does this server cost", "is the server up" ask about one, and which one is not said. */
static void check_single(struct parse *p)
{
    const struct query *q = &p->q;
    int at = p->noun_at;
    bool sum = q->agg == AGG_SUM && q->want == WANT_NUMBER;
    bool yesno = q->want == WANT_YESNO && !q->exists && !q->all;
    if (at < 1 || !p->singular || p->t->one_row || p->followup || has_name(p) || p->t->total_over ||
        !(sum || yesno || p->how))
        return;
    for (int i = 0; i < q->n_conds; i++)
        if (!yesno && !q->conds[i].implied)
            return;
    const char *before = item_token(p, at - 1)->text;
    bool one = strcmp(before, "this") == 0 ||
               (!p->how && (strcmp(before, "my") == 0 || strcmp(before, "our") == 0 ||
                            strcmp(before, "the") == 0));
    bool modifies = sum && at + 1 < p->n && reading(&p->items[at + 1], M_COLUMN);
    for (int i = 0; i < at; i++)
        modifies = modifies && p->items[i].func != F_DO;
    if (one && !modifies)
        parse_fail(p, at);
}

/* "users created last week": whose time it is must be the rows' own, not that of a column's. */
static void check_times(struct parse *p)
{
    const struct query *q = &p->q;
    bool timed = q->order >= 0 && p->t->columns[q->order].type == C_TIME;
    for (int i = 0; i < q->n_conds; i++)
        timed = timed || q->conds[i].time;
    for (int i = 0; timed && p->noun_at < 0 && !p->followup && q->group < 0 && i < q->n_select;
         i++) {
        for (int k = 0; k < p->n; k++) {
            const struct entry *e = reading(&p->items[k], M_COLUMN);
            char key[KEY_MAX] = "";
            if (e && e->column == q->select[i] && p->items[k].used &&
                token_key(&p->w->tok[p->items[k].at], true, key) &&
                lexicon_noun_elsewhere(p->lexicon, p->t, key))
                parse_fail(p, k);
        }
    }
}

/* "what is my ip address": of every row; but of people one can't tell which is meant. */
static bool asks_own(const struct parse *p)
{
    int n = 0;
    const struct entry *person = lexicon_find(p->t, "user", &n);
    for (int i = 0; i < n; i++)
        if (person[i].meaning == M_NOUN)
            return false;
    bool own = false;
    for (int i = 1; i < p->n; i++) {
        const char *before = item_token(p, i - 1)->text;
        own = own || ((strcmp(before, "my") == 0 || strcmp(before, "our") == 0) &&
                      reading(&p->items[i], M_COLUMN));
    }
    return own && p->which && p->q.n_select > 0 && p->q.want == WANT_LIST && !p->t->view;
}

/* A bare "which X" needs an X: without a noun, some column has to carry the question. */
static void check_subject(struct parse *p)
{
    const struct query *q = &p->q;
    if (p->failed || p->noun_at >= 0 || p->followup || noun_inside(p))
        return;
    bool table = false;
    for (int i = 0; i < p->n; i++)
        table = table || reading(&p->items[i], M_TABLE);
    if (table)
        return;
    bool ranked = q->agg_column >= 0 || q->order >= 0 || q->group >= 0;
    bool told = q->n_conds > 0 || asks_own(p);
    if (p->t->one_row ? !ranked && !q->n_select : !ranked && !told)
        p->failed = true;
    for (int i = 0; i < p->n && q->order >= 0 && q->want == WANT_LIST; i++) {
        const struct entry *e = reading(&p->items[i], M_COLUMN);
        if (e && e->rank > 0 && p->items[i].used && p->t->columns[e->column].type == C_TEXT)
            p->failed = true; /* "which file is the biggest" does not rank what has a file */
    }
    bool loose =
        q->n_conds > 0 && q->want == WANT_LIST && !q->n_select && q->agg_column < 0 && q->group < 0;
    for (int i = 0; i < q->n_conds; i++)
        loose = loose && (q->ties[i] == TIE_LOOSE || q->ties[i] == TIE_SUBJECT);
    if (loose)
        p->failed = true; /* a bare name asks nothing */
    if (!p->t->one_row && q->want == WANT_COUNT && q->group < 0 && !counts_phrase(p))
        p->failed = true; /* how many what? */
}

void parse_table(const struct words *w, const struct lexicon *l, const struct table *t,
                 int64_t now_us, const struct query *previous, struct parse *ret)
{
    struct parse *p = ret;
    memset(p, 0, sizeof *p);
    p->w = w;
    p->lexicon = l;
    p->t = t;
    p->now_us = now_us;
    p->subject_column = -1;
    p->followup = previous != NULL;
    query_init(&p->q, t);
    parse_items(p);
    if (refused(p)) {
        p->failed = p->refuse = true;
        return;
    }
    find_noun(p);
    static void (*const passes[])(struct parse *) = {
        parse_head,  parse_times,   parse_comparisons, parse_matches,   parse_groups,
        parse_ranks, parse_filters, parse_amounts,     parse_selection, parse_rest};
    for (size_t i = 0; i < sizeof passes / sizeof *passes && !p->failed; i++)
        passes[i](p);
    if (!p->failed) {
        noun_condition(p);
        total_over(p);
    }
    if (p->q.all) { /* the exceptions are looked for */
        p->failed = p->failed || p->q.n_conds != 1;
        p->q.conds[0].negated = !p->q.conds[0].negated;
        p->q.conds[0].turned = !p->q.conds[0].turned;
    }
    check_subject(p);
    check_single(p);
    check_times(p);
    check_contradiction(p);
    if (p->q.want == WANT_YESNO && !p->q.exists && !says_what(p))
        p->failed = true; /* is it what? */
    if (p->t->one_row && (p->q.order >= 0 || p->q.limit || p->q.group >= 0))
        p->failed = true; /* nothing to rank */
    parse_weigh(p);
}
