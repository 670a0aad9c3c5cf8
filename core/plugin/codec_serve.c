/* The callee's side: a frame becomes a call of the real function, and its results a frame. */
#include "plugin/codec_peer.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

enum { MEMORY_PER_BYTE = 16, MEMORY_LEAST = 64 << 10 };

/* Which functions does this end have? */
static bool is_mine(const struct peer *p, const struct slot *slot)
{
    bool of_plugin = slot->iface_no == IFACE_plugin || slot->kinds[0] == ARG_INSTANCE;

    return of_plugin == p->is_plugin && slot != &slot_table[SLOT_host_alloc];
}

static slot_fn real_slot(struct peer *p, const struct slot *slot)
{
    if (slot->iface_no == IFACE_host)
        return slot_in(p->host, slot);
    if (slot->iface_no == IFACE_plugin)
        return slot_in(p->code, slot);
    const void *real = atomic_load(&p->real[slot->iface_no]);
    if (!real && p->is_plugin) {
        real = p->code->get_interface(iface_table[slot->iface_no].id);
        atomic_store(&p->real[slot->iface_no], real);
    }
    return slot_in(real, slot);
}

static void interface(struct peer *p, const char *id, struct codec_iface *ret)
{
    const struct iface *iface = iface_find(id);
    const void *real = !iface         ? NULL
                       : p->is_plugin ? p->code->get_interface(id)
                                      : p->host->get_interface(p->host, id);

    *ret = (struct codec_iface){.present = real != NULL};
    if (!real)
        return;
    size_t no = (size_t)(iface - iface_table);
    atomic_store(&p->real[no], real);
    memcpy(&ret->size, real, sizeof ret->size);
    if (ret->size > iface->size)
        ret->size = (uint32_t)iface->size;
    ret->slots = peer_slots_of(real, no);
}

/* The host as create() shall see it: its words, and thunks of ours. */
static void take_host(struct peer *p, const struct codec_host *said)
{
    allora_host model = {
        .size = said->size < sizeof model ? said->size : (uint32_t)sizeof model,
        .abi_minor = said->abi_minor,
        .abi_minor_min = said->abi_minor_min,
        .name = p->host_name,
        .version = p->host_version,
    };

    (void)snprintf(p->host_name, sizeof p->host_name, "%s", said->name);
    (void)snprintf(p->host_version, sizeof p->host_version, "%s", said->version);
    for (size_t i = 0; i < slot_count; i++) {
        const struct slot *s = &slot_table[i];
        if (s->iface_no == IFACE_host && (said->slots & 1u << s->index))
            memcpy((char *)&model + s->offset, &s->thunk, sizeof s->thunk);
    }
    wrap_host(&p->wrap, &model);
}

/* One call being served. */
struct served {
    struct peer *p;
    const struct slot *slot;
    struct arg args[SLOT_ARGS_MAX];
    struct codec_handles in, out;
    struct codec_iface iface;
    struct peer_ctx *ctx; /* plugin's end */
    struct peer_sink sink;
    struct arg result;
};

/* Numbers become what they stand for.  NULL: nothing is wrong; else words. */
static const char *bind(struct served *s)
{
    struct peer *p = s->p;

    for (uint32_t i = 0; i < s->slot->n_args; i++) {
        struct arg *a = &s->args[i];
        switch (s->slot->kinds[i]) {
        case ARG_HOST:
            a->p = &p->wrap.host;
            break;
        case ARG_INSTANCE:
            a->p = s->in.instance ? p->instance : NULL;
            if (!a->p && s->slot->iface_no != IFACE_plugin)
                return "there is no instance";
            break;
        case ARG_CTX:
            if (p->is_plugin)
                s->ctx = peer_ctx_new(p, s->in.ctx, 0, s->in.deadline_us);
            a->p = p->is_plugin ? (const void *)s->ctx : (const void *)peer_ctx_real(p, s->in.ctx);
            if (!a->p)
                return "its context is none, or is over";
            break;
        case ARG_SINK:
            if (!s->in.sink)
                return "it has no sink";
            a->p = &s->sink.sink;
            break;
        case ARG_BYTE_SINK:
        case ARG_BYTE_SINK_OR_NULL:
            a->p = s->in.stream ? &s->sink.stream : NULL;
            if (!a->p && s->slot->kinds[i] == ARG_BYTE_SINK)
                return "it has no sink";
            break;
        case ARG_HTTP_REQUEST:
            if (s->in.stream)
                ((allora_http_request *)a->out)->stream = &s->sink.stream;
            break;
        default:
            break;
        }
    }
    return NULL;
}

/* Handles that came back from the real function become numbers. */
static void unbind(struct served *s)
{
    struct peer *p = s->p;

    for (uint32_t i = 0; i < s->slot->n_args; i++) {
        void *got = NULL;
        if (s->slot->kinds[i] != ARG_OUT_CTX && s->slot->kinds[i] != ARG_OUT_INSTANCE)
            continue;
        memcpy(&got, s->args[i].p, sizeof got);
        if (s->slot->kinds[i] == ARG_OUT_INSTANCE) {
            p->instance = got;
            s->out.instance = got != NULL;
            continue;
        }
        s->out.ctx = peer_ctx_add_real(p, got, s->in.ctx);
        s->out.deadline_us = p->host->deadline_us ? p->host->deadline_us(got) : 0;
    }
}

