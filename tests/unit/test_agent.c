/* The agent loop with a scripted agent and scripted tools: answers, receipts, follow-ups, every way
 * it can go wrong. */
#include "agent/agent.h"
#include "agent/manager.h"
#include "base/console.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/rowset.h"
#include "base/str.h"
#include "base/value.h"
#include "unit.h"
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

/* --- the world ------------------------------------------------------------------------------- */

struct step { /* one event of a turn; kind 0 ends the turn, with `end` as its status; kind -1
                 repeats the whole script */
    int32_t kind;
    const char *payload;
    int32_t end;
};
struct world {
    char dir[64];
    struct store *store;
    struct agents *agents;
    struct dispatch dispatch;
    allora_ctx *ctx;
    struct console console;
    const struct step *script, *at;
    struct buf seen; /* the messages of the last turn */
    unsigned turns, calls;
    int32_t cancel_after_calls; /* 0: never */
    bool was_agent;
    pthread_mutex_t lock; /* guards all of the above when threads ask */
};
static const struct principal owner = {"local:test", true, false};

static int32_t turn(allora_instance *self, allora_ctx *ctx, const allora_turn_request *r,
                    const allora_sink *sink, allora_error *err)
{
    struct world *w = (struct world *)(void *)self;
    w->turns++;
    w->was_agent = ctx->principal->agent;
    buf_reset(&w->seen);
    buf_add(&w->seen, r->messages_json.ptr, (size_t)r->messages_json.len);
    for (; w->at->kind > 0; w->at++) {
        int32_t status = sink->event(sink->self, w->at->kind, str_of(w->at->payload));
        if (status)
            return status < 0 ? status : ALLORA_OK;
    }
    int32_t status = w->at->end;
    w->at = w->at->kind == -1 ? w->script : w->at + 1;
    if (status < 0)
        return err_set(err, status, "the script failed");
    return ctx_cancelled(ctx);
}

static const allora_agent_v1 fake_agent = {.size = sizeof fake_agent, .turn = turn};

static const allora_column rss = {
    .size = sizeof rss, .type = ALLORA_V_INT, .name = "rss", .unit = "bytes"};
static const allora_column id_column = {
    .size = sizeof id_column, .type = ALLORA_V_TEXT, .name = "id"};
static const allora_column since = {.size = sizeof since, .type = ALLORA_V_TIME, .name = "since"};
static const allora_column *const columns[] = {&id_column, &rss, &id_column, &since};

static int32_t call(void *self, allora_ctx *ctx, const char *operation, allora_str args,
                    const allora_sink *sink, allora_error *err)
{
    struct world *w = self;
    w->calls++;
    w->was_agent = w->was_agent && ctx->principal->agent;
    if (w->cancel_after_calls && (int32_t)w->calls == w->cancel_after_calls)
        ctx_cancel(w->ctx, ALLORA_E_CANCELLED);
    assert_string_equal(operation, "query.sql");
    if (strstr(args.ptr, "bad"))
        return err_set(err, ALLORA_E_ARG, "no such table");
    long n = strstr(args.ptr, "many") ? 20000 : 2;
    (void)sink->begin(sink->self, columns, 4);
    for (long i = 0; i < n; i++) {
        allora_value cells[] = {val_text("a\"b"), val_int(i), val_text("c"), val_time(1000000)};
        int32_t status = sink->row(sink->self, cells, 4);
        if (status)
            return status;
    }
    static const char provenance[] =
        "{\"tables\":[{\"table\":\"t\",\"source\":\"cache\",\"age_s\":60,"
        "\"as_of\":\"2026-01-01T00:00:00Z\"},{\"table\":\"u\",\"source\":"
        "\"live\",\"age_s\":0}],\"rows_read\":7}";
    (void)sink->event(sink->self, ALLORA_EV_PROVENANCE, str_of(provenance));
    if (!strstr(args.ptr, "half"))
        return ALLORA_OK;
    (void)sink->event(sink->self, ALLORA_EV_WARNING,
                      str_of("{\"code\":\"timeout\",\"message\":\"u is down\"}"));
    return ALLORA_PARTIAL;
}

