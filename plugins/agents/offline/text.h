/* Text that grows, in malloc's memory; a failure is kept until the end. */
#ifndef OFFLINE_TEXT_H
#define OFFLINE_TEXT_H
#include <stdbool.h>
#include <stddef.h>

struct text {
    char *p; /* NUL-terminated once something was added */
    size_t len, cap;
    bool failed;
};
void text_add(struct text *t, const char *s);
void text_addn(struct text *t, const char *s, size_t n);
__attribute__((format(printf, 2, 3))) void text_addf(struct text *t, const char *fmt, ...);
void text_free(struct text *t);
#endif
