/* Where the host provider reads: this machine, or a recorded tree of another one.
 *
 * Every path is relative to the root ("proc/stat") and is opened through its descriptor; in a
 * recorded tree no symlink and no ".." leads out of it.  Every read has a limit.  Errors are
 * negative errno values. A struct root is read-only once opened, so several threads may share it.
 */
#ifndef HOST_ROOT_H
#define HOST_ROOT_H
#include "recorded.h"
#include <allora/plugin.h>
#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum {
    ROOT_SMALL_MAX = 64 << 10, /* one /proc or /sys file about one thing */
    ROOT_TABLE_MAX = 64 << 20  /* a whole table: passwd, dpkg's status, /proc/net/tcp */
};

struct root {
    int fd;
    bool recorded;         /* a recorded tree: nothing but its files may be asked */
    struct recording *rec; /* what files can't hold; NULL on a live machine */
    uint32_t ticks;        /* clock ticks a second in /proc */
    uint32_t page_size;    /* bytes */
    const char *path;      /* as it was configured; "/" */
};

/* path: NULL or "" or "/" for this machine.  Fails with ALLORA_E_CONFIG where the folder is missing
 * or is no recorded tree. */
int32_t root_open(const char *path, struct root *ret, allora_error *err);
void root_close(struct root *r);

/* A file's content, NUL-terminated, in memory that is reused from read to read.  Start with {0}. */
struct bytes {
    char *p;
    size_t len, cap;
    bool truncated; /* the file was longer than the limit */
};
void bytes_free(struct bytes *b);

/* Reads at most `limit` bytes.  0 or -errno; an empty file is success. */
int root_read(const struct root *r, const char *path, struct bytes *buf, size_t limit);
/* An open descriptor for reading; -errno when it can't be had. */
int root_open_file(const struct root *r, const char *path);
/* NULL and errno when it can't be opened. */
DIR *root_opendir(const struct root *r, const char *path);
/* Length of the link's text, NUL-terminated and cut to size - 1; -errno. */
long root_readlink(const struct root *r, const char *path, char *buf, size_t size);
/* Does not follow a last symlink when `follow` is false.  0 or -errno. */
int root_stat(const struct root *r, const char *path, bool follow, struct stat *st);
/* Modification time in seconds since the epoch, from the recording where it has one; -errno where
 * unknown. */
int64_t root_mtime(const struct root *r, const char *path);
/* Now in microseconds since the epoch: the recording's clock, or this machine's. */
int64_t root_now_us(const struct root *r);
/* When the machine started, seconds since the epoch (btime of /proc/stat); -errno. */
int64_t root_boot_time(const struct root *r);
/* Time since it started, in hundredths of a second, as /proc/uptime counts; -errno. */
int64_t root_uptime_cs(const struct root *r);

/* Line by line through a file of any length.  Start with lines_open(). */
struct lines {
    int fd;
    size_t start, end; /* what is unread in buf */
    bool eof, skipping;
    char buf[ROOT_SMALL_MAX];
};
int lines_open(struct lines *l, const struct root *r, const char *path); /* 0 or -errno */
/* The next line, NUL-terminated, without its newline, valid until the next call; NULL at the end.
 * A line longer than the buffer is cut to what fits. */
char *lines_next(struct lines *l, size_t *ret_len);
void lines_close(struct lines *l);
#endif
