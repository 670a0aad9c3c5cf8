/* Looking at the journal: the operations audit.list, audit.show, audit.tail, audit.verify and
 * audit.export.  self is the struct journal *; nothing is written. */
#ifndef ALLORA_SECURITY_AUDIT_H
#define ALLORA_SECURITY_AUDIT_H
#include "base/dispatch.h"

/* Rows, newest first, of the records that the filters let through. */
int32_t audit_op_list(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                      allora_error *err);
/* One record as a document, with "intact": whether it is what was written. */
int32_t audit_op_show(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                      allora_error *err);
/* The last records in the order of their numbers, then those that come, until cancelled.  A CURSOR
 * event ends each batch. */
int32_t audit_op_tail(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                      allora_error *err);
/* The whole chain, as a document that names each record that is not what it was; E_INTEGRITY then,
 * after the document. */
int32_t audit_op_verify(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                        allora_error *err);
/* TEXT: JSON Lines (the records as they are kept), CSV or CEF. */
int32_t audit_op_export(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                        allora_error *err);
#endif
