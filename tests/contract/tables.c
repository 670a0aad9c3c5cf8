/* Listing: with no column wanted, each alone, all in either order, with a limit, stopped,
 * cancelled, without memory. */
#include "base/err.h"
#include "contract.h"
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 1024, MANY_ROWS = 1000, PARTITIONS = 3, TORTURE = 40 };

void listing_run(struct contract *k, const struct table *t, struct listing *l)
{
    const allora_sink sink = collect(&l->got);
    allora_ctx *ctx = fake_ctx_open(&k->fake);
    l->req.size = (uint32_t)sizeof l->req;
    l->req.table = t->name;
    l->err = ERR_INIT;
    k->fake.asked_cancelled = 0;
    k->fake.allocs = 0;
    l->status = contract_provider(k)->list(k->self, ctx, &l->req, &sink, &l->err);
    CHECK(k, k->fake.open_scopes == 0, "%s: a scope is left open", t->name);
    fake_ctx_close(ctx);
}

/* Types as the manifest says; NULL and ABSENT always may be. */
static void check_types(struct contract *k, const struct table *t, const struct listing *l)
{
    for (uint32_t r = 0; r < l->got.n_rows; r++) {
        if (!CHECK(k, l->got.widths[r] == l->req.n_wanted, "%s: a row of %u cells, %u wanted",
                   t->name, l->got.widths[r], l->req.n_wanted))
            return;
        for (uint32_t i = 0; i < l->req.n_wanted; i++) {
            const allora_value *v = &l->got.rows[r][i];
            const struct column *c = &t->columns[l->req.wanted[i]];
            if (v->type != ALLORA_V_NULL && v->type != ALLORA_V_ABSENT &&
                !CHECK(k, v->type == c->type, "%s.%s: a cell of type %u where the manifest says %u",
                       t->name, c->name, v->type, c->type))
                return;
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
static void check_order(struct contract *k, const struct table *t, const struct listing *forward,
                        const struct listing *backward)
{
    uint32_t n = forward->req.n_wanted, different = 0;
    if (forward->got.n_rows != backward->got.n_rows)
        return;
    for (uint32_t r = 0; r < forward->got.n_rows; r++)
        for (uint32_t i = 0; i < n; i++)
            different += !same_cell(&forward->got.rows[r][i], &backward->got.rows[r][n - 1 - i]);
    /* counters of a live machine move; columns that changed places would differ in most cells */
    CHECK(k, (uint64_t)different * 2 <= (uint64_t)n * forward->got.n_rows,
          "%s: %u of %llu cells do not follow the wanted order", t->name, different,
          (unsigned long long)n * forward->got.n_rows);
}

static void check_each_column(struct contract *k, const struct table *t, struct listing base,
                              bool any_rows)
{
    for (uint32_t c = 0; c < t->n_columns; c++) {
        struct listing l = base;
        l.req.wanted = &c;
        l.req.n_wanted = 1;
        l.got = (struct collected){.stop_after = 500};
        listing_run(k, t, &l);
        CHECK(k, l.status >= 0 && (!any_rows || l.got.n_rows > 0), "%s.%s alone: %s, %u rows %s",
              t->name, t->columns[c].name, status_name(l.status), l.got.n_rows, l.err.message);
        check_types(k, t, &l);
        collected_free(&l.got);
    }
}

static void check_stop(struct contract *k, const struct table *t, struct listing l)
{
    l.got = (struct collected){.stop_after = 1};
    listing_run(k, t, &l);
    CHECK(k, l.status == ALLORA_OK, "%s: stopped, and returns %s", t->name, status_name(l.status));
    CHECK(k, l.got.after_stop == 0, "%s: %u rows after STOP", t->name, l.got.after_stop);
    collected_free(&l.got);
    l.got = (struct collected){0};
    l.req.limit = 1;
    listing_run(k, t, &l);
    CHECK(k, l.status >= 0 && l.got.n_rows >= 1, "%s: limit 1 gives %u rows", t->name,
          l.got.n_rows);
    collected_free(&l.got);
}

static void check_cancel(struct contract *k, const struct table *t, struct listing l, uint32_t rows)
{
    k->fake.cancel_after = 1;
    l.got = (struct collected){0};
    listing_run(k, t, &l);
    k->fake.cancel_after = 0;
    if (k->fake.asked_cancelled)
        CHECK(k, l.status == ALLORA_E_CANCELLED, "%s: cancelled, and returns %s", t->name,
              status_name(l.status));
    else
        CHECK(k, rows < MANY_ROWS, "%s: never asks whether it was cancelled", t->name);
    collected_free(&l.got);
}

/* Any one allocation fails: a status, no crash; a sanitizer sees what leaks. */
static void check_memory(struct contract *k, const struct table *t, struct listing l)
{
    for (uint64_t n = 1; n <= TORTURE; n++) {
        l.got = (struct collected){.stop_after = 50};
        k->fake.fail_alloc = n;
        listing_run(k, t, &l);
        bool failed = k->fake.allocs >= n;
        CHECK(k, l.status >= 0 || l.status == ALLORA_E_NOMEM,
              "%s: out of memory is said as %s (%s)", t->name, status_name(l.status),
              l.err.message);
        collected_free(&l.got);
        if (!failed)
            break;
    }
    k->fake.fail_alloc = 0;
}

static void check_partition(struct contract *k, const struct table *t, const allora_pair *partition,
                            uint32_t n_partition)
{
    static uint32_t forward[COLUMNS], backward[COLUMNS];
    struct listing all = {.req = {.partition = partition, .n_partition = n_partition}};
    struct listing none = all, reversed;
    if (!CHECK(k, t->n_columns <= COLUMNS, "%s: more columns than this test knows", t->name))
        return;
    for (uint32_t i = 0; i < t->n_columns; i++)
        forward[i] = backward[t->n_columns - 1 - i] = i;
    all.req.wanted = forward;
    all.req.n_wanted = t->n_columns;
    reversed = all;
    reversed.req.wanted = backward;

    listing_run(k, t, &all);
    if (k->remote || all.status == ALLORA_E_ARG) { /* no network here; or a required key is missing:
                        nothing can be said of rows */
        collected_free(&all.got);
        return;
    }
    if (CHECK(k, all.status >= 0, "%s: %s %s", t->name, status_name(all.status), all.err.message)) {
        check_types(k, t, &all);
        listing_run(k, t, &reversed);
        check_order(k, t, &all, &reversed);
        collected_free(&reversed.got);
        listing_run(k, t, &none);
        uint32_t near = all.got.n_rows / 10 + 2; /* of a live machine */
        CHECK(k,
              none.got.n_rows + near >= all.got.n_rows && all.got.n_rows + near >= none.got.n_rows,
              "%s: %u rows without columns, %u with all", t->name, none.got.n_rows, all.got.n_rows);
        CHECK(k, none.got.n_rows == 0 || none.got.widths[0] == 0,
              "%s: cells, though none are wanted", t->name);
        collected_free(&none.got);
        check_each_column(k, t, all, all.got.n_rows > 0);
        if (all.got.n_rows > 0)
            check_stop(k, t, all);
        check_cancel(k, t, all, all.got.n_rows);
        check_memory(k, t, all);
        check_filters(k, t, partition, n_partition);
    }
    collected_free(&all.got);
}

static void check_partitions(struct contract *k, const allora_provider_v1 *provider,
                             const struct table *t)
{
    struct collected parts = {0};
    const allora_sink sink = collect(&parts);
    allora_error err = ERR_INIT;
    allora_ctx *ctx = fake_ctx_open(&k->fake);
    int32_t st = provider->partitions ? provider->partitions(k->self, ctx, t->name, &sink, &err)
                                      : ALLORA_E_UNSUPPORTED;
    fake_ctx_close(ctx);
    CHECK(k, st == ALLORA_OK || k->remote, "%s: partitions: %s %s", t->name, status_name(st),
          err.message);
    for (uint32_t r = 0; r < parts.n_rows && r < PARTITIONS; r++) {
        allora_pair keys[16];
        uint32_t n = parts.n_names < 16 ? parts.n_names : 16;
        CHECK(k, parts.widths[r] == parts.n_names, "%s: a partition of %u values for %u keys",
              t->name, parts.widths[r], parts.n_names);
        for (uint32_t i = 0; i < n; i++)
            keys[i] = (allora_pair){{parts.names[i], strlen(parts.names[i])},
                                    {parts.rows[r][i].u.p, parts.rows[r][i].len}};
        check_partition(k, t, keys, n);
    }
    collected_free(&parts);
}

void check_tables(struct contract *k, const allora_provider_v1 *provider)
{
    struct listing l = {.got = {0}};
    struct table unknown = {.name = "no_such_table"};
    for (uint32_t i = 0; i < k->m->n_tables; i++) {
        const struct table *t = &k->m->tables[i];
        if (t->partitioned)
            check_partitions(k, provider, t);
        else
            check_partition(k, t, NULL, 0);
    }
    listing_run(k, &unknown, &l);
    CHECK(k, l.status < 0, "a table that doesn't exist is listed");
    collected_free(&l.got);
}
