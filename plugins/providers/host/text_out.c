#include "text_out.h"
#include "text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void out_add(struct text_out *o, const char *text, size_t n)
{
    if (o->failed)
        return;
    if (o->cap - o->len < n) {
        size_t cap = (o->len + n) * 2 + 64;
        char *p = realloc(o->p, cap);
        if (!p) {
            o->failed = true;
            return;
        }
        o->p = p;
        o->cap = cap;
    }
    memcpy(o->p + o->len, text, n);
    o->len += n;
}

void out_list_open(struct text_out *o)
{
    o->len = 0;
    out_add(o, "[", 1);
}

static void add_char(struct text_out *o, const char *p)
{
    char escape[8];
    unsigned char c = (unsigned char)*p;
    if (c == '"' || c == '\\')
        out_add(o, "\\", 1);
    if (c >= 0x20)
        out_add(o, p, 1);
    else if (snprintf(escape, sizeof escape, "\\u%04x", c) == 6)
        out_add(o, escape, 6);
}

void out_list_text(struct text_out *o, const char *text)
{
    size_t n = strlen(text);
    out_add(o, ",", o->len > 1 ? 1 : 0);
    out_add(o, "\"", 1);
    if (text_is_utf8(text, n)) {
        for (size_t i = 0; i < n; i++)
            add_char(o, text + i);
    } else {
        for (size_t i = 0; i < n; i++) {
            char clean[4];
            size_t m = text_to_utf8(clean, text + i,
                                    1); /* byte by byte: names in Latin-1 lose their accents only */
            if (m == 1)
                add_char(o, clean);
            else
                out_add(o, clean, m);
        }
    }
    out_add(o, "\"", 1);
}

void out_list_close(struct text_out *o)
{
    out_add(o, "]", 1);
}

void out_free(struct text_out *o)
{
    free(o->p);
    *o = (struct text_out){0};
}
