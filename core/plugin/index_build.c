/* Writing the flat index. */
#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/index.h"
#include "plugin/index_format.h"
#include "plugin/read.h"

#include <stdlib.h>

enum { STRINGS_MAX = 64 << 20 };

struct names {
    struct index_name *items;
    uint32_t n, cap;
};
struct builder {
    const struct scan *scan;
    const struct index_view *old;
    struct index_file *files;
    uint32_t n_files;
    struct names names[INDEX_LISTS];
    struct buf strings;
    struct map interned; /* text → its offset */
    uint32_t file;       /* whose names are being added */
    bool absent;         /* they go to the list of the absent */
    bool oom;
};

static uint32_t intern(struct builder *b, const char *s)
{
    if (!s || !*s)
        return 0;
    uintptr_t at = (uintptr_t)map_get(&b->interned, s);
    if (at)
        return (uint32_t)at;
    at = b->strings.len;
    buf_add(&b->strings, s, strlen(s) + 1);
    if (buf_failed(&b->strings) || map_put(&b->interned, s, (void *)at, NULL) != ALLORA_OK)
        b->oom = true;
    return b->oom ? 0 : (uint32_t)at;
}

static void add_name(struct builder *b, int list, const struct index_name *name)
{
    struct names *l = &b->names[list];

    if (l->n == l->cap) {
        uint32_t cap = l->cap ? l->cap * 2 : 64;
        struct index_name *grown = mem_resize(l->items, cap, sizeof *grown);
        if (!grown) {
            b->oom = true;
            return;
        }
        l->items = grown;
        l->cap = cap;
    }
    l->items[l->n++] = *name;
}

static int list_of(enum name_kind kind)
{
    switch (kind) {
    case NAME_COMMAND:
        return REGISTRY_COMMANDS;
    case NAME_TABLE:
        return REGISTRY_TABLES;
    case NAME_OPERATION:
        return REGISTRY_OPERATIONS;
    case NAME_AGENT:
        return REGISTRY_AGENTS;
    case NAME_VIEW:
        return REGISTRY_VIEWS;
    case NAME_PROVIDER:
    default:
        return -1;
    }
}

static int32_t take_name(void *self, enum name_kind kind, const char *name, const char *summary,
                         const struct command_decl *command)
{
    struct builder *b = self;
    int list = list_of(kind);

    if (list < 0 || (b->absent && kind == NAME_VIEW))
        return ALLORA_OK;
    struct index_name n = {.name = intern(b, name),
                           .summary = intern(b, summary),
                           .file = b->file,
                           .kind = (uint32_t)kind};
    if (command) {
        n.group = intern(b, command->group);
        n.example = intern(b, json_get_str(json_at(command->examples, 0), "run", ""));
    }
    add_name(b, b->absent ? INDEX_ABSENT : list, &n);
    return b->oom ? ALLORA_E_NOMEM : ALLORA_OK;
}

static uint32_t flags_of(const struct found *f)
{
    return (f->shadowed ? INDEX_SHADOWED : 0) | (f->disabled ? INDEX_DISABLED : 0) |
           (f->core ? INDEX_CORE : 0);
}

static void add_found(struct builder *b, const struct found *f)
{
    struct index_file *r = &b->files[b->n_files];

    *r = (struct index_file){
        .stamp = f->stamp,
        .path = intern(b, f->path),
        .kind = intern(b, f->kind),
        .id = intern(b, f->id),
        .version = intern(b, f->version),
        .summary = intern(b, f->summary),
        .kinds = intern(b, f->kinds),
        .shadowed_by = intern(b, f->shadowed_by),
        .provider = intern(b, f->manifest ? f->manifest->provider : NULL),
        .stage = intern(b, f->failure.stage),
        .message = intern(b, f->failure.message),
        .hint = intern(b, f->failure.hint),
        .code = f->failure.code,
        .flags = flags_of(f),
    };
    b->file = b->n_files++;
    b->absent = f->failure.stage || f->disabled;
    if (f->manifest && !f->shadowed)
        (void)manifest_names(f->manifest, take_name, b);
}

/* The names of record `at` of the old index, as names of an absent plugin. */
static void keep_names(struct builder *b, uint32_t at)
{
    static const int lists[] = {REGISTRY_COMMANDS, REGISTRY_TABLES, REGISTRY_OPERATIONS,
                                REGISTRY_AGENTS, INDEX_ABSENT};

    for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++) {
        for (uint32_t i = 0; i < b->old->n_names[lists[k]]; i++) {
            const struct index_name *n = &b->old->names[lists[k]][i];
            if (n->file != at)
                continue;
            struct index_name kept = {
                .name = intern(b, index_str(b->old, n->name)), .file = b->n_files, .kind = n->kind};
            add_name(b, INDEX_ABSENT, &kept);
        }
    }
}

