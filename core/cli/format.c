#include "cli/format.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/json_scan.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "base/value.h"
#include <ctype.h>

enum { LINE_MAX_BYTES = 64 << 20 };

/* ---- column heads ---- */

static bool taken(const struct heads *h, uint32_t n, const char *name)
{
    for (uint32_t i = 0; i < n; i++) {
        if (streq(h->list[i].name, name))
            return true;
    }
    return false;
}

int32_t heads_init(struct heads *h, const allora_column *const *columns, uint32_t n)
{
    *h = (struct heads){.n = n};
    arena_init(&h->mem, 0);
    h->list = arena_array(&h->mem, n ? n : 1, sizeof(*h->list));
    for (uint32_t i = 0; h->list && i < n; i++) {
        struct head *c = &h->list[i];
        const char *name = columns[i]->name ? columns[i]->name : "";
        c->type = columns[i]->type;
        c->unit = columns[i]->unit ? arena_strdup(&h->mem, columns[i]->unit) : NULL;
        c->name = arena_strdup(&h->mem, name);
        for (uint32_t k = 2; c->name && taken(h, i, c->name); k++)
            c->name = arena_printf(&h->mem, "%s_%u", name, k);
        if (!c->name)
            return ALLORA_E_NOMEM;
    }
    return h->list ? ALLORA_OK : ALLORA_E_NOMEM;
}

int32_t heads_number(struct heads *h, uint32_t n)
{
    *h = (struct heads){.n = n};
    arena_init(&h->mem, 0);
    h->list = arena_array(&h->mem, n ? n : 1, sizeof(*h->list));
    for (uint32_t i = 0; h->list && i < n; i++) {
        h->list[i].name = arena_printf(&h->mem, "column%u", i + 1);
        if (!h->list[i].name)
            return ALLORA_E_NOMEM;
    }
    return h->list ? ALLORA_OK : ALLORA_E_NOMEM;
}

void heads_done(struct heads *h)
{
    arena_done(&h->mem);
    *h = (struct heads){0};
}

/* ---- JSON ---- */

static bool is_json(const char *p, size_t n)
{
    struct json_scan scan = {.text = p, .len = n};
    return n > 0 && json_scan(&scan);
}

void format_json_compact(struct buf *b, const char *p, size_t n)
{
    bool in_string = false;
    size_t run = 0;
    for (size_t i = 0; i < n; i++) {
        if (in_string && p[i] == '\\') {
            i++;
        } else if (p[i] == '"') {
            in_string = !in_string;
        } else if (!in_string && strchr(" \t\r\n", p[i])) {
            buf_add(b, p + run, i - run);
            run = i + 1;
        }
    }
    buf_add(b, p + run, n - run);
}

void format_json_value(struct jsonw *w, const allora_value *v)
{
    if (v->type != ALLORA_V_JSON || !v->len) {
        jw_value(w, v);
    } else if (is_json(v->u.p, v->len)) {
        jw_raw(w, "", 0);
        format_json_compact(w->out, v->u.p, v->len);
    } else {
        jw_strn(w, v->u.p, v->len);
    }
}

static void json_row(struct format *f, const allora_value *cells, uint32_t n)
{
    struct jsonw w = JSONW(&f->line);
    if (f->kind == OUTPUT_JSON)
        buf_adds(&f->line, f->n_rows ? ",\n" : "[\n");
    jw_object(&w);
    for (uint32_t i = 0; i < f->heads->n; i++) {
        jw_key(&w, f->heads->list[i].name);
        if (i < n)
            format_json_value(&w, &cells[i]);
        else
            jw_null(&w);
    }
    jw_end_object(&w);
    if (f->kind == OUTPUT_NDJSON)
        buf_addc(&f->line, '\n');
}

/* ---- YAML ---- */

static void yaml_value(struct buf *b, const allora_value *v)
{
    struct jsonw w = JSONW(b);
    if (v->type == ALLORA_V_TEXT)
        yaml_put_string(b, v->u.p, v->len);
    else if (v->type == ALLORA_V_JSON && is_json(v->u.p, v->len))
        yaml_put_json(b, v->u.p, v->len);
    else if (v->type == ALLORA_V_JSON && v->len)
        yaml_put_string(b, v->u.p, v->len);
    else
        jw_value(&w, v);
}

static void yaml_row(struct format *f, const allora_value *cells, uint32_t n)
{
    static const allora_value null = {.type = ALLORA_V_NULL};
    for (uint32_t i = 0; i < f->heads->n; i++) {
        const char *name = f->heads->list[i].name;
        buf_adds(&f->line, i ? "  " : "- ");
        yaml_put_string(&f->line, name, strlen(name));
        buf_adds(&f->line, ": ");
        yaml_value(&f->line, i < n ? &cells[i] : &null);
        buf_addc(&f->line, '\n');
    }
    if (!f->heads->n)
        buf_adds(&f->line, "- {}\n");
}

/* ---- CSV (RFC 4180: CRLF, quotes doubled) ---- */

static void repaired(struct buf *b, const char *p, size_t n)
{
    size_t run = 0;
    for (size_t i = 0; i < n;) {
        size_t len = utf8_next(p + i, n - i, NULL);
        if (len && p[i]) {
            i += len;
            continue;
        }
        buf_add(b, p + run, i - run);
        buf_adds(b, "\xef\xbf\xbd");
        run = ++i;
    }
    buf_add(b, p + run, n - run);
}

