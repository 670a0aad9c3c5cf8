/* The sink that list() writes to.  Checks, filters, then copies: a row that no filter keeps costs
 * no copy, except where the cache wants it.
 *
 * Shipping: the first batch of a partition goes after 16 rows, then 64, 256 …, so that a reader who
 * needs few rows has them at once and one who reads all gets full batches.  While the reader waits,
 * a batch older than a few milliseconds goes too, and a CURSOR event (a page is complete) flushes:
 * then the provider is about to wait for its remote. */
#include "query/scan_private.h"

#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "query/timetext.h"

#include <time.h>

enum { RAMP_FIRST = 16, RAMP_FACTOR = 4, RAMP_END = 1 << 20, SHIP_AGE_MS = 4, CHECK_EVERY = 1024 };

static int64_t coarse_ms(void)
{
    struct timespec t;

    if (clock_gettime(CLOCK_MONOTONIC_COARSE, &t) != 0)
        return 0;
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void ship(struct rowsink *k)
{
    scan_ship(k->scan, k->batch);
    k->batch = NULL;
    if (k->ship_at < RAMP_END)
        k->ship_at *= RAMP_FACTOR;
}

static bool take_batch(struct rowsink *k, size_t need)
{
    k->batch = scan_take_batch(k->scan, need, k->ship_at == RAMP_FIRST);
    if (!k->batch)
        return false;
    batch_clear(k->batch, k->scan->r.n_wanted);
    k->batch_since_ms = coarse_ms();
    return true;
}

static int32_t give_up(struct rowsink *k, int32_t status)
{
    if (!atomic_load_explicit(&k->scan->stop, memory_order_relaxed) && k->status == ALLORA_OK)
        k->status = status;
    return ALLORA_STOP;
}

static int32_t store_row(struct rowsink *k, const allora_value *cells, uint32_t n)
{
    if (!k->batch || !batch_add(k->batch, cells, n)) {
        if (k->batch)
            ship(k);
        size_t need = batch_row_size(cells, n);
        if (need > BATCH_MAX) {
            (void)err_set(&k->cell->err, ALLORA_E_REMOTE,
                          "a row of %zu bytes is over the limit of %d", need, BATCH_MAX);
            return give_up(k, ALLORA_E_REMOTE);
        }
        if (!take_batch(k, need))
            return give_up(k, ALLORA_E_NOMEM);
        if (!batch_add(k->batch, cells, n))
            return give_up(k, ALLORA_E_INTERNAL);
    }
    if (k->batch->n_rows >= k->ship_at ||
        (atomic_load_explicit(&k->scan->hungry, memory_order_relaxed) &&
         coarse_ms() - k->batch_since_ms >= SHIP_AGE_MS))
        ship(k);
    return ALLORA_OK;
}

/* A cell as its column's type has it: integers and booleans stand for each other, integers for
 * reals, and a text or JSON for the other.  Anything else is not what the manifest promised: the
 * cell is left out, with a warning. */
static allora_value fitted(struct rowsink *k, uint32_t i, const allora_value *v)
{
    uint8_t want = k->scan->types[i];
    allora_value out = *v;

    if (v->type == want || v->type == ALLORA_V_NULL) {
        if (want == ALLORA_V_TIME && v->type == want &&
            (v->u.i < TIMETEXT_MIN || v->u.i > TIMETEXT_MAX))
            goto wrong;
        return out;
    }
    if (v->type == ALLORA_V_ABSENT) {
        k->n_absent[i]++;
        return out;
    }
    out.type = want;
    if (want == ALLORA_V_REAL && v->type == ALLORA_V_INT)
        out.u.d = (double)v->u.i;
    else if (want == ALLORA_V_BOOL && v->type == ALLORA_V_INT && (v->u.i == 0 || v->u.i == 1))
        out.u.i = v->u.i;
    else if (want == ALLORA_V_INT && v->type == ALLORA_V_BOOL)
        out.u.i = v->u.i != 0;
    else if (!(value_is_text(v) && (want == ALLORA_V_TEXT || want == ALLORA_V_JSON)))
        goto wrong;
    return out;
wrong:
    k->n_wrong[i]++;
    return (allora_value){.type = ALLORA_V_ABSENT};
}

/* The row as the columns' types have it: the provider's own cells when they fit as they are, which
 * is the usual case. */
static const allora_value *fit_row(struct rowsink *k, const allora_value *cells, uint32_t n)
{
    const uint8_t *types = k->scan->types;
    uint32_t i = 0;

    while (i < n && (cells[i].type == ALLORA_V_NULL ||
                     (cells[i].type == types[i] && types[i] != ALLORA_V_TIME)))
        i++;
    while (i < n && (cells[i].type == ALLORA_V_NULL ||
                     (cells[i].type == types[i] &&
                      (types[i] != ALLORA_V_TIME ||
                       (cells[i].u.i >= TIMETEXT_MIN && cells[i].u.i <= TIMETEXT_MAX)))))
        i++;
    if (i == n)
        return cells;
    for (i = 0; i < n; i++)
        k->scratch[i] = fitted(k, i, &cells[i]);
    return k->scratch;
}

static int32_t sink_row(void *self, const allora_value *cells, uint32_t n)
{
    struct rowsink *k = self;
    struct scan *s = k->scan;

    if (atomic_load_explicit(&s->stop, memory_order_relaxed) || k->status != ALLORA_OK)
        return ALLORA_STOP;
    if (n != s->r.n_wanted) {
        (void)err_set(&k->cell->err, ALLORA_E_INTERNAL,
                      "the plugin sent a row of %u cells where %u were asked for", n,
                      s->r.n_wanted);
        return give_up(k, ALLORA_E_INTERNAL);
    }
    if (++k->n_read % CHECK_EVERY == 0) {
        int32_t ended = ctx_cancelled(k->ctx);
        if (ended)
            return give_up(k, ended);
    }
    cells = fit_row(k, cells, n);
    if (k->keep)
        cache_writer_row(k->keep, cells, n);
    for (uint32_t i = 0; i < s->n_filters; i++) {
        if (!row_filter_match(&s->filters[i], cells))
            return ALLORA_OK;
    }
    if (store_row(k, cells, n) != ALLORA_OK)
        return ALLORA_STOP;
    k->n_kept++;
    /* With the limit reached the partition is no longer complete, so it must not be cached. */
    if (s->r.limit && k->n_kept >= s->r.limit) {
        k->keep = NULL;
        k->status = ALLORA_STOP;
        return ALLORA_STOP;
    }
    return ALLORA_OK;
}

static int32_t sink_event(void *self, int32_t kind, allora_str payload)
{
    struct rowsink *k = self;

    if (kind == ALLORA_EV_WARNING)
        scan_warn(k->scan, payload);
    else if (kind == ALLORA_EV_CURSOR && k->batch && k->batch->n_rows > 0 &&
             (k->ship_at < RAMP_END ||
              atomic_load_explicit(&k->scan->hungry, memory_order_relaxed)))
        ship(k);
    if (atomic_load_explicit(&k->scan->stop, memory_order_relaxed) || k->status != ALLORA_OK)
        return ALLORA_STOP;
    return ALLORA_OK;
}

static int32_t sink_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    (void)self;
    (void)columns;
    (void)n;
    return ALLORA_OK;
}

