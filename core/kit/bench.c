/* The core object of the bench: memory, cancellation, clocks. */
#include "kit/bench_private.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { FILL = 0xA5, SCRIBBLE = 0xDB };
static const uint64_t ALLOC_MAX = UINT64_C(256) << 20;

struct bench_block { /* each its own allocation, so that a sanitizer sees an overrun */
    struct bench_block *next;
    uint64_t size;
};

static struct bench *bench_of_host(const allora_host *host)
{
    return (struct bench *)(uintptr_t)host;
}

void *bench_alloc(allora_ctx *ctx, uint64_t size)
{
    struct bench_ctx *c = bench_of(ctx);

    if (atomic_fetch_add(&c->bench->allocs, 1) + 1 == c->bench->fail_alloc || size > ALLOC_MAX)
        return NULL;
    struct bench_block *b = mem_alloc(sizeof *b + size);
    if (!b)
        return NULL;
    b->next = c->blocks;
    b->size = size;
    c->blocks = b;
    memset(b + 1, FILL, size); /* not zeroed, and seen not to be */
    return b + 1;
}

int32_t bench_cancelled(allora_ctx *ctx)
{
    struct bench *b = bench_of(ctx)->bench;
    uint32_t asked = atomic_fetch_add(&b->asked_cancelled, 1) + 1;

    return b->cancel_after && asked >= b->cancel_after ? ALLORA_E_CANCELLED : ALLORA_OK;
}

static int64_t deadline(allora_ctx *ctx)
{
    (void)ctx;
    return 0;
}

static int64_t now(allora_ctx *ctx)
{
    (void)ctx;
    return clock_wall_us();
}

static void progress(allora_ctx *ctx, uint64_t done, uint64_t total, allora_str note)
{
    (void)ctx, (void)done, (void)total, (void)note;
}

static void log_nothing(allora_ctx *ctx, int32_t level, allora_str msg, const allora_pair *fields,
                        uint32_t n)
{
    (void)ctx, (void)level, (void)msg, (void)fields, (void)n;
}

bool bench_copy(allora_ctx *ctx, allora_str s, allora_str *ret)
{
    char *copy = bench_alloc(ctx, s.len + 1);

    if (!copy)
        return false;
    if (s.len)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    *ret = (allora_str){copy, s.len};
    return true;
}

struct bench_ctx *bench_ctx_new(struct bench *b, struct bench_ctx *parent)
{
    struct bench_ctx *c = mem_zalloc(sizeof *c);

    if (!c)
        return NULL;
    c->bench = b;
    c->parent = parent;
    if (parent) {
        (void)pthread_mutex_lock(&b->lock);
        c->next = parent->children;
        parent->children = c;
        (void)pthread_mutex_unlock(&b->lock);
    }
    return c;
}

void bench_unlink(struct bench_ctx *c)
{
    (void)pthread_mutex_lock(&c->bench->lock);
    struct bench_ctx **at = &c->parent->children;
    while (*at && *at != c)
        at = &(*at)->next;
    if (*at)
        *at = c->next;
    (void)pthread_mutex_unlock(&c->bench->lock);
}

void bench_ctx_free(struct bench_ctx *c)
{
    while (c->children) {
        struct bench_ctx *child = c->children;
        c->children = child->next;
        bench_ctx_free(child);
    }
    while (c->blocks) {
        struct bench_block *b = c->blocks;
        c->blocks = b->next;
        memset(b + 1, SCRIBBLE, b->size); /* whoever kept a pointer reads rubbish */
        free(b);
    }
    free(c);
}

allora_ctx *bench_open(struct bench *b)
{
    return (allora_ctx *)(void *)bench_ctx_new(b, NULL);
}

void bench_close(allora_ctx *ctx)
{
    if (ctx)
        bench_ctx_free(bench_of(ctx));
}

static const void *get_interface(const allora_host *host, const char *id)
{
    const struct bench *b = bench_of_host(host);

    /* like the real one: nothing that the manifest doesn't ask for */
    return b->poor || !manifest_grants(b->m, id) ? NULL : bench_interface(host, id);
}

void bench_init(struct bench *b, const struct manifest *m, const struct config *config)
{
    *b = (struct bench){.m = m, .config = config};
    b->host = (allora_host){.size = (uint32_t)sizeof(allora_host),
                            .abi_minor = ALLORA_ABI_MINOR,
                            .name = "allora plugin check",
                            .version = "1",
                            .get_interface = get_interface,
                            .alloc = bench_alloc,
                            .cancelled = bench_cancelled,
                            .deadline_us = deadline,
                            .now_us = now,
                            .progress = progress,
                            .log = log_nothing};
    arena_init(&b->kept, 64 << 20);
    (void)pthread_mutex_init(&b->lock, NULL);
}

void bench_done(struct bench *b)
{
    arena_done(&b->kept);
    (void)pthread_mutex_destroy(&b->lock);
}

void bench_reset(struct bench *b)
{
    b->poor = false;
    b->fail_alloc = 0;
    b->cancel_after = 0;
    b->allocs = 0;
    b->asked_cancelled = b->sends = b->secrets = b->invokes = b->programs = b->consoles = 0;
    b->open_scopes = 0;
}
