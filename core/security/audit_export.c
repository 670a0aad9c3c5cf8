/* audit.export.  JSON Lines are the records byte by byte, so that they can be verified without
 * allora; CSV (RFC 4180) and CEF (ArcSight's Common Event Format, version 0) are for other tools.
 */
#include "base/buf.h"
#include "base/build.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "security/audit.h"
#include "security/audit_private.h"
#include "security/journal_record.h"
#include <inttypes.h>
#include <string.h>

enum { CHUNK = 64 << 10, LINE_MAX_BYTES = 8 * JOURNAL_RECORD_MAX };

/* Text members in the order of the CSV's columns, behind seq and time. */
static const char *const members[] = {"kind",   "principal", "agent",  "operation",
                                      "effect", "target",    "status", "plan",
                                      "detail", "trace",     "prev",   "hash"};

struct export_job {
    const allora_sink *sink;
    struct audit_filter filter;
    void (*line)(struct buf *out, const struct store_record *record, const json_node *node);
    struct buf out;
    uint64_t n;
    allora_error *err;
};

static const char *text_of(struct buf *cell, const json_node *node, const char *member)
{
    const json_node *n = json_get(node, member);
    if (json_typeof(n) == JSON_STRING)
        return json_str(n, "");
    if (!n)
        return "";
    buf_reset(cell);
    jw_node(&JSONW(cell), n);
    return buf_str(cell);
}

/* ---- JSON Lines ---- */

static void put_jsonl(struct buf *out, const struct store_record *record, const json_node *node)
{
    (void)node;
    buf_add(out, record->value.ptr, (size_t)record->value.len);
    buf_addc(out, '\n');
}

/* ---- CSV ---- */

static void put_field(struct buf *out, const char *s)
{
    if (!strpbrk(s, "\",\r\n")) {
        buf_adds(out, s);
        return;
    }
    buf_addc(out, '"');
    for (; *s; s++) {
        if (*s == '"')
            buf_addc(out, '"');
        buf_addc(out, *s);
    }
    buf_addc(out, '"');
}

static void put_csv(struct buf *out, const struct store_record *record, const json_node *node)
{
    A_CLEAN(buf_done) struct buf cell = BUF(LINE_MAX_BYTES);
    buf_add_uint(out, record->seq);
    buf_addc(out, ',');
    put_field(out, json_get_str(node, "time", ""));
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        buf_addc(out, ',');
        put_field(out, text_of(&cell, node, members[i]));
    }
    buf_adds(out, "\r\n");
    out->failed |= cell.failed;
}

static void put_csv_head(struct buf *out)
{
    buf_adds(out, "seq,time");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        buf_addf(out, ",%s", members[i]);
    buf_adds(out, "\r\n");
}

/* ---- CEF ---- */

/* In the header "|" and "\" are escaped, in the extension "=", "\" and line ends. */
static void put_cef(struct buf *out, const char *s, bool header)
{
    for (; *s; s++) {
        if (*s == '\\' || *s == (header ? '|' : '='))
            buf_addc(out, '\\');
        if (*s == '\n' || *s == '\r')
            buf_adds(out, header ? " " : *s == '\n' ? "\\n" : "\\r");
        else
            buf_addc(out, *s);
    }
}

static int severity(const json_node *node)
{
    static const struct {
        const char *member, *value;
        int severity;
    } rules[] = {
        {"kind", "denied", 6},  {"effect", "destructive", 8}, {"effect", "secret", 7},
        {"effect", "admin", 7}, {"effect", "write", 5},       {"effect", "local", 3},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (streq(json_get_str(node, rules[i].member, ""), rules[i].value))
            return rules[i].severity;
    }
    return 1;
}

static void put_pair(struct buf *out, const char *key, const char *label, const char *value)
{
    if (!*value)
        return;
    if (label)
        buf_addf(out, "%sLabel=%s ", key, label);
    buf_addf(out, "%s=", key);
    put_cef(out, value, false);
    buf_addc(out, ' ');
}

static void put_cef_line(struct buf *out, const struct store_record *record, const json_node *node)
{
    A_CLEAN(buf_done) struct buf cell = BUF(LINE_MAX_BYTES);
    buf_addf(out, "CEF:0|allora|allora|%s|", build_version());
    put_cef(out, json_get_str(node, "kind", "unreadable"), true);
    buf_addc(out, '|');
    const char *operation = json_get_str(node, "operation", "");
    put_cef(out, *operation ? operation : json_get_str(node, "kind", "unreadable"), true);
    buf_addf(out, "|%d|", severity(node));
    buf_addf(out, "rt=%" PRId64 " externalId=%" PRIu64 " ", record->at_us / 1000, record->seq);
    put_pair(out, "suser", NULL, json_get_str(node, "principal", ""));
    put_pair(out, "act", NULL, operation);
    put_pair(out, "cat", NULL, json_get_str(node, "effect", ""));
    put_pair(out, "outcome", NULL, json_get_str(node, "status", ""));
    put_pair(out, "cs1", "target", json_get_str(node, "target", ""));
    put_pair(out, "cs2", "plan", json_get_str(node, "plan", ""));
    put_pair(out, "cs3", "agent", text_of(&cell, node, "agent"));
    put_pair(out, "cs4", "trace", json_get_str(node, "trace", ""));
    put_pair(out, "cs5", "prev", json_get_str(node, "prev", ""));
    put_pair(out, "cs6", "hash", json_get_str(node, "hash", ""));
    put_pair(out, "msg", NULL, text_of(&cell, node, "detail"));
    if (out->len)
        out->len--; /* the space behind the last */
    buf_addc(out, '\n');
    out->failed |= cell.failed;
}

/* ---- the whole ---- */

static int32_t send_chunk(struct export_job *x)
{
    if (buf_failed(&x->out))
        return err_nomem(x->err);
    int32_t status = x->out.len ? x->sink->event(x->sink->self, ALLORA_EV_TEXT,
                                                 (allora_str){x->out.ptr, x->out.len})
                                : ALLORA_OK;
    buf_reset(&x->out);
    return status;
}

static int32_t export_record(void *self, const struct store_record *record)
{
    struct export_job *x = self;
    A_CLEAN(json_freep) json_node *node = NULL;
    int32_t status = json_parse(record->value.ptr, (size_t)record->value.len, &node, NULL);
    if (status == ALLORA_E_NOMEM)
        return err_nomem(x->err);
    if (!audit_filter_passes(&x->filter, record, node))
        return 0;
    x->line(&x->out, record, node);
    x->n++;
    return x->out.len >= CHUNK || buf_failed(&x->out) ? send_chunk(x) : 0;
}

int32_t audit_op_export(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                        allora_error *err)
{
    const char *format = json_get_str(args, "format", "jsonl");
    struct export_job x = {.sink = sink, .line = put_jsonl, .out = BUF(LINE_MAX_BYTES), .err = err};
    int32_t status = audit_filter_read(&x.filter, args, err);
    if (streq(format, "csv")) {
        x.line = put_csv;
        put_csv_head(&x.out);
    } else if (streq(format, "cef")) {
        x.line = put_cef_line;
    }
    if (!status)
        status = audit_walk(journal_store(self), ctx, 0, false, export_record, &x, err);
    if (!status)
        status = send_chunk(&x);
    buf_done(&x.out);
    return status < 0 ? status : ALLORA_OK;
}
