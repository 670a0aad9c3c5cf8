/* A strict RFC 8259 parser: one pass, nodes in a pool, integers exact to 64 bits, raw text kept for
 * nested cells. It is not the core's: plugins carry their own, so that no JSON library crosses the
 * ABI. */
#include "sdk_internal.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 200 };

struct reader {
    const char *begin, *at, *end;
    struct sdk_pool *pool;
    uint32_t flags, depth;
    allora_error *err;
};

static int32_t fail_at(struct reader *r, const char *where, const char *what)
{
    size_t line = 1, column = 1;
    for (const char *p = r->begin; p < where; p++) {
        column++;
        if (*p == '\n') {
            line++;
            column = 1;
        }
    }
    return sdk_fail(r->err, ALLORA_E_ARG, "%zu:%zu: %s", line, column, what);
}

static int32_t no_memory(struct reader *r)
{
    return sdk_fail(r->err, ALLORA_E_NOMEM, "out of memory");
}

static void skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t'))
        r->at++;
}

/* Length of the UTF-8 sequence at p (RFC 3629), 0 when it is none. */
size_t sdk_utf8_length(const unsigned char *p, const unsigned char *end)
{
    if (p[0] < 0x80)
        return 1;
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || (size_t)(end - p) < n)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || /* overlong, surrogates */
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

static bool hex4(const char *p, const char *end, uint32_t *ret)
{
    uint32_t v = 0;
    if (end - p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        uint32_t d = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                     : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                     : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                            : 16;
        if (d == 16)
            return false;
        v = v << 4 | d;
    }
    *ret = v;
    return true;
}

static char *put_utf8(char *o, uint32_t c)
{
    if (c < 0x80) {
        *o++ = (char)c;
    } else if (c < 0x800) {
        *o++ = (char)(0xc0 | c >> 6);
        *o++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *o++ = (char)(0xe0 | c >> 12);
        *o++ = (char)(0x80 | (c >> 6 & 0x3f));
        *o++ = (char)(0x80 | (c & 0x3f));
    } else {
        *o++ = (char)(0xf0 | c >> 18);
        *o++ = (char)(0x80 | (c >> 12 & 0x3f));
        *o++ = (char)(0x80 | (c >> 6 & 0x3f));
        *o++ = (char)(0x80 | (c & 0x3f));
    }
    return o;
}

/* \uXXXX, with its second half where it is a surrogate; r->at stands behind the 'u'. */
static int32_t read_unicode(struct reader *r, char **out)
{
    uint32_t c, low;
    if (!hex4(r->at, r->end, &c))
        return fail_at(r, r->at, "\\u needs four hexadecimal digits");
    r->at += 4;
    bool high = c >= 0xd800 && c < 0xdc00;
    if (high && r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u' &&
        hex4(r->at + 2, r->end, &low) && low >= 0xdc00 && low < 0xe000) {
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        r->at += 6;
    } else if (c >= 0xd800 && c < 0xe000) {
        c = 0xfffd; /* half a pair, as where somebody cut a text: not worth losing the reply for */
    }
    *out = put_utf8(*out, c);
    return ALLORA_OK;
}

static int32_t read_escape(struct reader *r, char **out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    r->at++; /* the backslash */
    if (r->at == r->end)
        return fail_at(r, r->at, "the string does not end");
    char c = *r->at++;
    if (c == 'u')
        return read_unicode(r, out);
    const char *known = memchr(from, c, sizeof from - 1);
    if (!known)
        return fail_at(r, r->at - 1, "unknown escape in a string");
    *(*out)++ = to[known - from];
    return ALLORA_OK;
}

/* From the opening quote; out gets the characters, NUL-terminated. */
static int32_t read_string(struct reader *r, allora_str *out)
{
    const char *start = ++r->at, *close = start;
    while (close < r->end && *close != '"')
        close += *close == '\\' && r->end - close > 1 ? 2 : 1;
    if (close >= r->end)
        return fail_at(r, start - 1, "the string does not end");
    char *text = sdk_pool_get(r->pool, (size_t)(close - start) + 1); /* escapes only shrink */
    if (!text)
        return no_memory(r);
    char *o = text;
    while (r->at < close) {
        unsigned char c = (unsigned char)*r->at;
        if (c == '\\') {
            int32_t st = read_escape(r, &o);
            if (st)
                return st;
            continue;
        }
        if (c < 0x20)
            return fail_at(r, r->at, "control character in a string");
        size_t n = sdk_utf8_length((const unsigned char *)r->at, (const unsigned char *)close);
        if (n == 0)
            return fail_at(r, r->at, "not UTF-8");
        for (; n; n--)
            *o++ = *r->at++;
    }
    *o = 0;
    *out = sdk_str_n(text, (size_t)(o - text));
    r->at = close + 1;
    return ALLORA_OK;
}