static int32_t catalogue(void *self, allora_ctx *ctx, const char *glob, const allora_sink *sink,
                         allora_error *err)
{
    (void)self, (void)ctx, (void)err;
    static const struct {
        const char *name, *effect;
        bool tool;
    } rows[] = {
        {"query.sql", "read", true}, {"query.kill", "write", true}, {"query.log", "read", false}};
    (void)sink->begin(sink->self, NULL, 0);
    for (size_t i = 0; i < 3; i++) {
        allora_value cells[] = {val_text(rows[i].name), val_text(rows[i].effect),
                                val_text("Summary"),    val_json("{\"type\":\"object\"}", 17),
                                val_json("[]", 2),      val_text("allora"),
                                val_bool(rows[i].tool), val_null()};
        if (glob_match(glob, rows[i].name) && sink->row(sink->self, cells, 8))
            return ALLORA_E_NOMEM;
    }
    return ALLORA_OK;
}

static void reopen(struct world *w, const char *dir)
{
    allora_error err = ERR_INIT;
    agents_free(w->agents);
    store_free(w->store);
    assert_int_equal(store_new(dir, &w->store, &err), ALLORA_OK);
    const struct agents_options o = {.dispatch = &w->dispatch, .store = w->store};
    assert_int_equal(agents_new(&o, &w->agents, &err), ALLORA_OK);
    assert_int_equal(
        agents_add(w->agents, "fake", "query.*", &fake_agent, (allora_instance *)(void *)w), 0);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    (void)snprintf(w->dir, sizeof w->dir, "%s", "/tmp/allora-agent-XXXXXX");
    if (!mkdtemp(w->dir))
        return -1;
    w->dispatch = (struct dispatch){w, call, catalogue};
    w->ctx = ctx_root(&owner, 0);
    w->console.terminal = "pts/7:1:2";
    w->ctx->console = &w->console;
    w->seen = BUF(64 << 20);
    (void)pthread_mutex_init(&w->lock, NULL);
    reopen(w, w->dir);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    agents_free(w->agents);
    store_free(w->store);
    ctx_close(w->ctx);
    buf_done(&w->seen);
    (void)pthread_mutex_destroy(&w->lock);
    DIR *d = opendir(w->dir);
    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
        if (e->d_name[0] != '.')
            (void)unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        (void)closedir(d);
    (void)rmdir(w->dir);
    free(w);
    return 0;
}

struct reply {
    int32_t status;
    allora_error err;
    struct rowset got;
    json_node *result;
    struct buf text;
};

static void reply_done(struct reply *r)
{
    rowset_done(&r->got);
    json_free(r->result);
    buf_done(&r->text);
}

static struct reply run(struct world *w, operation_fn fn, const char *args)
{
    struct reply r = {.err = ERR_INIT, .text = BUF(1 << 20)};
    json_node *node = NULL;
    rowset_init(&r.got, 0, 0);
    assert_int_equal(json_parse(args, strlen(args), &node, &r.err), ALLORA_OK);
    const allora_sink sink = rowset_sink(&r.got);
    r.status = fn(w->agents, w->ctx, node, &sink, &r.err);
    for (const struct rowset_event *e = r.got.events; e; e = e->next)
        if (e->kind == ALLORA_EV_TEXT)
            buf_add(&r.text, e->payload.ptr, (size_t)e->payload.len);
    allora_str doc = rowset_event(&r.got, ALLORA_EV_RESULT);
    if (doc.len) {
        allora_error err = ERR_INIT;
        assert_int_equal(json_parse(doc.ptr, (size_t)doc.len, &r.result, &err), ALLORA_OK);
    }
    json_free(node);
    return r;
}

static struct reply ask(struct world *w, const struct step *script, const char *args)
{
    w->script = w->at = script;
    w->turns = w->calls = 0;
    return run(w, agent_op_ask, args);
}

static unsigned count_events(const struct reply *r, int32_t kind)
{
    unsigned n = 0;
    for (const struct rowset_event *e = r->got.events; e; e = e->next)
        n += e->kind == kind;
    return n;
}

#define TEXT(t)                                                                                    \
    {                                                                                              \
        ALLORA_EV_TEXT, t, 0                                                                       \
    }
