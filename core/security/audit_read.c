/* audit.list, audit.show and audit.tail. */
#include "base/clock.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "base/value.h"
#include "security/audit.h"
#include "security/audit_private.h"
#include "security/journal_record.h"
#include <inttypes.h>
#include <stdio.h>

enum { WAIT_US = 500000 }; /* how long to sleep between looks at whether to stop */

#define COLUMN(type_, name_)                                                                       \
    &(const allora_column)                                                                         \
    {                                                                                              \
        .size = sizeof(allora_column), .type = type_, .name = name_                                \
    }
static const allora_column *const columns[] = {
    COLUMN(ALLORA_V_INT, "seq"),     COLUMN(ALLORA_V_TIME, "time"),
    COLUMN(ALLORA_V_TEXT, "kind"),   COLUMN(ALLORA_V_TEXT, "principal"),
    COLUMN(ALLORA_V_BOOL, "agent"),  COLUMN(ALLORA_V_TEXT, "operation"),
    COLUMN(ALLORA_V_TEXT, "effect"), COLUMN(ALLORA_V_TEXT, "target"),
    COLUMN(ALLORA_V_TEXT, "status"), COLUMN(ALLORA_V_TEXT, "plan"),
    COLUMN(ALLORA_V_JSON, "detail"), COLUMN(ALLORA_V_TEXT, "trace"),
    COLUMN(ALLORA_V_TEXT, "prev"),   COLUMN(ALLORA_V_TEXT, "hash"),
};
enum { N_COLUMNS = sizeof columns / sizeof *columns };

int32_t audit_begin(const allora_sink *sink)
{
    return sink->begin(sink->self, columns, N_COLUMNS);
}

static allora_value text_of(const json_node *node, const char *member)
{
    return val_text(json_get_str(node, member, NULL));
}

int32_t audit_row(const allora_sink *sink, const struct store_record *record, const json_node *node,
                  allora_error *err)
{
    A_CLEAN(buf_done) struct buf detail = BUF(2 * (size_t)JOURNAL_RECORD_MAX);
    const json_node *d = json_get(node, "detail");
    if (d)
        jw_node(&JSONW(&detail), d);
    if (buf_failed(&detail))
        return err_nomem(err);
    const allora_value cells[N_COLUMNS] = {
        val_int((int64_t)record->seq),
        val_time(record->at_us),
        node ? text_of(node, "kind") : val_text("unreadable"),
        text_of(node, "principal"),
        node ? val_bool(json_get_bool(node, "agent", false)) : val_null(),
        text_of(node, "operation"),
        text_of(node, "effect"),
        text_of(node, "target"),
        text_of(node, "status"),
        text_of(node, "plan"),
        d ? val_json(detail.ptr, detail.len) : val_null(),
        text_of(node, "trace"),
        text_of(node, "prev"),
        text_of(node, "hash"),
    };
    return sink->row(sink->self, cells, N_COLUMNS);
}

struct sending {
    const allora_sink *sink;
    struct audit_filter filter;
    uint64_t left, last;
    allora_error *err;
};

static int32_t send(void *self, const struct store_record *record)
{
    struct sending *s = self;
    A_CLEAN(json_freep) json_node *node = NULL;
    s->last = record->seq;
    if (record->at_us < s->filter.since_us || record->at_us > s->filter.until_us)
        return 0; /* not worth reading */
    int32_t status = json_parse(record->value.ptr, (size_t)record->value.len, &node, NULL);
    if (status == ALLORA_E_NOMEM)
        return err_nomem(s->err);
    if (!audit_filter_passes(&s->filter, record, node))
        return 0;
    status = audit_row(s->sink, record, node, s->err);
    return status ? status : --s->left == 0;
}

int32_t audit_op_list(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                      allora_error *err)
{
    struct sending s = {
        .sink = sink, .left = (uint64_t)json_get_int(args, "limit", 50), .err = err};
    int32_t status = audit_filter_read(&s.filter, args, err);
    if (!status)
        status = audit_begin(sink);
    if (!status)
        status = audit_walk(journal_store(self), ctx, UINT64_MAX, true, send, &s, err);
    return status < 0 ? status : ALLORA_OK;
}

