/* A validating JSON scanner.  It keeps its own stack, so depth costs no C stack, and collects the
 * keys of every open object; when an object ends they are sorted to find duplicates, so a hostile
 * object costs n log n. */
#include "json_scan.h"

#include "mem.h"
#include "str.h"

#include <math.h>
#include <string.h>

struct json_scan_key {
    const char *p;
    size_t n;
    size_t at;  /* offset in the text */
    bool owned; /* p was decoded because the key holds escapes */
};

static bool fail(struct json_scan *s, size_t at, const char *what)
{
    s->at = at;
    s->what = what;
    return false;
}

static bool no_memory(struct json_scan *s)
{
    return fail(s, s->pos, NULL);
}

static int peek(const struct json_scan *s)
{
    return s->pos < s->len ? (unsigned char)s->text[s->pos] : -1;
}

static void skip_space(struct json_scan *s)
{
    while (s->pos < s->len) {
        char c = s->text[s->pos];
        if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
            return;
        s->pos++;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

size_t json_scan_number(const char *p, size_t n)
{
    size_t i = n > 0 && p[0] == '-' ? 1 : 0;

    if (i >= n || !is_digit(p[i]))
        return 0;
    if (p[i++] != '0') {
        while (i < n && is_digit(p[i]))
            i++;
    }
    if (i < n && p[i] == '.') {
        size_t first = ++i;
        while (i < n && is_digit(p[i]))
            i++;
        if (i == first)
            return 0;
    }
    if (i < n && (p[i] == 'e' || p[i] == 'E')) {
        i++;
        if (i < n && (p[i] == '+' || p[i] == '-'))
            i++;
        size_t first = i;
        while (i < n && is_digit(p[i]))
            i++;
        if (i == first)
            return 0;
    }
    return i;
}

int json_scan_hex(const char *p, size_t n)
{
    int value = 0;

    if (n < 6 || p[0] != '\\' || p[1] != 'u')
        return -1;
    for (int i = 2; i < 6; i++) {
        char c = p[i];
        int digit = is_digit(c)            ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static bool scan_number(struct json_scan *s)
{
    size_t start = s->pos;
    size_t n = json_scan_number(s->text + start, s->len - start);

    if (n == 0)
        return fail(s, start, "malformed number");
    s->pos += n;
    int next = peek(s);
    if (next == '.' || next == 'e' || next == 'E' || next == '+' || next == '-' ||
        (next >= '0' && next <= '9'))
        return fail(s, start, "malformed number");
    if (n > JSON_MAX_NUMBER)
        s->has_long_number = true;
    /* Only an exponent or hundreds of digits can leave a double's range. */
    if (n > 300 || memchr(s->text + start, 'e', n) || memchr(s->text + start, 'E', n)) {
        char small[64];
        A_FREE char *large = NULL;
        char *copy = small;
        if (n >= sizeof small) {
            copy = large = mem_alloc(n + 1);
            if (!large)
                return no_memory(s);
        }
        memcpy(copy, s->text + start, n);
        copy[n] = '\0';
        if (isinf(strtod(copy, NULL)))
            return fail(s, start, "number out of range");
    }
    return true;
}

/* After the backslash at s->pos. */
static bool scan_escape(struct json_scan *s)
{
    const char *p = s->text + s->pos;
    size_t left = s->len - s->pos;

    if (left >= 2 && p[1] != '\0' && strchr("\"\\/bfnrt", p[1])) {
        s->pos += 2;
        return true;
    }
    int unit = json_scan_hex(p, left);
    if (unit < 0)
        return fail(s, s->pos, "bad escape in a string");
    s->pos += 6;
    if (unit == 0)
        s->has_nul_escape = true;
    if (unit >= 0xd800 && unit <= 0xdbff) {
        int low = json_scan_hex(p + 6, left - 6);
        if (low >= 0xdc00 && low <= 0xdfff)
            s->pos += 6;
        else
            s->has_lone_surrogate = true;
    } else if (unit >= 0xdc00 && unit <= 0xdfff) {
        s->has_lone_surrogate = true;
    }
    return true;
}

/* A string with its quotes; tells whether it holds escapes. */
static bool scan_string(struct json_scan *s, bool *ret_escapes)
{
    size_t start = s->pos++;

    *ret_escapes = false;
    while (s->pos < s->len) {
        unsigned char c = (unsigned char)s->text[s->pos];
        if (c == '"') {
            s->pos++;
            return true;
        }
        if (c == '\\') {
            *ret_escapes = true;
            if (!scan_escape(s))
                return false;
        } else if (c < 0x20) {
            return fail(s, s->pos, "unescaped control character in a string");
        } else if (c < 0x80) {
            s->pos++;
        } else {
            size_t n = utf8_next(s->text + s->pos, s->len - s->pos, NULL);
            if (n == 0)
                return fail(s, s->pos, "invalid UTF-8");
            s->pos += n;
        }
    }
    return fail(s, start, "string without an end");
}

static size_t put_utf8(char *out, unsigned cp)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xc0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xe0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}

/* Decodes the inside of a valid string; never longer than its text. */
static size_t decode(char *out, const char *p, size_t n)
{
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    size_t len = 0;

    for (size_t i = 0; i < n;) {
        if (p[i] != '\\') {
            out[len++] = p[i++];
        } else if (p[i + 1] != 'u') {
            out[len++] = meanings[strchr(escapes, p[i + 1]) - escapes];
            i += 2;
        } else {
            unsigned cp = (unsigned)json_scan_hex(p + i, n - i);
            int low = cp >= 0xd800 && cp <= 0xdbff ? json_scan_hex(p + i + 6, n - i - 6) : -1;
            i += 6;
            if (low >= 0xdc00 && low <= 0xdfff) {
                cp = 0x10000 + ((cp - 0xd800) << 10) + ((unsigned)low - 0xdc00);
                i += 6;
            } else if (cp == 0 || (cp >= 0xd800 && cp <= 0xdfff)) {
                cp = 0xfffd; /* as json_parse() reads it: keys may only then be equal */
            }
            len += put_utf8(out + len, cp);
        }
    }
    return len;
}

static bool push_key(struct json_scan *s, size_t start, bool escapes)
{
    if (s->n_keys == s->cap_keys) {
        size_t cap = s->cap_keys ? s->cap_keys * 2 : 64;
        struct json_scan_key *keys = mem_resize(s->keys, cap, sizeof *keys);
        if (!keys)
            return no_memory(s);
        s->keys = keys;
        s->cap_keys = cap;
    }

    struct json_scan_key key = {s->text + start + 1, s->pos - start - 2, start, false};
    if (escapes) {
        char *decoded = mem_alloc(key.n);
        if (!decoded)
            return no_memory(s);
        key.n = decode(decoded, key.p, key.n);
        key.p = decoded;
        key.owned = true;
    }
    s->keys[s->n_keys++] = key;
    return true;
}

static void pop_keys(struct json_scan *s, size_t down_to)
{
    while (s->n_keys > down_to) {
        struct json_scan_key *key = &s->keys[--s->n_keys];
        if (key->owned) {
            void *p = (void *)(uintptr_t)key->p;
            free(p);
        }
    }
}

static int key_order(const void *va, const void *vb)
{
    const struct json_scan_key *a = va, *b = vb;

    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    int order = memcmp(a->p, b->p, a->n);
    return order ? order : a->at < b->at ? -1 : 1;
}

static bool same_key(const struct json_scan_key *a, const struct json_scan_key *b)
{
    return a->n == b->n && memcmp(a->p, b->p, a->n) == 0;
}

/* Ends an object: its keys are keys[first..n_keys). */
static bool check_keys(struct json_scan *s, size_t first)
{
    struct json_scan_key *keys = s->keys + first;
    size_t n = s->n_keys - first;

    if (n <= 12) {
        for (size_t i = 1; i < n; i++) {
            for (size_t j = 0; j < i; j++) {
                if (same_key(&keys[i], &keys[j]))
                    return fail(s, keys[i].at, "duplicate key");
            }
        }
    } else {
        qsort(keys, n, sizeof *keys, key_order);
        for (size_t i = 1; i < n; i++) {
            if (same_key(&keys[i], &keys[i - 1]))
                return fail(s, keys[i].at, "duplicate key");
        }
    }
    pop_keys(s, first);
    return true;
}

static bool scan_word(struct json_scan *s)
{
    static const char *const words[] = {"true", "false", "null"};

    for (size_t i = 0; i < 3; i++) {
        size_t n = strlen(words[i]);
        if (s->len - s->pos >= n && memcmp(s->text + s->pos, words[i], n) == 0) {
            s->pos += n;
            return true;
        }
    }
    return fail(s, s->pos, "expected a value");
}

static bool scan_key(struct json_scan *s)
{
    bool escapes;
    size_t start = s->pos;

    if (peek(s) != '"')
        return fail(s, s->pos, "expected a key in double quotes");
    if (!scan_string(s, &escapes) || !push_key(s, start, escapes))
        return false;
    skip_space(s);
    if (peek(s) != ':')
        return fail(s, s->pos, "expected ':' after a key");
    s->pos++;
    return true;
}

struct level {
    bool object;
    size_t first_key;
};

/* One value, or the opening of a container (then *ret_opened, and the next token is its first
 * item). */
static bool scan_value(struct json_scan *s, struct level *levels, size_t *depth, bool *ret_opened)
{
    bool escapes;
    int c = peek(s);

    *ret_opened = false;
    if (c == '"')
        return scan_string(s, &escapes);
    if (c == '-' || (c >= '0' && c <= '9'))
        return scan_number(s);
    if (c != '{' && c != '[')
        return scan_word(s);
    if (*depth == JSON_MAX_DEPTH)
        return fail(s, s->pos, "nested too deeply");

    s->pos++;
    skip_space(s);
    if (peek(s) == (c == '{' ? '}' : ']')) {
        s->pos++;
        return true;
    }
    levels[(*depth)++] = (struct level){c == '{', s->n_keys};
    *ret_opened = true;
    return c == '[' || scan_key(s);
}

/* After a value: closes what ends here, then steps over a comma.  *depth 0 means the text's value
 * is complete. */
static bool scan_after_value(struct json_scan *s, struct level *levels, size_t *depth)
{
    while (*depth > 0) {
        struct level *top = &levels[*depth - 1];

        skip_space(s);
        int c = peek(s);
        if (c == ',') {
            s->pos++;
            skip_space(s);
            return !top->object || scan_key(s);
        }
        if (c != (top->object ? '}' : ']'))
            return fail(s, s->pos, top->object ? "expected ',' or '}'" : "expected ',' or ']'");
        s->pos++;
        if (top->object && !check_keys(s, top->first_key))
            return false;
        --*depth;
    }
    return true;
}

static bool scan_document(struct json_scan *s)
{
    struct level levels[JSON_MAX_DEPTH];
    size_t depth = 0;
    bool opened;

    do {
        skip_space(s);
        if (s->pos == s->len)
            return fail(s, s->pos, "the text ends too early");
        if (!scan_value(s, levels, &depth, &opened))
            return false;
        if (!opened && !scan_after_value(s, levels, &depth))
            return false;
    } while (depth > 0);

    skip_space(s);
    return s->pos == s->len || fail(s, s->pos, "unexpected text after the value");
}

bool json_scan(struct json_scan *s)
{
    bool ok = scan_document(s);

    pop_keys(s, 0);
    free(s->keys);
    s->keys = NULL;
    s->cap_keys = 0;
    return ok;
}