#define SQL(id, sql)                                                                               \
    {                                                                                              \
        ALLORA_EV_TOOL_CALL,                                                                       \
            "{\"id\":\"" id "\",\"name\":\"query.sql\",\"arguments\":{\"sql\":\"" sql "\"}}", 0    \
    }
#define DONE(reason)                                                                               \
    {                                                                                              \
        ALLORA_EV_DONE, "{\"reason\":\"" reason "\"}", 0                                           \
    }
#define SHOW(n)                                                                                    \
    {                                                                                              \
        ALLORA_EV_RESULT, "{\"show\":[" n "],\"state\":{\"topic\":\"memory\"}}", 0                 \
    }
#define END                                                                                        \
    {                                                                                              \
        0, NULL, 0                                                                                 \
    }

static const struct step simple[] = {
    TEXT("Looking."),
    SQL("c1", "select 1"),
    DONE("tool_calls"),
    END,
    TEXT("Two "),
    TEXT("rows [1]."),
    SHOW("1"),
    {ALLORA_EV_USAGE, "{\"input_tokens\":10,\"output_tokens\":5,\"cost\":0.5}", 0},
    DONE("stop"),
    END};

/* --- what must work -------------------------------------------------------------------------- */

static void answers_with_receipts(void **state)
{
    struct world *w = *state;
    struct reply r = ask(w, simple, "{\"question\":\"how many?\"}");
    assert_int_equal(r.status, ALLORA_OK);
    assert_true(w->was_agent);
    assert_string_equal(buf_str(&r.text), "Looking.\n\nTwo rows [1].");
    assert_string_equal(json_get_str(r.result, "answer", ""), "Two rows [1].");
    assert_string_equal(json_get_str(r.result, "agent", ""), "fake");
    assert_string_equal(json_get_str(r.result, "session", ""), "1");
    assert_string_equal(json_get_str(r.result, "reason", ""), "stop");
    assert_int_equal(json_int(json_path(r.result, "usage.input_tokens"), 0), 10);
    assert_int_equal(json_int(json_at(json_get(r.result, "show"), 0), 0), 1);
    assert_int_equal(json_count(json_get(r.result, "plans")), 0);
    assert_int_equal(json_count(json_get(r.result, "warnings")), 0);
    const json_node *receipt = json_at(json_get(r.result, "receipts"), 0);
    assert_int_equal(json_get_int(receipt, "n", 0), 1);
    assert_string_equal(json_get_str(receipt, "operation", ""), "query.sql");
    assert_string_equal(json_get_str(receipt, "sql", ""), "select 1");
    assert_int_equal(json_get_int(receipt, "row_count", 0), 2);
    assert_false(json_get_bool(receipt, "truncated", true));
    assert_string_equal(json_get_str(receipt, "as_of", ""), "2026-01-01T00:00:00Z");
    assert_int_equal(json_get_int(receipt, "age_s", 0), 60);
    assert_string_equal(json_get_str(receipt, "source", ""), "mixed");
    assert_int_equal(json_int(json_path(receipt, "provenance.rows_read"), 0), 7);
    const json_node *row = json_at(json_get(receipt, "rows"), 1);
    assert_string_equal(json_get_str(row, "id", ""), "a\"b");
    assert_string_equal(json_get_str(row, "id_2", ""), "c");
    assert_string_equal(json_get_str(row, "since", ""), "1970-01-01T00:00:01Z");
    assert_int_equal(json_get_int(row, "rss", 0), 1);
    const json_node *column = json_at(json_get(receipt, "columns"), 1);
    assert_string_equal(json_get_str(column, "unit", ""), "bytes");
    assert_string_equal(json_get_str(column, "type", ""), "int");
    reply_done(&r);
}

