/* allora.metrics/1: what a plugin counts, under its own name. */
#include "base/metrics.h"
#include "plugin/host.h"

static void add(allora_ctx *ctx, enum metric_kind kind, const char *name, double value,
                const allora_pair *labels, uint32_t n)
{
    const struct entry *e = entry_of_ctx(ctx);

    if (e && name && e->registry->metrics)
        metrics_add(e->registry->metrics, e->pub.id, kind, name, value, labels, n);
}

static void count(allora_ctx *ctx, const char *name, double delta, const allora_pair *labels,
                  uint32_t n)
{
    add(ctx, METRIC_COUNTER, name, delta, labels, n);
}

static void gauge(allora_ctx *ctx, const char *name, double value, const allora_pair *labels,
                  uint32_t n)
{
    add(ctx, METRIC_GAUGE, name, value, labels, n);
}

static void observe(allora_ctx *ctx, const char *name, double value, const allora_pair *labels,
                    uint32_t n)
{
    add(ctx, METRIC_HISTOGRAM, name, value, labels, n);
}

const allora_metrics_v1 host_metrics = {.size = (uint32_t)sizeof(allora_metrics_v1),
                                        .count = count,
                                        .gauge = gauge,
                                        .observe = observe};
