/* A tokenizer after SQLite's own (tokenize.c describes the grammar:
 * https://www.sqlite.org/lang_keywords.html). */
#include "query/sqltext.h"

#include "base/str.h"

#include <string.h>

enum { SQL_MAX_REWRITE = 1 << 20 };

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || (unsigned char)c >= 0x80;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

/* Position after spaces and comments. */
static size_t skip_blank(const char *sql, size_t n, size_t i)
{
    for (;;) {
        while (i < n && is_space(sql[i]))
            i++;
        if (i + 1 < n && sql[i] == '-' && sql[i + 1] == '-') {
            while (i < n && sql[i] != '\n')
                i++;
        } else if (i + 1 < n && sql[i] == '/' && sql[i + 1] == '*') {
            i += 2;
            while (i + 1 < n && !(sql[i] == '*' && sql[i + 1] == '/'))
                i++;
            i = i + 1 < n ? i + 2 : n;
        } else {
            return i;
        }
    }
}

/* Position after a quoted run that began at i; doubled closing quotes belong to it. */
static size_t skip_quoted(const char *sql, size_t n, size_t i)
{
    char close = sql[i] == '[' ? ']' : sql[i];

    for (i++; i < n; i++) {
        if (sql[i] != close)
            continue;
        if (close != ']' && i + 1 < n && sql[i + 1] == close)
            i++;
        else
            return i + 1;
    }
    return n;
}

static size_t skip_number(const char *sql, size_t n, size_t i)
{
    while (i < n &&
           (is_word_char(sql[i]) || sql[i] == '.' ||
            ((sql[i] == '+' || sql[i] == '-') && (sql[i - 1] == 'e' || sql[i - 1] == 'E'))))
        i++;
    return i;
}

static size_t skip_word(const char *sql, size_t n, size_t i)
{
    while (i < n && is_word_char(sql[i]))
        i++;
    return i;
}

struct sql_token sql_next(const char *sql, size_t n, size_t *pos)
{
    size_t at = skip_blank(sql, n, *pos), end;
    enum sql_kind kind;

    if (at >= n || sql[at] == '\0') {
        *pos = n;
        return (struct sql_token){SQL_END, at < n ? at : n, 0};
    }
    char c = sql[at];
    if (c == '\'') {
        kind = SQL_STRING;
        end = skip_quoted(sql, n, at);
    } else if (c == '"' || c == '`' || c == '[') {
        kind = SQL_QUOTED;
        end = skip_quoted(sql, n, at);
    } else if ((c >= '0' && c <= '9') ||
               (c == '.' && at + 1 < n && sql[at + 1] >= '0' && sql[at + 1] <= '9')) {
        kind = SQL_NUMBER;
        end = skip_number(sql, n, at);
    } else if (c == '?' || c == ':' || c == '@' || c == '$') {
        kind = SQL_PARAM;
        end = skip_word(sql, n, at + 1);
    } else if (is_word_char(c)) {
        kind = SQL_WORD;
        end = skip_word(sql, n, at);
    } else {
        kind = SQL_PUNCT;
        end = at + 1;
    }
    *pos = end;
    return (struct sql_token){kind, at, end - at};
}

