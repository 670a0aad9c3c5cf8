/* The streaming JSON writer. */
#include "jsonw.h"

#include "clock.h"
#include "str.h"

#include <math.h>

static void new_line(struct jsonw *w)
{
    if (w->indent <= 0)
        return;
    buf_addc(w->out, '\n');
    buf_pad(w->out, ' ', (size_t)w->indent * w->depth);
}

/* Whatever must stand before a value: nothing after a key, else a comma. */
static void before_value(struct jsonw *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->depth == 0 || w->depth > JSONW_DEPTH)
        return;
    if (w->has_item[w->depth - 1])
        buf_addc(w->out, ',');
    w->has_item[w->depth - 1] = true;
    new_line(w);
}

static void open_level(struct jsonw *w, char c)
{
    before_value(w);
    buf_addc(w->out, c);
    w->depth++;
    if (w->depth > JSONW_DEPTH)
        w->out->failed = true;
    else
        w->has_item[w->depth - 1] = false;
}

static void close_level(struct jsonw *w, char c)
{
    if (w->depth == 0) {
        w->out->failed = true; /* more ends than beginnings: never hand out such a text */
        return;
    }
    w->depth--;
    if (w->depth < JSONW_DEPTH && w->has_item[w->depth])
        new_line(w);
    buf_addc(w->out, c);
    w->after_key = false;
}

void jw_object(struct jsonw *w)
{
    open_level(w, '{');
}

void jw_end_object(struct jsonw *w)
{
    close_level(w, '}');
}

void jw_array(struct jsonw *w)
{
    open_level(w, '[');
}

void jw_end_array(struct jsonw *w)
{
    close_level(w, ']');
}

static bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
}

static void put_escape(struct buf *b, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    char letter = c == '\n'   ? 'n'
                  : c == '\t' ? 't'
                  : c == '\r' ? 'r'
                  : c == '\b' ? 'b'
                  : c == '\f' ? 'f'
                              : '\0';

    if (c == '"' || c == '\\')
        letter = (char)c;
    if (letter) {
        text[1] = letter;
        buf_add(b, text, 2);
    } else {
        buf_add(b, text, sizeof text);
    }
}

static void put_string(struct buf *b, const char *s, size_t n)
{
    size_t run = 0; /* start of what can be copied as it is */

    buf_addc(b, '"');
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        size_t len = c < 0x80 ? 1 : utf8_next(s + i, n - i, NULL);
        if (len > 0 && !needs_escape(c)) {
            i += len;
            continue;
        }
        buf_add(b, s + run, i - run);
        if (len == 0)
            buf_adds(b, "\xef\xbf\xbd");
        else
            put_escape(b, c);
        run = ++i;
    }
    if (n > run)
        buf_add(b, s + run, n - run);
    buf_addc(b, '"');
}

void jw_key(struct jsonw *w, const char *key)
{
    before_value(w);
    put_string(w->out, key, strlen(key));
    buf_addc(w->out, ':');
    if (w->indent > 0)
        buf_addc(w->out, ' ');
    w->after_key = true;
}

void jw_strn(struct jsonw *w, const char *s, size_t n)
{
    before_value(w);
    put_string(w->out, s, n);
}

void jw_str(struct jsonw *w, const char *s)
{
    if (s)
        jw_strn(w, s, strlen(s));
    else
        jw_null(w);
}

void jw_int(struct jsonw *w, int64_t i)
{
    before_value(w);
    buf_add_int(w->out, i);
}

void jw_uint(struct jsonw *w, uint64_t u)
{
    before_value(w);
    buf_add_uint(w->out, u);
}

void jw_real(struct jsonw *w, double d)
{
    before_value(w);
    if (!isfinite(d))
        buf_adds(w->out, "null");
    else if (d == floor(d) && fabs(d) < 0x1p53 && !(d == 0 && signbit(d)))
        buf_add_int(w->out, (int64_t)d);
    else
        buf_add_real(w->out, d);
}

void jw_bool(struct jsonw *w, bool b)
{
    before_value(w);
    buf_adds(w->out, b ? "true" : "false");
}

void jw_null(struct jsonw *w)
{
    before_value(w);
    buf_adds(w->out, "null");
}

void jw_raw(struct jsonw *w, const char *json, size_t n)
{
    before_value(w);
    buf_add(w->out, json, n);
}

/* Trees are at most JSON_MAX_DEPTH deep when parsed; one built deeper fails the buffer before the
 * stack does. */
void jw_node(struct jsonw *w, const json_node *n)
{
    switch (json_typeof(n)) {
    case JSON_NONE:
    case JSON_NULL:
        jw_null(w);
        break;
    case JSON_BOOL:
        jw_bool(w, json_bool(n, false));
        break;
    case JSON_NUMBER:
        jw_real(w, json_num(n, 0));
        break;
    case JSON_STRING:
        jw_str(w, json_str(n, ""));
        break;
    case JSON_ARRAY:
    case JSON_OBJECT: {
        bool object = json_typeof(n) == JSON_OBJECT;
        open_level(w, object ? '{' : '[');
        json_foreach (child, n) {
            if (buf_failed(w->out))
                break;
            if (object)
                jw_key(w, json_key(child));
            jw_node(w, child);
        }
        close_level(w, object ? '}' : ']');
        break;
    }
    }
}

void jw_value(struct jsonw *w, const allora_value *v)
{
    switch (v->type) {
    case ALLORA_V_BOOL:
        jw_bool(w, v->u.i != 0);
        break;
    case ALLORA_V_INT:
        jw_int(w, v->u.i);
        break;
    case ALLORA_V_REAL:
        jw_real(w, v->u.d);
        break;
    case ALLORA_V_TIME:
        before_value(w);
        buf_addc(w->out, '"');
        time_format(w->out, v->u.i);
        buf_addc(w->out, '"');
        break;
    case ALLORA_V_TEXT:
        jw_strn(w, v->u.p, v->len);
        break;
    case ALLORA_V_JSON:
        if (v->len > 0)
            jw_raw(w, v->u.p, v->len);
        else
            jw_null(w);
        break;
    case ALLORA_V_LIST:
        jw_array(w);
        for (uint32_t i = 0; i < v->len; i++)
            jw_value(w, &v->u.list[i]);
        jw_end_array(w);
        break;
    default:
        jw_null(w);
        break;
    }
}

void jw_kstr(struct jsonw *w, const char *key, const char *s)
{
    jw_key(w, key);
    jw_str(w, s);
}

void jw_kint(struct jsonw *w, const char *key, int64_t i)
{
    jw_key(w, key);
    jw_int(w, i);
}

void jw_kbool(struct jsonw *w, const char *key, bool b)
{
    jw_key(w, key);
    jw_bool(w, b);
}