static void sends_events_as_they_happen(void **state)
{
    struct world *w = *state;
    static const int32_t want[] = {ALLORA_EV_TEXT,  ALLORA_EV_TOOL_CALL, ALLORA_EV_MESSAGE,
                                   ALLORA_EV_TEXT,  ALLORA_EV_TEXT,      ALLORA_EV_TEXT,
                                   ALLORA_EV_USAGE, ALLORA_EV_RESULT};
    struct reply r = ask(w, simple, "{\"question\":\"how many?\"}");
    size_t i = 0;
    for (const struct rowset_event *e = r.got.events; e; e = e->next, i++)
        assert_int_equal(e->kind, want[i]);
    assert_int_equal(i, sizeof want / sizeof *want);
    allora_str message = rowset_event(&r.got, ALLORA_EV_MESSAGE);
    json_node *node = NULL;
    assert_int_equal(json_parse(message.ptr, (size_t)message.len, &node, &r.err), ALLORA_OK);
    assert_string_equal(json_get_str(node, "type", ""), "tool_result");
    assert_string_equal(json_get_str(node, "id", ""), "c1");
    assert_int_equal(json_get_int(node, "n", 0), 1);
    json_free(node);
    reply_done(&r);
}

/* The second question sees the first with its tool results and the agent's own state; receipts
 * count on. */
static void goes_on_with_the_terminals_session(void **state)
{
    struct world *w = *state;
    struct reply r = ask(w, simple, "{\"question\":\"how many?\"}");
    reply_done(&r);
    r = ask(w, simple, "{\"question\":\"only root's?\"}");
    assert_string_equal(json_get_str(r.result, "session", ""), "1");
    assert_int_equal(json_get_int(json_at(json_get(r.result, "receipts"), 0), "n", 0), 2);
    reply_done(&r);
    json_node *seen = NULL;
    allora_error err = ERR_INIT;
    assert_int_equal(json_parse(w->seen.ptr, w->seen.len, &seen, &err), ALLORA_OK);
    static const char *const roles[] = {"system",    "user", "assistant", "tool",
                                        "assistant", "user", "assistant", "tool"};
    assert_int_equal(json_count(seen), 8);
    for (size_t i = 0; i < 8; i++)
        assert_string_equal(json_get_str(json_at(seen, i), "role", ""), roles[i]);
    assert_string_equal(json_str(json_path(json_at(seen, 4), "state.topic"), ""), "memory");
    const json_node *tool = json_at(seen, 3);
    assert_string_equal(json_get_str(tool, "tool_call_id", ""), "c1");
    json_node *content = NULL;
    const char *text = json_get_str(tool, "content", "");
    assert_int_equal(json_parse(text, strlen(text), &content, &err), ALLORA_OK);
    assert_int_equal(json_get_int(content, "receipt", 0), 1);
    assert_int_equal(json_int(json_at(json_at(json_get(content, "rows"), 1), 1), 0), 1);
    json_free(content);
    json_free(seen);

    r = ask(w, simple, "{\"question\":\"again\",\"new\":true}");
    assert_string_equal(json_get_str(r.result, "session", ""), "2");
    reply_done(&r);
    r = ask(w, simple, "{\"question\":\"again\",\"session\":\"1\"}");
    assert_string_equal(json_get_str(r.result, "session", ""), "1");
    reply_done(&r);
    r = ask(w, simple, "{\"question\":\"again\",\"session\":\"last\"}");
    assert_string_equal(json_get_str(r.result, "session", ""), "1");
    reply_done(&r);
    w->console.terminal = "pts/8:1:2";
    r = ask(w, simple, "{\"question\":\"again\"}");
    assert_string_equal(json_get_str(r.result, "session", ""), "3");
    reply_done(&r);
}

