/* Agents: turns that end as they should, tool calls that can be made; and faces, at the end of
 * their input. */
#include "kit/calls.h"

#include "base/buf.h"
#include "base/jsonw.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum { TURNS = 4 };

static bool offered(const char *tools, const char *name)
{
    A_CLEAN(json_freep) json_node *list = NULL;

    if (json_parse(tools, strlen(tools), &list, NULL))
        return false;
    json_foreach (tool, list)
        if (streq(json_get_str(tool, "name", ""), name))
            return true;
    return false;
}

static void tool_call(struct trial *t, const char *tools, allora_str payload)
{
    A_CLEAN(json_freep) json_node *call = NULL;
    allora_error err = ERR_INIT;

    if (!CHECK(t, json_parse(payload.ptr, payload.len, &call, &err) == ALLORA_OK,
               "{id, name, arguments}", "a TOOL_CALL is no JSON: %s", err.message))
        return;
    const char *name = json_get_str(call, "name", NULL);
    (void)CHECK(t,
                json_get_str(call, "id", NULL) && name &&
                    json_typeof(json_get(call, "arguments")) == JSON_OBJECT,
                "{id, name, arguments}", "a TOOL_CALL lacks id, name or arguments: %.200s",
                payload.ptr);
    (void)CHECK(t, !name || offered(tools, name), "only those in tools_json",
                "a tool is called that was not offered: %s", name);
}

/* Returns how many tools were called. */
static uint32_t judge_turn(struct trial *t, const char *tools, const struct collected *got)
{
    static const char *const reasons[] = {"stop", "tool_calls", "length", "refusal"};
    uint32_t calls = collect_count(got, ALLORA_EV_TOOL_CALL);
    A_CLEAN(json_freep) json_node *done = NULL;
    allora_str end = collect_event_of(got, ALLORA_EV_DONE);
    bool known = false;

    for (const struct collect_event *e = got->events; e; e = e->next)
        if (e->kind == ALLORA_EV_TOOL_CALL)
            tool_call(t, tools, e->payload);
    uint32_t n = collect_count(got, ALLORA_EV_DONE);
    if (!CHECK(t, n == 1, "one DONE, at the end", "a turn ends with %u DONE events", n))
        return 0;
    (void)CHECK(t, got->last && got->last->kind == ALLORA_EV_DONE, "DONE is the last event",
                "events come after DONE");
    const char *reason = json_parse(end.ptr, end.len, &done, NULL) == ALLORA_OK
                             ? json_get_str(done, "reason", "")
                             : "";
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        known = known || streq(reason, reasons[i]);
    (void)CHECK(t, known, "{\"reason\": \"stop|tool_calls|length|refusal\"}",
                "DONE has no known reason: %.100s", end.ptr);
    (void)CHECK(t, (calls > 0) == streq(reason, "tool_calls"), "",
                "%u tool calls, and DONE says \"%s\"", calls, reason);
    return calls;
}

/* The conversation goes on: what was called, and a made-up answer of one row. */
static void go_on(const struct collected *got, struct buf *messages)
{
    static const char answer[] = "{\"receipt\":1,\"columns\":[{\"name\":\"name\",\"type\":\"text\"}"
                                 "],\"rows\":[[\"host_disk\"]],"
                                 "\"row_count\":1,\"truncated\":false,\"partial\":false}";
    struct jsonw w = JSONW(messages);

    messages->len--; /* the bracket */
    buf_adds(messages, ",");
    jw_object(&w);
    jw_kstr(&w, "role", "assistant");
    jw_kstr(&w, "content", "");
    jw_key(&w, "tool_calls");
    jw_array(&w);
    for (const struct collect_event *e = got->events; e; e = e->next)
        if (e->kind == ALLORA_EV_TOOL_CALL)
            jw_raw(&w, e->payload.ptr, e->payload.len);
    jw_end_array(&w);
    jw_end_object(&w);
    for (const struct collect_event *e = got->events; e; e = e->next) {
        A_CLEAN(json_freep) json_node *call = NULL;
        struct jsonw one = JSONW(messages);
        if (e->kind != ALLORA_EV_TOOL_CALL ||
            json_parse(e->payload.ptr, e->payload.len, &call, NULL))
            continue;
        buf_adds(messages, ",");
        jw_object(&one);
        jw_kstr(&one, "role", "tool");
        jw_kstr(&one, "tool_call_id", json_get_str(call, "id", ""));
        jw_kstr(&one, "content", answer);
        jw_end_object(&one);
    }
    buf_adds(messages, "]");
}

