/* Going through the journal in batches, and choosing from it. */
#include "base/clock.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/str.h"
#include "security/audit_private.h"
#include <string.h>

enum { BATCH = 256, BATCH_BYTES = 8 << 20 };

static int32_t read_time(const json_node *args, const char *name, int64_t dflt, int64_t *ret,
                         allora_error *err)
{
    const char *text = json_get_str(args, name, NULL);
    int64_t us = 0;
    *ret = dflt;
    if (!text)
        return ALLORA_OK;
    if (time_parse(text, strlen(text), ret) == ALLORA_OK)
        return ALLORA_OK;
    if (duration_parse(text, &us, NULL) == ALLORA_OK) {
        *ret = clock_real_us() - us;
        return ALLORA_OK;
    }
    int32_t status = err_set(err, ALLORA_E_ARG, "%s: \"%.100s\" is no time", name, text);
    err_hint(err, "a date (2026-11-01), a time (2026-11-01T10:00:00Z) or how long ago (2h, 7d)");
    return status;
}

int32_t audit_filter_read(struct audit_filter *ret, const json_node *args, allora_error *err)
{
    struct audit_filter f = {.operation = json_get_str(args, "operation", NULL),
                             .principal = json_get_str(args, "principal", NULL),
                             .kind = json_get_str(args, "kind", NULL),
                             .plan = json_get_str(args, "plan", NULL)};
    int32_t status = read_time(args, "since", INT64_MIN, &f.since_us, err);
    if (!status)
        status = read_time(args, "until", INT64_MAX, &f.until_us, err);
    if (!status)
        *ret = f;
    return status;
}

static bool like(const char *glob, const json_node *node, const char *member)
{
    return !glob || glob_match(glob, json_get_str(node, member, ""));
}

static bool same(const char *want, const json_node *node, const char *member)
{
    return !want || streq(want, json_get_str(node, member, ""));
}

bool audit_filter_passes(const struct audit_filter *f, const struct store_record *record,
                         const json_node *node)
{
    return record->at_us >= f->since_us && record->at_us <= f->until_us &&
           like(f->operation, node, "operation") && like(f->principal, node, "principal") &&
           same(f->kind, node, "kind") && same(f->plan, node, "plan");
}

struct batch {
    struct arena mem;
    struct store_record records[BATCH];
    size_t n;
    allora_error *err;
};

static int32_t collect(void *self, const struct store_record *record)
{
    struct batch *b = self;
    struct store_record copy = *record;
    copy.value.ptr = arena_strndup(&b->mem, record->value.ptr, (size_t)record->value.len);
    if (!copy.value.ptr)
        return err_nomem(b->err);
    b->records[b->n++] = copy;
    return b->mem.used >= BATCH_BYTES ? 1 : 0;
}

int32_t audit_walk(struct store *s, allora_ctx *ctx, uint64_t after, bool reverse, audit_fn *fn,
                   void *self, allora_error *err)
{
    struct batch b = {.err = err};
    int32_t status = ALLORA_OK, stop = 0;
    arena_init(&b.mem, 0);
    do {
        b.n = 0;
        arena_reset(&b.mem);
        status = ctx_check(ctx, err);
        if (!status)
            status = store_log_read(s, JOURNAL_LOG, after, reverse, BATCH, collect, &b, err);
        for (size_t i = 0; !stop && i < b.n; i++) { /* also those before one that is damaged */
            stop = fn(self, &b.records[i]);
            after = b.records[i].seq;
        }
    } while (!status && !stop && b.n);
    arena_done(&b.mem);
    return stop < 0 ? stop : status;
}
