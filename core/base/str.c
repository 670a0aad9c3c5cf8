/* Strings: comparison, globs, UTF-8, nearest names. */
#include "str.h"

#include <stdint.h>

static unsigned char lower(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 'A' && u <= 'Z' ? (unsigned char)(u + 32) : u;
}

bool streq(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool streq_nocase(const char *a, const char *b)
{
    if (a == b)
        return true;
    if (!a || !b)
        return false;
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

bool str_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

/* Bytes of the character at s, which must not be at its end; invalid UTF-8 counts byte by byte. */
static size_t char_len(const char *s)
{
    size_t n = utf8_next(s, strnlen(s, 4), NULL);
    return n ? n : 1;
}

/* Remembers only the last '*': a later star makes the earlier one's choices irrelevant. */
bool glob_match(const char *glob, const char *s)
{
    const char *star = NULL, *resume = NULL;

    while (*s) {
        if (*glob == '*') {
            star = ++glob;
            resume = s;
        } else if (*glob == '?') {
            glob++;
            s += char_len(s);
        } else if (*glob && *glob == *s) {
            glob++;
            s++;
        } else if (star) {
            glob = star;
            resume += char_len(resume);
            s = resume;
        } else {
            return false;
        }
    }
    while (*glob == '*')
        glob++;
    return *glob == '\0';
}

/* RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
size_t utf8_next(const char *p, size_t n, uint32_t *ret_codepoint)
{
    const unsigned char *s = (const unsigned char *)p;
    size_t len;
    uint32_t cp, least;

    if (n == 0)
        return 0;
    if (s[0] < 0x80) {
        if (ret_codepoint)
            *ret_codepoint = s[0];
        return 1;
    }
    if (s[0] >= 0xc2 && s[0] <= 0xdf) {
        len = 2, cp = s[0] & 0x1fu, least = 0x80;
    } else if ((s[0] & 0xf0) == 0xe0) {
        len = 3, cp = s[0] & 0x0fu, least = 0x800;
    } else if (s[0] >= 0xf0 && s[0] <= 0xf4) {
        len = 4, cp = s[0] & 0x07u, least = 0x10000;
    } else {
        return 0;
    }
    if (n < len)
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        cp = cp << 6 | (s[i] & 0x3fu);
    }
    if (cp < least || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
        return 0;
    if (ret_codepoint)
        *ret_codepoint = cp;
    return len;
}

bool utf8_valid(const char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        if ((unsigned char)p[i] < 0x80) {
            i++;
            continue;
        }
        size_t len = utf8_next(p + i, n - i, NULL);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

enum { DISTANCE_MAX = 64 };

static unsigned min2(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: insert, delete, replace, swap neighbours; three rows suffice. */
unsigned str_distance(const char *a, const char *b)
{
    size_t n = strnlen(a, DISTANCE_MAX), m = strnlen(b, DISTANCE_MAX);
    unsigned rows[3][DISTANCE_MAX + 1];
    unsigned *before = rows[0], *prev = rows[1], *cur = rows[2];

    for (size_t j = 0; j <= m; j++)
        before[j] = prev[j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        cur[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned char x = lower(a[i - 1]), y = lower(b[j - 1]);
            unsigned d = min2(min2(prev[j] + 1, cur[j - 1] + 1), prev[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y)
                d = min2(d, before[j - 2] + 1);
            cur[j] = d;
        }
        unsigned *oldest = before;
        before = prev;
        prev = cur;
        cur = oldest;
    }
    return prev[m];
}

void nearest_init(struct nearest *n, const char *want)
{
    *n = (struct nearest){.want = want};
}

static bool starts_nocase(const char *s, const char *prefix)
{
    while (*prefix && lower(*s) == lower(*prefix)) {
        s++;
        prefix++;
    }
    return *prefix == '\0';
}

void nearest_offer(struct nearest *n, const char *candidate)
{
    enum { KEPT = sizeof n->best / sizeof n->best[0] };

    if (!n->want || !candidate || !*n->want || !*candidate)
        return;
    unsigned d = str_distance(n->want, candidate);
    unsigned allowed = (unsigned)(strnlen(n->want, DISTANCE_MAX) / 3);
    if (d > (allowed ? allowed : 1) && !starts_nocase(candidate, n->want) &&
        !starts_nocase(n->want, candidate))
        return;
    for (unsigned i = 0; i < n->n; i++) {
        if (streq(n->best[i], candidate))
            return;
    }

    unsigned at = n->n;
    while (at > 0 && n->distance[at - 1] > d)
        at--;
    if (at >= KEPT)
        return;
    if (n->n < KEPT)
        n->n++;
    for (unsigned i = n->n - 1; i > at; i--) {
        n->best[i] = n->best[i - 1];
        n->distance[i] = n->distance[i - 1];
    }
    n->best[at] = candidate;
    n->distance[at] = d;
}
