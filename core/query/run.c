/* One run of a plan: which of its values are constants (filters), and which vary with another
 * table's row (keys). */
#include "query/statement.h"

#include "base/buf.h"
#include "base/err.h"

#include <string.h>

enum { MAX_NAME = 64 << 20, MAX_PUSHED_LIST = 1000, MAX_LIST = 100000 };

/* ---- columns
 * ---------------------------------------------------------------------------------------- */

/* SQLite's mask has one bit for each of the first 63 columns and one, the last, for all others
 * together.  Of those, the ones that the statement names at all (the authorizer saw it) are
 * fetched. */
static bool column_used(const struct plan *p, uint32_t declared, uint32_t base)
{
    if (declared < 63)
        return p->columns_used >> declared & 1;
    return (p->columns_used >> 63) && p->use->read[base];
}

int32_t plan_columns(struct statement *st, struct plan *p)
{
    const struct table_use *use = p->use;
    uint32_t n = use->src.table->n_columns, n_wanted = 0;
    uint32_t *wanted = arena_array(&st->mem, n + 1, sizeof *wanted);
    int32_t *cell_of = arena_array(&st->mem, n + use->n_hidden + 1, sizeof *cell_of);
    bool *used = arena_array(&st->mem, n + 1, sizeof *used);

    if (!wanted || !cell_of || !used)
        return ALLORA_E_NOMEM;
    for (uint32_t i = 0; i < n; i++)
        used[i] = st->stable ? use->read[i] : column_used(p, i, i);
    for (uint32_t i = 0; i < use->n_hidden; i++)
        used[use->hidden[i]] = used[use->hidden[i]] || column_used(p, n + i, use->hidden[i]);
    for (uint32_t i = 0; i < p->n_terms; i++)
        used[p->terms[i].column] = true; /* filters look at cells too */
    for (uint32_t i = 0; i < n; i++) {
        cell_of[i] = used[i] ? (int32_t)n_wanted : -1;
        if (used[i])
            wanted[n_wanted++] = i;
    }
    for (uint32_t i = 0; i < use->n_hidden; i++)
        cell_of[n + i] = cell_of[use->hidden[i]];
    p->wanted = wanted;
    p->n_wanted = n_wanted;
    p->cell_of = cell_of;
    return ALLORA_OK;
}

/* ---- values
 * ------------------------------------------------------------------------------------------- */

/* All values of an IN list that the column can have; FIT_NONE when one of them is not for us to
 * judge. */
static enum value_fit fit_list(const struct column *c, sqlite3_value *list, struct arena *mem,
                               allora_value *ret)
{
    sqlite3_value *item = NULL;
    uint32_t n = 0, cap = 16;
    allora_value *values = arena_array(mem, cap, sizeof *values);

    for (int rc = sqlite3_vtab_in_first(list, &item); rc == SQLITE_OK && item;
         rc = sqlite3_vtab_in_next(list, &item)) {
        uint8_t op = ALLORA_OP_EQ;
        allora_value v;
        enum value_fit fit = value_fit(c, &op, item, &v);
        if (fit == FIT_NONE || n == MAX_LIST)
            return FIT_NONE;
        if (fit == FIT_NEVER)
            continue;
        if (values && n == cap) {
            allora_value *grown = arena_array(mem, (size_t)cap * 2, sizeof *grown);
            if (grown)
                memcpy(grown, values, n * sizeof *values);
            values = grown;
            cap *= 2;
        }
        if (!values || val_copy(mem, &v, &values[n]) != ALLORA_OK)
            return FIT_NONE;
        n++;
    }
    if (n == 0)
        return FIT_NEVER;
    *ret = (allora_value){.type = ALLORA_V_LIST, .len = n, .u.list = values};
    return FIT_EXACT;
}

static enum value_fit fit_term(const struct plan_term *t, const struct column *c, sqlite3_value *v,
                               struct arena *mem, allora_filter *ret)
{
    uint8_t op = value_op(t->op);
    enum value_fit fit;

    if (!t->binary && op <= ALLORA_OP_IN)
        return FIT_NONE;
    if (t->in_list) {
        op = ALLORA_OP_IN;
        fit = fit_list(c, v, mem, &ret->val);
    } else {
        if (t->op == SQLITE_INDEX_CONSTRAINT_IS && sqlite3_value_type(v) == SQLITE_NULL)
            op = ALLORA_OP_ISNULL;
        fit = value_fit(c, &op, v, &ret->val);
    }
    ret->column = t->column;
    ret->op = op;
    if (fit == FIT_EXACT && !t->in_list && val_copy(mem, &ret->val, &ret->val) != ALLORA_OK)
        return FIT_NONE;
    return fit;
}

/* A value as a text that tells it from any other. */
static void name_value(struct buf *b, sqlite3_value *v, bool list)
{
    int type = sqlite3_value_type(v);
    sqlite3_value *item = NULL;

    if (list) {
        for (int rc = sqlite3_vtab_in_first(v, &item); rc == SQLITE_OK && item;
             rc = sqlite3_vtab_in_next(v, &item))
            name_value(b, item, false);
        return;
    }
    buf_addf(b, "%d:", type);
    if (type == SQLITE_FLOAT) {
        buf_add_real(b, sqlite3_value_double(v));
    } else if (type != SQLITE_NULL) {
        const void *p = sqlite3_value_blob(v);
        buf_addf(b, "%d:", sqlite3_value_bytes(v));
        buf_add(b, p ? p : "", (size_t)sqlite3_value_bytes(v));
    }
}

