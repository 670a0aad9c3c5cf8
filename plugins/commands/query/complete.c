/* What could stand at the cursor of a line of SQL.  No parser: the word before decides whether a
 * table is due, and the tables that the line names give the columns. */
#include "query.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { TABLES_MAX = 8, NAME_MAX_BYTES = 128 };

static const char *const KEYWORDS[] = {
    "select", "from",      "where",        "group by", "order by", "having",    "limit",  "offset",
    "join",   "left join", "on",           "and",      "or",       "not",       "in",     "is",
    "null",   "like",      "glob",         "between",  "as",       "distinct",  "union",  "case",
    "when",   "then",      "else",         "end",      "count(",   "sum(",      "avg(",   "min(",
    "max(",   "asc",       "desc",         "with",     "exists",   "coalesce(", "round(", "lower(",
    "upper(", "substr(",   "json_extract("};
static const char *const DOTS[] = {".tables", ".schema", ".mode", ".timer", ".help", ".quit"};

struct completion {
    allora_instance *self;
    allora_ctx *ctx;
    const allora_sink *sink;
    const char *line;
    size_t start, cursor;
    const char *word; /* NUL-terminated */
    int32_t rc;
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

static void candidate(struct completion *k, const char *value)
{
    if (k->rc || strncasecmp(value, k->word, strlen(k->word)) != 0)
        return;
    const allora_value row[2] = {sdk_cell_text(value), sdk_cell_int((int64_t)k->start)};
    k->rc = k->sink->row(k->sink->self, row, 2);
}

/* "table.column" for a word that has the dot, else the column alone. */
static void columns_of(struct completion *k, const char *table, const char *qualifier)
{
    sdk_writer w = sdk_writer_begin(k->self, k->ctx);
    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, "table", table);
    sdk_w_close(&w, '}');
    sdk_result result;
    allora_error err = {.size = (uint32_t)sizeof(err)};
    if (sdk_call(k->self, k->ctx, "table.describe", sdk_w_done(&w), 0, &result, &err) < 0)
        return; /* no such table: nothing to offer */
    for (uint64_t i = 0; i < result.n_rows; i++) {
        allora_value v = sdk_result_cell(&result, i, "column");
        char name[2 * NAME_MAX_BYTES];
        if (v.type != ALLORA_V_TEXT)
            continue;
        (void)snprintf(name, sizeof(name), "%s%s%.*s", qualifier ? qualifier : "",
                       qualifier ? "." : "", (int)v.len, v.u.p);
        candidate(k, name);
    }
}

static void tables(struct completion *k)
{
    sdk_result result;
    allora_error err = {.size = (uint32_t)sizeof(err)};
    if (sdk_call(k->self, k->ctx, "table.list", sdk_str("{}"), 0, &result, &err) < 0)
        return;
    for (uint64_t i = 0; i < result.n_rows; i++) {
        allora_value v = sdk_result_cell(&result, i, "name");
        char name[NAME_MAX_BYTES];
        if (v.type != ALLORA_V_TEXT)
            continue;
        (void)snprintf(name, sizeof(name), "%.*s", (int)v.len, v.u.p);
        candidate(k, name);
    }
}

struct source { /* "host_process p": p is its alias */
    char table[NAME_MAX_BYTES], alias[NAME_MAX_BYTES];
};

/* The next word of the line at *i, or "". */
static void next_word(const char *line, size_t *i, char out[NAME_MAX_BYTES])
{
    size_t n = 0;
    while (line[*i] && !is_word(line[*i]) && line[*i] != ',' && line[*i] != '(' && line[*i] != ';')
        ++*i;
    while (is_word(line[*i])) {
        if (n + 1 < NAME_MAX_BYTES)
            out[n++] = line[*i];
        ++*i;
    }
    out[n] = '\0';
}

static bool is_keyword(const char *word)
{
    for (size_t i = 0; i < sizeof(KEYWORDS) / sizeof(KEYWORDS[0]); i++) {
        size_t n = strcspn(KEYWORDS[i], " (");
        if (strlen(word) == n && strncasecmp(word, KEYWORDS[i], n) == 0)
            return true;
    }
    return false;
}

