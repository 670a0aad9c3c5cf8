// A command to start from.  Its grammar stands in plugin.json and becomes the arguments of an
// operation, which is this function; allora checks the arguments before, and renders the rows
// after.
#include <algorithm>
#include <allora/sdk.h>
#include <new>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace
{

constexpr int64_t longest_max = 100; // as in plugin.json

std::vector<std::string> longest_words(const std::set<std::string> &words, size_t n)
{
    std::vector<std::string> list(words.begin(), words.end());
    std::stable_sort(list.begin(), list.end(),
                     [](const auto &a, const auto &b) { return a.size() > b.size(); });
    list.resize(std::min(n, list.size()));
    return list;
}

// Rows go out through this until one of them says stop.
class Table
{
  public:
    explicit Table(const allora_sink *sink) : sink_(sink)
    {
        static const sdk_column columns[] = {{"what", nullptr, ALLORA_V_TEXT},
                                             {"count", nullptr, ALLORA_V_INT},
                                             {"word", nullptr, ALLORA_V_TEXT}};
        status_ = sdk_begin(sink_, columns, 3);
    }
    void add(const char *what, size_t n, allora_value word = sdk_null())
    {
        const allora_value cells[] = {sdk_cell_text(what), sdk_cell_int(static_cast<int64_t>(n)),
                                      word};
        if (status_ == ALLORA_OK)
            status_ = sink_->row(sink_->self, cells, 3);
    }
    int32_t status() const
    {
        return status_ == ALLORA_STOP ? ALLORA_OK : status_;
    }

  private:
    const allora_sink *sink_;
    int32_t status_;
};

int32_t count(allora_instance *self, allora_ctx *ctx, allora_str args_json, const allora_sink *sink,
              allora_error *err)
{
    const sdk_json *args = nullptr;
    if (int32_t st = sdk_cancelled(self, ctx, err))
        return st;
    if (int32_t st = sdk_args(self, ctx, args_json, &args, err))
        return st;
    const sdk_json *given = sdk_member(args, "text");
    const int64_t longest = sdk_get_int(args, "longest", 3);
    if (!given || longest < 1 || longest > longest_max)
        return sdk_fail(err, ALLORA_E_ARG, "text is missing, or longest is not 1 to %d",
                        static_cast<int>(longest_max));
    const std::string text(given->text.ptr, given->text.len);
    std::istringstream in(text);
    std::set<std::string> different;
    size_t n = 0;
    for (std::string word; in >> word; n++)
        different.insert(word);

    Table out(sink);
    out.add("lines", static_cast<size_t>(std::count(text.begin(), text.end(), '\n')));
    out.add("words", n);
    out.add("bytes", text.size());
    for (const auto &word : longest_words(different, static_cast<size_t>(longest)))
        out.add("long word", word.size(), sdk_cell_str(sdk_str_n(word.data(), word.size())));
    return out.status();
}

// No exception may leave a plugin.
int32_t run(allora_instance *self, allora_ctx *ctx, const char * /* there is one operation */,
            allora_str args_json, const allora_sink *sink, allora_error *err)
try {
    return count(self, ctx, args_json, sink, err);
} catch (const std::bad_alloc &) {
    return ALLORA_E_NOMEM;
} catch (const std::exception &e) {
    return sdk_fail(err, ALLORA_E_INTERNAL, "%s", e.what());
}

} // namespace

ALLORA_OPERATIONS_PLUGIN(sample, {"sample.count", run});
