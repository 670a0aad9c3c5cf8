/* An agent's answer: the text has streamed by; then the rows it rests on, and a receipt for each
 * claim. core/agent/agent.h says what the document holds. */
#include "base/clock.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "base/value.h"
#include "cli/cell.h"
#include "cli/render_internal.h"
#include "cli/text.h"

enum { ANSWER_WIDTH = 100, RECEIPT_INDENT = 4, RECEIPT_TEXT_MAX = 1 << 20 };

static size_t answer_width(const struct render *r)
{
    return r->o.term->columns < ANSWER_WIDTH ? r->o.term->columns : ANSWER_WIDTH;
}

static bool is_shown(const json_node *doc, const json_node *receipt)
{
    json_foreach (n, json_get(doc, "show")) {
        if (json_int(n, -1) == json_get_int(receipt, "n", 0))
            return true;
    }
    return false;
}

/* A JSON cell back to a typed one.  Text of a time column becomes a time again, so that it can be
 * said relative to now. */
static allora_value value_of(const json_node *n, uint8_t type, struct buf *store)
{
    int64_t us;
    switch (json_typeof(n)) {
    case JSON_BOOL:
        return val_bool(json_bool(n, false));
    case JSON_NUMBER: {
        double d = json_num(n, 0);
        bool whole = d >= -9007199254740992.0 && d <= 9007199254740992.0 && (double)(int64_t)d == d;
        return whole && type != ALLORA_V_REAL ? val_int((int64_t)d) : val_real(d);
    }
    case JSON_STRING:
        if (type == ALLORA_V_TIME && !time_parse(json_str(n, ""), strlen(json_str(n, "")), &us))
            return val_time(us);
        return val_text(json_str(n, ""));
    case JSON_ARRAY:
    case JSON_OBJECT: {
        struct jsonw w = JSONW(store);
        buf_reset(store);
        jw_node(&w, n);
        return val_json(buf_str(store), store->len);
    }
    case JSON_NONE:
    case JSON_NULL:
        break;
    }
    return val_null();
}

/* The columns of a receipt as begin() would have named them. */
static int32_t receipt_heads(const json_node *receipt, struct heads *ret)
{
    const json_node *columns = json_get(receipt, "columns");
    uint32_t n = (uint32_t)json_count(columns), i = 0;
    *ret = (struct heads){.n = n};
    arena_init(&ret->mem, 0);
    ret->list = arena_array(&ret->mem, n ? n : 1, sizeof(*ret->list));
    if (!ret->list)
        return ALLORA_E_NOMEM;
    json_foreach (c, columns) {
        ret->list[i++] = (struct head){.name = json_get_str(c, "name", ""),
                                       .unit = json_get_str(c, "unit", NULL),
                                       .type = val_type_parse(json_get_str(c, "type", ""))};
    }
    return ALLORA_OK;
}

/* Every row as typed cells, to a table or to a format: whichever is not NULL. */
static int32_t each_row(struct table_out *t, struct format *f, const struct heads *heads,
                        const json_node *rows)
{
    struct arena mem;
    int32_t rc = ALLORA_OK;
    arena_init(&mem, 0);
    allora_value *cells = arena_array(&mem, heads->n ? heads->n : 1, sizeof(*cells));
    struct buf *store = arena_array(&mem, heads->n ? heads->n : 1, sizeof(*store));
    for (uint32_t i = 0; store && i < heads->n; i++)
        store[i] = BUF(RECEIPT_TEXT_MAX);
    if (!cells || !store)
        rc = ALLORA_E_NOMEM;
    json_foreach (row, rows) {
        bool object = json_typeof(row) == JSON_OBJECT;
        for (uint32_t i = 0; i < heads->n && !rc; i++) {
            const json_node *v = object ? json_get(row, heads->list[i].name) : json_at(row, i);
            cells[i] = value_of(v, heads->list[i].type, &store[i]);
        }
        if (!rc)
            rc = t ? table_row(t, cells, heads->n) : format_row(f, cells, heads->n);
    }
    for (uint32_t i = 0; store && i < heads->n; i++)
        buf_done(&store[i]);
    arena_done(&mem);
    return rc;
}

