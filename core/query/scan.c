/* Fan-out over partitions, and the queue between the workers and the reader. */
#include "query/scan_private.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "query/partition.h"

#include <string.h>
#include <time.h>

enum { WAIT_MS = 50, SPARE_BATCHES = 4, WARNING_MAX = 16 * 1024 };

void warning_json(struct buf *out, int32_t status, const allora_error *err, const char *where)
{
    struct jsonw w = JSONW(out);

    jw_object(&w);
    jw_kstr(&w, "code", status_name(status));
    jw_kstr(&w, "message", err->message[0] ? err->message : status_text(status));
    if (err->reason[0])
        jw_kstr(&w, "reason", err->reason);
    if (err->hint[0])
        jw_kstr(&w, "hint", err->hint);
    if (where && *where)
        jw_kstr(&w, "where", where);
    jw_end_object(&w);
}

/* ---- warnings -----------------------------------------------------------------------------------
 */

static void keep_warning(struct scan *s, allora_str json)
{
    struct scan_warning **at = &s->warnings;

    for (; *at; at = &(*at)->next) {
        if ((*at)->json.len == json.len && memcmp((*at)->json.ptr, json.ptr, json.len) == 0)
            return;
    }
    if (s->n_warnings >= SCAN_WARNINGS)
        return;
    struct scan_warning *w = arena_alloc(&s->mem, sizeof *w);
    char *copy = arena_strndup(&s->mem, json.ptr, json.len);
    if (!w || !copy)
        return;
    *w = (struct scan_warning){NULL, {copy, json.len}};
    *at = w;
    s->n_warnings++;
}

/* A plugin's warning goes on to JSON output, so it must be a JSON object; anything else becomes
 * one. */
void scan_warn(struct scan *s, allora_str json)
{
    A_CLEAN(json_freep) json_node *node = NULL;
    struct buf wrapped = BUF(WARNING_MAX);
    allora_error why = ERR_INIT;

    if (json.len > WARNING_MAX || json_parse(json.ptr, json.len, &node, &why) != ALLORA_OK ||
        json_typeof(node) != JSON_OBJECT) {
        err_reset(&why);
        (void)err_set(&why, ALLORA_PARTIAL, "%.*s", json.len > 400 ? 400 : (int)json.len, json.ptr);
        warning_json(&wrapped, ALLORA_PARTIAL, &why, s->r.table->table->name);
        json = (allora_str){buf_str(&wrapped), wrapped.len};
    }
    (void)pthread_mutex_lock(&s->lock);
    keep_warning(s, json);
    (void)pthread_mutex_unlock(&s->lock);
    buf_done(&wrapped);
}

/* ---- the queue
 * ------------------------------------------------------------------------------------ */

static struct timespec deadline_in(int64_t ms)
{
    struct timespec t = {0, 0};

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += (long)(ms % 1000) * 1000000L;
    t.tv_sec += (time_t)(ms / 1000) + t.tv_nsec / 1000000000L;
    t.tv_nsec %= 1000000000L;
    return t;
}

/* Waits on cond for a moment; a wait inside a pool's job lets another job run meanwhile. */
static void wait_a_moment(struct scan *s, pthread_cond_t *cond, bool *waiting)
{
    struct timespec until = deadline_in(WAIT_MS);

    if (!*waiting) {
        *waiting = true;
        (void)pthread_mutex_unlock(&s->lock);
        pool_wait_begin(s->r.pool);
        (void)pthread_mutex_lock(&s->lock);
        return; /* the state may have changed: look again before sleeping */
    }
    (void)pthread_cond_timedwait(cond, &s->lock, &until);
}

struct batch *scan_take_batch(struct scan *s, size_t need, bool first)
{
    size_t size = first ? BATCH_FIRST : BATCH_SIZE;
    struct batch *b = NULL;
    bool waiting = false, make = false;

