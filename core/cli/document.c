/* A RESULT document for people: names and values, nested by indentation, lists of flat objects as
 * small tables. */
#include "base/jsonw.h"
#include "base/str.h"
#include "base/value.h"
#include "cli/cell.h"
#include "cli/render_internal.h"
#include "cli/text.h"

enum { DOCUMENT_TEXT_MAX = 64 << 20, DOCUMENT_COLUMNS = 32, VALUE_MAX = 1 << 20 };

static bool is_scalar(const json_node *n)
{
    enum json_type t = json_typeof(n);
    return t != JSON_ARRAY && t != JSON_OBJECT;
}

static bool all_scalars(const json_node *list)
{
    json_foreach (item, list) {
        if (!is_scalar(item))
            return false;
    }
    return true;
}

/* Fits behind its name: a value, or a list of values. */
static bool is_inline(const json_node *n)
{
    return is_scalar(n) || (json_typeof(n) == JSON_ARRAY && all_scalars(n));
}

static bool flat_objects(const json_node *list)
{
    json_foreach (item, list) {
        if (json_typeof(item) != JSON_OBJECT || json_count(item) > DOCUMENT_COLUMNS)
            return false;
        json_foreach (member, item) {
            if (!is_inline(member))
                return false;
        }
    }
    return json_count(list) > 0;
}

static void put_scalar(struct buf *b, const json_node *n)
{
    const char *s = json_str(n, NULL);
    struct jsonw w = JSONW(b);
    if (s)
        text_visible(b, s, strlen(s), 0);
    else if (json_typeof(n) == JSON_NULL || json_typeof(n) == JSON_NONE)
        buf_addc(b, '-');
    else if (json_typeof(n) == JSON_BOOL)
        buf_adds(b, json_bool(n, false) ? "yes" : "no");
    else
        jw_node(&w, n);
}

static void put_inline(struct buf *b, const json_node *n)
{
    if (is_scalar(n)) {
        put_scalar(b, n);
        return;
    }
    bool first = true;
    json_foreach (item, n) {
        if (!first)
            buf_adds(b, ", ");
        first = false;
        put_scalar(b, item);
    }
    if (first)
        buf_addc(b, '-');
}

/* The names of the columns, in the order in which they are first met. */
static unsigned column_names(const json_node *list, const char **names)
{
    unsigned n = 0;
    json_foreach (item, list) {
        json_foreach (member, item) {
            unsigned k = 0;
            while (k < n && !streq(names[k], json_key(member)))
                k++;
            if (k == n && n < DOCUMENT_COLUMNS)
                names[n++] = json_key(member);
        }
    }
    return n;
}

static void put_table(struct buf *b, const json_node *list, size_t indent)
{
    const char *names[DOCUMENT_COLUMNS];
    size_t width[DOCUMENT_COLUMNS];
    unsigned n = column_names(list, names);
    A_CLEAN(buf_done) struct buf cell = BUF(VALUE_MAX);
    for (unsigned i = 0; i < n; i++) {
        width[i] = text_width(names[i], strlen(names[i]));
        json_foreach (item, list) {
            buf_reset(&cell);
            put_inline(&cell, json_get(item, names[i]));
            size_t w = text_width(buf_str(&cell), cell.len);
            width[i] = w > width[i] ? w : width[i];
        }
    }
    const json_node *item = NULL; /* the headings first */
    do {
        buf_pad(b, ' ', indent);
        for (unsigned i = 0; i < n; i++) {
            buf_reset(&cell);
            if (item)
                put_inline(&cell, json_get(item, names[i]));
            else
                text_visible(&cell, names[i], strlen(names[i]), 0);
            buf_add(b, buf_str(&cell), cell.len);
            size_t w = text_width(buf_str(&cell), cell.len);
            if (i + 1 < n)
                buf_pad(b, ' ', width[i] - w + 2);
        }
        buf_addc(b, '\n');
        item = item ? json_next(item) : json_first(list);
    } while (item);
}

static void put_members(struct buf *b, const json_node *object, size_t indent, size_t width);