static void receipt_table(struct render *r, const json_node *receipt)
{
    struct heads heads;
    struct table_out t;
    const json_node *rows = json_get(receipt, "rows");
    struct table_options options = {.fit = r->o.term->out_tty,
                                    .width = r->o.term->columns,
                                    .indent = 2,
                                    .color = r->o.term->out_color,
                                    .cell_flags = CELL_HUMAN | CELL_RELATIVE,
                                    .titles = true};
    if (!json_count(rows))
        return;
    if (!receipt_heads(receipt, &heads)) {
        (void)out_write(&r->out, "\n", 1);
        if (!table_begin(&t, &r->out, &heads, NULL, 0, &options))
            (void)each_row(&t, NULL, &heads, rows);
        table_end(&t);
        if (json_get_bool(receipt, "truncated", false)) {
            A_CLEAN(buf_done) struct buf b = BUF(256);
            buf_addf(&b, "  … %lld of %lld rows\n", (long long)json_count(rows),
                     (long long)json_get_int(receipt, "row_count", 0));
            (void)out_buf(&r->out, &b);
        }
    }
    heads_done(&heads);
}

/* Text without line breaks, which a statement may hold, and harmless. */
static void one_line(struct buf *b, const char *s)
{
    A_CLEAN(buf_done) struct buf flat = BUF(RECEIPT_TEXT_MAX);
    for (bool gap = false; *s; s++) {
        bool space = *s == ' ' || *s == '\n' || *s == '\t' || *s == '\r';
        if (!space && gap && flat.len)
            buf_addc(&flat, ' ');
        if (!space)
            buf_addc(&flat, *s);
        gap = space;
    }
    text_visible(b, buf_str(&flat), flat.len, 0);
}

static void receipt_line(struct render *r, const json_node *receipt)
{
    A_CLEAN(buf_done)
    struct buf what = BUF(RECEIPT_TEXT_MAX), sources = BUF(4096), b = BUF(2 * RECEIPT_TEXT_MAX);
    size_t width = r->o.term->out_tty ? answer_width(r) : SIZE_MAX;
    long long n = (long long)json_get_int(receipt, "n", 0);
    const char *sql = json_get_str(receipt, "sql", NULL);
    if (sql) {
        one_line(&what, sql);
    } else {
        A_CLEAN(buf_done) struct buf arguments = BUF(RECEIPT_TEXT_MAX);
        struct jsonw w = JSONW(&arguments);
        jw_node(&w, json_get(receipt, "arguments"));
        buf_addf(&what, "%s ", json_get_str(receipt, "operation", ""));
        one_line(&what, buf_str(&arguments));
    }
    const char *dim = style_on(r->o.term->out_color, STYLE_DIM),
               *off = style_off(r->o.term->out_color);
    buf_addf(&b, "%s[%lld] ", dim, n);
    text_wrap(&b, buf_str(&what), RECEIPT_INDENT, RECEIPT_INDENT, width);
    footer_sources(&sources, r, json_get(receipt, "provenance"), receipt);
    buf_adds(&b, "\n    ");
    text_visible(&b, buf_str(&sources), sources.len, 0);
    if (r->o.explain) {
        size_t used = RECEIPT_INDENT + text_width(buf_str(&sources), sources.len);
        A_CLEAN(buf_done) struct buf why = BUF(256);
        buf_addf(&why, "allora %s %lld", r->o.explain, n);
        bool right = r->o.term->out_tty && used + 2 + why.len <= width;
        buf_pad(&b, ' ', right ? width - used - why.len : 2);
        buf_adds(&b, buf_str(&why));
    }
    buf_addf(&b, "%s\n", off);
    (void)out_buf(&r->out, &b);
}

/* CSV and Markdown: the rows that the answer shows, as the same rows of a query would come. */
static void receipt_rows(struct render *r, const json_node *receipt)
{
    struct heads heads;
    struct format f = {0};
    if (!receipt_heads(receipt, &heads)) {
        format_begin(&f, &r->out, &heads, r->o.format);
        (void)each_row(NULL, &f, &heads, json_get(receipt, "rows"));
        format_end(&f);
    }
    heads_done(&heads);
}

