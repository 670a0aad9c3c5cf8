/* Receipts: what stands behind a number in an answer.  agent.h says how one reads. */
#ifndef ALLORA_AGENT_RECEIPT_H
#define ALLORA_AGENT_RECEIPT_H
#include "base/buf.h"
#include "base/json.h"
#include "base/rowset.h"

enum {
    RECEIPT_ROWS_MAX = 10000, /* kept and shown; more are counted */
    RECEIPT_BYTES_MAX = 8 << 20,
    MESSAGE_ROWS_MAX = 1000, /* handed to the agent; more are counted */
    MESSAGE_BYTES_MAX = 256 << 10
};
struct outcome { /* of one operation, run for an agent */
    const char *operation;
    const json_node *arguments;
    struct rowset rows;
    int32_t status;
    allora_error error;
    int64_t started_us, elapsed_us; /* wall clock; duration */
};
/* Each appends one JSON object; buf_failed() tells of memory or a limit. */
void receipt_json(const struct outcome *o, uint64_t n, struct buf *out);
/* What the agent gets: a tool message's content.  n 0: there is no receipt, as the operation
 * failed. */
void receipt_message(const struct outcome *o, uint64_t n, struct buf *out);
void receipt_error_json(const allora_error *e, int32_t status, struct buf *out);
/* What `why` says over the rows; the SQL and the source stand below them, as under every answer. */
void receipt_text(const json_node *receipt, const char *session, int64_t now_us, struct buf *out);
#endif
