/* Reading one file of configuration: which of the names there is, who may have written it, its
 * bytes, and the tree they say. */
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/yaml.h"
#include "config/config_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

void config_source_done(struct source *s)
{
    free(s->path);
    free(s->shown);
    free(s->why);
    json_free(s->tree);
    yaml_places_free(s->places);
    *s = (struct source){0};
}

void config_source_place(const struct source *s, const char *dotted_key, char *out, size_t size)
{
    unsigned line = 0, column = 0;

    if (s->places)
        yaml_place(s->places, dotted_key, &line, &column);
    if (line > 0)
        (void)snprintf(out, size, "%s:%u:%u", s->shown, line, column);
    else
        (void)snprintf(out, size, "%s", s->shown);
}

/* ~/… for what lies in the home folder. */
static char *shown(const char *path)
{
    const char *home = getenv("HOME");
    size_t n = home ? strlen(home) : 0;

    if (n > 1 && str_starts(path, home) && path[n] == '/')
        return mem_printf("~%s", path + n);
    return mem_strdup(path);
}

char *config_source_find(const char *dir, const char *stem, enum config_layer_kind kind,
                         struct config_problems *p, bool *ret_exists)
{
    static const char *const endings[] = {"yaml", "yml", "json"};
    char *found = NULL;

    (void)kind;
    *ret_exists = false;
    for (size_t i = 0; i < 3; i++) {
        A_FREE char *name = mem_printf("%s.%s", stem, endings[i]);
        A_FREE char *path = name ? fs_join(dir, name) : NULL;
        if (!path) {
            free(found);
            return NULL;
        }
        struct stat st;
        if (lstat(path, &st) != 0)
            continue;
        if (!found) {
            found = take_ptr(&path);
            continue;
        }
        A_FREE char *one = shown(found);
        A_FREE char *other = shown(path);
        if (one && other)
            config_problem_add(p, ALLORA_E_CONFIG, "", one, "keep one of them, remove the other",
                               "%s and %s are both there, and neither comes first", one, other);
    }
    *ret_exists = found != NULL;
    if (found)
        return found;
    A_FREE char *name = mem_printf("%s.yaml", stem);
    return name ? fs_join(dir, name) : NULL;
}

/* ---- may it be believed? ---- */

static bool foreign(uid_t owner)
{
    return owner != 0 && owner != geteuid();
}

/* Whoever can write to the folder can put another file there.  A sticky folder (/tmp) protects what
 * lies in it, a mount without write access everything. */
static bool folder_safe(const char *path, char **ret_folder)
{
    A_FREE char *real = realpath(path, NULL);
    struct stat st;
    struct statvfs mount;
    char *slash = real ? strrchr(real, '/') : NULL;

    if (!slash)
        return true; /* a pipe */
    slash[slash == real ? 1 : 0] = '\0';
    if (stat(real, &st) != 0)
        return true;
    if (!foreign(st.st_uid) && (!(st.st_mode & (S_IWGRP | S_IWOTH)) || (st.st_mode & S_ISVTX)))
        return true;
    if (statvfs(real, &mount) == 0 && (mount.f_flag & ST_RDONLY))
        return true;
    *ret_folder = take_ptr(&real);
    return false;
}

/* A project's file that somebody else wrote is passed over: cloning, unpacking or standing in /tmp
 * must not configure anything, nor stop work. */
static bool project_trusted(struct source *s, const struct stat *st)
{
    if (foreign(st->st_uid))
        s->why = mem_printf("it belongs to user %u, neither root nor you", (unsigned)st->st_uid);
    else if (st->st_mode & S_IWOTH)
        s->why = mem_strdup("everybody can write to it");
    else
        return true;
    s->state = CONFIG_FILE_IGNORED;
    log_msg(ALLORA_LOG_WARN, "config", "%s is ignored: %s", s->shown, s->why ? s->why : "");
    return false;
}

static bool own_trusted(struct source *s, const struct stat *st, struct config_problems *p)
{
    A_FREE char *folder = NULL;

    if (foreign(st->st_uid)) {
        config_problem_add(p, ALLORA_E_DENIED, "", s->shown,
                           "make it yours (chown), or use a file of your own with --config",
                           "%s belongs to user %u, neither root nor you", s->shown,
                           (unsigned)st->st_uid);
        return false;
    }
    if (st->st_mode & (S_IWGRP | S_IWOTH)) {
        A_FREE char *advice = mem_printf("chmod go-w %s", s->path);
        config_problem_add(p, ALLORA_E_DENIED, "", s->shown, advice ? advice : "",
                           "%s can be written by others (mode %04o)", s->shown,
                           (unsigned)(st->st_mode & 07777));
        return false;
    }
    if (folder_safe(s->path, &folder))
        return true;
    A_FREE char *advice = mem_printf("chmod go-w %s", folder);
    config_problem_add(p, ALLORA_E_DENIED, "", s->shown, advice ? advice : "",
                       "the folder of %s can be written by others", s->shown);
    return false;
}

/* ---- its bytes ---- */

