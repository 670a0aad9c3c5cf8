/* Turn, tool calls through the gate, their results, and again. */
#include "agent/ask.h"
#include "agent/receipt.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "base/value.h"
#include <math.h>

static void write_time(struct jsonw *w, const char *key)
{
    const allora_value now = val_time(clock_wall_us());
    jw_key(w, key);
    jw_value(w, &now);
}

static void write_call(struct jsonw *w, const struct tool_call *c)
{
    jw_object(w);
    jw_kstr(w, "id", c->id);
    jw_kstr(w, "name", c->name);
    jw_key(w, "arguments");
    if (c->arguments) {
        jw_node(w, c->arguments);
    } else {
        jw_object(w);
        jw_end_object(w);
    }
    jw_end_object(w);
}

/* What the agent said, with the calls it asked for: later turns see it, and so does the session. */
static int32_t keep_turn(struct ask *q, const struct turn *t, bool cut, allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(CONVERSATION_MAX);
    struct jsonw w = JSONW(&b);
    jw_object(&w);
    jw_kstr(&w, "role", "assistant");
    jw_key(&w, "content");
    jw_strn(&w, buf_str(&t->text), t->text.len);
    if (t->calls && !cut) {
        jw_key(&w, "tool_calls");
        jw_array(&w);
        for (const struct tool_call *c = t->calls; c; c = c->next)
            write_call(&w, c);
        jw_end_array(&w);
    }
    const json_node *state = json_get(t->result, "state");
    if (state) {
        jw_key(&w, "state");
        jw_node(&w, state);
    }
    write_time(&w, "time");
    if (cut)
        jw_kbool(&w, "cut", true);
    if (t->reason && streq(t->reason, "refusal"))
        jw_kbool(&w, "refusal", true);
    jw_end_object(&w);
    return ask_add_message(q, &b, err);
}

/* The turn as it went, so that it can be told again without the agent. */
static int32_t record_turn(struct ask *q, const struct turn *t, size_t messages, int32_t status,
                           allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(TURN_EVENTS_MAX + 65536);
    struct jsonw w = JSONW(&b);
    jw_object(&w);
    jw_kstr(&w, "agent", q->agent.name);
    jw_kstr(&w, "model", q->model);
    write_time(&w, "time");
    jw_kint(&w, "messages", (int64_t)messages);
    jw_key(&w, "tools");
    jw_array(&w);
    for (size_t i = 0; i < q->tools.n; i++)
        jw_str(&w, q->tools.list[i].name);
    jw_end_array(&w);
    jw_kstr(&w, "status", status_name(status));
    jw_key(&w, "events");
    buf_addc(&b, '[');
    buf_add(&b, buf_str(&t->events), t->events.len);
    buf_adds(&b, "]}"); /* as the events stand in a buffer of their own, without their brackets */
    if (buf_failed(&b) || text_list_add(&q->turns, &q->mem, b.ptr, b.len))
        return err_nomem(err);
    return ALLORA_OK;
}

static void add_usage(struct ask *q, const struct turn *t)
{
    q->usage.input_tokens += t->usage.input_tokens;
    q->usage.output_tokens += t->usage.output_tokens;
    q->usage.cost += t->usage.cost;
    q->usage.has_cost = q->usage.has_cost || t->usage.has_cost;
}

static int32_t send_usage(struct ask *q)
{
    if (q->usage.input_tokens == 0 && q->usage.output_tokens == 0)
        return ALLORA_OK;
    A_CLEAN(buf_done) struct buf b = BUF(1024);
    struct jsonw w = JSONW(&b);
    jw_object(&w);
    jw_kint(&w, "input_tokens", (int64_t)q->usage.input_tokens);
    jw_kint(&w, "output_tokens", (int64_t)q->usage.output_tokens);
    jw_key(&w, "cost");
    jw_real(&w, q->usage.has_cost ? q->usage.cost : (double)NAN);
    jw_end_object(&w);
    return buf_failed(&b)
               ? ALLORA_OK
               : q->out->event(q->out->self, ALLORA_EV_USAGE, (allora_str){b.ptr, b.len});
}

