/* Listing tables, for the checks that do. */
#include "kit/trial.h"

#include "base/str.h"

#include <stdio.h>

enum { COLUMNS_MAX = 1024, PARTITIONS = 3, KEYS_MAX = 16 };

const uint32_t *all_columns(const struct table *table)
{
    static uint32_t all[COLUMNS_MAX];

    if (table->n_columns > COLUMNS_MAX)
        return NULL;
    for (uint32_t i = 0; i < COLUMNS_MAX; i++)
        all[i] = i;
    return all;
}

void listing_run(struct trial *t, const struct table *table, struct listing *l)
{
    const allora_provider_v1 *provider = trial_interface(t, ALLORA_PROVIDER_ID);
    const allora_sink sink = collect(&l->got);
    allora_ctx *ctx = bench_open(&t->bench);

    l->req.size = (uint32_t)sizeof l->req;
    l->req.table = table->name;
    l->err = ERR_INIT;
    t->bench.asked_cancelled = 0;
    t->bench.allocs = 0;
    l->status = ctx ? provider->list(t->use_bare ? t->bare : t->self, ctx, &l->req, &sink, &l->err)
                    : ALLORA_E_NOMEM;
    (void)CHECK(t, t->bench.open_scopes == 0, "close it on every way out",
                "%s: a scope is left open", table->name);
    t->bench.open_scopes = 0;
    bench_close(ctx);
}

void listing_done(struct listing *l)
{
    collect_done(&l->got);
}

/* What could not be listed, and why. */
struct left_out {
    uint32_t listed, n;
    char first[256];
};

static void leave_out(struct left_out *out, const char *table, const char *why)
{
    if (out->n++ == 0)
        (void)snprintf(out->first, sizeof out->first, "%.80s: %.160s", table, why);
}

static const char *words_of(const struct listing *l)
{
    return l->err.message[0] ? l->err.message : status_text(l->status);
}

/* Can it be listed at all?  A failure that is the plugin's is a finding. */
static bool can_list(struct trial *t, const struct table *table, const allora_pair *partition,
                     uint32_t n_partition, struct left_out *out)
{
    struct listing l = {.req = {.partition = partition, .n_partition = n_partition},
                        .got = {.stop_after = 1}};

    for (uint32_t i = 0; i < table->n_columns; i++)
        if (table->columns[i].required) {
            leave_out(out, table->name, "needs a value for a required column");
            return false;
        }
    trial_at(t, "listing %s", table->name);
    listing_run(t, table, &l);
    bool poor = l.status < 0 && trial_poor_world(t, l.status);
    if (poor)
        leave_out(out, table->name, words_of(&l));
    else if (CHECK(t, l.status >= 0, "", "%s cannot be listed: %s", table->name, words_of(&l)))
        out->listed++;
    bool ok = l.status >= 0;
    listing_done(&l);
    return ok;
}

static void each_partition(struct trial *t, const struct table *table, table_fn fn,
                           struct left_out *out)
{
    const allora_provider_v1 *provider = trial_interface(t, ALLORA_PROVIDER_ID);
    struct collected parts = {0};
    const allora_sink sink = collect(&parts);
    allora_error err = ERR_INIT;
    allora_ctx *ctx = bench_open(&t->bench);

    trial_at(t, "partitions of %s", table->name);
    int32_t rc =
        ALLORA_CAN(allora_provider_v1, provider, partitions)
            ? provider->partitions(t->use_bare ? t->bare : t->self, ctx, table->name, &sink, &err)
            : ALLORA_E_UNSUPPORTED;
    bench_close(ctx);
    if (rc && trial_poor_world(t, rc))
        leave_out(out, table->name, err.message[0] ? err.message : status_text(rc));
    else
        (void)CHECK(t, rc == ALLORA_OK, "", "%s: partitions() fails: %s", table->name,
                    err.message[0] ? err.message : status_text(rc));
    for (uint32_t r = 0; r < parts.n_rows && r < PARTITIONS; r++) {
        allora_pair keys[KEYS_MAX] = {{{NULL, 0}, {NULL, 0}}};
        uint32_t n = parts.n_names < KEYS_MAX ? parts.n_names : KEYS_MAX;
        if (!CHECK(t, parts.widths[r] == parts.n_names && n > 0, "begin() names the keys",
                   "%s: a partition of %u values for %u keys", table->name, parts.widths[r],
                   parts.n_names))
            break;
        for (uint32_t i = 0; i < n; i++)
            if (CHECK(t, parts.rows[r][i].type == ALLORA_V_TEXT, "",
                      "%s: a partition's %s is no text", table->name, parts.names[i]))
                keys[i] = (allora_pair){str_of(parts.names[i]),
                                        {parts.rows[r][i].u.p, parts.rows[r][i].len}};
        if (can_list(t, table, keys, n, out))
            fn(t, table, keys, n);
    }
    collect_done(&parts);
}

void trial_each_table(struct trial *t, table_fn fn)
{
    struct left_out out = {0};

    if (!t->m->n_tables || !trial_interface(t, ALLORA_PROVIDER_ID)) {
        trial_skip(t, "it has no tables");
        return;
    }
    for (uint32_t i = 0; i < t->m->n_tables; i++) {
        const struct table *table = &t->m->tables[i];
        if (!all_columns(table))
            leave_out(&out, table->name, "too many columns");
        else if (table->partitioned)
            each_partition(t, table, fn, &out);
        else if (can_list(t, table, NULL, 0, &out))
            fn(t, table, NULL, 0);
    }
    if (out.n && !out.listed && !t->findings)
        trial_skip(t, "no table can be listed here (%s)", out.first);
    else if (out.n)
        trial_note(t, "%u of %u tables were left out (%s)", out.n, t->m->n_tables, out.first);
}
