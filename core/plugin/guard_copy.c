/* Exact copies of what is passed, for the time of one call. */
#include "plugin/guard_private.h"

#include "base/mem.h"

struct guard_loan {
    struct guard_loan *next;
    size_t size;
    void *at;
};

/* n bytes of p and `extra` zeros behind, in an allocation of exactly that size. */
void *guard_lend(struct guard_call *c, const void *p, size_t n, size_t extra)
{
    struct guard_loan *loan = mem_alloc(sizeof *loan);
    size_t size = n + extra;

    if (!loan || size < n) {
        free(loan);
        c->oom = true;
        return NULL;
    }
    *loan = (struct guard_loan){c->loans, size, mem_alloc(size ? size : 1)};
    if (!loan->at) {
        free(loan);
        c->oom = true;
        return NULL;
    }
    if (n > 0)
        memcpy(loan->at, p, n);
    memset((char *)loan->at + n, 0, extra);
    c->loans = loan;
    return loan->at;
}

void guard_return_loans(struct guard_call *c)
{
    while (c->loans) {
        struct guard_loan *loan = c->loans;
        c->loans = loan->next;
        memset(loan->at, GUARD_SCRIBBLE, loan->size);
        free(loan->at);
        free(loan);
    }
}

/* What the host hands out ends in NUL as well; what a plugin does need not. */
allora_str guard_lend_str(struct guard_call *c, uint8_t kind, allora_str s)
{
    const struct guard_about a = guard_caller(c);

    if (kind == ARG_TEXT)
        guard_check_text(&a, "a text", s);
    else if (kind == ARG_DOCUMENT)
        guard_check_document(&a, "a document", s);
    if (!s.ptr) {
        if (s.len > 0)
            guard_note(a.g, a.plugin, a.slot, "null-argument", "a text is NULL with a length");
        return (allora_str){NULL, 0};
    }
    return (allora_str){guard_lend(c, s.ptr, (size_t)s.len, c->to_plugin), s.len};
}

static const char *lend_name(struct guard_call *c, const char *name)
{
    return name ? guard_lend(c, name, strlen(name) + 1, 0) : NULL;
}

static const allora_pair *lend_pairs(struct guard_call *c, const allora_pair *p, uint64_t n)
{
    allora_pair *copy = guard_lend(c, p, (size_t)n * sizeof *p, 0);

    for (uint64_t i = 0; copy && i < n; i++) {
        copy[i].key = guard_lend_str(c, ARG_TEXT, p[i].key);
        copy[i].val = guard_lend_str(c, ARG_BYTES, p[i].val);
    }
    return copy;
}

static const char *const *lend_words(struct guard_call *c, const char *const *words, uint64_t n,
                                     bool ended)
{
    const struct guard_about a = guard_caller(c);
    const char **copy = guard_lend(c, words, (size_t)(n + ended) * sizeof *words, 0);

    for (uint64_t i = 0; copy && i < n; i++) {
        guard_check_name(&a, "a word", words[i]);
        copy[i] = lend_name(c, words[i]);
    }
    return copy;
}

/* Cells, or the values of filters with their lists. */
const allora_value *guard_lend_cells(struct guard_call *c, const allora_value *v, uint32_t n,
                                     bool in_filter)
{
    const struct guard_about a = in_filter ? guard_caller(c) : guard_callee(c);
    allora_value *copy = guard_lend(c, v, (size_t)n * sizeof *v, 0);

    for (uint32_t i = 0; copy && i < n; i++) {
        guard_check_value(&a, i, &v[i], in_filter);
        if ((v[i].type == ALLORA_V_TEXT || v[i].type == ALLORA_V_JSON) && v[i].u.p)
            copy[i].u.p = guard_lend(c, v[i].u.p, v[i].len, 0);
        else if (v[i].type == ALLORA_V_LIST && v[i].u.list && in_filter)
            copy[i].u.list = guard_lend_cells(c, v[i].u.list, v[i].len, true);
    }
    return copy;
}

static const allora_filter *lend_filters(struct guard_call *c, const allora_filter *f, uint64_t n)
{
    const struct guard_about a = guard_caller(c);
    allora_filter *copy = guard_lend(c, f, (size_t)n * sizeof *f, 0);

    for (uint64_t i = 0; copy && i < n; i++) {
        if (f[i].op < ALLORA_OP_EQ || f[i].op > ALLORA_OP_ISNULL)
            guard_note(a.g, a.plugin, a.slot, "filter-op", "filter %llu has the operator %u",
                       (unsigned long long)i, f[i].op);
        const allora_value *val = guard_lend_cells(c, &f[i].val, 1, true);
        if (val)
            copy[i].val = *val;
    }
    return copy;
}

const void *guard_lend_kind(struct guard_call *c, uint8_t kind, const void *p, uint64_t n)
{
    const struct guard_about a = guard_caller(c);

    if (!p && n > 0)
        guard_note(a.g, a.plugin, a.slot, "null-argument", "an array is NULL with a count");
    switch (kind) {
    case ARG_NAME:
        guard_check_name(&a, "a name", p);
        return lend_name(c, p);
    case ARG_NAME_OR_NULL:
        if (p)
            guard_check_name(&a, "a name", p);
        return lend_name(c, p);
    case ARG_PAIRS:
        return p ? lend_pairs(c, p, n) : NULL;
    case ARG_FILTERS:
        return p ? lend_filters(c, p, n) : NULL;
    case ARG_INDEXES:
        return p ? guard_lend(c, p, (size_t)n * sizeof(uint32_t), 0) : NULL;
    case ARG_WORDS:
        return p ? lend_words(c, p, n, false) : NULL;
    case ARG_BYTE_SINK_OR_NULL:
        return p ? guard_byte_sink(c, p) : NULL;
    default:
        return p;
    }
}

/* The fields that its size covers, each with what it points to. */
const void *guard_lend_struct(struct guard_call *c, uint8_t kind, const void *p)
{
    const struct guard_about a = guard_caller(c);
    const struct struct_shape *shape = struct_shape(kind);
    uint32_t size = 0;

    if (!p) {
        guard_note(a.g, a.plugin, a.slot, "null-argument", "%s is NULL", shape->name);
        return NULL;
    }
    memcpy(&size, p, sizeof size);
    if (size < shape->fields[0].offset + field_size(shape->fields[0].kind))
        guard_note(a.g, a.plugin, a.slot, "struct-size", "%s has the size %u", shape->name, size);
    size = size < shape->size ? size : shape->size; /* newer fields mean nothing to this header */
    char *copy = guard_lend(c, p, size < sizeof size ? sizeof size : size, 0);
    for (uint32_t i = 0; copy && i < shape->n; i++) {
        const struct field *f = &shape->fields[i];
        size_t width = field_size(f->kind);
        uint32_t n = 0;
        if (f->offset + width > size || f->kind == ARG_U32 || f->kind == ARG_I32 ||
            f->kind == ARG_U64 || f->kind == ARG_I64 || f->kind == ARG_F64)
            continue;
        if (width == sizeof(allora_str)) {
            allora_str s;
            memcpy(&s, (const char *)p + f->offset, sizeof s);
            s = guard_lend_str(c, f->kind, s);
            memcpy(copy + f->offset, &s, sizeof s);
            continue;
        }
        const void *pointer;
        memcpy(&pointer, (const char *)p + f->offset, sizeof pointer);
        if (f->count)
            memcpy(&n, (const char *)p + f->count, sizeof n);
        pointer = guard_lend_kind(c, f->kind, pointer, n);
        memcpy(copy + f->offset, &pointer, sizeof pointer);
    }
    return copy;
}
