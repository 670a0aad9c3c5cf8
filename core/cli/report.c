#include "cli/report.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "cli/progress.h"
#include "cli/term.h"
#include "cli/text.h"
#include <stdio.h>
#include <unistd.h>

enum { REPORT_MAX = 64 * 1024, EXCERPT_WIDTH = 76 };

static void put(const struct buf *b)
{
    progress_pause();
    (void)fs_write_all(STDERR_FILENO, buf_str(b),
                       b->len); /* with stderr gone, nobody can be told */
    progress_resume();
}

static void visible(struct buf *b, const char *s)
{
    text_visible(b, s, strlen(s), 0);
}

/* The part of the line round the place, so that a long statement doesn't wrap the caret away. */
static void excerpt(const struct sql_place *p, size_t *ret_start, size_t *ret_end)
{
    size_t n = strlen(p->text), at = p->offset < n ? p->offset : n;
    size_t start = at, end = at;
    while (start > 0 && p->text[start - 1] != '\n' && at - start < EXCERPT_WIDTH / 2)
        start--;
    while (end < n && p->text[end] != '\n' && end - start < EXCERPT_WIDTH)
        end++;
    /* Never in the middle of a character. */
    while (start < at && ((unsigned char)p->text[start] & 0xc0) == 0x80)
        start++;
    while (end > at && end < n && ((unsigned char)p->text[end] & 0xc0) == 0x80)
        end--;
    *ret_start = start;
    *ret_end = end;
}

void caret_block(struct buf *out, const struct sql_place *place, const char *say, bool color)
{
    size_t start, end, n = strlen(place->text);
    size_t at = place->offset < n ? place->offset : n;
    excerpt(place, &start, &end);
    bool cut_left = start > 0 && place->text[start - 1] != '\n';
    bool cut_right = end < n && place->text[end] != '\n';
    size_t length = at + place->length <= end ? place->length : end - at;

    A_CLEAN(buf_done) struct buf before = BUF(4096);
    A_CLEAN(buf_done) struct buf under = BUF(4096);
    text_visible(&before, place->text + start, at - start, 0);
    text_visible(&under, place->text + at, length, 0);
    size_t column = text_width(buf_str(&before), before.len) + (cut_left ? 1 : 0);
    size_t carets = text_width(buf_str(&under), under.len);

    buf_adds(out, "   ╷\n   │ ");
    buf_addf(out, "%s%s%s", cut_left ? "…" : "", buf_str(&before), buf_str(&under));
    text_visible(out, place->text + at + length, end - at - length, 0);
    buf_addf(out, "%s\n   │ ", cut_right ? "…" : "");
    buf_pad(out, ' ', column);
    buf_adds(out, style_on(color, STYLE_RED));
    buf_pad(out, '^', carets ? carets : 1);
    buf_adds(out, style_off(color));
    if (say && *say) {
        buf_addc(out, ' ');
        visible(out, say);
    }
    buf_adds(out, "\n   ╵\n");
}

static void error_json(const allora_error *err, const char *message, const char *where,
                       struct buf *b)
{
    struct jsonw w = JSONW(b);
    jw_object(&w);
    jw_key(&w, "error");
    jw_object(&w);
    jw_kstr(&w, "code", status_name(err->code));
    jw_kstr(&w, "message", message);
    jw_kstr(&w, "reason", err->reason[0] ? err->reason : NULL);
    jw_kstr(&w, "hint", err->hint[0] ? err->hint : NULL);
    jw_kstr(&w, "where", where);
    jw_end_object(&w);
    jw_end_object(&w);
    buf_addc(b, '\n');
}

static void place_words(const struct sql_place *p, char ret[64])
{
    size_t line = 1, column = 1, n = strlen(p->text);
    for (size_t i = 0; i < p->offset && i < n; i++) {
        column = p->text[i] == '\n' ? 1 : column + 1;
        line += p->text[i] == '\n';
    }
    (void)snprintf(ret, 64, "line %zu, column %zu", line, column);
}

void report_error(const struct report *r, const allora_error *err, const char *where,
                  const struct sql_place *place)
{
    A_CLEAN(buf_done) struct buf b = BUF(REPORT_MAX);
    const char *message = err->message[0] ? err->message : status_text(err->code);
    char at[64] = "";
    if (place && place->text)
        place_words(place, at);
    if (r->json) {
        error_json(err, message, where ? where : at[0] ? at : NULL, &b);
        put(&b);
        return;
    }
    buf_addf(&b, "%serror:%s ", style_on(r->color, STYLE_RED), style_off(r->color));
    visible(&b, message);
    if (err->reason[0] && !strstr(message, err->reason)) {
        buf_adds(&b, " (");
        visible(&b, err->reason);
        buf_addc(&b, ')');
    }
    if (err->request_id[0]) {
        buf_adds(&b, " [request ");
        visible(&b, err->request_id);
        buf_addc(&b, ']');
    }
    buf_addc(&b, '\n');
    if (where) {
        buf_adds(&b, "  ");
        visible(&b, where);
        buf_addc(&b, '\n');
    }
    const char *hint = err->hint;
    if (place && place->text) {
        bool near = str_starts(hint, "did you mean");
        caret_block(&b, place, near ? hint : NULL, r->color);
        if (near)
            hint = "";
    }
    if (*hint) {
        buf_addf(&b, "%shint:%s ", style_on(r->color, STYLE_CYAN), style_off(r->color));
        visible(&b, hint);
        buf_addc(&b, '\n');
    }
    put(&b);
}

void report_line(const struct report *r, const char *line)
{
    A_CLEAN(buf_done) struct buf b = BUF(REPORT_MAX);
    if (r->json)
        return;
    visible(&b, line);
    buf_addc(&b, '\n');
    put(&b);
}

void report_warning(const struct report *r, const char *label, const json_node *payload)
{
    A_CLEAN(buf_done) struct buf b = BUF(REPORT_MAX);
    if (r->json) {
        struct jsonw w = JSONW(&b);
        jw_object(&w);
        jw_key(&w, "warning");
        jw_node(&w, payload);
        jw_end_object(&w);
        buf_addc(&b, '\n');
        put(&b);
        return;
    }
    if (r->quiet)
        return;
    const char *hint = json_get_str(payload, "hint", ""),
               *where = json_get_str(payload, "where", "");
    buf_addf(&b, "%s%s:%s ", style_on(r->color, STYLE_YELLOW), label, style_off(r->color));
    if (*where) {
        visible(&b, where);
        buf_adds(&b, ": ");
    }
    visible(&b, json_get_str(payload, "message", "something is missing from the result"));
    buf_addc(&b, '\n');
    if (*hint) {
        buf_addf(&b, "%shint:%s ", style_on(r->color, STYLE_CYAN), style_off(r->color));
        visible(&b, hint);
        buf_addc(&b, '\n');
    }
    put(&b);
}
