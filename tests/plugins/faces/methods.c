#include "methods.h"
#include <string.h>
#include <unistd.h>

allora_str method_error(const allora_instance *self, allora_ctx *ctx, allora_str id,
                        const allora_error *err, allora_str data)
{
    sdk_writer w = sdk_writer_begin(self, ctx);
    sdk_w_open(&w, NULL, '{');
    sdk_w_json(&w, "id", id);
    sdk_w_open(&w, "error", '{');
    sdk_w_int(&w, "code", err->code);
    sdk_w_text(&w, "name", sdk_status_name(err->code));
    sdk_w_text(&w, "message", err->message);
    sdk_w_text(&w, "hint", err->hint);
    sdk_w_close(&w, '}');
    if (data.len)
        sdk_w_json(&w, "data", data);
    sdk_w_close(&w, '}');
    return sdk_w_done(&w);
}

/* ---- what an operation sends, as {"rows":[[…]…],"text":…,"document":…} ---- */

struct collect {
    sdk_writer *rows;
    const sdk_instance *host;
    allora_instance *self;
    allora_ctx *ctx;
    allora_str document;
    const char *text;
};

static int32_t take_row(void *self, const allora_value *cells, uint32_t n)
{
    struct collect *c = self;
    sdk_w_open(c->rows, NULL, '[');
    for (uint32_t i = 0; i < n; i++)
        sdk_w_cell(c->rows, NULL, cells[i]);
    sdk_w_close(c->rows, ']');
    return ALLORA_OK;
}

static int32_t take_event(void *self, int32_t kind, allora_str payload)
{
    struct collect *c = self;
    if (kind == ALLORA_EV_TEXT) {
        c->text = sdk_printf(c->self, c->ctx, "%s%.*s", c->text ? c->text : "", (int)payload.len,
                             payload.ptr);
        return c->text ? ALLORA_OK : ALLORA_E_NOMEM;
    }
    if (kind == ALLORA_EV_RESULT) {
        const char *copy = sdk_copy(c->self, c->ctx, payload);
        if (!copy)
            return ALLORA_E_NOMEM;
        c->document = sdk_str_n(copy, payload.len);
    }
    return ALLORA_OK;
}

/* glob, or operation and its arguments. */
static int32_t call(struct request *r, const sdk_json *params, bool catalogue, allora_str *ret,
                    allora_error *err)
{
    struct link *l = r->link;
    sdk_writer rows = sdk_writer_begin(l->self, r->scope), w = sdk_writer_begin(l->self, r->scope);
    struct collect c = {
        .rows = &rows, .host = l->host, .self = l->self, .ctx = r->scope, .document = {"", 0}};
    const allora_sink sink = {&c, sdk_no_begin, take_row, take_event};
    const sdk_json *arguments = sdk_member(params, "arguments");
    sdk_w_open(&rows, NULL, '[');
    int32_t rc = catalogue ? l->host->invoke->catalogue(
                                 r->scope, sdk_str(sdk_get_str(params, "glob", "*")), &sink, err)
                           : l->host->invoke->call(r->scope, sdk_get_str(params, "operation", ""),
                                                   arguments ? arguments->source : sdk_str("{}"),
                                                   &sink, err);
    sdk_w_close(&rows, ']');
    *ret = c.document;
    if (rc < 0)
        return rc;
    allora_str list = sdk_w_done(&rows);
    sdk_w_open(&w, NULL, '{');
    sdk_w_json(&w, "rows", list.ptr ? list : sdk_str("[]"));
    sdk_w_text(&w, "text", c.text);
    if (c.document.len)
        sdk_w_json(&w, "document", c.document);
    sdk_w_close(&w, '}');
    *ret = sdk_w_done(&w);
    return list.ptr && ret->ptr ? ALLORA_OK : sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
}

/* ---- events ---- */

static int32_t send_event(void *self, int32_t kind, allora_str payload)
{
    struct request *r = self;
    sdk_writer w = sdk_writer_begin(r->link->self, r->scope);
    if (kind != ALLORA_EV_MESSAGE)
        return ALLORA_OK;
    sdk_w_open(&w, NULL, '{');
    sdk_w_json(&w, "id", r->id);
    sdk_w_json(&w, "event", payload);
    sdk_w_close(&w, '}');
    return link_send(r->link, sdk_w_done(&w)) ? ALLORA_OK : ALLORA_STOP;
}