    if (need > size)
        size = need;
    (void)pthread_mutex_lock(&s->lock);
    while (!atomic_load_explicit(&s->stop, memory_order_relaxed) && !b && !make) {
        if (size == BATCH_SIZE && s->free_list) {
            b = s->free_list;
            s->free_list = b->next;
        } else if (s->n_batches < s->max_batches) {
            s->n_batches++;
            make = true;
        } else if (s->free_list) { /* an odd size is needed and all are out: give one up for it */
            struct batch *old = s->free_list;
            s->free_list = old->next;
            free(old);
            make = true;
        } else {
            s->n_waiting++;
            wait_a_moment(s, &s->freed, &waiting);
            s->n_waiting--;
        }
    }
    (void)pthread_mutex_unlock(&s->lock);
    if (waiting)
        pool_wait_end(s->r.pool);
    if (!make)
        return b;
    b = batch_new(size);
    if (!b) {
        (void)pthread_mutex_lock(&s->lock);
        s->n_batches--;
        (void)pthread_mutex_unlock(&s->lock);
    }
    return b;
}

void scan_ship(struct scan *s, struct batch *b)
{
    (void)pthread_mutex_lock(&s->lock);
    b->next = NULL;
    *s->last = b;
    s->last = &b->next;
    (void)pthread_cond_signal(&s->filled);
    (void)pthread_mutex_unlock(&s->lock);
}

/* Under the lock. */
static void recycle(struct scan *s, struct batch *b)
{
    if (b->size == BATCH_SIZE) {
        b->next = s->free_list;
        s->free_list = b;
    } else {
        free(b);
        s->n_batches--;
    }
    if (s->n_waiting)
        (void)pthread_cond_signal(&s->freed);
}

void scan_drop_batch(struct scan *s, struct batch *b)
{
    (void)pthread_mutex_lock(&s->lock);
    recycle(s, b);
    (void)pthread_mutex_unlock(&s->lock);
}

/* ---- one partition
 * --------------------------------------------------------------------------------- */

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

static struct cache_key key_of(const struct scan *s, const struct scan_cell *cell)
{
    return (struct cache_key){s->r.table,    cell->name,  s->r.pushed,
                              s->r.n_pushed, s->r.wanted, s->r.n_wanted};
}

