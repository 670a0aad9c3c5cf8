/* Scans for runs of a plan; and required keys that come from other rows.
 *
 * A table that cannot be listed without a key (the objects of a bucket), joined with one that has
 * the keys, would be asked once for each outer row, one after the other.  Instead the statement is
 * run ahead: a key not fetched yet is noted and counts as having no rows, and nothing that comes
 * out after that is shown.  When enough keys are noted they are fetched, each once and many at a
 * time, and the statement starts again over rows that are all kept by then, so that it goes the
 * same way, passes over what it has shown, and gets further. */
#include "query/statement.h"

#include "base/err.h"
#include "base/mem.h"

#include <string.h>

enum { KEYS_FIRST = 16, KEYS_FACTOR = 4, KEYS_MOST = 4096, KEYS_AT_ONCE = 32 };

void use_add_outcome(struct table_use *use, const struct scan_outcome *o)
{
    use->scans++;
    use->rows_read += o->rows_read;
    use->partitions += o->partitions;
    use->failed += o->failed;
    use->cached += o->cached;
    use->pruned += o->pruned;
    if (o->as_of_us && (!use->as_of_us || o->as_of_us < use->as_of_us))
        use->as_of_us = o->as_of_us;
    if (o->partial)
        use->st->partial = true;
}

int32_t run_start(const struct plan *p, const struct plan_run *r, bool streaming, struct scan **ret,
                  allora_error *err)
{
    struct statement *st = p->use->st;
    struct scan_request request = {
        .source = &st->engine->source,
        .table = &p->use->src,
        .ctx = st->ctx,
        .pool = st->engine->pool,
        .cache = st->engine->cache,
        .policy = {st->q->max_age_s, st->q->refresh, st->q->offline},
        .wanted = p->wanted,
        .n_wanted = p->n_wanted,
        .pushed = r->pushed,
        .n_pushed = r->n_pushed,
        .local = r->constant,
        .n_local = r->n_constant,
        .limit = streaming ? r->limit : 0,
        .limit_pushed = streaming && r->limit_pushed,
    };
    return scan_start(&request, ret, err);
}

int32_t run_read(struct scan *scan, struct spool *spool, allora_error *err)
{
    struct batch *batch = NULL;
    int32_t status;

    do {
        status = scan_next(scan, &batch, err);
        if (status == ALLORA_OK && batch)
            status = spool_add(spool, batch, err);
    } while (status == ALLORA_OK && batch);
    return status == ALLORA_OK ? spool_seal(spool, err) : status;
}

/* ---- keys
 * ---------------------------------------------------------------------------------------------- */

struct keyed_run {
    const struct plan *plan;
    struct plan_run run;
};

static int32_t copy_filters(struct arena *mem, const allora_filter *from, uint32_t n,
                            allora_filter **ret)
{
    allora_filter *to = arena_array(mem, n + 1, sizeof *to);

    if (!to)
        return ALLORA_E_NOMEM;
    for (uint32_t i = 0; i < n; i++) {
        to[i] = from[i];
        if (val_copy(mem, &from[i].val, &to[i].val) != ALLORA_OK)
            return ALLORA_E_NOMEM;
    }
    *ret = to;
    return ALLORA_OK;
}

int keyed_miss(const struct plan *p, const struct plan_run *r)
{
    struct statement *st = p->use->st;
    void *old;

    st->collecting = true;
    if (map_get(&st->missing, r->name))
        return SQLITE_OK;
    struct keyed_run *k = arena_array(&st->mem, 1, sizeof *k);
    if (!k)
        return SQLITE_NOMEM;
    k->plan = p;
    k->run = *r;
    if (copy_filters(&st->mem, r->constant, r->n_constant, &k->run.constant) != ALLORA_OK ||
        copy_filters(&st->mem, r->pushed, r->n_pushed, &k->run.pushed) != ALLORA_OK ||
        map_put(&st->missing, r->name, k, &old) != ALLORA_OK)
        return SQLITE_NOMEM;
    if (!st->key_batch)
        st->key_batch = KEYS_FIRST;
    if (st->missing.n < st->key_batch)
        return SQLITE_OK;
    st->refetch = true;
    return SQLITE_INTERRUPT;
}

/* One key's rows, from its scan into its spool.  A key that fails leaves the others standing. */
static int32_t finish_key(struct statement *st, const struct keyed_run *k, const char *name,
                          struct scan *scan, allora_error *first_err, uint32_t *n_ok,
                          allora_error *err)
{
    struct spool *spool = spool_new(k->plan->n_wanted, st->engine->tmp_dir);
    struct scan_outcome outcome;
    void *old = NULL;
    int32_t status = spool ? run_read(scan, spool, err) : err_nomem(err);

    scan_finish(scan, &outcome, statement_warn, st);
    use_add_outcome(k->plan->use, &outcome);
    if (status == ALLORA_OK)
        ++*n_ok;
    if (status == ALLORA_E_CANCELLED || status == ALLORA_E_TIMEOUT || status == ALLORA_E_NOMEM) {
        spool_free(spool);
        return status;
    }
    if (status != ALLORA_OK) {
        struct buf json = BUF(4096);
        warning_json(&json, status, err, k->plan->use->name);
        if (!buf_failed(&json))
            statement_warn(st, (allora_str){json.ptr, json.len});
        buf_done(&json);
        st->partial = true;
        err_copy(first_err, err);
        first_err->code = status;
        spool_free(spool);
        spool = spool_new(k->plan->n_wanted, st->engine->tmp_dir);
        status = spool ? spool_seal(spool, err) : err_nomem(err);
    }
    if (status == ALLORA_OK)
        status = map_put(&st->spools, name, spool, &old);
    if (status != ALLORA_OK)
        spool_free(spool);
    return status;
}

int32_t keyed_fetch(struct statement *st, allora_error *err)
{
    struct scan *scans[KEYS_AT_ONCE] = {NULL};
    allora_error first_err = ERR_INIT;
    uint32_t n_ok = 0;
    size_t started = 0, finished = 0, n = st->missing.n;
    int32_t status = ALLORA_OK;

    while (finished < n && status == ALLORA_OK) {
        while (started < n && started - finished < KEYS_AT_ONCE && status == ALLORA_OK) {
            const struct keyed_run *k = st->missing.entries[started].value;
            status = run_start(k->plan, &k->run, false, &scans[started % KEYS_AT_ONCE], err);
            started += status == ALLORA_OK;
        }
        if (finished == started)
            break;
        const struct map_entry *entry = &st->missing.entries[finished];
        int32_t done = finish_key(st, entry->value, entry->key, scans[finished % KEYS_AT_ONCE],
                                  &first_err, &n_ok, err);
        status = status == ALLORA_OK ? done : status;
        finished++;
    }
    for (; finished < started; finished++) {
        struct scan_outcome outcome;
        scan_finish(scans[finished % KEYS_AT_ONCE], &outcome, NULL, NULL);
    }
    st->keys_ok += n_ok;
    map_done(&st->missing);
    map_init(&st->missing);
    st->collecting = st->refetch = false;
    if (st->key_batch < KEYS_MOST)
        st->key_batch *= KEYS_FACTOR;
    if (status == ALLORA_OK && st->keys_ok == 0 && first_err.code) {
        err_copy(err, &first_err);
        status = first_err.code;
    }
    return status;
}
