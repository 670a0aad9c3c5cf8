/* Names that no manifest knows ("maria", "nginx") are looked up in the data: the column that holds
 * one is what it stands for.  What is nowhere is not understood. */
#include "choose.h"
#include "sql.h"

#include <stdio.h>
#include <string.h>

enum { MAX_PLACES = 24 };

struct places {
    int column[MAX_PLACES];
    int n;
};

static void offer(struct places *l, int column)
{
    for (int i = 0; i < l->n; i++)
        if (l->column[i] == column)
            return;
    if (column >= 0 && l->n < MAX_PLACES)
        l->column[l->n++] = column;
}

static void offer_text(struct places *l, const struct table *t, int column)
{
    if (column < 0)
        return;
    const struct column *c = &t->columns[column];
    if (c->type == C_TEXT && !c->sensitive && (!c->costly || c->shown || column == t->name_column))
        offer(l, column);
}

/* In order of likelihood for that tie. */
static struct places places_for(const struct table *t, enum tie tie)
{
    struct places l = {.n = 0};
    for (int i = 0; tie == TIE_MEMBER && i < t->n_columns; i++)
        if (t->columns[i].type == C_JSON && !t->columns[i].costly)
            offer(&l, i);
    if (tie == TIE_MEMBER)
        return l;
    if (tie == TIE_OWNER)
        for (int i = 0; i < t->n_columns; i++)
            if (t->columns[i].who)
                offer_text(&l, t, i);
    offer_text(&l, t, t->name_column);
    for (int i = 0; i < t->n_columns; i++)
        if (t->columns[i].key)
            offer_text(&l, t, i);
    for (int i = 0; i < t->n_columns; i++)
        if (t->columns[i].who || t->columns[i].shown)
            offer_text(&l, t, i);
    for (int i = 0; tie != TIE_OWNER && i < t->n_columns; i++)
        offer_text(&l, t, i);
    return l;
}

static int32_t run(const struct mind *m, const struct text *sql, sdk_result *ret, allora_error *err)
{
    if (sql->failed)
        return sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
    sdk_writer w = sdk_writer_begin(m->self, m->ctx);
    sdk_w_open(&w, NULL, '{');
    sdk_w_str(&w, "sql", sdk_str_n(sql->p, sql->len));
    sdk_w_close(&w, '}');
    allora_str args = sdk_w_done(&w);
    if (!args.ptr)
        return sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
    return sdk_call(m->self, m->ctx, "query.sql", args, 10, ret, err);
}

