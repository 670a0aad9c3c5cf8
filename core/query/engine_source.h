/* An engine over any source of tables: what tests and benches make. */
#ifndef ALLORA_QUERY_ENGINE_SOURCE_H
#define ALLORA_QUERY_ENGINE_SOURCE_H
#include "query/engine.h"
#include "query/source.h"

/* The source is copied, its self must outlive the engine.  cache_dir NULL: no cache. */
int32_t engine_new_from(const struct table_source *source, struct pool *pool, const char *cache_dir,
                        struct engine **ret, allora_error *err);
#endif
