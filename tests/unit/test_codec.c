/* The call codec: every slot of every interface, by way of its thunk, a frame, its invoker and a
 * frame back, with rich, empty and large values; errors; what does not fit. */
#include "plugin/codec.h"

#include "base/err.h"
#include "base/log.h"
#include "plugin/codec_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "slot_stub.h"

union out {
    int32_t fds[3];
    int64_t i;
    uint64_t u;
    allora_str s;
    allora_value v;
    allora_plan plan;
    allora_http_response response;
    allora_console_info console;
    void *p;
};
/* One crossing under test. */
struct crossing {
    int round;
    const struct slot *slot;
    struct arg sent[SLOT_ARGS_MAX];
    union out outs[SLOT_ARGS_MAX];
    union {
        allora_list_request list;
        allora_http_request http;
        allora_metrics_query query;
        allora_turn_request turn;
        allora_invocation face;
    } in[SLOT_ARGS_MAX];
    allora_error err;
    int32_t status; /* what the callee returns */
    bool arrived;
    uint32_t rows, events, begins, bytes;
    struct stub *stub;
};

static int32_t on_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    struct crossing *c = self;
    assert_int_equal(n, 2);
    assert_string_equal(columns[0]->name, "n");
    assert_null(columns[0]->unit);
    assert_string_equal(columns[1]->unit, "bytes");
    assert_int_equal(columns[1]->type, ALLORA_V_REAL);
    assert_int_equal(columns[1]->flags, ALLORA_VF_OUTSIDE);
    c->begins++;
    return ALLORA_OK;
}

static int32_t on_row(void *self, const allora_value *cells, uint32_t n)
{
    struct crossing *c = self;
    assert_int_equal(n, RICH_CELLS);
    for (uint32_t i = 0; i < n; i++)
        assert_true(same_value(&cells[i], &rich_cells[i]));
    c->rows++;
    return ALLORA_OK;
}

static int32_t on_event(void *self, int32_t kind, allora_str payload)
{
    struct crossing *c = self;
    assert_int_equal(kind, 4711);
    assert_true(same_str(payload, rich_str(c->round)));
    c->events++;
    return ALLORA_OK;
}

static int32_t on_bytes(void *self, const void *p, uint64_t n)
{
    struct crossing *c = self;
    assert_int_equal(n, RICH_LARGE);
    assert_memory_equal(p, rich_str(LARGE).ptr, 16);
    c->bytes++;
    return ALLORA_OK;
}