static bool digits(struct reader *r)
{
    const char *start = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return r->at > start;
}

static int32_t read_number(struct reader *r, sdk_json *n)
{
    const char *start = r->at;
    bool whole = true;
    if (*r->at == '-')
        r->at++;
    const char *first = r->at;
    if (!digits(r))
        return fail_at(r, start, "no JSON value");
    if (*first == '0' && r->at - first > 1)
        return fail_at(r, first, "a number must not start with 0");
    if (r->at < r->end && *r->at == '.') {
        whole = false;
        r->at++;
        if (!digits(r))
            return fail_at(r, r->at, "digits must follow the point");
    }
    if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
        whole = false;
        r->at++;
        if (r->at < r->end && (*r->at == '+' || *r->at == '-'))
            r->at++;
        if (!digits(r))
            return fail_at(r, r->at, "digits must follow the exponent");
    }
    size_t len = (size_t)(r->at - start);
    char digits_[64], *copy = digits_; /* strtoll and strtod need the NUL */
    if (len >= sizeof digits_ && !(copy = sdk_pool_get(r->pool, len + 1)))
        return no_memory(r);
    memcpy(copy, start, len);
    copy[len] = 0;
    errno = 0;
    n->u.i = whole ? strtoll(copy, NULL, 10) : 0;
    n->type = SDK_INT;
    if (!whole || errno == ERANGE || (n->u.i == 0 && *start == '-')) {
        n->type = SDK_REAL;
        n->u.d = strtod(copy, NULL);
        if (!isfinite(n->u.d))
            return fail_at(r, start, "the number is too big");
    }
    return ALLORA_OK;
}

static int32_t read_word(struct reader *r, sdk_json *n)
{
    static const struct {
        const char *word;
        uint8_t type, value;
    } words[] = {{"null", SDK_NULL, 0}, {"true", SDK_BOOL, 1}, {"false", SDK_BOOL, 0}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t len = strlen(words[i].word);
        if ((size_t)(r->end - r->at) >= len && memcmp(r->at, words[i].word, len) == 0) {
            n->type = words[i].type;
            n->u.i = words[i].value;
            r->at += len;
            return ALLORA_OK;
        }
    }
    return fail_at(r, r->at, "no JSON value");
}

static int32_t read_value(struct reader *r, sdk_json *n);

static int32_t read_key(struct reader *r, const sdk_json *object, sdk_json *child)
{
    skip_space(r);
    if (r->at == r->end || *r->at != '"')
        return fail_at(r, r->at, "a member's name in quotes was expected");
    const char *where = r->at;
    int32_t st = read_string(r, &child->key);
    if (st)
        return st;
    if (r->flags & SDK_JSON_UNIQUE)
        for (const sdk_json *c = object->u.first; c; c = c->next)
            if (c->key.len == child->key.len &&
                memcmp(c->key.ptr, child->key.ptr, child->key.len) == 0)
                return fail_at(r, where, "this name stands twice in one object");
    skip_space(r);
    if (r->at == r->end || *r->at != ':')
        return fail_at(r, r->at, "a colon was expected");
    r->at++;
    return ALLORA_OK;
}