/* ---- audit.show ---- */

struct showing {
    uint64_t seq;
    struct buf text;
    bool found;
    allora_error *err;
};

static int32_t show(void *self, const struct store_record *record)
{
    struct showing *s = self;
    struct journal_record r;
    allora_error why = ERR_INIT;
    struct jsonw w = JSONW(&s->text);
    if (record->seq != s->seq)
        return 1;
    s->found = true;
    int32_t status = journal_record_read(record->value, &r, &why);
    if (status && status != ALLORA_E_INTEGRITY) {
        err_copy(s->err, &why);
        return status;
    }
    bool intact =
        !status && r.seq == s->seq && r.time_us == record->at_us && streq(r.hash, r.computed);
    jw_object(&w);
    if (!status) {
        json_foreach (member, r.node) {
            jw_key(&w, json_key(member));
            jw_node(&w, member);
        }
        journal_record_done(&r);
    } else {
        jw_key(&w, "text");
        jw_strn(&w, record->value.ptr, (size_t)record->value.len);
    }
    jw_kbool(&w, "intact", intact);
    jw_end_object(&w);
    return buf_failed(&s->text) ? err_nomem(s->err) : 1;
}

int32_t audit_op_show(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                      allora_error *err)
{
    struct showing s = {.seq = (uint64_t)json_get_int(args, "seq", 0),
                        .text = BUF(16 * (size_t)JOURNAL_RECORD_MAX),
                        .err = err};
    int32_t status = audit_walk(journal_store(self), ctx, s.seq - 1, false, show, &s, err);
    if (!status && !s.found) {
        status = err_set(err, ALLORA_E_NOTFOUND, "the journal has no record %" PRIu64, s.seq);
        err_hint(err, "allora audit list shows the newest");
    }
    if (!status)
        status =
            sink->event(sink->self, ALLORA_EV_RESULT, (allora_str){buf_str(&s.text), s.text.len});
    buf_done(&s.text);
    return status < 0 ? status : ALLORA_OK;
}

/* ---- audit.tail ---- */

static int32_t flush(const allora_sink *sink, uint64_t seq)
{
    char text[24];
    int n = snprintf(text, sizeof text, "%" PRIu64, seq);
    return sink->event(sink->self, ALLORA_EV_CURSOR, (allora_str){text, (uint64_t)n});
}

static int32_t find_start(void *self, const struct store_record *record)
{
    struct sending *s = self;
    s->last = s->left ? record->seq - 1 : record->seq;
    return !s->left || --s->left == 0;
}

static int32_t follow(struct store *store, allora_ctx *ctx, struct sending *s)
{
    int32_t status = ALLORA_OK;
    while (!status) {
        status = store_log_wait(store, JOURNAL_LOG, s->last, WAIT_US, s->err);
        if (!status)
            status = audit_walk(store, ctx, s->last, false, send, s, s->err);
        else if (status == ALLORA_E_TIMEOUT)
            status = ctx_check(ctx, s->err);
        if (!status)
            status = flush(s->sink, s->last);
    }
    return status;
}

int32_t audit_op_tail(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                      allora_error *err)
{
    struct store *store = journal_store(self);
    struct sending s = {
        .sink = sink, .left = (uint64_t)json_get_int(args, "limit", 10), .err = err};
    int32_t status = audit_filter_read(&s.filter, args, err);
    if (!status)
        status = audit_begin(sink);
    if (!status)
        status = audit_walk(store, ctx, UINT64_MAX, true, find_start, &s, err);
    s.left = UINT64_MAX;
    if (!status)
        status = audit_walk(store, ctx, s.last, false, send, &s, err);
    if (!status && json_get_bool(args, "follow", false)) {
        status = flush(sink, s.last);
        if (!status)
            status = follow(store, ctx, &s);
    }
    return status < 0 ? status : ALLORA_OK;
}