void format_csv_field(struct buf *b, const char *p, size_t n)
{
    bool quote = n == 0; /* an empty text is "", NULL is nothing at all */
    for (size_t i = 0; i < n && !quote; i++)
        quote = p[i] == '"' || p[i] == ',' || p[i] == '\n' || p[i] == '\r';
    quote = quote || p[0] == ' ' || p[n - 1] == ' ';
    if (!quote) {
        repaired(b, p, n);
        return;
    }
    buf_addc(b, '"');
    for (size_t i = 0; i < n;) {
        const char *q = memchr(p + i, '"', n - i);
        size_t len = q ? (size_t)(q - p) - i : n - i;
        repaired(b, p + i, len);
        if (q)
            buf_adds(b, "\"\"");
        i += len + (q ? 1 : 0);
    }
    buf_addc(b, '"');
}

static void csv_row(struct format *f, const allora_value *cells, uint32_t n)
{
    A_CLEAN(buf_done) struct buf text = BUF(LINE_MAX_BYTES);
    for (uint32_t i = 0; i < f->heads->n; i++) {
        if (i)
            buf_addc(&f->line, ',');
        if (i >= n || cells[i].type == ALLORA_V_NULL || cells[i].type == ALLORA_V_ABSENT)
            continue;
        buf_reset(&text);
        val_print(&text, &cells[i]);
        format_csv_field(&f->line, buf_str(&text), text.len);
    }
    buf_adds(&f->line, "\r\n");
}

static void csv_head(struct format *f)
{
    for (uint32_t i = 0; i < f->heads->n; i++) {
        const char *name = f->heads->list[i].name;
        if (i)
            buf_addc(&f->line, ',');
        format_csv_field(&f->line, name, strlen(name));
    }
    buf_adds(&f->line, "\r\n");
}

/* ---- Markdown (GitHub's tables) ---- */

/* '_' only means something beside a word's edge; inside host_process it is a letter. */
static bool markdown_special(const char *p, size_t i, size_t n)
{
    if (p[i] == '_')
        return i == 0 || i + 1 == n || !isalnum((unsigned char)p[i - 1]) ||
               !isalnum((unsigned char)p[i + 1]);
    return strchr("\\`*[]|~", p[i]) != NULL;
}

void format_markdown_cell(struct buf *b, const char *p, size_t n)
{
    A_CLEAN(buf_done) struct buf clean = BUF(LINE_MAX_BYTES);
    repaired(&clean, p, n);
    p = buf_str(&clean);
    n = clean.len;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if (c == '\r' && i + 1 < n && p[i + 1] == '\n')
            continue;
        if (c == '\n' || c == '\r')
            buf_adds(b, "<br>");
        else if (c == '<')
            buf_adds(b, "&lt;");
        else if (c == '&')
            buf_adds(b, "&amp;");
        else if (c < 0x20 || c == 0x7f)
            buf_addf(b, "&#x%x;", c == '\t' ? 9u : 0xfffdu);
        else {
            if (markdown_special(p, i, n))
                buf_addc(b, '\\');
            buf_addc(b, (char)c);
        }
    }
}

static bool is_shown(const struct format *f, uint32_t i)
{
    return !f->shown || f->shown[i];
}

static void markdown_head(struct format *f)
{
    for (uint32_t i = 0; i < f->heads->n; i++) {
        const char *name = f->heads->list[i].name;
        if (!is_shown(f, i))
            continue;
        buf_adds(&f->line, "| ");
        format_markdown_cell(&f->line, name, strlen(name));
        buf_addc(&f->line, ' ');
    }
    buf_adds(&f->line, "|\n");
    for (uint32_t i = 0; i < f->heads->n; i++) {
        uint8_t type = f->heads->list[i].type;
        if (is_shown(f, i))
            buf_adds(&f->line, type == ALLORA_V_INT || type == ALLORA_V_REAL ? "|---:" : "|---");
    }
    buf_adds(&f->line, "|\n");
}

static void markdown_row(struct format *f, const allora_value *cells, uint32_t n)
{
    A_CLEAN(buf_done) struct buf text = BUF(LINE_MAX_BYTES);
    for (uint32_t i = 0; i < f->heads->n; i++) {
        if (!is_shown(f, i))
            continue;
        buf_reset(&text);
        if (i < n)
            val_print(&text, &cells[i]);
        buf_adds(&f->line, "| ");
        format_markdown_cell(&f->line, buf_str(&text), text.len);
        buf_addc(&f->line, ' ');
    }
    buf_adds(&f->line, "|\n");
}

/* ---- all of them ---- */

void format_begin(struct format *f, struct out *out, const struct heads *heads,
                  enum output_format kind)
{
    *f = (struct format){
        .out = out, .heads = heads, .kind = kind, .line = BUF(LINE_MAX_BYTES), .shown = f->shown};
    if (kind == OUTPUT_CSV)
        csv_head(f);
    else if (kind == OUTPUT_MARKDOWN)
        markdown_head(f);
    (void)out_buf(out, &f->line);
}

int32_t format_row(struct format *f, const allora_value *cells, uint32_t n)
{
    buf_reset(&f->line);
    if (f->kind == OUTPUT_YAML)
        yaml_row(f, cells, n);
    else if (f->kind == OUTPUT_CSV)
        csv_row(f, cells, n);
    else if (f->kind == OUTPUT_MARKDOWN)
        markdown_row(f, cells, n);
    else
        json_row(f, cells, n);
    f->n_rows++;
    if (buf_failed(&f->line))
        return ALLORA_E_NOMEM;
    int32_t rc = out_buf(f->out, &f->line);
    return rc ? rc : out_flush(f->out);
}

void format_end(struct format *f)
{
    if (f->kind == OUTPUT_JSON)
        (void)out_write(f->out, f->n_rows ? "\n]\n" : "[]\n", 3);
    else if (f->kind == OUTPUT_YAML && !f->n_rows)
        (void)out_write(f->out, "[]\n", 3);
    buf_done(&f->line);
}
