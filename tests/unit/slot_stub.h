/* Host and plugin in one for tests of the wrappings: every function of every interface is there, as
 * the slots' own thunks, and all of them come to one handler.  Also rich values for every kind of
 * argument, and their comparison. */
#ifndef TESTS_SLOT_STUB_H
#define TESTS_SLOT_STUB_H
#include "plugin/slots.h"
#include "plugin/wrap.h"
#include "slot_list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct arg (*stub_fn)(void *self, const struct slot *slot, struct arg *args);
struct stub {
    struct wrap wrap; /* first; wrap.host is the stub's host, and the wrap its plugin's instance */
    struct wrap_ctx *ctx;
    stub_fn fn;
    void *self;
    uint64_t tables[IFACE_COUNT][32];
    void *memory[64]; /* of alloc(), until the end */
    uint32_t n_memory;
};
static struct stub *stub_here; /* for get_interface(), which has no handle */

static inline struct arg stub_call(struct wrap *w, const struct slot *slot, struct arg *args)
{
    struct stub *s = (struct stub *)(void *)w;
    const struct iface *iface;

    switch ((size_t)(slot - slot_table)) {
    case SLOT_host_get_interface:
        iface = iface_find(args[1].p);
        return (struct arg){.p = iface ? s->tables[iface - iface_table] : NULL};
    case SLOT_host_alloc:
        if (s->n_memory >= 64)
            return (struct arg){.p = NULL};
        return (struct arg){.out = s->memory[s->n_memory++] = malloc((size_t)args[1].u + 1)};
    default:
        return s->fn(s->self, slot, args);
    }
}

static inline void stub_bad_ctx(struct wrap *w, const struct slot *slot, const void *ctx)
{
    (void)w, (void)slot, (void)ctx;
}

static const struct wrap_ops stub_ops = {.call = stub_call, .bad_ctx = stub_bad_ctx};

static inline int32_t stub_create(const allora_host *host, allora_ctx *ctx, allora_instance **out,
                                  allora_error *err)
{
    (void)host, (void)ctx, (void)err;
    *out = (allora_instance *)(void *)stub_here;
    return ALLORA_OK;
}

static inline void stub_destroy(allora_instance *self)
{
    (void)self;
}

static inline const void *stub_interface(const char *id)
{
    const struct iface *iface = iface_find(id);
    return iface ? stub_here->tables[iface - iface_table] : NULL;
}

static const allora_plugin stub_plugin = {.size = sizeof stub_plugin,
                                          .create = stub_create,
                                          .destroy = stub_destroy,
                                          .get_interface = stub_interface};

static inline void stub_init(struct stub *s, stub_fn fn, void *self)
{
    memset(s, 0, sizeof *s);
    s->wrap.ops = &stub_ops;
    s->fn = fn;
    s->self = self;
    s->ctx = calloc(1, sizeof *s->ctx);
    s->ctx->wrap = &s->wrap;
    (void)wrap_register(&s->wrap, s->ctx);
    s->wrap.host = (allora_host){.size = sizeof s->wrap.host, .name = "stub", .version = "0"};
    for (size_t i = 0; i < iface_count; i++) {
        uint32_t size = (uint32_t)iface_table[i].size;
        memcpy(s->tables[i], &size, sizeof size);
    }
    for (size_t i = 0; i < slot_count; i++) {
        const struct slot *slot = &slot_table[i];
        char *table = slot->iface_no == IFACE_host ? (char *)&s->wrap.host
                                                   : (char *)s->tables[slot->iface_no];
        memcpy(table + slot->offset, &slot->thunk, sizeof slot->thunk);
    }
    stub_here = s;
}

static inline void stub_done(struct stub *s)
{
    while (s->n_memory)
        free(s->memory[--s->n_memory]);
    wrap_done(&s->wrap);
}

/* ---- rich values ---- */

enum { RICH, BARE, LARGE, RICH_ROUNDS };
enum { RICH_LARGE = 1 << 20 };
static char rich_large[RICH_LARGE + 1];

