/* One turn of the agent: a question becomes a call of query.sql, or a refusal; a result becomes an
 * answer. */
#include "answer.h"
#include "offline.h"
#include "parts.h"
#include "sql.h"
#include "state.h"

#include <string.h>

struct turn {
    struct mind mind;
    struct lexicon lexicon;
    const allora_sink *sink;
    allora_error *err;
    const sdk_json *question; /* the last message of the person */
    const sdk_json *asked;    /* the assistant's message behind it, with our state */
    const sdk_json *previous; /* the state before the question */
};

static int32_t nomem(struct turn *t)
{
    return sdk_fail(t->err, ALLORA_E_NOMEM, "out of memory");
}

static int32_t send(struct turn *t, int32_t kind, allora_str payload)
{
    if (!payload.ptr)
        return nomem(t);
    return t->sink->event(t->sink->self, kind, payload);
}

static int32_t done(struct turn *t, const char *reason)
{
    sdk_writer w = sdk_writer_begin(t->mind.self, t->mind.ctx);
    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, "reason", reason);
    sdk_w_close(&w, '}');
    return send(t, ALLORA_EV_DONE, sdk_w_done(&w));
}

static int32_t learn(struct turn *t)
{
    static const char all[] = "{\"table\":\"*\"}";
    const sdk_json *document = NULL;
    int32_t status = sdk_call_json(t->mind.self, t->mind.ctx, "table.describe",
                                   sdk_str_n(all, sizeof all - 1), &document, t->err);
    if (status < 0)
        return status;
    status = lexicon_build(t->mind.self, t->mind.ctx, document, &t->lexicon, t->err);
    t->mind.lexicon = &t->lexicon;
    return status;
}

static void read_messages(struct turn *t, const sdk_json *messages)
{
    sdk_foreach (m, messages) {
        const char *role = sdk_get_str(m, "role", "");
        if (strcmp(role, "user") == 0) {
            if (t->asked)
                t->previous = sdk_member(sdk_member(t->asked, "state"), "query");
            t->question = m;
        } else if (strcmp(role, "assistant") == 0 && sdk_member(m, "state")) {
            t->asked = m;
        }
    }
}

/* What the tools said after the question. */
static const sdk_json *tool_after(const struct turn *t, const sdk_json *messages, int which)
{
    bool behind = false;
    sdk_foreach (m, messages) {
        behind = behind || m == t->question;
        if (behind && strcmp(sdk_get_str(m, "role", ""), "tool") == 0 && which-- == 0)
            return m;
    }
    return NULL;
}

static int32_t call_sql(struct turn *t, const char *id, struct text *sql)
{
    sdk_writer w = sdk_writer_begin(t->mind.self, t->mind.ctx);
    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, "id", id);
    sdk_w_text(&w, "name", "query.sql");
    sdk_w_open(&w, "arguments", '{');
    sdk_w_str(&w, "sql", sdk_str_n(sql->p, sql->len));
    sdk_w_close(&w, '}');
    sdk_w_close(&w, '}');
    int32_t status =
        sql->failed || !sql->p ? nomem(t) : send(t, ALLORA_EV_TOOL_CALL, sdk_w_done(&w));
    text_free(sql);
    return status;
}

/* What was understood, kept until the rows are there. */
struct said {
    int n; /* questions */
    const struct query *q[2];
    const char *text[2];    /* the questions by themselves, when there were two */
    const char *missed;     /* the one that was not understood; or NULL */
    const struct choice *c; /* or NULL */
};

struct part {
    const char *text;
    struct choice *c;
};

static int32_t send_state(struct turn *t, const struct said *said, const int64_t *show, int n_show)
{
    sdk_writer w = sdk_writer_begin(t->mind.self, t->mind.ctx);
    sdk_w_open(&w, NULL, '{');
    if (show) {
        sdk_w_open(&w, "show", '[');
        for (int i = 0; i < n_show; i++)
            sdk_w_int(&w, NULL, show[i]);
        sdk_w_close(&w, ']');
    }
    sdk_w_open(&w, "state", '{');
    for (int i = 0; i < said->n; i++) {
        sdk_w_open(&w, i ? "second" : "query", '{');
        state_write(said->q[i], &w);
        sdk_w_close(&w, '}');
        if (said->text[i])
            sdk_w_text(&w, i ? "second_text" : "text", said->text[i]);
    }
    if (said->missed)
        sdk_w_text(&w, "missed", said->missed);
    if (said->c) {
        sdk_w_open(&w, "assumed", '[');
        for (int i = 0; i < said->c->n_assumed; i++)
            sdk_w_text(&w, NULL, said->c->assumed[i]);
        sdk_w_close(&w, ']');
    }
    sdk_w_close(&w, '}');
    sdk_w_close(&w, '}');
    return send(t, ALLORA_EV_RESULT, sdk_w_done(&w));
}

