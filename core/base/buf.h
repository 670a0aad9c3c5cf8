/* A growable byte buffer with a mandatory limit.  Errors are sticky: add freely, test buf_failed()
 * once at the end. The content is always NUL-terminated behind its length. */
#ifndef ALLORA_BASE_BUF_H
#define ALLORA_BASE_BUF_H
#include "cleanup.h"
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
    char *ptr;            /* NULL until the first byte */
    size_t len, cap, max; /* max: the longest len allowed, the NUL not counted; 0 allows nothing */
    bool failed;          /* out of memory, or the limit was reached; len stays valid */
};
#define BUF(limit) ((struct buf){NULL, 0, 0, (limit), false})

void buf_done(struct buf *b);  /* releases; embeddable in A_CLEAN(buf_done) */
void buf_reset(struct buf *b); /* empty again, the failure forgotten; keeps the memory */
/* After a failure these do nothing.  An addition that does not fit is left out whole. */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) A_PRINTF(2, 3);
void buf_vaddf(struct buf *b, const char *fmt, va_list ap) A_PRINTF(2, 0);
void buf_pad(struct buf *b, char c, size_t n);
void buf_add_int(struct buf *b, int64_t i);
void buf_add_uint(struct buf *b, uint64_t u);
/* The shortest form that reads back as the same double; NaN and infinities as "NaN", "Infinity",
 * "-Infinity". */
void buf_add_real(struct buf *b, double d);
/* Makes room for n more bytes, so that the next additions up to there cannot fail for want of
 * memory. */
bool buf_reserve(struct buf *b, size_t n);
static inline bool buf_failed(const struct buf *b)
{
    return b->failed;
}
const char *buf_str(const struct buf *b); /* never NULL */
/* Moves the bytes out (caller frees) and leaves b empty, its limit kept; NULL if the buffer had
 * failed (then its memory is released).  An empty buffer gives "".  ret_len may be NULL. */
char *buf_take(struct buf *b, size_t *ret_len);
#endif
