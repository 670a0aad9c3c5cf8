#include "text.h"
#include <string.h>

bool text_skip(const char **p, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(*p, word, n) != 0)
        return false;
    *p += n;
    return true;
}

void text_blanks(const char **p)
{
    while (**p == ' ' || **p == '\t')
        (*p)++;
}

bool text_uint(const char **p, uint64_t *ret)
{
    const char *s = *p;
    uint64_t v = 0;
    if (*s < '0' || *s > '9')
        return false;
    for (; *s >= '0' && *s <= '9'; s++) {
        uint64_t digit = (uint64_t)(*s - '0');
        if (v > (UINT64_MAX - digit) / 10)
            return false;
        v = v * 10 + digit;
    }
    *ret = v;
    *p = s;
    return true;
}

bool text_int(const char **p, int64_t *ret)
{
    const char *s = *p;
    bool negative = *s == '-';
    if (*s == '-' || *s == '+')
        s++;
    uint64_t v;
    if (!text_uint(&s, &v) || v > (uint64_t)INT64_MAX + negative)
        return false;
    /* -(v - 1) - 1 reaches INT64_MIN without overflow */
    *ret = negative && v ? -(int64_t)(v - 1) - 1 : (int64_t)v;
    *p = s;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool text_hex(const char **p, uint64_t *ret)
{
    const char *s = *p;
    uint64_t v = 0;
    int digits = 0;
    for (int d; (d = hex_digit(*s)) >= 0; s++) {
        if (++digits > 16)
            return false;
        v = v << 4 | (uint64_t)d;
    }
    if (!digits)
        return false;
    *ret = v;
    *p = s;
    return true;
}

bool text_real(const char **p, double *ret)
{
    /* One division of two exact numbers gives the double nearest to what is written. */
    const char *s = *p;
    uint64_t digits = 0;
    double unit = 1, rest = 1;
    bool negative = *s == '-';
    if (negative)
        s++;
    if (*s < '0' || *s > '9')
        return false;
    for (; *s >= '0' && *s <= '9'; s++) {
        if (digits < UINT64_C(100000000000000000))
            digits = digits * 10 + (uint64_t)(*s - '0');
        else
            rest *= 10;
    }
    if (s[0] == '.' && s[1] >= '0' && s[1] <= '9') {
        for (s++; *s >= '0' && *s <= '9'; s++) {
            if (digits >= UINT64_C(100000000000000)) /* what a double can't tell apart */
                continue;
            digits = digits * 10 + (uint64_t)(*s - '0');
            unit *= 10;
        }
    }
    double v = (double)digits * rest / unit;
    *ret = negative ? -v : v;
    *p = s;
    return true;
}

bool text_word(const char **p, const char **ret, size_t *ret_len)
{
    const char *s = *p;
    text_blanks(&s);
    const char *start = s;
    while (*s && *s != ' ' && *s != '\t' && *s != '\n')
        s++;
    if (s == start)
        return false;
    *ret = start;
    *ret_len = (size_t)(s - start);
    *p = s;
    return true;
}

bool text_is_number(const char *s)
{
    if (!*s)
        return false;
    while (*s >= '0' && *s <= '9')
        s++;
    return *s == '\0';
}

char *text_field(char **line, char sep)
{
    char *field = *line;
    if (!field)
        return NULL;
    char *cut = strchr(field, sep);
    if (cut)
        *cut++ = '\0';
    *line = cut;
    return field;
}

static bool octal(char c)
{
    return c >= '0' && c <= '7';
}

size_t text_unescape(char *s)
{
    char *out = s;
    for (const char *in = s; *in;) {
        if (in[0] == '\\' && in[1] >= '0' && in[1] <= '3' && octal(in[2]) && octal(in[3])) {
            int byte = (in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0');
            in += 4;
            if (byte)
                *out++ = (char)byte;
        } else {
            *out++ = *in++;
        }
    }
    *out = '\0';
    return (size_t)(out - s);
}

size_t text_trim(char *s, size_t len)
{
    while (len &&
           (s[len - 1] == ' ' || s[len - 1] == '\n' || s[len - 1] == '\t' || s[len - 1] == '\r'))
        len--;
    s[len] = '\0';
    return len;
}

bool text_ends(const char *s, const char *ending)
{
    size_t n = strlen(s), m = strlen(ending);
    return n >= m && memcmp(s + n - m, ending, m) == 0;
}

/* Length of the valid sequence at s, 0 when there is none (RFC 3629: no overlong forms, no
 * surrogates). */
static size_t sequence(const unsigned char *s, size_t len)
{
    unsigned char c = s[0];
    if (c < 0x80)
        return 1;
    size_t n = c >= 0xc2 && c <= 0xdf ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
    if (!n || n > len)
        return 0;
    unsigned char low = 0x80, high = 0xbf;
    if (c == 0xe0)
        low = 0xa0;
    if (c == 0xed)
        high = 0x9f;
    if (c == 0xf0)
        low = 0x90;
    if (c == 0xf4)
        high = 0x8f;
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

bool text_is_utf8(const char *s, size_t len)
{
    const unsigned char *p = (const unsigned char *)s;
    for (size_t i = 0; i < len;) {
        size_t n = sequence(p + i, len - i);
        if (!n)
            return false;
        i += n;
    }
    return true;
}

size_t text_to_utf8(char *dst, const char *s, size_t len)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t out = 0;
    for (size_t i = 0; i < len;) {
        size_t n = sequence(p + i, len - i);
        if (n) {
            memcpy(dst + out, p + i, n);
            out += n;
            i += n;
        } else {
            memcpy(dst + out, "\xef\xbf\xbd", 3);
            out += 3;
            i++;
        }
    }
    return out;
}

int64_t text_days(int64_t year, unsigned month, unsigned day)
{
    /* Counts from March, so that the leap day ends the year (H. Hinnant, "chrono-compatible
     * low-level date algorithms", days_from_civil). */
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * ((int64_t)month + (month > 2 ? -3 : 9)) + 2) / 5 + (int64_t)day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}