static bool from_cache(struct scan *s, struct scan_cell *cell, allora_ctx *ctx)
{
    int64_t max_age = cache_max_age_us(&s->r.policy, s->r.table);
    struct cache_key key = key_of(s, cell);
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

static int32_t call_list(struct scan *s, struct scan_cell *cell, allora_ctx *ctx, struct rowsink *k)
{
    allora_list_request request = {.size = (uint32_t)sizeof request,
                                   .n_filters = s->r.n_pushed,
                                   .table = s->r.table->table->name,
                                   .filters = s->r.pushed,
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

static void live(struct scan *s, struct scan_cell *cell, allora_ctx *parent)
{
    struct cache_key key = key_of(s, cell);
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
    cell->status = call_list(s, cell, ctx, &k);
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

static void run_cell(struct scan *s, struct scan_cell *cell)
{
    allora_ctx *ctx = ctx_open(s->ctx, NULL, 0, 0);

    if (!ctx)
        cell->status = err_nomem(&cell->err);
    else if (!from_cache(s, cell, ctx))
        live(s, cell, ctx);
    ctx_close(ctx);
    (void)pthread_mutex_lock(&s->lock);
    cell->done = true;
    (void)pthread_mutex_unlock(&s->lock);
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

static void first_worker(void *arg)
{
    struct scan *s = arg;

    if (s->r.table->table->partitioned) {
        int32_t status = find_partitions(s, &s->plan_err);
        (void)pthread_mutex_lock(&s->lock);
        s->plan_status = atomic_load(&s->stop) && status < 0 ? ALLORA_OK : status;
        (void)pthread_mutex_unlock(&s->lock);
    }
    fan_out(s);
    work_cells(s);
    worker_ends(s);
}

/* ---- the reader's side
 * ------------------------------------------------------------------------------------ */

static int32_t copy_filters(struct scan *s, const struct scan_request *r)
{
    allora_filter *pushed = arena_array(&s->mem, r->n_pushed + 1, sizeof *pushed);
    allora_filter *local = arena_array(&s->mem, r->n_local + 1, sizeof *local);
    uint8_t *types = arena_alloc(&s->mem, r->n_wanted + 1);

    s->filters = arena_array(&s->mem, r->n_local + 1, sizeof *s->filters);
    if (!pushed || !local || !types || !s->filters)
        return ALLORA_E_NOMEM;
    for (uint32_t i = 0; i < r->n_pushed; i++) {
        pushed[i] = r->pushed[i];
        if (val_copy(&s->mem, &r->pushed[i].val, &pushed[i].val) != ALLORA_OK)
            return ALLORA_E_NOMEM;
    }
    for (uint32_t i = 0; i < r->n_wanted; i++)
        types[i] = r->table->table->columns[r->wanted[i]].type;
    for (uint32_t i = 0; i < r->n_local; i++) {
        uint32_t cell = 0;
        while (cell < r->n_wanted && r->wanted[cell] != r->local[i].column)
            cell++;
        local[i] = r->local[i];
        if (val_copy(&s->mem, &r->local[i].val, &local[i].val) != ALLORA_OK)
            return ALLORA_E_NOMEM;
        if (cell == r->n_wanted)
            continue; /* not fetched: SQLite looks at it */
        if (row_filter_init(&s->filters[s->n_filters++], cell, &local[i], &s->mem) != ALLORA_OK)
            return ALLORA_E_NOMEM;
    }
    s->types = types;
    s->r.pushed = pushed;
    s->r.local = local;
    return ALLORA_OK;
}

static bool init_sync(struct scan *s)
{
    pthread_condattr_t attr;

    if (pthread_condattr_init(&attr) != 0)
        return false;
    bool ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
              pthread_cond_init(&s->filled, &attr) == 0 && pthread_cond_init(&s->freed, &attr) == 0;
    (void)pthread_condattr_destroy(&attr);
    return ok && pthread_mutex_init(&s->lock, NULL) == 0 &&
           pthread_mutex_init(&s->load_lock, NULL) == 0;
}

static void scan_free(struct scan *s)
{
    for (struct batch *b = s->first, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    for (struct batch *b = s->free_list, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(s->reading);
    ctx_close(s->ctx);
    (void)pthread_cond_destroy(&s->filled);
    (void)pthread_cond_destroy(&s->freed);
    (void)pthread_mutex_destroy(&s->lock);
    (void)pthread_mutex_destroy(&s->load_lock);
    arena_done(&s->mem);
    free(s);
}

int32_t scan_start(const struct scan_request *r, struct scan **ret, allora_error *err)
{
    struct scan *s = mem_zalloc(sizeof *s);

    if (!s)
        return err_nomem(err);
    s->r = *r;
    s->last = &s->first;
    s->max_batches = SPARE_BATCHES + 1;
    s->plan_err = ERR_INIT;
    arena_init(&s->mem, 0);
    if (!init_sync(s)) {
        free(s);
        return err_nomem(err);
    }
    s->cells = arena_array(&s->mem, 1, sizeof *s->cells);
    s->ctx = ctx_open(r->ctx, NULL, 0, 0);
    if (!s->cells || !s->ctx || copy_filters(s, r) != ALLORA_OK) {
        scan_free(s);
        return err_nomem(err);
    }
    if (!r->table->table->partitioned) {
        s->cells[0] = (struct scan_cell){.name = "", .err = ERR_INIT};
        s->n_cells = 1;
    }
    s->n_workers = 1;
    if (pool_submit(r->pool, first_worker, s) != ALLORA_OK) {
        scan_free(s);
        return err_nomem(err);
    }
    *ret = s;
    return ALLORA_OK;
}

static void where_of(const struct scan *s, const struct scan_cell *cell, struct buf *out)
{
    buf_adds(out, s->r.table->table->name);
    if (*cell->name)
        buf_addf(out, " in %s", cell->name);
}

/* All workers are done and all rows are read: was it a success?  Under the lock. */
static int32_t verdict(struct scan *s, allora_error *err)
{
    const struct scan_cell *bad = NULL;
    uint32_t n_bad = 0;

    if (s->plan_status < 0) {
        err_copy(err, &s->plan_err);
        err_prefix(err, "%s: ", s->r.table->table->name);
        return s->plan_status;
    }
    for (uint32_t i = 0; i < s->n_cells; i++) {
        if (s->cells[i].status < 0) {
            bad = bad ? bad : &s->cells[i];
            n_bad++;
        }
    }
    if (!bad || n_bad < s->n_cells)
        return ALLORA_OK;
    struct buf where = BUF(1024);
    where_of(s, bad, &where);
    err_copy(err, &bad->err);
    err->code = bad->status;
    if (!err->message[0])
        (void)err_set(err, bad->status, "%s", status_text(bad->status));
    err_prefix(err, "%s: ", buf_str(&where));
    buf_done(&where);
    return bad->status;
}

int32_t scan_next(struct scan *s, struct batch **ret, allora_error *err)
{
    bool waiting = false;
    int32_t status = ALLORA_OK;

    *ret = NULL;
    (void)pthread_mutex_lock(&s->lock);
    if (s->reading)
        recycle(s, s->reading);
    s->reading = NULL;
    while (!s->first && s->n_workers > 0) {
        status = ctx_check(s->r.ctx, err);
        if (status != ALLORA_OK)
            break;
        atomic_store_explicit(&s->hungry, true, memory_order_relaxed);
        wait_a_moment(s, &s->filled, &waiting);
    }
    if (status == ALLORA_OK && s->first) {
        s->reading = s->first;
        s->first = s->first->next;
        if (!s->first)
            s->last = &s->first;
        *ret = s->reading;
    } else if (status == ALLORA_OK) {
        status = ctx_check(s->r.ctx, err);
        if (status == ALLORA_OK)
            status = verdict(s, err);
    }
    atomic_store_explicit(&s->hungry, false, memory_order_relaxed);
    (void)pthread_mutex_unlock(&s->lock);
    if (waiting)
        pool_wait_end(s->r.pool);
    return status;
}

static void count_cells(struct scan *s, struct scan_outcome *out)
{
    out->partitions = s->n_cells;
    out->pruned = s->n_pruned;
    for (uint32_t i = 0; i < s->n_cells; i++) {
        const struct scan_cell *cell = &s->cells[i];
        out->failed += cell->status < 0;
        out->cached += cell->cached;
        out->partial = out->partial || cell->status < 0 || cell->partial;
        if (cell->cached && (!out->as_of_us || cell->as_of_us < out->as_of_us))
            out->as_of_us = cell->as_of_us;
    }
    out->rows_read = atomic_load(&s->rows_read);
}

void scan_finish(struct scan *s, struct scan_outcome *ret, void (*warn)(void *arg, allora_str json),
                 void *arg)
{
    bool waiting = false;

    (void)pthread_mutex_lock(&s->lock);
    atomic_store(&s->stop, true);
    if (s->n_workers > 0) {
        (void)pthread_cond_broadcast(&s->freed);
        (void)pthread_mutex_unlock(&s->lock);
        ctx_cancel(s->ctx, ALLORA_E_CANCELLED);
        (void)pthread_mutex_lock(&s->lock);
    }
    while (s->n_workers > 0)
        wait_a_moment(s, &s->filled, &waiting);
    (void)pthread_mutex_unlock(&s->lock);
    if (waiting)
        pool_wait_end(s->r.pool);

    struct scan_outcome outcome = {0};
    count_cells(s, &outcome);
    for (uint32_t i = 0; warn && i < s->n_cells; i++) {
        struct buf json = BUF(WARNING_MAX), where = BUF(1024);
        where_of(s, &s->cells[i], &where);
        if (s->cells[i].status < 0 && outcome.failed < s->n_cells)
            warning_json(&json, s->cells[i].status, &s->cells[i].err, buf_str(&where));
        if (json.len)
            warn(arg, (allora_str){json.ptr, json.len});
        buf_done(&json);
        buf_done(&where);
    }
    for (const struct scan_warning *w = s->warnings; warn && w; w = w->next)
        warn(arg, w->json);
    *ret = outcome;
    scan_free(s);
}
