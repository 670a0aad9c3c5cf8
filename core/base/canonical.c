/* Canonical JSON.  Section numbers are those of RFC 8785. */
#include "canonical.h"

#include "json_scan.h"
#include "mem.h"
#include "str.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DIGITS_MAX = 17 }; /* as many tell any two doubles apart */

struct decimal {
    char digits[DIGITS_MAX + 8];
    int n, exponent; /* 0.DIGITS * 10^exponent */
};

/* d to that many significant digits, correctly rounded. */
static void round_to(double d, int n, struct decimal *ret)
{
    char text[40];

    (void)snprintf(text, sizeof text, "%.*e", n - 1, d);
    ret->n = 0;
    const char *p = text;
    for (; *p && *p != 'e'; p++) {
        if (*p >= '0' && *p <= '9' && ret->n < DIGITS_MAX)
            ret->digits[ret->n++] = *p;
    }
    ret->exponent = *p ? (int)strtol(p + 1, NULL, 10) + 1 : 1;
}

static bool reads_back(const struct decimal *decimal, double d)
{
    char text[48];

    (void)snprintf(text, sizeof text, "0.%.*se%d", decimal->n, decimal->digits, decimal->exponent);
    return strtod(text, NULL) == d;
}

/* One unit more in the last digit. */
static void step_up(struct decimal *decimal)
{
    int i = decimal->n - 1;

    while (i >= 0 && decimal->digits[i] == '9')
        decimal->digits[i--] = '0';
    if (i >= 0) {
        decimal->digits[i]++;
    } else {
        decimal->digits[0] = '1';
        decimal->exponent++;
    }
}

/* The fewest digits that read back as d, and of those the nearest.  Above a power of two doubles
 * are twice as far apart as below it, so where the nearest decimal is just too low, the next one up
 * may still do.  Up to 15 digits survive a double, so a normal number whose 15 digits read back has
 * its shortest form in them, but for zeros at the end. */
static void shortest(double d, struct decimal *ret)
{
    for (int n = fabs(d) < 0x1p-1022 ? 1 : 15; n <= DIGITS_MAX; n++) {
        round_to(d, n, ret);
        if (reads_back(ret, d))
            break;
        struct decimal above = *ret;
        step_up(&above);
        if (reads_back(&above, d)) {
            *ret = above;
            break;
        }
    }
    while (ret->n > 1 && ret->digits[ret->n - 1] == '0')
        ret->n--;
}

/* ECMAScript's Number::toString(), its steps 6 to 10 with k = n and n = exponent. */
static void put_decimal(struct buf *out, const struct decimal *d)
{
    int n = d->n, point = d->exponent;

    if (n <= point && point <= 21) {
        buf_add(out, d->digits, (size_t)n);
        buf_pad(out, '0', (size_t)(point - n));
    } else if (0 < point && point <= 21) {
        buf_add(out, d->digits, (size_t)point);
        buf_addc(out, '.');
        buf_add(out, d->digits + point, (size_t)(n - point));
    } else if (-6 < point && point <= 0) {
        buf_adds(out, "0.");
        buf_pad(out, '0', (size_t)-point);
        buf_add(out, d->digits, (size_t)n);
    } else {
        buf_addc(out, d->digits[0]);
        if (n > 1) {
            buf_addc(out, '.');
            buf_add(out, d->digits + 1, (size_t)n - 1);
        }
        buf_addf(out, "e%+d", point - 1);
    }
}

/* 3.2.2.3 */
void canonical_number(struct buf *out, double d)
{
    struct decimal decimal;

    if (!isfinite(d)) {
        out->failed = true;
        return;
    }
    if (d == floor(d) && fabs(d) < 0x1p53) { /* -0 too: it is written as 0 */
        buf_add_int(out, (int64_t)d);
        return;
    }
    if (d < 0)
        buf_addc(out, '-');
    shortest(fabs(d), &decimal);
    put_decimal(out, &decimal);
}