static void lookup_sql(const struct table *t, const struct places *l, const char *name, bool part,
                       struct text *out)
{
    char folded[WORD_MAX];
    (void)snprintf(folded, sizeof folded, "%s", name);
    for (char *p = folded; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    text_add(out, "select ");
    for (int i = 0; i < l->n; i++) {
        text_add(out, i ? ", max(case when " : "max(case when ");
        if (t->columns[l->column[i]].type == C_JSON) {
            text_add(out, "exists (select 1 from json_each(");
            sql_name(t->columns[l->column[i]].name, out);
            text_add(out, ") where lower(value) = ");
            sql_literal(folded, out);
            text_add(out, ") then ");
            sql_literal(name, out);
            text_addf(out, " end) as p%d", i);
            continue;
        }
        if (part) {
            text_add(out, "instr(lower(");
            sql_name(t->columns[l->column[i]].name, out);
            text_add(out, "), ");
            sql_literal(folded, out);
            text_add(out, ") > 0");
        } else {
            text_add(out, "lower(");
            sql_name(t->columns[l->column[i]].name, out);
            text_add(out, ") = ");
            sql_literal(folded, out);
        }
        text_add(out, " then ");
        sql_name(t->columns[l->column[i]].name, out);
        text_addf(out, " end) as p%d", i);
    }
    text_add(out, " from ");
    sql_name(t->name, out);
}

/* The first place that holds the name, with the data's spelling; -1: nowhere. */
static int32_t look_up(const struct mind *m, const struct table *t, const struct places *l,
                       const char *name, bool part, int *ret, const char **spelling,
                       allora_error *err)
{
    struct text sql = {0};
    sdk_result rows;
    *ret = -1;
    if (l->n == 0)
        return ALLORA_OK;
    lookup_sql(t, l, name, part, &sql);
    int32_t status = run(m, &sql, &rows, err);
    text_free(&sql);
    if (status < 0)
        return status;
    for (uint32_t i = 0; rows.n_rows && i < rows.n_columns && i < (uint32_t)l->n; i++) {
        const allora_value *v = &rows.rows[0][i];
        if (v->type != ALLORA_V_TEXT)
            continue;
        *spelling = sdk_copy(m->self, m->ctx, sdk_str_n(v->u.p, v->len));
        *ret = l->column[i];
        return ALLORA_OK;
    }
    return ALLORA_OK;
}

/* Without those columns that another condition has fixed already; then lists may hold the name:
 * "is maria in group sudo". */
static struct places free_places(const struct query *q, int at, struct places l)
{
    struct places ret = {.n = 0};
    bool fixed = false;
    for (int i = 0; i < l.n; i++) {
        bool taken = false;
        for (int k = 0; k < q->n_conds; k++)
            taken = taken || (k != at && q->conds[k].column == l.column[i] &&
                              q->conds[k].op == OP_EQ && !q->conds[k].negated);
        fixed = fixed || taken;
        if (!taken)
            offer(&ret, l.column[i]);
    }
    for (int i = 0; fixed && i < q->t->n_columns; i++)
        if (q->t->columns[i].type == C_JSON && !q->t->columns[i].costly)
            offer(&ret, i);
    return ret;
}

static void assume(const struct mind *m, struct choice *c, const char *text)
{
    if (text && c->n_assumed < 4)
        c->assumed[c->n_assumed++] = text;
    (void)m;
}

/* "opened by" is how both the program and the user of a port are spoken of. */
static bool said_alike(const struct column *c, const char *words)
{
    size_t n = words ? strlen(words) : 0;
    sdk_foreach (s, sdk_member(c->node, "synonyms"))
        if (n && s->text.ptr && strncmp(s->text.ptr, words, n) == 0)
            return true;
    return false;
}

static int32_t one_name(const struct mind *m, struct query *q, int at, int v, struct choice *c,
                        bool *found, allora_error *err)
{
    struct cond *cond = &q->conds[at];
    const struct table *t = q->t;
    struct places l = {.n = 0};
    const char *name = cond->values[v].text, *spelling = NULL;
    bool known = cond->column >= 0;
    if (!name || (known && (t->columns[cond->column].type != C_TEXT || cond->op != OP_EQ)))
        return ALLORA_OK;
    if (known)
        offer(&l, cond->column);
    else
        l = free_places(q, at, places_for(t, q->ties[at]));
    int column = -1;
    int32_t status = look_up(m, t, &l, name, false, &column, &spelling, err);
    if (status < 0)
        return status;
    if (column >= 0) {
        cond->column = column;
        cond->op = t->columns[column].type == C_JSON ? OP_HAS : cond->op;
        cond->values[v].text = spelling ? spelling : name;
        return ALLORA_OK;
    }
    if (known && t->columns[cond->column].who && q->ties[at] == TIE_COLUMN) {
        l = places_for(t, TIE_OWNER); /* "opened by" may mean either of two */
        status = look_up(m, t, &l, name, false, &column, &spelling, err);
        if (status < 0)
            return status;
        if (column >= 0 && t->columns[column].who && said_alike(&t->columns[column], cond->words)) {
            cond->column = column;
            cond->values[v].text = spelling ? spelling : name;
            return ALLORA_OK;
        }
        column = -1;
    }
    const bool sure = q->ties[at] == TIE_COLUMN || q->ties[at] == TIE_NAMED || q->exists;
    if (known && strcmp(name, "nobody") == 0 && cond->n_values == 1) {
        cond->op = OP_NULL;
        cond->n_values = 0;
        return ALLORA_OK;
    }
    if (known && sure && !cond->negated) {
        status = look_up(m, t, &l, name, true, &column, &c->near, err);
        if (status < 0)
            return status;
        if (column < 0)
            return ALLORA_OK; /* nobody has it: that is an answer */
        column = -1;          /* but "bash" is part of /bin/bash */
    }
    bool loose = q->ties[at] == TIE_LOOSE && strlen(name) >= 3 && cond->n_values == 1 &&
                 t->name_column >= 0 && t->columns[t->name_column].type == C_TEXT && !t->one_row;
    if (loose) {
        struct places names = {.column = {t->name_column}, .n = 1};
        status = look_up(m, t, &names, name, true, &column, &spelling, err);
        if (status < 0)
            return status;
    }
    if (column >= 0) {
        cond->column = column;
        cond->op = OP_CONTAINS;
        assume(m, c,
               sdk_printf(m->self, m->ctx, "I took “%s” as part of the %s", name,
                          t->columns[column].label));
        return ALLORA_OK;
    }
    *found = false;
    if (c->n_words < 8)
        c->words[c->n_words++] = name;
    return ALLORA_OK;
}

int32_t probe_part(const struct mind *m, const struct table *t, const char *name, const char **ret,
                   allora_error *err)
{
    struct places names = {.column = {t->name_column}, .n = 1};
    int column = -1;
    *ret = NULL;
    if (t->name_column < 0 || t->columns[t->name_column].type != C_TEXT || t->one_row ||
        strlen(name) < 3)
        return ALLORA_OK;
    int32_t status = look_up(m, t, &names, name, true, &column, ret, err);
    *ret = column >= 0 ? *ret : NULL;
    return status;
}

int32_t probe_names(const struct mind *m, struct query *q, struct choice *c, bool *ret,
                    allora_error *err)
{
    *ret = true;
    for (int i = 0; i < q->n_conds; i++) {
        if (q->ties[i] == TIE_NONE)
            continue;
        for (int v = 0; v < q->conds[i].n_values; v++) {
            int32_t status = one_name(m, q, i, v, c, ret, err);
            if (status < 0)
                return status;
        }
        q->ties[i] = q->conds[i].column >= 0 ? TIE_NONE : q->ties[i];
    }
    return ALLORA_OK;
}
