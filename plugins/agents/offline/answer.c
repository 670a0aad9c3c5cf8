/* Says in a sentence what the rows say.  Where the question's own words make a sentence ("how many
 * X are Y": "12 X are Y") they are used; else a plain one is built. */
#include "answer.h"
#include "sql.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void answer_number(double d, const char *unit, struct text *out)
{
    static const char *const sizes[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    if (unit && strcmp(unit, "bytes") == 0) {
        size_t k = 0;
        for (; fabs(d) >= 1024 && k + 1 < sizeof sizes / sizeof *sizes; k++)
            d /= 1024;
        text_addf(out, k == 0 || d >= 100 ? "%.0f %s" : "%.1f %s", d, sizes[k]);
        return;
    }
    if (unit && strcmp(unit, "seconds") == 0) {
        int64_t s = (int64_t)d;
        if (s < 120)
            text_addf(out, "%.3g s", d);
        else if (s < 7200)
            text_addf(out, "%lld min", (long long)(s / 60));
        else if (s < 172800)
            text_addf(out, "%lld h %lld min", (long long)(s / 3600), (long long)(s % 3600 / 60));
        else
            text_addf(out, "%lld days %lld h", (long long)(s / 86400),
                      (long long)(s % 86400 / 3600));
        return;
    }
    if (d == floor(d) && fabs(d) < 1e15)
        text_addf(out, "%.0f", d);
    else
        text_addf(out, "%.2f", d);
    if (unit)
        text_addf(out, " %s", strcmp(unit, "percent") == 0 ? "%" : unit);
}

static const sdk_json *cell(const struct outcome *o, int row, const char *column)
{
    int at = 0, r = 0;
    bool known = false;
    sdk_foreach (c, o->columns) {
        if (strcmp(sdk_get_str(c, "name", ""), column) == 0) {
            known = true;
            break;
        }
        at++;
    }
    sdk_foreach (list, o->rows) {
        if (r++ != row || !known)
            continue;
        int i = 0;
        sdk_foreach (v, list)
            if (i++ == at)
                return v;
    }
    return NULL;
}

static void say_value(const sdk_json *v, const char *unit, struct text *out)
{
    if (!v || v->type == SDK_NULL)
        text_add(out, "unknown");
    else if (v->type == SDK_INT || v->type == SDK_REAL)
        answer_number(sdk_get_real(v, NULL, 0), unit, out);
    else if (v->type == SDK_BOOL)
        text_add(out, v->u.i ? "yes" : "no");
    else if (v->type == SDK_STRING && v->text.len < 300)
        text_addn(out, v->text.ptr, (size_t)v->text.len);
    else if (v->type == SDK_ARRAY && v->count <= 40) {
        bool first = true;
        sdk_foreach (item, v) {
            text_add(out, first ? "" : ", ");
            say_value(item, NULL, out);
            first = false;
        }
        if (first)
            text_add(out, "none");
    } else
        text_add(out, "shown below");
}

static void count_noun(int64_t n, const struct table *t, struct text *out)
{
    if (n == 0)
        text_addf(out, "no %s", t->plural);
    else
        text_addf(out, "%lld %s", (long long)n, n == 1 ? t->noun : t->plural);
}

/* ---- conditions in words ---- */

static void say_literal(const struct table *t, const struct cond *c, const struct value *v,
                        struct text *out)
{
    if (c->time) {
        char when[32];
        sdk_format_time((int64_t)v->number, when);
        when[10] = ' ';
        when[16] = '\0';
        text_add(out, strcmp(when + 11, "00:00") == 0 ? (when[10] = '\0', when) : when);
        if (when[10])
            text_add(out, " UTC");
    } else if (v->text) {
        text_add(out, v->text);
    } else if (v->is_bool) {
        text_add(out, v->number != 0 ? "true" : "false");
    } else {
        answer_number(v->number, t->columns[c->column].unit, out);
    }
}

/* "user root", "rss over 20 MiB", "named nginx", or the phrase as it was said: "can log in" */
static const char *cond_words(const struct cond *c)
{
    static const char *const ops[] = {[OP_EQ] = "is",
                                      [OP_LT] = "is under",
                                      [OP_LE] = "is at most",
                                      [OP_GT] = "is over",
                                      [OP_GE] = "is at least",
                                      [OP_NULL] = "is unknown",
                                      [OP_PREFIX] = "starts with",
                                      [OP_SUFFIX] = "ends with",
                                      [OP_CONTAINS] = "contains",
                                      [OP_HAS] = "holds"};
    static const char *const negated[] = {[OP_EQ] = "is not",
                                          [OP_LT] = "is not under",
                                          [OP_LE] = "is not at most",
                                          [OP_GT] = "is not over",
                                          [OP_GE] = "is not at least",
                                          [OP_NULL] = "is known",
                                          [OP_PREFIX] = "does not start with",
                                          [OP_SUFFIX] = "does not end with",
                                          [OP_CONTAINS] = "does not contain",
                                          [OP_HAS] = "does not hold"};
    if (c->time && (c->op == OP_GE || c->op == OP_GT))
        return c->negated ? "is not since" : "is since";
    if (c->time)
        return c->negated ? "is not before" : "is before";
    return c->negated ? negated[c->op] : ops[c->op];
}

static void say_cond(const struct table *t, const struct cond *c, struct text *out)
{
    text_addf(out, "%s %s", t->columns[c->column].label, cond_words(c));
    for (int i = 0; i < c->n_values; i++) {
        text_add(out, i == 0 ? " " : c->op == OP_HAS ? " = " : " or ");
        say_literal(t, c, &c->values[i], out);
    }
}

static void say_conds(const struct query *q, int from, int to, struct text *out)
{
    for (int i = from; i < to; i++) {
        text_add(out, i == from ? " (" : ", ");
        say_cond(q->t, &q->conds[i], out);
    }
    text_add(out, from < to ? ")" : "");
}

/* ---- the question's own words ---- */

static bool is_be(const char *s)
{
    static const char *const words[] = {"are", "were", "have", "is", "was", "has"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], s) == 0)
            return true;
    return false;
}

