/* Looking back: session.list, session.show, session.delete, receipt.show. */
#include "agent/manager.h"
#include "agent/receipt.h"
#include "agent/session.h"
#include "base/clock.h"
#include "base/console.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/value.h"
#include <inttypes.h>
#include <stdio.h>

enum { DOCUMENT_MAX = 256 << 20, TEXT_MAX = 16 << 20 };

static int32_t need_store(const struct agents *a, allora_error *err)
{
    return a->o.store ? ALLORA_OK : err_set(err, ALLORA_E_CONFIG, "sessions are not kept here");
}

/* --- session.list ------------------------------------------------------------------------------
 */

#define COLUMN(type_, name_)                                                                       \
    &(const allora_column)                                                                         \
    {                                                                                              \
        .size = sizeof(allora_column), .type = type_, .name = name_                                \
    }
static const allora_column *const columns[] = {
    COLUMN(ALLORA_V_TEXT, "id"),      COLUMN(ALLORA_V_TEXT, "title"),
    COLUMN(ALLORA_V_TEXT, "agent"),   COLUMN(ALLORA_V_INT, "questions"),
    COLUMN(ALLORA_V_INT, "receipts"), COLUMN(ALLORA_V_TIME, "created"),
    COLUMN(ALLORA_V_TIME, "updated"),
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

struct listing {
    struct arena mem;
    struct session *list;
    size_t n, cap;
    allora_error *err;
};

static int32_t collect(void *self, const struct store_item *item)
{
    struct listing *l = self;
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        struct session *list = mem_resize(l->list, cap, sizeof *list);
        if (!list)
            return err_nomem(l->err);
        l->list = list;
        l->cap = cap;
    }
    int32_t status = session_parse(item, &l->mem, &l->list[l->n], l->err);
    l->n += status == ALLORA_OK;
    return status;
}

static int latest_first(const void *a, const void *b)
{
    const struct session *x = a, *y = b;
    if (x->updated_us != y->updated_us)
        return x->updated_us < y->updated_us ? 1 : -1;
    return x->number < y->number ? 1 : x->number > y->number ? -1 : 0;
}

static int32_t send_session(const struct session *s, const allora_sink *sink)
{
    char id[24];
    (void)snprintf(id, sizeof id, "%" PRIu64, s->number);
    const allora_value cells[N_COLUMNS] = {
        val_text(id),
        val_text(s->title),
        val_text(s->agent),
        val_int((int64_t)s->questions),
        val_int((int64_t)s->receipts),
        val_time(s->created_us),
        val_time(s->updated_us),
    };
    return sink->row(sink->self, cells, N_COLUMNS);
}

int32_t agent_op_session_list(void *self, allora_ctx *ctx, const json_node *args,
                              const allora_sink *sink, allora_error *err)
{
    struct agents *a = self;
    struct listing l = {.err = err};
    arena_init(&l.mem, 0);
    int32_t status = need_store(a, err);
    if (!status)
        status = store_scan(a->o.store, "session", "", false, 0, collect, &l, err);
    if (!status && l.n)
        qsort(l.list, l.n, sizeof *l.list, latest_first);
    size_t limit = (size_t)json_get_int(args, "limit", 50);
    if (!status)
        status = sink->begin(sink->self, columns, N_COLUMNS);
    for (size_t i = 0; !status && i < l.n && i < limit; i++) {
        status = ctx_check(ctx, err);
        if (!status)
            status = send_session(&l.list[i], sink);
    }
    free(l.list);
    arena_done(&l.mem);
    return status < 0 ? status : ALLORA_OK;
}

/* --- session.show ------------------------------------------------------------------------------
 */

struct show {
    struct buf text, messages, receipts;
    allora_error *err;
};

static void show_answer(const json_node *node, struct buf *text)
{
    const char *said = json_get_str(node, "content", "");
    if (*said)
        buf_addf(text, "%s%s%s", said, json_get_bool(node, "cut", false) ? " (cut short)" : "",
                 said[strlen(said) - 1] == '\n' ? "" : "\n");
    json_foreach (call, json_get(node, "tool_calls")) {
        const json_node *arguments = json_get(call, "arguments");
        const char *sql = json_get_str(arguments, "sql", NULL);
        buf_addf(text, "  ▸ %s ", json_get_str(call, "name", "?"));
        if (sql)
            buf_adds(text, sql);
        else
            jw_node(&JSONW(text), arguments);
        buf_addc(text, '\n');
    }
}

