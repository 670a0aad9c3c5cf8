/* Temporary files that have no name, and arrays that live in one when they are large. */
#ifndef ALLORA_QUERY_TMPFILE_H
#define ALLORA_QUERY_TMPFILE_H
#include <allora/plugin.h>
#include <stddef.h>

/* In dir, else $TMPDIR, /var/tmp, /tmp.  Close it to free its space. */
int32_t tmpfile_open(const char *dir, int *ret_fd, allora_error *err);
int32_t tmpfile_write(int fd, const void *p, uint64_t n, uint64_t at, allora_error *err);
int32_t tmpfile_read(int fd, void *p, uint64_t n, uint64_t at, allora_error *err);

struct big { /* zeroed memory; from a temporary file when it is large, so that the kernel may write
                it out */
    void *p;
    uint64_t size;
    int mapped;
};
int32_t big_alloc(struct big *b, uint64_t size, const char *dir, allora_error *err);
void big_free(struct big *b);
#endif