/* "how many|which <noun> VERB rest": where VERB begins; 0: no such shape. */
static uint32_t rest_at(const struct query *q, const struct words *w, int *verb)
{
    char plural[KEY_MAX], singular[KEY_MAX];
    if (!words_key(q->t->plural, true, plural) || !words_key(q->t->noun, true, singular))
        return 0;
    for (int i = 0; i + 1 < w->n; i++) {
        bool open =
            i == 0 ? strcmp(w->tok[0].text, "which") == 0 || strcmp(w->tok[0].text, "what") == 0
                   : i == 1 && strcmp(w->tok[0].text, "how") == 0 &&
                         strcmp(w->tok[1].text, "many") == 0;
        if (!open)
            continue;
        for (int n = 1; n <= 4 && i + n + 1 < w->n; n++) {
            const char *next = w->tok[i + n + 1].text;
            char stem[WORD_MAX];
            word_stem(w->tok[i + n].text, stem);
            char key[KEY_MAX] = "";
            if (!token_key(&w->tok[i + n], true, key) ||
                !(strcmp(key, plural) == 0 || strcmp(key, singular) == 0))
                continue;
            if (!is_be(next) || (i + n + 2 < w->n && strcmp(w->tok[i + n + 2].text, "there") == 0))
                return 0;
            *verb = i + n + 1;
            return w->tok[i + 1].at;
        }
    }
    return 0;
}

static size_t question_end(const char *s)
{
    size_t n = strlen(s);
    while (n && (isspace((unsigned char)s[n - 1]) || strchr("?.!", s[n - 1])))
        n--;
    return n;
}

