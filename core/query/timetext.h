/* Times as SQL sees them: one fixed-width text, "2026-11-01T10:00:00.000000Z", so that the order of
 * texts is the order of times; and a collation that compares any ISO 8601 spelling by the instant
 * it means (docs/decisions/0010-times-in-sql.md). */
#ifndef ALLORA_QUERY_TIMETEXT_H
#define ALLORA_QUERY_TIMETEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TIMETEXT_LEN = 27 };
/* The range that four digits of a year can say. */
#define TIMETEXT_MIN INT64_C(-62167219200000000)
#define TIMETEXT_MAX INT64_C(253402300799999999)
#define TIMETEXT_COLLATION "ALLORA_TIME"

/* us within TIMETEXT_MIN..MAX; writes TIMETEXT_LEN characters, no NUL. */
void timetext_format(int64_t us, char out[TIMETEXT_LEN]);
/* Lenient: "2026", "2026-11", "2026-11-01", then "T" or a space, "10:00", seconds, fraction, "Z" or
 * "+02:00"; or 9 to 11 digits: seconds since 1970.  Spaces around are skipped.  No zone means UTC,
 * as in SQLite. */
bool timetext_parse(const char *p, size_t n, int64_t *ret_us);
/* SQLite's collation callback: times by instant, before all that is no time; the rest by bytes. */
int timetext_collate(void *unused, int n1, const void *p1, int n2, const void *p2);
#endif