static void shows_lists_and_deletes_sessions(void **state)
{
    struct world *w = *state;
    struct reply r = run(w, agent_op_session_list, "{}");
    assert_int_equal(r.status, ALLORA_OK);
    assert_int_equal(r.got.n_rows, 0);
    reply_done(&r);
    r = run(w, agent_op_session_show, "{\"session\":\"last\"}");
    assert_int_equal(r.status, ALLORA_E_NOTFOUND);
    reply_done(&r);

    r = ask(w, simple, "{\"question\":\"how many?\"}");
    reply_done(&r);
    r = ask(w, simple, "{\"question\":\"second\",\"new\":true}");
    reply_done(&r);
    r = run(w, agent_op_session_list, "{\"limit\":50}");
    assert_int_equal(r.got.n_rows, 2);
    assert_string_equal(r.got.rows[0][0].u.p, "2");
    assert_string_equal(r.got.rows[1][1].u.p, "how many?");
    assert_int_equal(r.got.rows[1][3].u.i, 1);
    reply_done(&r);

    r = run(w, agent_op_session_show, "{\"session\":\"1\"}");
    assert_string_equal(buf_str(&r.text),
                        "› how many?\nLooking.\n  ▸ query.sql select 1\nTwo rows [1].\n");
    assert_int_equal(json_count(json_get(r.result, "messages")), 3);
    assert_int_equal(json_count(json_get(r.result, "receipts")), 1);
    reply_done(&r);

    r = run(w, agent_op_session_delete, "{\"session\":\"1\"}");
    assert_int_equal(r.status, ALLORA_OK);
    assert_string_equal(buf_str(&r.text), "Session 1 is deleted.\n");
    reply_done(&r);
    r = run(w, agent_op_session_delete, "{\"session\":\"1\"}");
    assert_int_equal(r.status, ALLORA_E_NOTFOUND);
    reply_done(&r);
    r = run(w, agent_op_receipt_show, "{\"receipt\":1,\"session\":\"1\"}");
    assert_int_equal(r.status, ALLORA_E_NOTFOUND);
    reply_done(&r);
    r = run(w, agent_op_session_show, "{\"session\":\"x\"}");
    assert_int_equal(r.status, ALLORA_E_ARG);
    reply_done(&r);
    /* a number is not given out twice */
    r = ask(w, simple, "{\"question\":\"third\",\"new\":true}");
    assert_string_equal(json_get_str(r.result, "session", ""), "3");
    reply_done(&r);
}

static void why_shows_what_stands_behind(void **state)
{
    struct world *w = *state;
    struct reply r = ask(w, simple, "{\"question\":\"how many?\"}");
    reply_done(&r);
    r = run(w, agent_op_receipt_show, "{}");
    assert_int_equal(r.status, ALLORA_OK);
    static const char want[] = "[1] in session 1: query.sql, as of 2026-01-01T00:00:00Z (";
    assert_memory_equal(buf_str(&r.text), want, sizeof want - 1);
    assert_non_null(strstr(buf_str(&r.text), " ago), 2 rows.\n"));
    assert_int_equal(json_int(json_at(json_get(r.result, "show"), 0), 0), 1);
    assert_int_equal(json_count(json_get(json_at(json_get(r.result, "receipts"), 0), "rows")), 2);
    reply_done(&r);
    r = run(w, agent_op_receipt_show, "{\"receipt\":2}");
    assert_int_equal(r.status, ALLORA_E_NOTFOUND);
    assert_non_null(strstr(r.err.hint, "1 to 1"));
    reply_done(&r);
}

static void cuts_what_is_too_large(void **state)
{
    struct world *w = *state;
    static const struct step script[] = {SQL("c", "many"), DONE("tool_calls"), END,
                                         TEXT("Many."),    DONE("stop"),       END};
    struct reply r = ask(w, script, "{\"question\":\"all\"}");
    assert_int_equal(r.status, ALLORA_OK);
    const json_node *receipt = json_at(json_get(r.result, "receipts"), 0);
    assert_int_equal(json_get_int(receipt, "row_count", 0), 20000);
    assert_true(json_get_bool(receipt, "truncated", false));
    assert_int_equal(json_count(json_get(receipt, "rows")), 10000);
    assert_non_null(strstr(buf_str(&w->seen), "\\\"row_count\\\":20000,\\\"truncated\\\":true"));
    assert_true(w->seen.len < 600 * 1024);
    reply_done(&r);
}

static void a_partial_receipt_makes_a_partial_answer(void **state)
{
    struct world *w = *state;
    static const struct step script[] = {SQL("c", "half"), DONE("tool_calls"), END,
                                         TEXT("Half."),    DONE("stop"),       END};
    struct reply r = ask(w, script, "{\"question\":\"all\"}");
    assert_int_equal(r.status, ALLORA_PARTIAL);
    assert_true(json_get_bool(json_at(json_get(r.result, "receipts"), 0), "partial", false));
    assert_string_equal(json_get_str(json_at(json_get(r.result, "warnings"), 0), "message", ""),
                        "u is down");
    assert_int_equal(count_events(&r, ALLORA_EV_WARNING), 1);
    reply_done(&r);
}

