/* Rows as the manifest declares them, whatever columns are wanted; limits and STOP; cancellation of
 * listings. */
#include "kit/trial.h"

#include "base/clock.h"
#include "base/str.h"
#include "base/value.h"

#include <string.h>

enum { MANY_ROWS = 1000, ROWS_LOOKED_AT = 2000, PROMPT_S = 5 };

/* Types as the manifest says; NULL and ABSENT always may be. */
static bool types(struct trial *t, const struct table *table, const struct listing *l)
{
    for (uint32_t r = 0; r < l->got.n_rows; r++) {
        if (!CHECK(t, l->got.widths[r] == l->req.n_wanted, "as many cells as are wanted",
                   "%s: a row of %u cells, %u wanted", table->name, l->got.widths[r],
                   l->req.n_wanted))
            return false;
        for (uint32_t i = 0; i < l->req.n_wanted; i++) {
            const allora_value *v = &l->got.rows[r][i];
            const struct column *c = &table->columns[l->req.wanted[i]];
            if (v->type == ALLORA_V_NULL || v->type == ALLORA_V_ABSENT)
                continue;
            if (!CHECK(t, v->type == c->type, "",
                       "%s.%s: a cell of type %s where the manifest says %s", table->name, c->name,
                       val_type_name(v->type), val_type_name(c->type)))
                return false;
        }
    }
    return true;
}

/* A closed set of values is one. */
static void values(struct trial *t, const struct table *table, const struct listing *l)
{
    for (uint32_t i = 0; i < l->req.n_wanted; i++) {
        const struct column *c = &table->columns[l->req.wanted[i]];
        for (uint32_t r = 0; c->n_values && r < l->got.n_rows; r++) {
            const allora_value *v = &l->got.rows[r][i];
            bool known = v->type != ALLORA_V_TEXT;
            for (uint32_t k = 0; k < c->n_values && !known; k++)
                known = str_eq((allora_str){v->u.p, v->len}, c->values[k]);
            if (!CHECK(t, known, "add it to \"values\", or map it",
                       "%s.%s: the value \"%.*s\" is not one of the manifest's", table->name,
                       c->name, (int)(v->len < 64 ? v->len : 64), v->u.p))
                break;
        }
    }
}

static bool same_cell(const allora_value *a, const allora_value *b)
{
    if (a->type != b->type)
        return false;
    if (a->type == ALLORA_V_TEXT || a->type == ALLORA_V_JSON)
        return a->len == b->len && memcmp(a->u.p, b->u.p, a->len) == 0;
    return a->u.bits == b->u.bits;
}

/* The same rows with the wanted columns in the opposite order; only where two plain listings agree,
 * for tables of what lives. */
static void order(struct trial *t, const struct table *table, const struct listing *forward,
                  const struct listing *backward)
{
    uint32_t n = forward->req.n_wanted, different = 0;

    if (forward->got.n_rows != backward->got.n_rows)
        return;
    for (uint32_t r = 0; r < forward->got.n_rows; r++)
        for (uint32_t i = 0; i < n; i++)
            different += !same_cell(&forward->got.rows[r][i], &backward->got.rows[r][n - 1 - i]);
    /* counters of a live machine move; columns that changed places would differ in most cells */
    (void)CHECK(t, (uint64_t)different * 2 <= (uint64_t)n * forward->got.n_rows,
                "cell i is column wanted[i]", "%s: %u of %llu cells do not follow the wanted order",
                table->name, different, (unsigned long long)n * forward->got.n_rows);
}

static void each_alone(struct trial *t, const struct table *table, struct listing base,
                       bool any_rows)
{
    for (uint32_t c = 0; c < table->n_columns; c++) {
        struct listing l = base;
        l.req.wanted = &c;
        l.req.n_wanted = 1;
        l.got = (struct collected){.stop_after = 500};
        trial_at(t, "%s, only column %s", table->name, table->columns[c].name);
        listing_run(t, table, &l);
        (void)CHECK(t, l.status >= 0 && (!any_rows || l.got.n_rows > 0), "",
                    "%s.%s alone: %s, %u rows %s", table->name, table->columns[c].name,
                    status_name(l.status), l.got.n_rows, l.err.message);
        (void)types(t, table, &l);
        listing_done(&l);
    }
}