static void use_sink(const allora_sink *sink)
{
    const allora_column one = {.size = sizeof one, .type = ALLORA_V_INT, .name = "n"};
    const allora_column two = {.size = sizeof two,
                               .type = ALLORA_V_REAL,
                               .flags = ALLORA_VF_OUTSIDE,
                               .name = "m",
                               .unit = "bytes"};
    const allora_column *const columns[] = {&one, &two};
    assert_int_equal(sink->begin(sink->self, columns, 2), ALLORA_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(sink->row(sink->self, rich_cells, RICH_CELLS), ALLORA_OK);
}

/* Puts what goes out into the crossing's own memory. */
static struct arg outgoing(struct crossing *c, uint32_t i)
{
    uint8_t kind = c->slot->kinds[i];
    const struct struct_shape *shape = struct_shape(kind);
    static allora_sink sink;
    static allora_byte_sink stream;

    sink = (allora_sink){c, on_begin, on_row, on_event};
    stream = (allora_byte_sink){c, on_bytes};
    switch (kind) {
    case ARG_CTX:
        return (struct arg){.p = c->stub->ctx};
    case ARG_I32:
        return (struct arg){.i = INT32_MIN};
    case ARG_U32:
        return (struct arg){.u = UINT32_MAX};
    case ARG_I64:
        return (struct arg){.i = INT64_MIN + 1};
    case ARG_U64:
        return (struct arg){.u = UINT64_MAX};
    case ARG_F64:
        return (struct arg){.d = (double)INFINITY};
    case ARG_NAME:
        return (struct arg){.p = c->round == BARE ? "" : "n\xc3\xa4me"};
    case ARG_NAME_OR_NULL:
        return (struct arg){.p = c->round == BARE ? NULL : "maybe"};
    case ARG_TEXT:
    case ARG_DOCUMENT:
    case ARG_BYTES:
        return (struct arg){.s = rich_str(c->round)};
    case ARG_PAIRS:
        return (struct arg){.p = c->round == BARE ? NULL : rich_pairs};
    case ARG_COUNT:
        return (struct arg){.u = c->round == BARE ? 0 : 3};
    case ARG_WORDS:
        return (struct arg){.p = rich_words};
    case ARG_SINK:
        return (struct arg){.p = &sink};
    case ARG_BYTE_SINK:
        return (struct arg){.p = &stream};
    case ARG_BYTE_SINK_OR_NULL:
        return (struct arg){.p = c->round == BARE ? NULL : &stream};
    case ARG_ERROR:
        c->err = ERR_INIT;
        return (struct arg){.p = &c->err};
    default:
        break;
    }
    if (kind >= ARG_OUT_I32) {
        memset(&c->outs[i], 0, sizeof c->outs[i]);
        if (shape)
            c->outs[i].plan.size = shape->size;
        return (struct arg){.p = &c->outs[i]};
    }
    assert_non_null(shape);
    memset(&c->in[i], 0, sizeof c->in[i]);
    c->in[i].list.size = shape->size;
    rich_struct(shape, (char *)&c->in[i], c->round);
    if (kind == ARG_HTTP_REQUEST && c->round != BARE)
        c->in[i].http.stream = &stream;
    return (struct arg){.p = &c->in[i]};
}

static void check_arrived(const struct crossing *c, uint32_t i, const struct arg *got)
{
    uint8_t kind = c->slot->kinds[i];
    const struct arg *sent = &c->sent[i];

    switch (kind) {
    case ARG_I32:
    case ARG_I64:
        assert_int_equal(got->i, sent->i);
        break;
    case ARG_U32:
    case ARG_U64:
    case ARG_COUNT:
        assert_true(got->u == sent->u);
        break;
    case ARG_F64:
        assert_true(got->u == sent->u); /* bit for bit: NaN too */
        break;
    case ARG_NAME:
    case ARG_NAME_OR_NULL:
        assert_true(same_name(got->p, sent->p));
        assert_true(!got->p || got->p != sent->p);
        break;
    case ARG_TEXT:
    case ARG_DOCUMENT:
    case ARG_BYTES:
        assert_true(same_str(got->s, sent->s));
        assert_true(!got->s.ptr || got->s.ptr != sent->s.ptr); /* no pointer crosses */
        break;
    case ARG_PAIRS:
        assert_true(same_array(kind, got->p, sent->p, c->round == BARE ? 0 : 3));
        break;
    case ARG_WORDS:
        assert_true(same_array(kind, got->p, sent->p, 4)); /* with its NULL */
        break;
    default:
        if (struct_shape(kind) && kind < ARG_OUT_I32)
            assert_true(same_struct(struct_shape(kind), got->p, sent->p));
        break;
    }
}

/* What the callee writes. */
static void fill_out(const struct crossing *c, uint32_t i, void *p)
{
    static int ctx_memory;
    const struct struct_shape *shape = struct_shape(c->slot->kinds[i]);
    union out o = {0};

    switch (c->slot->kinds[i]) {
    case ARG_OUT_FD:
        o.fds[0] = 0;
        memcpy(p, &o, 4);
        break;
    case ARG_OUT_I32:
        o.fds[0] = INT32_MIN;
        memcpy(p, &o, 4);
        break;
    case ARG_OUT_FDS:
        memcpy(p, (const int32_t[]){0, 1, 2}, 12);
        break;
    case ARG_OUT_I64:
    case ARG_OUT_U64:
        o.u = UINT64_MAX - 1;
        memcpy(p, &o, 8);
        break;
    case ARG_OUT_BYTES:
        o.s = rich_str(c->round);
        memcpy(p, &o, sizeof o.s);
        break;
    case ARG_OUT_VALUE:
        o.v = rich_cells[c->round == BARE ? 4 : 8];
        memcpy(p, &o, sizeof o.v);
        break;
    case ARG_OUT_CTX:
        o.p = &ctx_memory;
        memcpy(p, &o, sizeof o.p);
        break;
    default:
        if (shape)
            rich_struct(shape, p, c->round);
        break;
    }
}

static void check_out(struct crossing *c, uint32_t i)
{
    const struct struct_shape *shape = struct_shape(c->slot->kinds[i]);
    const union out *got = &c->outs[i];
    union out want = {0};

    if (c->slot->kinds[i] == ARG_OUT_CTX) {
        assert_non_null(got->p);
        return;
    }
    if (shape)
        want.plan.size = shape->size;
    fill_out(c, i, &want);
    if (shape)
        assert_true(same_struct(shape, got, &want));
    else if (c->slot->kinds[i] == ARG_OUT_BYTES)
        assert_true(same_str(got->s, want.s));
    else if (c->slot->kinds[i] == ARG_OUT_VALUE)
        assert_true(same_value(&got->v, &want.v));
    else
        assert_memory_equal(got, &want, 8);
}

/* The callee: what arrived is compared, sinks are used, outputs filled. */
static struct arg callee(void *self, const struct slot *slot, struct arg *args)
{
    struct crossing *c = self;

    if (slot != c->slot) /* host functions that the codec itself asks */
        return (struct arg){.i = 0};
    c->arrived = true;
    for (uint32_t i = 0; i < slot->n_args; i++) {
        uint8_t kind = slot->kinds[i];
        check_arrived(c, i, &args[i]);
        if (kind == ARG_SINK) {
            const allora_sink *sink = args[i].p;
            use_sink(sink);
            assert_int_equal(sink->event(sink->self, 4711, rich_str(c->round)), ALLORA_OK);
        }
        const allora_byte_sink *stream = args[i].p;
        if (kind == ARG_HTTP_REQUEST)
            stream = ((const allora_http_request *)args[i].p)->stream;
        if ((kind == ARG_BYTE_SINK || kind == ARG_BYTE_SINK_OR_NULL || kind == ARG_HTTP_REQUEST) &&
            stream)
            assert_int_equal(stream->write(stream->self, rich_str(LARGE).ptr, RICH_LARGE),
                             ALLORA_OK);
        if (kind == ARG_ERROR && c->status < 0) {
            const allora_error e = rich_error();
            memcpy(args[i].out, &e, sizeof e);
        } else if (kind >= ARG_OUT_I32 && c->status >= 0) {
            fill_out(c, i, args[i].out);
        }
    }
    if (slot->result == RESULT_NUMBER)
        return (struct arg){.i = INT64_MIN};
    return (struct arg){.i = slot->result == RESULT_STATUS ? c->status : 0};
}

/* Which of both ends calls that slot, with what as its first argument. */
static void cross(struct stub *stub, struct wrap *w, struct peer *plugin, void *plugin_ctx,
                  struct crossing *c)
{
    const struct slot *slot = c->slot;
    struct arg args[SLOT_ARGS_MAX] = {0};
    bool to_plugin = slot->kinds[0] == ARG_INSTANCE;

    c->stub = stub;
    c->arrived = false;
    for (uint32_t i = 0; i < slot->n_args; i++) {
        c->sent[i] = slot->kinds[i] == ARG_INSTANCE ? (struct arg){.p = w} : outgoing(c, i);
        if (slot->kinds[i] == ARG_CTX && !to_plugin)
            c->sent[i].p = plugin_ctx;
        args[i] = c->sent[i];
    }
    /* The caller's C function, as it stands in the table that it was handed. */
    const void *table =
        to_plugin ? wrap_interface(w, iface_table[slot->iface_no].id)
        : slot->iface_no == IFACE_host
            ? &plugin->wrap.host
            : plugin->wrap.host.get_interface(&plugin->wrap.host, iface_table[slot->iface_no].id);
    assert_non_null(table);
    slot_fn fn = slot_in(table, slot);
    assert_non_null(fn);
    struct arg result = slot->invoke(fn, args);

    assert_true(c->arrived);
    if (slot->result == RESULT_NUMBER)
        assert_int_equal(result.i, INT64_MIN);
    if (slot->result != RESULT_STATUS)
        return;
    assert_int_equal(result.i, c->status);
    for (uint32_t i = 0; i < slot->n_args; i++) {
        if (slot->kinds[i] == ARG_ERROR && c->status < 0) {
            const allora_error e = rich_error();
            assert_memory_equal(&c->err, &e, sizeof e);
        } else if (slot->kinds[i] >= ARG_OUT_I32 && c->status >= 0) {
            check_out(c, i);
        }
    }
}

/* alloc, cancelled and deadline_us are each end's own; scopes end; the root has a test of its own.
 */
static bool is_local(const struct slot *s)
{
    size_t id = (size_t)(s - slot_table);
    return s->iface_no == IFACE_plugin || id == SLOT_host_alloc || id == SLOT_host_cancelled ||
           id == SLOT_host_deadline_us || id == SLOT_host_get_interface || id == SLOT_scope_close;
}

struct fixture {
    struct stub stub;
    struct wrap *w;
    struct peer *plugin; /* the plugin's end */
    void *ctx;           /* what a call of the plugin's may use */
    struct crossing c;
};

/* Calls of host services must come from inside a call: this one stays in one for all of them. */
struct inside {
    struct fixture *f;
    void (*fn)(struct fixture *f);
    bool ran;
};

static struct arg in_call(void *self, const struct slot *slot, struct arg *args)
{
    struct inside *in = self;
    if (in->ran || slot != &slot_table[SLOT_operations_call])
        return (struct arg){.i = 0};
    in->ran = true;
    struct wrap_ctx *ctx = args[1].out;
    in->f->ctx = ctx;
    in->f->plugin = (struct peer *)(void *)ctx->wrap;
    in->f->stub.fn = callee;
    in->f->stub.self = &in->f->c;
    in->fn(in->f);
    return (struct arg){.i = 0};
}

static void inside_call(void (*fn)(struct fixture *f))
{
    static struct fixture f;
    struct inside in = {.f = &f, .fn = fn};
    allora_error err = ERR_INIT;
    allora_instance *self = NULL;

    memset(&f, 0, sizeof f);
    stub_init(&f.stub, in_call, &in);
    f.w = wrap_new(WRAP_CODEC, &(struct wrap_options){
                                   .id = "stub", .code = &stub_plugin, .host = &f.stub.wrap.host});
    assert_non_null(f.w);
    allora_ctx *ctx = (allora_ctx *)(void *)f.stub.ctx;
    assert_int_equal(wrap_create(f.w, ctx, &self, &err), ALLORA_OK);
    const allora_operations_v1 *ops = wrap_interface(f.w, ALLORA_OPERATIONS_ID);
    const allora_sink sink = {NULL, on_begin, on_row, on_event};
    assert_int_equal(ops->call(self, ctx, "x", (allora_str){NULL, 0}, &sink, &err), ALLORA_OK);
    assert_true(in.ran);
    wrap_destroy(f.w);
    wrap_free(f.w);
    stub_done(&f.stub);
}

static void all_slots(struct fixture *f)
{
    size_t crossed = 0;
    for (size_t i = 0; i < slot_count; i++) {
        for (int round = 0; round < RICH_ROUNDS && !is_local(&slot_table[i]); round++) {
            f->c = (struct crossing){.round = round, .slot = &slot_table[i]};
            cross(&f->stub, f->w, f->plugin, f->ctx, &f->c);
            for (uint32_t k = 0; k < slot_table[i].n_args; k++) {
                if (slot_table[i].kinds[k] == ARG_SINK) {
                    assert_int_equal(f->c.rows, 3);
                    assert_int_equal(f->c.events, 1);
                    assert_int_equal(f->c.begins, 1);
                }
            }
            while (f->stub.n_memory)
                free(f->stub.memory[--f->stub.n_memory]);
            crossed++;
        }
    }
    assert_true(crossed >= 3 * (slot_count - 9));
}

static void every_slot_crosses_with_rich_values(void **state)
{
    (void)state;
    inside_call(all_slots);
}

static void all_errors(struct fixture *f)
{
    for (size_t i = 0; i < slot_count; i++) {
        if (is_local(&slot_table[i]) || slot_table[i].result != RESULT_STATUS)
            continue;
        f->c =
            (struct crossing){.round = RICH, .slot = &slot_table[i], .status = ALLORA_E_THROTTLED};
        cross(&f->stub, f->w, f->plugin, f->ctx, &f->c);
    }
}

static void every_error_crosses_whole(void **state)
{
    (void)state;
    inside_call(all_errors);
}

static void every_field_is_described(void **state)
{
    (void)state;
    for (uint8_t kind = 0; kind < ARG_KINDS; kind++) {
        const struct struct_shape *shape = struct_shape(kind);
        size_t sum = sizeof(uint32_t);
        for (uint32_t i = 0; shape && i < shape->n; i++)
            sum += field_size(shape->fields[i].kind);
        if (shape && sum != shape->size)
            fail_msg("%s: %zu of %u bytes are described", shape->name, sum, shape->size);
    }
    for (size_t i = 0; i < slot_count; i++) { /* kinds and C types agree */
        static const char letters[] = {
            [ARG_HOST] = 'p', [ARG_CTX] = 'p',      [ARG_INSTANCE] = 'p', [ARG_I32] = 'i',
            [ARG_U32] = 'u',  [ARG_I64] = 'i',      [ARG_U64] = 'u',      [ARG_F64] = 'd',
            [ARG_TEXT] = 's', [ARG_DOCUMENT] = 's', [ARG_BYTES] = 's',    [ARG_COUNT] = 'u'};
        const struct slot *s = &slot_table[i];
        for (uint32_t k = 0; k < s->n_args; k++) {
            uint8_t kind = s->kinds[k];
            char want = kind < sizeof letters && letters[kind] ? letters[kind] : 'p';
            if (s->shape[k] != want)
                fail_msg("%s.%s: argument %u is no %c", s->iface, s->name, k, want);
        }
        assert_ptr_equal(slot_find(s->iface_no, s->index), s);
    }
}

/* ---- what does not fit ---- */

static const allora_value bad_cell = {.type = 77};
static int32_t said;

static struct arg sends_a_bad_row(void *self, const struct slot *slot, struct arg *args)
{
    (void)self;
    if (slot != &slot_table[SLOT_operations_call])
        return (struct arg){.i = 0};
    const allora_sink *sink = args[4].p;
    said = sink->row(sink->self, &bad_cell, 1);
    return (struct arg){.i = said};
}

static void what_cannot_be_written_down_fails_in_words(void **state)
{
    struct stub stub;
    allora_error err = ERR_INIT;
    allora_instance *self = NULL;
    (void)state;
    stub_init(&stub, sends_a_bad_row, NULL);
    struct wrap *w = wrap_new(
        WRAP_CODEC,
        &(struct wrap_options){.id = "stub", .code = &stub_plugin, .host = &stub.wrap.host});
    allora_ctx *ctx = (allora_ctx *)(void *)stub.ctx;
    assert_int_equal(wrap_create(w, ctx, &self, &err), ALLORA_OK);
    const allora_operations_v1 *ops = wrap_interface(w, ALLORA_OPERATIONS_ID);
    const allora_sink sink = {NULL, on_begin, on_row, on_event};
    assert_int_equal(ops->call(self, ctx, "x", (allora_str){NULL, 0}, &sink, &err), ALLORA_E_ARG);
    assert_int_equal(said, ALLORA_E_ARG);
    const allora_provider_v1 *provider = wrap_interface(w, ALLORA_PROVIDER_ID);
    assert_int_equal(provider->list(self, ctx, NULL, &sink, &err), ALLORA_E_ARG);
    assert_non_null(strstr(err.message, "cannot cross"));
    assert_null(wrap_interface(w, "allora.nothing/1"));
    wrap_destroy(w);
    assert_int_equal(ops->call(self, ctx, "x", (allora_str){NULL, 0}, &sink, &err),
                     ALLORA_E_INTERNAL);
    assert_non_null(strstr(err.message, "no instance"));
    wrap_free(w);
    stub_done(&stub);
}

/* Every prefix of every call, and every byte of it changed: decoded or refused, nothing else. */
static void damaged_calls_are_refused(void **state)
{
    static struct crossing c;
    struct stub stub;
    size_t refused = 0;
    (void)state;
    stub_init(&stub, callee, &c);
    for (size_t i = 0; i < slot_count; i++) {
        struct frame_writer w = {0};
        struct frame whole;
        struct arg args[SLOT_ARGS_MAX] = {0};
        const struct codec_handles h = {.ctx = 1, .instance = 1, .sink = 1, .stream = 2};
        c = (struct crossing){.round = RICH, .slot = &slot_table[i], .stub = &stub};
        for (uint32_t k = 0; k < slot_table[i].n_args; k++) {
            uint8_t kind = slot_table[i].kinds[k];
            if (kind != ARG_HOST && kind != ARG_INSTANCE)
                args[k] = outgoing(&c, k);
        }
        frame_begin(&w, &(struct frame_head){.kind = FRAME_CALL});
        codec_put_call(&w, &slot_table[i], args, &h, NULL);
        assert_true(frame_end(&w, &whole));
        char *copy = malloc(whole.len);
        for (size_t n = 0; n <= 2 * whole.len; n++) {
            struct frame f = {.ptr = copy, .len = n <= whole.len ? n : whole.len};
            struct frame_reader r;
            struct frame_head head;
            struct codec_handles got;
            struct arg decoded[SLOT_ARGS_MAX];
            struct arena mem;
            memcpy(copy, whole.ptr, whole.len);
            if (n > whole.len)
                copy[n - whole.len - 1] ^= (char)0x81;
            else if (n >= 4) { /* a true length: what is missing is inside */
                uint32_t len = (uint32_t)n - 4;
                memcpy(copy, &len, sizeof len);
            }
            arena_init(&mem, 64 << 10);
            bool ok = frame_open(&r, &f, &mem, &head) &&
                      codec_get_call(&r, &slot_table[i], decoded, &got, NULL);
            refused += !ok;
            if (n < whole.len)
                assert_false(ok);
            arena_done(&mem);
        }
        free(copy);
        frame_writer_done(&w);
    }
    assert_true(refused > 1000);
    stub_done(&stub);
}

/* Lengths that lie take no memory. */
static void huge_counts_take_no_memory(void **state)
{
    (void)state;
    for (uint32_t n = UINT32_MAX - 1; n > 8; n /= 3) {
        struct frame_writer w = {0};
        struct frame f;
        struct frame_reader r;
        struct frame_head head;
        struct arena mem;
        uint32_t got;
        frame_begin(&w, &(struct frame_head){.kind = FRAME_ROW});
        frame_put_u32(&w, n);
        frame_put_u64(&w, 0);
        assert_true(frame_end(&w, &f));
        arena_init(&mem, 0);
        assert_true(frame_open(&r, &f, &mem, &head));
        assert_null(codec_get_cells(&r, &got));
        assert_int_equal(got, 0);
        assert_false(frame_ok(&r));
        assert_true(mem.used < 4096);
        arena_done(&mem);
        frame_writer_done(&w);
    }
}

static int setup(void **state)
{
    (void)state;
    log_set_level(ALLORA_LOG_ERROR + 1);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_described),
        cmocka_unit_test(every_slot_crosses_with_rich_values),
        cmocka_unit_test(every_error_crosses_whole),
        cmocka_unit_test(what_cannot_be_written_down_fails_in_words),
        cmocka_unit_test(damaged_calls_are_refused),
        cmocka_unit_test(huge_counts_take_no_memory),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
