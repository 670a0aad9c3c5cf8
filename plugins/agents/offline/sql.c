/* From a query to SQL. */
#include "sql.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Of SQLite's keywords those that a column might be called. */
static bool is_keyword(const char *name)
{
    static const char *const words[] = {
        "action",      "add",     "all",        "and",     "as",      "asc",    "between",
        "by",          "case",    "cast",       "check",   "column",  "commit", "create",
        "cross",       "current", "database",   "default", "delete",  "desc",   "distinct",
        "drop",        "each",    "else",       "end",     "escape",  "except", "exists",
        "filter",      "foreign", "from",       "full",    "glob",    "group",  "groups",
        "having",      "if",      "in",         "index",   "inner",   "insert", "into",
        "is",          "isnull",  "join",       "key",     "left",    "like",   "limit",
        "match",       "natural", "no",         "not",     "notnull", "null",   "of",
        "offset",      "on",      "or",         "order",   "outer",   "over",   "plan",
        "primary",     "range",   "references", "release", "replace", "right",  "row",
        "rows",        "select",  "set",        "table",   "temp",    "then",   "to",
        "transaction", "trigger", "union",      "unique",  "update",  "using",  "values",
        "view",        "when",    "where",      "window",  "with"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(words[i], name) == 0)
            return true;
    return false;
}

void sql_name(const char *name, struct text *out)
{
    size_t plain = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
    bool digit = name[0] >= '0' && name[0] <= '9';
    if (name[plain] == '\0' && plain && !digit && !is_keyword(name)) {
        text_add(out, name);
        return;
    }
    text_add(out, "\"");
    for (const char *p = name; *p; p++) {
        if (*p == '"')
            text_add(out, "\"");
        text_addn(out, p, 1);
    }
    text_add(out, "\"");
}

void sql_literal(const char *text, struct text *out)
{
    text_add(out, "'");
    for (const char *p = text; *p; p++) {
        if (*p == '\'')
            text_add(out, "'");
        text_addn(out, p, 1);
    }
    text_add(out, "'");
}

/* % and _ stand for themselves. */
static void like(const char *text, bool before, bool after, struct text *out)
{
    text_add(out, before ? "'%" : "'");
    bool escaped = false;
    for (const char *p = text; *p; p++) {
        if (*p == '%' || *p == '_' || *p == '\\') {
            text_add(out, "\\");
            escaped = true;
        }
        if (*p == '\'')
            text_add(out, "'");
        text_addn(out, p, 1);
    }
    text_add(out, after ? "%'" : "'");
    if (escaped)
        text_add(out, " escape '\\'");
}

static void number(double d, struct text *out)
{
    if (d == floor(d) && fabs(d) < 1e15)
        text_addf(out, "%.0f", d);
    else
        text_addf(out, "%.15g", d);
}

static void value(const struct cond *c, const struct value *v, struct text *out)
{
    if (c->time) {
        char when[32];
        sdk_format_time((int64_t)v->number, when);
        text_addf(out, "'%s'", when);
    } else if (v->text) {
        sql_literal(v->text, out);
    } else {
        number(v->number, out);
    }
}

static void one_of(const struct query *q, const struct cond *c, struct text *out)
{
    const char *name = q->t->columns[c->column].name;
    sql_name(name, out);
    if (c->n_values == 1) {
        if (c->values[0].is_bool) {
            text_add(out, " = ");
            number((c->values[0].number != 0) != c->negated, out);
            return;
        }
        /* nothing's owner is not root, either */
        text_add(out, c->negated ? " is not " : " = ");
        value(c, &c->values[0], out);
        return;
    }
    text_add(out, c->negated ? " not in (" : " in (");
    for (int i = 0; i < c->n_values; i++) {
        text_add(out, i ? ", " : "");
        value(c, &c->values[i], out);
    }
    text_add(out, ")");
    if (c->negated) {
        text_add(out, " or ");
        sql_name(name, out);
        text_add(out, " is null");
    }
}

static void holds(const struct query *q, const struct cond *c, struct text *out)
{
    text_add(out, c->negated ? "not exists (select 1 from json_each("
                             : "exists (select 1 from json_each(");
    sql_name(q->t->columns[c->column].name, out);
    text_add(out, ") where ");
    if (c->n_values == 2) {
        text_add(out, "key = ");
        sql_literal(c->values[0].text, out);
        text_add(out, " and ");
    }
    text_add(out, "value = ");
    value(c, &c->values[c->n_values - 1], out);
    text_add(out, ")");
}

