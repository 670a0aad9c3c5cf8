/* What the audit operations share. */
#ifndef ALLORA_SECURITY_AUDIT_PRIVATE_H
#define ALLORA_SECURITY_AUDIT_PRIVATE_H
#include "base/json.h"
#include "security/journal_private.h"

struct audit_filter { /* strings are borrowed from the arguments; NULL: any */
    int64_t since_us, until_us;
    const char *operation, *principal; /* globs */
    const char *kind, *plan;
};
/* From the arguments of an operation: times are RFC 3339, or a duration before now ("2h"). */
int32_t audit_filter_read(struct audit_filter *ret, const json_node *args, allora_error *err);
/* node NULL: a record that can't be read.  It passes where only times are asked for. */
bool audit_filter_passes(const struct audit_filter *f, const struct store_record *record,
                         const json_node *node);

/* Records after (or, in reverse, before) that number, each outside the store, which other threads
 * may thus use meanwhile.  fn's nonzero stops, and is returned when negative.  Cancelled with ctx.
 */
typedef int32_t audit_fn(void *self, const struct store_record *record);
int32_t audit_walk(struct store *s, allora_ctx *ctx, uint64_t after, bool reverse, audit_fn *fn,
                   void *self, allora_error *err);

/* A record as the row that audit.list and audit.tail send; what can't be read has the kind
 * "unreadable". */
int32_t audit_begin(const allora_sink *sink);
int32_t audit_row(const allora_sink *sink, const struct store_record *record, const json_node *node,
                  allora_error *err);
#endif
