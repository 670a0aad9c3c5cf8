/* xBestIndex: which constraints a scan takes over.
 *
 * Every comparison of a column with something SQLite can already compute is taken: the table's own
 * operators go to list(), all others are evaluated on each row before it is copied.  Whether a
 * value is a constant or comes from another table of a join cannot be asked; but when SQLite plans
 * a join it also asks for the plan without the other tables, and then marks those constraints
 * unusable.  So each loop's session remembers which constraints were ever unusable: by the time the
 * statement runs, these are known to vary, and are answered from an index over the rows instead of
 * being sent to a remote (cursor.c).
 *
 * Costs: a scan of the unknown is a million rows.  In "careful" statements all plans cost about the
 * same: SQLite's plans for OR and RIGHT JOIN read a table several times and match rows by number,
 * which a live table does not have. */
#include "query/statement.h"

#include "base/err.h"
#include "base/mem.h"
#include "query/timetext.h"

#include <string.h>

#define SCAN_ROWS 1e6
enum { MAX_PLANS = 20000 };

static bool same_loop(const struct plan_session *s, const sqlite3_index_info *info)
{
    if (!s || s->info != info || s->n != info->nConstraint)
        return false;
    for (int i = 0; i < info->nConstraint; i++) {
        if (!info->aConstraint[i].usable)
            return true;
    }
    return false; /* all usable: the first question about a loop, maybe at an address used before */
}

static struct plan_session *session_for(struct statement *st, const sqlite3_index_info *info)
{
    struct plan_session *s = st->session;

    if (!same_loop(s, info)) {
        s = arena_array(&st->mem, 1, sizeof *s);
        if (!s)
            return NULL;
        s->info = info;
        s->n = info->nConstraint;
        s->unusable = arena_array(&st->mem, (size_t)s->n + 1, sizeof *s->unusable);
        if (!s->unusable)
            return NULL;
        st->session = s;
    }
    for (int i = 0; i < s->n; i++) {
        if (!info->aConstraint[i].usable)
            s->unusable[i] = true;
    }
    return s;
}

static struct plan *new_plan(struct statement *st)
{
    if (st->n_plans == MAX_PLANS)
        return NULL;
    if (st->n_plans == st->cap_plans) {
        uint32_t cap = st->cap_plans ? st->cap_plans * 2 : 8;
        struct plan **grown = arena_array(&st->mem, cap, sizeof *grown);
        if (!grown)
            return NULL;
        if (st->n_plans)
            memcpy(grown, st->plans, st->n_plans * sizeof *grown);
        st->plans = grown;
        st->cap_plans = cap;
    }
    struct plan *p = arena_array(&st->mem, 1, sizeof *p);
    if (p)
        st->plans[st->n_plans++] = p;
    return p;
}

static const char *literal_text(struct statement *st, sqlite3_value *v)
{
    struct buf b = BUF(4096);

    switch (sqlite3_value_type(v)) {
    case SQLITE_INTEGER:
        buf_add_int(&b, sqlite3_value_int64(v));
        break;
    case SQLITE_FLOAT:
        buf_add_real(&b, sqlite3_value_double(v));
        break;
    case SQLITE_TEXT:
        buf_addf(&b, "'%.*s'", sqlite3_value_bytes(v), value_text(v).u.p);
        break;
    default:
        buf_adds(&b, "NULL");
    }
    char *text = arena_strdup(&st->mem, buf_str(&b));
    buf_done(&b);
    return text;
}

/* SQLite need not look again where the host's own filter compares the same literal in the column's
 * own type. */
static bool may_omit(const struct column *c, const struct plan_term *t, sqlite3_value *literal)
{
    uint8_t op = value_op(t->op);
    allora_value v;
    int type = sqlite3_value_type(literal);

    if (t->in_list || !t->binary || t->op == SQLITE_INDEX_CONSTRAINT_IS || op == 0 ||
        op > ALLORA_OP_GE)
        return false;
    if (c->type == ALLORA_V_INT && type != SQLITE_INTEGER)
        return false;
    if (c->type == ALLORA_V_REAL && type != SQLITE_FLOAT && type != SQLITE_INTEGER)
        return false;
    if (c->type == ALLORA_V_BOOL && type != SQLITE_INTEGER)
        return false;
    return value_fit(c, &op, literal, &v) == FIT_EXACT;
}