/* An array or object, from its bracket. */
static int32_t read_container(struct reader *r, sdk_json *n)
{
    const char *start = r->at;
    const char close = *start == '{' ? '}' : ']';
    n->type = *start == '{' ? SDK_OBJECT : SDK_ARRAY;
    sdk_json *last = NULL;
    if (++r->depth > MAX_DEPTH)
        return fail_at(r, start, "nested deeper than 200 levels");
    r->at++;
    skip_space(r);
    bool more = r->at < r->end && *r->at != close;
    while (more) {
        sdk_json *child = sdk_pool_get(r->pool, sizeof *child);
        if (!child)
            return no_memory(r);
        memset(child, 0, sizeof *child);
        int32_t st = n->type == SDK_OBJECT ? read_key(r, n, child) : ALLORA_OK;
        if (!st)
            st = read_value(r, child);
        if (st)
            return st;
        if (last)
            last->next = child;
        else
            n->u.first = child;
        last = child;
        n->count++;
        skip_space(r);
        more = r->at < r->end && *r->at == ',';
        r->at += more;
    }
    if (r->at == r->end || *r->at != close)
        return fail_at(r, r->at,
                       close == '}' ? "a comma or } was expected" : "a comma or ] was expected");
    r->at++;
    r->depth--;
    return ALLORA_OK;
}

static int32_t read_any(struct reader *r, sdk_json *n)
{
    switch (*r->at) {
    case '{':
    case '[':
        return read_container(r, n);
    case '"':
        n->type = SDK_STRING;
        return read_string(r, &n->text);
    case 't':
    case 'f':
    case 'n':
        return read_word(r, n);
    default:
        return read_number(r, n);
    }
}

static int32_t read_value(struct reader *r, sdk_json *n)
{
    skip_space(r);
    if (r->at == r->end)
        return fail_at(r, r->at, "the text ends where a value was expected");
    const char *start = r->at;
    int32_t st = read_any(r, n);
    n->source = sdk_str_n(start, (size_t)(r->at - start));
    if (n->type != SDK_STRING)
        n->text = n->source;
    return st;
}

int32_t sdk_json_read(struct sdk_pool *pool, allora_str text, uint32_t flags, const sdk_json **ret,
                      allora_error *err)
{
    if (!text.ptr)
        text = sdk_str("");
    struct reader r = {
        .begin = text.ptr,
        .at = text.ptr,
        .end = text.ptr + text.len,
        .pool = pool,
        .flags = flags,
        .err = err,
    };
    sdk_json *n = sdk_pool_get(pool, sizeof *n);
    if (!n)
        return no_memory(&r);
    memset(n, 0, sizeof *n);
    int32_t st = read_value(&r, n);
    if (st)
        return st;
    skip_space(&r);
    if (r.at != r.end)
        return fail_at(&r, r.at, "something follows the value");
    *ret = n;
    return ALLORA_OK;
}

int32_t sdk_parse(const allora_instance *self, allora_ctx *ctx, allora_str text,
                  const sdk_json **ret, allora_error *err)
{
    struct sdk_pool pool = {.host = sdk_of(self)->host, .ctx = ctx};
    return sdk_json_read(&pool, text, 0, ret, err);
}

/* Behind the value that starts at r->at, which is known to be JSON: brackets and strings are all
 * that matters. */
static void step_over(struct reader *r)
{
    uint32_t depth = 0;
    while (r->at < r->end) {
        char c = *r->at;
        if (depth == 0 && (c == ',' || c == '}'))
            return;
        r->at++;
        if (c == '"') {
            while (r->at < r->end && *r->at != '"')
                r->at += *r->at == '\\' && r->end - r->at > 1 ? 2 : 1;
            r->at += r->at < r->end;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
}

int32_t sdk_json_member_of(const allora_host *host, allora_ctx *ctx, allora_str text,
                           const char *key, const sdk_json **ret, allora_error *err)
{
    struct sdk_pool pool = {.host = host, .ctx = ctx};
    struct reader r = {
        .begin = text.ptr,
        .at = text.ptr,
        .end = text.ptr + text.len,
        .pool = &pool,
        .err = err,
    };
    sdk_json object = {.type = SDK_OBJECT};
    *ret = NULL;
    skip_space(&r);
    if (r.at == r.end || *r.at != '{')
        return fail_at(&r, r.at, "an object was expected");
    do {
        sdk_json *child = sdk_pool_get(&pool, sizeof *child);
        if (!child)
            return no_memory(&r);
        memset(child, 0, sizeof *child);
        r.at++; /* the brace or comma */
        int32_t st = read_key(&r, &object, child);
        if (st)
            return st;
        if (sdk_str_is(child->key, key)) {
            st = read_value(&r, child);
            *ret = st ? NULL : child;
            return st;
        }
        step_over(&r);
    } while (r.at < r.end && *r.at == ',');
    return ALLORA_OK;
}
