/* An agent to start from.  turn() is one turn of a conversation: it looks at the messages, and
 * either answers or asks for tools.  allora has the loop: it runs the tools through its gate, adds
 * what they gave to the messages, and calls turn() again.
 *
 * This one knows a single thing: it takes the last word of the question and asks table.list for the
 * tables that are about it. */
#include <allora/sdk.h>
#include <ctype.h>
#include <string.h>

static int32_t say(const allora_sink *sink, const char *text, const char *reason)
{
    int32_t st = sdk_event(sink, ALLORA_EV_TEXT, text);
    return st ? st : sdk_event(sink, ALLORA_EV_DONE, reason);
}

/* {id, name, arguments}; the end of the turn then says that tools are to be run. */
static int32_t call_tool(allora_instance *self, allora_ctx *ctx, const allora_sink *sink,
                         const char *pattern)
{
    sdk_writer w = sdk_writer_begin(self, ctx);
    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, "id", "call_1");
    sdk_w_text(&w, "name", "table.list");
    sdk_w_open(&w, "arguments", '{');
    sdk_w_text(&w, "pattern", pattern);
    sdk_w_close(&w, '}');
    sdk_w_close(&w, '}');
    allora_str call = sdk_w_done(&w);
    if (!call.ptr)
        return ALLORA_E_NOMEM;
    int32_t st = sink->event(sink->self, ALLORA_EV_TOOL_CALL, call);
    return st ? st : sdk_event(sink, ALLORA_EV_DONE, "{\"reason\":\"tool_calls\"}");
}

/* The question's last word, in lower case, between stars; NULL when it has none or memory is out.
 */
static const char *pattern_of(allora_instance *self, allora_ctx *ctx, const char *question)
{
    size_t end = strlen(question), start;
    while (end > 0 && !isalnum((unsigned char)question[end - 1]))
        end--;
    for (start = end; start > 0 && isalnum((unsigned char)question[start - 1]);)
        start--;
    if (start == end || end - start > 64)
        return NULL;
    char *pattern = sdk_printf(self, ctx, "*%.*s*", (int)(end - start), question + start);
    for (char *p = pattern; p && *p; p++)
        *p = (char)tolower((unsigned char)*p);
    return pattern;
}

/* What the tool gave: {"receipt", "columns", "rows", "row_count", "error"?}. */
static int32_t answer(allora_instance *self, allora_ctx *ctx, const allora_sink *sink,
                      const char *content, allora_error *err)
{
    const sdk_json *said;
    int32_t st = sdk_parse(self, ctx, sdk_str(content), &said, err);
    if (st)
        return st;
    const char *problem = sdk_get_str(said, "error.message", NULL);
    if (problem) {
        const char *words = sdk_printf(self, ctx, "The tables could not be listed: %s", problem);
        return words ? say(sink, words, "{\"reason\":\"stop\"}") : ALLORA_E_NOMEM;
    }
    const char *names = "";
    sdk_foreach (row, sdk_member(said, "rows")) {
        names =
            sdk_printf(self, ctx, "%s%s %s", names, *names ? "," : "", sdk_get_str(row, "0", ""));
        if (!names)
            return ALLORA_E_NOMEM;
    }
    /* [n] points to the receipt: where the answer comes from */
    const char *text = *names ? sdk_printf(self, ctx, "Tables about that:%s [%lld].", names,
                                           (long long)sdk_get_int(said, "receipt", 0))
                              : sdk_printf(self, ctx, "No table is about that [%lld].",
                                           (long long)sdk_get_int(said, "receipt", 0));
    return text ? say(sink, text, "{\"reason\":\"stop\"}") : ALLORA_E_NOMEM;
}

static int32_t turn(allora_instance *self, allora_ctx *ctx, const allora_turn_request *req,
                    const allora_sink *sink, allora_error *err)
{
    const sdk_json *messages;
    const char *role = "", *content = "";
    int32_t st = sdk_cancelled(self, ctx, err);
    if (!st)
        st = sdk_parse(self, ctx, req->messages_json, &messages, err);
    if (st)
        return st;
    sdk_foreach (message, messages) { /* the last one counts */
        role = sdk_get_str(message, "role", "");
        content = sdk_get_str(message, "content", "");
    }
    if (strcmp(role, "tool") == 0) {
        st = answer(self, ctx, sink, content, err);
    } else {
        const char *pattern = pattern_of(self, ctx, content);
        st = pattern ? call_tool(self, ctx, sink, pattern)
                     : say(sink, "Ask with a word: which tables are about disk?",
                           "{\"reason\":\"refusal\"}");
    }
    return st == ALLORA_STOP ? ALLORA_OK : st;
}

ALLORA_AGENT_PLUGIN(sample, turn);
