/* Rows kept on disk, one SQLite file of their own: $XDG_CACHE_HOME/allora/rows.db.  An entry is one
 * complete partition of one table as list() sent it for one set of pushed filters.  It answers a
 * later scan that asks for no more columns and no fewer filters.
 *
 * Nothing here fails a query: without a usable file the cache is empty and keeps nothing.  A
 * damaged file is thrown away; every chunk carries a checksum.  Several processes may use one file
 * at once.  All functions: any thread. */
#ifndef ALLORA_QUERY_CACHE_H
#define ALLORA_QUERY_CACHE_H
#include "query/source.h"
#include <allora/plugin.h>
#include <stdbool.h>

struct cache;
struct cache_policy {
    int64_t max_age_s; /* -1: the table's own ttl */
    bool refresh, offline;
};
struct cache_key { /* whose rows: [borrowed] during the call */
    const struct source_table *table;
    const char *partition;        /* canonical text */
    const allora_filter *filters; /* what was pushed */
    uint32_t n_filters;
    const uint32_t *wanted;
    uint32_t n_wanted;
};
/* dir is made if need be; NULL when there is none to be had. */
struct cache *cache_new(const char *dir);
void cache_free(struct cache *c);

/* How old may an answer be?  -1: not from the cache at all; INT64_MAX: any age. */
int64_t cache_max_age_us(const struct cache_policy *p, const struct source_table *t);

/* Sends the rows, each cut to `wanted`, to the sink and returns true; *ret_as_of_us says when they
 * were read.  False: nothing usable (then no row was sent).  *ret_status is what the sink said
 * last, or ALLORA_E_*: the entry turned out to be damaged on the way. */
bool cache_replay(struct cache *c, const struct cache_key *key, int64_t max_age_us,
                  const allora_sink *sink, int64_t *ret_as_of_us, int32_t *ret_status);
/* Would cache_replay() find something?  *ret_as_of_us as there. */
bool cache_peek(struct cache *c, const struct cache_key *key, int64_t max_age_us,
                int64_t *ret_as_of_us);

/* Collects a partition's rows in memory (bounded: past that nothing is kept) and stores them at
 * commit.  Rows with a sensitive column are never kept. */
struct cache_writer;
struct cache_writer *cache_writer_new(struct cache *c,
                                      const struct cache_key *key); /* NULL: not kept */
void cache_writer_row(struct cache_writer *w, const allora_value *cells, uint32_t n);
void cache_writer_end(struct cache_writer *w, bool commit); /* frees; NULL ok */
#endif
