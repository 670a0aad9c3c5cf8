#include "plugin/trust.h"

#include "base/str.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS_MAX = 40 }; /* as the kernel */

struct walk {
    char done[PATH_MAX]; /* what has been looked at, without links; "" is the root */
    char rest[PATH_MAX]; /* what is left, without a slash before it */
    char program[PATH_MAX];
    unsigned links;
};

/* A group of one's own (same number as the user, as useradd makes it) is oneself: with the umask
 * 002 that goes with such groups, every build tree is writable by it. */
static const char *untrusted(const struct stat *st)
{
    uid_t me = geteuid();

    if (st->st_uid != 0 && st->st_uid != me)
        return "belongs to another user";
    if (S_ISLNK(st->st_mode))
        return NULL; /* a link has no mode of its own */
    if (st->st_mode & S_IWOTH)
        return "can be written by everyone";
    if ((st->st_mode & S_IWGRP) && !(st->st_uid == me && st->st_gid == me && getegid() == me))
        return "can be written by its group";
    return NULL;
}

/* Is the program somewhere in this folder? */
static bool above_program(const struct walk *w)
{
    size_t n = strlen(w->done);
    return strncmp(w->program, w->done, n) == 0 && w->program[n] == '/';
}

/* In a folder where only owners can rename (the sticky bit: /tmp), what is on the way belongs to
 * somebody we trust, which is looked at by itself; but no plugin lies in one directly. */
static const char *folder_untrusted(const struct walk *w, const struct stat *st)
{
    const char *why = above_program(w) ? NULL : untrusted(st);
    bool shared = (st->st_mode & S_ISVTX) && (st->st_uid == 0 || st->st_uid == geteuid());

    return why && shared && strchr(w->rest, '/') ? NULL : why;
}

static bool follow(struct walk *w, const char *link)
{
    char target[PATH_MAX], joined[PATH_MAX];
    ssize_t n = readlink(link, target, sizeof target - 1);

    if (n <= 0 || ++w->links > LINKS_MAX)
        return false;
    target[n] = '\0';
    const char *p = target;
    if (*p == '/')
        w->done[0] = '\0';
    p += strspn(p, "/");
    int len = snprintf(joined, sizeof joined, "%s%s%s", p, *w->rest ? "/" : "", w->rest);
    if (len < 0 || (size_t)len >= sizeof joined)
        return false;
    memcpy(w->rest, joined, (size_t)len + 1);
    return true;
}

/* Takes the next name off the rest: one step towards the file.  NULL when all is well. */
static const char *step(struct walk *w, struct stat *st)
{
    char name[NAME_MAX + 1];
    size_t n = strcspn(w->rest, "/"), len = strlen(w->done);

    if (n >= sizeof name || len + 1 + n >= sizeof w->done)
        return "has a path that is too long";
    memcpy(name, w->rest, n);
    name[n] = '\0';
    size_t gone = n + strspn(w->rest + n, "/");
    memmove(w->rest, w->rest + gone, strlen(w->rest + gone) + 1);
    if (streq(name, "..")) {
        char *slash = strrchr(w->done, '/');
        if (slash)
            *slash = '\0';
        return NULL;
    }
    if (n == 0 || streq(name, "."))
        return NULL;
    w->done[len] = '/';
    memcpy(w->done + len + 1, name, n + 1);
    if (lstat(w->done, st) != 0)
        return "cannot be looked at";
    if (!S_ISLNK(st->st_mode))
        return S_ISDIR(st->st_mode) ? folder_untrusted(w, st) : untrusted(st);
    const char *why = above_program(w) ? NULL : untrusted(st);
    if (why)
        return why;
    char link[PATH_MAX];
    memcpy(link, w->done, len + 1 + n + 1);
    w->done[len] = '\0';
    if (follow(w, link))
        return NULL;
    memcpy(w->done, link, sizeof link);
    return "is a link that leads nowhere";
}

bool path_untrusted(const char *path, const char *executable, char *why, size_t size)
{
    struct walk w = {.links = 0};
    struct stat st = {0};
    const char *words = NULL;

    if (*path != '/' ||
        snprintf(w.rest, sizeof w.rest, "%s", path + strspn(path, "/")) >= (int)sizeof w.rest) {
        (void)snprintf(why, size, "its path is no absolute one");
        return true;
    }
    if (!executable || !realpath(executable, w.program))
        w.program[0] = '\0';
    if (stat("/", &st) != 0 || (words = folder_untrusted(&w, &st)) != NULL) {
        (void)snprintf(why, size, "its folder / %s", words ? words : "cannot be looked at");
        return true;
    }
    while (*w.rest && !words)
        words = step(&w, &st);
    if (!words)
        return false;
    if (S_ISREG(st.st_mode))
        (void)snprintf(why, size, "the file %s", words);
    else
        (void)snprintf(why, size, "its %s %s %s", S_ISLNK(st.st_mode) ? "link" : "folder", w.done,
                       words);
    return true;
}
