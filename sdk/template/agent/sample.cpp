// An agent to start from.  turn() is one turn of a conversation: it looks at the messages, and
// either answers or asks for tools.  allora has the loop: it runs the tools through its gate, adds
// what they gave to the messages, and calls turn() again.
//
// This one knows a single thing: it takes the last word of the question and asks table.list for the
// tables that are about it.
#include <algorithm>
#include <allora/sdk.h>
#include <cctype>
#include <new>
#include <optional>
#include <string>
#include <string_view>

namespace
{

constexpr char stop[] = R"({"reason":"stop"})";
constexpr char tool_calls[] = R"({"reason":"tool_calls"})";
constexpr char refusal[] = R"({"reason":"refusal"})";

bool is_word(char c)
{
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

int32_t say(const allora_sink *sink, const std::string &text, const char *reason)
{
    int32_t st = sink->event(sink->self, ALLORA_EV_TEXT, sdk_str_n(text.data(), text.size()));
    return st ? st : sdk_event(sink, ALLORA_EV_DONE, reason);
}

// {id, name, arguments}; the end of the turn then says that tools are to be run.
int32_t call_tool(allora_instance *self, allora_ctx *ctx, const allora_sink *sink,
                  const std::string &pattern)
{
    sdk_writer w = sdk_writer_begin(self, ctx);
    sdk_w_open(&w, nullptr, '{');
    sdk_w_text(&w, "id", "call_1");
    sdk_w_text(&w, "name", "table.list");
    sdk_w_open(&w, "arguments", '{');
    sdk_w_text(&w, "pattern", pattern.c_str());
    sdk_w_close(&w, '}');
    sdk_w_close(&w, '}');
    allora_str call = sdk_w_done(&w);
    if (!call.ptr)
        return ALLORA_E_NOMEM;
    int32_t st = sink->event(sink->self, ALLORA_EV_TOOL_CALL, call);
    return st ? st : sdk_event(sink, ALLORA_EV_DONE, tool_calls);
}

// The question's last word, in lower case, between stars.
std::optional<std::string> pattern_of(std::string_view question)
{
    auto end = std::find_if(question.rbegin(), question.rend(), is_word);
    auto start = std::find_if_not(end, question.rend(), is_word);
    std::string word(start.base(), end.base());
    if (word.empty() || word.size() > 64)
        return std::nullopt;
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return "*" + word + "*";
}

// What the tool gave: {"receipt", "columns", "rows", "row_count", "error"?}.
int32_t answer(allora_instance *self, allora_ctx *ctx, const allora_sink *sink, const char *content,
               allora_error *err)
{
    const sdk_json *said = nullptr;
    if (int32_t st = sdk_parse(self, ctx, sdk_str(content), &said, err))
        return st;
    if (const char *problem = sdk_get_str(said, "error.message", nullptr))
        return say(sink, std::string("The tables could not be listed: ") + problem, stop);
    std::string names;
    sdk_foreach (row, sdk_member(said, "rows"))
        names += (names.empty() ? " " : ", ") + std::string(sdk_get_str(row, "0", ""));
    // [n] points to the receipt: where the answer comes from
    const std::string receipt = " [" + std::to_string(sdk_get_int(said, "receipt", 0)) + "].";
    return say(sink,
               (names.empty() ? "No table is about that" : "Tables about that:" + names) + receipt,
               stop);
}

int32_t take_turn(allora_instance *self, allora_ctx *ctx, const allora_turn_request *req,
                  const allora_sink *sink, allora_error *err)
{
    const sdk_json *messages = nullptr;
    std::string_view role;
    const char *content = "";
    if (int32_t st = sdk_cancelled(self, ctx, err))
        return st;
    if (int32_t st = sdk_parse(self, ctx, req->messages_json, &messages, err))
        return st;
    sdk_foreach (message, messages) { // the last one counts
        role = sdk_get_str(message, "role", "");
        content = sdk_get_str(message, "content", "");
    }
    if (role == "tool")
        return answer(self, ctx, sink, content, err);
    if (auto pattern = pattern_of(content))
        return call_tool(self, ctx, sink, *pattern);
    return say(sink, "Ask with a word: which tables are about disk?", refusal);
}

// No exception may leave a plugin.
int32_t turn(allora_instance *self, allora_ctx *ctx, const allora_turn_request *req,
             const allora_sink *sink, allora_error *err)
try {
    int32_t st = take_turn(self, ctx, req, sink, err);
    return st == ALLORA_STOP ? ALLORA_OK : st;
} catch (const std::bad_alloc &) {
    return ALLORA_E_NOMEM;
} catch (const std::exception &e) {
    return sdk_fail(err, ALLORA_E_INTERNAL, "%s", e.what());
}

} // namespace

ALLORA_AGENT_PLUGIN(sample, turn);
