/* Opening and reading below the root, with limits. */
#include "root.h"
#include "text.h"
#include <allora/sdk.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* An absolute path would leave the root fd: "/proc/stat" means "proc/stat". */
static const char *relative(const char *path)
{
    while (*path == '/')
        path++;
    return *path ? path : ".";
}

static int open_below(const struct root *r, const char *path, int flags)
{
    path = relative(path);
    flags |=
        O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY); /* openat2() allows little beside O_PATH */
    int fd;
    do {
        if (r->recorded) {
            struct open_how how = {.flags = (unsigned)flags,
                                   .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
            fd = (int)syscall(SYS_openat2, r->fd, path, &how, sizeof how);
        } else {
            fd = openat(r->fd, path, flags);
        }
    } while (fd < 0 && errno == EINTR);
    return fd < 0 ? -errno : fd;
}

int root_open_file(const struct root *r, const char *path)
{
    /* O_NONBLOCK: a FIFO planted in a recorded tree must not hang the reader. */
    return open_below(r, path, O_RDONLY | O_NONBLOCK);
}

DIR *root_opendir(const struct root *r, const char *path)
{
    int fd = open_below(r, path, O_RDONLY | O_DIRECTORY);
    if (fd < 0) {
        errno = -fd;
        return NULL;
    }
    DIR *dir = fdopendir(fd);
    if (!dir)
        (void)close(fd);
    return dir;
}

long root_readlink(const struct root *r, const char *path, char *buf, size_t size)
{
    long n;
    if (r->recorded) {
        int fd = open_below(r, path, O_PATH | O_NOFOLLOW);
        if (fd < 0)
            return fd;
        n = readlinkat(fd, "", buf, size - 1);
        int saved = errno;
        (void)close(fd);
        errno = saved;
    } else {
        n = readlinkat(r->fd, relative(path), buf, size - 1);
    }
    if (n < 0)
        return -errno;
    buf[n] = '\0';
    return n;
}

int root_stat(const struct root *r, const char *path, bool follow, struct stat *st)
{
    int fd = open_below(r, path, O_PATH | (follow ? 0 : O_NOFOLLOW));
    if (fd < 0)
        return fd;
    int rc = fstat(fd, st) ? -errno : 0;
    (void)close(fd);
    return rc;
}

int64_t root_mtime(const struct root *r, const char *path)
{
    int64_t recorded = 0;
    if (r->recorded)
        return recording_mtime(r->rec, relative(path), &recorded) ? recorded : -ENOENT;
    struct stat st;
    int rc = root_stat(r, path, true, &st);
    return rc ? rc : (int64_t)st.st_mtime;
}

void bytes_free(struct bytes *b)
{
    free(b->p);
    *b = (struct bytes){0};
}

static int bytes_grow(struct bytes *b, size_t cap)
{
    if (cap <= b->cap)
        return 0;
    char *p = realloc(b->p, cap);
    if (!p)
        return -ENOMEM;
    b->p = p;
    b->cap = cap;
    return 0;
}