static void says_when_nothing_was_looked_up(void **state)
{
    struct world *w = *state;
    static const struct step script[] = {TEXT("42"), DONE("stop"), END};
    struct reply r = ask(w, script, "{\"question\":\"all\"}");
    assert_int_equal(r.status, ALLORA_OK);
    assert_string_equal(json_get_str(json_at(json_get(r.result, "warnings"), 0), "code", ""),
                        "no_receipts");
    reply_done(&r);
}

static void declining_is_bad_input(void **state)
{
    struct world *w = *state;
    static const struct step script[] = {TEXT("I don't know \"frobs\"."), DONE("refusal"), END};
    struct reply r = ask(w, script, "{\"question\":\"frobs?\"}");
    assert_int_equal(r.status, ALLORA_E_ARG);
    assert_string_equal(buf_str(&r.text), "I don't know \"frobs\".");
    assert_string_equal(json_get_str(r.result, "reason", ""), "refusal");
    assert_int_equal(json_count(json_get(r.result, "warnings")), 0);
    reply_done(&r);
}

/* --- what may go wrong ----------------------------------------------------------------------- */

static void stops_an_endless_loop(void **state)
{
    struct world *w = *state;
    static const struct step forever[] = {SQL("c", "select 1"), DONE("tool_calls"), {-1, NULL, 0}};
    struct reply r = ask(w, forever, "{\"question\":\"q\",\"max_turns\":5}");
    assert_int_equal(r.status, ALLORA_E_BUDGET);
    assert_int_equal(w->turns, 5);
    assert_int_equal(w->calls, 5);
    assert_string_equal(json_get_str(r.result, "reason", ""), "limit");
    reply_done(&r);
    r = ask(w, forever, "{\"question\":\"q\",\"max_tool_calls\":3}");
    assert_int_equal(r.status, ALLORA_E_BUDGET);
    assert_int_equal(w->calls, 3);
    assert_string_equal(r.err.message, "the agent fake was stopped after 3 calls");
    reply_done(&r);
}

/* Each problem is told to the agent, which may then do better. */
static void tells_the_agent_what_was_wrong(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *call, *told;
    } rows[] = {
        {"{\"id\":\"1\",\"name\":\"query.kill\",\"arguments\":{}}", "there is no tool query.kill"},
        {"{\"id\":\"1\",\"name\":\"query.log\",\"arguments\":{}}", "there is no tool query.log"},
        {"{\"id\":\"1\",\"name\":\"\",\"arguments\":{}}", "there is no tool"},
        {"{\"id\":\"1\",\"name\":\"query.sql\",\"arguments\":\"{}\"}",
         "arguments are not a JSON object"},
        {"{\"id\":\"1\",\"name\":\"query.sql\",\"arguments\":[1]}",
         "arguments are not a JSON object"},
        {"{\"id\":\"1\",\"arguments\":{}}", "names no operation"},
        {"{\"id\":", "not valid JSON"},
        {"", "not valid JSON"},
        {"{\"name\":\"query.sql\",\"arguments\":{\"sql\":\"bad\"}}", "no such table"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct step script[] = {{ALLORA_EV_TOOL_CALL, rows[i].call, 0},
                                      DONE("tool_calls"),
                                      END,
                                      TEXT("Sorry."),
                                      DONE("stop"),
                                      END};
        struct reply r = ask(w, script, "{\"question\":\"q\",\"new\":true}");
        assert_int_equal(r.status, ALLORA_OK);
        assert_int_equal(w->turns, 2);
        assert_non_null(strstr(buf_str(&w->seen), rows[i].told));
        assert_int_equal(json_count(json_get(r.result, "receipts")), 0);
        assert_int_equal(count_events(&r, ALLORA_EV_MESSAGE), 1);
        reply_done(&r);
    }
}

