/* The search path and what lies in it. */
#include "plugin/scan.h"

#include "base/build.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/trust.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { FOLDERS_MAX = 64, FILES_MAX = 10000, SCAN_ARENA_MAX = 1 << 30 };

void stamp_of(const struct stat *st, struct file_stamp *ret)
{
    *ret = (struct file_stamp){
        .dev = (uint64_t)st->st_dev,
        .ino = (uint64_t)st->st_ino,
        .size = (uint64_t)st->st_size,
        .mtime_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
        .mode = (uint32_t)st->st_mode,
        .uid = (uint32_t)st->st_uid,
        .gid = (uint32_t)st->st_gid,
    };
}

bool scan_untrusted(struct scan *s, const struct found *f, const char **ret_message)
{
    char why[512];

    if (streq(f->kind, "path") || f->core ||
        !path_untrusted(f->path, s->executable, why, sizeof why))
        return false;
    *ret_message = arena_strdup(&s->mem, why);
    if (!*ret_message)
        *ret_message = "others can change it";
    return true;
}

static int32_t add_file(struct scan *s, const char *path, uint32_t folder, const struct stat *st,
                        allora_error *err)
{
    if (s->n_files >= FILES_MAX)
        return err_set(err, ALLORA_E_CONFIG, "more than %d plugin files in the search path",
                       FILES_MAX);
    if (s->n_files == s->cap_files) {
        size_t cap = s->cap_files ? s->cap_files * 2 : 32;
        struct found *grown = mem_resize(s->files, cap, sizeof *grown);
        if (!grown)
            return err_nomem(err);
        s->files = grown;
        s->cap_files = cap;
    }
    struct found *f = &s->files[s->n_files++];
    *f = (struct found){.path = path,
                        .kind = s->folders[folder].kind,
                        .folder = folder,
                        .id = "",
                        .version = "",
                        .summary = "",
                        .kinds = ""};
    stamp_of(st, &f->stamp);
    return ALLORA_OK;
}

static int by_path(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    return strcmp(x->path, y->path);
}

static int32_t read_folder(struct scan *s, uint32_t at, DIR *dir, allora_error *err)
{
    size_t first = s->n_files;
    struct dirent *entry;

    while ((entry = readdir(dir)) != NULL) {
        struct stat st;
        const char *name = entry->d_name;
        if (name[0] == '.' || !str_ends(name, ".so"))
            continue;
        if (fstatat(dirfd(dir), name, &st, 0) != 0 || S_ISDIR(st.st_mode))
            continue; /* gone meanwhile, or a link to nothing */
        const char *path = arena_printf(&s->mem, "%s/%s", s->folders[at].path, name);
        if (!path)
            return err_nomem(err);
        int32_t rc = add_file(s, path, at, &st, err);
        if (rc)
            return rc;
    }
    if (s->n_files > first)
        qsort(s->files + first, s->n_files - first, sizeof *s->files, by_path);
    return ALLORA_OK;
}

/* The same folder under two names counts once, at its first place. */
static bool seen(const struct scan *s, const struct file_stamp *st)
{
    for (size_t i = 0; i < s->n_folders; i++) {
        if (s->folders[i].stamp.ino == st->ino && s->folders[i].stamp.dev == st->dev)
            return true;
    }
    return false;
}

/* A folder, or one plugin file, of the search path. */
static int32_t add_place(struct scan *s, const char *path, const char *kind, bool must_exist,
                         allora_error *err)
{
    struct stat st;
    struct file_stamp stamp;
    size_t n = strlen(path);

    if (n == 0)
        return ALLORA_OK;
    if (s->n_folders >= FOLDERS_MAX)
        return err_set(err, ALLORA_E_CONFIG, "more than %d folders in the plugin search path",
                       FOLDERS_MAX);
    if (stat(path, &st) != 0) {
        if (!must_exist)
            return ALLORA_OK;
        int32_t rc = err_set(err, ALLORA_E_ARG, "--plugin-path: %s: %s", path, strerror(errno));
        err_hint(err, "it names folders that hold plugins, separated by colons");
        return rc;
    }
    stamp_of(&st, &stamp);
    if (seen(s, &stamp))
        return ALLORA_OK;
    while (n > 1 && path[n - 1] == '/')
        n--;
    char *copy = arena_strndup(&s->mem, path, n);
    if (!copy)
        return err_nomem(err);
    uint32_t at = (uint32_t)s->n_folders++;
    s->folders[at] = (struct scan_folder){.path = copy, .kind = kind, .stamp = stamp};
    if (!S_ISDIR(st.st_mode))
        return str_ends(copy, ".so") ? add_file(s, copy, at, &st, err) : ALLORA_OK;
    DIR *dir = opendir(copy);
    if (!dir)
        return ALLORA_OK; /* not ours to read: nothing to find */
    int32_t rc = read_folder(s, at, dir, err);
    (void)closedir(dir);
    return rc;
}

