/* The caller's side of a call: arguments into a frame, then wait until the reply has been read. */
#include "plugin/codec_peer.h"

#include "base/err.h"
#include "base/log.h"

#include <string.h>

static struct peer *peer_of(struct wrap *w)
{
    return (struct peer *)(void *)w;
}

static struct arg fail(const struct slot *slot, const struct arg *args, int32_t code,
                       const char *words)
{
    for (uint32_t i = 0; i < slot->n_args; i++) {
        if (slot->kinds[i] == ARG_ERROR && args[i].p)
            (void)err_set(args[i].out, code, "%s.%s: %s", slot->iface, slot->name, words);
    }
    return (struct arg){.i = slot->result == RESULT_STATUS ? code : 0};
}

uint32_t peer_slots_of(const void *interface, size_t iface_no)
{
    uint32_t slots = 0;

    for (size_t i = 0; i < slot_count; i++) {
        const struct slot *s = &slot_table[i];
        if (s->iface_no == iface_no && slot_in(interface, s))
            slots |= 1u << s->index;
    }
    return slots;
}

/* A table of thunks for what the other end said that it has. */
static const void *table_of(struct peer *p, const struct iface *iface,
                            const struct codec_iface *said)
{
    uint64_t model[64] = {0}; /* looked at by wrap_table() for its size and its empty slots */
    uint32_t size = said->size < sizeof model ? said->size : (uint32_t)sizeof model;

    if (!said->present || size < sizeof size)
        return NULL;
    memcpy(model, &size, sizeof size);
    for (size_t i = 0; i < slot_count; i++) {
        const struct slot *s = &slot_table[i];
        if (&iface_table[s->iface_no] == iface && (said->slots & 1u << s->index) &&
            s->offset + sizeof s->thunk <= size)
            memcpy((char *)model + s->offset, &s->thunk, sizeof s->thunk);
    }
    return wrap_table(&p->wrap, iface, model);
}

static void *alloc_real(void *self, uint64_t size)
{
    const struct peer_pending *c = self;
    struct peer *p = c->alloc_self;

    for (uint32_t i = 0; i < c->slot->n_args; i++) {
        if (c->slot->kinds[i] == ARG_CTX)
            return p->host->alloc(c->args[i].out, size);
    }
    return NULL;
}

static void *alloc_own(void *self, uint64_t size)
{
    struct peer_pending *c = self;

    if (c->slot->kinds[0] != ARG_CTX || size > SIZE_MAX / 2)
        return NULL;
    struct peer_ctx *ctx = c->args[0].out;
    return arena_alloc(&ctx->mem, (size_t)size);
}

/* Writes the frame and waits; true when a whole reply was read. */
static bool exchange(struct peer *p, struct peer_pending *c, struct frame_writer *w)
{
    (void)pthread_mutex_lock(&p->lock);
    c->next = p->pending;
    p->pending = c;
    (void)pthread_mutex_unlock(&p->lock);
    bool sent = peer_send(p, w);
    while (sent && !c->done)
        sent = p->wire.wait(p->wire.self, p);
    (void)pthread_mutex_lock(&p->lock);
    struct peer_pending **at = &p->pending;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    (void)pthread_mutex_unlock(&p->lock);
    return c->done && c->whole;
}

/* What of a call is more than data: its context, its instance, its sinks. */
static bool take_handles(struct peer *p, struct peer_pending *c, struct codec_handles *h)
{
    for (uint32_t i = 0; i < c->slot->n_args; i++) {
        void *ptr = c->args[i].out;
        switch (c->slot->kinds[i]) {
        case ARG_CTX:
            if (p->is_plugin) {
                h->ctx = ((const struct peer_ctx *)ptr)->id;
                break;
            }
            h->ctx = peer_ctx_add_real(p, ptr, 0);
            h->deadline_us = p->host->deadline_us ? p->host->deadline_us(ptr) : 0;
            if (!h->ctx)
                return false;
            break;
        case ARG_INSTANCE:
            h->instance = p->has_instance;
            break;
        case ARG_SINK:
            c->sink = ptr;
            h->sink = ptr ? PEER_SINK : 0;
            break;
        case ARG_BYTE_SINK:
        case ARG_BYTE_SINK_OR_NULL:
            c->stream = ptr;
            h->stream = ptr ? PEER_STREAM : 0;
            break;
        case ARG_HTTP_REQUEST:
            if (ptr && ALLORA_HAS(allora_http_request, (const allora_http_request *)ptr, stream))
                c->stream = ((const allora_http_request *)ptr)->stream;
            h->stream = c->stream ? PEER_STREAM : 0;
            break;
        default:
            break;
        }
    }
    return true;
}

