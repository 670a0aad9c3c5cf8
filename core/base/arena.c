/* Region memory.  Blocks double from 1 KiB to 256 KiB; a request too big for the next block gets
 * one of its own, behind the current one, so that the current one's free space is not lost.  Under
 * AddressSanitizer the unused parts are poisoned, so that running over one allocation into the next
 * is caught. */
#include "arena.h"

#include "mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
enum { RED_ZONE = 16 };
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
enum { RED_ZONE = 0 };
#endif

enum { ALIGNMENT = 16, FIRST_BLOCK = 1024, LARGEST_BLOCK = 256 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t cap, used;
    size_t pad; /* keeps data on a 16-byte boundary */
    _Alignas(16) unsigned char data[];
};
_Static_assert(sizeof(struct arena_block) % ALIGNMENT == 0, "data must start aligned");

void arena_init(struct arena *a, size_t limit)
{
    *a = (struct arena){.limit = limit};
}

static void block_free(struct arena_block *b, bool wipe)
{
    UNPOISON(b->data, b->cap);
    if (wipe)
        explicit_bzero(b->data, b->used);
    free(b);
}

void arena_done(struct arena *a)
{
    for (struct arena_block *b = a->head, *next; b; b = next) {
        next = b->next;
        block_free(b, a->wipe);
    }
    a->head = NULL;
    a->used = 0;
}

void arena_reset(struct arena *a)
{
    struct arena_block *b = a->head;

    if (!b)
        return;
    while (b->next) {
        struct arena_block *older = b->next;
        b->next = older->next;
        block_free(older, a->wipe);
    }
    UNPOISON(b->data, b->cap);
    if (a->wipe)
        explicit_bzero(b->data, b->used);
    POISON(b->data, b->cap);
    b->used = 0;
    a->used = 0;
}

/* Room for at least `need` bytes: the block to take them from, or NULL. */
static struct arena_block *block_add(struct arena *a, size_t need)
{
    size_t cap = FIRST_BLOCK - sizeof(struct arena_block);

    if (a->head) {
        cap = a->head->cap < LARGEST_BLOCK / 2 ? a->head->cap * 2 : LARGEST_BLOCK;
        cap &= ~(size_t)(ALIGNMENT - 1);
    }
    bool own = a->head && need > cap / 2;
    if (own || need > cap)
        cap = need;
    if (cap > SIZE_MAX - sizeof(struct arena_block))
        return NULL;

    struct arena_block *b = mem_alloc(sizeof *b + cap);
    if (!b)
        return NULL;
    b->cap = cap;
    b->used = 0;
    POISON(b->data, b->cap);
    if (own) {
        b->next = a->head->next;
        a->head->next = b;
    } else {
        b->next = a->head;
        a->head = b;
    }
    return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
    if (size > SIZE_MAX - ALIGNMENT - RED_ZONE)
        return NULL;

    size_t rounded = ((size ? size : 1) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (a->limit && (rounded > a->limit || a->used > a->limit - rounded))
        return NULL;

    size_t need = rounded + RED_ZONE;
    struct arena_block *b = a->head;
    if (!b || b->cap - b->used < need)
        b = block_add(a, need);
    if (!b)
        return NULL;

    void *p = b->data + b->used;
    b->used += need;
    a->used += rounded;
    UNPOISON(p, size);
    return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
    size_t total;

    if (__builtin_mul_overflow(n, size, &total))
        return NULL;
    void *p = arena_alloc(a, total);
    if (p && total)
        memset(p, 0, total);
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    if (n == SIZE_MAX)
        return NULL;
    char *copy = arena_alloc(a, n + 1);
    if (!copy)
        return NULL;
    if (n)
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    char small[256];
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    if (n < 0)
        return NULL;
    if ((size_t)n < sizeof small)
        return arena_strndup(a, small, (size_t)n);

    char *s = arena_alloc(a, (size_t)n + 1);
    if (!s)
        return NULL;
    va_start(ap, fmt);
    (void)vsnprintf(s, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return s;
}