static int32_t refuse(struct turn *t, const char *question, const struct choice *c)
{
    struct text out = {0};
    decline_write(&t->mind, question, c, &out);
    int32_t status = out.failed ? nomem(t) : send(t, ALLORA_EV_TEXT, sdk_str_n(out.p, out.len));
    text_free(&out);
    return status ? status : done(t, "refusal");
}

/* A name that was not found leaves a column open. */
static bool is_clear(struct choice *c)
{
    for (int i = 0; i < c->q.n_conds && c->verdict == UNDERSTOOD; i++)
        if (c->q.conds[i].column < 0)
            c->verdict = NO_SUCH_NAME;
    return c->verdict == UNDERSTOOD;
}

/* Of two questions in one those that are understood; *ret: how many. */
static int32_t ask_parts(struct turn *t, const char *question, size_t len,
                         const struct query *before, struct part *list, int *ret)
{
    struct parts at;
    *ret = 0;
    if (!parts_split(question, len, &at))
        return ALLORA_OK;
    for (int i = 0; i < 2; i++) {
        struct part *part = &list[i];
        part->text = sdk_copy(t->mind.self, t->mind.ctx,
                              i ? sdk_str_n(question + at.second, len - at.second)
                                : sdk_str_n(question, at.first_len));
        part->c = sdk_alloc(t->mind.self, t->mind.ctx, sizeof *part->c);
        if (!part->text || !part->c)
            return nomem(t);
        part->c->verdict = NOT_UNDERSTOOD;
        if (i && at.refers)
            continue;
        int32_t status =
            choose(&t->mind, part->text, strlen(part->text), i ? NULL : before, part->c, t->err);
        if (status < 0)
            return status;
        *ret += is_clear(part->c);
    }
    return ALLORA_OK;
}

static int32_t answer_parts(struct turn *t, struct part *list)
{
    const struct query *q[2];
    const char *text[2], *missed = NULL;
    int n = 0;
    for (int i = 0; i < 2; i++) {
        if (list[i].c->verdict != UNDERSTOOD) {
            missed = list[i].text;
            continue;
        }
        list[i].c->q.and_list = false;
        text[n] = list[i].text;
        q[n++] = &list[i].c->q;
    }
    int32_t status = send_state(t,
                                &(struct said){.n = n,
                                               .q = {q[0], n > 1 ? q[1] : NULL},
                                               .text = {text[0], n > 1 ? text[1] : NULL},
                                               .missed = missed},
                                NULL, 0);
    for (int i = 0; i < n && !status; i++) {
        struct text sql = {0};
        sql_write(q[i], &sql);
        status = call_sql(t, i ? "q2" : "q1", &sql);
    }
    return status ? status : done(t, "tool_calls");
}

static int32_t ask(struct turn *t)
{
    const sdk_json *content = sdk_member(t->question, "content");
    const char *question = content && content->type == SDK_STRING ? content->text.ptr : "";
    size_t len = content ? (size_t)content->text.len : 0;
    struct query before;
    bool have = t->previous && state_read(t->previous, &t->lexicon, &before);
    struct choice *c = sdk_alloc(t->mind.self, t->mind.ctx, sizeof *c);
    if (!c)
        return nomem(t);
    int32_t status = choose(&t->mind, question, len, have ? &before : NULL, c, t->err);
    if (status < 0)
        return status;
    if (!is_clear(c)) {
        struct part list[2] = {{0}};
        int n = 0;
        status = ask_parts(t, question, len, have ? &before : NULL, list, &n);
        if (status < 0)
            return status;
        return n ? answer_parts(t, list) : refuse(t, question, c);
    }
    struct text sql = {0};
    sql_write(&c->q, &sql);
    status = send_state(t, &(struct said){.n = 1, .q = {&c->q}, .c = c}, NULL, 0);
    if (!status)
        status = call_sql(t, "q1", &sql);
    text_free(&sql);
    if (!status && c->q.and_list) {
        struct text rows = {0};
        sql_write_rows(&c->q, &rows);
        status = call_sql(t, "q2", &rows);
    }
    struct text total = {0};
    if (!status && sql_write_total(&c->q, &total))
        status = call_sql(t, "q2", &total);
    text_free(&total);
    return status ? status : done(t, "tool_calls");
}

