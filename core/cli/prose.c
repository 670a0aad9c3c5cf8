/* Text that streams.  A word is written once it is whole; "[1]" words are held back, because those
 * that end the text stand at the right edge. */
#include "base/str.h"
#include "cli/render_internal.h"
#include "cli/text.h"
#include <ctype.h>

enum { PROSE_WORD_MAX = 1 << 20 };

void prose_init(struct prose *p, struct out *out, size_t width, bool fit)
{
    *p = (struct prose){
        .out = out, .width = width, .fit = fit, .word = BUF(PROSE_WORD_MAX), .cites = BUF(4096)};
}

void prose_done(struct prose *p)
{
    buf_done(&p->word);
    buf_done(&p->cites);
}

static bool is_citation(const struct buf *w)
{
    size_t i = 0;
    const char *s = buf_str(w);
    while (i + 2 < w->len && s[i] == '[' && isdigit((unsigned char)s[i + 1])) {
        i++;
        while (i < w->len && isdigit((unsigned char)s[i]))
            i++;
        if (i >= w->len || s[i] != ']')
            return false;
        i++;
    }
    return i > 0 && i == w->len;
}

static void put_word(struct prose *p, const char *s, size_t n)
{
    A_CLEAN(buf_done) struct buf b = BUF(4 * (size_t)PROSE_WORD_MAX);
    size_t width;
    text_visible(&b, s, n, TEXT_KEEP_LINES);
    width = text_width(buf_str(&b), b.len);
    if (p->fit && p->column && p->column + p->spaces + width > p->width) {
        (void)out_write(p->out, "\n", 1);
        p->column = 0;
        p->spaces = 0;
    }
    for (; p->spaces; p->spaces--, p->column++)
        (void)out_write(p->out, " ", 1);
    (void)out_buf(p->out, &b);
    p->column += width;
}

/* The citations held back turned out to stand inside the text. */
static void release_cites(struct prose *p)
{
    if (!p->cites.len)
        return;
    size_t after = p->spaces;
    p->spaces = 1;
    put_word(p, buf_str(&p->cites), p->cites.len);
    buf_reset(&p->cites);
    p->spaces = after;
}

static void end_word(struct prose *p)
{
    if (!p->word.len)
        return;
    if (is_citation(&p->word) && p->column) {
        buf_adds(&p->cites, buf_str(&p->word));
        p->spaces = 0;
    } else {
        release_cites(p);
        put_word(p, buf_str(&p->word), p->word.len);
    }
    buf_reset(&p->word);
}

void prose_add(struct prose *p, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == ' ') {
            end_word(p);
            p->spaces++;
        } else if (s[i] == '\n') {
            end_word(p);
            p->lines++; /* written when more follows: the last line's citations go to the edge */
            p->spaces = 0;
        } else {
            if (p->lines) {
                release_cites(p);
                for (; p->lines; p->lines--)
                    (void)out_write(p->out, "\n", 1);
                p->column = 0;
            }
            buf_addc(&p->word, s[i]);
            if (buf_failed(&p->word)) { /* a "word" of a megabyte */
                p->word.failed = false;
                end_word(p);
            }
        }
    }
}

void prose_end(struct prose *p, const char *cites)
{
    end_word(p);
    if (p->cites.len)
        cites = buf_str(&p->cites);
    size_t width = strlen(cites);
    if (width) {
        size_t gap = p->fit && p->column + 2 + width <= p->width ? p->width - width - p->column : 1;
        for (; gap; gap--)
            (void)out_write(p->out, " ", 1);
        (void)out_write(p->out, cites, width);
    }
    if (p->column || width)
        (void)out_write(p->out, "\n", 1);
    p->column = p->spaces = p->lines = 0;
    prose_done(p);
    *p = (struct prose){.out = p->out,
                        .width = p->width,
                        .fit = p->fit,
                        .word = BUF(PROSE_WORD_MAX),
                        .cites = BUF(4096)};
}
