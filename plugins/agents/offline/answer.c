/* Says in a sentence what the rows say.  Where the question's own words make a sentence ("how many
 * X are Y": "12 X are Y") they are used; else a plain one is built. */
#include "answer.h"
#include "sql.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static void capital(struct text *out, size_t at)
{
    if (out->len > at)
        out->p[at] = (char)toupper((unsigned char)out->p[at]);
}

static double number_of(const struct query *q, const struct outcome *o, int row)
{
    char name[WORD_MAX * 2];
    return sdk_get_real(outcome_cell(o, row, sql_agg_name(q, name, sizeof name)), NULL,
                        (double)NAN);
}

static void say_count(const struct query *q, const char *question, const struct outcome *o,
                      struct text *out)
{
    double d = number_of(q, o, 0);
    int64_t n = isnan(d) ? 0 : (int64_t)d;
    if (answer_echo(q, question, n, out))
        return;
    text_add(out, n == 1 ? "There is " : "There are ");
    answer_count(n, q->t, out);
    answer_conds(q, 0, q->n_conds, out);
}

static void say_amount(const struct query *q, const struct outcome *o, struct text *out)
{
    static const char *const words[] = {
        [AGG_SUM] = "total", [AGG_AVG] = "average", [AGG_MIN] = "smallest", [AGG_MAX] = "largest"};
    const struct column *c = &q->t->columns[q->agg_column];
    double d = number_of(q, o, 0);
    if (isnan(d)) {
        text_addf(out, "There is no %s to speak of: no %s", c->label, q->t->noun);
        answer_conds(q, 0, q->n_conds, out);
        text_add(out, " has one");
        return;
    }
    text_addf(out, "The %s %s of the %s", words[q->agg], c->label, q->t->plural);
    answer_conds(q, 0, q->n_conds, out);
    text_add(out, " is ");
    answer_number(d, c->unit, out);
}

static void say_share(const struct query *q, const struct outcome *o, struct text *out)
{
    int64_t part = sdk_get_int(outcome_cell(o, 0, "part"), NULL, 0),
            whole = sdk_get_int(outcome_cell(o, 0, "whole"), NULL, 0);
    if (whole == 0) {
        text_addf(out, "There are no %s", q->t->plural);
        answer_conds(q, 0, q->n_whole, out);
        return;
    }
    text_addf(out, "%.1f %% (%lld of %lld %s", sdk_get_real(outcome_cell(o, 0, "percent"), NULL, 0),
              (long long)part, (long long)whole, whole == 1 ? q->t->noun : q->t->plural);
    for (int i = 0; i < q->n_whole; i++) {
        text_add(out, ", ");
        answer_cond(q->t, &q->conds[i], out);
    }
    text_add(out, "):");
    for (int i = q->n_whole; i < q->n_conds; i++) {
        text_add(out, i == q->n_whole ? " " : ", ");
        answer_cond(q->t, &q->conds[i], out);
    }
}

static void say_groups(const struct query *q, const struct outcome *o, struct text *out)
{
    const struct column *g = &q->t->columns[q->group];
    const char *unit =
        q->agg_column >= 0 && q->agg != AGG_COUNT ? q->t->columns[q->agg_column].unit : NULL;
    if (o->row_count == 0) {
        text_addf(out, "There are no %s", q->t->plural);
        answer_conds(q, 0, q->n_conds, out);
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
    answer_value(outcome_cell(o, 0, g->name), g->unit, out);
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
    const sdk_json *v = name >= 0 ? outcome_cell(o, row, q->t->columns[name].name) : NULL;
    if (!v)
        text_addf(out, "the %s", q->t->noun);
    else {
        if (v->type == SDK_INT)
            text_addf(out, "%s ", q->t->noun);
        answer_value(v, NULL, out);
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
        answer_value(outcome_cell(o, 0, c->name), c->unit, out);
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
        answer_value(outcome_cell(o, 0, c->name), c->unit, out);
        return;
    }
    text_addf(out, "These are the %lld %s with the %s %s", (long long)o->row_count, q->t->plural,
              edge, c->label);
    answer_conds(q, 0, q->n_conds, out);
    double sum = 0;
    bool add = c->unit && strcmp(c->unit, "percent") != 0 && is_number(c);
    for (int i = 0; add && i < o->row_count; i++)
        sum += sdk_get_real(outcome_cell(o, i, c->name), NULL, 0);
    if (add) {
        text_add(out, "; together ");
        answer_number(sum, c->unit, out);
    }
}

static void say_list(const struct query *q, const char *question, const struct outcome *o,
                     struct text *out)
{
    if (o->row_count == 0) {
        if (!q->n_select && answer_echo(q, question, 0, out))
            return;
        text_addf(out, "There is no %s", q->t->noun);
        answer_conds(q, 0, q->n_conds, out);
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
    if (!q->n_select && !q->limit && answer_echo(q, question, o->row_count, out))
        return;
    if (q->t->one_row) {
        text_addf(out, "This is the %s", q->t->noun);
        return;
    }
    if (q->n_select && !q->n_conds) {
        text_addf(out, "The %s of ", q->t->columns[q->select[0]].label);
        answer_count(o->row_count, q->t, out);
        return;
    }
    text_add(out, o->row_count == 1 ? "There is " : "There are ");
    answer_count(o->row_count, q->t, out);
    answer_conds(q, 0, q->n_conds, out);
}

static void say_yesno(const struct query *q, const struct outcome *o, struct text *out)
{
    if (q->all) {
        text_add(out, o->row_count ? "No: " : "Yes: ");
        answer_count(o->row_count, q->t, out);
        text_add(out, o->row_count == 1 ? " differs" : " differ");
        return;
    }
    text_add(out, o->row_count ? "Yes: " : "No: ");
    if (q->t->one_row && q->n_conds) { /* of one thing there is nothing to count */
        text_add(out, o->row_count ? "" : "it is not so that ");
        for (int i = 0; i < q->n_conds; i++) {
            text_add(out, i == 0 ? "" : " and ");
            answer_cond(q->t, &q->conds[i], out);
        }
        return;
    }
    answer_count(o->row_count, q->t, out);
    answer_conds(q, 0, q->n_conds, out);
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
