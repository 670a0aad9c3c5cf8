/* Spooled rows.  A row is its cells followed by its texts, padded to 8 bytes; offsets[] says where
 * each begins.
 *
 * The hash index is two arrays: the first row of each bucket, and for each row the next one of its
 * bucket, in the order in which the rows came; with the rows' hashes beside them, so that a chain
 * is walked without touching rows. */
#include "query/spool.h"

#include "base/err.h"
#include "base/mem.h"
#include "query/timetext.h"
#include "query/tmpfile.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    IN_MEMORY = 8 << 20, /* longer spools go to a file */
    WRITE_BUFFER = 256 << 10,
    READ_BUFFER = 64 << 10,
    NO_ROW = 0 /* links are row numbers + 1 */
};
#define MAP_LIMIT                                                                                  \
    (UINT64_C(96) << 20) /* longer files are read, not mapped: mapped pages count as memory */
#define MAX_ROWS UINT64_C(0xfffffff0)

struct spool_index {
    struct spool_index *next;
    uint32_t cols[SPOOL_KEYS], n_cols;
    uint64_t n_buckets; /* a power of two */
    uint32_t *first, *link, *hashes;
    struct big memory;
};
struct spool {
    uint32_t n_cols;
    const char *tmp_dir;
    uint64_t n_rows, size;
    unsigned char *mem; /* all rows, or the tail not yet written */
    uint64_t mem_len, mem_cap;
    int fd; /* -1: all in memory */
    const unsigned char *map;
    struct big offsets_memory;
    uint64_t *offsets; /* n_rows + 1 once sealed */
    uint64_t offsets_cap;
    struct spool_index *indexes;
};

struct spool *spool_new(uint32_t n_cols, const char *tmp_dir)
{
    struct spool *s = mem_zalloc(sizeof *s);

    if (!s)
        return NULL;
    s->n_cols = n_cols;
    s->tmp_dir = tmp_dir;
    s->fd = -1;
    return s;
}

void spool_free(struct spool *s)
{
    if (!s)
        return;
    for (struct spool_index *i = s->indexes, *next; i; i = next) {
        next = i->next;
        big_free(&i->memory);
        free(i);
    }
    big_free(&s->offsets_memory);
    if (s->map)
        (void)munmap((void *)(uintptr_t)s->map, s->size);
    if (s->fd >= 0)
        (void)close(s->fd);
    free(s->mem);
    free(s);
}

uint64_t spool_rows(const struct spool *s)
{
    return s->n_rows;
}

/* ---- writing
 * -------------------------------------------------------------------------------------- */

static int32_t flush(struct spool *s, allora_error *err)
{
    int32_t status = tmpfile_write(s->fd, s->mem, s->mem_len, s->size - s->mem_len, err);

    s->mem_len = 0;
    return status;
}

static int32_t spill(struct spool *s, allora_error *err)
{
    int32_t status = tmpfile_open(s->tmp_dir, &s->fd, err);

    if (status == ALLORA_OK)
        status = flush(s, err);
    if (status != ALLORA_OK)
        return status;
    free(s->mem);
    s->mem_cap = WRITE_BUFFER;
    s->mem = mem_alloc(s->mem_cap);
    return s->mem ? ALLORA_OK : err_nomem(err);
}

/* Room for n more bytes at mem + mem_len. */
static int32_t reserve(struct spool *s, uint64_t n, allora_error *err)
{
    int32_t status = ALLORA_OK;

    if (s->mem_len + n <= s->mem_cap)
        return ALLORA_OK;
    if (s->fd < 0 && s->mem_len + n > IN_MEMORY)
        status = spill(s, err);
    else if (s->fd >= 0)
        status = flush(s, err);
    if (status != ALLORA_OK || s->mem_len + n <= s->mem_cap)
        return status;
    uint64_t cap = s->mem_cap ? s->mem_cap : 4096;
    while (cap < s->mem_len + n)
        cap *= 2;
    unsigned char *grown = mem_resize(s->mem, cap, 1);
    if (!grown)
        return err_nomem(err);
    s->mem = grown;
    s->mem_cap = cap;
    return ALLORA_OK;
}

static int32_t grow_offsets(struct spool *s, uint64_t need, allora_error *err)
{
    if (need <= s->offsets_cap)
        return ALLORA_OK;
    uint64_t cap = s->offsets_cap ? s->offsets_cap * 2 : 64;
    while (cap < need)
        cap *= 2;
    struct big grown;
    int32_t status = big_alloc(&grown, cap * sizeof *s->offsets, s->tmp_dir, err);
    if (status != ALLORA_OK)
        return status;
    if (s->n_rows)
        memcpy(grown.p, s->offsets, s->n_rows * sizeof *s->offsets);
    big_free(&s->offsets_memory);
    s->offsets_memory = grown;
    s->offsets = grown.p;
    s->offsets_cap = cap;
    return ALLORA_OK;
}

static uint64_t record_size(const allora_value *cells, uint32_t n)
{
    return (batch_row_size(cells, n) + 7) & ~UINT64_C(7);
}

