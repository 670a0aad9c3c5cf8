/* Arguments, and other operations' results. */
#include "sdk_internal.h"
#include <string.h>

int32_t sdk_args(const allora_instance *self, allora_ctx *ctx, allora_str args_json,
                 const sdk_json **ret, allora_error *err)
{
    int32_t st = sdk_parse(self, ctx, args_json.len ? args_json : sdk_str("{}"), ret, err);
    if (!st && (*ret)->type != SDK_OBJECT)
        return sdk_fail(err, ALLORA_E_ARG, "arguments must be a JSON object");
    return st;
}

const char *sdk_invocation_arg(const allora_invocation *what, const char *name, const char *dflt)
{
    for (uint32_t i = 0; i < what->n_args; i++)
        if (sdk_str_is(what->args[i].key, name))
            return what->args[i].val.ptr;
    return dflt;
}

struct collector {
    struct sdk_pool pool;
    sdk_result *to;
    uint64_t cap_rows, max_rows;
    size_t cap_text;
    uint32_t cap_warnings;
};

/* Room for one more in an array that lives in the arena: a bigger copy when it is full. */
static void *make_room(struct collector *c, const void *array, uint64_t n, uint64_t *cap,
                       size_t each)
{
    if (n < *cap) {
        void *same;
        memcpy(&same, &array, sizeof same); /* ours, though the result shows it as const */
        return same;
    }
    uint64_t grown = *cap ? *cap * 2 : 16;
    void *bigger = sdk_pool_get(&c->pool, grown * each);
    if (bigger && n)
        memcpy(bigger, array, n * each);
    if (bigger)
        *cap = grown;
    return bigger;
}

static char *keep(struct collector *c, allora_str s)
{
    char *copy = sdk_pool_get(&c->pool, s.len + 1);
    if (copy) {
        if (s.len)
            memcpy(copy, s.ptr, s.len);
        copy[s.len] = 0;
    }
    return copy;
}

static int32_t take_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    struct collector *c = self;
    const char **names = sdk_pool_get(&c->pool, (n + 1) * sizeof *names);
    if (!names)
        return ALLORA_E_NOMEM;
    for (uint32_t i = 0; i < n; i++)
        if (!(names[i] = keep(c, sdk_str(columns[i]->name))))
            return ALLORA_E_NOMEM;
    c->to->names = names;
    c->to->n_columns = n;
    return ALLORA_OK;
}

static int32_t take_row(void *self, const allora_value *cells, uint32_t n)
{
    struct collector *c = self;
    sdk_result *to = c->to;
    if (to->n_rows >= c->max_rows) {
        to->n_dropped++;
        return ALLORA_OK;
    }
    const allora_value **rows = make_room(c, to->rows, to->n_rows, &c->cap_rows, sizeof *rows);
    allora_value *row = sdk_pool_get(&c->pool, (to->n_columns + 1) * sizeof *row);
    if (!rows || !row)
        return ALLORA_E_NOMEM;
    for (uint32_t i = 0; i < to->n_columns; i++) {
        row[i] = i < n ? cells[i] : sdk_absent();
        if (row[i].type == ALLORA_V_TEXT || row[i].type == ALLORA_V_JSON) {
            row[i].u.p = keep(c, sdk_str_n(row[i].u.p, row[i].len));
            if (!row[i].u.p)
                return ALLORA_E_NOMEM;
        }
    }
    rows[to->n_rows++] = row;
    to->rows = rows;
    return ALLORA_OK;
}

static int32_t add_text(struct collector *c, allora_str piece)
{
    allora_str *text = &c->to->text;
    if (text->len + piece.len + 1 > c->cap_text) {
        size_t cap = (text->len + piece.len + 1) * 2;
        char *bigger = sdk_pool_get(&c->pool, cap);
        if (!bigger)
            return ALLORA_E_NOMEM;
        if (text->len)
            memcpy(bigger, text->ptr, text->len);
        c->cap_text = cap;
        text->ptr = bigger;
    }
    char *at;
    memcpy(&at, &text->ptr, sizeof at); /* ours, though the result shows it as const */
    if (piece.len)
        memcpy(at + text->len, piece.ptr, piece.len);
    text->len += piece.len;
    at[text->len] = 0;
    return ALLORA_OK;
}

static int32_t take_event(void *self, int32_t kind, allora_str payload)
{
    struct collector *c = self;
    sdk_result *to = c->to;
    if (kind == ALLORA_EV_TEXT)
        return add_text(c, payload);
    if (kind != ALLORA_EV_RESULT && kind != ALLORA_EV_PROVENANCE && kind != ALLORA_EV_WARNING)
        return ALLORA_OK;
    const allora_str copy = sdk_str_n(keep(c, payload), payload.len);
    if (!copy.ptr)
        return ALLORA_E_NOMEM;
    if (kind == ALLORA_EV_RESULT) {
        to->document = copy;
    } else if (kind == ALLORA_EV_PROVENANCE) {
        to->provenance = copy;
    } else {
        uint64_t cap = c->cap_warnings;
        allora_str *list = make_room(c, to->warnings, to->n_warnings, &cap, sizeof *list);
        if (!list)
            return ALLORA_E_NOMEM;
        c->cap_warnings = (uint32_t)cap;
        list[to->n_warnings++] = copy;
        to->warnings = list;
    }
    return ALLORA_OK;
}

int32_t sdk_call(const allora_instance *self, allora_ctx *ctx, const char *operation,
                 allora_str args_json, uint64_t max_rows, sdk_result *ret, allora_error *err)
{
    const sdk_instance *base = sdk_of(self);
    sdk_result result = {.document = sdk_str(""), .provenance = sdk_str(""), .text = sdk_str("")};
    struct collector c = {
        .pool = {.host = base->host, .ctx = ctx},
        .to = &result,
        .max_rows = max_rows ? max_rows : 100000,
    };
    const allora_sink sink = {&c, take_begin, take_row, take_event};
    if (!base->invoke)
        return sdk_fail(err, ALLORA_E_DENIED,
                        "plugin %s may not call %s: its manifest does not ask for it",
                        base->plugin->id, operation);
    int32_t st = base->invoke->call(ctx, operation, args_json, &sink, err);
    if (st < 0)
        return st;
    result.status = st;
    *ret = result;
    return ALLORA_OK;
}

allora_value sdk_result_cell(const sdk_result *r, uint64_t row, const char *column)
{
    for (uint32_t i = 0; row < r->n_rows && i < r->n_columns; i++)
        if (strcmp(r->names[i], column) == 0)
            return r->rows[row][i];
    return sdk_null();
}

int32_t sdk_call_json(const allora_instance *self, allora_ctx *ctx, const char *operation,
                      allora_str args_json, const sdk_json **ret, allora_error *err)
{
    sdk_result result;
    int32_t st = sdk_call(self, ctx, operation, args_json, 0, &result, err);
    if (st)
        return st;
    *ret = NULL;
    return result.document.len ? sdk_parse(self, ctx, result.document, ret, err) : ALLORA_OK;
}
