/* Time: clocks, RFC 3339, durations. */
#ifndef ALLORA_BASE_CLOCK_H
#define ALLORA_BASE_CLOCK_H
#include "buf.h"
#include <allora/plugin.h>
#include <stdint.h>

/* Since the Unix epoch.  For tests, ALLORA_TEST_NOW (RFC 3339) in the environment fixes it; it is
 * read once, and not at all where the process has more rights than its caller. */
int64_t clock_wall_us(void);
/* The machine's own clock, whatever ALLORA_TEST_NOW says: for records that have to be true. */
int64_t clock_real_us(void);
int64_t clock_mono_us(void);
/* "2026-11-01T10:00:00Z"; fractions only where not zero, in 3 or 6 digits. */
void time_format(struct buf *b, int64_t us);
/* RFC 3339, also a date alone and a space for the T.  0 or ALLORA_E_ARG. */
int32_t time_parse(const char *s, size_t n, int64_t *ret_us);
/* "30s", "5m", "2h", "7d", "1h30m", "250ms", a bare number of seconds.  0 or ALLORA_E_ARG with
 * words. */
int32_t duration_parse(const char *s, int64_t *ret_us, allora_error *err);
/* "4.1 s", "2 min", "1 h 30 min", "6 days": two significant parts at most. */
void duration_format(struct buf *b, int64_t us);
/* "4K", "1.5GB", "2GiB", "10 MB" → bytes: K, KB, KiB are all 1024-based here, as memory is. */
int32_t size_parse(const char *s, int64_t *ret_bytes, allora_error *err);
void size_format(struct buf *b, int64_t bytes); /* "1.6 GiB" */
#endif
