/* Calls and replies: one encoder and one decoder, driven by the kinds in slots.c. */
#include "plugin/codec_private.h"

#include "base/err.h"

#include <string.h>

static bool is_out(uint8_t kind)
{
    return kind >= ARG_OUT_I32;
}

/* ---- calls ---- */

static void put_host(struct frame_writer *w, const struct codec_host *host)
{
    if (!host)
        return;
    frame_put_u32(w, host->size);
    frame_put_u32(w, host->abi_minor);
    frame_put_u32(w, host->abi_minor_min);
    frame_put_u32(w, host->slots);
    frame_put_name(w, host->name);
    frame_put_name(w, host->version);
}

static uint64_t count_words(const char *const *words)
{
    uint64_t n = 0;

    while (words && words[n])
        n++;
    return n;
}

static void put_arg(struct frame_writer *w, const struct slot *slot, uint32_t i,
                    const struct arg *args, const struct codec_handles *h)
{
    uint8_t kind = slot->kinds[i];
    uint32_t size = 0;

    switch (kind) {
    case ARG_CTX:
        frame_put_u64(w, h->ctx);
        frame_put_u64(w, (uint64_t)h->deadline_us);
        break;
    case ARG_INSTANCE:
        frame_put_u64(w, h->instance);
        break;
    case ARG_I32:
    case ARG_U32:
        frame_put_u32(w, (uint32_t)args[i].u);
        break;
    case ARG_I64:
    case ARG_U64:
        frame_put_u64(w, args[i].u);
        break;
    case ARG_F64:
        frame_put_f64(w, args[i].d);
        break;
    case ARG_NAME:
    case ARG_NAME_OR_NULL:
        frame_put_name(w, args[i].p);
        break;
    case ARG_TEXT:
    case ARG_DOCUMENT:
    case ARG_BYTES:
        frame_put_str(w, args[i].s);
        break;
    case ARG_PAIRS:
        codec_put_array(w, kind, args[i].p, args[i + 1].u);
        break;
    case ARG_WORDS:
        codec_put_array(w, kind, args[i].p, count_words(args[i].p));
        break;
    case ARG_SINK:
        frame_put_u64(w, h->sink);
        break;
    case ARG_BYTE_SINK:
    case ARG_BYTE_SINK_OR_NULL:
        frame_put_u64(w, h->stream);
        break;
    case ARG_LIST_REQUEST:
    case ARG_HTTP_REQUEST:
    case ARG_METRICS_QUERY:
    case ARG_TURN_REQUEST:
    case ARG_INVOCATION:
        if (args[i].p)
            codec_put_struct(w, struct_shape(kind), args[i].p, h->stream);
        else
            w->failed = true;
        break;
    default:
        if (struct_shape(kind) && args[i].p)
            memcpy(&size, args[i].p, sizeof size);
        if (struct_shape(kind))
            frame_put_u32(w, size);
        break; /* ARG_HOST, ARG_COUNT, ARG_ERROR and plain outputs send nothing */
    }
}

void codec_put_call(struct frame_writer *w, const struct slot *slot, const struct arg *args,
                    const struct codec_handles *h, const struct codec_host *host)
{
    put_host(w, host);
    for (uint32_t i = 0; i < slot->n_args; i++)
        put_arg(w, slot, i, args, h);
}

static void get_host(struct frame_reader *r, struct codec_host *host)
{
    host->size = frame_get_u32(r);
    host->abi_minor = frame_get_u32(r);
    host->abi_minor_min = frame_get_u32(r);
    host->slots = frame_get_u32(r);
    host->name = frame_get_name(r);
    host->version = frame_get_name(r);
    if (!host->name || !host->version)
        frame_fail(r);
}

/* Zeroed memory for what the callee writes, its size set. */
static void *get_out(struct frame_reader *r, uint8_t kind)
{
    const struct struct_shape *shape = struct_shape(kind);
    uint32_t size = shape ? frame_get_u32(r) : 0;
    allora_error *err;

    if (kind == ARG_ERROR) {
        err = arena_array(r->mem, 1, sizeof *err);
        if (err)
            err->size = (uint32_t)sizeof *err;
        return err;
    }
    if (!shape)
        return arena_array(r->mem, 1, sizeof(allora_value));
    void *p = arena_array(r->mem, 1, shape->size);
    size = size < shape->size ? size : shape->size;
    if (p)
        memcpy(p, &size, sizeof size);
    return p;
}