static void put_row(struct spool *s, const struct batch *b, const allora_value *cells,
                    uint64_t size)
{
    s->offsets[s->n_rows++] = s->size;
    if (size == 0)
        return;
    unsigned char *to = s->mem + s->mem_len;
    allora_value *out = (allora_value *)(void *)to;
    uint64_t at = s->n_cols * sizeof *out;

    for (uint32_t i = 0; i < s->n_cols; i++) {
        out[i] = cells[i];
        if (!value_is_text(&cells[i]))
            continue;
        if (cells[i].len)
            memcpy(to + at, cell_text(b->data, &cells[i]), cells[i].len);
        out[i].u.bits = at;
        at += cells[i].len;
    }
    memset(to + at, 0, size - at);
    s->mem_len += size;
    s->size += size;
}

int32_t spool_add(struct spool *s, const struct batch *b, allora_error *err)
{
    if (s->n_rows + b->n_rows > MAX_ROWS)
        return err_set(err, ALLORA_E_UNSUPPORTED, "more than %llu rows to be joined",
                       (unsigned long long)MAX_ROWS);
    int32_t status = grow_offsets(s, s->n_rows + b->n_rows + 1, err);
    for (uint32_t r = 0; r < b->n_rows && status == ALLORA_OK; r++) {
        const allora_value *cells = batch_row(b, r);
        uint64_t size = record_size(cells, s->n_cols);
        status = reserve(s, size, err);
        if (status == ALLORA_OK)
            put_row(s, b, cells, size);
    }
    return status;
}

int32_t spool_seal(struct spool *s, allora_error *err)
{
    int32_t status = grow_offsets(s, s->n_rows + 1, err);

    if (status != ALLORA_OK)
        return status;
    s->offsets[s->n_rows] = s->size;
    if (s->fd < 0)
        return ALLORA_OK;
    status = flush(s, err);
    if (status != ALLORA_OK || s->size > MAP_LIMIT)
        return status;
    void *map = mmap(NULL, s->size, PROT_READ, MAP_SHARED, s->fd, 0);
    s->map = map == MAP_FAILED ? NULL : map; /* then it is read */
    return ALLORA_OK;
}

/* ---- reading
 * -------------------------------------------------------------------------------------- */

static int32_t read_file(struct spool_cursor *c, uint64_t at, uint64_t len, uint64_t ahead,
                         allora_error *err)
{
    const struct spool *s = c->spool;
    uint64_t want = len > ahead ? len : ahead;

    if (at >= c->buffer_at && at + len <= c->buffer_at + c->buffer_len)
        return ALLORA_OK;
    if (want > s->size - at)
        want = s->size - at;
    if (want > c->buffer_cap) {
        unsigned char *grown = mem_resize(c->buffer, want, 1);
        if (!grown)
            return err_nomem(err);
        c->buffer = grown;
        c->buffer_cap = want;
    }
    c->buffer_at = at;
    c->buffer_len = 0;
    int32_t status = tmpfile_read(s->fd, c->buffer, want, at, err);
    if (status == ALLORA_OK)
        c->buffer_len = want;
    return status;
}

static int32_t load_row(struct spool_cursor *c, uint64_t row, allora_error *err)
{
    const struct spool *s = c->spool;
    uint64_t at = s->offsets[row], len = s->offsets[row + 1] - at;
    static const allora_value no_cells; /* a row without cells is a row all the same */
    const unsigned char *p;

    if (s->n_cols == 0) {
        p = (const unsigned char *)&no_cells;
    } else if (s->fd < 0) {
        p = s->mem + at;
    } else if (s->map) {
        p = s->map + at;
    } else {
        int32_t status = read_file(c, at, len, c->index ? 0 : READ_BUFFER, err);
        if (status != ALLORA_OK)
            return status;
        p = c->buffer + (at - c->buffer_at);
    }
    c->base = p;
    c->cells = (const allora_value *)(const void *)p;
    return ALLORA_OK;
}

void spool_cursor_done(struct spool_cursor *c)
{
    free(c->buffer);
    *c = (struct spool_cursor){0};
}

void spool_seek(struct spool_cursor *c, const struct spool *s, const struct spool_index *index,
                uint64_t hash)
{
    if (c->spool != s)
        c->buffer_len = 0;
    c->spool = s;
    c->index = index;
    c->hash = hash;
    c->row = 0;
}

int32_t spool_next(struct spool_cursor *c, allora_error *err)
{
    const struct spool_index *x = c->index;

    if (!x) {
        if (c->row == c->spool->n_rows)
            return ALLORA_STOP;
        return load_row(c, c->row++, err);
    }
    uint64_t row = c->row ? x->link[c->row - 1] : x->first[c->hash & (x->n_buckets - 1)];
    while (row != NO_ROW && x->hashes[row - 1] != (uint32_t)(c->hash >> 32))
        row = x->link[row - 1];
    if (row == NO_ROW)
        return ALLORA_STOP;
    c->row = row;
    return load_row(c, row - 1, err);
}

