/* Pushed filters, judged by the host's own comparison, which shares no code with the SDK's.
 *
 * A table may show a living machine, so a row only counts as lost when it was there, and matched,
 * both before and after the filtered listing; rows are told apart by the manifest's key columns. */
#include "kit/trial.h"

#include "base/value.h"

#include <string.h>

enum { SAMPLES = 3, ROWS_LOOKED_AT = 600, ROWS_FETCHED = 20000 };

static const char *const op_names[] = {
    "?", "eq", "ne", "lt", "le", "gt", "ge", "in", "prefix", "prefix_nocase", "isnull"};

struct attempt {
    const struct table *table;
    const allora_filter *f;
    struct listing before, filtered, after;
};

static bool equal(const allora_value *a, const allora_value *b)
{
    bool ok;

    return val_compare(a, b, &ok) == 0 && ok;
}

static bool same_row(const struct table *table, const allora_value *a, const allora_value *b)
{
    bool keyed = false;

    for (uint32_t c = 0; c < table->n_columns; c++) {
        if (!table->columns[c].key)
            continue;
        keyed = true;
        if (a[c].type != b[c].type || (a[c].type != ALLORA_V_NULL && !equal(&a[c], &b[c])))
            return false;
    }
    return keyed;
}

static bool contains(const struct attempt *x, const struct collected *in, const allora_value *row)
{
    for (uint32_t r = 0; r < in->n_rows; r++)
        if (same_row(x->table, in->rows[r], row) &&
            filter_matches(x->f, &in->rows[r][x->f->column]))
            return true;
    return false;
}

static bool widths_hold(const struct collected *c, uint32_t n)
{
    for (uint32_t r = 0; r < c->n_rows; r++)
        if (c->widths[r] != n)
            return false;
    return true;
}

static void judge(struct trial *t, struct attempt *x)
{
    const char *column = x->table->columns[x->f->column].name, *op = op_names[x->f->op];
    bool exact = x->table->columns[x->f->column].exact & 1u << x->f->op;
    uint32_t n = x->before.req.n_wanted;

    if (!CHECK(t, x->filtered.status >= 0, "what can't be filtered is left to the host",
               "%s.%s %s: %s %s", x->table->name, column, op, status_name(x->filtered.status),
               x->filtered.err.message) ||
        !widths_hold(&x->filtered.got, n) || !widths_hold(&x->after.got, n))
        return; /* check tables has words for the latter */
    for (uint32_t r = 0; r < x->before.got.n_rows; r++) {
        const allora_value *row = x->before.got.rows[r];
        if (!filter_matches(x->f, &row[x->f->column]) || contains(x, &x->filtered.got, row))
            continue;
        if (x->filtered.got.stopped || !contains(x, &x->after.got, row))
            continue; /* too much to tell; gone meanwhile, or this table has no key */
        (void)CHECK(t, false, "when in doubt, let the row through: the host checks again",
                    "%s.%s %s loses row %u of %u", x->table->name, column, op, r,
                    x->before.got.n_rows);
        return;
    }
    for (uint32_t r = 0; exact && r < x->filtered.got.n_rows; r++)
        if (!CHECK(t, filter_matches(x->f, &x->filtered.got.rows[r][x->f->column]),
                   "take it out of \"exact\"", "%s.%s %s is said to be exact, and is not",
                   x->table->name, column, op))
            return;
}

static void try_filter(struct trial *t, const struct table *table, const struct listing *before,
                       const allora_filter *f)
{
    struct attempt x = {.table = table, .f = f, .before = *before};

    x.filtered.req = x.after.req = before->req;
    x.filtered.got.max_rows = x.after.got.max_rows = ROWS_FETCHED;
    x.filtered.req.filters = f;
    x.filtered.req.n_filters = 1;
    trial_at(t, "%s where %s %s", table->name, table->columns[f->column].name, op_names[f->op]);
    listing_run(t, table, &x.filtered);
    listing_run(t, table, &x.after);
    judge(t, &x);
    listing_done(&x.filtered);
    listing_done(&x.after);
}

/* Up to three cells of a column that differ: the first, a middle and the last. */
static uint32_t sample(const struct collected *rows, uint32_t column, allora_value *out)
{
    uint32_t n = 0;

    for (uint32_t s = 0; s < SAMPLES && rows->n_rows; s++) {
        const allora_value *v = &rows->rows[(rows->n_rows - 1) * s / (SAMPLES - 1)][column];
        if (v->type != ALLORA_V_NULL && v->type != ALLORA_V_ABSENT && v->type != ALLORA_V_JSON &&
            (n == 0 || !equal(v, &out[n - 1])))
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
    if (op == ALLORA_OP_ISNULL)
        *ret = (allora_value){.type = ALLORA_V_NULL};
    if (op == ALLORA_OP_PREFIX || op == ALLORA_OP_PREFIX_NOCASE) {
        if (one->type != ALLORA_V_TEXT || one->len < 2 || (unsigned char)one->u.p[1] >= 0x80)
            return false;
        ret->len = 2;
    }
    return true;
}

static void column_filters(struct trial *t, const struct table *table, const struct listing *before,
                           uint32_t c)
{
    allora_value found[SAMPLES];
    uint32_t n = table->columns[c].push ? sample(&before->got, c, found) : 0;

    for (uint32_t op = ALLORA_OP_EQ; op <= ALLORA_OP_ISNULL; op++)
        for (uint32_t s = 0; s < n && table->columns[c].push & 1u << op; s++) {
            const allora_value pair[2] = {found[s], found[0]};
            allora_filter f = {.column = c, .op = op};
            if (operand(op, &found[s], pair, &f.val))
                try_filter(t, table, before, &f);
        }
}

static void filters(struct trial *t, const struct table *table, const allora_pair *partition,
                    uint32_t n_partition)
{
    struct listing before = {.req = {.partition = partition,
                                     .n_partition = n_partition,
                                     .wanted = all_columns(table),
                                     .n_wanted = table->n_columns},
                             .got = {.stop_after = ROWS_LOOKED_AT}};

    trial_at(t, "%s, all columns", table->name);
    listing_run(t, table, &before);
    if (widths_hold(&before.got, table->n_columns))
        for (uint32_t c = 0; c < table->n_columns; c++)
            column_filters(t, table, &before, c);
    listing_done(&before);
}

void kit_check_filters(struct trial *t)
{
    trial_each_table(t, filters);
}
