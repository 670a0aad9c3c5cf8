/* What a secret's reference refers to.  Nothing here puts a value into an error. */
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SECRET_MAX = 64 << 10 };

static int32_t unusable(const char *reference, const char *words, const char *hint,
                        allora_error *err)
{
    int32_t rc = err_set(err, ALLORA_E_CONFIG, "%s: %s", reference, words);
    err_hint(err, "%s", hint);
    return rc;
}

static int32_t from_environment(const char *reference, struct arena *mem, allora_str *ret,
                                allora_error *err)
{
    const char *value = getenv(reference + strlen("env:"));

    if (!value || !*value)
        return unusable(reference, value ? "that variable is empty" : "that variable is not set",
                        "set it where allora is started from", err);
    char *copy = arena_strdup(mem, value);
    if (!copy)
        return err_nomem(err);
    *ret = str_of(copy);
    return ALLORA_OK;
}

/* ~/ is the home folder; anything relative would depend on where allora is started. */
static int32_t path_of(const char *reference, char **ret, allora_error *err)
{
    const char *path = reference + strlen("file:");
    const char *home = secure_getenv("HOME");

    if (str_starts(path, "~/") && home && *home == '/')
        *ret = mem_printf("%s%s", home, path + 1);
    else if (*path == '/')
        *ret = mem_strdup(path);
    else
        return unusable(reference, "is not an absolute path", "begin it with / or ~/", err);
    return *ret ? ALLORA_OK : err_nomem(err);
}

static int32_t check_file(const char *reference, const struct stat *st, allora_error *err)
{
    if (!S_ISREG(st->st_mode))
        return unusable(reference, "is not a regular file", "", err);
    if (st->st_uid != geteuid())
        return unusable(reference, "belongs to somebody else", "make a copy of your own, mode 0600",
                        err);
    if (st->st_mode & 077) {
        int32_t rc = err_set(err, ALLORA_E_CONFIG, "%s: others may read or change it (mode %04o)",
                             reference, (unsigned)(st->st_mode & 07777));
        err_hint(err, "chmod 600 %s", reference + strlen("file:"));
        return rc;
    }
    if (st->st_size > SECRET_MAX)
        return unusable(reference, "is larger than 64 KiB", "", err);
    return ALLORA_OK;
}

/* Into the arena directly: a copy elsewhere would have to be wiped too. */
static int32_t read_all(int fd, const char *reference, struct arena *mem, allora_str *ret,
                        allora_error *err)
{
    char *to = arena_alloc(mem, SECRET_MAX + 2);
    size_t n = 0;

    if (!to)
        return err_nomem(err);
    while (n <= SECRET_MAX) {
        ssize_t got = read(fd, to + n, SECRET_MAX + 1 - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return unusable(reference, "cannot be read", "", err);
        if (got == 0)
            break;
        n += (size_t)got;
    }
    if (n > SECRET_MAX)
        return unusable(reference, "is larger than 64 KiB", "", err);
    n -= n > 0 && to[n - 1] == '\n';
    n -= n > 0 && to[n - 1] == '\r';
    to[n] = '\0';
    if (n == 0)
        return unusable(reference, "is empty", "", err);
    if (strlen(to) != n || !utf8_valid(to, n))
        return unusable(reference, "does not hold text", "", err);
    *ret = (allora_str){to, n};
    return ALLORA_OK;
}

static int32_t from_file(const char *reference, struct arena *mem, allora_str *ret,
                         allora_error *err)
{
    A_FREE char *path = NULL;
    int32_t rc = path_of(reference, &path, err);
    if (rc)
        return rc;
    struct stat st;
    char text[128];
    A_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0)
        return unusable(reference, strerror_r(errno, text, sizeof text), "", err);
    rc = check_file(reference, &st, err);
    return rc ? rc : read_all(fd, reference, mem, ret, err);
}

int32_t config_secret(const char *reference, struct arena *mem, allora_str *ret, allora_error *err)
{
    const char *words, *advice;

    if (!config_is_reference(reference, &words, &advice)) {
        int32_t rc = err_set(err, ALLORA_E_CONFIG, "the setting %s", words);
        err_hint(err, "%s", advice);
        return rc;
    }
    mem->wipe = true;
    return str_starts(reference, "env:") ? from_environment(reference, mem, ret, err)
                                         : from_file(reference, mem, ret, err);
}
