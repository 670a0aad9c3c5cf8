/* Heap allocation with a countdown that lets tests fail the Nth request. */
#include "mem.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Negative: off.  At 0 the next request fails, and the decrement switches the hook off again. */
static _Atomic int64_t fail_after = -1;

void mem_fail_after(int64_t n)
{
    atomic_store(&fail_after, n < 0 ? -1 : n);
}

static bool injected_failure(void)
{
    if (atomic_load_explicit(&fail_after, memory_order_relaxed) < 0)
        return false;
    return atomic_fetch_sub(&fail_after, 1) == 0;
}

/* malloc(0) may answer NULL, which callers would take for exhaustion. */
static size_t at_least_one(size_t size)
{
    return size ? size : 1;
}

void *mem_alloc(size_t size)
{
    return injected_failure() ? NULL : malloc(at_least_one(size));
}

void *mem_zalloc(size_t size)
{
    return injected_failure() ? NULL : calloc(1, at_least_one(size));
}

void *mem_array(size_t n, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(n, size, &total))
        return NULL;
    return mem_zalloc(total);
}

void *mem_resize(void *p, size_t n, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(n, size, &total) || injected_failure())
        return NULL;
    return realloc(p, at_least_one(total));
}

char *mem_strdup(const char *s)
{
    return mem_strndup(s, strlen(s));
}

char *mem_strndup(const char *s, size_t n)
{
    if (n == SIZE_MAX)
        return NULL;

    char *copy = mem_alloc(n + 1);
    if (!copy)
        return NULL;
    if (n)
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *mem_printf(const char *fmt, ...)
{
    char small[256];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n < 0)
        return NULL;
    if ((size_t)n < sizeof small)
        return mem_strndup(small, (size_t)n);

    char *s = mem_alloc((size_t)n + 1);
    if (!s)
        return NULL;
    va_start(ap, fmt);
    (void)vsnprintf(s, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return s;
}