/* 3.2.2.2: what must be escaped is, in its one form, and nothing else. */
static void put_escaped(struct buf *out, unsigned char c)
{
    static const char letters[] = "\bb\tt\nn\ff\rr\"\"\\\\";

    for (const char *p = letters; *p; p += 2) {
        if ((unsigned char)*p == c) {
            const char text[2] = {'\\', p[1]};
            buf_add(out, text, sizeof text);
            return;
        }
    }
    buf_addf(out, "\\u%04x", (unsigned)c);
}

void canonical_string(struct buf *out, const char *s)
{
    size_t n = strlen(s), run = 0;

    buf_addc(out, '"');
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        size_t len = utf8_next(s + i, n - i, NULL);
        if (len > 0 && c >= 0x20 && c != '"' && c != '\\') {
            i += len;
            continue;
        }
        buf_add(out, s + run, i - run);
        if (len == 0)
            buf_adds(out, "\xef\xbf\xbd"); /* only a tree that was not read from text has these */
        else
            put_escaped(out, c);
        run = ++i;
    }
    buf_add(out, s + run, n - run);
    buf_addc(out, '"');
}

/* UTF-8 sorts as code points do, UTF-16 but for those above U+FFFF: their surrogates (0xD800…) come
 * before U+E000 to U+FFFF.  The first bytes tell which is which: 0xF0 and up, 0xEE and 0xEF. */
static int utf16_order(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    unsigned char x = (unsigned char)*a, y = (unsigned char)*b;
    bool x_pair = x >= 0xf0, y_pair = y >= 0xf0;
    if (x_pair != y_pair && x >= 0xee && y >= 0xee)
        return x_pair ? -1 : 1;
    return (x > y) - (x < y);
}

static int by_name(const void *a, const void *b)
{
    return utf16_order(json_key(*(const json_node *const *)a),
                       json_key(*(const json_node *const *)b));
}

static void put_value(struct buf *out, const json_node *n, unsigned depth);

/* 3.2.3 */
static void put_object(struct buf *out, const json_node *object, unsigned depth)
{
    size_t count = json_count(object), i = 0;
    A_FREE const json_node **members = mem_array(count, sizeof(json_node *));

    if (!members) {
        out->failed = true;
        return;
    }
    json_foreach (member, object)
        members[i++] = member;
    qsort(members, count, sizeof *members, by_name);
    buf_addc(out, '{');
    for (i = 0; i < count; i++) {
        if (i)
            buf_addc(out, ',');
        canonical_string(out, json_key(members[i]));
        buf_addc(out, ':');
        put_value(out, members[i], depth);
    }
    buf_addc(out, '}');
}

static void put_array(struct buf *out, const json_node *array, unsigned depth)
{
    buf_addc(out, '[');
    json_foreach (item, array) {
        if (item != json_first(array))
            buf_addc(out, ',');
        put_value(out, item, depth);
    }
    buf_addc(out, ']');
}

static void put_value(struct buf *out, const json_node *n, unsigned depth)
{
    enum json_type type = json_typeof(n);

    if (depth >= JSON_MAX_DEPTH && (type == JSON_OBJECT || type == JSON_ARRAY))
        out->failed = true;
    if (buf_failed(out))
        return;
    switch (type) {
    case JSON_OBJECT:
        put_object(out, n, depth + 1);
        break;
    case JSON_ARRAY:
        put_array(out, n, depth + 1);
        break;
    case JSON_STRING:
        canonical_string(out, json_str(n, ""));
        break;
    case JSON_NUMBER:
        canonical_number(out, json_num(n, 0));
        break;
    case JSON_BOOL:
        buf_adds(out, json_bool(n, false) ? "true" : "false");
        break;
    case JSON_NULL:
        buf_adds(out, "null");
        break;
    case JSON_NONE:
        out->failed = true;
        break;
    }
}

void canonical_write(struct buf *out, const json_node *n)
{
    put_value(out, n, 0);
}
