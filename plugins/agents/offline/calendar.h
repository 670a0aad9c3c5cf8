/* Times in people's words: "in the last 24 hours", "since monday", "before 2026", "in October".
 * UTC throughout. */
#ifndef OFFLINE_CALENDAR_H
#define OFFLINE_CALENDAR_H
#include "words.h"

struct span {
    bool has_from, has_to, future; /* future: "within the next …" */
    bool bare;                     /* a period without "in" or "since" */
    int64_t from_us, to_us;        /* from ≤ t < to */
};
/* Reads a time at token i; the number of tokens it takes, 0 when there is none.  ahead: a month
 * without a year is the next one, not the last one. */
int calendar_read(const struct words *w, int i, int64_t now_us, bool ahead, struct span *ret);
/* now - n × unit; unit is DIM_TIME or DIM_MONTHS. */
int64_t calendar_back(int64_t now_us, double n, const struct unit *u);
#endif
