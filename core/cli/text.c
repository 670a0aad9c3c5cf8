/* Display width follows utf8proc's tables; clusters follow Unicode's extended grapheme rules, of
 * which terminals draw the first character's width, or 2 where a variation selector asks for the
 * emoji form. */
#include "cli/text.h"

#include "base/str.h"
#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

enum { VARIATION_EMOJI = 0xFE0F, FLAG_FIRST = 0x1F1E6, FLAG_LAST = 0x1F1FF };

static size_t codepoint_width(uint32_t c)
{
    if (c < 0x20 || c == 0x7f)
        return 0;
    if (c < 0x300)
        return 1;
    int w = utf8proc_charwidth((utf8proc_int32_t)c);
    return w > 0 ? (size_t)w : 0;
}

size_t text_cluster(const char *p, size_t n, size_t *ret_width)
{
    uint32_t c, previous;
    size_t used = utf8_next(p, n, &c);
    if (!used) {
        *ret_width = 1;
        return 1;
    }
    *ret_width = codepoint_width(c);
    if (used == n || (c < 0x80 && (unsigned char)p[used] < 0x80))
        return used;
    utf8proc_int32_t state = 0;
    for (previous = c; used < n; previous = c) {
        size_t more = utf8_next(p + used, n - used, &c);
        if (!more || utf8proc_grapheme_break_stateful((utf8proc_int32_t)previous,
                                                      (utf8proc_int32_t)c, &state))
            break;
        bool flag =
            previous >= FLAG_FIRST && previous <= FLAG_LAST && c >= FLAG_FIRST && c <= FLAG_LAST;
        if ((c == VARIATION_EMOJI && *ret_width) || flag)
            *ret_width = 2;
        else if (!*ret_width)
            *ret_width = codepoint_width(c);
        used += more;
    }
    return used;
}

size_t text_width(const char *p, size_t n)
{
    size_t width = 0;
    for (size_t i = 0; i < n;) {
        size_t run = i;
        while (run < n && p[run] >= 0x20 && p[run] < 0x7f)
            run++;
        if (run < n && (unsigned char)p[run] >= 0x80 && run > i)
            run--; /* what follows may combine with this one */
        width += run - i;
        i = run;
        if (i < n) {
            size_t w;
            i += text_cluster(p + i, n - i, &w);
            width += w;
        }
    }
    return width;
}

/* Characters that no terminal shows but that change what the rest of a line looks like. */
static bool is_invisible(uint32_t c)
{
    return (c >= 0x80 && c < 0xa0) || (c >= 0x200b && c <= 0x200c) || c == 0x200e || c == 0x200f ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           c == 0xad || (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

static void escape_control(struct buf *out, unsigned char c)
{
    static const char letters[] = "abtnvfr"; /* \a is 7 … \r is 13 */
    if (c >= 7 && c <= 13)
        buf_addf(out, "\\%c", letters[c - 7]);
    else
        buf_addf(out, "\\x%02x", c);
}

void text_visible(struct buf *out, const char *p, size_t n, unsigned flags)
{
    size_t plain = 0; /* start of the run that needs no change */
    for (size_t i = 0; i < n;) {
        unsigned char a = (unsigned char)p[i];
        uint32_t c;
        size_t len = 1;
        bool keep = (flags & TEXT_KEEP_LINES) && (a == '\n' || a == '\t');
        if (a >= 0x20 && a < 0x7f) {
            i++;
            continue;
        }
        if (a >= 0x80) {
            len = utf8_next(p + i, n - i, &c);
            keep = len && !is_invisible(c);
        }
        if (keep) {
            i += len;
            continue;
        }
        buf_add(out, p + plain, i - plain);
        if (a >= 0x80 && len)
            buf_addf(out, c > 0xffff ? "\\U%08x" : "\\u%04x", (unsigned)c);
        else
            escape_control(out, a);
        i += len ? len : 1;
        plain = i;
    }
    buf_add(out, p + plain, n - plain);
}

size_t text_cut(struct buf *out, const char *p, size_t n, size_t width)
{
    size_t used = 0, i = 0, fits = 0, fits_width = 0;
    while (i < n) {
        size_t w, len = text_cluster(p + i, n - i, &w);
        if (used + w > width)
            break;
        i += len;
        used += w;
        if (used < width) { /* an ellipsis would still fit behind it */
            fits = i;
            fits_width = used;
        }
    }
    if (i == n) {
        buf_add(out, p, n);
        return used;
    }
    if (!width)
        return 0;
    buf_add(out, p, fits);
    buf_adds(out, "…");
    return fits_width + 1;
}

void text_wrap(struct buf *out, const char *p, size_t at, size_t indent, size_t width)
{
    size_t column = at, n = strlen(p);
    bool first = true;
    if (at + n <= width && !memchr(p, '\n', n)) { /* a byte is at most one column */
        buf_add(out, p, n);
        return;
    }
    while (*p) {
        if (*p == '\n') {
            buf_addc(out, '\n');
            buf_pad(out, ' ', p[1] && p[1] != '\n' ? indent : 0);
            column = indent;
            first = true;
            p++;
            continue;
        }
        size_t spaces = strspn(p, " ");
        size_t len = strcspn(p + spaces, " \n"), w = text_width(p + spaces, len);
        if (!first && column + spaces + w > width) {
            buf_addc(out, '\n');
            buf_pad(out, ' ', indent);
            column = indent;
        } else if (len) {
            buf_pad(out, ' ', spaces);
            column += spaces;
        }
        buf_add(out, p + spaces, len);
        column += w;
        p += spaces + len;
        first = false;
    }
}
