/* Canonical JSON (RFC 8785): what is hashed, so that one document has one hash. */
#ifndef ALLORA_BASE_CANONICAL_H
#define ALLORA_BASE_CANONICAL_H
#include "buf.h"
#include "json.h"

/* Members sorted by the UTF-16 code units of their names, numbers as ECMAScript prints them, no
 * white space.  A failure is sticky in out: memory, its limit, a number that is not finite, more
 * than 200 levels. */
void canonical_write(struct buf *out, const json_node *n);
/* One string, quoted; bytes that are no UTF-8 become U+FFFD. */
void canonical_string(struct buf *out, const char *s);
/* One number as ECMAScript's Number.prototype.toString() prints it. */
void canonical_number(struct buf *out, double d);
#endif