static void a_cut_stream_is_no_answer(void **state)
{
    struct world *w = *state;
    static const struct step cut[] = {TEXT("Two ro"), END};
    struct reply r = ask(w, cut, "{\"question\":\"q\"}");
    assert_int_equal(r.status, ALLORA_E_REMOTE);
    assert_string_equal(json_get_str(r.result, "reason", ""), "error");
    assert_string_equal(json_get_str(r.result, "answer", ""), "Two ro");
    reply_done(&r);
    static const struct step failing[] = {TEXT("Two ro"), {0, NULL, ALLORA_E_NETWORK}};
    r = ask(w, failing, "{\"question\":\"q\"}");
    assert_int_equal(r.status, ALLORA_E_NETWORK);
    assert_string_equal(r.err.message, "the script failed");
    reply_done(&r);
    /* the session goes on after it */
    r = ask(w, simple, "{\"question\":\"q\"}");
    assert_int_equal(r.status, ALLORA_OK);
    assert_string_equal(json_get_str(r.result, "session", ""), "1");
    reply_done(&r);
}

/* Every tool call in the kept conversation has its result, whatever cut it off. */
static void check_conversation(struct world *w)
{
    json_node *seen = NULL;
    allora_error err = ERR_INIT;
    assert_int_equal(json_parse(w->seen.ptr, w->seen.len, &seen, &err), ALLORA_OK);
    size_t open = 0;
    json_foreach (message, seen) {
        const char *role = json_get_str(message, "role", "");
        if (streq(role, "tool"))
            open--;
        else
            assert_int_equal(open, 0);
        if (streq(role, "assistant"))
            open = json_count(json_get(message, "tool_calls"));
    }
    assert_int_equal(open, 0);
    json_free(seen);
}

static void cancelling_keeps_the_session(void **state)
{
    struct world *w = *state;
    static const struct step script[] = {SQL("a", "1"), SQL("b", "2"), SQL("c", "3"),
                                         DONE("tool_calls"), END};
    w->cancel_after_calls = 2;
    struct reply r = ask(w, script, "{\"question\":\"q\"}");
    assert_int_equal(r.status, ALLORA_E_CANCELLED);
    assert_int_equal(w->calls, 2);
    assert_string_equal(json_get_str(r.result, "reason", ""), "cancelled");
    assert_int_equal(json_count(json_get(r.result, "receipts")), 2);
    reply_done(&r);
    ctx_close(w->ctx);
    w->ctx = ctx_root(&owner, 0);
    w->ctx->console = &w->console;
    w->cancel_after_calls = 0;
    r = ask(w, simple, "{\"question\":\"go on\"}");
    assert_string_equal(json_get_str(r.result, "session", ""), "1");
    assert_int_equal(json_get_int(json_at(json_get(r.result, "receipts"), 0), "n", 0), 3);
    check_conversation(w);
    reply_done(&r);
}

static void time_runs_out(void **state)
{
    struct world *w = *state;
    static const struct step forever[] = {SQL("c", "select 1"), DONE("tool_calls"), {-1, NULL, 0}};
    w->ctx->deadline_us = 1;
    struct reply r = ask(w, forever, "{\"question\":\"q\"}");
    assert_int_equal(r.status, ALLORA_E_TIMEOUT);
    reply_done(&r);
}

static int32_t stop_at_third(void *self, int32_t kind, allora_str payload)
{
    (void)kind, (void)payload;
    return ++*(int *)self >= 3 ? ALLORA_STOP : ALLORA_OK;
}

static void a_reader_that_leaves_is_no_failure(void **state)
{
    struct world *w = *state;
    int events = 0;
    json_node *args = NULL;
    allora_error err = ERR_INIT;
    const allora_sink sink = {&events, null_sink.begin, null_sink.row, stop_at_third};
    assert_int_equal(json_parse("{\"question\":\"q\"}", 16, &args, &err), ALLORA_OK);
    w->script = w->at = simple;
    assert_int_equal(agent_op_ask(w->agents, w->ctx, args, &sink, &err), ALLORA_OK);
    assert_int_equal(w->turns, 1);
    json_free(args);
    struct reply r = ask(w, simple, "{\"question\":\"go on\"}");
    assert_int_equal(r.status, ALLORA_OK);
    check_conversation(w);
    reply_done(&r);
}

