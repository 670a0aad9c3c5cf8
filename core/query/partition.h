/* The cells a partitioned table is read in (account × region), as its provider names them. */
#ifndef ALLORA_QUERY_PARTITION_H
#define ALLORA_QUERY_PARTITION_H
#include "base/arena.h"
#include "query/cache.h"
#include "query/source.h"

struct partition {
    const allora_pair *pairs;
    uint32_t n_pairs;
    const char *name; /* "account=prod region=eu-west-1" */
};
struct partition_list {
    struct arena *mem;
    struct partition *items;
    uint32_t n, cap;
};
/* From the cache, if it has them young enough. */
bool partition_list_cached(struct partition_list *l, struct cache *c, const struct source_table *t,
                           int64_t max_age_us);
/* From the provider; kept in the cache (which may be NULL) when the table's rows are. */
int32_t partition_list_ask(struct partition_list *l, const allora_provider_v1 *provider,
                           allora_instance *instance, const void *plugin, allora_ctx *parent,
                           const struct source_table *t, struct cache *c, allora_error *err);
/* May this partition hold rows that pass the filters?  Filters on columns that bear a partition
 * key's name are looked at. */
bool partition_wanted(const struct partition *p, const struct table *t,
                      const allora_filter *filters, uint32_t n);
#endif