void sql_cond(const struct query *q, const struct cond *c, struct text *out)
{
    static const char *const plain[] = {
        [OP_LT] = " < ", [OP_LE] = " <= ", [OP_GT] = " > ", [OP_GE] = " >= "};
    const char *name = q->t->columns[c->column].name;
    switch ((int)c->op) {
    case OP_EQ:
        one_of(q, c, out);
        break;
    case OP_NULL:
        sql_name(name, out);
        text_add(out, c->negated ? " is not null" : " is null");
        break;
    case OP_PREFIX:
    case OP_SUFFIX:
    case OP_CONTAINS:
        sql_name(name, out);
        text_add(out, c->negated ? " not like " : " like ");
        like(c->values[0].text, c->op != OP_PREFIX, c->op != OP_SUFFIX, out);
        break;
    case OP_HAS:
        holds(q, c, out);
        break;
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE:
        if (c->negated)
            text_add(out, "not (");
        sql_name(name, out);
        text_add(out, plain[c->op]);
        value(c, &c->values[0], out);
        if (c->negated)
            text_add(out, ")");
        break;
    default:
        break;
    }
    if (c->negated && c->op >= OP_LT && c->op <= OP_GE) {
        text_add(out, " or ");
        sql_name(name, out);
        text_add(out, " is null");
    }
}

static bool needs_brackets(const struct cond *c)
{
    return c->negated &&
           ((c->op == OP_EQ && c->n_values > 1) || (c->op >= OP_LT && c->op <= OP_GE));
}

static void where(const struct query *q, int from, int to, const char *word, struct text *out)
{
    for (int i = from; i < to; i++) {
        text_add(out, i > from ? " and " : word);
        bool brackets = needs_brackets(&q->conds[i]) && to - from > 1;
        text_add(out, brackets ? "(" : "");
        sql_cond(q, &q->conds[i], out);
        text_add(out, brackets ? ")" : "");
    }
}

const char *sql_agg_name(const struct query *q, char *out, size_t size)
{
    static const char *const words[] = {
        [AGG_SUM] = "total", [AGG_AVG] = "average", [AGG_MIN] = "smallest", [AGG_MAX] = "largest"};
    if (q->agg == AGG_COUNT || q->agg == AGG_NONE || q->agg_column < 0) {
        char noun[WORD_MAX];
        (void)snprintf(noun, sizeof noun, "%.40s", q->t->plural);
        for (char *p = noun; *p; p++)
            if (!((*p >= 'a' && *p <= 'z') || *p == '_'))
                *p = '_';
        (void)snprintf(out, size, "%s", noun);
    } else {
        (void)snprintf(out, size, "%s_%s", words[q->agg], q->t->columns[q->agg_column].name);
    }
    return out;
}

static void aggregate(const struct query *q, struct text *out)
{
    static const char *const functions[] = {[AGG_COUNT] = "count",
                                            [AGG_SUM] = "sum",
                                            [AGG_AVG] = "avg",
                                            [AGG_MIN] = "min",
                                            [AGG_MAX] = "max"};
    char name[WORD_MAX * 2];
    if (q->agg == AGG_COUNT || q->agg == AGG_NONE) {
        text_add(out, "count(*)");
    } else {
        text_addf(out, "%s(", functions[q->agg]);
        sql_name(q->t->columns[q->agg_column].name, out);
        text_add(out, ")");
    }
    text_add(out, " as ");
    sql_name(sql_agg_name(q, name, sizeof name), out);
}

static void order_limit(const struct query *q, int limit, struct text *out)
{
    char name[WORD_MAX * 2];
    if (q->want == WANT_GROUP) {
        text_add(out, " order by ");
        sql_name(sql_agg_name(q, name, sizeof name), out);
        text_add(out, q->by_agg && !q->descending ? "" : " desc");
    } else if (q->order >= 0) {
        text_add(out, " order by ");
        sql_name(q->t->columns[q->order].name, out);
        text_add(out, q->descending ? " desc" : "");
        if (!q->descending)
            text_add(out, " nulls last");
    }
    if (limit)
        text_addf(out, " limit %d", limit);
}

static bool listed(const int *list, int n, int column)
{
    for (int i = 0; i < n; i++)
        if (list[i] == column)
            return true;
    return false;
}

