/* One end of the codec: makes calls as frames and serves those that come.  The host's end has the
 * real allora_host and the real contexts; the plugin's has the real plugin and contexts of its own,
 * with their own memory.  What joins them is a wire; this file knows of no process.
 *
 * Threads.  Frames of a call (its rows, its reverse calls, its reply) must be received on the
 * thread that waits for it, and on the plugin's end a call and what belongs to it on one thread:
 * sinks then are used where they may be.  A wire between processes routes by call_id.  Otherwise
 * any thread. */
#ifndef ALLORA_PLUGIN_CODEC_PEER_H
#define ALLORA_PLUGIN_CODEC_PEER_H
#include "plugin/codec_data.h"
#include "plugin/wrap.h"
#include "slot_list.h"

#include <pthread.h>
#include <stdatomic.h>

/* Frames to a sink that may be under way without an answer. */
enum { CODEC_WINDOW = 256 };

struct peer;
struct wire {
    void *self;
    /* Gives a frame to the other end; it is borrowed.  False: the other end is gone. */
    bool (*send)(void *self, const struct frame *f);
    /* Waits for frames of the calls that this thread is in, and hands them to peer_receive().
     * False: there is nothing to wait for. */
    bool (*wait)(void *self, struct peer *p);
    /* Plugin's end: has something been heard of this context's end?  May be NULL. */
    void (*poll)(void *self, uint64_t ctx);
};
struct peer_ctx; /* a context, on either end */
struct peer_pending;
struct peer_sink;
struct peer {
    struct wrap wrap; /* first */
    bool is_plugin;
    struct wire wire;
    const allora_host *host;   /* host's end */
    const allora_plugin *code; /* plugin's end */
    allora_instance *instance; /* plugin's end; handle 1 */
    bool has_instance;         /* host's end */
    char host_name[64], host_version[64];
    _Atomic(const void *) real[IFACE_COUNT]; /* what this end implements, once fetched */
    pthread_mutex_t lock;                    /* guards all below */
    uint32_t last_call;
    uint64_t last_ctx;
    struct peer_ctx *ctxs;
    struct peer_pending *pending;
    struct peer_sink *sinks;
};

void peer_init_host(struct peer *p, const struct wrap_ops *ops, const allora_host *host,
                    struct wire wire);
void peer_init_plugin(struct peer *p, const allora_plugin *code, struct wire wire);
void peer_done(struct peer *p);
/* A frame has come.  What makes no sense is answered if it can be, else dropped. */
void peer_receive(struct peer *p, const struct frame *f);
/* Host's end: tells the plugin if that context has ended before its time; 0: of all such. */
void peer_tick(struct peer *p, uint64_t ctx);
/* wrap_ops.call of both ends. */
struct arg peer_call(struct wrap *w, const struct slot *slot, struct arg *args);
void peer_bad_ctx(struct wrap *w, const struct slot *slot, const void *ctx);

/* ---- between codec_call.c, codec_serve.c, codec_sink.c and codec_ctx.c ---- */

struct peer_ctx {
    struct wrap_ctx head; /* first: what the plugin holds */
    uint64_t id, parent;
    allora_ctx *real;       /* host's end */
    bool told;              /* host's end: its end has been sent */
    struct arena mem;       /* plugin's end */
    int64_t deadline_us;    /* plugin's end */
    _Atomic int32_t cancel; /* plugin's end */
    struct peer_ctx *next;
};
/* A call that this end has made and waits for. */
struct peer_pending {
    uint32_t call_id;
    const struct slot *slot;
    const struct arg *args;
    const allora_sink *sink;
    const allora_byte_sink *stream;
    int32_t ended;     /* what a sink said for the last time */
    uint32_t consumed; /* frames since the last credit */
    codec_alloc alloc;
    void *alloc_self;
    bool done, whole;
    struct arg result;
    struct codec_handles got;
    struct codec_iface iface;
    struct peer_pending *next;
};
/* The sinks of a call that this end serves. */
struct peer_sink {
    struct peer *peer;
    uint32_t call_id;
    allora_sink sink;
    allora_byte_sink stream;
    uint32_t credit;
    int32_t ended;
    struct frame_writer w;
    struct peer_sink *next;
};
enum { PEER_SINK = 1, PEER_STREAM = 2 };

/* codec_ctx.c */
uint64_t peer_ctx_add_real(struct peer *p, allora_ctx *real, uint64_t parent); /* 0: no memory */
allora_ctx *peer_ctx_real(struct peer *p, uint64_t id);                        /* NULL: none */
struct peer_ctx *peer_ctx_new(struct peer *p, uint64_t id, uint64_t parent, int64_t deadline_us);
void peer_ctx_end(struct peer *p, uint64_t id); /* with all below it */
int32_t peer_ctx_cancelled(struct peer *p, struct peer_ctx *c);
void peer_ctx_cancel(struct peer *p, uint64_t id, int32_t status);
/* codec_serve.c */
void peer_serve(struct peer *p, struct frame_reader *r, const struct frame_head *h);
/* codec_sink.c */
void peer_sink_open(struct peer *p, struct peer_sink *s, uint32_t call_id);
void peer_sink_close(struct peer_sink *s);
void peer_sink_frame(struct peer *p, struct frame_reader *r, const struct frame_head *h);
void peer_credit(struct peer *p, struct frame_reader *r, const struct frame_head *h);
/* Sends a finished frame; false when it could not be written or sent. */
bool peer_send(struct peer *p, struct frame_writer *w);
uint32_t peer_slots_of(const void *interface, size_t iface_no);
#endif