int root_read(const struct root *r, const char *path, struct bytes *buf, size_t limit)
{
    buf->len = 0;
    buf->truncated = false;
    int rc = bytes_grow(buf, 4096);
    if (rc)
        return rc;
    buf->p[0] = '\0';
    int fd = root_open_file(r, path);
    if (fd < 0)
        return fd;
    for (;;) {
        /* One byte stays for the terminator and one read past the limit shows truncation. */
        if (buf->len + 1 == buf->cap && (rc = bytes_grow(buf, buf->cap * 2)) != 0)
            break;
        ssize_t n = read(fd, buf->p + buf->len, buf->cap - buf->len - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = -errno;
        if (n <= 0)
            break;
        buf->len += (size_t)n;
        if (buf->len > limit) {
            buf->len = limit;
            buf->truncated = true;
            break;
        }
    }
    (void)close(fd);
    buf->p[buf->len] = '\0';
    return rc;
}

int64_t root_now_us(const struct root *r)
{
    if (r->recorded)
        return recording_now_us(r->rec);
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t root_boot_time(const struct root *r)
{
    struct lines l;
    int rc = lines_open(&l, r, "proc/stat");
    if (rc)
        return rc;
    int64_t boot = -ENOENT;
    /* The line before it, intr, is long: lines_next() cuts it, and btime still starts a line. */
    for (char *line; (line = lines_next(&l, NULL)) != NULL;) {
        const char *p = line;
        if (text_skip(&p, "btime ")) {
            if (!text_int(&p, &boot))
                boot = -EINVAL;
            break;
        }
    }
    lines_close(&l);
    return boot;
}

int64_t root_uptime_cs(const struct root *r)
{
    struct bytes buf = {0};
    int64_t result = root_read(r, "proc/uptime", &buf, 256);
    if (result == 0) {
        double seconds = 0;
        const char *p = buf.p;
        result =
            text_real(&p, &seconds) && seconds < 1e12 ? (int64_t)(seconds * 100 + 0.5) : -EINVAL;
    }
    bytes_free(&buf);
    return result;
}

int lines_open(struct lines *l, const struct root *r, const char *path)
{
    l->start = l->end = 0;
    l->eof = l->skipping = false;
    l->fd = root_open_file(r, path);
    return l->fd < 0 ? l->fd : 0;
}

void lines_close(struct lines *l)
{
    if (l->fd >= 0)
        (void)close(l->fd);
    l->fd = -1;
}

/* Reads on; false once nothing more comes. */
static bool lines_fill(struct lines *l)
{
    if (l->eof)
        return false;
    if (l->start) {
        memmove(l->buf, l->buf + l->start, l->end - l->start);
        l->end -= l->start;
        l->start = 0;
    }
    ssize_t n;
    do {
        n = read(l->fd, l->buf + l->end, sizeof l->buf - 1 - l->end);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        l->eof = true;
        return false;
    }
    l->end += (size_t)n;
    return true;
}

char *lines_next(struct lines *l, size_t *ret_len)
{
    for (;;) {
        char *start = l->buf + l->start;
        char *newline = memchr(start, '\n', l->end - l->start);
        bool full = !newline && l->start == 0 && l->end == sizeof l->buf - 1;
        if (!newline && !full && lines_fill(l))
            continue;
        if (!newline && l->start == l->end)
            return NULL;
        start = l->buf + l->start;
        char *stop = newline ? newline : l->buf + l->end;
        l->start = newline ? (size_t)(newline + 1 - l->buf) : l->end;
        bool tail = l->skipping;
        l->skipping = full; /* the rest of a cut line is no line of its own */
        if (tail)
            continue;
        *stop = '\0';
        if (ret_len)
            *ret_len = (size_t)(stop - start);
        return start;
    }
}

/* A recorded tree is told by its RECORDING_FILE, so that a mistyped path is an error, not an empty
 * machine. */
static int32_t open_recorded(const char *path, struct root *r, allora_error *err)
{
    r->recorded = true;
    struct bytes text = {0};
    int rc = root_read(r, RECORDING_FILE, &text, ROOT_TABLE_MAX);
    if (rc) {
        bytes_free(&text);
        (void)sdk_fail(err, ALLORA_E_CONFIG,
                       "providers.host.root: %s has no readable " RECORDING_FILE ": %s", path,
                       strerror(-rc));
        sdk_hint(err, "%s",
                 rc == -ENOSYS ? "recorded trees need openat2(), which Linux has since 5.6"
                               : "make a recorded tree with scripts/record-host");
        return ALLORA_E_CONFIG;
    }
    int32_t status = recording_parse(text.p, text.len, &r->rec, err);
    bytes_free(&text);
    if (status)
        return status;
    int64_t ticks = recording_int(r->rec, "clock_ticks", r->ticks);
    int64_t page = recording_int(r->rec, "page_size", r->page_size);
    r->ticks = ticks > 0 && ticks <= 1000000 ? (uint32_t)ticks : r->ticks;
    r->page_size = page > 0 && page <= 1 << 24 ? (uint32_t)page : r->page_size;
    return ALLORA_OK;
}

int32_t root_open(const char *path, struct root *ret, allora_error *err)
{
    struct root r = {.fd = -1, .ticks = 100, .page_size = 4096, .path = "/"};
    bool live = !path || !*path || strcmp(path, "/") == 0;
    if (!live)
        r.path = path;
    r.fd = open(r.path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (r.fd < 0) {
        (void)sdk_fail(err, ALLORA_E_CONFIG, "providers.host.root: cannot open %s: %s", r.path,
                       strerror(errno));
        sdk_hint(
            err,
            "name a folder made with scripts/record-host, or leave it out to read this machine");
        return ALLORA_E_CONFIG;
    }
    if (live) {
        long ticks = sysconf(_SC_CLK_TCK), page = sysconf(_SC_PAGESIZE);
        r.ticks = ticks > 0 ? (uint32_t)ticks : r.ticks;
        r.page_size = page > 0 ? (uint32_t)page : r.page_size;
    } else {
        int32_t status = open_recorded(path, &r, err);
        if (status) {
            root_close(&r);
            return status;
        }
    }
    *ret = r;
    return ALLORA_OK;
}

void root_close(struct root *r)
{
    if (r->fd >= 0)
        (void)close(r->fd);
    recording_free(r->rec);
    *r = (struct root){.fd = -1};
}