static void get_arg(struct frame_reader *r, const struct slot *slot, uint32_t i, struct arg *args,
                    struct codec_handles *h)
{
    uint8_t kind = slot->kinds[i];
    uint32_t n = 0;

    switch (kind) {
    case ARG_HOST:
    case ARG_COUNT:
        break;
    case ARG_CTX:
        h->ctx = frame_get_u64(r);
        h->deadline_us = (int64_t)frame_get_u64(r);
        break;
    case ARG_INSTANCE:
        h->instance = frame_get_u64(r);
        break;
    case ARG_I32:
        args[i].i = (int32_t)frame_get_u32(r);
        break;
    case ARG_U32:
        args[i].u = frame_get_u32(r);
        break;
    case ARG_I64:
    case ARG_U64:
        args[i].u = frame_get_u64(r);
        break;
    case ARG_F64:
        args[i].d = frame_get_f64(r);
        break;
    case ARG_NAME:
    case ARG_NAME_OR_NULL:
        args[i].p = frame_get_name(r);
        if (!args[i].p && kind == ARG_NAME)
            frame_fail(r);
        break;
    case ARG_TEXT:
    case ARG_DOCUMENT:
    case ARG_BYTES:
        args[i].s = frame_get_str(r);
        break;
    case ARG_PAIRS:
        args[i].p = codec_get_array(r, kind, &n);
        args[i + 1].u = n;
        break;
    case ARG_WORDS:
        args[i].p = codec_get_array(r, kind, &n);
        if (!args[i].p)
            frame_fail(r);
        break;
    case ARG_SINK:
        h->sink = frame_get_u64(r);
        break;
    case ARG_BYTE_SINK:
    case ARG_BYTE_SINK_OR_NULL:
        h->stream = frame_get_u64(r);
        break;
    case ARG_LIST_REQUEST:
    case ARG_HTTP_REQUEST:
    case ARG_METRICS_QUERY:
    case ARG_TURN_REQUEST:
    case ARG_INVOCATION:
        args[i].out = codec_get_struct(r, struct_shape(kind), &h->stream);
        break;
    default:
        args[i].out = get_out(r, kind);
        if (!args[i].p)
            frame_fail(r);
        break;
    }
}

bool codec_get_call(struct frame_reader *r, const struct slot *slot, struct arg *args,
                    struct codec_handles *h, struct codec_host *host)
{
    memset(args, 0, SLOT_ARGS_MAX * sizeof *args);
    *h = (struct codec_handles){0};
    if (host)
        get_host(r, host);
    for (uint32_t i = 0; i < slot->n_args && !r->failed; i++)
        get_arg(r, slot, i, args, h);
    return frame_ok(r);
}

/* ---- replies ---- */

/* The arrays need not end in NUL. */
static void put_words(struct frame_writer *w, const char *text, size_t max)
{
    frame_put_str(w, (allora_str){text, strnlen(text, max - 1)});
}

static void put_error(struct frame_writer *w, const allora_error *e)
{
    frame_put_u32(w, e->flags);
    frame_put_u32(w, (uint32_t)e->code);
    frame_put_u32(w, (uint32_t)e->http_status);
    frame_put_u32(w, e->retry_after_ms);
    put_words(w, e->reason, sizeof e->reason);
    put_words(w, e->request_id, sizeof e->request_id);
    put_words(w, e->message, sizeof e->message);
    put_words(w, e->hint, sizeof e->hint);
}

