/* What scan.c (queue, partitions) and rowsink.c (rows into batches) share. */
#ifndef ALLORA_QUERY_SCAN_PRIVATE_H
#define ALLORA_QUERY_SCAN_PRIVATE_H
#include "base/buf.h"
#include "query/rowfilter.h"
#include "query/scan.h"
#include <pthread.h>
#include <stdatomic.h>

enum { SCAN_WORKERS = 64, SCAN_WARNINGS = 64 };

struct scan_cell { /* one partition */
    const allora_pair *partition;
    uint32_t n_partition;
    const allora_value *key; /* of a required column, one value of its IN list; NULL: none */
    const char *name; /* "account=prod region=eu-west-1"; "" when the table has no partitions */
    int32_t status;
    bool cached, partial;
    int64_t as_of_us;
    allora_error err;
};
struct scan_warning {
    struct scan_warning *next;
    allora_str json;
};
struct scan {
    struct scan_request r;
    struct arena mem; /* before the workers start, then under lock */
    allora_ctx *ctx;
    const uint8_t *types; /* of the wanted columns */
    struct row_filter *filters;
    uint32_t n_filters;
    int32_t keys_at; /* the pushed IN filter that becomes one call a value; -1: none */

    _Atomic bool stop;   /* the reader has enough */
    _Atomic bool hungry; /* the reader waits for rows: ship early */
    _Atomic uint64_t rows_read;
    _Atomic uint32_t next_cell, n_done;

    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t filled, freed;
    struct batch *first, **last; /* filled, in order */
    struct batch *free_list, *reading;
    unsigned n_batches, max_batches, n_waiting, n_workers;
    struct scan_cell *cells;
    uint32_t n_cells, n_pruned;
    int32_t plan_status; /* finding the partitions failed */
    allora_error plan_err;
    struct scan_warning *warnings;
    unsigned n_warnings;
    pthread_mutex_t load_lock; /* guards the four below: one load, however many partitions */
    bool loaded;
    const allora_provider_v1 *provider;
    allora_instance *instance;
    const void *plugin;
};

/* An empty batch with room for `need` bytes; NULL when the scan is to stop or memory is out. */
struct batch *scan_take_batch(struct scan *s, size_t need, bool first);
void scan_ship(struct scan *s, struct batch *b);
void scan_drop_batch(struct scan *s, struct batch *b);
void scan_warn(struct scan *s, allora_str json); /* keeps it unless it is known already */

/* scan_cells.c: the first job of a scan; it finds the partitions, gets help, and works. */
void scan_first_worker(void *scan);

struct rowsink { /* one partition's rows on their way into batches; one thread */
    struct scan *scan;
    struct scan_cell *cell;
    allora_ctx *ctx;
    struct batch *batch;
    struct cache_writer *keep; /* NULL: not cached */
    allora_value *scratch;     /* n_wanted */
    uint32_t *n_absent, *n_wrong;
    uint64_t n_read, n_kept;
    uint32_t ship_at;
    int64_t batch_since_ms;
    int32_t status; /* why the sink itself gave up */
};
int32_t rowsink_init(struct rowsink *k, struct scan *s, struct scan_cell *cell, allora_ctx *ctx,
                     struct cache_writer *keep);
allora_sink rowsink_sink(struct rowsink *k);
/* Ships what is left, warns of absent cells.  Call on every path. */
void rowsink_done(struct rowsink *k);
#endif
