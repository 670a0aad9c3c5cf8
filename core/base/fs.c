/* Files and folders. */
#include "fs.h"

#include "err.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

int fs_write_all(int fd, const void *p, size_t n)
{
    const char *from = p;

    while (n > 0) {
        ssize_t done = write(fd, from, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return -errno;
        from += done;
        n -= (size_t)done;
    }
    return 0;
}

static int32_t errno_error(int number, const char *what, const char *path, allora_error *err)
{
    int32_t code = number == ENOENT || number == ENOTDIR ? ALLORA_E_NOTFOUND
                   : number == ENOMEM                    ? ALLORA_E_NOMEM
                                                         : ALLORA_E_CONFIG;
    char text[128];

    return err_set(err, code, "cannot %s %s: %s", what, path,
                   strerror_r(number, text, sizeof text));
}

int32_t fs_mkdirs(const char *path, mode_t mode, allora_error *err)
{
    A_FREE char *copy = mem_strdup(path);

    if (!copy)
        return err_nomem(err);
    for (char *p = copy; *p;) {
        while (*p == '/')
            p++;
        p += strcspn(p, "/");
        char cut = *p;
        *p = '\0';
        if (*copy && mkdir(copy, mode) != 0) {
            /* Some file systems answer EROFS or EACCES where the folder is there already. */
            int number = errno;
            struct stat st;
            if (stat(copy, &st) != 0)
                return errno_error(number, "create folder", copy, err);
            if (!S_ISDIR(st.st_mode))
                return err_set(err, ALLORA_E_CONFIG,
                               "cannot create folder %s: a file is in the way", copy);
        }
        *p = cut;
    }
    return ALLORA_OK;
}

static int32_t too_large(const char *name, size_t limit, allora_error *err)
{
    return err_set(err, ALLORA_E_ARG, "%s is larger than the %zu bytes allowed", name, limit);
}

static int32_t read_all(int fd, size_t limit, struct buf *out, const char *name, allora_error *err)
{
    char chunk[16384];
    size_t total = 0;

    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno_error(errno, "read", name, err);
        if (n == 0)
            return ALLORA_OK;
        if ((size_t)n > limit - total)
            return too_large(name, limit, err);
        total += (size_t)n;
        if ((size_t)n > out->max || out->len > out->max - (size_t)n)
            return too_large(name, out->max, err);
        buf_add(out, chunk, (size_t)n);
        if (buf_failed(out))
            return err_nomem(err);
    }
}

int32_t fs_read_fd(int fd, size_t limit, struct buf *out, allora_error *err)
{
    return read_all(fd, limit, out, "the input", err);
}

static bool is_readable_kind(const char *path, const struct stat *st)
{
    return S_ISREG(st->st_mode) || S_ISFIFO(st->st_mode) || S_ISSOCK(st->st_mode) ||
           strcmp(path, "/dev/null") == 0;
}

int32_t fs_read(const char *path, size_t limit, struct buf *out, allora_error *err)
{
    struct stat st;

    /* Looked at before it is opened, as opening a device can have effects; and again afterwards, as
     * it may be another. */
    if (stat(path, &st) == 0 && !is_readable_kind(path, &st))
        return err_set(err, ALLORA_E_ARG, "%s is not a regular file", path);
    A_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0)
        return errno_error(errno, "read", path, err);
    if (!is_readable_kind(path, &st))
        return err_set(err, ALLORA_E_ARG, "%s is not a regular file", path);

    return read_all(fd, limit, out, path, err);
}

/* The path with its last symbolic links followed, so that a link to a file is kept and the file
 * replaced. */
static char *real_target(const char *path)
{
    struct stat st;

    if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode)) {
        char *target = realpath(path, NULL);
        if (target)
            return target;
    }
    return mem_strdup(path);
}

static int open_temporary(const char *target, mode_t mode, char **ret_path)
{
    for (int attempt = 0; attempt < 16; attempt++) {
        uint64_t random = 0;
        if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
            return -EIO;
        char *path = mem_printf("%s.%016llx.tmp", target, (unsigned long long)random);
        if (!path)
            return -ENOMEM;
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd >= 0) {
            *ret_path = path;
            return fd;
        }
        int number = errno;
        free(path);
        if (number != EEXIST)
            return -number;
    }
    return -EEXIST;
}

/* A rename is on disk only once its folder is.  File systems that cannot sync folders say EINVAL.
 */
static int sync_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    A_FREE char *folder = !slash          ? mem_strdup(".")
                          : slash == path ? mem_strdup("/")
                                          : mem_strndup(path, (size_t)(slash - path));

    if (!folder)
        return -ENOMEM;
    A_CLOSE int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES ? 0 : -errno; /* a folder may be writable and not readable */
    return fsync(fd) == 0 || errno == EINVAL ? 0 : -errno;
}

static int write_and_rename(int fd, const char *temporary, const char *target, const void *p,
                            size_t n)
{
    int result = fs_write_all(fd, p, n);

    if (result == 0 && fsync(fd) != 0)
        result = -errno;
    if (close(fd) != 0 && result == 0)
        result = -errno;
    if (result == 0 && rename(temporary, target) != 0)
        result = -errno;
    if (result != 0)
        (void)unlink(temporary);
    return result;
}

int32_t fs_write_atomic(const char *path, const void *p, size_t n, mode_t mode, allora_error *err)
{
    A_FREE char *target = real_target(path);
    A_FREE char *temporary = NULL;

    if (!target)
        return err_nomem(err);
    int fd = open_temporary(target, mode, &temporary);
    int result = temporary ? write_and_rename(fd, temporary, target, p, n) : fd;
    if (result == 0)
        result = sync_folder_of(target);
    if (result == 0)
        return ALLORA_OK;

    int32_t code = errno_error(-result, "write", path, err);
    if (result == -ENOSPC || result == -EDQUOT)
        err_hint(err, "free some space on that disk; the old file is untouched");
    return code;
}

static int32_t check_one(const char *path, const char *what, allora_error *err)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return errno_error(errno, "check", path, err);
    if (st.st_uid != 0 && st.st_uid != geteuid()) {
        err_set(err, ALLORA_E_DENIED, "%s%s belongs to user %u, neither root nor you", what, path,
                (unsigned)st.st_uid);
        err_hint(err, "a file that others control is not used; copy it to a place of your own");
        return ALLORA_E_DENIED;
    }
    if (st.st_mode & (S_IWGRP | S_IWOTH)) {
        err_set(err, ALLORA_E_DENIED, "%s%s can be written by others (mode %04o)", what, path,
                (unsigned)(st.st_mode & 07777));
        err_hint(err, "chmod go-w %s", path);
        return ALLORA_E_DENIED;
    }
    return ALLORA_OK;
}

int32_t fs_check_owner(const char *path, allora_error *err)
{
    /* Whoever can change the folder of what a link points to can change the file. */
    A_FREE char *real = realpath(path, NULL);
    if (!real)
        return errno == ENOMEM ? err_nomem(err) : errno_error(errno, "check", path, err);

    int32_t status = check_one(real, "", err);
    if (status != ALLORA_OK)
        return status;
    char *slash = strrchr(real, '/');
    slash[slash == real ? 1 : 0] = '\0';
    return check_one(real, "the folder ", err);
}
