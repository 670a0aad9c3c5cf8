#include "plugin/install.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/image.h"
#include "plugin/registry_private.h"

#include <stdio.h>

static int32_t look(struct registry *r, struct scan *s, allora_error *err)
{
    const struct registry_options o = {.executable = r->executable,
                                       .config = r->config,
                                       .core_manifest = r->core_manifest,
                                       .core_manifest_len = r->core_manifest_len,
                                       .table_reserved = r->table_reserved};
    int32_t rc = scan_open(s, &o, err);

    for (size_t i = 0; rc == ALLORA_OK && i < s->n_files; i++)
        rc = read_plugin(s, &s->files[i], err);
    return rc;
}

static struct found *find(const struct scan *s, const char *path)
{
    for (size_t i = 0; i < s->n_files; i++) {
        if (streq(s->files[i].path, path))
            return &s->files[i];
    }
    return NULL;
}

static bool usable(const struct found *f)
{
    return f->manifest && !f->failure.stage && !f->shadowed && !f->disabled;
}

/* The last folder of that kind that was found; the stage lies in it, so it is there. */
static int32_t user_folder(const struct scan *s, uint32_t *ret, allora_error *err)
{
    for (uint32_t i = 0; i < s->n_folders; i++) {
        if (streq(s->folders[i].kind, "user")) {
            *ret = i;
            return ALLORA_OK;
        }
    }
    int32_t rc = err_set(err, ALLORA_E_CONFIG,
                         "the folder for your own plugins stands in the search path already, under "
                         "another name");
    err_hint(err, "take it out of ALLORA_PLUGIN_PATH");
    return rc;
}

static bool is_staged(const struct install *in, const char *path)
{
    return str_starts(path, in->stage.dir);
}

/* Takes out of `after` what the newcomer would take the place of. */
static void make_room(struct install *in, uint32_t folder, const char *id, const char *target)
{
    struct scan *s = &in->after;

    for (size_t i = s->n_files; i-- > 0;) {
        const struct found *f = &s->files[i];
        if (f->folder == folder && !is_staged(in, f->path) &&
            (streq(f->id, id) || streq(f->path, target)))
            scan_remove(s, i);
    }
}

static int32_t refuse(const struct staged *file, const struct found *f, allora_error *err)
{
    int32_t rc =
        err_set(err, f->failure.code, "%s is not installed: %s", file->base, f->failure.message);
    err_hint(err, "%s", f->failure.hint);
    err_reason(err, f->failure.stage);
    return rc;
}

/* Ids are known only once the files are read: first those that cannot be used by themselves. */
static int32_t read_newcomers(struct install *in, uint32_t folder, allora_error *err)
{
    for (size_t i = 0; i < in->n; i++) {
        struct newcomer *item = &in->items[i];
        const struct found *f = find(&in->after, item->file->path);
        if (!f)
            return err_set(err, ALLORA_E_INTERNAL, "%s was lost", item->file->base);
        if (f->failure.stage)
            return refuse(item->file, f, err);
        if (snprintf(item->target, sizeof item->target, "%s/%s.so", in->folder, f->id) >=
            (int)sizeof item->target)
            return err_set(err, ALLORA_E_CONFIG, "the path of %s is too long", f->id);
    }
    for (size_t i = 0; i < in->n; i++) {
        const struct newcomer *item = &in->items[i];
        const struct found *f = find(&in->after, item->file->path);
        char id[128];
        (void)snprintf(id, sizeof id, "%s", f ? f->id : "");
        make_room(in, folder, id, item->target);
    }
    return ALLORA_OK;
}

static void compare_with_old(struct install *in, struct newcomer *item)
{
    char digest[8 + DIGEST_HEX_SIZE];
    allora_error ignored = ERR_INIT;

    for (size_t i = 0; i < in->before.n_files; i++) {
        const struct found *f = &in->before.files[i];
        if (f->core || (!streq(f->id, item->found->id) && !streq(f->path, item->target)))
            continue;
        if (streq(f->kind, "user"))
            item->old = item->old ? item->old : f;
        else if (usable(f))
            item->hides = f;
    }
    item->same = item->old && streq(item->old->path, item->target) &&
                 image_digest(item->old->path, digest, &ignored) == ALLORA_OK &&
                 streq(digest, item->file->digest);
}

/* Would somebody who works now not work any more? */
static int32_t check_others(const struct install *in, allora_error *err)
{
    for (size_t i = 0; i < in->before.n_files; i++) {
        const struct found *was = &in->before.files[i];
        const struct found *is = find(&in->after, was->path);
        if (!usable(was) || !is || usable(is) || is->shadowed)
            continue;
        int32_t rc = err_set(err, ALLORA_E_CONFLICT,
                             "not installed: plugin \"%s\" would not work any more: %s", was->id,
                             is->failure.message ? is->failure.message : "it would be hidden");
        err_hint(err, "remove or disable %s first", was->id);
        err_reason(err, "conflict");
        return rc;
    }
    return ALLORA_OK;
}

int32_t install_check(struct install *in, allora_error *err)
{
    uint32_t folder = 0;
    int32_t rc = look(in->registry, &in->before, err);

    if (rc == ALLORA_OK)
        rc = resolve_plugins(&in->before, in->registry->config, err);
    if (rc == ALLORA_OK)
        rc = look(in->registry, &in->after, err);
    if (rc == ALLORA_OK)
        rc = user_folder(&in->after, &folder, err);
    in->items = rc ? NULL : mem_array(in->stage.n, sizeof *in->items);
    if (rc == ALLORA_OK && !in->items)
        rc = err_nomem(err);
    for (size_t i = 0; rc == ALLORA_OK && i < in->stage.n; i++) {
        in->items[in->n++].file = &in->stage.files[i];
        rc = scan_insert(&in->after, in->stage.files[i].path, folder, err);
        if (rc == ALLORA_OK)
            rc = read_plugin(&in->after, find(&in->after, in->stage.files[i].path), err);
    }
    if (rc == ALLORA_OK)
        rc = read_newcomers(in, folder, err);
    if (rc == ALLORA_OK)
        rc = resolve_plugins(&in->after, in->registry->config, err);
    for (size_t i = 0; rc == ALLORA_OK && i < in->n; i++) {
        struct newcomer *item = &in->items[i];
        item->found = find(&in->after, item->file->path);
        if (!item->found)
            rc = err_set(err, ALLORA_E_INTERNAL, "%s was lost", item->file->base);
        else if (item->found->failure.stage && !item->found->disabled)
            rc = refuse(item->file, item->found, err);
        else
            compare_with_old(in, item);
    }
    return rc ? rc : check_others(in, err);
}

void install_done(struct install *in)
{
    scan_done(&in->before);
    scan_done(&in->after);
    stage_done(&in->stage);
    free(in->items);
    free(in->folder);
    *in = (struct install){.n = 0};
}
