#include "reverse.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

int reverse_open(struct reverse *v, const struct root *r, const char *path)
{
    struct stat st;
    v->started = false;
    v->start = v->end = REVERSE_SIZE;
    v->fd = root_open_file(r, path);
    if (v->fd < 0)
        return v->fd;
    int rc = fstat(v->fd, &st) ? -errno : S_ISREG(st.st_mode) ? 0 : -EINVAL;
    v->pos = rc ? 0 : st.st_size;
    if (rc)
        reverse_close(v);
    return rc;
}

void reverse_close(struct reverse *v)
{
    if (v->fd >= 0)
        (void)close(v->fd);
    v->fd = -1;
}

/* Reads what precedes, as much as fits; false when nothing does or nothing is left. */
static bool fill(struct reverse *v)
{
    if (v->end < REVERSE_SIZE) { /* keep the unread text at the end */
        size_t n = v->end - v->start;
        memmove(v->buf + REVERSE_SIZE - n, v->buf + v->start, n);
        v->end = REVERSE_SIZE;
        v->start = REVERSE_SIZE - n;
    }
    size_t n = v->pos < (off_t)v->start ? (size_t)v->pos : v->start;
    size_t got = 0;
    while (got < n) {
        ssize_t k = pread(v->fd, v->buf + v->start - n + got, n - got, v->pos - (off_t)(n - got));
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0) { /* truncated meanwhile: what was left of it is gone */
            v->pos = 0;
            return false;
        }
        got += (size_t)k;
    }
    v->pos -= (off_t)n;
    v->start -= n;
    return n > 0;
}

char *reverse_next(struct reverse *v)
{
    bool skip = false;
    for (;;) {
        char *newline =
            v->end > v->start ? memrchr(v->buf + v->start, '\n', v->end - v->start) : NULL;
        if (!newline) {
            if (v->start == 0 &&
                v->end == REVERSE_SIZE) { /* a line that doesn't fit: drop what is here of it */
                skip = true;
                v->start = v->end = REVERSE_SIZE;
            }
            if (v->pos > 0 && fill(v))
                continue;
            if (v->start == v->end || skip)
                return NULL;
        }
        char *line = newline ? newline + 1 : v->buf + v->start;
        char *end = v->buf + v->end;
        v->end = newline ? (size_t)(newline - v->buf) : v->start;
        bool after_last =
            !v->started && line == end; /* the newline that ends the file starts no line */
        v->started = true;
        if (after_last || skip) {
            skip = false;
            continue;
        }
        *end = '\0';
        return line;
    }
}