static const allora_value rich_list[] = {
    {.type = ALLORA_V_INT, .u.i = INT64_MIN},
    {.type = ALLORA_V_TEXT, .len = 3, .u.p = "a\0b"},
    {.type = ALLORA_V_NULL},
};
static const allora_value rich_cells[] = {
    {.type = ALLORA_V_ABSENT},
    {.type = ALLORA_V_NULL},
    {.type = ALLORA_V_BOOL, .u.i = 1},
    {.type = ALLORA_V_INT, .flags = ALLORA_VF_SENSITIVE, .u.i = INT64_MIN},
    {.type = ALLORA_V_REAL, .u.d = (double)NAN},
    {.type = ALLORA_V_REAL, .u.d = (double)-INFINITY},
    {.type = ALLORA_V_REAL, .u.d = -0.0},
    {.type = ALLORA_V_TIME, .u.i = INT64_MAX},
    {.type = ALLORA_V_TEXT, .flags = ALLORA_VF_OUTSIDE, .len = 7, .u.p = "\xc3\xa9 a\0b"},
    {.type = ALLORA_V_TEXT, .len = 0, .u.p = ""},
    {.type = ALLORA_V_JSON, .len = 4, .u.p = "{}\n "},
};
enum { RICH_CELLS = sizeof rich_cells / sizeof rich_cells[0] };
static const allora_filter rich_filters[] = {
    {0, ALLORA_OP_EQ, {.type = ALLORA_V_TEXT, .len = 1, .u.p = "x"}},
    {7, ALLORA_OP_IN, {.type = ALLORA_V_LIST, .len = 3, .u.list = rich_list}},
    {UINT32_MAX, ALLORA_OP_ISNULL, {.type = ALLORA_V_NULL}},
};
static const allora_pair rich_pairs[] = {
    {{"key", 3}, {"v\0l", 3}}, {{"", 0}, {"", 0}}, {{"n", 1}, {NULL, 0}}};
static const char *const rich_words[] = {"one", "",
                                         "thr\xc3\xa9"
                                         "e",
                                         NULL};
static const uint32_t rich_indexes[] = {0, 5, UINT32_MAX};

static inline allora_str rich_str(int round)
{
    if (round == BARE)
        return (allora_str){NULL, 0};
    if (round == RICH)
        return (allora_str){"{\"a\":\0}", 7};
    memset(rich_large, 'x', RICH_LARGE);
    return (allora_str){rich_large, RICH_LARGE};
}

static inline allora_error rich_error(void)
{
    allora_error e = {.size = sizeof e,
                      .flags = ALLORA_ERR_RETRYABLE | ALLORA_ERR_USER_FIXABLE,
                      .code = ALLORA_E_THROTTLED,
                      .http_status = 429,
                      .retry_after_ms = 1234,
                      .reason = "TooMany",
                      .request_id = "req-1",
                      .message = "slow down",
                      .hint = "wait"};
    memset(e.hint, 'h', sizeof e.hint - 1); /* as long as it gets */
    return e;
}

/* Fills a growable struct by its shape. */
static inline void rich_struct(const struct struct_shape *shape, char *p, int round)
{
    for (uint32_t i = 0; i < shape->n; i++) {
        const struct field *f = &shape->fields[i];
        const void *array = NULL;
        uint32_t n = 0, u32 = 0x80000001u;
        double d = (double)NAN;
        uint64_t u64 = 1ull << 63 | 5;
        const char *name = round == BARE ? "" : "name";
        allora_str s = rich_str(round);
        switch (f->kind) {
        case ARG_U32:
        case ARG_I32: { /* not those that count an array: these are set with it */
            uint32_t is;
            memcpy(&is, p + f->offset, sizeof is);
            bool counts = false;
            for (uint32_t k = 0; k < shape->n; k++)
                counts = counts || (shape->fields[k].count && shape->fields[k].count == f->offset);
            if (!counts)
                memcpy(p + f->offset, &u32, sizeof u32);
            break;
        }
        case ARG_U64:
        case ARG_I64:
            memcpy(p + f->offset, &u64, sizeof u64);
            break;
        case ARG_F64:
            memcpy(p + f->offset, &d, sizeof d);
            break;
        case ARG_NAME:
        case ARG_NAME_OR_NULL:
            if (f->kind == ARG_NAME_OR_NULL && round == BARE)
                name = NULL;
            memcpy(p + f->offset, &name, sizeof name);
            break;
        case ARG_TEXT:
        case ARG_DOCUMENT:
        case ARG_BYTES:
            memcpy(p + f->offset, &s, sizeof s);
            break;
        case ARG_PAIRS:
            array = rich_pairs;
            break;
        case ARG_FILTERS:
            array = rich_filters;
            break;
        case ARG_INDEXES:
            array = rich_indexes;
            break;
        case ARG_WORDS:
            array = rich_words;
            break;
        default:
            break;
        }
        if (array && round != BARE) {
            n = 3;
            memcpy(p + f->offset, &array, sizeof array);
            memcpy(p + f->count, &n, sizeof n);
        }
    }
}

