/* Writing and reading frames; no knowledge of slots. */
#include "plugin/frame.h"

#include "base/str.h"

/* ---- writing ---- */

void frame_begin(struct frame_writer *w, const struct frame_head *h)
{
    w->b.max = FRAME_MAX;
    buf_reset(&w->b);
    w->n_fds = 0;
    w->failed = false;
    frame_put_u32(w, 0); /* the length, known at the end */
    frame_put_u8(w, h->kind);
    frame_put_u32(w, h->call_id);
    frame_put_u16(w, h->iface);
    frame_put_u16(w, h->slot);
}

bool frame_end(struct frame_writer *w, struct frame *ret)
{
    if (w->failed || buf_failed(&w->b))
        return false;
    uint32_t n = (uint32_t)w->b.len - 4;
    for (int i = 0; i < 4; i++)
        w->b.ptr[i] = (char)(n >> (8 * i));
    *ret = (struct frame){.ptr = w->b.ptr, .len = w->b.len, .n_fds = w->n_fds};
    memcpy(ret->fds, w->fds, sizeof ret->fds);
    return true;
}

void frame_writer_done(struct frame_writer *w)
{
    buf_done(&w->b);
}

static void put(struct frame_writer *w, uint64_t v, int bytes)
{
    char out[8];

    for (int i = 0; i < bytes; i++)
        out[i] = (char)(v >> (8 * i));
    buf_add(&w->b, out, (size_t)bytes);
}

void frame_put_u8(struct frame_writer *w, uint8_t v)
{
    put(w, v, 1);
}

void frame_put_u16(struct frame_writer *w, uint16_t v)
{
    put(w, v, 2);
}

void frame_put_u32(struct frame_writer *w, uint32_t v)
{
    put(w, v, 4);
}

void frame_put_u64(struct frame_writer *w, uint64_t v)
{
    put(w, v, 8);
}

void frame_put_f64(struct frame_writer *w, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof bits);
    put(w, bits, 8);
}

void frame_put_str(struct frame_writer *w, allora_str s)
{
    if (!s.ptr) {
        frame_put_u32(w, FRAME_NULL);
        return;
    }
    if (s.len > FRAME_MAX) {
        w->failed = true;
        return;
    }
    frame_put_u32(w, (uint32_t)s.len);
    buf_add(&w->b, s.ptr, (size_t)s.len);
    buf_addc(&w->b, '\0');
}

void frame_put_name(struct frame_writer *w, const char *s)
{
    frame_put_str(w, s ? str_of(s) : (allora_str){NULL, 0});
}

static void put_value(struct frame_writer *w, const allora_value *v, int depth)
{
    frame_put_u8(w, v->type);
    frame_put_u8(w, v->flags);
    switch (v->type) {
    case ALLORA_V_ABSENT:
    case ALLORA_V_NULL:
        break;
    case ALLORA_V_TEXT:
    case ALLORA_V_JSON:
        frame_put_str(w, (allora_str){v->u.p, v->len});
        break;
    case ALLORA_V_LIST:
        if (depth >= FRAME_LIST_DEPTH || (!v->u.list && v->len > 0)) {
            w->failed = true;
            break;
        }
        frame_put_u32(w, v->len);
        for (uint32_t i = 0; i < v->len && !buf_failed(&w->b); i++)
            put_value(w, &v->u.list[i], depth + 1);
        break;
    case ALLORA_V_BOOL:
    case ALLORA_V_INT:
    case ALLORA_V_REAL:
    case ALLORA_V_TIME:
        frame_put_u64(w, v->u.bits);
        break;
    default:
        w->failed = true;
        break;
    }
}

void frame_put_value(struct frame_writer *w, const allora_value *v)
{
    put_value(w, v, 0);
}

void frame_put_fd(struct frame_writer *w, int32_t fd)
{
    if (fd < 0 || w->n_fds >= FRAME_FDS_MAX) {
        w->failed = w->failed || fd >= 0;
        frame_put_u8(w, UINT8_MAX); /* none */
        return;
    }
    w->fds[w->n_fds] = fd;
    frame_put_u8(w, (uint8_t)w->n_fds++);
}

/* ---- reading ---- */

void frame_fail(struct frame_reader *r)
{
    r->failed = true;
    r->p = r->end;
}

static uint64_t get(struct frame_reader *r, size_t bytes)
{
    uint64_t v = 0;

    if (r->failed || (size_t)(r->end - r->p) < bytes) {
        frame_fail(r);
        return 0;
    }
    for (size_t i = bytes; i > 0; i--)
        v = v << 8 | r->p[i - 1];
    r->p += bytes;
    return v;
}

