/* Partitions: asked of the provider, kept in the cache as rows of (key, value, key, value …),
 * matched against filters. */
#include "query/partition.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/value.h"

#include <string.h>

enum { MAX_PARTITIONS = 10000, MAX_KEYS = 16 };

/* A pseudo table under which the partitions of a table are cached: one JSON-free text cell a row,
 * "key\x1fvalue\x1f…". */
#define LIST_NAME "\x1dpartitions"

struct collector {
    struct partition_list *list;
    const char *names[MAX_KEYS];
    uint32_t n_names;
    struct cache_writer *keep;
    int32_t status;
};

static int32_t add_partition(struct partition_list *l, const allora_pair *pairs, uint32_t n)
{
    struct buf name = BUF(64 * 1024);
    allora_pair *copy = arena_array(l->mem, n + 1, sizeof *copy);

    if (l->n == l->cap) {
        uint32_t cap = l->cap ? l->cap * 2 : 16;
        struct partition *items = arena_array(l->mem, cap, sizeof *items);
        if (!items)
            return ALLORA_E_NOMEM;
        if (l->n)
            memcpy(items, l->items, l->n * sizeof *items);
        l->items = items;
        l->cap = cap;
    }
    for (uint32_t i = 0; copy && i < n; i++) {
        char *key = arena_strndup(l->mem, pairs[i].key.ptr, pairs[i].key.len);
        char *val = arena_strndup(l->mem, pairs[i].val.ptr, pairs[i].val.len);
        if (!key || !val)
            return ALLORA_E_NOMEM;
        copy[i] = (allora_pair){{key, pairs[i].key.len}, {val, pairs[i].val.len}};
        buf_addf(&name, "%s%s=%s", i ? " " : "", key, val);
    }
    char *text = copy ? arena_strdup(l->mem, buf_str(&name)) : NULL;
    bool failed = buf_failed(&name);
    buf_done(&name);
    if (!text || failed)
        return ALLORA_E_NOMEM;
    l->items[l->n++] = (struct partition){copy, n, text};
    return ALLORA_OK;
}

static int32_t on_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    struct collector *c = self;

    c->n_names = n < MAX_KEYS ? n : MAX_KEYS;
    for (uint32_t i = 0; i < c->n_names; i++) {
        c->names[i] = arena_strdup(c->list->mem, columns[i]->name);
        if (!c->names[i])
            return c->status = ALLORA_E_NOMEM;
    }
    return ALLORA_OK;
}

static int32_t on_row(void *self, const allora_value *cells, uint32_t n)
{
    struct collector *c = self;
    allora_pair pairs[MAX_KEYS];
    struct buf flat = BUF(64 * 1024);

    if (c->status != ALLORA_OK || c->list->n >= MAX_PARTITIONS || n > c->n_names)
        return ALLORA_STOP;
    for (uint32_t i = 0; i < n; i++) {
        bool text = cells[i].type == ALLORA_V_TEXT;
        pairs[i] =
            (allora_pair){str_of(c->names[i]), {text ? cells[i].u.p : "", text ? cells[i].len : 0}};
        buf_addf(&flat, "%s%s\x1f%.*s", i ? "\x1f" : "", c->names[i], (int)pairs[i].val.len,
                 pairs[i].val.ptr);
    }
    c->status = add_partition(c->list, pairs, n);
    allora_value cell = val_textn(buf_str(&flat), flat.len);
    if (c->keep && !buf_failed(&flat))
        cache_writer_row(c->keep, &cell, 1);
    buf_done(&flat);
    return c->status;
}

static int32_t on_cached_row(void *self, const allora_value *cells, uint32_t n)
{
    struct collector *c = self;
    allora_pair pairs[MAX_KEYS];
    uint32_t n_pairs = 0;
    const char *p = n ? cells[0].u.p : "", *end = n ? p + cells[0].len : p;

    while (p < end && n_pairs < MAX_KEYS) {
        const char *key_end = memchr(p, 0x1f, (size_t)(end - p));
        if (!key_end)
            break;
        const char *val = key_end + 1, *val_end = memchr(val, 0x1f, (size_t)(end - val));
        val_end = val_end ? val_end : end;
        pairs[n_pairs++] =
            (allora_pair){{p, (uint64_t)(key_end - p)}, {val, (uint64_t)(val_end - val)}};
        p = val_end + 1;
    }
    c->status = add_partition(c->list, pairs, n_pairs);
    return c->status;
}

static int32_t on_event(void *self, int32_t kind, allora_str payload)
{
    (void)self;
    (void)kind;
    (void)payload;
    return ALLORA_OK;
}

static struct cache_key list_key(const struct source_table *t)
{
    static const uint32_t first[] = {0};
    return (struct cache_key){t, LIST_NAME, NULL, 0, first, 1};
}

bool partition_list_cached(struct partition_list *l, struct cache *c, const struct source_table *t,
                           int64_t max_age_us)
{
    struct collector collector = {.list = l};
    allora_sink sink = {&collector, on_begin, on_cached_row, on_event};
    struct cache_key key = list_key(t);
    int64_t as_of;
    int32_t status;

    bool found = cache_replay(c, &key, max_age_us, &sink, &as_of, &status);
    if (found && status == ALLORA_OK && collector.status == ALLORA_OK)
        return true;
    l->n = 0;
    return false;
}

int32_t partition_list_ask(struct partition_list *l, const allora_provider_v1 *provider,
                           allora_instance *instance, const void *plugin, allora_ctx *parent,
                           const struct source_table *t, struct cache *c, allora_error *err)
{
    struct collector collector = {.list = l};
    allora_sink sink = {&collector, on_begin, on_row, on_event};
    struct cache_key key = list_key(t);

    if (!provider->partitions)
        return err_set(err, ALLORA_E_UNSUPPORTED,
                       "the manifest says it has partitions, the plugin cannot name them");
    A_CLEAN(ctx_closep) allora_ctx *ctx = ctx_open(parent, plugin, 0, 0);
    if (!ctx)
        return err_nomem(err);
    if (c && t->table->ttl_s > 0)
        collector.keep = cache_writer_new(c, &key);
    int32_t status = provider->partitions(instance, ctx, t->table->name, &sink, err);
    if (status > 0)
        status = ALLORA_OK;
    if (status == ALLORA_OK && collector.status != ALLORA_OK)
        status = err_nomem(err);
    cache_writer_end(collector.keep, status == ALLORA_OK);
    return status;
}

bool partition_wanted(const struct partition *p, const struct table *t,
                      const allora_filter *filters, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const char *column = t->columns[filters[i].column].name;
        for (uint32_t k = 0; k < p->n_pairs; k++) {
            if (!str_eq(p->pairs[k].key, column))
                continue;
            allora_value v = val_textn(p->pairs[k].val.ptr, p->pairs[k].val.len);
            if (t->columns[filters[i].column].type == ALLORA_V_TEXT &&
                !filter_matches(&filters[i], &v))
                return false;
        }
    }
    return true;
}