/* ---- the index
 * ---------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

static uint64_t hash_number(uint64_t seed, double d)
{
    union {
        double d;
        uint64_t bits;
    } u = {d == 0 ? 0.0 : d}; /* -0 equals 0 */
    return mix(seed ^ mix(u.bits));
}

/* Does it read as a number, as SQLite's numeric affinity takes it?  A generous test: it decides
 * only how to hash. */
static bool numeric(const char *p, uint32_t n, double *ret)
{
    char text[64], *end;
    uint32_t from = 0;

    while (from < n && (p[from] == ' ' || (p[from] >= '\t' && p[from] <= '\r')))
        from++;
    if (from == n || n - from >= sizeof text ||
        !((p[from] >= '0' && p[from] <= '9') || p[from] == '-' || p[from] == '+' || p[from] == '.'))
        return false;
    memcpy(text, p + from, n - from);
    text[n - from] = '\0';
    *ret = strtod(text, &end);
    while (*end == ' ' || (*end >= '\t' && *end <= '\r'))
        end++;
    return *end == '\0' && end != text;
}

static uint64_t hash_text(uint64_t seed, const char *p, uint32_t n)
{
    uint64_t h = seed ^ UINT64_C(0xcbf29ce484222325);
    double number;
    int64_t us;

    if (numeric(p, n, &number))
        return hash_number(seed, number);
    /* A time equals its other spellings under the time collation. */
    if (n >= 10 && p[4] == '-' && timetext_parse(p, n, &us))
        return mix(seed ^ mix((uint64_t)us ^ UINT64_C(0x74696d65)));
    while (n > 0 && p[n - 1] == ' ') /* RTRIM */
        n--;
    for (uint32_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        c = c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c; /* NOCASE */
        h = (h ^ c) * UINT64_C(0x100000001b3);
    }
    return mix(h);
}

uint64_t spool_hash(uint64_t seed, const allora_value *v)
{
    switch (v->type) {
    case ALLORA_V_BOOL:
    case ALLORA_V_INT:
        return hash_number(seed, (double)v->u.i);
    case ALLORA_V_REAL:
        return hash_number(seed, v->u.d);
    case ALLORA_V_TIME:
        return mix(seed ^ mix((uint64_t)v->u.i ^ UINT64_C(0x74696d65)));
    case ALLORA_V_TEXT:
    case ALLORA_V_JSON:
        return hash_text(seed, v->u.p, v->len);
    default:
        return mix(seed);
    }
}

static uint64_t hash_row(const struct spool_index *x, const struct spool_cursor *c)
{
    uint64_t h = 0;

    for (uint32_t i = 0; i < x->n_cols; i++) {
        allora_value v = c->cells[x->cols[i]];
        if (value_is_text(&v))
            v.u.p = cell_text(c->base, &v);
        h = spool_hash(h, &v);
    }
    return h;
}

/* The hashes first, in the rows' order; then the chains from the last row to the first, so that a
 * chain runs forward. */
static int32_t fill(struct spool *s, struct spool_index *x, allora_error *err)
{
    struct spool_cursor c = {0};
    int32_t status = ALLORA_OK;
    uint64_t n = s->n_rows;

    spool_seek(&c, s, NULL, 0);
    for (uint64_t i = 0; i < n && status == ALLORA_OK; i++) {
        status = spool_next(&c, err);
        if (status != ALLORA_OK)
            break;
        uint64_t h = hash_row(x, &c);
        x->hashes[i] = (uint32_t)(h >> 32);
        x->link[i] = (uint32_t)h; /* the bucket's bits, until the chains are made */
    }
    spool_cursor_done(&c);
    for (uint64_t i = n; i > 0 && status == ALLORA_OK; i--) {
        uint64_t bucket = x->link[i - 1] & (x->n_buckets - 1);
        x->link[i - 1] = x->first[bucket];
        x->first[bucket] = (uint32_t)i;
    }
    return status;
}

int32_t spool_index(struct spool *s, const uint32_t *cols, uint32_t n,
                    const struct spool_index **ret, allora_error *err)
{
    struct spool_index *x;

    for (x = s->indexes; x; x = x->next) {
        if (x->n_cols == n && memcmp(x->cols, cols, n * sizeof *cols) == 0) {
            *ret = x;
            return ALLORA_OK;
        }
    }
    x = mem_zalloc(sizeof *x);
    if (!x)
        return err_nomem(err);
    memcpy(x->cols, cols, n * sizeof *cols);
    x->n_cols = n;
    x->n_buckets = 16;
    while (x->n_buckets < s->n_rows && x->n_buckets < (UINT64_C(1) << 31))
        x->n_buckets *= 2;
    int32_t status =
        big_alloc(&x->memory, (x->n_buckets + 2 * s->n_rows) * sizeof *x->first, s->tmp_dir, err);
    if (status == ALLORA_OK) {
        x->first = x->memory.p;
        x->link = x->first + x->n_buckets;
        x->hashes = x->link + s->n_rows;
        status = fill(s, x, err);
    }
    if (status != ALLORA_OK) {
        big_free(&x->memory);
        free(x);
        return status;
    }
    x->next = s->indexes;
    s->indexes = x;
    *ret = x;
    return ALLORA_OK;
}
