/* Budgets: how much may be changed, and called, before somebody has to look.  What is counted is
 * taken off before anything runs and given back where it was not used, so that two processes cannot
 * spend the same.  Kept in the store (space "budget"), one item a budget, which begins anew with
 * the next day or minute. */
#include "base/clock.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "config/config.h"
#include "operation/gate_private.h"
#include "store/store.h"

enum { TRIES = 100 };
static const char space[] = "budget";
static const int64_t day_us = INT64_C(86400) * 1000000, minute_us = INT64_C(60) * 1000000;

/* -1: no such limit. */
static int64_t limit_of(const struct gate *g, const char *key)
{
    return g->parts.config ? json_int(config_get(g->parts.config, key), -1) : -1;
}

struct spent {
    uint64_t n, version;
};

/* What was spent since the period began; the item's version is 0 where there is none. */
static int32_t read_spent(struct store *s, const char *key, int64_t period, struct spent *ret,
                          allora_error *err)
{
    struct arena mem;
    struct store_item item;
    *ret = (struct spent){0, 0};
    arena_init(&mem, 0);
    int32_t status = store_get(s, &mem, space, key, &item, err);
    if (!status) {
        A_CLEAN(json_freep) json_node *doc = NULL;
        ret->version = item.version;
        if (!json_parse(item.value.ptr, item.value.len, &doc, NULL) &&
            json_get_int(doc, "period", -1) == period)
            ret->n = (uint64_t)json_get_int(doc, "n", 0);
    }
    arena_done(&mem);
    return status == ALLORA_E_NOTFOUND ? ALLORA_OK : status;
}

static int32_t write_spent(struct store *s, const char *key, int64_t period,
                           const struct spent *spent, allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(256);
    buf_addf(&b, "{\"period\":%lld,\"n\":%llu}", (long long)period, (unsigned long long)spent->n);
    if (buf_failed(&b))
        return err_nomem(err);
    return store_put_if(s, space, key, (allora_str){b.ptr, b.len}, spent->version, NULL, err);
}

/* Takes n of at most `limit` a period, or gives -n back.  *ret_left: what there was before. */
static int32_t spend(struct gate *g, const char *key, int64_t length_us, int64_t n, int64_t limit,
                     uint64_t *ret_left, allora_error *err)
{
    struct store *s = g->parts.store;
    int64_t period = clock_wall_us() / length_us;
    int32_t status = s ? ALLORA_E_CONFLICT
                       : err_set(err, ALLORA_E_CONFIG, "there is no store to keep budgets in");
    for (int i = 0; i < TRIES && status == ALLORA_E_CONFLICT; i++) {
        struct spent spent;
        err_reset(err);
        status = read_spent(s, key, period, &spent, err);
        if (status)
            return status;
        *ret_left = spent.n < (uint64_t)limit ? (uint64_t)limit - spent.n : 0;
        if (n > 0 && (uint64_t)n > *ret_left)
            return ALLORA_E_BUDGET;
        uint64_t back = n < 0 ? (uint64_t)-n : 0;
        spent.n = n < 0 ? (spent.n > back ? spent.n - back : 0) : spent.n + (uint64_t)n;
        status = write_spent(s, key, period, &spent, err);
    }
    return status;
}

int32_t budget_call(struct gate *g, const allora_ctx *ctx, allora_error *err)
{
    int64_t limit = limit_of(g, "budgets.calls_per_minute");
    uint64_t left = 0;
    (void)ctx;
    if (limit < 0)
        return ALLORA_OK;
    int32_t status = spend(g, "calls", minute_us, 1, limit, &left, err);
    if (status != ALLORA_E_BUDGET)
        return status;
    (void)err_set(err, status, "the budget of %lld calls a minute is used up", (long long)limit);
    err_hint(err, "wait a minute, or raise budgets.calls_per_minute in the configuration");
    return status;
}

int32_t budget_plan(struct gate *g, uint64_t n, allora_error *err)
{
    int64_t limit = limit_of(g, "budgets.changed_resources_per_plan");
    if (limit < 0 || n <= (uint64_t)limit)
        return ALLORA_OK;
    int32_t status = err_set(err, ALLORA_E_BUDGET,
                             "this plan would change %llu resources; the budget is %lld a plan",
                             (unsigned long long)n, (long long)limit);
    err_hint(err, "plan fewer at a time, or raise budgets.changed_resources_per_plan");
    return status;
}

int32_t budget_reserve(struct gate *g, const allora_ctx *ctx, uint64_t n, allora_error *err)
{
    int64_t limit = limit_of(g, "budgets.changed_resources_per_day");
    uint64_t left = 0;
    (void)ctx;
    if (limit < 0 || n == 0)
        return ALLORA_OK;
    int32_t status = spend(g, "changed", day_us, (int64_t)n, limit, &left, err);
    if (status != ALLORA_E_BUDGET)
        return status;
    (void)err_set(
        err, status,
        "this plan would change %llu resources; %llu of the day's budget of %lld are left",
        (unsigned long long)n, (unsigned long long)left, (long long)limit);
    err_hint(err, "tomorrow (UTC), or raise budgets.changed_resources_per_day");
    return status;
}

void budget_settle(struct gate *g, const allora_ctx *ctx, uint64_t unused)
{
    int64_t limit = limit_of(g, "budgets.changed_resources_per_day");
    allora_error ignored = ERR_INIT; /* a day's budget that is a little too small is safe */
    uint64_t left = 0;
    (void)ctx;
    if (limit >= 0 && unused > 0)
        (void)spend(g, "changed", day_us, -(int64_t)unused, limit, &left, &ignored);
}
