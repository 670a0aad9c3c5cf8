/* Diagnostics: one line, one write(), whatever the message holds. */
#include "log.h"

#include "fs.h"
#include "str.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

enum { LINE_MAX_BYTES = 4096 };

static _Atomic int32_t threshold = ALLORA_LOG_WARN;
static void (*_Atomic line_hook)(bool before);

void log_set_level(int32_t level)
{
    atomic_store_explicit(&threshold, level, memory_order_relaxed);
}

int32_t log_level(void)
{
    return atomic_load_explicit(&threshold, memory_order_relaxed);
}

void log_set_hook(void (*hook)(bool before))
{
    atomic_store(&line_hook, hook);
}

struct line {
    char text[LINE_MAX_BYTES];
    size_t len;
};

/* Control characters become spaces: a message cannot forge a second line or drive the terminal. */
static void put(struct line *l, const char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t len = utf8_next(p + i, n - i, NULL);
        unsigned char c = (unsigned char)p[i];
        if (l->len + (len ? len : 1) > sizeof l->text - 1)
            return; /* the newline always fits */
        if (len == 0 || c < 0x20 || c == 0x7f)
            l->text[l->len++] = len == 0 ? '?' : ' ';
        else
            memcpy(l->text + l->len, p + i, len), l->len += len;
        i += len ? len : 1;
    }
}

static void put_start(struct line *l, int32_t level, const char *source)
{
    static const char *const names[] = {"trace", "debug", "info", "warning", "error"};
    int32_t known = level < ALLORA_LOG_TRACE   ? ALLORA_LOG_TRACE
                    : level > ALLORA_LOG_ERROR ? ALLORA_LOG_ERROR
                                               : level;

    l->len = 0;
    put(l, "allora: ", 8);
    put(l, names[known], strlen(names[known]));
    put(l, ": ", 2);
    if (source && *source) {
        put(l, source, strlen(source));
        put(l, ": ", 2);
    }
}

static void write_line(struct line *l)
{
    void (*hook)(bool) = atomic_load(&line_hook);

    l->text[l->len++] = '\n';
    if (hook)
        hook(true);
    /* A log that cannot be written has nowhere to say so. */
    (void)fs_write_all(STDERR_FILENO, l->text, l->len);
    if (hook)
        hook(false);
}

void log_msg(int32_t level, const char *source, const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];
    struct line l;
    va_list ap;

    if (level < log_level())
        return;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    put_start(&l, level, source);
    put(&l, text, n < 0 ? 0 : strlen(text));
    write_line(&l);
}

void log_fields(int32_t level, const char *source, allora_str msg, const allora_pair *fields,
                uint32_t n)
{
    struct line l;

    if (level < log_level())
        return;
    put_start(&l, level, source);
    put(&l, msg.ptr, msg.len);
    for (uint32_t i = 0; i < n; i++) {
        put(&l, " ", 1);
        put(&l, fields[i].key.ptr, fields[i].key.len);
        put(&l, "=", 1);
        put(&l, fields[i].val.ptr, fields[i].val.len);
    }
    write_line(&l);
}
