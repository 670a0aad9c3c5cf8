/* Full-width rows, projected and filtered; partitions, columns and events. */
#include "sdk_internal.h"
#include <stdio.h>
#include <string.h>

sdk_rows sdk_rows_begin(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                        const allora_sink *sink)
{
    sdk_rows out = {.self = self, .ctx = ctx, .req = req, .sink = sink, .n_wanted = req->n_wanted};
    if (req->n_wanted) {
        out.cells = sdk_of(self)->host->alloc(ctx, req->n_wanted * sizeof(allora_value));
        out.status = out.cells ? ALLORA_OK : ALLORA_E_NOMEM;
    }
    return out;
}

int32_t sdk_row_n(sdk_rows *out, const allora_value *cells, uint32_t n)
{
    const allora_list_request *req = out->req;
    if (out->status)
        return out->status;
    for (uint32_t i = 0; i < req->n_filters; i++) {
        const allora_filter *f = &req->filters[i];
        if (f->column < n && !sdk_may_match(cells[f->column], f))
            return ALLORA_OK;
    }
    for (uint32_t i = 0; i < out->n_wanted; i++)
        out->cells[i] = req->wanted[i] < n ? cells[req->wanted[i]] : sdk_absent();
    int32_t st = out->sink->row(out->sink->self, out->cells, out->n_wanted);
    out->sent++;
    if (st < 0)
        out->status = st;
    return st;
}

bool sdk_wants(const sdk_rows *out, uint32_t column)
{
    for (uint32_t i = 0; i < out->n_wanted; i++)
        if (out->req->wanted[i] == column)
            return true;
    for (uint32_t i = 0; i < out->req->n_filters; i++)
        if (out->req->filters[i].column == column)
            return true;
    return false;
}

int32_t sdk_cursor(sdk_rows *out, allora_str position, allora_error *err)
{
    int32_t st = out->sink->event(out->sink->self, ALLORA_EV_CURSOR, position);
    if (st) {
        out->status = st < 0 ? st : ALLORA_OK;
        return st;
    }
    return sdk_cancelled(out->self, out->ctx, err);
}

const allora_filter *sdk_filter(const allora_list_request *req, uint32_t column, uint32_t op)
{
    for (uint32_t i = 0; i < req->n_filters; i++)
        if (req->filters[i].column == column && req->filters[i].op == op)
            return &req->filters[i];
    return NULL;
}

allora_str sdk_partition(const allora_list_request *req, const char *key)
{
    for (uint32_t i = 0; i < req->n_partition; i++)
        if (sdk_str_is(req->partition[i].key, key))
            return req->partition[i].val;
    return sdk_str("");
}

int32_t sdk_begin(const allora_sink *sink, const sdk_column *columns, uint32_t n)
{
    enum { MAX = 64 };
    allora_column made[MAX];
    const allora_column *list[MAX];
    if (n > MAX)
        return ALLORA_E_ARG;
    for (uint32_t i = 0; i < n; i++) {
        made[i] = (allora_column){
            .size = (uint32_t)sizeof(allora_column),
            .type = columns[i].type,
            .name = columns[i].name,
            .unit = columns[i].unit,
        };
        list[i] = &made[i];
    }
    return sink->begin(sink->self, list, n);
}

int32_t sdk_begin_texts(const allora_sink *sink, const char *const *names, uint32_t n)
{
    enum { MAX = 16 };
    sdk_column columns[MAX] = {{0}};
    if (n > MAX)
        return ALLORA_E_ARG;
    for (uint32_t i = 0; i < n; i++)
        columns[i] = (sdk_column){.name = names[i], .type = ALLORA_V_TEXT};
    return sdk_begin(sink, columns, n);
}

int32_t sdk_event(const allora_sink *sink, int32_t kind, const char *payload)
{
    return sink->event(sink->self, kind, sdk_str(payload));
}

/* Appends ,"key":"text" with JSON's escapes; what is too long is cut between characters. */
static size_t put_member(char *out, size_t cap, size_t at, const char *key, const char *text)
{
    static const char hex[] = "0123456789abcdef";
    int n = snprintf(out + at, cap - at, "%s\"%s\":\"", at > 1 ? "," : "", key);
    at += n > 0 ? (size_t)n : 0;
    for (const unsigned char *p = (const unsigned char *)text; *p && at + 16 < cap; p++) {
        if (*p == '"' || *p == '\\') {
            out[at++] = '\\';
            out[at++] = (char)*p;
        } else if (*p < 0x20) {
            memcpy(out + at, "\\u00", 4);
            out[at + 4] = hex[*p >> 4];
            out[at + 5] = hex[*p & 15];
            at += 6;
        } else {
            out[at++] = (char)*p;
        }
    }
    out[at++] = '"';
    return at;
}

int32_t sdk_warn(const allora_sink *sink, const allora_error *e, const char *where)
{
    /* worst case, every character escaped into six, of all four texts of an allora_error */
    char out[8192];
    size_t at = 1;
    out[0] = '{';
    at = put_member(out, sizeof out, at, "code", sdk_status_name(e->code));
    at = put_member(out, sizeof out, at, "message", e->message);
    at = put_member(out, sizeof out, at, "reason", e->reason);
    at = put_member(out, sizeof out, at, "hint", e->hint);
    at = put_member(out, sizeof out, at, "where", where ? where : "");
    out[at++] = '}';
    return sink->event(sink->self, ALLORA_EV_WARNING, sdk_str_n(out, at));
}

int32_t sdk_no_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    (void)self, (void)columns, (void)n;
    return ALLORA_OK;
}

int32_t sdk_no_row(void *self, const allora_value *cells, uint32_t n)
{
    (void)self, (void)cells, (void)n;
    return ALLORA_OK;
}

int32_t sdk_no_event(void *self, int32_t kind, allora_str payload)
{
    (void)self, (void)kind, (void)payload;
    return ALLORA_OK;
}

const allora_sink sdk_null_sink = {
    .begin = sdk_no_begin,
    .row = sdk_no_row,
    .event = sdk_no_event,
};
