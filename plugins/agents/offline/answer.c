/* Says in a sentence what the rows say.  Where the question's own words make a sentence ("how many
 * X are Y": "12 X are Y") they are used; else a plain one is built. */
#include "answer.h"
#include "parse.h"
#include "sql.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Names begin as they do. */
static void capital(const struct query *q, struct text *out, size_t at)
{
    static const char *const words[] = {"the ",  "there ", "this ", "these ", "you ",
                                        "your ", "no ",    "a ",    "of "};
    const char *nouns[] = {q->t->noun, q->t->plural};
    bool own = false;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        own = own || strncmp(out->p + at, words[i], strlen(words[i])) == 0;
    for (size_t i = 0; i < 2; i++)
        own = own || strncmp(out->p + at, nouns[i], strlen(nouns[i])) == 0;
    if (own && out->len > at)
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

/* In the question's own words, where it has such a shape. */
static bool shaped(const struct query *q, const char *question, const sdk_json *v, double d,
                   const char *unit, struct text *out)
{
    struct text amount = {0};
    if (v)
        answer_value(v, unit, &amount);
    else
        answer_number(d, unit, &amount);
    bool done = !amount.failed && amount.p && answer_shape(q, question, amount.p, unit, out);
    text_free(&amount);
    return done;
}

static void say_amount(const struct query *q, const char *question, const struct outcome *o,
                       struct text *out)
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
    if (shaped(q, question, NULL, d, c->unit, out))
        return;
    text_addf(out, "The %s ", words[q->agg]);
    answer_label(q->t, q->agg_column, out);
    text_addf(out, " of the %s", q->t->plural);
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
    bool least = q->by_agg && !q->descending;
    if (q->group2 >= 0) {
        text_addf(out, "%lld combinations of %s and %s; %s ", (long long)o->row_count, g->label,
                  q->t->columns[q->group2].label, q->t->columns[q->group2].label);
        const struct column *h = &q->t->columns[q->group2];
        answer_value(outcome_cell(o, 0, h->name), h->unit, out);
        text_add(out, " of ");
    } else if (o->row_count > 1) {
        size_t n = strlen(g->label);
        bool es = n && strchr("sxh", g->label[n - 1]);
        bool y = n > 1 && g->label[n - 1] == 'y' && !strchr("aeiou", g->label[n - 2]);
        text_addf(out, "%lld %.*s%s; ", (long long)o->row_count, (int)(y ? n - 1 : n), g->label,
                  y    ? "ies"
                  : es ? "es"
                       : "s");
    }
    const sdk_json *name = outcome_cell(o, 0, g->name);
    if (!name || name->type != SDK_STRING)
        text_addf(out, "%s ", g->label);
    answer_value(name, g->unit, out);
    text_addf(out, " has %s",
              o->row_count == 1 && !(q->by_agg && q->limit == 1) ? ""
              : least                                            ? "the least "
                                                                 : "the most ");
    if (q->agg_column >= 0)
        answer_label(q->t, q->agg_column, out);
    else
        text_add(out, q->t->plural);
    text_add(out, ": ");
    answer_number(number_of(q, o, 0), unit, out);
    text_add(out, q->agg == AGG_AVG ? " on average" : "");
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

static bool has_key(const struct table *t)
{
    bool key = false;
    for (int i = 0; i < t->n_columns; i++)
        key = key || t->columns[i].key;
    return key;
}

static void say_facts(const struct query *q, const struct outcome *o, struct text *out)
{
    for (int i = 0; i < q->n_select; i++) {
        const struct column *c = &q->t->columns[q->select[i]];
        text_add(out, i == 0 ? "" : i + 1 == q->n_select ? ", and the " : ", the ");
        if (i == 0)
            text_add(out, "the ");
        answer_label(q->t, q->select[i], out);
        if (i == 0 && !q->t->one_row) {
            text_add(out, " of ");
            say_name(q, o, 0, out);
        }
        text_add(out, " is ");
        answer_value(outcome_cell(o, 0, c->name), c->unit, out);
    }
}

/* "fullest", when the question used that word; the column's superlatives stand in its manifest. */
static const char *superlative(const struct column *c, bool descending, const char *question)
{
    char said[KEY_MAX * 2];
    if (!words_key(question, false, said))
        return NULL;
    sdk_foreach (a, sdk_member(c->node, "adjectives")) {
        char key[KEY_MAX];
        if (a->key.ptr && strcmp(a->key.ptr, "highest") != 0 && strcmp(a->key.ptr, "lowest") != 0 &&
            sdk_str_is(a->text, descending ? "desc" : "asc") && words_key(a->key.ptr, false, key) &&
            strstr(said, key))
            return a->key.ptr;
    }
    return NULL;
}

/* "with the most memory" */
static void say_edge(const struct query *q, struct text *out)
{
    const struct column *c = &q->t->columns[q->order];
    bool share = c->unit && strcmp(c->unit, "percent") == 0;
    bool amount = is_number(c) && !share && adds_up(c);
    text_addf(out, " with the %s ",
              c->type == C_TIME ? (q->descending ? "latest" : "earliest")
              : amount          ? (q->descending ? "most" : "least")
                                : (q->descending ? "highest" : "lowest"));
    answer_label(q->t, q->order, out);
}

/* "12 % of the 4.7 GiB of all processes": only of a sum that is one. */
static void say_part(const struct query *q, const struct outcome *o, double sum, struct text *out)
{
    const struct column *c = &q->t->columns[q->order];
    char name[WORD_MAX * 2];
    (void)snprintf(name, sizeof name, "total_%s", c->name);
    double all = o->total ? sdk_get_real(outcome_cell(o->total, 0, name), NULL, 0) : 0;
    if (!(all > sum) || sum <= 0 || o->total->partial)
        return;
    text_addf(out, ", %.0f %% of the ", 100 * sum / all);
    answer_number(all, c->unit, out);
    text_addf(out, " of all%s %s [%lld]", q->n_conds ? " such" : "", q->t->plural,
              (long long)o->total->receipt);
}

static void say_ranked(const struct query *q, const char *question, const struct outcome *o,
                       struct text *out)
{
    const struct column *c = &q->t->columns[q->order];
    const char *word = superlative(c, q->descending, question);
    if (o->row_count == 1) {
        text_addf(out, "The %s%s%s", word ? word : "", word ? " " : "", q->t->noun);
        if (!word)
            say_edge(q, out);
        answer_conds(q, 0, q->n_conds, out);
        bool named = q->t->name_column >= 0 || has_key(q->t);
        text_add(out, named ? " is " : "");
        if (named)
            say_name(q, o, 0, out);
        text_add(out, ": ");
        answer_value(outcome_cell(o, 0, c->name), c->unit, out);
        return;
    }
    text_addf(out, "These are the %lld %s%s%s", (long long)o->row_count, word ? word : "",
              word ? " " : "", q->t->plural);
    if (!word)
        say_edge(q, out);
    answer_conds(q, 0, q->n_conds, out);
    double sum = 0;
    bool add = c->unit && strcmp(c->unit, "percent") != 0 && is_number(c);
    for (int i = 0; add && i < o->row_count; i++)
        sum += sdk_get_real(outcome_cell(o, i, c->name), NULL, 0);
    if (add) {
        text_add(out, "; together ");
        answer_number(sum, c->unit, out);
        say_part(q, o, sum, out);
    }
}

static void say_list(const struct query *q, const char *question, const struct outcome *o,
                     struct text *out)
{
    if (o->row_count == 0) {
        if (!q->n_select && answer_echo(q, question, 0, out))
            return;
        bool group = q->t->one_row;
        text_addf(out, group ? "There is no %s" : "There are no %s",
                  group ? q->t->noun : q->t->plural);
        answer_conds(q, 0, q->n_conds, out);
        return;
    }
    if (q->order >= 0 && q->limit) {
        say_ranked(q, question, o, out);
        return;
    }
    if (o->row_count == 1 && q->n_select) {
        const struct column *c = &q->t->columns[q->select[0]];
        const sdk_json *v = outcome_cell(o, 0, c->name);
        if (q->n_select > 1 || !v || v->type == SDK_NULL ||
            !shaped(q, question, v, 0, c->unit, out))
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
        text_add(out, "the ");
        answer_label(q->t, q->select[0], out);
        text_add(out, " of ");
        answer_count(o->row_count, q->t, out);
        return;
    }
    text_add(out, o->row_count == 1 ? "There is " : "There are ");
    answer_count(o->row_count, q->t, out);
    answer_conds(q, 0, q->n_conds, out);
}

static void say_yesno(const struct query *q, const char *question, const struct outcome *o,
                      struct text *out)
{
    if (q->all) {
        text_add(out, o->row_count ? "No: " : "Yes: ");
        answer_count(o->row_count, q->t, out);
        text_add(out, o->row_count == 1 ? " differs" : " differ");
        return;
    }
    if (answer_shape_yesno(q, question, o->row_count > 0, out))
        return;
    text_add(out, o->row_count ? "Yes: " : "No: ");
    if (q->t->one_row && q->n_conds) { /* of one thing there is nothing to count */
        for (int i = 0; i < q->n_conds; i++) {
            text_add(out, i == 0 ? "" : " and ");
            if (q->n_select && o->row_count && q->conds[i].op == OP_GT) {
                const struct column *c = &q->t->columns[q->conds[i].column];
                answer_label(q->t, q->conds[i].column, out);
                text_add(out, " is ");
                answer_value(outcome_cell(o, 0, c->name), c->unit, out);
            } else if (!o->row_count && q->conds[i].op == OP_GT && !q->conds[i].negated &&
                       q->conds[i].values[0].number == 0) {
                text_add(out, "no ");
                answer_label(q->t, q->conds[i].column, out);
            } else {
                text_add(out, o->row_count || i ? "" : "it is not the case that ");
                answer_cond(q->t, &q->conds[i], out);
            }
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
        say_amount(q, question, o, out);
        break;
    case WANT_GROUP:
        say_groups(q, o, out);
        break;
    case WANT_SHARE:
        say_share(q, o, out);
        break;
    case WANT_YESNO:
        say_yesno(q, question, o, out);
        break;
    case WANT_LIST:
    default:
        say_list(q, question, o, out);
        break;
    }
    if (!out->failed && out->p)
        capital(q, out, at);
    text_addf(out, ". [%lld]", (long long)o->receipt);
    if (o->partial)
        text_addf(out, " This may not be all: %.*s.", (int)(o->gap.len < 300 ? o->gap.len : 300),
                  o->gap.len ? o->gap.ptr : "not every source answered");
}
