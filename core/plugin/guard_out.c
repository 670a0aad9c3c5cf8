/* What a call gives back: written into scratch memory with guard bytes behind, looked at, then
 * given to the caller with its own copies of the texts. */
#include "plugin/guard_private.h"

#include "base/mem.h"

static uint32_t out_size(uint8_t kind, const void *caller)
{
    uint32_t size = 0;

    switch (kind) {
    case ARG_OUT_I32:
    case ARG_OUT_FD:
        return 4;
    case ARG_OUT_FDS:
        return 12;
    case ARG_OUT_BYTES:
        return sizeof(allora_str);
    case ARG_OUT_VALUE:
        return sizeof(allora_value);
    case ARG_ERROR:
    case ARG_OUT_PLAN:
    case ARG_OUT_RESPONSE:
    case ARG_OUT_CONSOLE:
        if (caller)
            memcpy(&size, caller, sizeof size);
        return size;
    default:
        return 8;
    }
}

static bool is_struct(uint8_t kind)
{
    return kind == ARG_ERROR || struct_shape(kind);
}

void guard_out_prepare(struct guard_call *c, uint32_t i, struct arg *arg)
{
    const struct guard_about a = guard_caller(c);
    uint8_t kind = c->slot->kinds[i];
    static const allora_error nothing = {.size = (uint32_t)sizeof nothing};
    const void *caller = arg->p;

    if (!caller && kind == ARG_ERROR) {
        guard_note(a.g, a.plugin, a.slot, "null-argument", "the error is NULL");
        caller = &nothing;
    }
    uint32_t size = caller || !is_struct(kind) ? out_size(kind, caller) : 0;
    if (is_struct(kind) && size < sizeof size)
        guard_note(a.g, a.plugin, a.slot, "struct-size", "an output's size is not set");
    unsigned char *at = mem_alloc((size_t)size + sizeof size + GUARD_BYTES);
    c->outs[i] = at;
    c->out_sizes[i] = size;
    arg->out = at;
    if (!at) {
        c->oom = true;
        return;
    }
    memset(at, GUARD_FILL, (size_t)size + sizeof size + GUARD_BYTES);
    if (kind == ARG_ERROR) /* its fields may hold anything but have been the caller's */
        memcpy(at, caller, size);
    else if (is_struct(kind))
        memcpy(at, &size, sizeof size);
}

static bool filled(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != GUARD_FILL)
            return false;
    }
    return true;
}

/* Memory of the ctx that the caller knows. */
static void *caller_alloc(struct guard_call *c, uint64_t n)
{
    if (!c->ctx)
        return NULL;
    return c->to_plugin ? c->g->host->alloc(c->ctx->real, n) : guard_ctx_alloc(c->ctx, n);
}

static bool give_bytes(struct guard_call *c, uint8_t kind, allora_str *s)
{
    const struct guard_about a = guard_callee(c);

    if (kind == ARG_DOCUMENT)
        guard_check_document(&a, "a document that came back", *s);
    if (!s->ptr) {
        if (s->len > 0)
            guard_note(a.g, a.plugin, a.slot, "null-argument",
                       "a text that came back is NULL with a length");
        *s = (allora_str){NULL, 0};
        return true;
    }
    char *copy = s->len < SIZE_MAX ? caller_alloc(c, s->len + 1) : NULL;
    if (!copy)
        return false;
    memcpy(copy, s->ptr, (size_t)s->len);
    copy[s->len] = '\0';
    s->ptr = copy;
    return true;
}

static bool give_pairs(struct guard_call *c, const allora_pair **pairs, uint32_t n)
{
    allora_pair *copy = *pairs ? caller_alloc(c, (uint64_t)n * sizeof *copy) : NULL;

    if (!*pairs)
        return true;
    for (uint32_t i = 0; copy && i < n; i++) {
        copy[i] = (*pairs)[i];
        if (!give_bytes(c, ARG_BYTES, &copy[i].key) || !give_bytes(c, ARG_BYTES, &copy[i].val))
            return false;
    }
    *pairs = copy;
    return copy != NULL;
}

static bool give_value(struct guard_call *c, const allora_value *got, allora_value *ret)
{
    const struct guard_about a = guard_callee(c);
    allora_str text = {got->u.p, got->len};

    guard_check_value(&a, 0, got, false);
    *ret = *got;
    if (got->type != ALLORA_V_TEXT && got->type != ALLORA_V_JSON)
        return true;
    if (!give_bytes(c, ARG_BYTES, &text))
        return false;
    ret->u.p = text.ptr;
    return true;
}

/* Field by field: one that the callee left alone keeps the caller's value, as it would without
 * us. */
