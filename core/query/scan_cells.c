/* Fan-out: which partitions a table is read in, and one list() (or one cached answer) for each. */
#include "query/scan_private.h"

#include "base/err.h"
#include "base/mem.h"
#include "query/partition.h"

#include <string.h>

static int32_t load_provider(struct scan *s, allora_ctx *ctx, allora_error *err)
{
    int32_t status = ALLORA_OK;

    (void)pthread_mutex_lock(&s->load_lock);
    if (!s->loaded) {
        status = s->r.source->provider(s->r.source->self, s->r.table, ctx, &s->provider,
                                       &s->instance, &s->plugin, err);
        s->loaded = status == ALLORA_OK;
    }
    (void)pthread_mutex_unlock(&s->load_lock);
    return status;
}

static struct cache_key key_of(const struct scan *s, const struct scan_cell *cell,
                               const allora_filter *filters)
{
    return (struct cache_key){s->r.table,    cell->name,  filters,
                              s->r.n_pushed, s->r.wanted, s->r.n_wanted};
}

/* The filters of one partition's call: with a key of its own, that one's. */
static const allora_filter *filters_of(const struct scan *s, const struct scan_cell *cell,
                                       struct arena *mem)
{
    if (!cell->key)
        return s->r.pushed;
    allora_filter *own = arena_array(mem, s->r.n_pushed, sizeof *own);
    if (!own)
        return NULL;
    memcpy(own, s->r.pushed, s->r.n_pushed * sizeof *own);
    own[s->keys_at].op = ALLORA_OP_EQ;
    own[s->keys_at].val = *cell->key;
    return own;
}

static bool from_cache(struct scan *s, struct scan_cell *cell, const allora_filter *filters,
                       allora_ctx *ctx)
{
    int64_t max_age = cache_max_age_us(&s->r.policy, s->r.table);
    struct cache_key key = key_of(s, cell, filters);
    struct rowsink k;
    int32_t status = ALLORA_OK;

    if (!s->r.cache || max_age < 0)
        return false;
    if (rowsink_init(&k, s, cell, ctx, NULL) != ALLORA_OK)
        return false;
    allora_sink sink = rowsink_sink(&k);
    bool found = cache_replay(s->r.cache, &key, max_age, &sink, &cell->as_of_us, &status);
    rowsink_done(&k);
    cell->cached = found;
    if (found && k.status < 0)
        cell->status = k.status;
    else if (found && status < 0)
        cell->status = err_set(&cell->err, status, "the cached rows are damaged");
    return found;
}

static int32_t call_list(struct scan *s, struct scan_cell *cell, const allora_filter *filters,
                         allora_ctx *ctx, struct rowsink *k)
{
    allora_list_request request = {.size = (uint32_t)sizeof request,
                                   .n_filters = s->r.n_pushed,
                                   .table = s->r.table->table->name,
                                   .filters = filters,
                                   .partition = cell->partition,
                                   .n_partition = cell->n_partition,
                                   .n_wanted = s->r.n_wanted,
                                   .wanted = s->r.wanted,
                                   .limit = s->r.limit_pushed ? s->r.limit : 0,
                                   .cursor = {"", 0}};
    allora_sink sink = rowsink_sink(k);
    int32_t status = s->provider->list(s->instance, ctx, &request, &sink, &cell->err);

    if (k->status < 0)
        return k->status;
    return status;
}

static void live(struct scan *s, struct scan_cell *cell, const allora_filter *filters,
                 allora_ctx *parent)
{
    struct cache_key key = key_of(s, cell, filters);
    struct cache_writer *keep = NULL;
    struct rowsink k;

    if (s->r.policy.offline && s->r.table->remote) {
        cell->status =
            err_set(&cell->err, ALLORA_E_NOTFOUND, "not in the cache, and --offline was given");
        err_hint(&cell->err, "run it once without --offline");
        return;
    }
    cell->status = load_provider(s, parent, &cell->err);
    if (cell->status != ALLORA_OK)
        return;
    A_CLEAN(ctx_closep) allora_ctx *ctx = ctx_open(s->ctx, s->plugin, 0, 0);
    if (s->r.cache && s->r.table->table->ttl_s > 0)
        keep = cache_writer_new(s->r.cache, &key);
    if (!ctx || rowsink_init(&k, s, cell, ctx, keep) != ALLORA_OK) {
        cache_writer_end(keep, false);
        cell->status = err_nomem(&cell->err);
        return;
    }
    cell->status = call_list(s, cell, filters, ctx, &k);
    rowsink_done(&k);
    bool stopped = atomic_load(&s->stop);
    cache_writer_end(keep, cell->status == ALLORA_OK && k.status == ALLORA_OK && !stopped);
    if (cell->status == ALLORA_PARTIAL) {
        cell->partial = true;
        cell->status = ALLORA_OK;
    }
    /* Positive specials are no failure; what came after the reader stopped is none either. */
    if (cell->status > 0 || (stopped && cell->status < 0))
        cell->status = ALLORA_OK;
}

/* One partition more is done: a person who waits sees how far it is. */
static void report(struct scan *s)
{
    const struct progress *p = s->ctx->progress;
    uint32_t done = atomic_fetch_add(&s->n_done, 1) + 1;

    if (p && s->n_cells > 1)
        p->update(p->self, s->r.table->table->name, done, s->n_cells,
                  (allora_str){"partitions", 10});
}

