/* Counters, gauges and histograms of this process, by who measures.  What can grow is bounded: a
 * label whose values never end costs a fixed amount of memory, and says so. */
#ifndef ALLORA_BASE_METRICS_H
#define ALLORA_BASE_METRICS_H
#include <allora/plugin.h>

enum {
    METRICS_NAMES_MAX = 200,   /* a source */
    METRICS_SERIES_MAX = 1000, /* a source: different sets of labels, of all its names */
    METRICS_LABELS_MAX = 8,
    METRICS_NAME_MAX = 64,
    METRICS_VALUE_MAX = 128 /* bytes of a label's value; longer ones are cut */
};
enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
struct metrics;
struct metrics *metrics_new(void); /* NULL when memory is out */
void metrics_free(struct metrics *m);
/* Adds to a counter (never less than 0), sets a gauge, or observes a value in a histogram.  name
 * and labels' keys: [a-z_][a-z0-9_]*.  A new set of labels beyond METRICS_SERIES_MAX is counted
 * under
 * {"overflow":"true"}; what can't be kept at all (a bad name, another kind under the same name, no
 * memory) is counted in SOURCE_metrics_dropped_total.  [any] */
void metrics_add(struct metrics *m, const char *source, enum metric_kind kind, const char *name,
                 double value, const allora_pair *labels, uint32_t n);
/* Rows: name (SOURCE_name), kind, labels (a JSON object), value, source; a histogram becomes
 * _bucket (with the label le), _count and _sum, as Prometheus has them.  In the order in which they
 * were first seen.  Returns what the sink does.  [any] */
int32_t metrics_rows(struct metrics *m, const allora_sink *sink);
#endif