/* Keys, the name and what was asked; all default columns when nothing was asked by name. */
static void columns(const struct query *q, struct text *out)
{
    int list[64], n = 0;
    const struct table *t = q->t;
    bool few = q->n_select > 0;
    for (int i = 0; i < t->n_columns && n < 40; i++) {
        bool identity = t->columns[i].key || i == t->name_column;
        if (few ? identity && !t->one_row : t->columns[i].shown)
            list[n++] = i;
    }
    for (int i = 0; i < t->n_columns && n == 0 && !few && n < 40; i++)
        if (!t->columns[i].costly && !t->columns[i].sensitive)
            list[n++] = i;
    for (int i = 0; i < q->n_select; i++)
        if (!listed(list, n, q->select[i]))
            list[n++] = q->select[i];
    for (int i = 0; i < q->n_conds && !t->one_row; i++)
        if (!q->conds[i].implied && !listed(list, n, q->conds[i].column) && n < 60)
            list[n++] = q->conds[i].column;
    if (q->order >= 0 && !listed(list, n, q->order) && n < 64)
        list[n++] = q->order;
    for (int i = 0; i < n; i++) {
        text_add(out, i ? ", " : "");
        sql_name(t->columns[list[i]].name, out);
    }
}

static void from(const struct query *q, struct text *out)
{
    text_add(out, " from ");
    sql_name(q->t->name, out);
}

static void write_list(const struct query *q, int limit, struct text *out)
{
    text_add(out, "select ");
    columns(q, out);
    from(q, out);
    where(q, 0, q->n_conds, " where ", out);
    if (q->order >= 0) { /* what has no value ranks nowhere */
        if (limit && !q->descending) {
            text_add(out, q->n_conds ? " and " : " where ");
            sql_name(q->t->columns[q->order].name, out);
            text_add(out, " is not null");
        }
    }
    order_limit(q, limit, out);
}

static void write_group(const struct query *q, struct text *out)
{
    char name[WORD_MAX * 2];
    static const char *const ops[] = {
        [OP_EQ] = "=", [OP_LT] = "<", [OP_LE] = "<=", [OP_GT] = ">", [OP_GE] = ">="};
    text_add(out, "select ");
    sql_name(q->t->columns[q->group].name, out);
    if (q->group2 >= 0) {
        text_add(out, ", ");
        sql_name(q->t->columns[q->group2].name, out);
    }
    text_add(out, ", ");
    aggregate(q, out);
    from(q, out);
    where(q, 0, q->n_conds, " where ", out);
    if (q->by_agg && q->limit) {
        text_add(out, q->n_conds ? " and " : " where ");
        sql_name(q->t->columns[q->group].name, out);
        text_add(out, " is not null");
    }
    text_add(out, " group by ");
    sql_name(q->t->columns[q->group].name, out);
    if (q->group2 >= 0) {
        text_add(out, ", ");
        sql_name(q->t->columns[q->group2].name, out);
    }
    if (q->has_having) {
        text_add(out, " having ");
        sql_name(sql_agg_name(q, name, sizeof name), out);
        text_addf(out, " %s ", ops[q->having]);
        number(q->having_value, out);
    }
    order_limit(q, q->limit, out);
}

static void write_share(const struct query *q, struct text *out)
{
    text_add(out, "select round(100.0 * count(*) filter (");
    where(q, q->n_whole, q->n_conds, "where ", out);
    text_add(out, ") / count(*), 1) as percent, count(*) filter (");
    where(q, q->n_whole, q->n_conds, "where ", out);
    text_add(out, ") as part, count(*) as whole");
    from(q, out);
    where(q, 0, q->n_whole, " where ", out);
}

void sql_write(const struct query *q, struct text *out)
{
    switch ((int)q->want) {
    case WANT_COUNT:
    case WANT_NUMBER:
        text_add(out, "select ");
        aggregate(q, out);
        from(q, out);
        where(q, 0, q->n_conds, " where ", out);
        break;
    case WANT_GROUP:
        write_group(q, out);
        break;
    case WANT_SHARE:
        write_share(q, out);
        break;
    case WANT_LIST:
    case WANT_YESNO:
    default:
        write_list(q, q->limit, out);
        break;
    }
}

void sql_write_rows(const struct query *q, struct text *out)
{
    struct query rows = *q;
    rows.want = WANT_LIST;
    rows.n_select = 0;
    if (q->agg_column >= 0)
        query_select(&rows, q->agg_column);
    write_list(&rows, 0, out);
}

bool sql_write_total(const struct query *q, struct text *out)
{
    const struct column *c = q->order >= 0 ? &q->t->columns[q->order] : NULL;
    if (!c || q->want != WANT_LIST || q->limit < 2 || !q->descending || q->t->view || c->costly ||
        q->and_list || c->type != C_INT || !c->unit || strcmp(c->unit, "bytes") != 0)
        return false;
    struct query sum = *q;
    sum.want = WANT_NUMBER;
    sum.agg = AGG_SUM;
    sum.agg_column = q->order;
    sum.order = -1;
    sum.limit = 0;
    sql_write(&sum, out);
    return true;
}
