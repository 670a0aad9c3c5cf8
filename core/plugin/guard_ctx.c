/* The contexts that a plugin sees under the debug host: their memory, and whose they are. */
#include "plugin/guard_private.h"

#include "base/mem.h"

struct guard_block {
    struct guard_block *next;
    uint64_t size;
    unsigned char *at; /* size bytes and the guard behind */
};

struct guard_ctx *guard_ctx_new(struct guard *g, allora_ctx *real, struct guard_ctx *parent)
{
    struct guard_ctx *c = mem_zalloc(sizeof *c);

    if (!c)
        return NULL;
    c->head.wrap = &g->wrap;
    c->real = real;
    c->thread = thread_id();
    if (!wrap_register(&g->wrap, c)) {
        free(c);
        return NULL;
    }
    if (parent) {
        (void)pthread_mutex_lock(&g->lock);
        c->parent = parent;
        c->next = parent->children;
        parent->children = c;
        (void)pthread_mutex_unlock(&g->lock);
    }
    return c;
}

static bool intact(const unsigned char *guard)
{
    for (size_t i = 0; i < GUARD_BYTES; i++) {
        if (guard[i] != GUARD_FILL)
            return false;
    }
    return true;
}

static void free_blocks(struct guard_ctx *c, const struct slot *slot)
{
    struct guard_block *b = c->blocks;

    c->blocks = NULL;
    while (b) {
        struct guard_block *next = b->next;
        if (!intact(b->at + b->size))
            guard_note(guard_of(c->head.wrap), true, slot, "arena-beyond",
                       "wrote beyond the %llu bytes that it had from alloc()",
                       (unsigned long long)b->size);
        memset(b->at, GUARD_SCRIBBLE, (size_t)b->size);
        free(b->at);
        free(b);
        b = next;
    }
}

/* Takes c out of its parent's list. */
static void unlink_ctx(struct guard_ctx *c)
{
    struct guard *g = guard_of(c->head.wrap);

    (void)pthread_mutex_lock(&g->lock);
    struct guard_ctx **at = c->parent ? &c->parent->children : NULL;
    while (at && *at && *at != c)
        at = &(*at)->next;
    if (at && *at)
        *at = c->next;
    c->parent = NULL;
    (void)pthread_mutex_unlock(&g->lock);
}

void guard_ctx_end(struct guard_ctx *c, const struct slot *slot)
{
    unlink_ctx(c);
    while (c->children)
        guard_ctx_end(c->children, slot);
    free_blocks(c, slot);
    wrap_retire(c);
}

void *guard_ctx_alloc(struct guard_ctx *c, uint64_t size)
{
    struct guard_block *b = size < SIZE_MAX / 2 ? mem_alloc(sizeof *b) : NULL;

    if (!b)
        return NULL;
    b->at = mem_alloc((size_t)size + GUARD_BYTES);
    if (!b->at) {
        free(b);
        return NULL;
    }
    b->size = size;
    memset(b->at, GUARD_FILL, (size_t)size + GUARD_BYTES); /* not zeroed, and seen not to be */
    b->next = c->blocks;
    c->blocks = b;
    return b->at;
}

void guard_ctx_enter(struct guard_ctx *c, const struct slot *slot)
{
    struct guard *g = guard_of(c->head.wrap);
    pid_t me = thread_id(), nobody = 0;

    if (!g->threads && wrap_here() != &g->wrap)
        guard_note(g, true, slot, "private-thread",
                   "called from a thread of the plugin's own, without the permission \"threads\"");
    else if (!c->parent && c->thread != me)
        guard_note(g, true, slot, "ctx-thread",
                   "a call's context was used on another thread than the call's: open a scope");
    /* A scope may be handed from thread to thread, but is one's at a time. */
    if (!atomic_compare_exchange_strong(&c->user, &nobody, me) && nobody != me && c->parent)
        guard_note(g, true, slot, "ctx-thread", "a context was used by two threads at a time");
}

void guard_ctx_leave(struct guard_ctx *c)
{
    pid_t me = thread_id();

    (void)atomic_compare_exchange_strong(&c->user, &me, 0);
}