static bool unreadable(struct source *s, struct config_problems *p, int number)
{
    char text[128];

    s->state = CONFIG_FILE_BROKEN;
    config_problem_add(p, ALLORA_E_CONFIG, "", s->shown,
                       number == EACCES ? "give yourself the right to read it" : "",
                       "cannot read %s: %s", s->shown, strerror_r(number, text, sizeof text));
    return false;
}

/* Not blocking, since a FIFO would wait for its writer. */
static bool read_bytes(struct source *s, bool must_exist, struct buf *out,
                       struct config_problems *p)
{
    allora_error err = ERR_INIT;
    struct stat st;
    A_CLOSE int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR) && !must_exist) {
        s->state = CONFIG_FILE_MISSING;
        return false;
    }
    if (fd < 0 || fstat(fd, &st) != 0)
        return unreadable(s, p, errno);
    s->state = CONFIG_FILE_BROKEN;
    bool pipe = must_exist && S_ISFIFO(st.st_mode); /* --config <(decrypt config) */
    if (s->kind == CONFIG_PROJECT && !project_trusted(s, &st))
        return false;
    if (!S_ISREG(st.st_mode) && !pipe) {
        config_problem_add(p, ALLORA_E_CONFIG, "", s->shown, "", "%s is not a regular file",
                           s->shown);
        return false;
    }
    if (s->kind != CONFIG_PROJECT && !own_trusted(s, &st, p))
        return false;
    if (fcntl(fd, F_SETFL, 0) != 0)
        return unreadable(s, p, errno);
    if (st.st_size <= CONFIG_FILE_LIMIT && !fs_read_fd(fd, CONFIG_FILE_LIMIT, out, &err))
        return true;
    if (err.code == ALLORA_E_NOMEM)
        p->oom = true;
    config_problem_add(p, ALLORA_E_CONFIG, "", s->shown, "", "%s is larger than %d KiB", s->shown,
                       CONFIG_FILE_LIMIT / 1024);
    return false;
}

/* ---- its tree ---- */

/* "FILE:3:7: what" apart; the file's own name may hold anything. */
static void syntax_problem(const struct source *s, const allora_error *err,
                           struct config_problems *p)
{
    const char *what = err->message;
    char where[PATH_MAX + 64];

    (void)snprintf(where, sizeof where, "%s", s->shown);
    if (str_starts(what, s->shown) && what[strlen(s->shown)] == ':') {
        const char *at = what + strlen(s->shown);
        size_t n = strspn(at, ":0123456789");
        (void)snprintf(where, sizeof where, "%s%.*s", s->shown, (int)(n > 1 ? n - 1 : 0), at);
        what = at + n + strspn(at + n, " ");
    }
    config_problem_add(p, ALLORA_E_CONFIG, "", where, "allora config edit repairs it",
                       "cannot be read: %s", what);
}

/* A .json file is held to JSON; its places come from reading it as YAML, which it nearly always is
 * too. */
static int32_t parse(struct source *s, const struct buf *text, allora_error *err)
{
    if (!str_ends(s->path, ".json"))
        return yaml_parse(s->shown, buf_str(text), text->len, &s->tree, &s->places, err);
    size_t blank = strspn(buf_str(text), " \t\r\n");
    if (blank == text->len) {
        s->tree = json_new_object();
        return s->tree ? ALLORA_OK : err_nomem(err);
    }
    int32_t rc = json_parse(buf_str(text), text->len, &s->tree, err);
    if (rc) {
        err_prefix(err, "%s:", s->shown);
        return rc;
    }
    json_node *again = NULL;
    allora_error ignored = ERR_INIT;
    if (yaml_parse(s->shown, buf_str(text), text->len, &again, &s->places, &ignored) != ALLORA_OK)
        s->places = NULL;
    json_free(again);
    return ALLORA_OK;
}

/* A key without a value says nothing. */
static void drop_nulls(json_node *object, unsigned depth)
{
    const json_node *next;

    for (const json_node *item = json_first(object); item; item = next) {
        next = json_next(item);
        if (json_typeof(item) == JSON_NULL)
            json_remove(object, json_key(item));
        else if (json_typeof(item) == JSON_OBJECT && depth < DEPTH_MAX)
            drop_nulls((json_node *)(uintptr_t)item, depth + 1);
    }
}

bool config_source_read(struct source *s, const char *path, bool must_exist,
                        struct config_problems *p)
{
    A_CLEAN(buf_done) struct buf text = BUF(CONFIG_FILE_LIMIT);
    allora_error err = ERR_INIT;

    s->path = mem_strdup(path);
    if (!s->shown)
        s->shown = shown(path);
    if (!s->path || !s->shown)
        return false;
    if (!read_bytes(s, must_exist, &text, p))
        return !p->oom;
    int32_t rc = parse(s, &text, &err);
    if (rc == ALLORA_E_NOMEM)
        return false;
    if (rc) {
        syntax_problem(s, &err, p);
        return !p->oom;
    }
    s->state = CONFIG_FILE_READ;
    if (json_typeof(s->tree) == JSON_NULL || json_typeof(s->tree) == JSON_NONE) {
        json_free(s->tree); /* an empty file says nothing */
        s->tree = NULL;
    } else if (json_typeof(s->tree) == JSON_OBJECT) {
        drop_nulls(s->tree, 0);
    }
    return true;
}
