/* Scanning of text that others wrote: every function stays inside a NUL-terminated string, and says
 * by its result whether what it looked for was there.  A cursor moves only on success. */
#ifndef HOST_TEXT_H
#define HOST_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool text_skip(const char **p, const char *word); /* past `word`, when it stands there */
void text_blanks(const char **p);                 /* past spaces and tabs */
bool text_int(const char **p, int64_t *ret);      /* [+-]digits; false on overflow too */
bool text_uint(const char **p, uint64_t *ret);
bool text_hex(const char **p, uint64_t *ret); /* at most 16 digits, without 0x */
bool text_real(const char **p, double *ret);  /* digits[.digits], never the locale's comma */
bool text_word(const char **p, const char **ret,
               size_t *ret_len);    /* skips blanks, then what isn't blank */
bool text_is_number(const char *s); /* digits only, at least one */
/* Cuts `line` at the next `sep`: returns the field, sets *line to what follows or NULL.  NULL when
 * *line is. */
char *text_field(char **line, char sep);
/* In place: \ooo octal escapes, as the kernel writes spaces in mount tables. Returns the new
 * length. */
size_t text_unescape(char *s);
/* Without blanks and newlines at the end; returns the new length. */
size_t text_trim(char *s, size_t len);
bool text_ends(const char *s, const char *ending);
/* Is it valid UTF-8? */
bool text_is_utf8(const char *s, size_t len);
/* Copies with every invalid byte replaced by U+FFFD; dst needs 3 * len bytes.  Returns the length
 * written. */
size_t text_to_utf8(char *dst, const char *s, size_t len);
/* Days since 1970-01-01 of a date of the Gregorian calendar; no range check. */
int64_t text_days(int64_t year, unsigned month, unsigned day);
#endif
