/* Generated tables, as fast as rows can be handed over: what the engine's speed is measured
 * against.  Every cell is a function of the row's number, so tests can compute what they expect. */
#include <allora/sdk.h>
#include <string.h>
#include <time.h>

enum {
    ROW_ID,
    ROW_NAME,
    ROW_GRP,
    ROW_REGION,
    ROW_FLAG,
    ROW_SIZE,
    ROW_PRICE,
    ROW_CREATED,
    ROW_NOTE,
    ROW_REF
};
enum { WIDE_COLUMNS = 130, MAX_WANTED = 256 };

static const char *const groups[] = {"alpha", "bravo",    "charlie", "delta",  "echo", "foxtrot",
                                     "golf",  "hotel",    "india",   "juliet", "kilo", "lima",
                                     "mike",  "november", "oscar",   "papa"};
static const char *const regions[] = {"north", "south", "east", "west"};

/* splitmix64: scattered, and the same everywhere. */
static uint64_t scatter(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static allora_value numbered(char out[static 12], const char prefix[static 5], int64_t n)
{
    memcpy(out, prefix, 4);
    for (int i = 10; i >= 4; i--, n /= 10)
        out[i] = (char)('0' + n % 10);
    return sdk_cell_str(sdk_str_n(out, 11));
}

static allora_value row_cell(uint32_t column, int64_t row, int64_t rows, char name[static 12],
                             char note[static 12])
{
    switch (column) {
    case ROW_ID:
        return sdk_cell_int(row);
    case ROW_NAME:
        return numbered(name, "row-", row);
    case ROW_GRP:
        return sdk_cell_text(groups[scatter((uint64_t)row) & 15]);
    case ROW_REGION:
        return sdk_cell_text(regions[row & 3]);
    case ROW_FLAG:
        return sdk_cell_bool(row % 3 == 0);
    case ROW_SIZE:
        return sdk_cell_int((int64_t)(scatter((uint64_t)row) % 1000000));
    case ROW_PRICE:
        return sdk_cell_real((double)(scatter((uint64_t)row) % 1000000) / 100);
    case ROW_CREATED:
        return sdk_cell_time((INT64_C(1767225600) + row) * 1000000);
    case ROW_NOTE:
        return row & 1 ? sdk_null() : numbered(note, "see ", row / 2);
    case ROW_REF:
        return sdk_cell_int((int64_t)(scatter((uint64_t)row + 7) % (uint64_t)rows));
    default:
        return sdk_absent();
    }
}

/* Rows [lo, hi) that the filters on the key leave over; the host rechecks the rest. */
static void key_range(const allora_list_request *req, uint32_t key, int64_t *lo, int64_t *hi)
{
    for (uint32_t i = 0; i < req->n_filters; i++) {
        const allora_filter *f = &req->filters[i];
        if (f->column != key || f->val.type != ALLORA_V_INT)
            continue;
        int64_t v = f->val.u.i;
        bool from = f->op == ALLORA_OP_EQ || f->op == ALLORA_OP_GE || f->op == ALLORA_OP_GT;
        bool to = f->op == ALLORA_OP_EQ || f->op == ALLORA_OP_LE || f->op == ALLORA_OP_LT;
        if (from && v != INT64_MAX && v + (f->op == ALLORA_OP_GT) > *lo)
            *lo = v + (f->op == ALLORA_OP_GT);
        if (from && v == INT64_MAX)
            *lo = *hi;
        if (to && v < *hi && v + (f->op != ALLORA_OP_LT) < *hi)
            *hi = v + (f->op != ALLORA_OP_LT);
    }
}

static bool region_matches(const allora_list_request *req, int64_t row)
{
    for (uint32_t i = 0; i < req->n_filters; i++) {
        const allora_filter *f = &req->filters[i];
        allora_value cell = sdk_cell_text(regions[row & 3]);
        if (f->column == ROW_REGION && !sdk_may_match(cell, f))
            return false;
    }
    return true;
}

static int32_t list_rows(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                         const allora_sink *sink, allora_error *err)
{
    allora_value cells[MAX_WANTED];
    char name[12], note[12];
    int64_t rows, lo = 0;
    int32_t st = sdk_config_int(self, ctx, "rows", 1000000, &rows, err);
    if (st)
        return st;
    int64_t hi = rows;
    bool by_region = false;
    if (req->n_wanted > MAX_WANTED)
        return sdk_fail(err, ALLORA_E_ARG, "%u columns wanted", req->n_wanted);
    key_range(req, ROW_ID, &lo, &hi);
    for (uint32_t i = 0; i < req->n_filters; i++)
        by_region = by_region || req->filters[i].column == ROW_REGION;
    for (int64_t row = lo; row < hi; row++) {
        if ((row & 4095) == 0 && (st = sdk_cancelled(self, ctx, err)) != 0)
            return st;
        if (by_region && !region_matches(req, row))
            continue;
        for (uint32_t i = 0; i < req->n_wanted; i++)
            cells[i] = row_cell(req->wanted[i], row, rows, name, note);
        if ((st = sink->row(sink->self, cells, req->n_wanted)) != 0)
            return st > 0 ? ALLORA_OK : st;
    }
    return ALLORA_OK;
}

static int32_t list_wide(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                         const allora_sink *sink, allora_error *err)
{
    int64_t rows;
    int32_t st = sdk_config_int(self, ctx, "wide_rows", 1000, &rows, err);
    sdk_rows out = SDK_ROWS(self, ctx, req, sink);
    allora_value cells[WIDE_COLUMNS];
    for (int64_t row = 0; !st && row < rows; row++) {
        for (int64_t c = 0; c < WIDE_COLUMNS; c++)
            cells[c] = sdk_cell_int(row * 1000 + c);
        if (sdk_row_n(&out, cells, WIDE_COLUMNS))
            return out.status;
    }
    return st;
}

/* Sleeps in small steps, so that a cancelled scan ends soon. */
static int32_t wait_ms(allora_instance *self, allora_ctx *ctx, int64_t ms, allora_error *err)
{
    int32_t st = sdk_cancelled(self, ctx, err);
    while (!st && ms > 0) {
        int64_t step = ms < 10 ? ms : 10;
        const struct timespec t = {.tv_nsec = step * 1000000};
        nanosleep(&t, NULL);
        ms -= step;
        st = sdk_cancelled(self, ctx, err);
    }
    return st;
}

static int32_t list_slow(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                         const allora_sink *sink, allora_error *err)
{
    int64_t delay, rows;
    allora_str part = sdk_partition(req, "part");
    int32_t st = sdk_config_int(self, ctx, "delay_ms", 100, &delay, err);
    if (!st)
        st = sdk_config_int(self, ctx, "rows_per_partition", 10, &rows, err);
    if (!st)
        st = wait_ms(self, ctx, delay, err);
    if (st)
        return st;
    sdk_rows out = SDK_ROWS(self, ctx, req, sink);
    for (int64_t n = 0; n < rows; n++)
        if (sdk_row(&out, sdk_cell_str(part), sdk_cell_int(n), sdk_cell_int(delay)))
            return out.status;
    return ALLORA_OK;
}

static int32_t slow_partitions(allora_instance *self, allora_ctx *ctx, const char *table,
                               const allora_sink *sink, allora_error *err)
{
    static const char *const keys[] = {"part"};
    int64_t n;
    int32_t st = sdk_config_int(self, ctx, "partitions", 100, &n, err);
    if (!st)
        st = sdk_begin_texts(sink, keys, 1);
    (void)table;
    for (int64_t i = 0; !st && i < n; i++) {
        char name[] = "p000";
        for (int64_t d = 3, v = i; d > 0; d--, v /= 10)
            name[d] = (char)('0' + v % 10);
        const allora_value cell = sdk_cell_text(name);
        st = sink->row(sink->self, &cell, 1);
    }
    return st > 0 ? ALLORA_OK : st;
}

ALLORA_PROVIDER_PLUGIN(synth, {"synth_rows", list_rows}, {"synth_wide", list_wide},
                       {"synth_slow", list_slow, slow_partitions});