/* False: the world is too poor for it. */
static bool converse(struct trial *t, const char *tools, const char *question)
{
    A_CLEAN(buf_done) struct buf messages = BUF(8 << 20);
    uint32_t calls = 1;

    first_message(question, &messages);
    for (int turn = 0; turn < TURNS && calls > 0 && t->findings == 0; turn++) {
        struct called c;
        trial_at(t, "turn %d of \"%.60s\"", turn + 1, question);
        call_turn(t, (allora_str){messages.ptr, messages.len}, str_of(tools), &c);
        bool poor = c.status < 0 && trial_poor_world(t, c.status);
        if (poor && turn == 0)
            trial_note(t, "\"%.60s\": %s", question, called_words(&c));
        calls = 0;
        if (!poor && CHECK(t, c.status >= 0, "a model's refusal is a turn that ends with DONE",
                           "turn %d of \"%.60s\" fails: %s", turn + 1, question, called_words(&c)))
            calls = judge_turn(t, tools, &c.got);
        if (calls)
            go_on(&c.got, &messages);
        called_done(&c);
        if (poor)
            return false;
    }
    return true;
}

static void models(struct trial *t)
{
    const allora_agent_v1 *a = trial_interface(t, ALLORA_AGENT_ID);
    struct collected got = {0};
    const allora_sink sink = collect(&got);
    allora_error err = ERR_INIT;

    if (!ALLORA_CAN(allora_agent_v1, a, models))
        return;
    trial_at(t, "models()");
    allora_ctx *ctx = bench_open(&t->bench);
    int32_t rc = a->models(t->self, ctx, &sink, &err);
    bench_close(ctx);
    (void)CHECK(t, rc >= 0 || trial_poor_world(t, rc), "", "models() fails: %s", err.message);
    for (uint32_t r = 0; r < got.n_rows; r++)
        (void)CHECK(t, got.widths[r] >= 1 && got.rows[r][0].type == ALLORA_V_TEXT, "",
                    "models(): the first cell of a row is its name");
    collect_done(&got);
}

void kit_check_agents(struct trial *t)
{
    static const char *const questions[] = {"which tables are about disk?", "hello",
                                            "how many vms are there?", ""};
    unsigned held = 0;

    if (!t->m->n_agents || !trial_interface(t, ALLORA_AGENT_ID)) {
        trial_skip(t, "it has no agent");
        return;
    }
    for (uint32_t i = 0; i < t->m->n_agents; i++) {
        A_CLEAN(buf_done) struct buf tools = BUF(1 << 16);
        agent_tools(&t->m->agents[i], &tools);
        for (size_t k = 0; k < sizeof questions / sizeof questions[0]; k++)
            held += converse(t, buf_str(&tools), questions[k]);
    }
    models(t);
    if (!held && !t->findings)
        trial_skip(t, "no turn can be had here");
}

/* ---- faces ---- */

void kit_check_faces(struct trial *t)
{
    unsigned ran = 0, left = 0;

    for (uint32_t i = 0; i < t->m->n_commands; i++) {
        const struct command_decl *command = &t->m->commands[i];
        A_CLEAN(buf_done) struct buf name = BUF(1024);
        struct called c;
        bool required = false;
        for (uint32_t k = 0; k < command->n_args && command->face == FACE_ALWAYS; k++)
            required = required || (command->args[k].required && !command->args[k].dflt);
        if (command->face == FACE_NEVER)
            continue;
        if (required) {
            left++;
            continue;
        }
        command_name(command, &name);
        trial_at(t, "allora %s, at the end of its input", buf_str(&name));
        call_face(t, command, &c);
        (void)CHECK(t, c.status != ALLORA_E_INTERNAL && c.status != ALLORA_E_ABI, "",
                    "%s fails: %s", buf_str(&name), called_words(&c));
        (void)CHECK(t, c.exit_code >= 0 && c.exit_code <= 255, "", "%s: exit code %d",
                    buf_str(&name), c.exit_code);
        called_done(&c);
        ran++;
    }
    if (!ran && !t->findings)
        trial_skip(t, left ? "each needs arguments" : "it has no face");
}