static bool give_struct(struct guard_call *c, uint32_t i, const unsigned char *at, char *caller)
{
    const struct guard_about a = guard_callee(c);
    const struct struct_shape *shape = struct_shape(c->slot->kinds[i]);

    for (uint32_t k = 0; k < shape->n; k++) {
        const struct field *f = &shape->fields[k];
        size_t width = field_size(f->kind);
        if (f->offset + width > c->out_sizes[i])
            continue;
        if (filled(at + f->offset, width)) {
            guard_note(a.g, a.plugin, a.slot, "out-unset",
                       "succeeded without setting the field at offset %u of %s", f->offset,
                       shape->name);
            continue;
        }
        if (f->kind == ARG_PAIRS) {
            const allora_pair *pairs;
            uint32_t n;
            memcpy(&pairs, at + f->offset, sizeof pairs);
            memcpy(&n, at + f->count, sizeof n);
            if (!give_pairs(c, &pairs, n))
                return false;
            memcpy(caller + f->offset, &pairs, sizeof pairs);
        } else if (width == sizeof(allora_str)) {
            allora_str s;
            memcpy(&s, at + f->offset, sizeof s);
            if (!give_bytes(c, f->kind, &s))
                return false;
            memcpy(caller + f->offset, &s, sizeof s);
        } else {
            memcpy(caller + f->offset, at + f->offset, width);
        }
    }
    return true;
}

/* A child call: the plugin gets a handle of ours. */
static bool give_ctx(struct guard_call *c, const void *at, void *caller)
{
    allora_ctx *real;
    memcpy(&real, at, sizeof real);
    struct guard_ctx *child = guard_ctx_new(c->g, real, c->ctx);

    if (!child)
        return false;
    memcpy(caller, &child, sizeof child);
    return true;
}

static bool give(struct guard_call *c, uint32_t i, const unsigned char *at, void *caller)
{
    uint8_t kind = c->slot->kinds[i];
    const struct guard_about a = guard_callee(c);

    if (struct_shape(kind))
        return give_struct(c, i, at, caller);
    if (filled(at, c->out_sizes[i])) {
        guard_note(a.g, a.plugin, a.slot, "out-unset", "succeeded without setting its output");
        return true;
    }
    if (kind == ARG_OUT_CTX)
        return give_ctx(c, at, caller);
    if (kind == ARG_OUT_BYTES) {
        allora_str s;
        memcpy(&s, at, sizeof s);
        if (!give_bytes(c, ARG_BYTES, &s))
            return false;
        memcpy(caller, &s, sizeof s);
        return true;
    }
    if (kind == ARG_OUT_VALUE) {
        allora_value v;
        memcpy(&v, at, sizeof v);
        return give_value(c, &v, caller);
    }
    memcpy(caller, at, c->out_sizes[i]);
    return true;
}

void guard_out_finish(struct guard_call *c, uint32_t i, const struct arg *caller, int64_t status)
{
    const struct guard_about a = guard_callee(c);
    unsigned char *at = c->outs[i];
    uint8_t kind = c->slot->kinds[i];
    uint32_t size = c->out_sizes[i], now = size;
    uint32_t room = size > sizeof size ? size : (uint32_t)sizeof size;

    if (is_struct(kind))
        memcpy(&now, at, sizeof now);
    if (!filled(at + (is_struct(kind) ? room : size), GUARD_BYTES))
        guard_note(a.g, a.plugin, a.slot, "out-beyond",
                   "wrote beyond the %u bytes of an output: its size says how far it reaches",
                   size);
    if (is_struct(kind) && now != size) {
        guard_note(a.g, a.plugin, a.slot, "out-size", "changed the size of an output");
        memcpy(at, &size, sizeof size);
    }
    if (kind == ARG_ERROR) {
        allora_error e = {0};
        memcpy(&e, at, size < sizeof e ? size : sizeof e);
        guard_check_error(&a, &e, status);
        if (caller->p)
            memcpy(caller->out, at, size);
    } else if (status >= 0) {
        if (caller->p && !give(c, i, at, caller->out))
            c->oom = true;
    } else if (!filled(at + (is_struct(kind) ? sizeof size : 0),
                       size - (is_struct(kind) ? sizeof size : 0))) {
        guard_note(a.g, a.plugin, a.slot, "out-on-failure",
                   "changed an output, and returned a failure");
        if (caller->p && !is_struct(kind) && kind != ARG_OUT_CTX && kind != ARG_OUT_BYTES &&
            kind != ARG_OUT_VALUE)
            memcpy(caller->out, at, size); /* as it would be without us */
    }
    free(at);
    c->outs[i] = NULL;
}
