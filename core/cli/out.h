/* Standard output, buffered: one place that notices a full disk, a closed pipe and a reader that
 * has had enough, and that hands over to a pager once there is more than a screenful.  One thread.
 */
#ifndef ALLORA_CLI_OUT_H
#define ALLORA_CLI_OUT_H
#include "base/buf.h"
#include "cli/term.h"
#include <allora/plugin.h>
#include <stdbool.h>
#include <sys/types.h>

struct out {
    struct buf held;
    const struct term *term;
    bool may_page; /* a terminal, a pager is wanted, none runs yet */
    bool stopped;  /* the reader is gone: write no more, which is no error */
    int error;     /* errno of the first failed write */
    int fd;        /* standard output, or the pager's input */
    pid_t pager;   /* 0: none */
    size_t lines;  /* of `held`, as the terminal will count them */
    size_t column;
    int64_t flushed_us;
};
void out_init(struct out *o, const struct term *term, bool may_page);
/* ALLORA_OK, or ALLORA_STOP when nothing further will be read or can be written. */
int32_t out_write(struct out *o, const void *p, size_t n);
static inline int32_t out_buf(struct out *o, const struct buf *b)
{
    return out_write(o, buf_str(b), b->len);
}
/* Lets the person see what there is: on a terminal at once, else every tenth of a second. */
int32_t out_flush(struct out *o);
/* Everything now, without waiting for a screenful that might be paged. */
int32_t out_stream(struct out *o);
/* Writes the rest and waits for the pager.  Fails with words if standard output could not take it
 * all; a reader who left early is no failure. */
int32_t out_finish(struct out *o, allora_error *err);

/* pager.c: splits $PAGER into words (quotes and backslashes as a shell reads them, no expansion)
 * and starts it; returns its pid and the descriptor to write to, or 0 when there is none to start.
 */
pid_t pager_start(int *ret_fd);
void pager_wait(pid_t pid);
/* For the tests: the words of a command line, at most max - 1, NULL behind the last; false when a
 * quote isn't closed. */
bool pager_words(char *line, char **words, size_t max);
#endif
