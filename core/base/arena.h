/* Region memory: many small allocations, one release.  Blocks are 16-byte aligned.  Not
 * thread-safe: one owner at a time. */
#ifndef ALLORA_BASE_ARENA_H
#define ALLORA_BASE_ARENA_H
#include "cleanup.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena_block;
struct arena {
    struct arena_block *head;
    size_t used, limit; /* bytes handed out; 0 limit = none */
    bool wipe;          /* overwrite on release: secrets */
};

void arena_init(struct arena *a, size_t limit);
void arena_done(struct arena *a);
void arena_reset(struct arena *a); /* keeps the newest ordinary block for what comes next */
void *arena_alloc(struct arena *a, size_t size) A_MUST_CHECK; /* NULL on OOM or limit */
/* zeroed, overflow-checked */
void *arena_array(struct arena *a, size_t n, size_t size) A_MUST_CHECK;
char *arena_strdup(struct arena *a, const char *s) A_MUST_CHECK;
char *arena_strndup(struct arena *a, const char *s, size_t n) A_MUST_CHECK;
char *arena_printf(struct arena *a, const char *fmt, ...) A_PRINTF(2, 3) A_MUST_CHECK;
#endif