bool sql_name(const char *sql, struct sql_token t, char *out, size_t size)
{
    size_t from = t.at, to = t.at + t.len, k = 0;
    char close = 0;

    if (t.kind == SQL_QUOTED || t.kind == SQL_STRING) {
        close = sql[from] == '[' ? ']' : sql[from];
        from++;
        if (to > from && sql[to - 1] == close)
            to--;
    } else if (t.kind != SQL_WORD) {
        return false;
    }
    for (size_t i = from; i < to && k + 1 < size; i++) {
        char c = sql[i];
        if (c == close && i + 1 < to && sql[i + 1] == close)
            i++;
        out[k++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    out[k] = '\0';
    return true;
}

bool sql_is(const char *sql, struct sql_token t, const char *word)
{
    char name[160];

    return t.kind != SQL_STRING && sql_name(sql, t, name, sizeof name) && streq_nocase(name, word);
}

bool sql_has_word(const char *sql, const char *word)
{
    size_t n = strlen(sql), pos = 0;

    for (;;) {
        struct sql_token t = sql_next(sql, n, &pos);
        if (t.kind == SQL_END)
            return false;
        if (t.kind == SQL_WORD && sql_is(sql, t, word))
            return true;
    }
}

/* ---- result columns without their aggregates ---------------------------------------------------
 */

static bool keeps_unit(const char *sql, struct sql_token t)
{
    static const char *const names[] = {"max",      "min",         "sum",       "avg",
                                        "total",    "round",       "abs",       "ifnull",
                                        "coalesce", "first_value", "last_value"};

    for (size_t i = 0; t.kind == SQL_WORD && i < sizeof names / sizeof *names; i++) {
        if (sql_is(sql, t, names[i]))
            return true;
    }
    return false;
}

static bool punct(const char *sql, struct sql_token t, char c)
{
    return t.kind == SQL_PUNCT && sql[t.at] == c;
}

/* Position of the outermost select list's first item, or 0. */
static size_t find_select_list(const char *sql, size_t n)
{
    size_t pos = 0;
    int depth = 0;

    for (;;) {
        struct sql_token t = sql_next(sql, n, &pos);
        if (t.kind == SQL_END)
            return 0;
        depth += punct(sql, t, '(') - punct(sql, t, ')');
        if (depth == 0 && t.kind == SQL_WORD && sql_is(sql, t, "select"))
            return pos;
    }
}

/* From just behind an opening bracket: the end of the first argument, and the position behind the
 * closing bracket. */
static bool first_argument(const char *sql, size_t n, size_t pos, size_t *ret_end,
                           size_t *ret_after)
{
    int depth = 0;
    size_t end = 0;

    for (;;) {
        struct sql_token t = sql_next(sql, n, &pos);
        if (t.kind == SQL_END)
            return false;
        if (depth == 0 && !end && (punct(sql, t, ',') || punct(sql, t, ')')))
            end = t.at;
        if (depth == 0 && punct(sql, t, ')')) {
            *ret_end = end;
            *ret_after = pos;
            return true;
        }
        depth += punct(sql, t, '(') - punct(sql, t, ')');
    }
}

/* Nothing but an alias stands between pos and to: "", "name", "as name". */
static bool only_alias(const char *sql, size_t pos, size_t to)
{
    struct sql_token t = sql_next(sql, to, &pos);

    if (t.kind == SQL_END)
        return true;
    if (sql_is(sql, t, "as"))
        t = sql_next(sql, to, &pos);
    return (t.kind == SQL_WORD || t.kind == SQL_QUOTED || t.kind == SQL_STRING) &&
           sql_next(sql, to, &pos).kind == SQL_END;
}

/* Writes the first argument of fn( … ), unwrapped in turn; *ret_after is behind the closing
 * bracket.  False when the text is anything else. */
static bool unwrap(const char *sql, size_t from, size_t to, bool alias, struct buf *out,
                   size_t *ret_after)
{
    size_t pos = from, end, unused;
    struct sql_token name = sql_next(sql, to, &pos);
    struct sql_token open = sql_next(sql, to, &pos);

    if (!keeps_unit(sql, name) || !punct(sql, open, '(') ||
        !first_argument(sql, to, pos, &end, ret_after))
        return false;
    size_t rest = *ret_after;
    if (alias ? !only_alias(sql, rest, to) : sql_next(sql, to, &rest).kind != SQL_END)
        return false; /* fn(x) * 2 is something else */
    size_t inner = pos;
    struct sql_token first = sql_next(sql, end, &inner);
    if (sql_is(sql, first, "distinct"))
        pos = inner;
    if (!unwrap(sql, pos, end, false, out, &unused))
        buf_add(out, sql + pos, end - pos);
    return true;
}

bool sql_strip_aggregates(const char *sql, struct buf *out)
{
    size_t n = strlen(sql), pos = find_select_list(sql, n), item = pos, copied = 0, after;
    bool any = false, over = pos == 0;
    int depth = 0;

    while (!over) {
        struct sql_token t = sql_next(sql, n, &pos);
        bool stop =
            t.kind == SQL_END || (depth == 0 && (punct(sql, t, ',') || punct(sql, t, ';') ||
                                                 (t.kind == SQL_WORD && sql_is(sql, t, "from"))));
        if (stop) {
            struct buf inner = BUF(SQL_MAX_REWRITE);
            if (unwrap(sql, item, t.at, true, &inner, &after) && !buf_failed(&inner)) {
                buf_add(out, sql + copied, item - copied);
                buf_addf(out, " (%s) ", buf_str(&inner));
                copied = after;
                any = true;
            }
            buf_done(&inner);
            item = pos;
            over = !punct(sql, t, ',');
        }
        depth += punct(sql, t, '(') - punct(sql, t, ')');
    }
    buf_add(out, sql + copied, n - copied);
    return any && !buf_failed(out);
}
