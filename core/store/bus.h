/* Events across processes, in the store's log "events".  What was published is kept for 7 days, or
 * 100,000 records, whichever is less; it survives the process, though not necessarily the machine.
 */
#ifndef ALLORA_STORE_BUS_H
#define ALLORA_STORE_BUS_H
#include "base/ctx.h"
#include <allora/plugin.h>

struct store;
enum { BUS_TOPIC_MAX = 128, BUS_DATA_MAX = 64 << 10, BUS_KEEP_RECORDS = 100000, BUS_KEEP_DAYS = 7 };

/* topic: words of letters, digits, _ and -, joined by dots ("plan.7f3a-91c2").  data_json: one JSON
 * value, or empty for null.  ret_seq may be NULL.  E_ARG, or what the store says.  [any] */
int32_t bus_publish(struct store *s, const char *topic, allora_str data_json, uint64_t *ret_seq,
                    allora_error *err);
/* Sends MESSAGE events {"seq","topic","time","data"} of topics that match the glob, in order, and
 * waits for more: until ctx is cancelled or past its deadline (and returns that), or the sink has
 * enough (0) or fails.  after: the number of the last one that is known; 0: all that are kept;
 * UINT64_MAX: only those to come.  The store is not held while the sink works.  [any] */
int32_t bus_follow(struct store *s, allora_ctx *ctx, const char *glob, uint64_t after,
                   const allora_sink *sink, allora_error *err);
#endif
