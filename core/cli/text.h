/* Text as a terminal shows it: display width, making control characters harmless, cutting,
 * wrapping. */
#ifndef ALLORA_CLI_TEXT_H
#define ALLORA_CLI_TEXT_H
#include "base/buf.h"
#include <stdbool.h>
#include <stddef.h>

/* Columns that these bytes take: wide characters 2, combining ones 0, an emoji sequence 2.  Invalid
 * bytes count 1 each. */
size_t text_width(const char *p, size_t n);
/* The next user-perceived character: its bytes, and its columns in *ret_width.  n > 0. */
size_t text_cluster(const char *p, size_t n, size_t *ret_width);

enum { TEXT_KEEP_LINES = 1u /* newlines and tabs pass */ };
/* Appends p so that it can't act on a terminal: control characters as \n, \t, \x1b; invisible ones
 * that reorder or hide text as \u202e; bytes that are no UTF-8 as \xff.  Nothing else changes. */
void text_visible(struct buf *out, const char *p, size_t n, unsigned flags);
/* Appends at most `width` columns of visible text; what is longer ends in an ellipsis.  Returns the
 * columns used. */
size_t text_cut(struct buf *out, const char *p, size_t n, size_t width);
/* Appends p broken between words so that no line passes `width` columns; lines after the first
 * begin with `indent` spaces. The first line is taken to begin at column `at`. */
void text_wrap(struct buf *out, const char *p, size_t at, size_t indent, size_t width);
#endif
