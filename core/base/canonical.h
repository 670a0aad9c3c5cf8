/* Canonical JSON (RFC 8785): what is hashed, so that one document has one hash. */
#ifndef ALLORA_BASE_CANONICAL_H
#define ALLORA_BASE_CANONICAL_H
#include "buf.h"
#include "json.h"

/* Members sorted by the UTF-16 code units of their names, numbers as ECMAScript prints them, no
 * white space.  A failure is sticky in out. */
void canonical_write(struct buf *out, const json_node *n);
#endif
