/* One live (or cached) read of one table: list() once per partition on pooled workers, rows through
 * a bounded queue of batches to one reader.  Memory is bounded by the number of batches, whatever
 * the table's size.
 *
 *     scan_start() → scan_next()… → scan_finish()
 *
 * The reader is one thread; it may stop at any time: workers see STOP at their next row, and a
 * cancelled ctx. */
#ifndef ALLORA_QUERY_SCAN_H
#define ALLORA_QUERY_SCAN_H
#include "base/buf.h"
#include "base/ctx.h"
#include "base/pool.h"
#include "query/batch.h"
#include "query/cache.h"
#include "query/source.h"
#include <allora/plugin.h>
#include <stdbool.h>

struct scan_request { /* all [borrowed] until scan_finish(), but filters, which are copied */
    const struct table_source *source;
    const struct source_table *table;
    allora_ctx *ctx; /* the statement's; the scan runs in children of it */
    struct pool *pool;
    struct cache *cache; /* NULL: none */
    struct cache_policy policy;
    const uint32_t *wanted; /* table columns, ascending; the rows' cells */
    uint32_t n_wanted;
    const allora_filter *pushed; /* what list() gets; .column is a table column */
    uint32_t n_pushed;
    const allora_filter *local; /* evaluated on every row; their columns are all wanted */
    uint32_t n_local;
    uint64_t
        limit; /* rows wanted of each partition; 0: all.  Only where no later step drops rows */
    bool limit_pushed; /* every filter is pushed and exact: list() may stop there too */
};
struct scan_outcome {
    uint64_t rows_read; /* rows that providers (or the cache) sent, before filters */
    uint32_t partitions, failed, cached, pruned;
    int64_t as_of_us; /* oldest cached answer; 0: all live */
    bool partial;
};

struct scan;
int32_t scan_start(const struct scan_request *r, struct scan **ret, allora_error *err);
/* The next batch, valid until the next call; *ret NULL at the end.  An error when every partition
 * failed, or the ctx ended. */
int32_t scan_next(struct scan *s, struct batch **ret, allora_error *err);
/* Stops, waits for the workers, reports and frees.  `warn` gets each warning (JSON, error-shaped)
 * once; may be NULL. */
void scan_finish(struct scan *s, struct scan_outcome *ret, void (*warn)(void *arg, allora_str json),
                 void *arg);

/* {"code","message","reason","hint","where"} */
void warning_json(struct buf *out, int32_t status, const allora_error *err, const char *where);
#endif