static void show_message(struct show *s, const json_node *node, const char *text, size_t n)
{
    const char *role = json_get_str(node, "role", "");
    if (streq(role, "user"))
        buf_addf(&s->text, "› %s\n", json_get_str(node, "content", ""));
    else if (streq(role, "assistant"))
        show_answer(node, &s->text);
    else
        return; /* what a tool said stands in the receipts */
    buf_adds(&s->messages, s->messages.len ? "," : "");
    buf_add(&s->messages, text, n);
}

static int32_t on_message(void *self, const struct store_item *item)
{
    struct show *s = self;
    A_CLEAN(json_freep) json_node *node = NULL;
    int32_t status = json_parse(item->value.ptr, (size_t)item->value.len, &node, s->err);
    if (!status)
        show_message(s, node, item->value.ptr, (size_t)item->value.len);
    return status;
}

static int32_t on_receipt(void *self, const struct store_item *item)
{
    struct show *s = self;
    buf_adds(&s->receipts, s->receipts.len ? "," : "");
    buf_add(&s->receipts, item->value.ptr, (size_t)item->value.len);
    return 0;
}

static void write_time(struct jsonw *w, const char *key, int64_t us)
{
    const allora_value v = val_time(us);
    jw_key(w, key);
    jw_value(w, &v);
}

static void write_session(const struct show *s, const struct session *about, const char *id,
                          struct buf *out)
{
    struct jsonw w = JSONW(out);
    jw_object(&w);
    jw_kstr(&w, "session", id);
    jw_kstr(&w, "title", about->title);
    jw_kstr(&w, "agent", about->agent);
    jw_kstr(&w, "model", about->model);
    write_time(&w, "created", about->created_us);
    write_time(&w, "updated", about->updated_us);
    jw_end_object(&w);
    out->len -= out->len && !buf_failed(out); /* the closing brace comes after the lists */
    buf_adds(out, ",\"messages\":[");
    buf_add(out, buf_str(&s->messages), s->messages.len);
    buf_adds(out, "],\"receipts\":[");
    buf_add(out, buf_str(&s->receipts), s->receipts.len);
    buf_adds(out, "]}");
}

static int32_t send_two(const allora_sink *sink, const struct buf *text, const struct buf *document,
                        allora_error *err)
{
    if (buf_failed(text) || buf_failed(document))
        return err_nomem(err);
    int32_t status = ALLORA_OK;
    if (text->len)
        status = sink->event(sink->self, ALLORA_EV_TEXT, (allora_str){text->ptr, text->len});
    if (!status)
        status =
            sink->event(sink->self, ALLORA_EV_RESULT, (allora_str){document->ptr, document->len});
    return status < 0 ? status : ALLORA_OK;
}

int32_t agent_op_session_show(void *self, allora_ctx *ctx, const json_node *args,
                              const allora_sink *sink, allora_error *err)
{
    (void)ctx;
    struct agents *a = self;
    struct show s = {BUF(TEXT_MAX), BUF(DOCUMENT_MAX), BUF(DOCUMENT_MAX), err};
    A_CLEAN(buf_done) struct buf document = BUF(DOCUMENT_MAX);
    struct session about = {0};
    struct arena mem;
    uint64_t number = 0;
    char key[SESSION_KEY_SIZE + 1], id[24];
    arena_init(&mem, 0);
    int32_t status = need_store(a, err);
    if (!status)
        status = session_resolve(a->o.store, json_get_str(args, "session", "last"), &number, err);
    if (!status)
        status = session_load(a->o.store, &mem, number, &about, err);
    session_key(key, number);
    (void)snprintf(key + strlen(key), 2, "/");
    (void)snprintf(id, sizeof id, "%" PRIu64, number);
    if (!status)
        status = store_scan(a->o.store, "message", key, false, 0, on_message, &s, err);
    if (!status)
        status = store_scan(a->o.store, "receipt", key, false, 0, on_receipt, &s, err);
    if (!status) {
        write_session(&s, &about, id, &document);
        status = send_two(sink, &s.text, &document, err);
    }
    buf_done(&s.text);
    buf_done(&s.messages);
    buf_done(&s.receipts);
    arena_done(&mem);
    return status;
}

/* --- session.delete ----------------------------------------------------------------------------
 */

