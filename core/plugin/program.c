/* Programs are looked for as a shell would, but only where nobody else can have put them. */
#include "plugin/program.h"

#include "base/err.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

extern char **environ;

enum { PATH_BYTES = 4096, ENTRY_BYTES_MAX = 128 << 10 };
static const char default_path[] = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";

/* Could somebody other than root and this user have changed it? */
static bool others_write(const struct stat *st)
{
    if (st->st_uid != 0 && st->st_uid != geteuid())
        return true;
    return (st->st_mode & S_IWOTH) && !(S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX));
}

static int32_t check_folder(const char *path, allora_error *err)
{
    char folder[PATH_BYTES];
    struct stat st;
    const char *slash = strrchr(path, '/');
    size_t n = slash && slash != path ? (size_t)(slash - path) : 1;

    memcpy(folder, path, n);
    folder[n] = '\0';
    if (stat(folder, &st) == 0 && !others_write(&st))
        return ALLORA_OK;
    int32_t rc =
        err_set(err, ALLORA_E_DENIED, "%s was not run: others can write to %s", path, folder);
    err_hint(err, "chmod o-w %s, or take it out of PATH", folder);
    return rc;
}

/* A file that could be run, or E_NOTFOUND without words. */
static int32_t check_file(const char *path, allora_error *err)
{
    struct stat st;
    int32_t rc;

    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || access(path, X_OK) != 0)
        return ALLORA_E_NOTFOUND;
    if (st.st_mode & (S_ISUID | S_ISGID)) {
        rc = err_set(err, ALLORA_E_DENIED, "%s was not run: it runs with another user's rights",
                     path);
        err_hint(err, "allora starts no set-user-id programs for plugins");
        return rc;
    }
    if (others_write(&st)) {
        rc = err_set(err, ALLORA_E_DENIED, "%s was not run: others can change it", path);
        err_hint(err, "it must belong to root or to you, and not be writable by all");
        return rc;
    }
    return check_folder(path, err);
}

static int32_t search(const char *name, struct arena *mem, const char **ret, allora_error *err)
{
    const char *path = getenv("PATH");
    char full[PATH_BYTES];

    for (const char *p = path && *path ? path : default_path; *p;) {
        size_t n = strcspn(p, ":");
        int len = *p == '/' ? snprintf(full, sizeof full, "%.*s/%s", (int)n, p, name) : -1;
        if (len > 0 && (size_t)len < sizeof full) {
            int32_t rc = check_file(full, err);
            if (rc == ALLORA_OK) {
                *ret = arena_strdup(mem, full);
                return *ret ? ALLORA_OK : err_nomem(err);
            }
            if (rc != ALLORA_E_NOTFOUND)
                return rc;
        }
        p += n + (p[n] == ':');
    }
    int32_t rc = err_set(err, ALLORA_E_NOTFOUND, "there is no program %s", name);
    err_hint(err, "install it, or put its folder into PATH");
    return rc;
}

static bool named(const struct manifest *m, const char *name)
{
    json_foreach (allowed, json_get(m->permissions, "exec")) {
        if (streq(json_str(allowed, NULL), name))
            return true;
    }
    return false;
}

int32_t program_find(const struct manifest *m, const char *name, struct arena *mem,
                     const char **ret, allora_error *err)
{
    if (!named(m, name)) {
        int32_t rc = err_set(err, ALLORA_E_DENIED, "plugin \"%s\" may not run %s", m->id, name);
        err_hint(err, "its manifest does not name the program in permissions.exec");
        return rc;
    }
    if (!strchr(name, '/') && *name)
        return search(name, mem, ret, err);
    if (*name != '/' || strlen(name) >= PATH_BYTES)
        return err_set(err, ALLORA_E_ARG,
                       "%s: a program is named by a bare word or an absolute path", name);
    int32_t rc = check_file(name, err);
    if (rc == ALLORA_E_NOTFOUND)
        return err_set(err, rc, "there is no program %s", name);
    if (rc)
        return rc;
    *ret = arena_strdup(mem, name);
    return *ret ? ALLORA_OK : err_nomem(err);
}