/* "12 processes are owned by root" */
static bool echo(const struct query *q, const char *question, int64_t n, struct text *out)
{
    static struct words none;
    struct words w = none;
    int verb = 0;
    words_read(question, strlen(question), &w);
    uint32_t at = rest_at(q, &w, &verb);
    if (!at || w.too_many)
        return false;
    for (int i = verb + 1; i < w.n; i++)
        if (strcmp(w.tok[i].text, "i") == 0 || strcmp(w.tok[i].text, "my") == 0 ||
            is_be(w.tok[i].text))
            return false;
    const struct token *v = &w.tok[verb];
    bool third =
        strcmp(v->text, "is") == 0 || strcmp(v->text, "was") == 0 || strcmp(v->text, "has") == 0;
    size_t noun_len = strlen(w.tok[verb - 1].text);
    if (third && noun_len && w.tok[verb - 1].text[noun_len - 1] == 's')
        return false; /* "which groups is maria in": the verb is maria's */
    for (int i = verb + 1; i < w.n; i++)
        if (strcmp(w.tok[i].text, "not") == 0 && i > verb + 1)
            return false;
    if (verb + 1 < w.n && strcmp(w.tok[verb].text, "are") == 0 && w.tok[verb].len > 3)
        return false; /* "aren't" */
    bool one = n == 1 || n == 0;
    static const char *const forms[][2] = {{"are", "is"}, {"were", "was"}, {"have", "has"}};
    const char *word = v->text;
    for (size_t i = 0; i < 3; i++)
        if (strcmp(v->text, forms[i][0]) == 0 || strcmp(v->text, forms[i][1]) == 0)
            word = forms[i][one];
    if (n)
        text_addf(out, "%lld ", (long long)n);
    else
        text_add(out, "No ");
    /* the words between "how many" and the noun, and the noun in its number */
    const struct token *noun = &w.tok[verb - 1];
    text_addn(out, question + at, noun->at - at);
    text_add(out, one ? q->t->noun : q->t->plural);
    text_addf(out, " %s", word);
    size_t from = v->at + v->len, to = question_end(question);
    if (to > from)
        text_addn(out, question + from, to - from);
    return true;
}

/* ---- shapes ---- */

static void capital(struct text *out, size_t at)
{
    if (out->len > at)
        out->p[at] = (char)toupper((unsigned char)out->p[at]);
}

static double number_of(const struct query *q, const struct outcome *o, int row)
{
    char name[WORD_MAX * 2];
    return sdk_get_real(cell(o, row, sql_agg_name(q, name, sizeof name)), NULL, (double)NAN);
}

static void say_count(const struct query *q, const char *question, const struct outcome *o,
                      struct text *out)
{
    double d = number_of(q, o, 0);
    int64_t n = isnan(d) ? 0 : (int64_t)d;
    if (echo(q, question, n, out))
        return;
    text_add(out, n == 1 ? "There is " : "There are ");
    count_noun(n, q->t, out);
    say_conds(q, 0, q->n_conds, out);
}

static void say_amount(const struct query *q, const struct outcome *o, struct text *out)
{
    static const char *const words[] = {
        [AGG_SUM] = "total", [AGG_AVG] = "average", [AGG_MIN] = "smallest", [AGG_MAX] = "largest"};
    const struct column *c = &q->t->columns[q->agg_column];
    double d = number_of(q, o, 0);
    if (isnan(d)) {
        text_addf(out, "There is no %s to speak of: no %s", c->label, q->t->noun);
        say_conds(q, 0, q->n_conds, out);
        text_add(out, " has one");
        return;
    }
    text_addf(out, "The %s %s of the %s", words[q->agg], c->label, q->t->plural);
    say_conds(q, 0, q->n_conds, out);
    text_add(out, " is ");
    answer_number(d, c->unit, out);
}