/* Tables behind from, join, and commas after those. */
static unsigned sources(const char *line, struct source *list)
{
    unsigned n = 0;
    bool due = false;
    for (size_t i = 0; line[i] && n < TABLES_MAX;) {
        char word[NAME_MAX_BYTES];
        if (!is_word(line[i])) {
            i++;
            continue;
        }
        next_word(line, &i, word);
        if (strcasecmp(word, "from") == 0 || strcasecmp(word, "join") == 0) {
            due = true;
            continue;
        }
        if (!due || is_keyword(word)) {
            due = false;
            continue;
        }
        (void)snprintf(list[n].table, sizeof(list[n].table), "%s", word);
        size_t at = i;
        next_word(line, &at, list[n].alias);
        if (strcasecmp(list[n].alias, "as") == 0)
            next_word(line, &at, list[n].alias);
        if (!*list[n].alias || is_keyword(list[n].alias))
            (void)snprintf(list[n].alias, sizeof(list[n].alias), "%s", word);
        n++;
        due = line[at + strspn(line + at, " ")] == ',';
    }
    return n;
}

/* The word before the one at the cursor. */
static void word_before(const struct completion *k, char out[NAME_MAX_BYTES])
{
    size_t end = k->start;
    while (end && !is_word(k->line[end - 1]))
        end--;
    size_t begin = end;
    while (begin && is_word(k->line[begin - 1]))
        begin--;
    (void)snprintf(out, NAME_MAX_BYTES, "%.*s", (int)(end - begin), k->line + begin);
}

static void offer(struct completion *k)
{
    struct source list[TABLES_MAX];
    char before[NAME_MAX_BYTES];
    word_before(k, before);
    if (k->word[0] == '.' && k->start == 0) {
        for (size_t i = 0; i < sizeof(DOTS) / sizeof(DOTS[0]); i++)
            candidate(k, DOTS[i]);
        return;
    }
    if (strcasecmp(before, "from") == 0 || strcasecmp(before, "join") == 0 ||
        strcasecmp(before, ".schema") == 0 || strcasecmp(before, ".tables") == 0) {
        tables(k);
        return;
    }
    unsigned n = sources(k->line, list);
    const char *dot = strrchr(k->word, '.');
    for (unsigned i = 0; i < n; i++) {
        size_t len = strlen(list[i].alias);
        if (!dot)
            columns_of(k, list[i].table, NULL);
        else if ((size_t)(dot - k->word) == len && strncasecmp(k->word, list[i].alias, len) == 0)
            columns_of(k, list[i].table, list[i].alias);
    }
    if (dot)
        return;
    for (size_t i = 0; i < sizeof(KEYWORDS) / sizeof(KEYWORDS[0]); i++)
        candidate(k, KEYWORDS[i]);
    if (n)
        tables(k);
}

int32_t complete_call(allora_instance *self, allora_ctx *ctx, const char *operation,
                      allora_str args_json, const allora_sink *sink, allora_error *err)
{
    static const sdk_column columns[] = {{"value", NULL, ALLORA_V_TEXT},
                                         {"start", NULL, ALLORA_V_INT}};
    const sdk_json *args;
    (void)operation;
    int32_t rc = sdk_args(self, ctx, args_json, &args, err);
    if (rc)
        return rc;
    struct completion k = {
        .self = self, .ctx = ctx, .sink = sink, .line = sdk_get_str(args, "line", "")};
    int64_t cursor = sdk_get_int(args, "cursor", 0);
    size_t len = strlen(k.line);
    k.cursor = cursor < 0 ? 0 : (size_t)cursor > len ? len : (size_t)cursor;
    for (k.start = k.cursor; k.start && is_word(k.line[k.start - 1]);)
        k.start--;
    k.word = sdk_copy(self, ctx, sdk_str_n(k.line + k.start, k.cursor - k.start));
    if (!k.word)
        return sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
    rc = sdk_begin(sink, columns, 2);
    if (rc)
        return rc;
    offer(&k);
    return k.rc < 0 ? k.rc : ALLORA_OK;
}
