/* Frames: what calls between host and plugin look like as bytes.
 *
 *   u32 len       of what follows it
 *   u8  kind      enum frame_kind
 *   u32 call_id   the caller's number of the call
 *   u16 iface     enum iface_id
 *   u16 slot      index in the interface; in the frames of a sink, which of the call's sinks
 *   payload
 *
 * All numbers are little-endian.  A text is u32 len, its bytes and a NUL, or FRAME_NULL alone where
 * the pointer was NULL; decoded texts point into the frame.  Reading is bounds-checked and sticky:
 * after the first thing that does not fit all else reads as zero, and frame_ok() says so.  No array
 * is allocated before the frame is known to be long enough for it, so decoding takes no more memory
 * than a small multiple of the frame. */
#ifndef ALLORA_PLUGIN_FRAME_H
#define ALLORA_PLUGIN_FRAME_H
#include "base/arena.h"
#include "base/buf.h"
#include <allora/plugin.h>

enum {
    FRAME_HEAD = 13,
    FRAME_MAX = 64 << 20,
    FRAME_FDS_MAX = 3,
    FRAME_LIST_DEPTH = 2 /* of lists in filters */
};
#define FRAME_NULL UINT32_MAX

enum frame_kind {
    FRAME_CALL = 1,
    FRAME_REPLY = 2,
    FRAME_BEGIN = 3, /* from here on: what the callee sends to a sink of the caller's */
    FRAME_ROW = 4,
    FRAME_EVENT = 5,
    FRAME_BYTES = 6,
    FRAME_CREDIT = 7, /* caller to callee: that many more, or stop */
    FRAME_CANCEL = 8, /* host to plugin: a context has ended before its time */
    FRAME_KINDS
};
struct frame_head {
    uint8_t kind;
    uint32_t call_id;
    uint16_t iface, slot;
};
/* Whole frame, header included, and the descriptors that go with it. */
struct frame {
    const void *ptr;
    size_t len;
    uint32_t n_fds;
    int32_t fds[FRAME_FDS_MAX];
};

/* ---- writing ---- */
struct frame_writer {
    struct buf b;
    uint32_t n_fds;
    int32_t fds[FRAME_FDS_MAX];
    bool failed; /* what cannot be written down: see frame_end() */
};
void frame_begin(struct frame_writer *w, const struct frame_head *h); /* w may hold anything */
/* False when the frame would be too large, or memory was out.  ret is valid until w is changed. */
bool frame_end(struct frame_writer *w, struct frame *ret);
void frame_writer_done(struct frame_writer *w);
void frame_put_u8(struct frame_writer *w, uint8_t v);
void frame_put_u16(struct frame_writer *w, uint16_t v);
void frame_put_u32(struct frame_writer *w, uint32_t v);
void frame_put_u64(struct frame_writer *w, uint64_t v);
void frame_put_f64(struct frame_writer *w, double v);
void frame_put_str(struct frame_writer *w, allora_str s);
void frame_put_name(struct frame_writer *w, const char *s);
void frame_put_value(struct frame_writer *w, const allora_value *v);
void frame_put_fd(struct frame_writer *w, int32_t fd);

/* ---- reading ---- */
struct frame_reader {
    const unsigned char *p, *end;
    const struct frame *frame;
    struct arena *mem; /* arrays */
    bool failed;
};
/* Checks length and kind.  mem: where arrays go; its limit is the caller's to set. */
bool frame_open(struct frame_reader *r, const struct frame *f, struct arena *mem,
                struct frame_head *ret);
/* Has all been read, and did it fit? */
bool frame_ok(const struct frame_reader *r);
uint8_t frame_get_u8(struct frame_reader *r);
uint16_t frame_get_u16(struct frame_reader *r);
uint32_t frame_get_u32(struct frame_reader *r);
uint64_t frame_get_u64(struct frame_reader *r);
double frame_get_f64(struct frame_reader *r);
allora_str frame_get_str(struct frame_reader *r);
/* NULL where NULL was sent; a NUL inside is a failure. */
const char *frame_get_name(struct frame_reader *r);
allora_value frame_get_value(struct frame_reader *r);
int32_t frame_get_fd(struct frame_reader *r);
/* Room for n items that take at least `least` bytes each in what is left; zeroed.  NULL is a
 * failure but for n 0. */
void *frame_array(struct frame_reader *r, uint32_t n, size_t least, size_t size);
void frame_fail(struct frame_reader *r);
#endif