/* ---- environment ---- */

static bool kept(const char *entry)
{
    static const char *const names[] = {"HOME", "USER", "LOGNAME",  "SHELL",  "TERM",
                                        "TZ",   "LANG", "LANGUAGE", "TMPDIR", NULL};
    size_t n = strcspn(entry, "=");

    if (entry[n] != '=')
        return false;
    if (str_starts(entry, "LC_") || str_starts(entry, "XDG_"))
        return true;
    for (size_t i = 0; names[i]; i++) {
        if (strlen(names[i]) == n && memcmp(names[i], entry, n) == 0)
            return true;
    }
    return false;
}

/* "PATH=" and its absolute folders. */
static char *clean_path(struct arena *mem)
{
    const char *path = getenv("PATH");
    size_t room = sizeof "PATH=" + (path && *path ? strlen(path) : sizeof default_path);
    char *out = arena_alloc(mem, room);
    size_t len = sizeof "PATH=" - 1;

    if (!out)
        return NULL;
    memcpy(out, "PATH=", len);
    for (const char *p = path && *path ? path : default_path; *p;) {
        size_t n = strcspn(p, ":");
        if (*p == '/') {
            if (out[len - 1] != '=')
                out[len++] = ':';
            memcpy(out + len, p, n);
            len += n;
        }
        p += n + (p[n] == ':');
    }
    out[len] = '\0';
    return out;
}

static int32_t check_pair(const allora_pair *p, allora_error *err)
{
    bool bad = p->key.len == 0 || memchr(p->key.ptr, '=', (size_t)p->key.len) ||
               memchr(p->key.ptr, '\0', (size_t)p->key.len) ||
               (p->val.len > 0 && memchr(p->val.ptr, '\0', (size_t)p->val.len));

    if (bad || p->key.len > ENTRY_BYTES_MAX || p->val.len > ENTRY_BYTES_MAX - p->key.len)
        return err_set(err, ALLORA_E_ARG,
                       "an environment variable has a name without = and a text without NUL of at "
                       "most %d bytes",
                       ENTRY_BYTES_MAX);
    if (p->key.len >= 3 && memcmp(p->key.ptr, "LD_", 3) == 0)
        return err_set(err, ALLORA_E_DENIED,
                       "%.*s may not be set: it would load code into the program", (int)p->key.len,
                       p->key.ptr);
    return ALLORA_OK;
}

/* Puts it in the place of a variable of the same name, or at the end. */
static void put(const char **list, size_t *n, const char *entry)
{
    size_t name = strcspn(entry, "=") + 1;

    for (size_t i = 0; i < *n; i++) {
        if (strncmp(list[i], entry, name) == 0) {
            list[i] = entry;
            return;
        }
    }
    list[(*n)++] = entry;
}

int32_t program_environment(const allora_pair *more, uint32_t n_more, struct arena *mem,
                            const char *const **ret, allora_error *err)
{
    size_t count = 2 + (size_t)n_more, n = 0;

    for (char **e = environ; e && *e; e++)
        count += kept(*e);
    const char **list = arena_array(mem, count, sizeof *list);
    char *path = clean_path(mem);
    if (!list || !path)
        return err_nomem(err);
    put(list, &n, path);
    for (char **e = environ; e && *e; e++) {
        if (kept(*e))
            put(list, &n, *e);
    }
    for (uint32_t i = 0; i < n_more; i++) {
        int32_t rc = check_pair(&more[i], err);
        if (rc)
            return rc;
        const char *entry = arena_printf(mem, "%.*s=%.*s", (int)more[i].key.len, more[i].key.ptr,
                                         (int)more[i].val.len, more[i].val.ptr);
        if (!entry)
            return err_nomem(err);
        put(list, &n, entry);
    }
    *ret = list;
    return ALLORA_OK;
}