static void answer_csv(struct render *r, const json_node *doc)
{
    bool first = true;
    json_foreach (receipt, json_get(doc, "receipts")) {
        if (!is_shown(doc, receipt))
            continue;
        if (!first)
            (void)out_write(&r->out, "\r\n", 2);
        first = false;
        receipt_rows(r, receipt);
    }
    r->any_result = true;
}

void answer_print(struct render *r, const json_node *doc)
{
    const json_node *receipts = json_get(doc, "receipts");
    A_CLEAN(buf_done) struct buf cites = BUF(1024);
    if (r->o.format == OUTPUT_CSV) {
        answer_csv(r, doc);
        return;
    }
    json_foreach (receipt, receipts) {
        if (is_shown(doc, receipt) || !json_count(json_get(doc, "show")))
            buf_addf(&cites, "[%lld]", (long long)json_get_int(receipt, "n", 0));
    }
    const char *text = json_get_str(doc, "answer", "");
    if (!r->prose_open) { /* nothing streamed: an agent that answers in one piece, or markdown */
        prose_init(&r->prose, &r->out, answer_width(r), r->o.term->out_tty);
        prose_add(&r->prose, text, strlen(text));
    }
    /* An answer that cites by itself isn't told what to cite. */
    prose_end(&r->prose, strstr(text, "[1]") || (cites.len && strstr(text, buf_str(&cites)))
                             ? ""
                             : buf_str(&cites));
    prose_done(&r->prose);
    r->prose_open = false;
    r->any_result = true;
    json_foreach (receipt, receipts) {
        if (is_shown(doc, receipt) && r->o.format == OUTPUT_MARKDOWN) {
            (void)out_write(&r->out, "\n", 1);
            receipt_rows(r, receipt);
        } else if (is_shown(doc, receipt)) {
            receipt_table(r, receipt);
        }
    }
    if (json_count(receipts))
        (void)out_write(&r->out, "\n", 1);
    json_foreach (receipt, receipts)
        receipt_line(r, receipt);
}

/* ---- -o ndjson: one event a line ---- */

static const char *event_type(int32_t kind)
{
    switch (kind) {
    case ALLORA_EV_TEXT:
        return "text";
    case ALLORA_EV_REASONING:
        return "reasoning";
    case ALLORA_EV_TOOL_CALL:
        return "tool_call";
    case ALLORA_EV_USAGE:
        return "usage";
    case ALLORA_EV_WARNING:
        return "warning";
    case ALLORA_EV_RESULT:
        return "done";
    default:
        return NULL;
    }
}

int32_t answer_event_ndjson(struct render *r, int32_t kind, allora_str payload)
{
    A_CLEAN(buf_done) struct buf b = BUF((size_t)64 << 20);
    A_CLEAN(json_freep) json_node *doc = NULL;
    const char *type = event_type(kind);
    struct jsonw w = JSONW(&b);
    bool plain = kind == ALLORA_EV_TEXT || kind == ALLORA_EV_REASONING;
    if (!type && kind != ALLORA_EV_MESSAGE)
        return ALLORA_OK;
    if (!plain && json_parse(payload.ptr, payload.len, &doc, NULL))
        return ALLORA_OK;
    jw_object(&w);
    if (type)
        jw_kstr(&w, "type", type);
    if (plain) {
        jw_key(&w, "text");
        jw_strn(&w, payload.ptr, payload.len);
    }
    json_foreach (member, doc) {
        if (type && streq(json_key(member), "type"))
            continue;
        jw_key(&w, json_key(member));
        jw_node(&w, member);
    }
    jw_end_object(&w);
    buf_addc(&b, '\n');
    r->any_result = true;
    int32_t rc = out_buf(&r->out, &b);
    if (kind == ALLORA_EV_RESULT) { /* also kept, to know whether the agent declined */
        free(r->result);
        r->result = buf_take(&b, &r->result_len);
    }
    return rc ? rc : out_flush(&r->out);
}