static void say_share(const struct query *q, const struct outcome *o, struct text *out)
{
    int64_t part = sdk_get_int(cell(o, 0, "part"), NULL, 0),
            whole = sdk_get_int(cell(o, 0, "whole"), NULL, 0);
    if (whole == 0) {
        text_addf(out, "There are no %s", q->t->plural);
        say_conds(q, 0, q->n_whole, out);
        return;
    }
    text_addf(out, "%.1f %% (%lld of %lld %s", sdk_get_real(cell(o, 0, "percent"), NULL, 0),
              (long long)part, (long long)whole, whole == 1 ? q->t->noun : q->t->plural);
    for (int i = 0; i < q->n_whole; i++) {
        text_add(out, ", ");
        say_cond(q->t, &q->conds[i], out);
    }
    text_add(out, "):");
    for (int i = q->n_whole; i < q->n_conds; i++) {
        text_add(out, i == q->n_whole ? " " : ", ");
        say_cond(q->t, &q->conds[i], out);
    }
}

static void say_groups(const struct query *q, const struct outcome *o, struct text *out)
{
    const struct column *g = &q->t->columns[q->group];
    const char *unit =
        q->agg_column >= 0 && q->agg != AGG_COUNT ? q->t->columns[q->agg_column].unit : NULL;
    if (o->row_count == 0) {
        text_addf(out, "There are no %s", q->t->plural);
        say_conds(q, 0, q->n_conds, out);
        return;
    }
    const char *what = q->agg_column >= 0 ? q->t->columns[q->agg_column].label : q->t->plural;
    bool least = q->by_agg && !q->descending;
    if (q->by_agg && q->limit == 1)
        text_addf(out, "The %s with the %s %s is ", g->label, least ? "least" : "most", what);
    else if (o->row_count == 1)
        text_addf(out, "The only %s is ", g->label);
    else
        text_addf(out, "Of %lld values of %s, the one with the %s %s is ", (long long)o->row_count,
                  g->label, least ? "least" : "most", what);
    say_value(cell(o, 0, g->name), g->unit, out);
    text_add(out, ": ");
    answer_number(number_of(q, o, 0), unit, out);
    if (q->agg == AGG_COUNT)
        text_addf(out, " %s", number_of(q, o, 0) == 1 ? q->t->noun : q->t->plural);
}

static void say_name(const struct query *q, const struct outcome *o, int row, struct text *out)
{
    int name = q->t->name_column;
    for (int i = 0; name < 0 && i < q->t->n_columns; i++)
        if (q->t->columns[i].key)
            name = i;
    const sdk_json *v = name >= 0 ? cell(o, row, q->t->columns[name].name) : NULL;
    if (!v)
        text_addf(out, "the %s", q->t->noun);
    else {
        if (v->type == SDK_INT)
            text_addf(out, "%s ", q->t->noun);
        say_value(v, NULL, out);
    }
}

static void say_facts(const struct query *q, const struct outcome *o, struct text *out)
{
    for (int i = 0; i < q->n_select; i++) {
        const struct column *c = &q->t->columns[q->select[i]];
        text_add(out, i == 0 ? "" : i + 1 == q->n_select ? ", and the " : ", the ");
        if (i == 0)
            text_add(out, "the ");
        text_add(out, c->label);
        if (i == 0 && !q->t->one_row) {
            text_add(out, " of ");
            say_name(q, o, 0, out);
        }
        text_add(out, " is ");
        say_value(cell(o, 0, c->name), c->unit, out);
    }
}

static void say_ranked(const struct query *q, const struct outcome *o, struct text *out)
{
    const struct column *c = &q->t->columns[q->order];
    const char *edge = c->type == C_TIME ? (q->descending ? "latest" : "earliest")
                                         : (q->descending ? "highest" : "lowest");
    if (o->row_count == 1) {
        text_addf(out, "The %s with the %s %s is ", q->t->noun, edge, c->label);
        say_name(q, o, 0, out);
        text_add(out, ": ");
        say_value(cell(o, 0, c->name), c->unit, out);
        return;
    }
    text_addf(out, "These are the %lld %s with the %s %s", (long long)o->row_count, q->t->plural,
              edge, c->label);
    say_conds(q, 0, q->n_conds, out);
    double sum = 0;
    bool add = c->unit && strcmp(c->unit, "percent") != 0 && is_number(c);
    for (int i = 0; add && i < o->row_count; i++)
        sum += sdk_get_real(cell(o, i, c->name), NULL, 0);
    if (add) {
        text_add(out, "; together ");
        answer_number(sum, c->unit, out);
    }
}