/* show: which receipts belong to the answer; only numbers that this question has given out. */
static void keep_result(struct ask *q, const struct turn *t)
{
    const char *title = json_get_str(t->result, "title", NULL);
    if (title && *title)
        q->title = arena_strndup(&q->mem, title, strnlen(title, 200));
    json_foreach (n, json_get(t->result, "show")) {
        int64_t number = json_int(n, 0);
        if (number <= (int64_t)q->session.receipts || (uint64_t)number > q->last_receipt)
            continue;
        buf_addf(&q->show, "%s%lld", q->show.len ? "," : "", (long long)number);
    }
}

static int32_t one_turn(struct ask *q, struct turn *t, allora_error *err)
{
    A_CLEAN(buf_done) struct buf messages = BUF(CONVERSATION_MAX);
    buf_addc(&messages, '[');
    buf_add(&messages, buf_str(&q->messages), q->messages.len);
    buf_addc(&messages, ']');
    if (buf_failed(&messages))
        return err_nomem(err);
    const allora_turn_request request = {
        .size = sizeof request,
        .model = q->model,
        .messages_json = {messages.ptr, messages.len},
        .tools_json = {buf_str(&q->tools.json), q->tools.json.len},
        .output_schema_json = {"", 0},
        .temperature = (double)NAN,
    };
    t->on_warning = ask_note_warning;
    t->warning_self = q;
    t->before_text = q->spoke ? "\n\n" : "";
    int32_t status = turn_run(t, &q->agent, q->ctx, &request, err);
    int32_t turn_status = status;
    q->n_turns++;
    q->spoke = q->spoke || t->text.len > 0;
    add_usage(q, t);
    keep_result(q, t);
    if (t->text.len) {
        buf_reset(&q->answer);
        buf_add(&q->answer, t->text.ptr, t->text.len);
    }
    allora_error second = ERR_INIT; /* the turn's own error goes first */
    status = record_turn(q, t, q->fresh.n, turn_status, &second);
    if (!status && (t->text.len || t->calls || turn_status >= 0))
        status = keep_turn(q, t, turn_status < 0, &second);
    if (turn_status == ALLORA_OK && status)
        err_copy(err, &second);
    return turn_status ? turn_status : status;
}

/* --- tool calls --------------------------------------------------------------------------------
 */

static int32_t announce(struct ask *q, const struct tool_call *c)
{
    A_CLEAN(buf_done) struct buf b = BUF(CONVERSATION_MAX);
    struct jsonw w = JSONW(&b);
    write_call(&w, c);
    if (buf_failed(&b))
        return ALLORA_OK;
    return q->out->event(q->out->self, ALLORA_EV_TOOL_CALL, (allora_str){b.ptr, b.len});
}

static void refuse(struct ask *q, const struct tool_call *c, struct outcome *o)
{
    if (c->problem) {
        o->status = err_set(&o->error, ALLORA_E_ARG, "%s", c->problem);
        return;
    }
    A_CLEAN(buf_done) struct buf all = BUF(200);
    for (size_t i = 0; i < q->tools.n; i++)
        buf_addf(&all, "%s%s", i ? ", " : "", q->tools.list[i].name);
    o->status = err_set(&o->error, ALLORA_E_NOTFOUND, "there is no tool %.64s", c->name);
    err_hint(&o->error, "there are: %s", q->tools.n ? buf_str(&all) : "none");
}

static int32_t run_call(struct ask *q, const struct tool_call *c, struct outcome *o)
{
    A_CLEAN(buf_done) struct buf text = BUF(16 << 20);
    if (c->problem || !tools_find(&q->tools, c->name)) {
        refuse(q, c, o);
        return o->status;
    }
    jw_node(&JSONW(&text), c->arguments);
    if (buf_failed(&text)) {
        o->status =
            err_set(&o->error, ALLORA_E_ARG, "the arguments are too long, or nested too deep");
        return o->status;
    }
    const struct dispatch *d = q->manager->o.dispatch;
    const allora_sink sink = rowset_sink(&o->rows);
    o->started_us = clock_wall_us();
    int64_t start = clock_mono_us();
    o->status =
        d->call(d->self, q->ctx, c->name, (allora_str){text.ptr, text.len}, &sink, &o->error);
    o->elapsed_us = clock_mono_us() - start;
    if (o->rows.oom)
        o->status = err_nomem(&o->error);
    return o->status;
}

static void write_receipt(void *self, uint64_t n, struct buf *out)
{
    receipt_json(self, n, out);
}

