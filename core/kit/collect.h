/* A sink that keeps everything of one call, as it came. */
#ifndef ALLORA_KIT_COLLECT_H
#define ALLORA_KIT_COLLECT_H
#include "base/arena.h"
#include <allora/plugin.h>
#include <stdbool.h>

struct collect_event {
    int32_t kind;
    allora_str payload; /* NUL-terminated */
    struct collect_event *next;
};
struct collected {
    /* in */
    uint32_t stop_after; /* STOP is returned with this row; 0: never */
    uint32_t max_rows;   /* the same, as a bound on what a check looks at; 0: 100,000 */
    /* out */
    const char **names; /* n_names, from begin() */
    const uint8_t *types;
    uint32_t n_names;
    allora_value **rows; /* deep copies, n_rows arrays of widths[] cells */
    uint32_t *widths;
    uint32_t n_rows, cap_rows;
    uint32_t after_stop; /* rows and events that came nevertheless */
    bool stopped, oom;
    struct collect_event *events, *last;
    uint32_t n_events;
    struct arena mem;
};
allora_sink collect(struct collected *c);
void collect_done(struct collected *c); /* c is empty and usable again */
/* The last of that kind, an empty string without; how many there are. */
allora_str collect_event_of(const struct collected *c, int32_t kind);
uint32_t collect_count(const struct collected *c, int32_t kind);
#endif