static void say_list(const struct query *q, const char *question, const struct outcome *o,
                     struct text *out)
{
    if (o->row_count == 0) {
        if (!q->n_select && echo(q, question, 0, out))
            return;
        text_addf(out, "There is no %s", q->t->noun);
        say_conds(q, 0, q->n_conds, out);
        return;
    }
    if (q->order >= 0 && q->limit) {
        say_ranked(q, o, out);
        return;
    }
    if (o->row_count == 1 && q->n_select) {
        say_facts(q, o, out);
        return;
    }
    if (!q->n_select && !q->limit && echo(q, question, o->row_count, out))
        return;
    if (q->t->one_row) {
        text_addf(out, "This is the %s", q->t->noun);
        return;
    }
    if (q->n_select && !q->n_conds) {
        text_addf(out, "The %s of ", q->t->columns[q->select[0]].label);
        count_noun(o->row_count, q->t, out);
        return;
    }
    text_add(out, o->row_count == 1 ? "There is " : "There are ");
    count_noun(o->row_count, q->t, out);
    say_conds(q, 0, q->n_conds, out);
}

static void say_yesno(const struct query *q, const struct outcome *o, struct text *out)
{
    if (q->all) {
        text_add(out, o->row_count ? "No: " : "Yes: ");
        count_noun(o->row_count, q->t, out);
        text_add(out, o->row_count == 1 ? " differs" : " differ");
        return;
    }
    text_add(out, o->row_count ? "Yes: " : "No: ");
    if (q->t->one_row && q->n_conds) { /* of one thing there is nothing to count */
        text_add(out, o->row_count ? "" : "it is not so that ");
        for (int i = 0; i < q->n_conds; i++) {
            text_add(out, i == 0 ? "" : " and ");
            say_cond(q->t, &q->conds[i], out);
        }
        return;
    }
    count_noun(o->row_count, q->t, out);
    say_conds(q, 0, q->n_conds, out);
}

bool answer_unknown(const struct query *q, const struct outcome *o)
{
    if (!o->partial || q->want == WANT_GROUP || q->want == WANT_SHARE)
        return false;
    return !o->row_count || (q->want == WANT_COUNT && number_of(q, o, 0) < 1);
}

void answer_write(const struct query *q, const char *question, const struct outcome *o,
                  struct text *out)
{
    size_t at = out->len;
    if (answer_unknown(q, o)) {
        text_addf(out, "I can't tell: %.*s. [%lld]", (int)(o->gap.len < 300 ? o->gap.len : 300),
                  o->gap.len ? o->gap.ptr : "", (long long)o->receipt);
        return;
    }
    switch ((int)q->want) {
    case WANT_COUNT:
        say_count(q, question, o, out);
        break;
    case WANT_NUMBER:
        say_amount(q, o, out);
        break;
    case WANT_GROUP:
        say_groups(q, o, out);
        break;
    case WANT_SHARE:
        say_share(q, o, out);
        break;
    case WANT_YESNO:
        say_yesno(q, o, out);
        break;
    case WANT_LIST:
    default:
        say_list(q, question, o, out);
        break;
    }
    if (!out->failed)
        capital(out, at);
    text_addf(out, ". [%lld]", (long long)o->receipt);
    if (o->partial)
        text_addf(out, " This may not be all: %.*s.", (int)(o->gap.len < 300 ? o->gap.len : 300),
                  o->gap.len ? o->gap.ptr : "not every source answered");
}