static void put_out(struct frame_writer *w, uint8_t kind, const void *p,
                    const struct codec_handles *h)
{
    const struct struct_shape *shape = struct_shape(kind);
    int32_t fds[3];
    uint32_t u32;
    uint64_t u64;
    allora_str s;
    allora_value v;

    if (shape) {
        codec_put_struct(w, shape, p, 0);
        return;
    }
    switch (kind) {
    case ARG_OUT_I32:
        memcpy(&u32, p, sizeof u32);
        frame_put_u32(w, u32);
        break;
    case ARG_OUT_FD:
        memcpy(fds, p, sizeof fds[0]);
        frame_put_fd(w, fds[0]);
        break;
    case ARG_OUT_FDS:
        memcpy(fds, p, sizeof fds);
        for (int i = 0; i < 3; i++)
            frame_put_fd(w, fds[i]);
        break;
    case ARG_OUT_BYTES:
        memcpy(&s, p, sizeof s);
        frame_put_str(w, s);
        break;
    case ARG_OUT_VALUE:
        memcpy(&v, p, sizeof v);
        frame_put_value(w, &v);
        break;
    case ARG_OUT_CTX:
        frame_put_u64(w, h->ctx);
        frame_put_u64(w, (uint64_t)h->deadline_us);
        break;
    case ARG_OUT_INSTANCE:
        frame_put_u64(w, h->instance);
        break;
    default: /* numbers of 8 bytes */
        memcpy(&u64, p, sizeof u64);
        frame_put_u64(w, u64);
        break;
    }
}

void codec_put_reply(struct frame_writer *w, const struct slot *slot, const struct arg *args,
                     struct arg result, const struct codec_handles *h,
                     const struct codec_iface *iface)
{
    if (slot->result == RESULT_POINTER) {
        frame_put_u8(w, iface && iface->present);
        frame_put_u32(w, iface ? iface->size : 0);
        frame_put_u32(w, iface ? iface->slots : 0);
        return;
    }
    frame_put_u64(w, slot->result == RESULT_NONE ? 0 : result.u);
    if (slot->result != RESULT_STATUS)
        return;
    for (uint32_t i = 0; i < slot->n_args; i++) {
        if (result.i < 0 && slot->kinds[i] == ARG_ERROR)
            put_error(w, args[i].p);
        else if (result.i >= 0 && is_out(slot->kinds[i]))
            put_out(w, slot->kinds[i], args[i].p, h);
    }
}

static void get_words(struct frame_reader *r, char *text, size_t max)
{
    allora_str s = frame_get_str(r);

    if (!s.ptr || s.len >= max) {
        frame_fail(r);
        return;
    }
    memcpy(text, s.ptr, (size_t)s.len);
}

static void get_error(struct frame_reader *r, allora_error *ret, bool write)
{
    allora_error e = ERR_INIT;

    e.flags = frame_get_u32(r);
    e.code = (int32_t)frame_get_u32(r);
    e.http_status = (int32_t)frame_get_u32(r);
    e.retry_after_ms = frame_get_u32(r);
    get_words(r, e.reason, sizeof e.reason);
    get_words(r, e.request_id, sizeof e.request_id);
    get_words(r, e.message, sizeof e.message);
    get_words(r, e.hint, sizeof e.hint);
    if (write && ret && !r->failed)
        err_copy(ret, &e);
}

/* Where copies go that live as long as the caller's context. */
struct keep {
    codec_alloc alloc;
    void *self;
    bool oom;
};

static allora_str keep_str(struct keep *k, allora_str s)
{
    if (!s.ptr)
        return s;
    char *copy = k->alloc(k->self, s.len + 1);
    if (!copy) {
        k->oom = true;
        return (allora_str){NULL, 0};
    }
    memcpy(copy, s.ptr, (size_t)s.len);
    copy[s.len] = '\0';
    return (allora_str){copy, s.len};
}

static const allora_pair *keep_pairs(struct keep *k, const allora_pair *pairs, uint32_t n)
{
    allora_pair *copy = pairs ? k->alloc(k->self, (uint64_t)n * sizeof *copy + 1) : NULL;

    k->oom = k->oom || (pairs && !copy);
    for (uint32_t i = 0; copy && i < n; i++) {
        copy[i].key = keep_str(k, pairs[i].key);
        copy[i].val = keep_str(k, pairs[i].val);
    }
    return copy;
}