static void put_nested(struct buf *b, const json_node *n, size_t indent, size_t width)
{
    if (json_typeof(n) == JSON_OBJECT) {
        put_members(b, n, indent, width);
    } else if (flat_objects(n)) {
        put_table(b, n, indent);
    } else {
        json_foreach (item, n) {
            if (is_scalar(item)) {
                buf_pad(b, ' ', indent);
                put_scalar(b, item);
                buf_addc(b, '\n');
            } else {
                buf_pad(b, ' ', indent);
                buf_adds(b, "-\n");
                put_nested(b, item, indent + 2, width);
            }
        }
    }
}

/* Depth is bounded by the JSON reader's limit. */
static void put_members(struct buf *b, const json_node *object, size_t indent, size_t width)
{
    size_t widest = 0;
    json_foreach (m, object) {
        size_t w = text_width(json_key(m), strlen(json_key(m)));
        if (is_inline(m))
            widest = w > widest && w <= 24 ? w : widest;
    }
    json_foreach (m, object) {
        const char *key = json_key(m);
        buf_pad(b, ' ', indent);
        text_visible(b, key, strlen(key), 0);
        if (is_inline(m)) {
            A_CLEAN(buf_done) struct buf value = BUF(VALUE_MAX);
            size_t w = text_width(key, strlen(key));
            put_inline(&value, m);
            buf_pad(b, ' ', (w < widest ? widest - w : 0) + 2);
            text_wrap(b, buf_str(&value), indent + widest + 2, indent + widest + 2, width);
            buf_addc(b, '\n');
        } else {
            buf_addc(b, '\n');
            put_nested(b, m, indent + 2, width);
        }
    }
}

void document_lines(struct buf *b, const json_node *doc, unsigned width)
{
    if (is_scalar(doc)) {
        put_scalar(b, doc);
        buf_addc(b, '\n');
    } else {
        put_nested(b, doc, 0, width);
    }
}

/* ---- CSV and Markdown: one row a value, named by its path ---- */

static void leaf_rows(struct format *f, const json_node *n, struct buf *path)
{
    size_t len = path->len, i = 0;
    if (is_scalar(n)) {
        A_CLEAN(buf_done) struct buf value = BUF(VALUE_MAX);
        struct jsonw w = JSONW(&value);
        if (json_str(n, NULL))
            buf_adds(&value, json_str(n, ""));
        else
            jw_node(&w, n);
        allora_value cells[2] = {val_textn(buf_str(path), path->len),
                                 val_textn(buf_str(&value), value.len)};
        if (json_typeof(n) == JSON_NULL)
            cells[1] = val_null();
        (void)format_row(f, cells, 2);
        return;
    }
    json_foreach (m, n) {
        if (json_typeof(n) == JSON_OBJECT)
            buf_addf(path, "%s%s", len ? "." : "", json_key(m));
        else
            buf_addf(path, "[%zu]", i++);
        leaf_rows(f, m, path);
        path->len = len;
    }
}

void document_print(struct render *r, const json_node *doc)
{
    r->any_result = true;
    if (r->o.format == OUTPUT_TABLE) {
        A_CLEAN(buf_done) struct buf b = BUF(DOCUMENT_TEXT_MAX);
        document_lines(&b, doc, r->o.term->out_tty ? r->o.term->columns : (unsigned)-1);
        (void)out_buf(&r->out, &b);
        return;
    }
    const allora_column name = {.size = sizeof(name), .type = ALLORA_V_TEXT, .name = "name"};
    const allora_column value = {.size = sizeof(value), .type = ALLORA_V_TEXT, .name = "value"};
    const allora_column *const columns[] = {&name, &value};
    struct heads heads;
    struct format f = {0};
    A_CLEAN(buf_done) struct buf path = BUF(VALUE_MAX);
    if (!heads_init(&heads, columns, 2)) {
        format_begin(&f, &r->out, &heads, r->o.format);
        leaf_rows(&f, doc, &path);
        format_end(&f);
    }
    heads_done(&heads);
}