/* A new session and its first receipt are made in one go: one wait for the disk. */
static int32_t keep_receipt(struct ask *q, struct outcome *o, uint64_t *ret_n, struct buf *json,
                            allora_error *err)
{
    struct store *st = q->manager->o.store;
    int32_t status = store_begin(st, err);
    if (status)
        return status;
    status = ask_make_session(q, err);
    if (!status)
        status = session_add_receipt(st, &q->session, write_receipt, o, ret_n, json, err);
    if (!status)
        return store_commit(st, err);
    store_rollback(st);
    return status;
}

/* Gives the outcome its number.  A receipt that can't be kept still has one, and is still shown. */
static int32_t number_receipt(struct ask *q, struct outcome *o, struct buf *json, allora_error *err)
{
    uint64_t n = q->last_receipt + 1;
    if (q->session.number || q->unmade) {
        allora_error problem = ERR_INIT;
        int32_t status = keep_receipt(q, o, &n, json, &problem);
        if (status && q->unmade)
            ask_session_lost(q, &problem);
        else if (status)
            ask_warn(q, &problem);
        if (status) {
            n = q->last_receipt + 1;
            buf_reset(json);
        }
        q->unmade = false;
    }
    if (json->len == 0)
        receipt_json(o, n, json);
    if (buf_failed(json))
        return err_nomem(err);
    if (q->receipts.len)
        buf_addc(&q->receipts, ',');
    buf_add(&q->receipts, json->ptr, json->len);
    q->last_receipt = n;
    q->n_receipts++;
    q->partial = q->partial || o->status == ALLORA_PARTIAL;
    return ALLORA_OK;
}

/* EV_MESSAGE: the receipt's members, or the error, behind type and id. */
static int32_t tell_result(struct ask *q, const struct tool_call *c, const struct outcome *o,
                           const struct buf *receipt)
{
    A_CLEAN(buf_done) struct buf b = BUF(RECEIPTS_MAX);
    A_CLEAN(buf_done) struct buf error = BUF(8192);
    struct jsonw w = JSONW(&b);
    jw_object(&w);
    jw_kstr(&w, "type", "tool_result");
    jw_kstr(&w, "id", c->id);
    if (o->status < 0) {
        receipt_error_json(&o->error, o->status, &error);
        jw_key(&w, "error");
        jw_raw(&w, buf_str(&error), error.len);
        jw_end_object(&w);
    } else {
        buf_addc(&b, ',');
        buf_add(&b, receipt->ptr + 1, receipt->len - 1); /* its own brace closes */
    }
    if (buf_failed(&b) || buf_failed(&error))
        return ALLORA_OK;
    return q->out->event(q->out->self, ALLORA_EV_MESSAGE, (allora_str){b.ptr, b.len});
}

static int32_t add_tool_message(struct ask *q, const struct tool_call *c, const struct outcome *o,
                                uint64_t n, allora_error *err)
{
    A_CLEAN(buf_done) struct buf content = BUF(CONVERSATION_MAX), b = BUF(CONVERSATION_MAX);
    struct jsonw w = JSONW(&b);
    receipt_message(o, n, &content);
    if (buf_failed(&content))
        return err_nomem(err);
    jw_object(&w);
    jw_kstr(&w, "role", "tool");
    jw_kstr(&w, "tool_call_id", c->id);
    jw_kstr(&w, "name", c->name);
    jw_key(&w, "content");
    jw_strn(&w, content.ptr, content.len);
    jw_end_object(&w);
    return ask_add_message(q, &b, err);
}

/* Warnings of the operation are the person's too. */
static int32_t pass_warnings(struct ask *q, const struct outcome *o)
{
    int32_t status = ALLORA_OK;
    for (const struct rowset_event *e = o->rows.events; !status && e; e = e->next) {
        if (e->kind != ALLORA_EV_WARNING)
            continue;
        ask_note_warning(q, e->payload);
        status = q->out->event(q->out->self, ALLORA_EV_WARNING, e->payload);
    }
    return status;
}

/* --offline and --refresh hold for everything that is looked up for the question. */
static int32_t pass_flag(const struct ask *q, const struct tool_call *c, const char *flag,
                         bool takes)
{
    if (!takes || !c->arguments || !json_get_bool(q->args, flag, false))
        return ALLORA_OK;
    json_node *on = json_new_bool(true);
    return on ? json_set(c->arguments, flag, on) : ALLORA_E_NOMEM;
}

