/* An agent that understands nothing but SQL: it hands the question to query.sql and says how many
 * rows came.  Some questions make it behave in a certain way: "again" asks its tool without end,
 * "cut" stops in the middle, "slow" waits to be cancelled, "tool X" calls the tool X, and what
 * holds no "select" is declined. */
#include <allora/sdk.h>
#include <string.h>
#include <unistd.h>

static int32_t done(const allora_sink *sink, const char *reason)
{
    char text[64] = "{\"reason\":\"";
    strncat(text, reason, 32);
    strncat(text, "\"}", 3);
    return sdk_event(sink, ALLORA_EV_DONE, text);
}

static int32_t call_tool(const allora_instance *self, allora_ctx *ctx, const allora_sink *sink,
                         const char *tool, const char *sql)
{
    sdk_writer w = sdk_writer_begin(self, ctx);
    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, "id", "call_1");
    sdk_w_text(&w, "name", tool);
    sdk_w_open(&w, "arguments", '{');
    if (sql)
        sdk_w_text(&w, "sql", sql);
    sdk_w_close(&w, '}');
    sdk_w_close(&w, '}');
    int32_t status = sink->event(sink->self, ALLORA_EV_TOOL_CALL, sdk_w_done(&w));
    return status ? status : done(sink, "tool_calls");
}

/* The tool has spoken: content is its message. */
static int32_t answer(const allora_instance *self, allora_ctx *ctx, const allora_sink *sink,
                      const char *content, allora_error *err)
{
    const sdk_json *said = NULL;
    int32_t status = sdk_parse(self, ctx, sdk_str(content), &said, err);
    if (status)
        return status;
    const char *problem = sdk_get_str(said, "error.message", NULL);
    long long n = (long long)sdk_get_int(said, "receipt", 0);
    const char *text = problem ? sdk_printf(self, ctx, "It failed: %s", problem)
                               : sdk_printf(self, ctx, "There are %lld rows [%lld].",
                                            (long long)sdk_get_int(said, "row_count", -1), n);
    const char *show = sdk_printf(self, ctx, "{\"show\":[%lld],\"state\":{\"last\":%lld}}", n, n);
    if (!text || !show)
        return ALLORA_E_NOMEM;
    status = sdk_event(sink, ALLORA_EV_TEXT, text);
    if (!status)
        status = sdk_event(sink, ALLORA_EV_RESULT, problem ? "{}" : show);
    return status ? status : done(sink, "stop");
}

static int32_t ask(const allora_instance *self, allora_ctx *ctx, const allora_sink *sink,
                   const char *question, allora_error *err)
{
    if (strcmp(question, "cut") == 0)
        return sdk_event(sink, ALLORA_EV_TEXT, "There a");
    while (strcmp(question, "slow") == 0) {
        int32_t status = sdk_cancelled(self, ctx, err);
        if (status)
            return status;
        (void)usleep(20000);
    }
    if (strncmp(question, "tool ", 5) == 0)
        return call_tool(self, ctx, sink, question + 5, NULL);
    if (strcmp(question, "again") == 0)
        return call_tool(self, ctx, sink, "query.sql", "select 1 n");
    if (strncmp(question, "select ", 7) == 0)
        return call_tool(self, ctx, sink, "query.sql", question);
    int32_t status = sdk_event(sink, ALLORA_EV_TEXT, "I understand nothing but SQL.");
    return status ? status : done(sink, "refusal");
}

static int32_t turn(allora_instance *self, allora_ctx *ctx, const allora_turn_request *request,
                    const allora_sink *sink, allora_error *err)
{
    const sdk_json *messages = NULL;
    const char *question = "", *last = "", *content = "";
    int32_t status = sdk_parse(self, ctx, request->messages_json, &messages, err);
    if (status)
        return status;
    sdk_foreach (message, messages) {
        last = sdk_get_str(message, "role", "");
        content = sdk_get_str(message, "content", "");
        if (strcmp(last, "user") == 0)
            question = content;
    }
    if (strcmp(last, "tool") == 0 && strcmp(question, "again") != 0)
        status = answer(self, ctx, sink, content, err);
    else
        status = ask(self, ctx, sink, question, err);
    return status == ALLORA_STOP ? ALLORA_OK : status;
}

ALLORA_AGENT_PLUGIN(parrot, turn);
