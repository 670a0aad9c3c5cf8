/* Runs one list() call of the host provider's readers without a host, and keeps the rows. */
#ifndef TEST_HOST_HARNESS_H
#define TEST_HOST_HARNESS_H
#include "tables.h"
#include <allora/sdk.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HARNESS_ROWS = 4096, HARNESS_COLUMNS = SCAN_COLUMNS_MAX, HARNESS_FILTERS = 8 };

struct result {
    char *cells[HARNESS_ROWS][HARNESS_COLUMNS]; /* as text: "NULL", "ABSENT", numbers, texts */
    uint32_t n, n_columns;
    char warnings[4096];
    uint64_t stop_after; /* 0: never */
    int32_t status;
};

static char *cell_text(const allora_value *v)
{
    char number[64];
    switch (v->type) {
    case ALLORA_V_ABSENT:
        return strdup("ABSENT");
    case ALLORA_V_NULL:
        return strdup("NULL");
    case ALLORA_V_REAL:
        (void)snprintf(number, sizeof number, "%.2f", v->u.d);
        return strdup(number);
    case ALLORA_V_BOOL:
        return strdup(v->u.i ? "true" : "false");
    case ALLORA_V_INT:
    case ALLORA_V_TIME:
        (void)snprintf(number, sizeof number, "%" PRId64, v->u.i);
        return strdup(number);
    default:
        return strndup(v->u.p, v->len);
    }
}

static int32_t harness_row(void *self, const allora_value *cells, uint32_t n)
{
    struct result *r = self;
    if (r->n < HARNESS_ROWS) {
        for (uint32_t i = 0; i < n; i++)
            r->cells[r->n][i] = cell_text(&cells[i]);
        r->n_columns = n;
    }
    r->n++;
    return r->stop_after && r->n >= r->stop_after ? ALLORA_STOP : ALLORA_OK;
}

static int32_t harness_event(void *self, int32_t kind, allora_str payload)
{
    struct result *r = self;
    size_t used = strlen(r->warnings);
    if (kind == ALLORA_EV_WARNING)
        (void)snprintf(r->warnings + used, sizeof r->warnings - used, "%.*s\n", (int)payload.len,
                       payload.ptr);
    return ALLORA_OK;
}

static int32_t harness_cancelled(allora_ctx *ctx)
{
    (void)ctx;
    return 0;
}

static int column_of(const struct table_entry *t, const char *name)
{
    for (uint32_t i = 0; i < t->n_columns; i++)
        if (strcmp(t->columns[i], name) == 0)
            return (int)i;
    (void)fprintf(stderr, "no column %s in %s\n", name, t->name);
    abort();
}

static void result_free(struct result *r)
{
    for (uint32_t i = 0; i < r->n && i < HARNESS_ROWS; i++)
        for (uint32_t k = 0; k < r->n_columns; k++)
            free(r->cells[i][k]);
    free(r);
}

/* root: NULL for this machine.  columns: "pid,name".  The result is freed with result_free(). */
static struct result *run_table(const char *root_path, const char *table, const char *columns,
                                const allora_filter *filters, uint32_t n_filters,
                                uint64_t stop_after)
{
    struct result *r = calloc(1, sizeof *r);
    allora_error err = {.size = (uint32_t)sizeof err};
    const struct table_entry *t = table_find(table);
    struct root root;
    if (!r || !t)
        abort();
    r->stop_after = stop_after;
    uint32_t wanted[HARNESS_COLUMNS], n = 0;
    char *copy = strdup(columns), *save = NULL;
    for (char *c = strtok_r(copy, ",", &save); c; c = strtok_r(NULL, ",", &save))
        wanted[n++] = (uint32_t)column_of(t, c);
    free(copy);
    allora_host host = {.size = (uint32_t)sizeof host, .cancelled = harness_cancelled};
    allora_list_request req = {.size = (uint32_t)sizeof req,
                               .table = table,
                               .filters = filters,
                               .n_filters = n_filters,
                               .wanted = wanted,
                               .n_wanted = n};
    allora_sink sink = {r, sdk_no_begin, harness_row, harness_event};
    r->status = root_open(root_path, &root, &err);
    if (!r->status) {
        struct scan scan;
        r->status = scan_open(&scan, &root, &host, NULL, &req, t->n_columns, &sink, &err);
        if (!r->status) {
            r->status = t->list(&scan);
            scan_close(&scan);
        }
        root_close(&root);
    }
    if (r->status < 0)
        (void)fprintf(stderr, "%s: %s (%s)\n", table, err.message, err.hint);
    return r;
}
#endif