int32_t agent_op_session_delete(void *self, allora_ctx *ctx, const json_node *args,
                                const allora_sink *sink, allora_error *err)
{
    (void)ctx;
    struct agents *a = self;
    uint64_t number = 0;
    int32_t status = need_store(a, err);
    if (!status)
        status = session_resolve(a->o.store, json_get_str(args, "session", ""), &number, err);
    if (!status)
        status = session_delete(a->o.store, number, err);
    if (status)
        return status;
    A_CLEAN(buf_done) struct buf text = BUF(256), document = BUF(256);
    buf_addf(&text, "Session %" PRIu64 " is deleted.\n", number);
    buf_addf(&document, "{\"session\":\"%" PRIu64 "\",\"deleted\":true}", number);
    return send_two(sink, &text, &document, err);
}

/* --- receipt.show ------------------------------------------------------------------------------
 */

/* The session that was named; else this terminal's; else the last one in which something was looked
 * up. */
static int32_t session_meant(const struct agents *a, const allora_ctx *ctx, const json_node *args,
                             uint64_t *ret, allora_error *err)
{
    const char *wanted = json_get_str(args, "session", NULL);
    const char *terminal = ctx->console ? ctx->console->terminal : NULL;
    allora_error ignored = ERR_INIT;
    if (!wanted && terminal &&
        session_of_terminal(a->o.store, terminal, ret, &ignored) == ALLORA_OK && *ret)
        return ALLORA_OK;
    return wanted ? session_resolve(a->o.store, wanted, ret, err)
                  : session_last(a->o.store, true, ret, err);
}

static void write_answer(const struct session *about, const char *id, uint64_t n,
                         allora_str receipt, const struct buf *text, struct buf *out)
{
    static const char no_usage[] = "{\"input_tokens\":0,\"output_tokens\":0,\"cost\":null}";
    struct jsonw w = JSONW(out);
    jw_object(&w);
    jw_key(&w, "answer");
    jw_strn(&w, buf_str(text), text->len);
    jw_kstr(&w, "agent", about->agent);
    jw_kstr(&w, "model", about->model);
    jw_kstr(&w, "session", id);
    jw_key(&w, "receipts");
    jw_array(&w);
    jw_raw(&w, receipt.ptr, (size_t)receipt.len);
    jw_end_array(&w);
    jw_key(&w, "plans");
    jw_raw(&w, "[]", 2);
    jw_key(&w, "usage");
    jw_raw(&w, no_usage, sizeof no_usage - 1);
    jw_key(&w, "warnings");
    jw_raw(&w, "[]", 2);
    jw_key(&w, "show");
    jw_array(&w);
    jw_uint(&w, n);
    jw_end_array(&w);
    jw_kstr(&w, "reason", NULL);
    jw_end_object(&w);
}

static int32_t no_such_receipt(const struct session *about, uint64_t n, allora_error *err)
{
    int32_t status =
        about->receipts == 0
            ? err_set(err, ALLORA_E_NOTFOUND, "session %" PRIu64 " has no receipts", about->number)
            : err_set(err, ALLORA_E_NOTFOUND, "session %" PRIu64 " has no receipt %" PRIu64,
                      about->number, n);
    if (about->receipts)
        err_hint(err, "it has 1 to %" PRIu64 "; --session chooses another", about->receipts);
    else
        err_hint(err, "allora session list shows other sessions");
    return status;
}

int32_t agent_op_receipt_show(void *self, allora_ctx *ctx, const json_node *args,
                              const allora_sink *sink, allora_error *err)
{
    struct agents *a = self;
    struct arena mem;
    struct session about = {0};
    uint64_t number = 0, n = 0;
    allora_str receipt = {"", 0};
    A_CLEAN(json_freep) json_node *node = NULL;
    A_CLEAN(buf_done) struct buf text = BUF(TEXT_MAX), document = BUF(DOCUMENT_MAX);
    char id[24];
    arena_init(&mem, 0);
    int32_t status = need_store(a, err);
    if (!status)
        status = session_meant(a, ctx, args, &number, err);
    if (!status)
        status = session_load(a->o.store, &mem, number, &about, err);
    if (!status) {
        n = (uint64_t)json_get_int(args, "receipt", (int64_t)about.receipts);
        status = n == 0 || n > about.receipts
                     ? no_such_receipt(&about, n, err)
                     : session_receipt(a->o.store, &mem, number, n, &receipt, err);
    }
    if (!status)
        status = json_parse(receipt.ptr, (size_t)receipt.len, &node, err);
    if (!status) {
        (void)snprintf(id, sizeof id, "%" PRIu64, number);
        receipt_text(node, id, clock_wall_us(), &text);
        write_answer(&about, id, n, receipt, &text, &document);
        status = send_two(sink, &text, &document, err);
    }
    arena_done(&mem);
    return status;
}
