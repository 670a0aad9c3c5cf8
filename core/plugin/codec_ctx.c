/* Contexts on both ends: the host's are the real ones behind numbers, the plugin's are objects with
 * memory of their own. */
#include "plugin/codec_peer.h"

#include "base/clock.h"
#include "base/mem.h"

static void link_ctx(struct peer *p, struct peer_ctx *c)
{
    (void)pthread_mutex_lock(&p->lock);
    c->next = p->ctxs;
    p->ctxs = c;
    (void)pthread_mutex_unlock(&p->lock);
}

uint64_t peer_ctx_add_real(struct peer *p, allora_ctx *real, uint64_t parent)
{
    struct peer_ctx *c = mem_zalloc(sizeof *c);

    if (!c)
        return 0;
    c->real = real;
    c->parent = parent;
    (void)pthread_mutex_lock(&p->lock);
    c->id = ++p->last_ctx;
    uint64_t id = c->id;
    (void)pthread_mutex_unlock(&p->lock);
    link_ctx(p, c);
    return id;
}

/* Under the lock. */
static struct peer_ctx *find(struct peer *p, uint64_t id)
{
    struct peer_ctx *c = p->ctxs;

    while (c && c->id != id)
        c = c->next;
    return c;
}

allora_ctx *peer_ctx_real(struct peer *p, uint64_t id)
{
    (void)pthread_mutex_lock(&p->lock);
    const struct peer_ctx *c = find(p, id);
    allora_ctx *real = c ? c->real : NULL;
    (void)pthread_mutex_unlock(&p->lock);
    return real;
}

struct peer_ctx *peer_ctx_new(struct peer *p, uint64_t id, uint64_t parent, int64_t deadline_us)
{
    struct peer_ctx *c = mem_zalloc(sizeof *c);

    if (!c)
        return NULL;
    c->head.wrap = &p->wrap;
    c->id = id;
    c->parent = parent;
    c->deadline_us = deadline_us;
    arena_init(&c->mem, 0);
    if (!wrap_register(&p->wrap, c)) {
        free(c);
        return NULL;
    }
    link_ctx(p, c);
    return c;
}

/* Takes one that is below `id`, or is it, out of the list; NULL when there is none left. */
static struct peer_ctx *take_below(struct peer *p, uint64_t id)
{
    struct peer_ctx *taken = NULL;

    (void)pthread_mutex_lock(&p->lock);
    for (struct peer_ctx **at = &p->ctxs; *at; at = &(*at)->next) {
        if ((*at)->parent != id)
            continue;
        taken = *at;
        *at = taken->next;
        break;
    }
    (void)pthread_mutex_unlock(&p->lock);
    return taken;
}

static struct peer_ctx *take(struct peer *p, uint64_t id)
{
    struct peer_ctx *taken = NULL;

    (void)pthread_mutex_lock(&p->lock);
    for (struct peer_ctx **at = &p->ctxs; *at; at = &(*at)->next) {
        if ((*at)->id != id)
            continue;
        taken = *at;
        *at = taken->next;
        break;
    }
    (void)pthread_mutex_unlock(&p->lock);
    return taken;
}

static void release(struct peer *p, struct peer_ctx *c)
{
    if (!p->is_plugin) {
        free(c);
        return;
    }
    arena_done(&c->mem);
    wrap_retire(c); /* frees it, later */
}

void peer_ctx_end(struct peer *p, uint64_t id)
{
    struct peer_ctx *c;

    while ((c = take_below(p, id))) {
        uint64_t below = c->id;
        release(p, c);
        peer_ctx_end(p, below);
    }
    c = take(p, id);
    if (c)
        release(p, c);
}

int32_t peer_ctx_cancelled(struct peer *p, struct peer_ctx *c)
{
    int32_t status = atomic_load(&c->cancel);

    if (status == 0 && p->wire.poll) {
        p->wire.poll(p->wire.self, c->id);
        status = atomic_load(&c->cancel);
    }
    if (status == 0 && c->deadline_us && clock_mono_us() >= c->deadline_us)
        status = ALLORA_E_TIMEOUT;
    return status;
}

void peer_ctx_cancel(struct peer *p, uint64_t id, int32_t status)
{
    (void)pthread_mutex_lock(&p->lock);
    struct peer_ctx *c = find(p, id);
    if (c)
        atomic_store(&c->cancel, status < 0 ? status : ALLORA_E_CANCELLED);
    (void)pthread_mutex_unlock(&p->lock);
}

/* Host's end.  The real contexts are asked without the lock: one is in use by its call as long as
 * it is listed, and the call's own thread takes it off. */
void peer_tick(struct peer *p, uint64_t ctx)
{
    uint64_t id = ctx, after = 0;

    for (;;) {
        (void)pthread_mutex_lock(&p->lock);
        struct peer_ctx *next = NULL;
        if (ctx) {
            next = find(p, ctx);
        } else {
            for (struct peer_ctx *c = p->ctxs; c; c = c->next) {
                if (c->id > after && (!next || c->id < next->id))
                    next = c;
            }
        }
        allora_ctx *real = next && !next->told ? next->real : NULL;
        id = next ? next->id : 0;
        int32_t status = real ? p->host->cancelled(real) : 0;
        if (status)
            next->told = true;
        (void)pthread_mutex_unlock(&p->lock);
        if (status) {
            struct frame_writer w = {0};
            frame_begin(&w, &(struct frame_head){.kind = FRAME_CANCEL});
            frame_put_u64(&w, id);
            frame_put_u32(&w, (uint32_t)status);
            (void)peer_send(p, &w);
            frame_writer_done(&w);
        }
        if (ctx || !id)
            return;
        after = id;
    }
}
