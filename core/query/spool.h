/* Rows kept for as long as one statement runs: the inner side of a join, or what a scan must read
 * again.  Small ones stay in memory; past a few megabytes they go to an unlinked temporary file, so
 * that memory stays bounded.  Equality look-ups go through a hash index whose arrays spill as well.
 * One thread. */
#ifndef ALLORA_QUERY_SPOOL_H
#define ALLORA_QUERY_SPOOL_H
#include "query/batch.h"
#include <allora/plugin.h>

enum { SPOOL_KEYS = 8 }; /* columns of one index */
struct spool;
/* tmp_dir: where to spill; may be NULL (then $TMPDIR, /var/tmp, /tmp). */
struct spool *spool_new(uint32_t n_cols, const char *tmp_dir); /* NULL when memory is out */
void spool_free(struct spool *s);
int32_t spool_add(struct spool *s, const struct batch *b, allora_error *err)
    __attribute__((warn_unused_result));
/* No more rows come; before the first read. */
int32_t spool_seal(struct spool *s, allora_error *err) __attribute__((warn_unused_result));
uint64_t spool_rows(const struct spool *s);

struct spool_index;
/* The index over these columns, made on first use; [static] with the spool. */
int32_t spool_index(struct spool *s, const uint32_t *cols, uint32_t n,
                    const struct spool_index **ret, allora_error *err);

/* Hash of a key's cell such that all that SQL can call equal, under any affinity or collation used
 * here, hashes the same. */
uint64_t spool_hash(uint64_t seed, const allora_value *v);

struct spool_cursor {
    const struct spool *spool;
    const struct spool_index *index; /* NULL: all rows */
    uint64_t hash, row;              /* row: number of the current one + 1; 0: none yet */
    const allora_value *cells;       /* the current row */
    const void *base;                /* its texts: cell_text(base, cell) */
    unsigned char *buffer;           /* of a spool that is read from its file */
    uint64_t buffer_at, buffer_len, buffer_cap;
};
void spool_cursor_done(struct spool_cursor *c);
/* Starts over: all rows, or those whose key hashes to `hash`.  A hash may lie: the reader compares.
 */
void spool_seek(struct spool_cursor *c, const struct spool *s, const struct spool_index *index,
                uint64_t hash);
/* ALLORA_OK with a row, ALLORA_STOP at the end, or an error. */
int32_t spool_next(struct spool_cursor *c, allora_error *err);
#endif