static bool compares_as_its_type(const struct column *c, sqlite3_index_info *info, int i)
{
    const char *collation;

    if (c->type != ALLORA_V_TEXT && c->type != ALLORA_V_TIME && c->type != ALLORA_V_JSON)
        return true;
    collation = sqlite3_vtab_collation(info, i);
    return collation &&
           strcmp(collation, c->type == ALLORA_V_TIME ? TIMETEXT_COLLATION : "BINARY") == 0;
}

/* The table's column behind a declared one. */
static bool base_column(const struct table_use *use, int column, uint32_t *ret)
{
    uint32_t n = use->src.table->n_columns;

    if (column < 0 || (uint32_t)column >= n + use->n_hidden)
        return false;
    *ret = (uint32_t)column < n ? (uint32_t)column : use->hidden[(uint32_t)column - n];
    return true;
}

/* SQLite hands a table on the left of an outer join the LIKE, GLOB and <> terms of that join's ON
 * clause, as if they were filters of it (3.40, exprAnalyze: the terms made for virtual tables lack
 * extraRight).  They are not. */
static bool trusted(const struct statement *st, int op)
{
    return !st->outer || (op != SQLITE_INDEX_CONSTRAINT_LIKE &&
                          op != SQLITE_INDEX_CONSTRAINT_GLOB && op != SQLITE_INDEX_CONSTRAINT_NE);
}

static void take_term(struct table_use *use, sqlite3_index_info *info, int i, struct plan *p)
{
    const struct sqlite3_index_constraint *ic = &info->aConstraint[i];
    struct plan_term *t = &p->terms[p->n_terms];
    sqlite3_value *literal = NULL;
    uint32_t column;

    if (!ic->usable || value_op(ic->op) == 0 || !trusted(use->st, ic->op) ||
        p->n_terms == PLAN_TERMS || !base_column(use, ic->iColumn, &column))
        return;
    const struct column *c = &use->src.table->columns[column];
    *t = (struct plan_term){.column = column, .op = ic->op, .constraint = i};
    t->binary = compares_as_its_type(c, info, i);
    if (ic->op == SQLITE_INDEX_CONSTRAINT_EQ && sqlite3_vtab_in(info, i, -1)) {
        t->in_list = true;
        (void)sqlite3_vtab_in(info, i, 1);
    }
    p->n_terms++;
    info->aConstraintUsage[i].argvIndex = (int)p->n_terms;
    if (!t->in_list && sqlite3_vtab_rhs_value(info, i, &literal) == SQLITE_OK && literal) {
        t->literal = literal_text(use->st, literal);
        t->omitted = !use->st->stable && may_omit(c, t, literal);
        info->aConstraintUsage[i].omit = t->omitted;
    }
}

/* A limit may go to the provider only when nothing behind the scan can still drop a row. */
static void take_limit(sqlite3_index_info *info, struct plan *p)
{
    int limit = -1, offset = -1, next = (int)p->n_terms;

    for (int i = 0; i < info->nConstraint; i++) {
        const struct sqlite3_index_constraint *ic = &info->aConstraint[i];
        if (ic->op == SQLITE_INDEX_CONSTRAINT_LIMIT)
            limit = ic->usable ? i : -1;
        else if (ic->op == SQLITE_INDEX_CONSTRAINT_OFFSET)
            offset = ic->usable ? i : -2;
        else if (!info->aConstraintUsage[i].omit)
            return;
    }
    if (limit < 0 || offset == -2 || info->nOrderBy > 0)
        return;
    info->aConstraintUsage[limit].argvIndex = p->limit_arg = ++next;
    if (offset >= 0)
        info->aConstraintUsage[offset].argvIndex = p->offset_arg = ++next;
}

