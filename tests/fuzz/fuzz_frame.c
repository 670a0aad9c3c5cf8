/* Frames of the call codec on both ends: calls, replies, rows, credit, cancellation.  Whatever is
 * accepted must be readable to the last byte.  Input: for each frame a byte that says which end
 * gets it, then the frame. */
#include "plugin/codec_peer.h"
#include "unit/slot_stub.h"

#include "base/err.h"
#include "base/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FRAMES_MAX = 32 };
static volatile uint64_t sum;

static void touch_str(allora_str s)
{
    for (uint64_t i = 0; i < s.len; i++)
        sum += (unsigned char)s.ptr[i];
    if (s.ptr)
        sum += (unsigned char)s.ptr[s.len]; /* the NUL */
}

static void touch_value(const allora_value *v)
{
    if (v->type == ALLORA_V_TEXT || v->type == ALLORA_V_JSON)
        touch_str((allora_str){v->u.p, v->len});
    for (uint32_t i = 0; v->type == ALLORA_V_LIST && i < v->len; i++)
        touch_value(&v->u.list[i]);
}

static void touch_array(uint8_t kind, const void *p, uint64_t n)
{
    for (uint64_t i = 0; p && i < n; i++) {
        if (kind == ARG_PAIRS) {
            touch_str(((const allora_pair *)p)[i].key);
            touch_str(((const allora_pair *)p)[i].val);
        } else if (kind == ARG_FILTERS) {
            touch_value(&((const allora_filter *)p)[i].val);
        } else if (kind == ARG_INDEXES) {
            sum += ((const uint32_t *)p)[i];
        } else {
            sum += strlen(((const char *const *)p)[i]);
        }
    }
}

static void touch_struct(const struct struct_shape *shape, const char *p)
{
    uint32_t size, n = 0;
    const void *pointer;
    allora_str s;

    memcpy(&size, p, sizeof size);
    for (uint32_t i = 0; i < shape->n; i++) {
        const struct field *f = &shape->fields[i];
        if (f->offset + field_size(f->kind) > size)
            continue;
        memcpy(&pointer, p + f->offset, field_size(f->kind) < 8 ? 4 : 8);
        if (field_size(f->kind) == sizeof s) {
            memcpy(&s, p + f->offset, sizeof s);
            touch_str(s);
        } else if (f->count) {
            memcpy(&n, p + f->count, sizeof n);
            touch_array(f->kind, pointer, n);
        } else if ((f->kind == ARG_NAME || f->kind == ARG_NAME_OR_NULL) && pointer) {
            sum += strlen(pointer);
        }
    }
}

/* The real function behind every slot. */
static struct arg touch(void *self, const struct slot *slot, struct arg *args)
{
    const allora_value cell = {.type = ALLORA_V_INT};

    (void)self;
    for (uint32_t i = 0; i < slot->n_args; i++) {
        uint8_t kind = slot->kinds[i];
        if (kind == ARG_NAME || (kind == ARG_NAME_OR_NULL && args[i].p))
            sum += strlen(args[i].p);
        else if (kind == ARG_TEXT || kind == ARG_DOCUMENT || kind == ARG_BYTES)
            touch_str(args[i].s);
        else if (kind == ARG_PAIRS)
            touch_array(kind, args[i].p, args[i + 1].u);
        else if (kind == ARG_SINK)
            (void)((const allora_sink *)args[i].p)
                ->row(((const allora_sink *)args[i].p)->self, &cell, 1);
        else if (kind == ARG_WORDS)
            for (const char *const *w = args[i].p; *w; w++)
                sum += strlen(*w);
        else if (struct_shape(kind) && kind < ARG_OUT_I32)
            touch_struct(struct_shape(kind), args[i].p);
    }
    return (struct arg){.i = slot->result == RESULT_STATUS && (sum & 1) ? ALLORA_E_REMOTE : 0};
}

static bool to_nobody(void *self, const struct frame *f)
{
    (void)self, (void)f;
    return true;
}

static bool no_wait(void *self, struct peer *p)
{
    (void)self, (void)p;
    return false;
}

static int32_t on_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    (void)self;
    for (uint32_t i = 0; i < n; i++)
        sum += strlen(columns[i]->name) + (columns[i]->unit ? strlen(columns[i]->unit) : 0);
    return ALLORA_OK;
}

