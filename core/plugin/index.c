/* Reading the flat index. */
#include "plugin/index.h"

#include "base/build.h"
#include "base/map.h"
#include "base/str.h"
#include "config/config.h"
#include "plugin/index_format.h"

#include <string.h>

static uint64_t mix_str(uint64_t h, const char *s)
{
    return hash_bytes(s ? s : "\1", s ? strlen(s) + 1 : 1, h);
}

static uint64_t mix_globs(uint64_t h, const struct config *config, const char *key)
{
    const json_node *globs = config ? config_get(config, key) : NULL;

    if (!globs)
        return mix_str(h, NULL);
    h = mix_str(mix_str(h, key), config_origin(config, key)); /* the origin is in the message */
    h = mix_str(h, json_str(globs, NULL));
    json_foreach (glob, globs)
        h = mix_str(h, json_str(glob, ""));
    return h;
}

uint64_t index_key(const struct scan *s, const struct registry_options *o)
{
    uint64_t h = mix_str(INDEX_FORMAT, build_version());

    /* A program built anew may read manifests otherwise, whatever its version says. */
    struct stat st;
    struct file_stamp program = {0};
    if (o->executable && stat(o->executable, &st) == 0)
        stamp_of(&st, &program);
    else /* the core's manifest is part of the program: its stamp speaks for it */
        h = hash_bytes(o->core_manifest ? o->core_manifest : "", o->core_manifest_len, h);
    h = hash_bytes(&program, sizeof program, h);
    h = hash_bytes(&(uint32_t){ALLORA_ABI_MINOR}, sizeof(uint32_t), h);
    h = mix_globs(mix_globs(h, o->config, "plugins.enable"), o->config, "plugins.disable");
    for (size_t i = 0; i < s->n_folders; i++) {
        const struct scan_folder *f = &s->folders[i];
        uint32_t who[] = {f->stamp.mode, f->stamp.uid, f->stamp.gid};
        h = mix_str(mix_str(h, f->path), f->kind);
        h = hash_bytes(who, sizeof who, h);
    }
    return h;
}

/* n items of `each` bytes at `at` within the head, 8-aligned. */
static bool table_fits(uint32_t at, uint32_t n, size_t each, uint32_t head_len)
{
    return at % 8 == 0 && at <= head_len && n <= (head_len - at) / each;
}

static bool header_good(const struct index_header *h, size_t size, uint64_t key)
{
    if (memcmp(h->magic, INDEX_MAGIC, sizeof h->magic) != 0 || h->format != INDEX_FORMAT ||
        h->key != key)
        return false;
    if (h->size != size || h->head_len < sizeof *h || h->head_len > size)
        return false;
    if (!table_fits(h->files, h->n_files, sizeof(struct index_file), h->head_len) ||
        !table_fits(h->strings, h->strings_len, 1, h->head_len) || h->strings_len == 0)
        return false;
    for (int i = 0; i < INDEX_LISTS; i++) {
        if (!table_fits(h->names[i], h->n_names[i], sizeof(struct index_name), h->head_len))
            return false;
    }
    return true;
}

static bool file_good(const struct index_view *v, const struct index_file *f)
{
    const uint32_t strings[] = {f->path,        f->kind,  f->id,      f->version,
                                f->summary,     f->kinds, f->message, f->hint,
                                f->shadowed_by, f->stage, f->provider};

    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        if (strings[i] >= v->strings_len)
            return false;
    }
    return f->manifest <= v->size && f->manifest_len < v->size - f->manifest;
}

static bool name_good(const struct index_view *v, const struct index_name *n)
{
    return n->name < v->strings_len && n->summary < v->strings_len && n->group < v->strings_len &&
           n->example < v->strings_len && n->file < v->n_files;
}

bool index_view(const void *bytes, size_t size, uint64_t key, struct index_view *ret)
{
    struct index_header h;
    struct index_view v = {.base = bytes, .size = size};

    if (size < sizeof h || size > INDEX_MAX)
        return false;
    memcpy(&h, bytes, sizeof h);
    if (!header_good(&h, size, key))
        return false;
    if (hash_bytes(v.base + sizeof h, h.head_len - sizeof h, key) != h.checksum)
        return false;
    v.files = (const struct index_file *)(const void *)(v.base + h.files);
    v.n_files = h.n_files;
    v.strings = (const char *)v.base + h.strings;
    v.strings_len = h.strings_len;
    if (v.strings[0] != '\0' || v.strings[v.strings_len - 1] != '\0')
        return false;
    for (uint32_t i = 0; i < v.n_files; i++) {
        if (!file_good(&v, &v.files[i]))
            return false;
    }
    for (int k = 0; k < INDEX_LISTS; k++) {
        v.names[k] = (const struct index_name *)(const void *)(v.base + h.names[k]);
        v.n_names[k] = h.n_names[k];
        for (uint32_t i = 0; i < v.n_names[k]; i++) {
            if (!name_good(&v, &v.names[k][i]))
                return false;
        }
    }
    *ret = v;
    return true;
}

static bool same_stamp(const struct file_stamp *a, const struct file_stamp *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->mtime_ns == b->mtime_ns && a->mode == b->mode && a->uid == b->uid && a->gid == b->gid;
}

bool index_matches(const struct index_view *v, const struct scan *s)
{
    size_t n = 0;

    for (uint32_t i = 0; i < v->n_files; i++) {
        const struct index_file *f = &v->files[i];
        if (f->flags & INDEX_MISSING)
            continue;
        if (n >= s->n_files || !same_stamp(&f->stamp, &s->files[n].stamp) ||
            !streq(index_str(v, f->path), s->files[n].path))
            return false;
        n++;
    }
    return n == s->n_files;
}

const char *index_manifest(const struct index_view *v, const struct index_file *f, size_t *ret_len)
{
    const char *text = (const char *)v->base + f->manifest;

    if (f->manifest == 0 || text[f->manifest_len] != '\0' ||
        hash_bytes(text, (size_t)f->manifest_len, 0) != f->manifest_hash)
        return NULL;
    *ret_len = (size_t)f->manifest_len;
    return text;
}
