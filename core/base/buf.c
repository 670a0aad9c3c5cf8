/* The growable byte buffer.  Capacity doubles; one byte behind the content is always the NUL. */
#include "buf.h"

#include "mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_CAP = 64 };

void buf_done(struct buf *b)
{
    free(b->ptr);
    *b = BUF(b->max);
}

void buf_reset(struct buf *b)
{
    b->len = 0;
    b->failed = false;
    if (b->ptr)
        b->ptr[0] = '\0';
}

bool buf_reserve(struct buf *b, size_t n)
{
    if (b->failed)
        return false;
    if (n > b->max || b->len > b->max - n || b->len + n == SIZE_MAX) {
        b->failed = true;
        return false;
    }

    size_t need = b->len + n + 1;
    if (need <= b->cap)
        return true;
    size_t cap = b->cap ? b->cap : FIRST_CAP;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    if (b->max < SIZE_MAX && cap > b->max + 1)
        cap = b->max + 1;

    char *grown = mem_resize(b->ptr, cap, 1);
    if (!grown) {
        b->failed = true;
        return false;
    }
    b->ptr = grown;
    b->cap = cap;
    b->ptr[b->len] = '\0';
    return true;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
    if (n == 0 || !buf_reserve(b, n))
        return;
    memcpy(b->ptr + b->len, p, n);
    b->len += n;
    b->ptr[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_addc(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_pad(struct buf *b, char c, size_t n)
{
    if (n == 0 || !buf_reserve(b, n))
        return;
    memset(b->ptr + b->len, c, n);
    b->len += n;
    b->ptr[b->len] = '\0';
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    buf_vaddf(b, fmt, ap);
    va_end(ap);
}

/* Formats straight into the free space, and a second time only when that was too small. */
void buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
    if (b->failed)
        return;

    va_list again;
    va_copy(again, ap);
    size_t room = b->cap - b->len;
    int n = vsnprintf(b->ptr ? b->ptr + b->len : NULL, b->ptr ? room : 0, fmt, ap);
    if (n < 0) {
        b->failed = true;
    } else if ((size_t)n > b->max || b->len > b->max - (size_t)n) {
        b->failed = true;
    } else if (b->ptr && (size_t)n < room) {
        b->len += (size_t)n;
    } else if (n > 0 && buf_reserve(b, (size_t)n)) {
        (void)vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
    if (b->ptr)
        b->ptr[b->len] = '\0'; /* also undoes a half-written attempt */
}

void buf_add_uint(struct buf *b, uint64_t u)
{
    char digits[20];
    size_t i = sizeof digits;

    do {
        digits[--i] = (char)('0' + u % 10);
        u /= 10;
    } while (u);
    buf_add(b, digits + i, sizeof digits - i);
}

void buf_add_int(struct buf *b, int64_t i)
{
    if (i < 0)
        buf_addc(b, '-');
    buf_add_uint(b, i < 0 ? 0 - (uint64_t)i : (uint64_t)i);
}

void buf_add_real(struct buf *b, double d)
{
    char text[32];

    if (isnan(d)) {
        buf_adds(b, "NaN");
        return;
    }
    if (isinf(d)) {
        buf_adds(b, d < 0 ? "-Infinity" : "Infinity");
        return;
    }
    /* 15 digits suffice for what people write; 17 always read back the same. */
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, d);
        double back = strtod(text, NULL);
        /* Bitwise on purpose: -0.0 must stay -0.0.
         * NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-*) */
        if (memcmp(&back, &d, sizeof d) == 0)
            break;
    }
    buf_adds(b, text);
}

const char *buf_str(const struct buf *b)
{
    return b->ptr ? b->ptr : "";
}

char *buf_take(struct buf *b, size_t *ret_len)
{
    if (!b->failed && !b->ptr) {
        b->ptr = mem_strndup("", 0);
        b->failed = !b->ptr;
    }
    if (b->failed) {
        buf_done(b);
        return NULL;
    }

    char *p = b->ptr;
    if (ret_len)
        *ret_len = b->len;
    *b = BUF(b->max);
    return p;
}
