/* Pushed filters, judged by a comparison that shares no code with the SDK's.
 *
 * A table may show a living machine, so a row only counts as lost when it was there, and matched,
 * both before and after the filtered listing; rows are told apart by the manifest's key columns. */
#include "base/err.h"
#include "contract.h"
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 3, MAX_COLUMNS = 1024 };

struct trial {
    struct contract *k;
    const struct table *t;
    const allora_filter *f;
    struct listing before, filtered, after;
};

static int sign(bool less, bool more)
{
    return more - less;
}

/* -1, 0, 1; cells of one column have one type. */
static int order(const allora_value *a, const allora_value *b)
{
    if (a->type == ALLORA_V_REAL)
        return sign(a->u.d<b->u.d, a->u.d> b->u.d);
    if (a->type != ALLORA_V_TEXT)
        return sign(a->u.i<b->u.i, a->u.i> b->u.i);
    int c = memcmp(a->u.p, b->u.p, a->len < b->len ? a->len : b->len);
    return c ? sign(c<0, c> 0) : sign(a->len<b->len, a->len> b->len);
}

static bool matches(const allora_value *v, const allora_filter *f)
{
    if (f->op == ALLORA_OP_ISNULL)
        return v->type == ALLORA_V_NULL;
    if (v->type == ALLORA_V_NULL || v->type == ALLORA_V_ABSENT)
        return false;
    switch (f->op) {
    case ALLORA_OP_EQ:
        return order(v, &f->val) == 0;
    case ALLORA_OP_NE:
        return order(v, &f->val) != 0;
    case ALLORA_OP_LT:
        return order(v, &f->val) < 0;
    case ALLORA_OP_LE:
        return order(v, &f->val) <= 0;
    case ALLORA_OP_GT:
        return order(v, &f->val) > 0;
    case ALLORA_OP_GE:
        return order(v, &f->val) >= 0;
    case ALLORA_OP_IN:
        return order(v, &f->val.u.list[0]) == 0 || order(v, &f->val.u.list[1]) == 0;
    case ALLORA_OP_PREFIX:
        return v->len >= f->val.len && memcmp(v->u.p, f->val.u.p, f->val.len) == 0;
    default:
        return v->len >= f->val.len && strncasecmp(v->u.p, f->val.u.p, f->val.len) == 0;
    }
}

static bool same_row(const struct table *t, const allora_value *a, const allora_value *b)
{
    bool keyed = false;
    for (uint32_t c = 0; c < t->n_columns; c++) {
        if (!t->columns[c].key)
            continue;
        keyed = true;
        if (a[c].type != b[c].type || (a[c].type != ALLORA_V_NULL && order(&a[c], &b[c]) != 0))
            return false;
    }
    return keyed;
}

static bool contains(const struct table *t, const struct collected *in, const allora_value *row,
                     const allora_filter *f)
{
    for (uint32_t r = 0; r < in->n_rows; r++)
        if (same_row(t, in->rows[r], row) && matches(&in->rows[r][f->column], f))
            return true;
    return false;
}

static void judge(struct trial *x)
{
    const char *column = x->t->columns[x->f->column].name;
    bool exact = x->t->columns[x->f->column].exact & 1u << x->f->op;
    CHECK(x->k, x->filtered.status >= 0, "%s.%s op %u: %s %s", x->t->name, column, x->f->op,
          status_name(x->filtered.status), x->filtered.err.message);
    for (uint32_t r = 0; r < x->before.got.n_rows; r++) {
        const allora_value *row = x->before.got.rows[r];
        if (!matches(&row[x->f->column], x->f) || contains(x->t, &x->filtered.got, row, x->f))
            continue;
        if (!contains(x->t, &x->after.got, row, x->f))
            continue; /* gone meanwhile, or this table has no key */
        CHECK(x->k, false, "%s.%s op %u loses row %u of %u", x->t->name, column, x->f->op, r,
              x->before.got.n_rows);
        return;
    }
    for (uint32_t r = 0; exact && r < x->filtered.got.n_rows; r++)
        if (!CHECK(x->k, matches(&x->filtered.got.rows[r][x->f->column], x->f),
                   "%s.%s op %u is said to be exact, and is not", x->t->name, column, x->f->op))
            return;
}

static void try_filter(struct contract *k, const struct table *t, const struct listing *before,
                       const allora_filter *f)
{
    struct trial x = {.k = k, .t = t, .f = f, .before = *before};
    x.filtered.req = x.after.req = before->req;
    x.filtered.req.filters = f;
    x.filtered.req.n_filters = 1;
    listing_run(k, t, &x.filtered);
    listing_run(k, t, &x.after);
    judge(&x);
    collected_free(&x.filtered.got);
    collected_free(&x.after.got);
}

/* Up to three cells of a column that differ: the first, a middle and the last. */
static uint32_t sample(const struct collected *rows, uint32_t column, allora_value *out)
{
    uint32_t n = 0;
    for (uint32_t s = 0; s < SAMPLES && rows->n_rows; s++) {
        const allora_value *v = &rows->rows[(rows->n_rows - 1) * s / (SAMPLES - 1)][column];
        if (v->type != ALLORA_V_NULL && v->type != ALLORA_V_ABSENT && v->type != ALLORA_V_JSON &&
            (n == 0 || order(v, &out[n - 1]) != 0))
            out[n++] = *v;
    }
    return n;
}

/* The value for an operator, from two cells; false when the operator makes no sense with them. */
static bool operand(uint32_t op, const allora_value *one, const allora_value pair[static 2],
                    allora_value *ret)
{
    *ret = *one;
    if (op == ALLORA_OP_IN)
        *ret = (allora_value){.type = ALLORA_V_LIST, .len = 2, .u.list = pair};
    if (op == ALLORA_OP_PREFIX || op == ALLORA_OP_PREFIX_NOCASE) {
        if (one->type != ALLORA_V_TEXT || one->len < 2 || (unsigned char)one->u.p[1] >= 0x80)
            return false;
        ret->len = 2;
    }
    return true;
}

void check_filters(struct contract *k, const struct table *t, const allora_pair *partition,
                   uint32_t n_partition)
{
    static uint32_t all[MAX_COLUMNS];
    struct listing before = {.req = {.partition = partition,
                                     .n_partition = n_partition,
                                     .wanted = all,
                                     .n_wanted = t->n_columns}};
    before.got.stop_after = 600;
    for (uint32_t c = 0; c < t->n_columns; c++)
        all[c] = c;
    listing_run(k, t, &before);
    before.got.stop_after = 0;
    for (uint32_t c = 0; c < t->n_columns; c++) {
        allora_value found[SAMPLES];
        uint32_t n = t->columns[c].push ? sample(&before.got, c, found) : 0;
        for (uint32_t op = ALLORA_OP_EQ; op <= ALLORA_OP_ISNULL; op++)
            for (uint32_t s = 0; s < n && t->columns[c].push & 1u << op; s++) {
                const allora_value pair[2] = {found[s], found[0]};
                allora_filter f = {.column = c, .op = op};
                if (operand(op, &found[s], pair, &f.val))
                    try_filter(k, t, &before, &f);
            }
    }
    collected_free(&before.got);
}
