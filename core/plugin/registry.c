/* Opening the registry: find the files, take the index if it fits, else read them all and write a
 * new one. */
#include "plugin/registry.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/index.h"
#include "plugin/index_store.h"
#include "plugin/read.h"
#include "plugin/registry_private.h"

#include <stdlib.h>
#include <unistd.h>

enum { FAILURE_WORDS_MAX = 16 << 20 };

static int32_t new_registry(const struct registry_options *o, struct registry **ret,
                            allora_error *err)
{
    struct registry *r = mem_zalloc(sizeof *r);

    if (!r)
        return err_nomem(err);
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&r->loaded, &attr);
    (void)pthread_condattr_destroy(&attr);
    (void)pthread_mutex_init(&r->lock, NULL);
    arena_init(&r->mem, FAILURE_WORDS_MAX);
    r->bytes = BUF(INDEX_MAX);
    r->config = o->config;
    r->core_manifest = o->core_manifest;
    r->core_manifest_len = o->core_manifest_len;
    r->table_reserved = o->table_reserved;
    r->executable = o->executable ? mem_strdup(o->executable) : NULL;
    *ret = r;
    return ALLORA_OK;
}

/* Reads every file and leaves the index of them in r->bytes. */
static int32_t rebuild(struct registry *r, struct scan *s, uint64_t key,
                       const struct index_view *old, allora_error *err)
{
    int32_t rc = ALLORA_OK;

    for (size_t i = 0; rc == ALLORA_OK && i < s->n_files; i++)
        rc = read_plugin(s, &s->files[i], err);
    if (rc == ALLORA_OK)
        rc = resolve_plugins(s, r->config, err);
    if (rc == ALLORA_OK)
        rc = index_build(s, key, old, &r->bytes, err);
    if (rc)
        return rc;
    if (!index_view(r->bytes.ptr, r->bytes.len, key, &r->view))
        return err_set(err, ALLORA_E_INTERNAL, "the plugin index just made is not valid");
    return ALLORA_OK;
}

static int32_t take_index(struct registry *r, const struct registry_options *o, struct scan *s,
                          allora_error *err)
{
    uint64_t key = index_key(s, o);
    A_FREE char *path = index_path(key);
    struct index_view old = {0};
    bool had = path && index_map(path, key, &r->map, &r->map_len, &old);

    if (had && index_matches(&old, s)) {
        r->view = old;
        return ALLORA_OK;
    }
    int32_t rc = rebuild(r, s, key, had ? &old : NULL, err);
    index_unmap(&r->map, &r->map_len); /* the new one stands in memory, strings and all */
    if (rc == ALLORA_OK && path)
        index_save(path, &r->bytes);
    return rc;
}

static const char *or_null(const struct index_view *v, uint32_t at)
{
    return at ? index_str(v, at) : NULL;
}

static void fill_entry(struct registry *r, struct entry *e, const struct index_file *f)
{
    const struct index_view *v = &r->view;

    e->registry = r;
    e->record = f;
    e->pub = (struct plugin){
        .path = index_str(v, f->path),
        .id = index_str(v, f->id),
        .version = index_str(v, f->version),
        .summary = index_str(v, f->summary),
        .folder_kind = index_str(v, f->kind),
        .kinds = index_str(v, f->kinds),
        .shadowed = f->flags & INDEX_SHADOWED,
        .shadowed_by = or_null(v, f->shadowed_by),
        .disabled = f->flags & INDEX_DISABLED,
        .failure = {.stage = or_null(v, f->stage),
                    .code = f->code,
                    .message = or_null(v, f->message),
                    .hint = or_null(v, f->hint)},
    };
}

/* Records of missing plugins stand last and become no entries. */
static int32_t fill(struct registry *r, allora_error *err)
{
    const struct index_view *v = &r->view;

    while (r->n < v->n_files && !(v->files[r->n].flags & INDEX_MISSING))
        r->n++;
    r->entries = mem_array(r->n ? r->n : 1, sizeof *r->entries);
    if (!r->entries)
        return err_nomem(err);
    for (size_t i = 0; i < r->n; i++)
        fill_entry(r, &r->entries[i], &v->files[i]);
    return ALLORA_OK;
}

