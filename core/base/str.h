/* Strings: allora_str helpers, globs, UTF-8 checks, nearest names. */
#ifndef ALLORA_BASE_STR_H
#define ALLORA_BASE_STR_H
#include <allora/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline allora_str str_of(const char *s)
{
    return (allora_str){s ? s : "", s ? strlen(s) : 0};
}
static inline bool str_eq(allora_str a, const char *b)
{
    return a.len == strlen(b) && (a.len == 0 || memcmp(a.ptr, b, a.len) == 0);
}
bool streq(const char *a, const char *b);        /* NULL-safe */
bool streq_nocase(const char *a, const char *b); /* ASCII folding, NULL-safe */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/* '*' any run, '?' one character; no escapes, no classes; linear-time backtracking. */
bool glob_match(const char *glob, const char *s);
bool utf8_valid(const char *p, size_t n);
/* Length in bytes of the UTF-8 sequence at p (1..4), or 0 if it is not valid within n bytes. */
size_t utf8_next(const char *p, size_t n, uint32_t *ret_codepoint);

/* Damerau-Levenshtein distance, ASCII-case-insensitive, inputs cut at 64 bytes. */
unsigned str_distance(const char *a, const char *b);
/* Keeps the best candidates for "did you mean": offer each name, then read best[].  The rule for
 * "near enough" is distance <= max(1, len/3), or one being a prefix of the other. */
struct nearest {
    const char *want;
    const char *best[3];
    unsigned distance[3];
    unsigned n;
};
void nearest_init(struct nearest *n, const char *want);
void nearest_offer(struct nearest *n, const char *candidate); /* borrowed */
#endif
