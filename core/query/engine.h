/* The query engine: SQL over every table that the installed providers declare, live or from the
 * cache. One engine serves a process; each query has its own SQLite connection (NOMUTEX, in memory,
 * no access to any file). */
#ifndef ALLORA_QUERY_ENGINE_H
#define ALLORA_QUERY_ENGINE_H
#include "base/ctx.h"
#include "base/dispatch.h"
#include "base/json.h"
#include "base/pool.h"
#include "plugin/registry.h"
#include <allora/plugin.h>

struct engine;
struct config;
struct engine_options {
    struct registry *registry;
    const struct config *config;
    struct pool *pool;
    const char *cache_dir; /* NULL: no cache on disk */
};
int32_t engine_new(const struct engine_options *o, struct engine **ret, allora_error *err);
void engine_free(struct engine *e);

struct query_request {
    const char *sql;
    const json_node *params; /* array (?1, ?) or object (:name), or NULL */
    uint64_t max_rows;       /* 0: no limit */
    int64_t max_age_s;       /* use cached rows up to this old; -1: each table's own ttl */
    bool refresh, offline;   /* never read the cache; never leave it */
    bool explain;            /* rows describing push-down, partitions, cache; nothing is fetched */
};
/* Streams rows to the sink; then EV_WARNING events, then one EV_PROVENANCE:
 *   {"tables":[{"table","source":"live"|"cache","age_s","as_of","rows_read","partitions","failed"}],"rows","rows_read","elapsed_us","partial"}
 * ALLORA_OK, ALLORA_PARTIAL, or an error.  Bad SQL is ALLORA_E_ARG whose message has the words and
 * whose hint the nearest name; the caret excerpt travels as an EV_WARNING-shaped event of kind
 * ALLORA_EV_RESULT {"sql_error":{"offset","length","line","column"}}. [any] */
int32_t engine_query(struct engine *e, allora_ctx *ctx, const struct query_request *q,
                     const allora_sink *sink, allora_error *err);

/* Operations (core manifest): query.sql, table.list, table.describe. self is the engine. */
int32_t query_op_sql(void *self, allora_ctx *, const json_node *args, const allora_sink *,
                     allora_error *);
int32_t query_op_table_list(void *self, allora_ctx *, const json_node *args, const allora_sink *,
                            allora_error *);
int32_t query_op_table_describe(void *self, allora_ctx *, const json_node *args,
                                const allora_sink *, allora_error *);
#endif
