/* A command to start from.  Its grammar stands in plugin.json and becomes the arguments of an
 * operation, which is this function; allora checks the arguments before, and renders the rows
 * after. */
#include <allora/sdk.h>
#include <ctype.h>
#include <string.h>

enum { LONGEST_MAX = 100 }; /* as in plugin.json */

struct counts {
    int64_t lines, words;
    allora_str longest[LONGEST_MAX]; /* the longest first */
    int64_t n_longest, max_longest;
};

static void keep(struct counts *c, allora_str word)
{
    int64_t at = c->n_longest;
    for (int64_t i = 0; i < c->n_longest; i++)
        if (c->longest[i].len == word.len && memcmp(c->longest[i].ptr, word.ptr, word.len) == 0)
            return; /* once is enough */
    while (at > 0 && c->longest[at - 1].len < word.len)
        at--;
    if (at >= c->max_longest)
        return;
    if (c->n_longest < c->max_longest)
        c->n_longest++;
    for (int64_t i = c->n_longest - 1; i > at; i--)
        c->longest[i] = c->longest[i - 1];
    c->longest[at] = word;
}

static void count(struct counts *c, allora_str text)
{
    for (uint64_t i = 0, start = 0; i <= text.len; i++) {
        if (i < text.len && text.ptr[i] == '\n')
            c->lines++;
        if (i < text.len && !isspace((unsigned char)text.ptr[i]))
            continue;
        if (i > start) {
            c->words++;
            keep(c, sdk_str_n(text.ptr + start, i - start));
        }
        start = i + 1;
    }
}

static int32_t send(const allora_sink *sink, const char *what, int64_t n, allora_value word)
{
    const allora_value cells[] = {sdk_cell_text(what), sdk_cell_int(n), word};
    return sink->row(sink->self, cells, 3);
}

static int32_t run(allora_instance *self, allora_ctx *ctx, const char *operation,
                   allora_str args_json, const allora_sink *sink, allora_error *err)
{
    static const sdk_column columns[] = {{"what", NULL, ALLORA_V_TEXT},
                                         {"count", NULL, ALLORA_V_INT},
                                         {"word", NULL, ALLORA_V_TEXT}};
    const sdk_json *args;
    (void)operation; /* there is one */
    int32_t st = sdk_cancelled(self, ctx, err);
    if (!st)
        st = sdk_args(self, ctx, args_json, &args, err);
    if (st)
        return st;
    const sdk_json *text = sdk_member(args, "text");
    struct counts c = {.max_longest = sdk_get_int(args, "longest", 3)};
    if (!text || c.max_longest < 1 || c.max_longest > LONGEST_MAX)
        return sdk_fail(err, ALLORA_E_ARG, "text is missing, or longest is not 1 to %d",
                        LONGEST_MAX);
    count(&c, text->text);
    st = sdk_begin(sink, columns, 3);
    if (!st)
        st = send(sink, "lines", c.lines, sdk_null());
    if (!st)
        st = send(sink, "words", c.words, sdk_null());
    if (!st)
        st = send(sink, "bytes", (int64_t)text->text.len, sdk_null());
    for (int64_t i = 0; !st && i < c.n_longest; i++)
        st = send(sink, "long word", (int64_t)c.longest[i].len, sdk_cell_str(c.longest[i]));
    return st == ALLORA_STOP ? ALLORA_OK : st;
}

ALLORA_OPERATIONS_PLUGIN(sample, {"sample.count", run});
