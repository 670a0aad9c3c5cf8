/* Values as YAML or JSON writes them. */
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "config/edit_private.h"

#include "base/yaml.h"

enum { DEPTH_MAX = 64 };

/* What every reader of YAML takes for the same text: of plain characters, beginning with a letter
 * or the like, and no number, truth value (also those of YAML 1.1), null or date. */
static bool plain_good(const char *s, bool flow)
{
    static const char *const words[] = {"y", "n", "yes", "no", "on", "off", "true", "false"};
    const char *first = "/._~";
    size_t n = strlen(s);
    bool letter = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z');

    if (n == 0 || n > 200 || (!letter && !strchr(first, *s)) || s[n - 1] == ' ' || s[n - 1] == ':')
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = s[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && !strchr(flow ? " _./@%+~-" : " _./@%+~-:", c))
            return false;
        if (c == ':' && s[i + 1] == ' ')
            return false;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (streq_nocase(s, words[i]))
            return false;
    }
    allora_error ignored = ERR_INIT;
    json_node *read = NULL;
    bool same = yaml_parse("", s, n, &read, NULL, &ignored) == ALLORA_OK &&
                json_typeof(read) == JSON_STRING && streq(json_str(read, ""), s);
    json_free(read);
    return same;
}

/* Characters that YAML does not print, or takes for line ends. */
static bool must_escape(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0x2028 || c == 0x2029 || c == 0xFEFF ||
           c == 0xFFFE || c == 0xFFFF;
}

static bool single_good(const char *s)
{
    size_t n = strlen(s);

    for (size_t i = 0; i < n;) {
        uint32_t c = 0;
        size_t k = utf8_next(s + i, n - i, &c);
        if (k == 0 || must_escape(c))
            return false;
        i += k;
    }
    return true;
}

static void put_double(struct buf *b, const char *s)
{
    size_t n = strlen(s);

    buf_addc(b, '"');
    for (size_t i = 0; i < n;) {
        uint32_t c = 0;
        size_t k = utf8_next(s + i, n - i, &c);
        if (k == 0) {
            buf_adds(b, "\\uFFFD");
            i++;
            continue;
        }
        if (c == '"' || c == '\\')
            buf_addf(b, "\\%c", (char)c);
        else if (c == '\n' || c == '\t' || c == '\r')
            buf_adds(b, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r");
        else if (must_escape(c))
            buf_addf(b, "\\u%04x", (unsigned)c);
        else
            buf_add(b, s + i, k);
        i += k;
    }
    buf_addc(b, '"');
}

static void put_single(struct buf *b, const char *s)
{
    buf_addc(b, '\'');
    for (; *s; s++) {
        if (*s == '\'')
            buf_addc(b, '\'');
        buf_addc(b, *s);
    }
    buf_addc(b, '\'');
}

static void put_text(struct buf *b, const char *s, const struct edit_form *form)
{
    if (form->json || form->quote == STYLE_DOUBLE)
        put_double(b, s);
    else if (form->quote == STYLE_PLAIN && plain_good(s, form->flow))
        buf_adds(b, s);
    else if (single_good(s))
        put_single(b, s);
    else
        put_double(b, s);
}

void edit_render_key(struct buf *b, const char *key, const struct edit_form *form)
{
    struct edit_form f = *form;
    f.quote = STYLE_PLAIN;
    put_text(b, key, &f);
}

static void new_line(struct buf *b, const struct edit_form *form, unsigned depth)
{
    buf_adds(b, form->eol);
    buf_adds(b, form->base);
    for (unsigned i = 0; i < depth; i++)
        buf_adds(b, form->unit);
}

static void render(struct buf *b, const json_node *value, const struct edit_form *form,
                   unsigned depth)
{
    struct edit_form within = *form;
    bool object = json_typeof(value) == JSON_OBJECT, first = true;

    within.flow = true;
    if (!object && json_typeof(value) != JSON_ARRAY) {
        struct jsonw w = JSONW(b);
        if (json_typeof(value) == JSON_STRING)
            put_text(b, json_str(value, ""), form);
        else
            jw_node(&w, value);
        return;
    }
    buf_addc(b, object ? '{' : '[');
    json_foreach (item, depth < DEPTH_MAX ? value : NULL) {
        if (!first)
            buf_addc(b, ',');
        if (form->lines)
            new_line(b, form, depth + 1);
        else if (!first)
            buf_addc(b, ' ');
        first = false;
        if (object) {
            edit_render_key(b, json_key(item), &within);
            buf_adds(b, ": ");
        }
        render(b, item, &within, depth + 1);
    }
    if (!first && form->lines)
        new_line(b, form, depth);
    buf_addc(b, object ? '}' : ']');
}

void edit_render(struct buf *b, const json_node *value, const struct edit_form *form)
{
    render(b, value, form, 0);
}
