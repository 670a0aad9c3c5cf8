/* The queue between a scan's workers and its reader, and the reader's side of it. */
#include "query/scan_private.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"

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
        const struct column *c = &r->table->table->columns[r->pushed[i].column];
        pushed[i] = r->pushed[i];
        if (pushed[i].op == ALLORA_OP_IN && c->required && !(c->push & PUSH_IN))
            s->keys_at = (int32_t)i;
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
    s->keys_at = -1;
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
    if (pool_submit(r->pool, scan_first_worker, s) != ALLORA_OK) {
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