/* A list is made when it is first asked for: most commands need one of the five. */
static const struct registry_name *list(const struct registry *r, enum registry_list which,
                                        size_t *ret_n)
{
    struct registry *lazy = (struct registry *)(uintptr_t)r;
    const struct index_view *v = &r->view;
    struct registry_name *names = NULL;

    (void)pthread_mutex_lock(&lazy->lock);
    if (!r->names[which] && v->n_names[which] > 0)
        names = mem_resize(NULL, v->n_names[which], sizeof *names);
    for (uint32_t i = 0; names && i < v->n_names[which]; i++) {
        const struct index_name *n = &v->names[which][i];
        if (n->file >= r->n)
            continue; /* only a forged index says so */
        names[lazy->n_names[which]++] = (struct registry_name){
            .name = index_str(v, n->name),
            .summary = index_str(v, n->summary),
            .group = index_str(v, n->group),
            .example = index_str(v, n->example),
            .plugin = &r->entries[n->file].pub,
        };
    }
    if (names)
        lazy->names[which] = names;
    *ret_n = r->n_names[which];
    const struct registry_name *made = r->names[which];
    (void)pthread_mutex_unlock(&lazy->lock);
    return made;
}

int32_t registry_open(const struct registry_options *o, struct registry **ret, allora_error *err)
{
    struct registry *r = NULL;
    struct scan s;
    int32_t rc = new_registry(o, &r, err);

    if (rc)
        return rc;
    rc = scan_open(&s, o, err);
    if (rc == ALLORA_OK)
        rc = take_index(r, o, &s, err);
    scan_done(&s);
    if (rc == ALLORA_OK)
        rc = fill(r, err);
    if (rc == ALLORA_OK && !o->tolerant)
        rc = registry_check_config(r, err);
    if (rc) {
        registry_close(r);
        return rc;
    }
    *ret = r;
    return ALLORA_OK;
}

void registry_close(struct registry *r)
{
    if (!r)
        return;
    loader_shutdown(r);
    if (registry_stuck(r))
        return;
    for (size_t i = 0; r->entries && i < r->n; i++) {
        wrap_free(r->entries[i].wrap);
        manifest_free(r->entries[i].manifest);
    }
    for (int k = 0; k < INDEX_ABSENT; k++)
        free(r->names[k]);
    free(r->entries);
    index_unmap(&r->map, &r->map_len);
    buf_done(&r->bytes);
    json_free(r->known);
    arena_done(&r->mem);
    free(r->executable);
    (void)pthread_cond_destroy(&r->loaded);
    (void)pthread_mutex_destroy(&r->lock);
    free(r);
}

void registry_set_dispatch(struct registry *r, const struct dispatch *d)
{
    r->dispatch = d;
}

void registry_set_store(struct registry *r, struct store *s)
{
    r->store = s;
}

void registry_set_journal(struct registry *r, struct journal *j)
{
    r->journal = j;
}

void registry_set_metrics(struct registry *r, struct metrics *m)
{
    r->metrics = m;
}

const struct config *registry_config(const struct registry *r)
{
    return r->config;
}

size_t registry_count(const struct registry *r)
{
    return r->n;
}

const struct plugin *registry_at(const struct registry *r, size_t i)
{
    return i < r->n ? &r->entries[i].pub : NULL;
}

const struct plugin *registry_find(const struct registry *r, const char *id)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct plugin *p = &r->entries[i].pub;
        if (!p->shadowed && !p->disabled && !p->failure.stage && streq(p->id, id))
            return p;
    }
    return NULL;
}

size_t registry_names(const struct registry *r, enum registry_list which,
                      const struct registry_name **ret)
{
    size_t n;
    *ret = list(r, which, &n);
    return n;
}

static int name_order(const void *key, const void *item)
{
    return strcmp(key, ((const struct registry_name *)item)->name);
}

const struct registry_name *registry_name_find(const struct registry *r, enum registry_list which,
                                               const char *name)
{
    size_t n;
    const struct registry_name *names = list(r, which, &n);
    return n ? bsearch(name, names, n, sizeof *names, name_order) : NULL;
}

static int32_t parse_manifest(struct registry *r, struct entry *e, allora_error *err)
{
    const char *text = r->core_manifest;
    size_t len = r->core_manifest_len;

    if (!(e->record->flags & INDEX_CORE)) {
        text = index_manifest(&r->view, e->record, &len);
        if (!text)
            return err_set(err, ALLORA_E_ABI, "plugin \"%s\": %s", e->pub.id,
                           e->pub.failure.message ? e->pub.failure.message
                                                  : "its manifest in the plugin index is damaged");
    }
    int32_t rc = manifest_parse(text, len, &e->manifest, err);
    if (rc)
        err_prefix(err, "plugin \"%s\": ", e->pub.id);
    return rc;
}

const struct manifest *registry_manifest(struct registry *r, const struct plugin *p,
                                         allora_error *err)
{
    struct entry *e = entry_of(p);

    (void)pthread_mutex_lock(&r->lock);
    if (!e->manifest)
        (void)parse_manifest(r, e, err);
    const struct manifest *m = e->manifest;
    (void)pthread_mutex_unlock(&r->lock);
    return m;
}