static int32_t pass_flags(const struct ask *q, const struct tool_call *c, allora_error *err)
{
    const struct tool *tool = tools_find(&q->tools, c->name);
    if (tool &&
        (pass_flag(q, c, "offline", tool->offline) || pass_flag(q, c, "refresh", tool->refresh)))
        return err_nomem(err);
    return ALLORA_OK;
}

static int32_t one_call(struct ask *q, const struct tool_call *c, allora_error *err)
{
    A_CLEAN(buf_done) struct buf receipt = BUF(RECEIPTS_MAX);
    struct outcome o = {.operation = c->name,
                        .arguments = c->arguments,
                        .error = ERR_INIT,
                        .started_us = clock_wall_us()};
    rowset_init(&o.rows, RECEIPT_ROWS_MAX, RECEIPT_BYTES_MAX);
    o.rows.mem.limit = 64 << 20;
    q->n_calls++;
    /* A reader that went away (STOP) ends the question, but not before the call has its answer in
     * the conversation. */
    int32_t sent = announce(q, c), status = ALLORA_OK;
    if (sent)
        o.status = err_set(&o.error, ALLORA_E_CANCELLED, "not run: the question was stopped");
    else if (run_call(q, c, &o) >= 0)
        status = number_receipt(q, &o, &receipt, err);
    if (!status && !sent)
        sent = tell_result(q, c, &o, &receipt);
    if (!status && !sent)
        sent = pass_warnings(q, &o);
    if (!status)
        status = add_tool_message(q, c, &o, q->last_receipt, err);
    rowset_done(&o.rows);
    return status ? status : sent;
}

/* A call that is not made, for the sake of a conversation without holes. */
static int32_t skip_call(struct ask *q, const struct tool_call *c, const char *why)
{
    allora_error ignored = ERR_INIT;
    struct outcome o = {.operation = c->name, .error = ERR_INIT};
    rowset_init(&o.rows, 1, 1);
    o.status = err_set(&o.error, ALLORA_E_CANCELLED, "not run: %s", why);
    int32_t status = add_tool_message(q, c, &o, 0, &ignored);
    rowset_done(&o.rows);
    return status;
}

static int32_t over(struct ask *q, const char *what, uint64_t limit, allora_error *err)
{
    q->reason = "limit";
    int32_t status = err_set(err, ALLORA_E_BUDGET, "the agent %s was stopped after %llu %s",
                             q->agent.name, (unsigned long long)limit, what);
    err_hint(err, "ask for less at a time");
    return status;
}

static int32_t run_calls(struct ask *q, const struct turn *t, allora_error *err)
{
    int32_t status = ALLORA_OK;
    const struct tool_call *c = t->calls;
    for (; !status && c; c = status ? c : c->next) {
        status = ctx_check(q->ctx, err);
        if (!status && q->n_calls >= q->max_calls)
            status = over(q, "calls", q->max_calls, err);
        if (status)
            break;
        status = pass_flags(q, c, err);
        if (!status)
            status = one_call(q, c, err);
        if (status) {
            c = c->next; /* this one has its answer, or memory is out */
            break;
        }
    }
    for (; c; c = c->next)
        if (skip_call(q, c,
                      status == ALLORA_E_BUDGET ? "too many calls" : "the question was stopped"))
            break;
    return status;
}

int32_t ask_loop(struct ask *q, allora_error *err)
{
    for (;;) {
        struct turn t;
        turn_init(&t, q->out);
        int32_t status = ctx_check(q->ctx, err);
        if (!status)
            status = one_turn(q, &t, err);
        bool more = !status && !t.stopped && t.calls;
        if (!status && !t.stopped)
            status = send_usage(q);
        if (!status && !more)
            q->reason = t.reason && !streq(t.reason, "tool_calls") ? t.reason : "stop";
        if (!status && more)
            status = run_calls(q, &t, err);
        turn_done(&t);
        if (status == ALLORA_STOP) /* our reader went away: that is no failure */
            return ALLORA_OK;
        if (status || !more)
            return status;
        if (q->n_turns >= q->max_turns)
            return over(q, "turns", q->max_turns, err);
    }
}