bool frame_open(struct frame_reader *r, const struct frame *f, struct arena *mem,
                struct frame_head *ret)
{
    *r = (struct frame_reader){.p = f->ptr, .end = f->ptr, .frame = f, .mem = mem};
    if (f->len < FRAME_HEAD || f->len > (size_t)FRAME_MAX + 4)
        return false;
    r->end = r->p + f->len;
    uint32_t len = frame_get_u32(r);
    *ret = (struct frame_head){.kind = frame_get_u8(r), .call_id = frame_get_u32(r)};
    ret->iface = frame_get_u16(r);
    ret->slot = frame_get_u16(r);
    if (len != f->len - 4 || ret->kind < FRAME_CALL || ret->kind >= FRAME_KINDS)
        frame_fail(r);
    return !r->failed;
}

bool frame_ok(const struct frame_reader *r)
{
    return !r->failed && r->p == r->end;
}

uint8_t frame_get_u8(struct frame_reader *r)
{
    return (uint8_t)get(r, 1);
}

uint16_t frame_get_u16(struct frame_reader *r)
{
    return (uint16_t)get(r, 2);
}

uint32_t frame_get_u32(struct frame_reader *r)
{
    return (uint32_t)get(r, 4);
}

uint64_t frame_get_u64(struct frame_reader *r)
{
    return get(r, 8);
}

double frame_get_f64(struct frame_reader *r)
{
    uint64_t bits = get(r, 8);
    double v;

    memcpy(&v, &bits, sizeof v);
    return v;
}

allora_str frame_get_str(struct frame_reader *r)
{
    uint32_t n = frame_get_u32(r);

    if (r->failed || n == FRAME_NULL)
        return (allora_str){NULL, 0};
    if ((size_t)(r->end - r->p) <= n || r->p[n] != '\0') {
        frame_fail(r);
        return (allora_str){NULL, 0};
    }
    allora_str s = {(const char *)r->p, n};
    r->p += (size_t)n + 1;
    return s;
}

const char *frame_get_name(struct frame_reader *r)
{
    allora_str s = frame_get_str(r);

    if (s.ptr && strlen(s.ptr) != s.len) {
        frame_fail(r);
        return NULL;
    }
    return s.ptr;
}

void *frame_array(struct frame_reader *r, uint32_t n, size_t least, size_t size)
{
    if (n == 0 || r->failed)
        return NULL;
    void *items = (size_t)(r->end - r->p) / least >= n ? arena_array(r->mem, n, size) : NULL;
    if (!items)
        frame_fail(r);
    return items;
}

static allora_value get_value(struct frame_reader *r, int depth)
{
    allora_value v = {.type = frame_get_u8(r)};
    allora_str s;

    v.flags = frame_get_u8(r);
    switch (v.type) {
    case ALLORA_V_ABSENT:
    case ALLORA_V_NULL:
        break;
    case ALLORA_V_TEXT:
    case ALLORA_V_JSON:
        s = frame_get_str(r);
        v.u.p = s.ptr;
        v.len = (uint32_t)s.len;
        break;
    case ALLORA_V_LIST: {
        uint32_t n = frame_get_u32(r);
        allora_value *items = depth < FRAME_LIST_DEPTH ? frame_array(r, n, 2, sizeof *items) : NULL;
        if (n > 0 && !items)
            frame_fail(r);
        for (uint32_t i = 0; items && i < n && !r->failed; i++)
            items[i] = get_value(r, depth + 1);
        v.u.list = items;
        v.len = r->failed ? 0 : n;
        break;
    }
    case ALLORA_V_BOOL:
    case ALLORA_V_INT:
    case ALLORA_V_REAL:
    case ALLORA_V_TIME:
        v.u.bits = frame_get_u64(r);
        break;
    default:
        frame_fail(r);
        break;
    }
    return r->failed ? (allora_value){.type = ALLORA_V_ABSENT} : v;
}

allora_value frame_get_value(struct frame_reader *r)
{
    return get_value(r, 0);
}

int32_t frame_get_fd(struct frame_reader *r)
{
    uint8_t i = frame_get_u8(r);

    if (r->failed || i == UINT8_MAX)
        return -1;
    if (i >= r->frame->n_fds || i >= FRAME_FDS_MAX) {
        frame_fail(r);
        return -1;
    }
    return r->frame->fds[i];
}
