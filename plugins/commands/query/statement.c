#include "query.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1 << 20 };

bool text_add(struct text *t, const char *p, size_t n)
{
    if (n > TEXT_MAX - t->len)
        return false;
    if (t->len + n + 1 > t->cap) {
        size_t cap = (t->len + n + 1) * 2;
        char *more = realloc(t->ptr, cap);
        if (!more)
            return false;
        t->ptr = more;
        t->cap = cap;
    }
    memcpy(t->ptr + t->len, p, n);
    t->len += n;
    t->ptr[t->len] = '\0';
    return true;
}

void text_drop(struct text *t, size_t n)
{
    if (!t->ptr)
        return;
    memmove(t->ptr, t->ptr + n, t->len - n + 1);
    t->len -= n;
}

void text_free(struct text *t)
{
    free(t->ptr);
    *t = (struct text){NULL, 0, 0};
}

/* Past whatever begins at p[i]: a quoted thing, a comment, or one character.  n when it does not
 * end. */
static size_t past(const char *p, size_t n, size_t i)
{
    char close = p[i] == '[' ? ']' : p[i];
    if (strchr("'\"`[", p[i]) && p[i]) {
        for (i++; i < n; i++) {
            if (p[i] != close)
                continue;
            if (close == ']' || i + 1 >= n || p[i + 1] != close)
                return i + 1;
            i++; /* a doubled quote is one inside */
        }
        return n + 1;
    }
    if (p[i] == '-' && i + 1 < n && p[i + 1] == '-') {
        while (i < n && p[i] != '\n')
            i++;
        return i;
    }
    if (p[i] == '/' && i + 1 < n && p[i + 1] == '*') {
        for (i += 2; i + 1 < n; i++) {
            if (p[i] == '*' && p[i + 1] == '/')
                return i + 2;
        }
        return n + 1;
    }
    return i + 1;
}

size_t statement_end(const char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        if (p[i] == ';')
            return i + 1;
        size_t next = past(p, n, i);
        if (next > n)
            return 0;
        i = next > i ? next : i + 1;
    }
    return 0;
}

bool statement_empty(const char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        bool comment = (p[i] == '-' && i + 1 < n && p[i + 1] == '-') ||
                       (p[i] == '/' && i + 1 < n && p[i + 1] == '*');
        if (!comment && !isspace((unsigned char)p[i]) && p[i] != ';')
            return false;
        size_t next = past(p, n, i);
        if (next > n)
            return false;
        i = next > i ? next : i + 1;
    }
    return true;
}
