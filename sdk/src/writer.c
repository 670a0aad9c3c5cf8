/* JSON text in a ctx's arena. */
#include "sdk_internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

sdk_writer sdk_writer_begin(const allora_instance *self, allora_ctx *ctx)
{
    return (sdk_writer){.host = sdk_of(self)->host, .ctx = ctx};
}

/* Room for n more bytes and a NUL. */
static char *grow(sdk_writer *w, size_t n)
{
    if (w->failed || n > SIZE_MAX / 4)
        return NULL;
    if (w->cap - w->len <= n) {
        size_t cap = w->cap ? w->cap : 256;
        while (cap - w->len <= n)
            cap *= 2;
        char *text = w->host->alloc(w->ctx, cap);
        if (!text) {
            w->failed = true;
            return NULL;
        }
        if (w->len)
            memcpy(text, w->text, w->len);
        w->text = text;
        w->cap = cap;
    }
    return w->text + w->len;
}

static void put(sdk_writer *w, const char *p, size_t n)
{
    char *at = grow(w, n);
    if (at && n) {
        memcpy(at, p, n);
        w->len += n;
    }
}

static void put_char(sdk_writer *w, unsigned char c)
{
    static const char hex[] = "0123456789abcdef", from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *known = c ? strchr(from, c) : NULL;
    if (known) {
        const char escape[2] = {'\\', to[known - from]};
        put(w, escape, sizeof escape);
    } else if (c < 0x20) {
        const char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        put(w, escape, sizeof escape);
    } else {
        put(w, (const char *)&c, 1);
    }
}

static void put_string(sdk_writer *w, allora_str s)
{
    const unsigned char *p = (const unsigned char *)s.ptr, *end = p + s.len;
    put(w, "\"", 1);
    while (p < end) {
        const unsigned char *plain = p; /* a run that needs nothing is copied at once */
        while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
            p++;
        put(w, (const char *)plain, (size_t)(p - plain));
        if (p == end)
            break;
        size_t n = sdk_utf8_length(p, end);
        if (n == 0) {
            put(w, "\xef\xbf\xbd", 3);
            n = 1;
        } else if (n == 1) {
            put_char(w, *p);
        } else {
            put(w, (const char *)p, n);
        }
        p += n;
    }
    put(w, "\"", 1);
}

/* The comma and the name before a value. */
static void begin_value(sdk_writer *w, const char *key)
{
    if (w->comma)
        put(w, ",", 1);
    w->comma = true;
    if (key) {
        put_string(w, sdk_str(key));
        put(w, ":", 1);
    }
}

void sdk_w_open(sdk_writer *w, const char *key, char bracket)
{
    begin_value(w, key);
    put(w, &bracket, 1);
    w->comma = false;
}

void sdk_w_close(sdk_writer *w, char bracket)
{
    put(w, &bracket, 1);
    w->comma = true;
}

void sdk_w_str(sdk_writer *w, const char *key, allora_str s)
{
    begin_value(w, key);
    put_string(w, s.ptr ? s : sdk_str(""));
}

void sdk_w_json(sdk_writer *w, const char *key, allora_str json)
{
    begin_value(w, key);
    put(w, json.ptr, json.len);
}

void sdk_w_null(sdk_writer *w, const char *key)
{
    sdk_w_json(w, key, sdk_str("null"));
}

void sdk_w_text(sdk_writer *w, const char *key, const char *s)
{
    if (s)
        sdk_w_str(w, key, sdk_str(s));
    else
        sdk_w_null(w, key);
}

void sdk_w_bool(sdk_writer *w, const char *key, bool b)
{
    sdk_w_json(w, key, sdk_str(b ? "true" : "false"));
}

void sdk_w_int(sdk_writer *w, const char *key, int64_t i)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%lld", (long long)i);
    sdk_w_json(w, key, sdk_str(text));
}

void sdk_w_real(sdk_writer *w, const char *key, double d)
{
    char text[32];
    if (!isfinite(d)) {
        sdk_w_null(w, key);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) { /* the shortest that reads back the same */
        (void)snprintf(text, sizeof text, "%.*g", digits, d);
        double back = strtod(text, NULL);
        if (!(back < d) && !(back > d))
            break;
    }
    if (!strpbrk(text, ".e")) /* stays a real for whoever reads it */
        memcpy(text + strlen(text), ".0", 3);
    sdk_w_json(w, key, sdk_str(text));
}

void sdk_w_cell(sdk_writer *w, const char *key, allora_value v)
{
    char time[32];
    switch (v.type) {
    case ALLORA_V_BOOL:
        sdk_w_bool(w, key, v.u.i != 0);
        break;
    case ALLORA_V_INT:
        sdk_w_int(w, key, v.u.i);
        break;
    case ALLORA_V_REAL:
        sdk_w_real(w, key, v.u.d);
        break;
    case ALLORA_V_TIME:
        sdk_format_time(v.u.i, time);
        sdk_w_text(w, key, time);
        break;
    case ALLORA_V_TEXT:
        sdk_w_str(w, key, sdk_str_n(v.u.p, v.len));
        break;
    case ALLORA_V_JSON:
        sdk_w_json(w, key, sdk_str_n(v.u.p, v.len));
        break;
    default:
        sdk_w_null(w, key);
        break;
    }
}

allora_str sdk_w_done(sdk_writer *w)
{
    char *end = grow(w, 0);
    if (!end)
        return sdk_str_n(NULL, 0);
    *end = 0;
    return sdk_str_n(w->text, w->len);
}