/* Has the value changed since the plan's last run?  Then it comes from an outer query's row. */
static bool changed(struct statement *st, struct plan *p, struct plan_term *t, sqlite3_value *v)
{
    struct buf now = BUF(MAX_NAME);

    if (t->varies || t->literal)
        return t->varies;
    name_value(&now, v, t->in_list);
    if (p->runs > 0 && t->last && strcmp(t->last, buf_str(&now)) != 0)
        t->varies = true;
    else if (!t->last)
        t->last = arena_strdup(&st->mem, buf_str(&now));
    buf_done(&now);
    return t->varies;
}

static void add_key(struct plan *p, const struct plan_term *t, const struct column *c,
                    sqlite3_value *v, struct plan_run *r)
{
    allora_value key;
    uint8_t op = ALLORA_OP_EQ;

    switch (sqlite3_value_type(v)) {
    case SQLITE_INTEGER:
        key = val_int(sqlite3_value_int64(v));
        break;
    case SQLITE_FLOAT:
        key = val_real(sqlite3_value_double(v));
        break;
    case SQLITE_TEXT:
        key = value_text(v);
        break;
    default:
        return; /* a blob: let SQLite look at every row */
    }
    allora_value time;
    if (c->type == ALLORA_V_TIME && value_fit(c, &op, v, &time) == FIT_EXACT)
        key = time;
    r->hash = spool_hash(r->n_keys ? r->hash : 0, &key);
    r->keys[r->n_keys++] = (uint32_t)p->cell_of[t->column];
}

static bool pushable(const struct column *c, const allora_filter *f, bool *ret_exact)
{
    uint32_t bit = 1u << f->op;

    *ret_exact = (c->exact & bit) != 0;
    if (f->op == ALLORA_OP_IN && f->val.len > MAX_PUSHED_LIST)
        return false;
    return (c->push & bit) != 0 || (c->required && f->op <= ALLORA_OP_IN);
}

static void add_constant(const struct column *c, const allora_filter *f, struct plan_run *r)
{
    bool exact = false;

    r->constant[r->n_constant++] = *f;
    if (pushable(c, f, &exact))
        r->pushed[r->n_pushed++] = *f;
    else
        exact = false;
    r->limit_pushed = r->limit_pushed && exact;
}

static int32_t name_run(const struct plan *p, struct plan_run *r, struct arena *mem)
{
    struct buf b = BUF(MAX_NAME);

    buf_addf(&b, "%s|", p->use->name);
    for (uint32_t i = 0; i < p->n_wanted; i++)
        buf_addf(&b, "%u,", p->wanted[i]);
    for (uint32_t i = 0; i < r->n_constant; i++) {
        const allora_filter *f = &r->constant[i];
        const allora_value *v = f->op == ALLORA_OP_IN ? f->val.u.list : &f->val;
        buf_addf(&b, "|%u %u", f->column, f->op);
        for (uint32_t k = 0; k < (f->op == ALLORA_OP_IN ? f->val.len : 1); k++) {
            buf_addf(&b, " %u:%u:", v[k].type, value_is_text(&v[k]) ? v[k].len : 0);
            val_print(&b, &v[k]);
        }
    }
    r->name = buf_failed(&b) ? NULL : arena_strdup(mem, buf_str(&b));
    buf_done(&b);
    return r->name ? ALLORA_OK : ALLORA_E_NOMEM;
}

static uint64_t limit_of(const struct plan *p, sqlite3_value **argv)
{
    sqlite3_int64 limit, offset = 0;

    if (!p->limit_arg)
        return 0;
    limit = sqlite3_value_int64(argv[p->limit_arg - 1]);
    if (p->offset_arg)
        offset = sqlite3_value_int64(argv[p->offset_arg - 1]);
    if (limit <= 0 || limit > INT32_MAX || offset < 0 || offset > INT32_MAX)
        return 0;
    return (uint64_t)(limit + offset);
}

int32_t plan_values(struct statement *st, struct plan *p, sqlite3_value **argv,
                    struct plan_run *ret)
{
    struct arena *mem = ret->mem;
    struct plan_run r = {.mem = mem, .limit_pushed = true};

    r.constant = arena_array(mem, p->n_terms + 1, sizeof *r.constant);
    r.pushed = arena_array(mem, p->n_terms + 1, sizeof *r.pushed);
    if (!r.constant || !r.pushed)
        return ALLORA_E_NOMEM;
    for (uint32_t i = 0; i < p->n_terms; i++) {
        struct plan_term *t = &p->terms[i];
        const struct column *c = &p->use->src.table->columns[t->column];
        bool varies = p->session->unusable[t->constraint];
        bool equal = !t->in_list && t->op == SQLITE_INDEX_CONSTRAINT_EQ;
        allora_filter f = {0};

        varies = (varies || changed(st, p, t, argv[i])) && !(c->required && (equal || t->in_list));
        if (st->stable && !c->required)
            varies = true;
        if (varies) {
            if (equal && sqlite3_value_type(argv[i]) == SQLITE_NULL)
                r.none = true;
            else if (equal && r.n_keys < SPOOL_KEYS && c->type != ALLORA_V_JSON)
                add_key(p, t, c, argv[i], &r);
            continue;
        }
        enum value_fit fit = fit_term(t, c, argv[i], mem, &f);
        if (fit == FIT_EXACT)
            add_constant(c, &f, &r);
        else if (fit == FIT_NEVER)
            r.none = true;
        else
            r.limit_pushed = false;
    }
    r.limit = limit_of(p, argv);
    *ret = r;
    return name_run(p, ret, mem);
}