static int32_t on_row(void *self, const allora_value *cells, uint32_t n)
{
    (void)self;
    for (uint32_t i = 0; i < n; i++)
        touch_value(&cells[i]);
    return ALLORA_OK;
}

static int32_t on_event(void *self, int32_t kind, allora_str payload)
{
    (void)self, (void)kind;
    touch_str(payload);
    return ALLORA_OK;
}

static int32_t on_bytes(void *self, const void *p, uint64_t n)
{
    (void)self;
    touch_str((allora_str){p, n});
    return ALLORA_OK;
}

/* A call of every slot that waits for its reply; call_id is its place in the table, from 1. */
struct waiting {
    struct peer_pending pending;
    struct arg args[SLOT_ARGS_MAX];
    uint64_t out[SLOT_ARGS_MAX][16];
    allora_error err;
};
static struct waiting waiting[SLOT_COUNT];
static const allora_sink sink = {NULL, on_begin, on_row, on_event};
static const allora_byte_sink stream = {NULL, on_bytes};

static void *alloc_some(void *self, uint64_t size)
{
    struct stub *s = ((const struct peer_pending *)self)->alloc_self;
    if (s->n_memory >= 64 || size > 1 << 20)
        return NULL;
    return s->memory[s->n_memory++] = malloc((size_t)size + 1);
}

static void wait_for_all(struct peer *p, struct stub *stub)
{
    p->pending = NULL;
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        struct waiting *w = &waiting[i];
        memset(w, 0, sizeof *w);
        w->err = ERR_INIT;
        for (uint32_t k = 0; k < slot_table[i].n_args; k++) {
            const struct struct_shape *shape = struct_shape(slot_table[i].kinds[k]);
            w->args[k].p = slot_table[i].kinds[k] == ARG_ERROR ? (void *)&w->err : w->out[k];
            if (shape)
                memcpy(w->out[k], &shape->size, sizeof shape->size);
        }
        w->pending = (struct peer_pending){.call_id = (uint32_t)i + 1,
                                           .slot = &slot_table[i],
                                           .args = w->args,
                                           .sink = &sink,
                                           .stream = &stream,
                                           .alloc = alloc_some,
                                           .alloc_self = stub,
                                           .next = p->pending};
        p->pending = &w->pending;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stub stub;
    struct peer ends[2];
    static const struct wrap_ops ops = {.call = peer_call, .bad_ctx = peer_bad_ctx};
    const struct wire wire = {.send = to_nobody, .wait = no_wait};

    log_set_level(ALLORA_LOG_ERROR + 1);
    stub_init(&stub, touch, NULL);
    memset(ends, 0, sizeof ends);
    peer_init_host(&ends[0], &ops, &stub.wrap.host, wire);
    peer_init_plugin(&ends[1], &stub_plugin, wire);
    ends[1].instance = (allora_instance *)(void *)&stub;
    (void)peer_ctx_add_real(&ends[0], (allora_ctx *)(void *)stub.ctx, 0); /* number 1 */
    for (size_t i = 0; i < iface_count; i++) {
        if (i != IFACE_host && i != IFACE_plugin)
            atomic_store(&ends[0].real[i], stub.tables[i]);
    }
    wait_for_all(&ends[0], &stub);
    for (int n = 0; n < FRAMES_MAX && size > 5; n++) {
        uint32_t len;
        struct peer *end = &ends[data[0] & 1];
        memcpy(&len, data + 1, sizeof len);
        data++;
        size--;
        len = len < size - 4 ? len + 4 : (uint32_t)size;
        char *copy = malloc(len);
        if (!copy)
            break;
        memcpy(copy, data, len);
        peer_receive(end, &(struct frame){.ptr = copy, .len = len});
        free(copy);
        data += len;
        size -= len;
        for (size_t i = 0; i < SLOT_COUNT; i++) { /* replies go to the callers' own memory */
            waiting[i].pending.args = waiting[i].args;
            waiting[i].pending.done = false;
        }
        while (stub.n_memory)
            free(stub.memory[--stub.n_memory]);
    }
    ends[0].pending = NULL;
    peer_done(&ends[1]);
    peer_done(&ends[0]);
    stub_done(&stub);
    return 0;
}