/* Relative folders are made absolute, so that the index and the loader mean the same file from
 * everywhere. */
static int32_t add_list(struct scan *s, const char *list, const char *kind, bool must_exist,
                        allora_error *err)
{
    for (const char *p = list; p && *p;) {
        size_t n = strcspn(p, ":");
        A_FREE char *one = mem_strndup(p, n);
        if (!one)
            return err_nomem(err);
        A_FREE char *real = n > 0 && one[0] != '/' ? realpath(one, NULL) : NULL;
        int32_t rc = add_place(s, real ? real : one, kind, must_exist, err);
        if (rc)
            return rc;
        p += n;
        p += *p == ':';
    }
    return ALLORA_OK;
}

/* PREFIX/lib/allora/plugins for PREFIX/bin/allora, so that a build tree and a moved prefix work. */
static int32_t add_beside(struct scan *s, const char *executable, allora_error *err)
{
    char exe[PATH_MAX];

    if (!executable || !realpath(executable, exe))
        return ALLORA_OK;
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(exe, '/');
        if (!slash)
            return ALLORA_OK;
        *slash = '\0';
    }
    const char *path = arena_printf(&s->mem, "%s/lib/allora/plugins", exe);
    return path ? add_place(s, path, "system", false, err) : err_nomem(err);
}

static int32_t add_core(struct scan *s, const struct registry_options *o, allora_error *err)
{
    const struct stat none = {0};

    if (!o->core_manifest)
        return ALLORA_OK;
    s->folders[0] = (struct scan_folder){.path = "", .kind = "core"};
    s->n_folders = 1;
    int32_t rc = add_file(s, "", 0, &none, err);
    if (rc)
        return rc;
    s->files[0].core = true;
    s->files[0].text = o->core_manifest;
    s->files[0].text_len = o->core_manifest_len;
    return ALLORA_OK;
}

int32_t scan_open(struct scan *s, const struct registry_options *o, allora_error *err)
{
    *s = (struct scan){0};
    s->executable = o->executable;
    s->table_reserved = o->table_reserved;
    arena_init(&s->mem, SCAN_ARENA_MAX);
    s->folders = arena_array(&s->mem, FOLDERS_MAX, sizeof *s->folders);
    if (!s->folders)
        return err_nomem(err);
    A_FREE char *data = fs_data_dir();
    A_FREE char *user = data ? fs_join(data, "plugins") : NULL;
    int32_t rc = add_core(s, o, err);
    if (rc == ALLORA_OK)
        rc = add_list(s, o->plugin_path, "path", true, err);
    if (rc == ALLORA_OK)
        rc = add_list(s, secure_getenv("ALLORA_PLUGIN_PATH"), "environment", false, err);
    if (rc == ALLORA_OK && user)
        rc = add_place(s, user, "user", false, err);
    if (rc == ALLORA_OK)
        rc = add_beside(s, o->executable, err);
    if (rc == ALLORA_OK)
        rc = add_place(s, build_plugin_dir(), "system", false, err);
    return rc;
}

int32_t scan_insert(struct scan *s, const char *path, uint32_t folder, allora_error *err)
{
    struct stat st;
    const char *copy = arena_strdup(&s->mem, path);

    if (!copy)
        return err_nomem(err);
    if (stat(path, &st) != 0)
        return err_set(err, ALLORA_E_NOTFOUND, "%s: %s", path, strerror(errno));
    int32_t rc = add_file(s, copy, folder, &st, err);
    if (rc)
        return rc;
    struct found added = s->files[s->n_files - 1];
    size_t at = s->n_files - 1;
    while (at > 0 && s->files[at - 1].folder > folder) {
        s->files[at] = s->files[at - 1];
        at--;
    }
    s->files[at] = added;
    return ALLORA_OK;
}

void scan_remove(struct scan *s, size_t i)
{
    manifest_free(s->files[i].manifest);
    memmove(&s->files[i], &s->files[i + 1], (--s->n_files - i) * sizeof *s->files);
}

void scan_done(struct scan *s)
{
    for (size_t i = 0; i < s->n_files; i++)
        manifest_free(s->files[i].manifest);
    free(s->files);
    arena_done(&s->mem);
    *s = (struct scan){0};
}
