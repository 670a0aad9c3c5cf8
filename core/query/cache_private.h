/* What cache.c (the file) and cache_rows.c (keys and rows as bytes) share. */
#ifndef ALLORA_QUERY_CACHE_PRIVATE_H
#define ALLORA_QUERY_CACHE_PRIVATE_H
#include "base/buf.h"
#include "query/batch.h"
#include "query/cache.h"
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

enum { CACHE_TEXT = 1 << 20, CACHE_CHUNK_MAX = BATCH_MAX + (1 << 20), CACHE_MAX_COLUMNS = 2000 };
#define CACHE_ENTRY_MAX (UINT64_C(48) << 20)   /* longer answers are not kept */
#define CACHE_PENDING_MAX (UINT64_C(96) << 20) /* of all that is being collected at one time */

struct cache_reader { /* an idle connection */
    struct cache_reader *next;
    sqlite3 *db;
    uint64_t generation;
};
struct cache {
    char *dir, *path;
    pthread_mutex_t lock; /* guards the connection and the flags */
    sqlite3 *db;
    bool useless, rebuilt;
    uint64_t generation; /* of the file: counts what was thrown away */
    struct cache_reader *readers;
    _Atomic uint64_t pending;
};
struct cache_entry {
    int64_t id, as_of_us;
    uint32_t n_stored;                /* cells of a stored row */
    uint16_t from[CACHE_MAX_COLUMNS]; /* which stored cell each wanted column is */
};
struct cache_writer {
    struct cache *cache;
    char *owner, *partition, *filters, *columns;
    size_t filters_len;
    int64_t as_of_us;
    uint32_t n_cols;
    uint64_t bytes;
    struct batch *first, *last;
    bool full; /* over the limit: nothing will be stored */
};

/* Plugin, version, table and the shape of its columns: rows of another shape are never taken for
 * this table's. */
void cache_owner(const struct cache_key *key, struct buf *out);
/* Each filter as a text, sorted, ended by \x1e. */
void cache_filters(const struct cache_key *key, struct buf *out);
/* Is every filter of `has` among `asked`? */
bool cache_filters_within(allora_str has, allora_str asked);
/* Do the stored columns (names, comma-separated) hold all wanted ones?  Fills entry->from. */
bool cache_columns_cover(const char *columns, const struct cache_key *key,
                         struct cache_entry *entry);
void cache_chunk_pack(const struct batch *b, bool last, struct buf *out);
/* Sends a chunk's rows.  ALLORA_E_INTERNAL, before the first row, if it is damaged; else the sink's
 * last word. */
int32_t cache_chunk_rows(allora_str chunk, const struct cache_entry *entry, uint32_t n_wanted,
                         const allora_sink *sink, bool *ret_last);
void cache_touch(struct cache *c, int64_t id);
void cache_store(struct cache *c, const struct cache_writer *w);
#endif