static inline bool same_str(allora_str a, allora_str b)
{
    return a.len == b.len && (a.ptr == NULL) == (b.ptr == NULL) &&
           (a.len == 0 || memcmp(a.ptr, b.ptr, (size_t)a.len) == 0);
}

static inline bool same_name(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static inline bool same_value(const allora_value *a, const allora_value *b)
{
    if (a->type != b->type || a->flags != b->flags || a->len != b->len)
        return false;
    switch (a->type) {
    case ALLORA_V_ABSENT:
    case ALLORA_V_NULL:
        return true;
    case ALLORA_V_TEXT:
    case ALLORA_V_JSON:
        return same_str((allora_str){a->u.p, a->len}, (allora_str){b->u.p, b->len});
    case ALLORA_V_LIST:
        for (uint32_t i = 0; i < a->len; i++) {
            if (!same_value(&a->u.list[i], &b->u.list[i]))
                return false;
        }
        return true;
    default:
        return a->u.bits == b->u.bits;
    }
}

static inline bool same_array(uint8_t kind, const void *a, const void *b, uint32_t n)
{
    if (!a || !b)
        return a == b;
    for (uint32_t i = 0; i < n; i++) {
        const allora_pair *p = a, *q = b;
        const allora_filter *f = a, *g = b;
        bool same = kind == ARG_PAIRS ? same_str(p[i].key, q[i].key) && same_str(p[i].val, q[i].val)
                    : kind == ARG_FILTERS ? f[i].column == g[i].column && f[i].op == g[i].op &&
                                                same_value(&f[i].val, &g[i].val)
                    : kind == ARG_INDEXES
                        ? ((const uint32_t *)a)[i] == ((const uint32_t *)b)[i]
                        : same_name(((const char *const *)a)[i], ((const char *const *)b)[i]);
        if (!same)
            return false;
    }
    return true;
}

static inline bool same_struct(const struct struct_shape *shape, const void *a, const void *b)
{
    uint32_t size;
    if (memcmp(a, b, sizeof size) != 0)
        return false;
    memcpy(&size, a, sizeof size);
    for (uint32_t i = 0; i < shape->n; i++) {
        const struct field *f = &shape->fields[i];
        const char *x = (const char *)a + f->offset, *y = (const char *)b + f->offset;
        size_t width = field_size(f->kind);
        const void *p, *q;
        allora_str s, t;
        uint32_t n = 0;
        if (f->offset + width > size)
            continue;
        memcpy(&p, x, width < sizeof p ? width : sizeof p);
        memcpy(&q, y, width < sizeof q ? width : sizeof q);
        if (f->kind == ARG_NAME || f->kind == ARG_NAME_OR_NULL) {
            if (!same_name(p, q))
                return false;
        } else if (width == sizeof s) {
            memcpy(&s, x, sizeof s);
            memcpy(&t, y, sizeof t);
            if (!same_str(s, t))
                return false;
        } else if (f->count) {
            memcpy(&n, (const char *)a + f->count, sizeof n);
            if (!same_array(f->kind, p, q, n))
                return false;
        } else if (f->kind != ARG_BYTE_SINK_OR_NULL && memcmp(x, y, width) != 0) {
            return false;
        }
    }
    return true;
}
#endif