static void run_cell(struct scan *s, struct scan_cell *cell)
{
    allora_ctx *ctx = ctx_open(s->ctx, NULL, 0, 0);

    const allora_filter *filters = ctx ? filters_of(s, cell, &ctx->mem) : NULL;

    if (!ctx || !filters)
        cell->status = err_nomem(&cell->err);
    else if (!from_cache(s, cell, filters, ctx))
        live(s, cell, filters, ctx);
    ctx_close(ctx);
    report(s);
}

/* ---- workers
 * ------------------------------------------------------------------------------------------ */

static void worker_ends(struct scan *s)
{
    (void)pthread_mutex_lock(&s->lock);
    s->n_workers--;
    (void)pthread_cond_broadcast(&s->filled);
    (void)pthread_mutex_unlock(&s->lock);
}

static void work_cells(struct scan *s)
{
    while (!atomic_load(&s->stop)) {
        uint32_t i = atomic_fetch_add(&s->next_cell, 1);
        if (i >= s->n_cells)
            break;
        run_cell(s, &s->cells[i]);
    }
}

static void cell_worker(void *arg)
{
    work_cells(arg);
    worker_ends(arg);
}

/* Starts further workers for the partitions; this one works too. */
static void fan_out(struct scan *s)
{
    uint32_t more = s->n_cells < SCAN_WORKERS ? s->n_cells : SCAN_WORKERS;

    for (uint32_t i = 1; i < more; i++) {
        (void)pthread_mutex_lock(&s->lock);
        s->n_workers++;
        s->max_batches++;
        (void)pthread_mutex_unlock(&s->lock);
        if (pool_submit(s->r.pool, cell_worker, s) != ALLORA_OK) {
            worker_ends(s); /* fewer hands, the same work */
            break;
        }
    }
}

static int32_t find_partitions(struct scan *s, allora_error *err)
{
    struct partition_list list = {.mem = &s->mem};

    A_CLEAN(ctx_closep) allora_ctx *ctx = ctx_open(s->ctx, NULL, 0, 0);
    if (!ctx)
        return err_nomem(err);
    int32_t status = ALLORA_OK;
    int64_t max_age = cache_max_age_us(&s->r.policy, s->r.table);
    if (!s->r.cache || max_age < 0 ||
        !partition_list_cached(&list, s->r.cache, s->r.table, max_age)) {
        if (s->r.policy.offline && s->r.table->remote) {
            status = err_set(err, ALLORA_E_NOTFOUND, "not in the cache, and --offline was given");
            err_hint(err, "run it once without --offline");
            return status;
        }
        status = load_provider(s, ctx, err);
        if (status == ALLORA_OK)
            status = partition_list_ask(&list, s->provider, s->instance, s->plugin, s->ctx,
                                        s->r.table, s->r.cache, err);
    }
    if (status != ALLORA_OK)
        return status;
    struct scan_cell *cells = arena_array(&s->mem, list.n + 1, sizeof *cells);
    if (!cells)
        return err_nomem(err);
    uint32_t n = 0;
    for (uint32_t i = 0; i < list.n; i++) {
        if (!partition_wanted(&list.items[i], s->r.table->table, s->r.local, s->r.n_local))
            continue;
        cells[n] = (struct scan_cell){.partition = list.items[i].pairs,
                                      .n_partition = list.items[i].n_pairs,
                                      .name = list.items[i].name,
                                      .err = ERR_INIT};
        n++;
    }
    (void)pthread_mutex_lock(&s->lock);
    s->cells = cells;
    s->n_cells = n;
    s->n_pruned = list.n - n;
    (void)pthread_mutex_unlock(&s->lock);
    return ALLORA_OK;
}

/* A required column's IN list that list() does not take as such: one call for each value, in each
 * partition. */
static int32_t multiply_by_keys(struct scan *s)
{
    const allora_value *list = &s->r.pushed[s->keys_at].val;
    const char *column = s->r.table->table->columns[s->r.pushed[s->keys_at].column].name;
    struct scan_cell *cells =
        arena_array(&s->mem, (size_t)s->n_cells * list->len + 1, sizeof *cells);
    uint32_t n = 0;

    if (!cells)
        return ALLORA_E_NOMEM;
    for (uint32_t i = 0; i < s->n_cells; i++) {
        for (uint32_t k = 0; k < list->len; k++) {
            struct buf name = BUF(4096);
            buf_addf(&name, "%s%s%s=", s->cells[i].name, *s->cells[i].name ? " " : "", column);
            val_print(&name, &list->u.list[k]);
            cells[n] = s->cells[i];
            cells[n].key = &list->u.list[k];
            cells[n].name = arena_strdup(&s->mem, buf_str(&name));
            buf_done(&name);
            if (!cells[n++].name)
                return ALLORA_E_NOMEM;
        }
    }
    (void)pthread_mutex_lock(&s->lock);
    s->cells = cells;
    s->n_cells = n;
    (void)pthread_mutex_unlock(&s->lock);
    return ALLORA_OK;
}

void scan_first_worker(void *arg)
{
    struct scan *s = arg;

    if (s->r.table->table->partitioned) {
        int32_t status = find_partitions(s, &s->plan_err);
        (void)pthread_mutex_lock(&s->lock);
        s->plan_status = atomic_load(&s->stop) && status < 0 ? ALLORA_OK : status;
        (void)pthread_mutex_unlock(&s->lock);
    }
    if (s->keys_at >= 0 && multiply_by_keys(s) != ALLORA_OK) {
        (void)pthread_mutex_lock(&s->lock);
        s->plan_status = err_nomem(&s->plan_err);
        s->n_cells = 0;
        (void)pthread_mutex_unlock(&s->lock);
    }
    fan_out(s);
    work_cells(s);
    worker_ends(s);
}