static void no_columns(struct trial *t, const struct table *table, const struct listing *all)
{
    struct listing none = {
        .req = {.partition = all->req.partition, .n_partition = all->req.n_partition},
        .got = {.max_rows = ROWS_LOOKED_AT}};
    uint32_t near = all->got.n_rows / 10 + 2; /* of a live machine */

    trial_at(t, "%s, no column wanted", table->name);
    listing_run(t, table, &none);
    (void)CHECK(
        t, none.got.n_rows + near >= all->got.n_rows && all->got.n_rows + near >= none.got.n_rows,
        "0 wanted is rows without cells", "%s: %u rows without columns, %u with all", table->name,
        none.got.n_rows, all->got.n_rows);
    (void)CHECK(t, none.got.n_rows == 0 || none.got.widths[0] == 0, "0 wanted is never \"all\"",
                "%s: cells, though none are wanted", table->name);
    listing_done(&none);
}

static void projections(struct trial *t, const struct table *table, const allora_pair *partition,
                        uint32_t n_partition)
{
    uint32_t backward[1024];
    struct listing all = {.req = {.partition = partition,
                                  .n_partition = n_partition,
                                  .wanted = all_columns(table),
                                  .n_wanted = table->n_columns},
                          .got = {.max_rows = ROWS_LOOKED_AT}};
    struct listing reversed = all;

    for (uint32_t i = 0; i < table->n_columns; i++)
        backward[i] = table->n_columns - 1 - i;
    reversed.req.wanted = backward;
    trial_at(t, "%s, all columns", table->name);
    listing_run(t, table, &all);
    if (CHECK(t, all.status >= 0, "", "%s: %s %s", table->name, status_name(all.status),
              all.err.message) &&
        types(t, table, &all)) {
        values(t, table, &all);
        trial_at(t, "%s, all columns from the last to the first", table->name);
        listing_run(t, table, &reversed);
        order(t, table, &all, &reversed);
        listing_done(&reversed);
        no_columns(t, table, &all);
        all.req.wanted = NULL;
        each_alone(t, table, all, all.got.n_rows > 0);
    }
    listing_done(&all);
}

void kit_check_tables(struct trial *t)
{
    trial_each_table(t, projections);
}

/* ---- limits ---- */

static void limits(struct trial *t, const struct table *table, const allora_pair *partition,
                   uint32_t n_partition)
{
    struct listing l = {.req = {.partition = partition,
                                .n_partition = n_partition,
                                .wanted = all_columns(table),
                                .n_wanted = table->n_columns},
                        .got = {.stop_after = 1}};

    trial_at(t, "%s, STOP after one row", table->name);
    listing_run(t, table, &l);
    bool any = l.got.n_rows > 0;
    (void)CHECK(t, l.status == ALLORA_OK, "STOP is no failure: return ALLORA_OK",
                "%s: stopped, and returns %s", table->name, status_name(l.status));
    (void)CHECK(t, l.got.after_stop == 0, "return as soon as the sink says STOP",
                "%s: %u rows after STOP", table->name, l.got.after_stop);
    listing_done(&l);
    l.got = (struct collected){.max_rows = ROWS_LOOKED_AT};
    l.req.limit = 1;
    trial_at(t, "%s, limit 1", table->name);
    listing_run(t, table, &l);
    (void)CHECK(t, l.status >= 0 && (!any || l.got.n_rows >= 1), "a limit is a hint",
                "%s: limit 1 gives %u rows, %s", table->name, l.got.n_rows, status_name(l.status));
    listing_done(&l);
}

void kit_check_limits(struct trial *t)
{
    trial_each_table(t, limits);
}

/* ---- cancellation ---- */

static void cancelled_listing(struct trial *t, const struct table *table,
                              const allora_pair *partition, uint32_t n_partition)
{
    struct listing l = {.req = {.partition = partition, .n_partition = n_partition},
                        .got = {.max_rows = 2 * MANY_ROWS}};

    t->bench.cancel_after = 1;
    trial_at(t, "%s, cancelled", table->name);
    int64_t start = clock_mono_us();
    listing_run(t, table, &l);
    double took = (double)(clock_mono_us() - start) / 1e6;
    t->bench.cancel_after = 0;
    if (t->bench.asked_cancelled)
        (void)CHECK(t, l.status == ALLORA_E_CANCELLED, "return what cancelled() returned",
                    "%s: cancelled, and returns %s", table->name, status_name(l.status));
    else
        (void)CHECK(t, l.got.n_rows < MANY_ROWS, "ask cancelled() once a page",
                    "%s: never asks whether it was cancelled", table->name);
    (void)CHECK(t, took < PROMPT_S, "ask cancelled() more often",
                "%s: cancelled, and goes on for %.0f s", table->name, took);
    listing_done(&l);
}

void kit_check_cancelled_tables(struct trial *t)
{
    trial_each_table(t, cancelled_listing);
}