static void answers_where_nothing_can_be_kept(void **state)
{
    struct world *w = *state;
    reopen(w, NULL);
    struct reply r = ask(w, simple, "{\"question\":\"q\"}");
    assert_int_equal(r.status, ALLORA_OK);
    assert_int_equal(json_typeof(json_get(r.result, "session")), JSON_NULL);
    assert_int_equal(json_get_int(json_at(json_get(r.result, "receipts"), 0), "n", 0), 1);
    const char *said = json_get_str(json_at(json_get(r.result, "warnings"), 0), "message", "");
    assert_non_null(strstr(said, "this session is not kept: there is no home folder"));
    reply_done(&r);
    r = ask(w, simple, "{\"question\":\"q\",\"session\":\"1\"}");
    assert_int_equal(r.status, ALLORA_E_CONFIG);
    reply_done(&r);
}

static void names_unknown_agents_and_sessions(void **state)
{
    struct world *w = *state;
    struct reply r = ask(w, simple, "{\"question\":\"q\",\"agent\":\"nobody\"}");
    assert_int_equal(r.status, ALLORA_E_NOTFOUND);
    assert_null(r.result);
    reply_done(&r);
    r = ask(w, simple, "{\"question\":\"q\",\"session\":\"77\"}");
    assert_int_equal(r.status, ALLORA_E_NOTFOUND);
    assert_string_equal(r.err.message, "no session 77");
    reply_done(&r);
    r = ask(w, simple, "{\"question\":\"q\",\"session\":\"abc\"}");
    assert_int_equal(r.status, ALLORA_E_ARG);
    reply_done(&r);
}

/* From the first allocation to well past the last one of a whole question. */
static void fail_allocations(struct world *w, int64_t step)
{
    json_node *args = NULL;
    allora_error err = ERR_INIT;
    assert_int_equal(json_parse("{\"question\":\"q\"}", 16, &args, &err), ALLORA_OK);
    for (int64_t n = 0, good = 0; good < 3; n += step) {
        assert_true(n < 20000);
        err_reset(&err);
        w->script = w->at = simple;
        mem_fail_after(n);
        int32_t status = agent_op_ask(w->agents, w->ctx, args, &null_sink, &err);
        mem_fail_after(-1);
        good =
            status == ALLORA_OK ? good + 1 : 0; /* where nothing could be kept, it still answers */
        if (good == 3 && n < 300)
            good = 2;
    }
    json_free(args);
}

static void survives_every_failed_allocation(void **state)
{
    struct world *w = *state;
    reopen(w, NULL);
    fail_allocations(w, 1);
    reopen(w, w->dir);
    fail_allocations(w, 11); /* a commit each: the disk's time, not the processor's */
    struct reply r = ask(w, simple, "{\"question\":\"go on\"}");
    assert_int_equal(r.status, ALLORA_OK);
    check_conversation(w);
    reply_done(&r);
}

#define WORLD_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(answers_with_receipts),
        WORLD_TEST(sends_events_as_they_happen),
        WORLD_TEST(goes_on_with_the_terminals_session),
        WORLD_TEST(shows_lists_and_deletes_sessions),
        WORLD_TEST(why_shows_what_stands_behind),
        WORLD_TEST(cuts_what_is_too_large),
        WORLD_TEST(a_partial_receipt_makes_a_partial_answer),
        WORLD_TEST(says_when_nothing_was_looked_up),
        WORLD_TEST(declining_is_bad_input),
        WORLD_TEST(stops_an_endless_loop),
        WORLD_TEST(tells_the_agent_what_was_wrong),
        WORLD_TEST(a_cut_stream_is_no_answer),
        WORLD_TEST(cancelling_keeps_the_session),
        WORLD_TEST(time_runs_out),
        WORLD_TEST(a_reader_that_leaves_is_no_failure),
        WORLD_TEST(answers_where_nothing_can_be_kept),
        WORLD_TEST(names_unknown_agents_and_sessions),
        WORLD_TEST(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
