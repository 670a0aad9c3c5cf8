/* Writing YAML that any 1.1 or 1.2 reader takes back as the same value.  Works on JSON text rather
 * than on a tree, so that a 64-bit number keeps every digit. */
#include "base/json_scan.h"
#include "base/str.h"
#include "cli/format.h"
#include <ctype.h>

/* Words and shapes that some reader takes for something other than a string: null, booleans,
 * numbers, times.  Only a text that begins with a letter, holds nothing but letters, digits, '_',
 * '-', '.', '/' and inner spaces, and is none of the words is plain. */
static bool is_plain(const char *p, size_t n)
{
    static const char *const words[] = {"null", "true", "false", "yes", "no",
                                        "on",   "off",  "y",     "n"};
    if (!n || n > 200 || !isalpha((unsigned char)p[0]))
        return false;
    for (size_t i = 0; i < n; i++) {
        bool inner_space = p[i] == ' ' && i + 1 < n && p[i + 1] != ' ';
        if (!isalnum((unsigned char)p[i]) && !strchr("_-./", p[i]) && !inner_space)
            return false;
        if (!p[i])
            return false;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (n == strlen(words[i])) {
            size_t k = 0;
            while (k < n && tolower((unsigned char)p[k]) == words[i][k])
                k++;
            if (k == n)
                return false;
        }
    }
    return true;
}

/* One character inside double quotes.  Raw where YAML calls it printable. */
static void quoted_char(struct buf *b, const char *p, size_t len, uint32_t c)
{
    if (c == '"' || c == '\\')
        buf_addf(b, "\\%c", (int)c);
    else if (c == '\n')
        buf_adds(b, "\\n");
    else if (c == '\t')
        buf_adds(b, "\\t");
    else if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        buf_addf(b, "\\x%02x", (unsigned)c);
    else if (c == 0x2028 || c == 0x2029 || c == 0xfeff || c == 0xfffe || c == 0xffff)
        buf_addf(b, "\\u%04x", (unsigned)c);
    else if (p)
        buf_add(b, p, len);
    else
        buf_addf(b, c > 0xffff ? "\\U%08x" : "\\u%04x", (unsigned)c);
}

void yaml_put_string(struct buf *b, const char *p, size_t n)
{
    if (is_plain(p, n)) {
        buf_add(b, p, n);
        return;
    }
    buf_addc(b, '"');
    for (size_t i = 0; i < n;) {
        uint32_t c;
        size_t len = utf8_next(p + i, n - i, &c);
        if (len)
            quoted_char(b, p + i, len, c);
        else
            buf_adds(b, "\xef\xbf\xbd");
        i += len ? len : 1;
    }
    buf_addc(b, '"');
}

/* \uXXXX at p, with its low surrogate if it has one; *i moves past.  A lone surrogate stands for no
 * character: U+FFFD. */
static uint32_t json_escape(const char *p, size_t n, size_t *i)
{
    int high = json_scan_hex(p + *i, n - *i);
    *i += 6;
    if (high < 0xd800 || high > 0xdfff)
        return high < 0 ? 0xfffd : (uint32_t)high;
    if (high < 0xdc00 && n - *i >= 6 && p[*i] == '\\' && p[*i + 1] == 'u') {
        int low = json_scan_hex(p + *i, n - *i);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *i += 6;
            return 0x10000u + (((uint32_t)high - 0xd800u) << 10) + ((uint32_t)low - 0xdc00u);
        }
    }
    return 0xfffd;
}

