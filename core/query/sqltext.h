/* SQL as tokens: enough to see which tables a statement names, where a word of an error message
 * stands, and whether more than one statement was given.  It parses nothing; SQLite does. */
#ifndef ALLORA_QUERY_SQLTEXT_H
#define ALLORA_QUERY_SQLTEXT_H
#include "base/buf.h"
#include <stdbool.h>
#include <stddef.h>

enum sql_kind {
    SQL_END,
    SQL_WORD,
    SQL_QUOTED /* "x" [x] `x` */,
    SQL_STRING /* 'x' */,
    SQL_NUMBER,
    SQL_PARAM,
    SQL_PUNCT
};
struct sql_token {
    enum sql_kind kind;
    size_t at, len; /* bytes into the text, quotes included */
};
/* The next token at or after *pos, over spaces and comments; SQL_END at the end. */
struct sql_token sql_next(const char *sql, size_t n, size_t *pos);
/* The token is this word (ASCII case folded; a quoted name counts as its content). */
bool sql_is(const char *sql, struct sql_token t, const char *word);
/* Its name without quotes, in lower case, in out (cut to size).  False for tokens that name
 * nothing. */
bool sql_name(const char *sql, struct sql_token t, char *out, size_t size);
/* Does the text hold this keyword as a bare word anywhere? */
bool sql_has_word(const char *sql, const char *word);
/* sql with every result column of the form fn(x, …), fn one that keeps its argument's unit (max,
 * min, sum, avg, …), replaced by its first argument: what SQLite says of that statement's columns
 * says where the values come from.  False when there is none. */
bool sql_strip_aggregates(const char *sql, struct buf *out);
#endif
