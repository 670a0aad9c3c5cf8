/* What bench.c and bench_services.c share. */
#ifndef ALLORA_KIT_BENCH_PRIVATE_H
#define ALLORA_KIT_BENCH_PRIVATE_H
#include "kit/bench.h"

struct bench_block;
/* What a plugin sees as allora_ctx: nothing of it is the core's. */
struct bench_ctx {
    struct bench *bench;
    struct bench_ctx *parent, *children, *next; /* guarded by the bench's lock */
    struct bench_block *blocks;                 /* the owning thread's */
};
static inline struct bench_ctx *bench_of(allora_ctx *ctx)
{
    return (struct bench_ctx *)(void *)ctx;
}
struct bench_ctx *bench_ctx_new(struct bench *b, struct bench_ctx *parent);
void bench_ctx_free(struct bench_ctx *c); /* unlinked, with its children */
void bench_unlink(struct bench_ctx *c);
void *bench_alloc(allora_ctx *ctx, uint64_t size);
int32_t bench_cancelled(allora_ctx *ctx);
/* A copy in the ctx's arena, NUL-terminated; false when memory is out. */
bool bench_copy(allora_ctx *ctx, allora_str s, allora_str *ret);
const void *bench_interface(const allora_host *host, const char *id);
#endif