/* A required column without a value: can another plan of this loop have one? */
static bool has_required(struct table_use *use, struct plan *p)
{
    const struct table *t = use->src.table;

    for (uint32_t i = 0; i < t->n_columns; i++) {
        bool given = !t->columns[i].required;
        for (uint32_t k = 0; k < p->n_terms && !given; k++)
            given = p->terms[k].column == i && value_op(p->terms[k].op) == ALLORA_OP_EQ;
        for (uint32_t k = 0; k < p->n_terms && t->columns[i].required; k++) {
            if (p->terms[k].column == i && !p->terms[k].literal && !p->terms[k].in_list)
                p->keyed = use->st->keyed = true;
        }
        if (!given) {
            use->missing_required = true;
            use->required = i;
            return false;
        }
    }
    return true;
}

static double selectivity(const struct table *t, const struct plan_term *term)
{
    switch (value_op(term->op)) {
    case ALLORA_OP_EQ:
        if (term->in_list)
            return 0.05;
        return t->columns[term->column].key ? 1e-6 : 1e-4;
    case ALLORA_OP_NE:
        return 0.9;
    case ALLORA_OP_ISNULL:
        return 0.1;
    case ALLORA_OP_PREFIX:
    case ALLORA_OP_PREFIX_NOCASE:
        return 0.05;
    default:
        return 0.3;
    }
}

static void set_costs(const struct statement *st, const struct plan *p, sqlite3_index_info *info)
{
    double share = 1, rows;
    bool equal = false;

    for (uint32_t i = 0; i < p->n_terms; i++) {
        share *= selectivity(p->use->src.table, &p->terms[i]);
        equal = equal || value_op(p->terms[i].op) == ALLORA_OP_EQ;
    }
    if (st->careful) {
        info->estimatedCost = SCAN_ROWS * (equal ? 0.55 : p->n_terms ? 0.8 : 1.0);
        info->estimatedRows = (sqlite3_int64)SCAN_ROWS;
        return;
    }
    rows = SCAN_ROWS * share;
    info->estimatedRows = rows < 1 ? 1 : (sqlite3_int64)rows;
    info->estimatedCost = equal ? 20 + rows : SCAN_ROWS * (p->n_terms ? 0.8 : 1.0) + rows;
}

static char *describe(const struct plan *p)
{
    static const char *const names[] = {"",   "=",  "!=",   "<",    "<=",     ">",
                                        ">=", "IN", "GLOB", "LIKE", "IS NULL"};
    struct buf b = BUF(4096);

    for (uint32_t i = 0; i < p->n_terms; i++)
        buf_addf(&b, "%s%s %s", i ? ", " : "", p->use->src.table->columns[p->terms[i].column].name,
                 p->terms[i].in_list ? "IN" : names[value_op(p->terms[i].op)]);
    char *text = sqlite3_mprintf("%s", buf_str(&b));
    buf_done(&b);
    return text;
}

int plan_best_index(sqlite3_vtab *v, sqlite3_index_info *info)
{
    struct table_use *use = ((struct table_vtab *)v)->use;
    struct statement *st = use->st;
    struct plan_session *session = session_for(st, info);
    struct plan *p = session ? new_plan(st) : NULL;

    if (!p)
        return SQLITE_NOMEM;
    p->use = use;
    p->session = session;
    p->columns_used = info->colUsed;
    for (int i = 0; i < info->nConstraint; i++)
        take_term(use, info, i, p);
    if (!has_required(use, p))
        return SQLITE_CONSTRAINT;
    take_limit(info, p);
    set_costs(st, p, info);
    info->idxNum = (int)st->n_plans - 1;
    info->idxStr = describe(p);
    info->needToFreeIdxStr = 1;
    return info->idxStr ? SQLITE_OK : SQLITE_NOMEM;
}