/* The decoded struct into the caller's, whose size says how much of it. */
static void write_struct(struct keep *k, const struct struct_shape *shape, const char *from,
                         char *to)
{
    uint32_t size, sent, n;

    memcpy(&size, to, sizeof size);
    memcpy(&sent, from, sizeof sent);
    size = size < sent ? size : sent;
    for (uint32_t i = 0; i < shape->n; i++) {
        const struct field *f = &shape->fields[i];
        size_t width = field_size(f->kind);
        if (f->offset + width > size)
            continue;
        if (f->kind == ARG_PAIRS) {
            const allora_pair *pairs;
            memcpy(&pairs, from + f->offset, sizeof pairs);
            memcpy(&n, from + f->count, sizeof n);
            pairs = keep_pairs(k, pairs, n);
            memcpy(to + f->offset, &pairs, sizeof pairs);
        } else if (width == sizeof(allora_str)) {
            allora_str s;
            memcpy(&s, from + f->offset, sizeof s);
            s = keep_str(k, s);
            memcpy(to + f->offset, &s, sizeof s);
        } else {
            memcpy(to + f->offset, from + f->offset, width);
        }
    }
}

static void get_value(struct frame_reader *r, struct keep *k, allora_value *ret, bool write)
{
    allora_value v = frame_get_value(r);
    allora_str s = {v.u.p, v.len};

    if (v.type == ALLORA_V_LIST) /* in filters only */
        frame_fail(r);
    if (!write || !ret || r->failed)
        return;
    if (v.type == ALLORA_V_TEXT || v.type == ALLORA_V_JSON)
        v.u.p = keep_str(k, s).ptr;
    *ret = v;
}

static void get_result(struct frame_reader *r, uint8_t kind, void *p, struct codec_handles *h,
                       struct keep *k, bool write)
{
    const struct struct_shape *shape = struct_shape(kind);
    uint64_t none = 0, u64;
    int32_t fds[3] = {-1, -1, -1};
    uint32_t u32;
    allora_str s;

    write = write && p;
    if (shape) {
        const void *got = codec_get_struct(r, shape, &none);
        if (write && got)
            write_struct(k, shape, got, p);
        return;
    }
    switch (kind) {
    case ARG_OUT_I32:
        u32 = frame_get_u32(r);
        if (write)
            memcpy(p, &u32, sizeof u32);
        break;
    case ARG_OUT_FD:
    case ARG_OUT_FDS:
        for (int i = 0; i < (kind == ARG_OUT_FD ? 1 : 3); i++)
            fds[i] = frame_get_fd(r);
        if (write)
            memcpy(p, fds, kind == ARG_OUT_FD ? sizeof fds[0] : sizeof fds);
        break;
    case ARG_OUT_BYTES:
        s = frame_get_str(r);
        if (write) {
            s = keep_str(k, s);
            memcpy(p, &s, sizeof s);
        }
        break;
    case ARG_OUT_VALUE:
        get_value(r, k, p, write);
        break;
    case ARG_OUT_CTX:
        h->ctx = frame_get_u64(r);
        h->deadline_us = (int64_t)frame_get_u64(r);
        break;
    case ARG_OUT_INSTANCE:
        h->instance = frame_get_u64(r);
        break;
    default:
        u64 = frame_get_u64(r);
        if (write)
            memcpy(p, &u64, sizeof u64);
        break;
    }
}

bool codec_get_reply(struct frame_reader *r, const struct slot *slot, const struct arg *args,
                     struct arg *ret_result, struct codec_handles *h, struct codec_iface *iface,
                     bool write, codec_alloc alloc, void *self)
{
    struct keep k = {alloc, self, false};

    if (slot->result == RESULT_POINTER) {
        iface->present = frame_get_u8(r);
        iface->size = frame_get_u32(r);
        iface->slots = frame_get_u32(r);
        return frame_ok(r);
    }
    ret_result->u = frame_get_u64(r);
    if (slot->result != RESULT_STATUS)
        return frame_ok(r);
    if (ret_result->i > INT32_MAX || ret_result->i < INT32_MIN)
        frame_fail(r);
    for (uint32_t i = 0; i < slot->n_args && !r->failed; i++) {
        if (ret_result->i < 0 && slot->kinds[i] == ARG_ERROR)
            get_error(r, args[i].out, write);
        else if (ret_result->i >= 0 && is_out(slot->kinds[i]))
            get_result(r, slot->kinds[i], args[i].out, h, &k, write);
    }
    return frame_ok(r) && !k.oom;
}