static int32_t follow(struct request *r, const sdk_json *params, allora_error *err)
{
    const allora_sink sink = {r, sdk_no_begin, sdk_no_row, send_event};
    int64_t after = sdk_get_int(params, "after", -1);
    if (!r->link->host->events)
        return sdk_fail(err, ALLORA_E_UNSUPPORTED, "there are no events here");
    return r->link->host->events->follow(r->scope, sdk_get_str(params, "topic", "*"),
                                         after < 0 ? UINT64_MAX : (uint64_t)after, &sink, err);
}

static int32_t publish(struct request *r, const sdk_json *params, allora_error *err)
{
    const sdk_json *data = sdk_member(params, "data");
    if (!r->link->host->events)
        return sdk_fail(err, ALLORA_E_UNSUPPORTED, "there are no events here");
    return r->link->host->events->publish(r->scope, sdk_get_str(params, "topic", ""),
                                          data ? data->source : sdk_str(""), err);
}

/* ---- a program, talked to over pipes as a client talks to its server ---- */

static int32_t echo(struct request *r, const sdk_json *params, allora_str *ret, allora_error *err)
{
    static const char *const argv[] = {"cat", NULL};
    const allora_exec_v1 *exec = r->link->host->exec;
    const char *text = sdk_get_str(params, "text", "");
    char back[1024];
    int32_t fds[3], status = -1;
    int64_t id = 0;
    size_t n = strlen(text), got = 0;
    if (!exec || n > sizeof(back))
        return sdk_fail(err, ALLORA_E_UNSUPPORTED, "no programs here, or too long");
    int32_t rc = exec->spawn(r->scope, argv, NULL, 0, fds, &id, err);
    if (rc)
        return rc;
    bool sent = write(fds[0], text, n) == (ssize_t)n;
    (void)close(fds[0]); /* the end of its input: it ends by itself */
    while (sent && got < n) {
        ssize_t more = read(fds[1], back + got, n - got);
        if (more <= 0)
            break;
        got += (size_t)more;
    }
    rc = exec->wait(r->scope, id, 5000, &status, err);
    if (rc == ALLORA_E_TIMEOUT)
        rc = exec->stop(r->scope, id, &status, err);
    (void)close(fds[1]);
    (void)close(fds[2]);
    if (rc)
        return rc;
    sdk_writer w = sdk_writer_begin(r->link->self, r->scope);
    sdk_w_open(&w, NULL, '{');
    sdk_w_str(&w, "text", sdk_str_n(back, got));
    sdk_w_int(&w, "status", status);
    sdk_w_close(&w, '}');
    *ret = sdk_w_done(&w);
    return ALLORA_OK;
}

void method_run(struct request *r)
{
    struct link *l = r->link;
    allora_error err = {.size = (uint32_t)sizeof(err)};
    const sdk_json *doc = NULL;
    allora_str result = sdk_str("");
    int32_t rc = sdk_parse(l->self, r->scope, sdk_str_n(r->line, r->len), &doc, &err);
    const sdk_json *params = sdk_member(doc, "params");
    const char *method = sdk_get_str(doc, "method", "");
    if (rc == ALLORA_OK && (strcmp(method, "call") == 0 || strcmp(method, "catalogue") == 0))
        rc = call(r, params, strcmp(method, "catalogue") == 0, &result, &err);
    else if (rc == ALLORA_OK && strcmp(method, "follow") == 0)
        rc = follow(r, params, &err);
    else if (rc == ALLORA_OK && strcmp(method, "publish") == 0)
        rc = publish(r, params, &err);
    else if (rc == ALLORA_OK && strcmp(method, "echo") == 0)
        rc = echo(r, params, &result, &err);
    else if (rc == ALLORA_OK)
        rc = sdk_fail(&err, ALLORA_E_ARG, "no method %s", method);
    if (l->host->metrics) {
        const allora_pair label = {sdk_str("outcome"),
                                   sdk_str(rc < 0 ? sdk_status_name(rc) : "ok")};
        l->host->metrics->count(r->scope, "requests_total", 1, &label, 1);
    }
    if (rc == ALLORA_E_DENIED && l->host->audit)
        (void)l->host->audit->record(r->scope, sdk_str("refused"), sdk_str(method), sdk_str(""));
    if (rc < 0) {
        err.code = rc;
        (void)link_send(l, method_error(l->self, r->scope, r->id, &err, result));
        return;
    }
    sdk_writer w = sdk_writer_begin(l->self, r->scope);
    sdk_w_open(&w, NULL, '{');
    sdk_w_json(&w, "id", r->id);
    sdk_w_json(&w, "result", result.len ? result : sdk_str("{}"));
    sdk_w_close(&w, '}');
    (void)link_send(l, sdk_w_done(&w));
}
