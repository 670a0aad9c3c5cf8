/* The engine: where tables come from, the pool, the cache.  It holds no SQLite connection of its
 * own: each query has one. */
#include "query/engine.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "query/engine_source.h"
#include "query/statement.h"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>

/* Over all connections of the process: a statement that wants more fails with "out of memory"
 * instead of taking the machine's. */
#define HEAP_LIMIT (INT64_C(1) << 30)

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void limit_heap(void)
{
    (void)sqlite3_hard_heap_limit64(HEAP_LIMIT);
}

int32_t engine_new_from(const struct table_source *source, struct pool *pool, const char *cache_dir,
                        struct engine **ret, allora_error *err)
{
    struct engine *e = mem_zalloc(sizeof *e);

    if (!e)
        return err_nomem(err);
    (void)pthread_once(&once, limit_heap);
    e->source = *source;
    e->pool = pool;
    if (cache_dir) {
        e->cache = cache_new(cache_dir);
        e->tmp_dir = mem_strdup(cache_dir);
    }
    *ret = e;
    return ALLORA_OK;
}

int32_t engine_new(const struct engine_options *o, struct engine **ret, allora_error *err)
{
    struct table_source source = source_registry(o->registry);
    return engine_new_from(&source, o->pool, o->cache_dir, ret, err);
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    cache_free(e->cache);
    free(e->tmp_dir);
    free(e);
}

int32_t engine_query(struct engine *e, allora_ctx *ctx, const struct query_request *q,
                     const allora_sink *sink, allora_error *err)
{
    return statement_run(e, ctx, q, sink, err);
}