/* The JSON string token at p[*i] (a quote) as a YAML one; *i moves past its end. */
static void json_string(struct buf *b, const char *p, size_t n, size_t *i)
{
    buf_addc(b, '"');
    for (++*i; *i < n && p[*i] != '"';) {
        uint32_t c;
        if (p[*i] == '\\' && *i + 1 < n && p[*i + 1] == 'u') {
            c = json_escape(p, n, i);
            quoted_char(b, NULL, 0, c);
            continue;
        }
        if (p[*i] == '\\' && *i + 1 < n) {
            static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
            const char *at = strchr(from, p[*i + 1]);
            char plain = at ? to[at - from] : p[*i + 1];
            quoted_char(b, &plain, 1, (unsigned char)plain);
            *i += 2;
            continue;
        }
        size_t len = utf8_next(p + *i, n - *i, &c);
        if (len)
            quoted_char(b, p + *i, len, c);
        *i += len ? len : 1;
    }
    ++*i;
    buf_addc(b, '"');
}

void yaml_put_json(struct buf *b, const char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        if (p[i] == '"') {
            json_string(b, p, n, &i);
        } else {
            if (!strchr(" \t\r\n", p[i]))
                buf_addc(b, p[i]);
            if (p[i] == ':' || p[i] == ',')
                buf_addc(b, ' ');
            i++;
        }
    }
}

/* ---- block style ---- */

struct block {
    struct buf *b;
    const char *p;
    size_t n, i;
};

static void skip(struct block *k)
{
    while (k->i < k->n && strchr(" \t\r\n,:", k->p[k->i]))
        k->i++;
}

static void scalar(struct block *k)
{
    if (k->p[k->i] == '"') {
        json_string(k->b, k->p, k->n, &k->i);
        return;
    }
    size_t len = 0;
    while (k->i + len < k->n && !strchr(",]} \t\r\n", k->p[k->i + len]))
        len++;
    buf_add(k->b, k->p + k->i, len);
    k->i += len ? len : 1;
}

/* A key, bare where that is safe. */
static void block_key(struct block *k)
{
    size_t at = k->i + 1, len = 0;
    while (at + len < k->n && k->p[at + len] != '"' && k->p[at + len] != '\\')
        len++;
    if (at + len < k->n && k->p[at + len] == '"' && is_plain(k->p + at, len)) {
        buf_add(k->b, k->p + at, len);
        k->i = at + len + 1;
    } else {
        json_string(k->b, k->p, k->n, &k->i);
    }
}

/* A value whose line already holds "key:" or "-".  `inner` is where its own lines begin.  Depth is
 * what json_scan allowed. */
static void block_value(struct block *k, size_t inner, bool after_dash)
{
    skip(k);
    char open = k->i < k->n ? k->p[k->i] : '\0', close = open == '{' ? '}' : ']';
    if (open != '{' && open != '[') {
        buf_addc(k->b, ' ');
        if (open)
            scalar(k);
        buf_addc(k->b, '\n');
        return;
    }
    k->i++;
    skip(k);
    if (k->i < k->n && k->p[k->i] == close) {
        buf_adds(k->b, open == '{' ? " {}\n" : " []\n");
        k->i++;
        return;
    }
    for (bool first = true; k->i < k->n && k->p[k->i] != close; first = false) {
        if (first && after_dash) {
            buf_addc(k->b, ' ');
        } else {
            if (first)
                buf_addc(k->b, '\n');
            buf_pad(k->b, ' ', inner);
        }
        if (open == '{') {
            block_key(k);
            buf_addc(k->b, ':');
            block_value(k, inner + 2, false);
        } else {
            buf_addc(k->b, '-');
            block_value(k, inner + 2, true);
        }
        skip(k);
    }
    k->i++;
}

void yaml_put_document(struct buf *b, const char *p, size_t n)
{
    struct buf text = BUF((size_t)64 << 20);
    struct block k = {.b = &text, .p = p, .n = n};
    block_value(&k, 0, false);
    /* The top level stands on no line of its own: drop what separates it from one. */
    const char *s = buf_str(&text);
    size_t lead = s[0] == '\n' || s[0] == ' ' ? 1 : 0;
    buf_add(b, s + lead, text.len - lead);
    if (buf_failed(&text))
        b->failed = true;
    buf_done(&text);
}
