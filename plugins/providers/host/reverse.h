/* A file's lines, the last one first, of a file of any length. */
#ifndef HOST_REVERSE_H
#define HOST_REVERSE_H
#include "root.h"
#include <sys/types.h>

enum { REVERSE_SIZE = 64 << 10 };
struct reverse {
    int fd;
    off_t pos;         /* what lies before it is unread */
    size_t start, end; /* what is read and not yet handed out, at the end of buf */
    bool started;
    char buf[REVERSE_SIZE + 1];
};
int reverse_open(struct reverse *v, const struct root *r, const char *path); /* 0 or -errno */
/* NUL-terminated, without newline, valid until the next call; NULL at the beginning of the file.  A
 * line longer than the buffer is left out. */
char *reverse_next(struct reverse *v);
void reverse_close(struct reverse *v);
#endif
