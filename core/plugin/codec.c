/* The codec with both ends in one process: a wire that is a function call. */
#include "plugin/codec.h"

#include "base/mem.h"
#include "plugin/codec_peer.h"

struct both {
    struct peer host; /* first: the wrap */
    struct peer plugin;
};

static bool to_plugin(void *self, const struct frame *f)
{
    peer_receive(&((struct both *)self)->plugin, f);
    return true;
}

static bool to_host(void *self, const struct frame *f)
{
    peer_receive(&((struct both *)self)->host, f);
    return true;
}

/* All that a frame leads to has happened when send() returns. */
static bool no_wait(void *self, struct peer *p)
{
    (void)self;
    (void)p;
    return false;
}

static void ask_host(void *self, uint64_t ctx)
{
    peer_tick(&((struct both *)self)->host, ctx);
}

static void codec_free(struct wrap *w)
{
    struct both *b = (struct both *)(void *)w;

    peer_done(&b->plugin);
    peer_done(&b->host);
    free(b);
}

static const struct wrap_ops codec_ops = {
    .call = peer_call, .bad_ctx = peer_bad_ctx, .free = codec_free};

struct wrap *codec_new(const struct wrap_options *o)
{
    struct both *b = mem_zalloc(sizeof *b);

    if (!b)
        return NULL;
    peer_init_host(&b->host, &codec_ops, o->host,
                   (struct wire){.self = b, .send = to_plugin, .wait = no_wait});
    peer_init_plugin(&b->plugin, o->code,
                     (struct wire){.self = b, .send = to_host, .wait = no_wait, .poll = ask_host});
    return &b->host.wrap;
}
