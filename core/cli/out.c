#include "cli/out.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "cli/progress.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { FLUSH_BYTES = 32 * 1024, FLUSH_US = 100 * 1000 };

void out_init(struct out *o, const struct term *term, bool may_page)
{
    *o = (struct out){.held = BUF((size_t)64 << 20), .term = term, .fd = STDOUT_FILENO};
    o->may_page = may_page && term->out_tty;
}

static void push(struct out *o)
{
    if (o->held.len && !o->stopped) {
        if (o->term->out_tty)
            progress_pause();
        int rc = fs_write_all(o->fd, o->held.ptr, o->held.len);
        if (o->term->out_tty)
            progress_resume();
        if (rc) {
            o->stopped = true;
            if (rc != -EPIPE)
                o->error = -rc;
        }
    }
    buf_reset(&o->held);
    o->flushed_us = clock_mono_us();
}

/* How many lines the terminal will use.  Bytes stand in for columns: a line guessed too long only
 * pages a little early. */
static void count_lines(struct out *o, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n' || ++o->column > o->term->columns) {
            o->lines++;
            o->column = p[i] != '\n';
        } else if (((unsigned char)p[i] & 0xc0) == 0x80) {
            o->column--;
        }
    }
}

static void maybe_page(struct out *o)
{
    if (o->lines < o->term->rows)
        return;
    o->may_page = false;
    progress_pause();
    o->pager = pager_start(&o->fd);
    if (!o->pager)
        progress_resume();
    push(o);
}

int32_t out_write(struct out *o, const void *p, size_t n)
{
    if (o->stopped)
        return ALLORA_STOP;
    buf_add(&o->held, p, n);
    if (buf_failed(&o->held)) { /* one piece larger than the buffer may grow */
        o->held.failed = false;
        push(o);
        int rc = o->stopped ? 0 : fs_write_all(o->fd, p, n);
        o->stopped |= rc != 0;
        if (rc && rc != -EPIPE)
            o->error = -rc;
        return o->stopped ? ALLORA_STOP : ALLORA_OK;
    }
    if (o->may_page) {
        count_lines(o, p, n);
        maybe_page(o);
    } else if (o->held.len >= FLUSH_BYTES) {
        push(o);
    }
    return o->stopped ? ALLORA_STOP : ALLORA_OK;
}

int32_t out_flush(struct out *o)
{
    if (!o->may_page && o->held.len &&
        (o->term->out_tty || clock_mono_us() - o->flushed_us > FLUSH_US))
        push(o);
    return o->stopped ? ALLORA_STOP : ALLORA_OK;
}

int32_t out_stream(struct out *o)
{
    o->may_page = false;
    push(o);
    return o->stopped ? ALLORA_STOP : ALLORA_OK;
}

int32_t out_finish(struct out *o, allora_error *err)
{
    push(o);
    buf_done(&o->held);
    if (o->pager) {
        (void)close(o->fd);
        pager_wait(o->pager);
        o->pager = 0;
        o->fd = STDOUT_FILENO;
        progress_resume();
    }
    if (o->error)
        return err_set(err, ALLORA_E_INTERNAL, "cannot write to standard output: %s",
                       strerror(o->error));
    return ALLORA_OK;
}