static bool still_there(const struct builder *b, const char *id)
{
    for (uint32_t i = 0; i < b->n_files; i++) {
        if (streq(b->strings.ptr + b->files[i].id, id))
            return true;
    }
    return false;
}

/* Plugins that an earlier start saw and this one does not: a command of theirs can then say whose
 * it is. */
static void add_missing(struct builder *b)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; b->old && i < b->old->n_files && kept < INDEX_MISSING_MAX; i++) {
        const struct index_file *f = &b->old->files[i];
        const char *id = index_str(b->old, f->id);
        if (!*id || (f->flags & (INDEX_SHADOWED | INDEX_CORE)) || still_there(b, id))
            continue;
        keep_names(b, i);
        b->files[b->n_files++] = (struct index_file){
            .path = intern(b, index_str(b->old, f->path)),
            .kind = intern(b, index_str(b->old, f->kind)),
            .id = intern(b, id),
            .version = intern(b, index_str(b->old, f->version)),
            .summary = intern(b, index_str(b->old, f->summary)),
            .kinds = intern(b, index_str(b->old, f->kinds)),
            .provider = intern(b, index_str(b->old, f->provider)),
            .flags = INDEX_MISSING,
        };
        kept++;
    }
}

static int by_name(const void *a, const void *b, void *strings)
{
    const struct index_name *x = a, *y = b;
    const char *pool = strings;
    int order = strcmp(pool + x->name, pool + y->name);

    return order ? order : x->file < y->file ? -1 : x->file > y->file;
}

static void align(struct buf *out)
{
    buf_pad(out, '\0', (8 - out->len % 8) % 8);
}

/* head, records, name lists, strings, then the manifests; the records learn there where their
 * manifests stand. */
static void emit(struct builder *b, uint64_t key, struct buf *out)
{
    struct index_header h = {.key = key, .format = INDEX_FORMAT};

    memcpy(h.magic, INDEX_MAGIC, sizeof h.magic);
    buf_add(out, &h, sizeof h);
    align(out);
    h.files = (uint32_t)out->len;
    h.n_files = b->n_files;
    buf_add(out, b->files, b->n_files * sizeof *b->files);
    for (int i = 0; i < INDEX_LISTS; i++) {
        align(out);
        h.names[i] = (uint32_t)out->len;
        h.n_names[i] = b->names[i].n;
        if (b->names[i].n)
            buf_add(out, b->names[i].items, b->names[i].n * sizeof *b->names[i].items);
    }
    align(out);
    h.strings = (uint32_t)out->len;
    h.strings_len = (uint32_t)b->strings.len;
    buf_add(out, b->strings.ptr, b->strings.len);
    align(out);
    h.head_len = (uint32_t)out->len;
    for (size_t i = 0; i < b->scan->n_files;
         i++) { /* record i is file i: the missing stand behind */
        const struct found *f = &b->scan->files[i];
        if (!f->text || f->core || !f->manifest)
            continue;
        b->files[i].manifest = out->len;
        b->files[i].manifest_len = f->text_len;
        b->files[i].manifest_hash = hash_bytes(f->text, f->text_len, 0);
        buf_add(out, f->text, f->text_len);
        buf_addc(out, '\0');
    }
    if (buf_failed(out))
        return;
    memcpy(out->ptr + h.files, b->files, b->n_files * sizeof *b->files);
    h.size = out->len;
    h.checksum = hash_bytes(out->ptr + sizeof h, h.head_len - sizeof h, key);
    memcpy(out->ptr, &h, sizeof h);
}

int32_t index_build(const struct scan *s, uint64_t key, const struct index_view *old,
                    struct buf *out, allora_error *err)
{
    struct builder b = {.scan = s, .old = old, .strings = BUF(STRINGS_MAX)};

    map_init(&b.interned);
    buf_addc(&b.strings, '\0');
    b.files = mem_array(s->n_files + INDEX_MISSING_MAX, sizeof *b.files);
    b.oom = !b.files || buf_failed(&b.strings);
    for (size_t i = 0; !b.oom && i < s->n_files; i++)
        add_found(&b, &s->files[i]);
    if (!b.oom)
        add_missing(&b);
    for (int i = 0; !b.oom && i < INDEX_LISTS; i++) {
        if (b.names[i].n)
            qsort_r(b.names[i].items, b.names[i].n, sizeof *b.names[i].items, by_name,
                    b.strings.ptr);
    }
    if (!b.oom)
        emit(&b, key, out);
    for (int i = 0; i < INDEX_LISTS; i++)
        free(b.names[i].items);
    free(b.files);
    map_done(&b.interned);
    buf_done(&b.strings);
    return b.oom || buf_failed(out) ? err_nomem(err) : ALLORA_OK;
}