/* The handle that came back becomes the caller's. */
static bool give_handles(struct peer *p, struct peer_pending *c)
{
    for (uint32_t i = 0; i < c->slot->n_args; i++) {
        void *ret = c->args[i].out;
        if (c->slot->kinds[i] == ARG_OUT_CTX) {
            const struct peer_ctx *parent = c->args[0].p;
            struct peer_ctx *child = peer_ctx_new(p, c->got.ctx, parent->id, c->got.deadline_us);
            if (!child)
                return false;
            memcpy(ret, &child, sizeof child);
        } else if (c->slot->kinds[i] == ARG_OUT_INSTANCE) {
            void *self = c->got.instance ? &p->wrap : NULL;
            p->has_instance = self != NULL;
            memcpy(ret, &self, sizeof self);
        }
    }
    return true;
}

static void host_words(const allora_host *host, struct codec_host *ret)
{
    *ret = (struct codec_host){
        .size = host->size < sizeof *host ? host->size : (uint32_t)sizeof *host,
        .abi_minor = host->abi_minor,
        .abi_minor_min = host->abi_minor_min,
        .slots = peer_slots_of(host, IFACE_host),
        .name = host->name,
        .version = host->version,
    };
}

static struct arg cross(struct peer *p, const struct slot *slot, struct arg *args)
{
    struct codec_handles h = {0};
    struct codec_host host;
    struct frame_writer w = {0};
    bool create = slot == &slot_table[SLOT_plugin_create];
    struct peer_pending c = {.slot = slot, .args = args, .alloc_self = p};

    c.alloc = p->is_plugin ? alloc_own : alloc_real;
    (void)pthread_mutex_lock(&p->lock);
    c.call_id = ++p->last_call;
    (void)pthread_mutex_unlock(&p->lock);
    if (!take_handles(p, &c, &h))
        return fail(slot, args, ALLORA_E_NOMEM, "out of memory");
    if (create)
        host_words(p->host, &host);
    frame_begin(&w, &(struct frame_head){FRAME_CALL, c.call_id, slot->iface_no, slot->index});
    codec_put_call(&w, slot, args, &h, create ? &host : NULL);
    bool written = !w.failed && !buf_failed(&w.b);
    bool whole = written && exchange(p, &c, &w);
    frame_writer_done(&w);
    if (!p->is_plugin && h.ctx)
        peer_ctx_end(p, h.ctx);
    if (!written)
        return fail(slot, args, ALLORA_E_ARG, "its arguments cannot cross to the other side");
    if (!whole)
        return fail(slot, args, ALLORA_E_INTERNAL, "no whole reply came back");
    if (slot->result == RESULT_POINTER) {
        const struct iface *iface = iface_find(args[slot->n_args - 1].p);
        return (struct arg){.p = iface ? table_of(p, iface, &c.iface) : NULL};
    }
    if (slot->result == RESULT_STATUS && c.result.i >= 0 && !give_handles(p, &c))
        return fail(slot, args, ALLORA_E_NOMEM, "out of memory");
    return c.result;
}

struct arg peer_call(struct wrap *w, const struct slot *slot, struct arg *args)
{
    struct peer *p = peer_of(w);
    struct peer_ctx *ctx = p->is_plugin && slot->kinds[0] == ARG_CTX ? args[0].out : NULL;

    switch ((size_t)(slot - slot_table)) {
    case SLOT_host_alloc: /* memory is each end's own */
        return (struct arg){
            .p = args[1].u <= SIZE_MAX / 2 ? arena_alloc(&ctx->mem, (size_t)args[1].u) : NULL};
    case SLOT_host_cancelled:
        return (struct arg){.i = peer_ctx_cancelled(p, ctx)};
    case SLOT_host_deadline_us:
        return (struct arg){.i = ctx->deadline_us};
    case SLOT_scope_close: {
        struct arg none = cross(p, slot, args);
        peer_ctx_end(p, ctx->id);
        return none;
    }
    case SLOT_plugin_destroy: {
        struct arg none = cross(p, slot, args);
        p->has_instance = false;
        return none;
    }
    default:
        return cross(p, slot, args);
    }
}

void peer_bad_ctx(struct wrap *w, const struct slot *slot, const void *ctx)
{
    (void)w;
    (void)ctx;
    log_msg(ALLORA_LOG_WARN, "codec", "%s.%s was called with a context that is none, or is over",
            slot->iface, slot->name);
}