static struct arg refuse(const struct served *s, int32_t code, const char *words)
{
    for (uint32_t i = 0; i < s->slot->n_args; i++) {
        if (s->slot->kinds[i] == ARG_ERROR && s->args[i].p)
            (void)err_set(s->args[i].out, code, "%s.%s: %s", s->slot->iface, s->slot->name, words);
    }
    return (struct arg){.i = s->slot->result == RESULT_STATUS ? code : 0};
}

static void run(struct served *s)
{
    struct peer *p = s->p;
    slot_fn fn = real_slot(p, s->slot);
    const char *wrong = bind(s);

    if (wrong || !fn) {
        s->result = refuse(s, wrong ? ALLORA_E_INTERNAL : ALLORA_E_UNSUPPORTED,
                           wrong ? wrong : "the other side does not have it");
        return;
    }
    s->result = s->slot->invoke(fn, s->args);
    if (s->slot->result == RESULT_STATUS && s->result.i >= 0)
        unbind(s);
    if (s->slot == &slot_table[SLOT_plugin_destroy])
        p->instance = NULL;
    if (s->slot == &slot_table[SLOT_scope_close])
        peer_ctx_end(p, s->in.ctx);
}

/* A result that cannot be written down is a failure, in words. */
static void reply(struct served *s, uint32_t call_id)
{
    const struct frame_head h = {FRAME_REPLY, call_id, s->slot->iface_no, s->slot->index};
    struct frame_writer w = {0};

    frame_begin(&w, &h);
    codec_put_reply(&w, s->slot, s->args, s->result, &s->out, &s->iface);
    if (w.failed || buf_failed(&w.b)) {
        s->result = refuse(s, ALLORA_E_INTERNAL, "its result cannot cross to the other side");
        frame_begin(&w, &h);
        codec_put_reply(&w, s->slot, s->args, s->result, &s->out, &s->iface);
    }
    (void)peer_send(s->p, &w);
    frame_writer_done(&w);
}

void peer_serve(struct peer *p, struct frame_reader *r, const struct frame_head *h)
{
    struct served s = {.p = p, .slot = slot_find(h->iface, h->slot)};
    struct codec_host host;
    bool create = s.slot == &slot_table[SLOT_plugin_create];

    if (!s.slot || !is_mine(p, s.slot) ||
        !codec_get_call(r, s.slot, s.args, &s.in, create ? &host : NULL)) {
        struct frame_writer w = {0}; /* an empty reply is whole for no slot: the caller is told */
        frame_begin(&w, &(struct frame_head){FRAME_REPLY, h->call_id, h->iface, h->slot});
        (void)peer_send(p, &w);
        frame_writer_done(&w);
        return;
    }
    peer_sink_open(p, &s.sink, h->call_id);
    if (create)
        take_host(p, &host);
    if (s.slot->result == RESULT_POINTER)
        interface(p, s.args[s.slot->n_args - 1].p, &s.iface);
    else
        run(&s);
    peer_sink_close(&s.sink);
    reply(&s, h->call_id);
    if (s.ctx)
        peer_ctx_end(p, s.ctx->id);
}

static void take_reply(struct peer *p, struct frame_reader *r, const struct frame_head *h)
{
    (void)pthread_mutex_lock(&p->lock);
    struct peer_pending *c = p->pending;
    while (c && c->call_id != h->call_id)
        c = c->next;
    (void)pthread_mutex_unlock(&p->lock);
    if (!c || c->done)
        return;
    struct frame_reader again = *r;
    c->done = true;
    c->whole =
        c->slot->iface_no == h->iface && c->slot->index == h->slot &&
        codec_get_reply(r, c->slot, c->args, &c->result, &c->got, &c->iface, false, c->alloc, c) &&
        codec_get_reply(&again, c->slot, c->args, &c->result, &c->got, &c->iface, true, c->alloc,
                        c);
}

void peer_receive(struct peer *p, const struct frame *f)
{
    struct arena mem;
    struct frame_reader r;
    struct frame_head h;

    arena_init(&mem, f->len * MEMORY_PER_BYTE + MEMORY_LEAST);
    if (frame_open(&r, f, &mem, &h)) {
        switch (h.kind) {
        case FRAME_CALL:
            peer_serve(p, &r, &h);
            break;
        case FRAME_REPLY:
            take_reply(p, &r, &h);
            break;
        case FRAME_CREDIT:
            peer_credit(p, &r, &h);
            break;
        case FRAME_CANCEL: {
            uint64_t id = frame_get_u64(&r);
            int32_t status = (int32_t)frame_get_u32(&r);
            if (frame_ok(&r) && p->is_plugin)
                peer_ctx_cancel(p, id, status);
            break;
        }
        default:
            peer_sink_frame(p, &r, &h);
            break;
        }
    }
    arena_done(&mem);
}

static void init(struct peer *p, struct wire wire)
{
    p->wire = wire;
    (void)pthread_mutex_init(&p->lock, NULL);
}

void peer_init_host(struct peer *p, const struct wrap_ops *ops, const allora_host *host,
                    struct wire wire)
{
    init(p, wire);
    p->wrap.ops = ops;
    p->host = host;
}

static const struct wrap_ops plugin_ops = {.call = peer_call, .bad_ctx = peer_bad_ctx};

void peer_init_plugin(struct peer *p, const allora_plugin *code, struct wire wire)
{
    init(p, wire);
    p->wrap.ops = &plugin_ops;
    p->code = code;
    p->is_plugin = true;
}

void peer_done(struct peer *p)
{
    while (p->ctxs)
        peer_ctx_end(p, p->ctxs->id);
    wrap_done(&p->wrap);
    (void)pthread_mutex_destroy(&p->lock);
}