int32_t rowsink_init(struct rowsink *k, struct scan *s, struct scan_cell *cell, allora_ctx *ctx,
                     struct cache_writer *keep)
{
    uint32_t n = s->r.n_wanted;

    *k = (struct rowsink){.scan = s, .cell = cell, .ctx = ctx, .keep = keep, .ship_at = RAMP_FIRST};
    k->scratch = mem_array(n + 1, sizeof *k->scratch);
    k->n_absent = mem_array(2 * (size_t)n + 1, sizeof *k->n_absent);
    if (!k->scratch || !k->n_absent) {
        free(k->scratch);
        free(k->n_absent);
        *k = (struct rowsink){.scan = s, .cell = cell};
        return ALLORA_E_NOMEM;
    }
    k->n_wrong = k->n_absent + n;
    return ALLORA_OK;
}

allora_sink rowsink_sink(struct rowsink *k)
{
    return (allora_sink){k, sink_begin, sink_row, sink_event};
}

/* Does a filter look at this column?  Then rows with a cell that could not be read were left out,
 * though nobody knows whether they match. */
static bool filtered(const struct scan_request *r, uint32_t column)
{
    for (uint32_t i = 0; i < r->n_local; i++) {
        if (r->local[i].column == column)
            return true;
    }
    for (uint32_t i = 0; i < r->n_pushed; i++) {
        if (r->pushed[i].column == column)
            return true;
    }
    return false;
}

static void warn_cells(struct rowsink *k, uint32_t i)
{
    const struct table *t = k->scan->r.table->table;
    const char *column = t->columns[k->scan->r.wanted[i]].name;
    bool decides = filtered(&k->scan->r, k->scan->r.wanted[i]);
    struct buf json = BUF(4096);
    allora_error why = ERR_INIT;

    k->cell->partial = k->cell->partial || decides;
    if (k->n_wrong[i])
        (void)err_set(&why, ALLORA_E_INTERNAL,
                      "%s: the plugin sent something that is no %s; shown as NULL", column,
                      val_type_name(k->scan->types[i]));
    else
        (void)err_set(&why, ALLORA_PARTIAL, "%s could not be read for some rows; %s", column,
                      decides ? "such rows are left out" : "shown as NULL");
    if (!k->n_wrong[i])
        err_reason(&why, decides ? "left_out" : "absent");
    warning_json(&json, why.code, &why, t->name);
    if (!buf_failed(&json))
        scan_warn(k->scan, (allora_str){json.ptr, json.len});
    buf_done(&json);
}

void rowsink_done(struct rowsink *k)
{
    for (uint32_t i = 0; k->n_absent && i < k->scan->r.n_wanted; i++) {
        if (k->n_absent[i] || k->n_wrong[i])
            warn_cells(k, i);
    }
    if (k->batch && k->batch->n_rows > 0)
        scan_ship(k->scan, k->batch);
    else if (k->batch)
        scan_drop_batch(k->scan, k->batch);
    k->batch = NULL;
    atomic_fetch_add(&k->scan->rows_read, k->n_read);
    free(k->scratch);
    free(k->n_absent);
    k->scratch = NULL;
    k->n_absent = NULL;
}
