/* Collects what an operation sends to its sink: columns, rows, and events, in one arena.  Also the
 * null sink. */
#ifndef ALLORA_BASE_ROWSET_H
#define ALLORA_BASE_ROWSET_H
#include "arena.h"
#include "json.h"
#include <allora/plugin.h>

struct rowset_event {
    int32_t kind;
    allora_str payload;
    struct rowset_event *next;
};
struct rowset {
    struct arena mem;
    const char **names; /* n_columns, from begin(); without it the first row makes up "column1" … */
    const allora_column **columns;
    uint32_t n_columns;
    allora_value **rows; /* n_rows arrays of n_columns cells; what a short row left out is ABSENT */
    size_t n_rows, cap_rows;
    /* over either: further rows are counted, not kept; 0 = no such limit */
    size_t max_rows, max_bytes;
    size_t n_dropped;
    struct rowset_event *events, *last_event;
    bool oom;
};
void rowset_init(struct rowset *r, size_t max_rows, size_t max_bytes);
void rowset_done(struct rowset *r);
allora_sink rowset_sink(struct rowset *r);
/* First event of that kind, or an empty string. */
allora_str rowset_event(const struct rowset *r, int32_t kind);
/* The rows as a JSON array of objects. */
struct buf;
void rowset_json(const struct rowset *r, struct buf *out);

extern const allora_sink null_sink;
#endif