static int32_t parse_outcome(struct turn *t, const sdk_json *message, struct outcome *o,
                             const sdk_json **error)
{
    const sdk_json *content = sdk_member(message, "content"), *node = NULL;
    allora_str text = content && content->type == SDK_STRING ? content->text : sdk_str("{}");
    int32_t status = sdk_parse(t->mind.self, t->mind.ctx, text, &node, t->err);
    if (status < 0)
        return status;
    *error = sdk_member(node, "error");
    *o = (struct outcome){.receipt = sdk_get_int(node, "receipt", 0),
                          .row_count = sdk_get_int(node, "row_count", 0),
                          .columns = sdk_member(node, "columns"),
                          .rows = sdk_member(node, "rows"),
                          .partial = sdk_get_bool(node, "partial", false)};
    sdk_foreach (warning, sdk_member(node, "warnings")) {
        if (o->partial && !o->gap.len)
            o->gap = sdk_str(sdk_get_str(warning, "message", ""));
        if (!strcmp(sdk_get_str(warning, "reason", ""), "left_out"))
            o->gap = sdk_str(sdk_get_str(warning, "message", ""));
    }
    return ALLORA_OK;
}

/* A query that failed is said as it is; the host has the details. */
static int32_t say_error(struct turn *t, const sdk_json *error)
{
    struct text out = {0};
    text_addf(&out, "I understood the question, but could not look it up: %.300s",
              sdk_get_str(error, "message", "the query failed"));
    int32_t status = out.failed ? nomem(t) : send(t, ALLORA_EV_TEXT, sdk_str_n(out.p, out.len));
    text_free(&out);
    return status ? status : done(t, "stop");
}

/* The answer to a second question. */
static int32_t answer_second(struct turn *t, const struct outcome *o, struct query *q,
                             struct text *out)
{
    const sdk_json *state = sdk_member(t->asked, "state");
    if (!state_read(sdk_member(state, "second"), &t->lexicon, q))
        return sdk_fail(t->err, ALLORA_E_INTERNAL, "the question's state was lost");
    text_add(out, " ");
    answer_write(q, sdk_get_str(state, "second_text", ""), o, out);
    return ALLORA_OK;
}

static int32_t answer(struct turn *t, const sdk_json *messages)
{
    struct query q, last;
    struct outcome first, second;
    const sdk_json *error = NULL, *state = sdk_member(t->asked, "state");
    const sdk_json *more = tool_after(t, messages, 1);
    if (!state || !state_read(sdk_member(state, "query"), &t->lexicon, &q))
        return sdk_fail(t->err, ALLORA_E_INTERNAL, "the question's state was lost");
    int32_t status = parse_outcome(t, tool_after(t, messages, 0), &first, &error);
    if (status < 0)
        return status;
    if (error)
        return say_error(t, error);
    int64_t show[2] = {first.receipt, 0};
    int n_show = 1;
    bool two = sdk_member(state, "second") != NULL;
    if (more && parse_outcome(t, more, &second, &error) == ALLORA_OK && !error) {
        if (q.and_list || two)
            show[n_show++] = second.receipt;
        else
            first.total = &second;
    } else if (two && error) {
        return say_error(t, error);
    }
    struct text out = {0};
    const char *missed = sdk_get_str(state, "missed", NULL);
    if (missed)
        text_addf(&out, "I can answer one part; “%.200s” I did not understand. ", missed);
    answer_write(&q, sdk_get_str(state, "text", sdk_get_str(t->question, "content", "")), &first,
                 &out);
    if (two && n_show > 1)
        status = answer_second(t, &second, &last, &out);
    sdk_foreach (note, sdk_member(state, "assumed"))
        text_addf(&out, " (%.200s.)", note->text.ptr ? note->text.ptr : "");
    if (!status)
        status = out.failed ? nomem(t) : send(t, ALLORA_EV_TEXT, sdk_str_n(out.p, out.len));
    text_free(&out);
    if (!status)
        status = send_state(t, &(struct said){.n = 1, .q = {two ? &last : &q}}, show,
                            answer_unknown(&q, &first) && !two ? 0 : n_show);
    return status ? status : done(t, "stop");
}

int32_t offline_turn(allora_instance *self, allora_ctx *ctx, const allora_turn_request *request,
                     const allora_sink *sink, allora_error *err)
{
    struct turn t = {.mind = {.self = self, .ctx = ctx, .probe = true}, .sink = sink, .err = err};
    const sdk_json *messages = NULL;
    t.mind.now_us = sdk_of(self)->host->now_us(ctx);
    int32_t status = sdk_parse(self, ctx, request->messages_json, &messages, err);
    if (status >= 0) {
        read_messages(&t, messages);
        status = t.question ? learn(&t) : sdk_fail(err, ALLORA_E_ARG, "there is no question");
    }
    if (status < 0)
        return status;
    status = tool_after(&t, messages, 0) ? answer(&t, messages) : ask(&t);
    return status == ALLORA_STOP ? ALLORA_OK : status;
}
