/* Cached rows as bytes: batches as they are in memory, with a header that holds a checksum.  The
 * file never leaves this machine and is thrown away when its format version differs, so the layout
 * may be the machine's own. */
#include "query/cache_private.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/value.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_MAGIC 0x616c7231u
struct chunk_header {
    uint32_t magic, last, n_rows, n_cols, size, text_start;
    uint64_t checksum; /* of what follows */
};

void cache_owner(const struct cache_key *key, struct buf *out)
{
    const struct table *t = key->table->table;
    uint64_t shape = 0;

    for (uint32_t i = 0; i < t->n_columns; i++) {
        shape = hash_bytes(t->columns[i].name, strlen(t->columns[i].name), shape);
        shape = hash_bytes(&t->columns[i].type, 1, shape);
    }
    buf_addf(out, "%s\x1f%s\x1f%s\x1f%016llx\x1f%016llx\x1flocal", key->table->plugin_id,
             key->table->version, t->name, (unsigned long long)shape,
             (unsigned long long)key->table->settings);
}

static void add_value(struct buf *b, const allora_value *v)
{
    buf_addf(b, "\x1f%u:", v->type);
    if (v->type == ALLORA_V_LIST) {
        for (uint32_t i = 0; i < v->len; i++)
            add_value(b, &v->u.list[i]);
    } else if (value_is_text(v)) {
        buf_addf(b, "%u:", v->len);
        /* \x1e ends a filter: it must not come from within */
        for (uint32_t i = 0; i < v->len; i++)
            buf_addf(b, "%02x", (unsigned char)v->u.p[i]);
    } else {
        buf_addf(b, "%016llx", (unsigned long long)v->u.bits);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void cache_filters(const struct cache_key *key, struct buf *out)
{
    char **texts = mem_array(key->n_filters + 1, sizeof *texts);

    for (uint32_t i = 0; texts && i < key->n_filters; i++) {
        const allora_filter *f = &key->filters[i];
        struct buf one = BUF(CACHE_TEXT);
        buf_addf(&one, "%s\x1f%u", key->table->table->columns[f->column].name, f->op);
        add_value(&one, &f->val);
        texts[i] = buf_take(&one, NULL);
        if (!texts[i])
            out->failed = true;
        buf_done(&one);
    }
    if (!texts)
        out->failed = true;
    if (texts && !out->failed) {
        qsort(texts, key->n_filters, sizeof *texts, by_text);
        for (uint32_t i = 0; i < key->n_filters; i++)
            buf_addf(out, "%s\x1e", texts[i]);
    }
    for (uint32_t i = 0; texts && i < key->n_filters; i++)
        free(texts[i]);
    free(texts);
}

bool cache_filters_within(allora_str has, allora_str asked)
{
    if (has.len == 0)
        return true;
    const char *p = has.ptr, *end = has.ptr + has.len;
    while (p < end) {
        const char *stop = memchr(p, 0x1e, (size_t)(end - p));
        if (!stop)
            return false;
        size_t n = (size_t)(stop - p) + 1;
        const char *at = asked.len ? memmem(asked.ptr, asked.len, p, n) : NULL;
        while (at && at != asked.ptr && at[-1] != 0x1e)
            at = memmem(at + 1, (size_t)(asked.ptr + asked.len - at - 1), p, n);
        if (!at)
            return false;
        p = stop + 1;
    }
    return true;
}

bool cache_columns_cover(const char *columns, const struct cache_key *key,
                         struct cache_entry *entry)
{
    uint32_t n = 0;

    if (key->n_wanted > CACHE_MAX_COLUMNS)
        return false;
    memset(entry->from, 0xff, key->n_wanted * sizeof *entry->from);
    for (const char *p = columns; *p;) {
        size_t len = strcspn(p, ",");
        for (uint32_t i = 0; i < key->n_wanted; i++) {
            const char *name = key->table->table->columns[key->wanted[i]].name;
            if (strlen(name) == len && memcmp(name, p, len) == 0)
                entry->from[i] = (uint16_t)n;
        }
        n++;
        p += len + (p[len] == ',');
    }
    entry->n_stored = n;
    for (uint32_t i = 0; i < key->n_wanted; i++) {
        if (entry->from[i] == UINT16_MAX)
            return false;
    }
    return true;
}

/* ---- chunks
 * ---------------------------------------------------------------------------------------------- */

void cache_chunk_pack(const struct batch *b, bool last, struct buf *out)
{
    size_t cells = (size_t)b->n_rows * b->n_cols * sizeof(allora_value);
    uint32_t text = b->size - b->text_start, gap = b->text_start - (uint32_t)cells;
    struct chunk_header h = {.magic = CHUNK_MAGIC,
                             .last = last,
                             .n_rows = b->n_rows,
                             .n_cols = b->n_cols,
                             .size = b->size - gap,
                             .text_start = b->text_start - gap};

    buf_add(out, &h, sizeof h);
    size_t at = out->len;
    buf_add(out, b->data, cells);
    buf_add(out, b->data + b->text_start, text);
    if (buf_failed(out))
        return;
    /* The unused middle is left out, so the texts move to the front by that much. */
    allora_value *cell = (allora_value *)(void *)(out->ptr + at);
    for (size_t i = 0; i < (size_t)b->n_rows * b->n_cols; i++) {
        if (value_is_text(&cell[i]))
            cell[i].u.bits -= gap;
    }
    h.checksum = hash_bytes(out->ptr + at, out->len - at, CHUNK_MAGIC ^ h.n_rows);
    memcpy(out->ptr + at - sizeof h, &h, sizeof h);
}

static struct batch *unpack(allora_str chunk, const struct cache_entry *entry, bool *ret_last)
{
    struct chunk_header h;

    if (chunk.len < sizeof h)
        return NULL;
    memcpy(&h, chunk.ptr, sizeof h);
    if (h.magic != CHUNK_MAGIC || h.size != chunk.len - sizeof h || h.n_cols != entry->n_stored ||
        h.checksum != hash_bytes(chunk.ptr + sizeof h, h.size, CHUNK_MAGIC ^ h.n_rows))
        return NULL;
    struct batch *b = batch_new(h.size);
    if (!b)
        return NULL;
    memcpy(b->data, chunk.ptr + sizeof h, h.size);
    b->n_rows = h.n_rows;
    b->n_cols = h.n_cols;
    b->text_start = h.text_start;
    if (!batch_valid(b)) {
        free(b);
        return NULL;
    }
    *ret_last = h.last != 0;
    return b;
}

int32_t cache_chunk_rows(allora_str chunk, const struct cache_entry *entry, uint32_t n_wanted,
                         const allora_sink *sink, bool *ret_last)
{
    A_FREE struct batch *b = unpack(chunk, entry, ret_last);
    A_FREE allora_value *stored = mem_array(entry->n_stored + 1, sizeof *stored);
    A_FREE allora_value *row = mem_array(n_wanted + 1, sizeof *row);
    int32_t status = ALLORA_OK;

    if (!b || !stored || !row)
        return ALLORA_E_INTERNAL;
    for (uint32_t r = 0; r < b->n_rows && status == ALLORA_OK; r++) {
        batch_read(b, r, stored);
        for (uint32_t i = 0; i < n_wanted; i++)
            row[i] = stored[entry->from[i]];
        status = sink->row(sink->self, row, n_wanted);
    }
    return status;
}

/* ---- collecting
 * -------------------------------------------------------------------------------------------- */

/* Would the entry hold what the manifest calls sensitive, as a cell or in a filter? */
static bool holds_secrets(const struct cache_key *key)
{
    const struct column *columns = key->table->table->columns;

    for (uint32_t i = 0; i < key->n_wanted; i++)
        if (columns[key->wanted[i]].sensitive)
            return true;
    for (uint32_t i = 0; i < key->n_filters; i++)
        if (columns[key->filters[i].column].sensitive)
            return true;
    return false;
}

struct cache_writer *cache_writer_new(struct cache *c, const struct cache_key *key)
{
    if (holds_secrets(key))
        return NULL;

    A_CLEAN(buf_done)
    struct buf owner = BUF(CACHE_TEXT), filters = BUF(CACHE_TEXT), columns = BUF(CACHE_TEXT);
    struct cache_writer *w = mem_zalloc(sizeof *w);

    if (!w || key->n_wanted > CACHE_MAX_COLUMNS) {
        free(w);
        return NULL;
    }
    w->cache = c;
    w->n_cols = key->n_wanted;
    w->as_of_us = clock_wall_us();
    cache_owner(key, &owner);
    cache_filters(key, &filters);
    for (uint32_t i = 0; i < key->n_wanted; i++)
        buf_addf(&columns, "%s%s", i ? "," : "", key->table->table->columns[key->wanted[i]].name);
    w->filters_len = filters.len;
    w->owner = buf_take(&owner, NULL);
    w->filters = buf_take(&filters, NULL);
    w->columns = buf_take(&columns, NULL);
    w->partition = mem_strdup(key->partition);
    if (!w->owner || !w->filters || !w->columns || !w->partition) {
        cache_writer_end(w, false);
        return NULL;
    }
    return w;
}

static bool add_batch(struct cache_writer *w, size_t need)
{
    size_t size = w->first ? BATCH_SIZE : BATCH_FIRST;

    size = need > size ? need : size;
    uint64_t pending = atomic_fetch_add(&w->cache->pending, size) + size;
    w->bytes += size;
    struct batch *b =
        w->bytes <= CACHE_ENTRY_MAX && pending <= CACHE_PENDING_MAX ? batch_new(size) : NULL;
    if (!b) {
        w->full = true;
        return false;
    }
    batch_clear(b, w->n_cols);
    if (w->last)
        w->last->next = b;
    else
        w->first = b;
    w->last = b;
    return true;
}

void cache_writer_row(struct cache_writer *w, const allora_value *cells, uint32_t n)
{
    if (w->full || (w->last && batch_add(w->last, cells, n)))
        return;
    if (add_batch(w, batch_row_size(cells, n)))
        (void)batch_add(w->last, cells, n);
}

void cache_writer_end(struct cache_writer *w, bool commit)
{
    if (!w)
        return;
    if (commit && !w->full && !w->first)
        (void)add_batch(w, 0); /* no rows are an answer too */
    if (commit && !w->full)
        cache_store(w->cache, w);
    atomic_fetch_sub(&w->cache->pending, w->bytes);
    for (struct batch *b = w->first, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(w->owner);
    free(w->partition);
    free(w->filters);
    free(w->columns);
    free(w);
}
