/* Sinks across the wire: on the callee's end functions that write frames as long as there is
 * credit; on the caller's, frames that become calls of the real sink. */
#include "plugin/codec_peer.h"

#include <string.h>

bool peer_send(struct peer *p, struct frame_writer *w)
{
    struct frame f;

    return frame_end(w, &f) && p->wire.send(p->wire.self, &f);
}

/* ---- the callee's end ---- */

static struct frame_writer *begin_frame(struct peer_sink *s, enum frame_kind kind, uint16_t no)
{
    frame_begin(&s->w,
                &(struct frame_head){.kind = (uint8_t)kind, .call_id = s->call_id, .slot = no});
    return &s->w;
}

/* Sends what was begun, and waits while nothing more may be sent.  A frame that cannot be written
 * down ends the sink: what it held does not fit the contract.  Events go after a STOP as well: they
 * may say something about the rows before it. */
static int32_t finish(struct peer_sink *s, bool is_event)
{
    if (s->ended && !(is_event && s->ended == ALLORA_STOP))
        return s->ended;
    if (s->w.failed || buf_failed(&s->w.b))
        s->ended = ALLORA_E_ARG;
    else if (!peer_send(s->peer, &s->w))
        s->ended = ALLORA_E_INTERNAL;
    if (s->credit > 0)
        s->credit--;
    while (!s->ended && s->credit == 0) {
        if (!s->peer->wire.wait(s->peer->wire.self, s->peer))
            s->ended = ALLORA_E_INTERNAL;
    }
    return s->ended;
}

static int32_t sink_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    codec_put_columns(begin_frame(self, FRAME_BEGIN, PEER_SINK), columns, n);
    return finish(self, false);
}

static int32_t sink_row(void *self, const allora_value *cells, uint32_t n)
{
    codec_put_cells(begin_frame(self, FRAME_ROW, PEER_SINK), cells, n);
    return finish(self, false);
}

static int32_t sink_event(void *self, int32_t kind, allora_str payload)
{
    struct frame_writer *w = begin_frame(self, FRAME_EVENT, PEER_SINK);

    frame_put_u32(w, (uint32_t)kind);
    frame_put_str(w, payload);
    return finish(self, true);
}

static int32_t stream_write(void *self, const void *p, uint64_t n)
{
    frame_put_str(begin_frame(self, FRAME_BYTES, PEER_STREAM), (allora_str){n ? p : "", n});
    return finish(self, false);
}

void peer_sink_open(struct peer *p, struct peer_sink *s, uint32_t call_id)
{
    *s = (struct peer_sink){.peer = p, .call_id = call_id, .credit = CODEC_WINDOW};
    s->sink = (allora_sink){s, sink_begin, sink_row, sink_event};
    s->stream = (allora_byte_sink){s, stream_write};
    (void)pthread_mutex_lock(&p->lock);
    s->next = p->sinks;
    p->sinks = s;
    (void)pthread_mutex_unlock(&p->lock);
}

void peer_sink_close(struct peer_sink *s)
{
    struct peer *p = s->peer;

    (void)pthread_mutex_lock(&p->lock);
    struct peer_sink **at = &p->sinks;
    while (*at && *at != s)
        at = &(*at)->next;
    if (*at)
        *at = s->next;
    (void)pthread_mutex_unlock(&p->lock);
    frame_writer_done(&s->w);
}

/* Received on the thread that serves the call, so its sink stays where it is. */
void peer_credit(struct peer *p, struct frame_reader *r, const struct frame_head *h)
{
    uint32_t more = frame_get_u32(r);
    int32_t status = (int32_t)frame_get_u32(r);

    if (!frame_ok(r))
        return;
    (void)pthread_mutex_lock(&p->lock);
    struct peer_sink *s = p->sinks;
    while (s && s->call_id != h->call_id)
        s = s->next;
    (void)pthread_mutex_unlock(&p->lock);
    if (!s)
        return;
    s->credit += more < CODEC_WINDOW ? more : CODEC_WINDOW;
    if (status && !s->ended)
        s->ended = status;
}

/* ---- the caller's end ---- */

static void grant(struct peer *p, struct peer_pending *c)
{
    struct frame_writer w = {0};

    frame_begin(&w, &(struct frame_head){.kind = FRAME_CREDIT, .call_id = c->call_id});
    frame_put_u32(&w, c->ended ? 0 : c->consumed);
    frame_put_u32(&w, (uint32_t)c->ended);
    (void)peer_send(p, &w);
    frame_writer_done(&w);
    c->consumed = 0;
}

static int32_t deliver(const struct peer_pending *c, struct frame_reader *r,
                       const struct frame_head *h)
{
    uint32_t n = 0;

    if (h->kind == FRAME_BYTES) {
        allora_str s = frame_get_str(r);
        if (!c->stream || !frame_ok(r))
            return ALLORA_E_INTERNAL;
        return c->stream->write(c->stream->self, s.ptr, s.len);
    }
    if (!c->sink)
        return ALLORA_E_INTERNAL;
    if (h->kind == FRAME_BEGIN) {
        const allora_column *const *columns = codec_get_columns(r, &n);
        return frame_ok(r) ? c->sink->begin(c->sink->self, columns, n) : ALLORA_E_INTERNAL;
    }
    if (h->kind == FRAME_ROW) {
        const allora_value *cells = codec_get_cells(r, &n);
        return frame_ok(r) ? c->sink->row(c->sink->self, cells, n) : ALLORA_E_INTERNAL;
    }
    int32_t kind = (int32_t)frame_get_u32(r);
    allora_str payload = frame_get_str(r);
    return frame_ok(r) ? c->sink->event(c->sink->self, kind, payload) : ALLORA_E_INTERNAL;
}

void peer_sink_frame(struct peer *p, struct frame_reader *r, const struct frame_head *h)
{
    (void)pthread_mutex_lock(&p->lock);
    struct peer_pending *c = p->pending;
    while (c && c->call_id != h->call_id)
        c = c->next;
    (void)pthread_mutex_unlock(&p->lock);
    if (!c)
        return;
    c->consumed++;
    /* After STOP what was still under way is dropped, but for events: a warning says something
     * about rows that came before it. */
    if (!c->ended || (c->ended == ALLORA_STOP && h->kind == FRAME_EVENT)) {
        int32_t said = deliver(c, r, h);
        if (said && !c->ended) {
            c->ended = said;
            grant(p, c);
            return;
        }
    }
    if (c->consumed >= CODEC_WINDOW / 2)
        grant(p, c);
}
