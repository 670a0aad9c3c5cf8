/* Nameless temporary files (O_TMPFILE, or made and unlinked where the filesystem has none). */
#include "query/tmpfile.h"

#include "base/err.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { BIG_IN_MEMORY = 32 << 20 };

static int open_in(const char *dir)
{
    int fd = open(dir, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0 || errno == ENOENT || errno == EACCES || errno == EROFS)
        return fd;
    A_FREE char *name = mem_printf("%s/allora-XXXXXX", dir);
    if (!name)
        return -1;
    fd = mkostemp(name, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(name);
    return fd;
}

int32_t tmpfile_open(const char *dir, int *ret_fd, allora_error *err)
{
    const char *places[] = {dir, secure_getenv("TMPDIR"), "/var/tmp", "/tmp"};
    int why = ENOENT;

    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        if (!places[i] || !*places[i])
            continue;
        int fd = open_in(places[i]);
        if (fd >= 0) {
            *ret_fd = fd;
            return ALLORA_OK;
        }
        why = errno;
    }
    int32_t status =
        err_set(err, ALLORA_E_CONFIG, "no folder for temporary files: %s", strerror(why));
    err_hint(err, "set TMPDIR to a folder that can be written");
    return status;
}

int32_t tmpfile_write(int fd, const void *p, uint64_t n, uint64_t at, allora_error *err)
{
    const char *from = p;

    while (n > 0) {
        ssize_t done = pwrite(fd, from, n, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            int32_t status = err_set(err, ALLORA_E_CONFIG, "cannot write a temporary file: %s",
                                     strerror(done < 0 ? errno : EIO));
            err_hint(err, "free some space, or set TMPDIR to a folder with more of it");
            return status;
        }
        from += done;
        at += (uint64_t)done;
        n -= (uint64_t)done;
    }
    return ALLORA_OK;
}

int32_t tmpfile_read(int fd, void *p, uint64_t n, uint64_t at, allora_error *err)
{
    char *to = p;

    while (n > 0) {
        ssize_t done = pread(fd, to, n, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return err_set(err, ALLORA_E_INTERNAL, "cannot read a temporary file: %s",
                           strerror(done < 0 ? errno : EIO));
        to += done;
        at += (uint64_t)done;
        n -= (uint64_t)done;
    }
    return ALLORA_OK;
}

int32_t big_alloc(struct big *b, uint64_t size, const char *dir, allora_error *err)
{
    int fd;

    *b = (struct big){NULL, size, 0};
    if (size <= BIG_IN_MEMORY) {
        b->p = mem_zalloc(size ? size : 1);
        return b->p ? ALLORA_OK : err_nomem(err);
    }
    int32_t status = tmpfile_open(dir, &fd, err);
    if (status != ALLORA_OK)
        return status;
    /* posix_fallocate: a full disk is said here, not by SIGBUS later. */
    int why = posix_fallocate(fd, 0, (off_t)size);
    void *p = why ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (p == MAP_FAILED) {
        status = err_set(err, ALLORA_E_CONFIG, "cannot make a temporary file of %llu MB: %s",
                         (unsigned long long)(size >> 20), strerror(why ? why : errno));
        err_hint(err, "free some space, or set TMPDIR to a folder with more of it");
        return status;
    }
    b->p = p;
    b->mapped = 1;
    return ALLORA_OK;
}

void big_free(struct big *b)
{
    if (b->mapped)
        (void)munmap(b->p, b->size);
    else
        free(b->p);
    *b = (struct big){NULL, 0, 0};
}
