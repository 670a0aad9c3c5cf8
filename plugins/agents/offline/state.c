/* Writing and reading queries.  What is read may be old, or someone else's: nothing is trusted. */
#include "state.h"

#include <string.h>

static void write_column(sdk_writer *w, const struct query *q, const char *key, int column)
{
    if (column >= 0)
        sdk_w_text(w, key, q->t->columns[column].name);
}

static void write_cond(sdk_writer *w, const struct query *q, const struct cond *c)
{
    sdk_w_open(w, NULL, '{');
    write_column(w, q, "column", c->column);
    sdk_w_int(w, "op", (int64_t)c->op);
    sdk_w_bool(w, "not", c->negated);
    sdk_w_bool(w, "time", c->time);
    if (c->whole && c->words)
        sdk_w_text(w, "words", c->words);
    if (c->turned)
        sdk_w_bool(w, "turned", true);
    if (c->implied)
        sdk_w_bool(w, "implied", true);
    sdk_w_open(w, "values", '[');
    for (int i = 0; i < c->n_values; i++) {
        const struct value *v = &c->values[i];
        if (v->is_bool)
            sdk_w_bool(w, NULL, v->number != 0);
        else if (v->is_number)
            sdk_w_real(w, NULL, v->number);
        else
            sdk_w_text(w, NULL, v->text);
    }
    sdk_w_close(w, ']');
    sdk_w_close(w, '}');
}

void state_write(const struct query *q, sdk_writer *w)
{
    sdk_w_text(w, "table", q->t->name);
    sdk_w_int(w, "want", (int64_t)q->want);
    sdk_w_open(w, "where", '[');
    for (int i = 0; i < q->n_conds; i++)
        write_cond(w, q, &q->conds[i]);
    sdk_w_close(w, ']');
    sdk_w_int(w, "whole", q->n_whole);
    sdk_w_open(w, "select", '[');
    for (int i = 0; i < q->n_select; i++)
        write_column(w, q, NULL, q->select[i]);
    sdk_w_close(w, ']');
    write_column(w, q, "group", q->group);
    write_column(w, q, "group2", q->group2);
    sdk_w_int(w, "agg", (int64_t)q->agg);
    write_column(w, q, "agg_column", q->agg_column);
    write_column(w, q, "order", q->order);
    sdk_w_bool(w, "by_agg", q->by_agg);
    sdk_w_bool(w, "descending", q->descending);
    sdk_w_int(w, "limit", q->limit);
    sdk_w_bool(w, "lone", q->lone);
    sdk_w_bool(w, "cut", q->pages_default);
    sdk_w_bool(w, "all", q->all);
    sdk_w_bool(w, "rows", q->and_list);
    sdk_w_bool(w, "followed", q->followed);
    if (q->has_having) {
        sdk_w_int(w, "having", (int64_t)q->having);
        sdk_w_real(w, "having_value", q->having_value);
    }
}

static bool read_cond(const sdk_json *node, struct query *q)
{
    int column = column_find(q->t, sdk_get_str(node, "column", NULL));
    int64_t op = sdk_get_int(node, "op", -1);
    if (column < 0 || op < OP_EQ || op > OP_HAS)
        return false;
    struct cond *c = query_cond(q, column, (enum cond_op)op, TIE_NONE);
    if (!c)
        return false;
    c->negated = sdk_get_bool(node, "not", false);
    c->time = sdk_get_bool(node, "time", false);
    c->words = sdk_get_str(node, "words", NULL);
    c->whole = c->words != NULL;
    c->turned = sdk_get_bool(node, "turned", false);
    c->implied = sdk_get_bool(node, "implied", false);
    sdk_foreach (v, sdk_member(node, "values")) {
        if (c->n_values == MAX_VALUES)
            return false;
        struct value *to = &c->values[c->n_values++];
        if (v->type == SDK_BOOL)
            *to = (struct value){.is_bool = true, .number = (double)v->u.i};
        else if (v->type == SDK_INT || v->type == SDK_REAL)
            *to = (struct value){.is_number = true, .number = sdk_get_real(v, NULL, 0)};
        else if (v->type == SDK_STRING)
            *to = (struct value){.text = v->text.ptr};
        else
            return false;
    }
    return c->n_values > 0 || c->op == OP_NULL;
}

static bool in_range(int64_t v, int64_t max)
{
    return v >= 0 && v <= max;
}

bool state_read(const sdk_json *node, const struct lexicon *l, struct query *ret)
{
    const char *name = sdk_get_str(node, "table", NULL);
    const struct table *t = NULL;
    for (int i = 0; name && i < l->n_tables && !t; i++)
        if (strcmp(l->tables[i].name, name) == 0)
            t = &l->tables[i];
    if (!t)
        return false;
    struct query *q = ret;
    query_init(q, t);
    int64_t want = sdk_get_int(node, "want", 0), agg = sdk_get_int(node, "agg", 0);
    int64_t limit = sdk_get_int(node, "limit", 0), having = sdk_get_int(node, "having", -1);
    int64_t whole = sdk_get_int(node, "whole", 0);
    if (!in_range(want, WANT_SHARE) || !in_range(agg, AGG_MAX) || !in_range(limit, 1000000) ||
        having > OP_GE || !in_range(whole, MAX_CONDS))
        return false;
    sdk_foreach (c, sdk_member(node, "where"))
        if (!read_cond(c, q))
            return false;
    sdk_foreach (c, sdk_member(node, "select")) {
        int column = column_find(t, c->type == SDK_STRING ? c->text.ptr : NULL);
        if (column < 0)
            return false;
        query_select(q, column);
    }
    q->want = (enum want)want;
    q->n_whole = whole <= q->n_conds ? (int)whole : 0;
    q->group = column_find(t, sdk_get_str(node, "group", NULL));
    q->group2 = column_find(t, sdk_get_str(node, "group2", NULL));
    q->agg = (enum aggregate)agg;
    q->agg_column = column_find(t, sdk_get_str(node, "agg_column", NULL));
    q->order = column_find(t, sdk_get_str(node, "order", NULL));
    q->by_agg = sdk_get_bool(node, "by_agg", false);
    q->descending = sdk_get_bool(node, "descending", false);
    q->limit = (int)limit;
    q->lone = sdk_get_bool(node, "lone", false);
    q->pages_default = sdk_get_bool(node, "cut", false);
    q->all = sdk_get_bool(node, "all", false);
    q->and_list = sdk_get_bool(node, "rows", false);
    q->followed = sdk_get_bool(node, "followed", false);
    q->has_having = having >= 0;
    q->having = having >= 0 ? (enum cond_op)having : OP_EQ;
    q->having_value = sdk_get_real(node, "having_value", 0);
    return q->want != WANT_GROUP || q->group >= 0;
}
