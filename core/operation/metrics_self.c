/* metrics.self: what plugins counted, and the gate's own counters in the same form. */
#include "operation/metrics_self.h"
#include "base/buf.h"
#include "base/jsonw.h"
#include "base/metrics.h"
#include "base/str.h"
#include "base/value.h"
#include "operation/builtin.h"
#include "operation/catalogue.h"
#include "operation/gate_private.h"
#include <stdio.h>

enum { LABELS_MAX = 1024, COLUMNS = 5 };

struct filter {
    const allora_sink *sink;
    const char *pattern;
};

static int32_t row(void *self, const allora_value *cells, uint32_t n)
{
    const struct filter *f = self;
    char name[256];

    (void)snprintf(name, sizeof name, "%.*s", (int)cells[0].len, cells[0].u.p);
    return glob_match(f->pattern, name) ? f->sink->row(f->sink->self, cells, n) : ALLORA_OK;
}

static int32_t send(struct filter *f, const char *name, const char *operation, double value)
{
    A_CLEAN(buf_done) struct buf labels = BUF(LABELS_MAX);
    struct jsonw w = JSONW(&labels);

    jw_object(&w);
    jw_kstr(&w, "operation", operation);
    jw_end_object(&w);
    const allora_value cells[COLUMNS] = {val_text(name), val_text("counter"),
                                         val_json(buf_str(&labels), labels.len), val_real(value),
                                         val_text("allora")};
    return buf_failed(&labels) ? ALLORA_OK : row(f, cells, COLUMNS);
}

static int32_t operations(const struct catalogue *c, struct filter *f)
{
    int32_t rc = ALLORA_OK;

    for (size_t i = 0; rc == ALLORA_OK && i < catalogue_count(c); i++) {
        const struct operation *op = catalogue_called(c, i);
        if (!op)
            continue;
        rc = send(f, "allora_operation_calls_total", op->name,
                  (double)atomic_load_explicit(&op->calls, memory_order_relaxed));
        if (rc == ALLORA_OK)
            rc = send(f, "allora_operation_failures_total", op->name,
                      (double)atomic_load_explicit(&op->failures, memory_order_relaxed));
        if (rc == ALLORA_OK)
            rc = send(f, "allora_operation_seconds_total", op->name,
                      (double)atomic_load_explicit(&op->total_us, memory_order_relaxed) / 1e6);
    }
    return rc;
}

int32_t metrics_op_self(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                        allora_error *err)
{
    static const allora_column columns[COLUMNS] = {
        {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "name"},
        {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "kind"},
        {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_JSON, .name = "labels"},
        {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_REAL, .name = "value"},
        {.size = (uint32_t)sizeof(allora_column), .type = ALLORA_V_TEXT, .name = "plugin"}};
    const allora_column *list[COLUMNS];
    const struct builtin_parts *parts = self;
    struct filter f = {sink, json_get_str(args, "pattern", "*")};
    const allora_sink filtered = {&f, NULL, row, NULL};

    (void)ctx;
    (void)err;
    for (size_t i = 0; i < COLUMNS; i++)
        list[i] = &columns[i];
    int32_t rc = sink->begin(sink->self, list, COLUMNS);
    if (rc == ALLORA_OK)
        rc = operations(parts->gate->catalogue, &f);
    if (rc == ALLORA_OK && parts->metrics)
        rc = metrics_rows(parts->metrics, &filtered);
    return rc == ALLORA_STOP ? ALLORA_OK : rc;
}
