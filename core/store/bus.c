/* The bus is a log that many write and many follow.  A record begins {"topic":"…", so that who
 * follows a few topics parses nothing of the others. */
#include "store/bus.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "store/store.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>

enum {
    RECORD_MAX = BUS_DATA_MAX + BUS_TOPIC_MAX + 128,
    BATCH_RECORDS = 256,
    BATCH_BYTES = 4 << 20,
    TRIM_EVERY = 64,
    WAIT_US = 200000 /* how late a cancellation may be heard */
};
static const char log_name[] = "events", head[] = "{\"topic\":\"";

static bool topic_valid(const char *topic)
{
    size_t n = strlen(topic);

    if (n == 0 || n > BUS_TOPIC_MAX || topic[0] == '.' || topic[n - 1] == '.' ||
        strstr(topic, ".."))
        return false;
    for (const char *p = topic; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
            return false;
    }
    return true;
}

/* ---- publishing ---- */

static int32_t first_young(void *self, const struct store_record *r)
{
    int64_t *cutoff_and_last = self;

    if (r->at_us >= cutoff_and_last[0])
        return ALLORA_STOP;
    cutoff_and_last[1] = (int64_t)r->seq;
    return ALLORA_OK;
}

/* What is too much or too old goes; failing at it is not the publisher's trouble. */
static void trim(struct store *s, uint64_t seq)
{
    int64_t age[2] = {clock_wall_us() - (int64_t)BUS_KEEP_DAYS * 86400 * 1000000, 0};
    uint64_t up_to = seq > BUS_KEEP_RECORDS ? seq - BUS_KEEP_RECORDS : 0;
    allora_error ignored = ERR_INIT;

    if (store_log_read(s, log_name, up_to, false, 0, first_young, age, &ignored) < 0)
        return;
    if ((uint64_t)age[1] > up_to)
        up_to = (uint64_t)age[1];
    if (up_to)
        (void)store_log_trim(s, log_name, up_to, &ignored);
}

static int32_t make_record(struct buf *b, const char *topic, allora_str data_json, int64_t now,
                           allora_error *err)
{
    A_CLEAN(json_freep) json_node *data = NULL;
    struct jsonw w = JSONW(b);

    if (!topic_valid(topic)) {
        int32_t rc = err_set(err, ALLORA_E_ARG, "this is no topic: %.80s", topic);
        err_hint(err, "words of letters, digits, _ and -, joined by dots, at most %d bytes",
                 BUS_TOPIC_MAX);
        return rc;
    }
    if (data_json.len > BUS_DATA_MAX)
        return err_set(err, ALLORA_E_ARG, "an event's data has at most %d KiB", BUS_DATA_MAX >> 10);
    if (data_json.len > 0) {
        int32_t rc = json_parse(data_json.ptr, (size_t)data_json.len, &data, err);
        if (rc) {
            err_prefix(err, "an event's data: ");
            return rc;
        }
    }
    jw_object(&w);
    jw_kstr(&w, "topic", topic);
    jw_key(&w, "time");
    const allora_value time = {.type = ALLORA_V_TIME, .u.i = now};
    jw_value(&w, &time);
    jw_key(&w, "data");
    if (data)
        jw_node(&w, data);
    else
        jw_null(&w);
    jw_end_object(&w);
    return buf_failed(b) ? err_nomem(err) : ALLORA_OK;
}

int32_t bus_publish(struct store *s, const char *topic, allora_str data_json, uint64_t *ret_seq,
                    allora_error *err)
{
    static atomic_bool trimmed;
    A_CLEAN(buf_done) struct buf b = BUF(6 * (size_t)RECORD_MAX); /* escaped again */
    int64_t now = clock_wall_us();
    uint64_t seq = 0;
    int32_t rc = make_record(&b, topic, data_json, now, err);

    bool own = !store_nested(s); /* in another's transaction, it stands and falls with that */
    if (rc == ALLORA_OK && own)
        rc = store_begin_relaxed(s, err);
    if (rc)
        return rc;
    rc = store_log_append_at(s, log_name, UINT64_MAX, now, (allora_str){buf_str(&b), b.len}, &seq,
                             err);
    if (rc && own)
        store_rollback(s);
    else if (own)
        rc = store_commit(s, err);
    if (rc)
        return rc;
    if (own && (seq % TRIM_EVERY == 0 || !atomic_exchange(&trimmed, true)))
        trim(s, seq);
    if (ret_seq)
        *ret_seq = seq;
    return ALLORA_OK;
}

/* ---- following ---- */

struct batch {
    const char *glob;
    struct arena mem;
    allora_str payloads[BATCH_RECORDS];
    unsigned n;
    uint64_t last; /* number of the last record that was looked at */
    bool oom;
};

/* Copies those that match; the store is held meanwhile. */
static int32_t collect(void *self, const struct store_record *r)
{
    struct batch *b = self;
    char topic[BUS_TOPIC_MAX + 1];
    const size_t skip = sizeof head - 1;

    b->last = r->seq;
    if (r->value.len <= skip || memcmp(r->value.ptr, head, skip) != 0)
        return ALLORA_OK; /* none of ours */
    const char *begin = r->value.ptr + skip;
    const char *end = memchr(begin, '"', (size_t)r->value.len - skip);
    size_t n = end ? (size_t)(end - begin) : sizeof topic;
    if (n >= sizeof topic)
        return ALLORA_OK;
    memcpy(topic, begin, n);
    topic[n] = '\0';
    if (!glob_match(b->glob, topic))
        return ALLORA_OK;
    char *text = arena_printf(&b->mem, "{\"seq\":%llu,%.*s", (unsigned long long)r->seq,
                              (int)r->value.len - 1, r->value.ptr + 1);
    if (!text) {
        b->oom = true;
        return ALLORA_STOP;
    }
    b->payloads[b->n++] = (allora_str){text, strlen(text)};
    return b->n == BATCH_RECORDS || b->mem.used > BATCH_BYTES ? ALLORA_STOP : ALLORA_OK;
}

static int32_t send_batch(const struct batch *b, const allora_sink *sink)
{
    for (unsigned i = 0; i < b->n; i++) {
        int32_t rc = sink->event(sink->self, ALLORA_EV_MESSAGE, b->payloads[i]);
        if (rc)
            return rc;
    }
    return ALLORA_OK;
}

/* The number that the next record will be after. */
static int32_t newest(struct store *s, allora_ctx *ctx, uint64_t *ret, allora_error *err)
{
    struct store_record last = {0};
    allora_error words = ERR_INIT;
    int32_t rc = store_log_last(s, &ctx->mem, log_name, &last, &words);

    if (rc && rc != ALLORA_E_NOTFOUND) {
        err_copy(err, &words);
        return rc;
    }
    *ret = rc ? 0 : last.seq;
    return ALLORA_OK;
}

static int32_t wait_for_more(struct store *s, allora_ctx *ctx, uint64_t after, allora_error *err)
{
    allora_error words = ERR_INIT;
    int64_t us = WAIT_US, left = ctx->deadline_us ? ctx->deadline_us - clock_mono_us() : us;
    int32_t rc = store_log_wait(s, log_name, after, left < us ? left : us, &words);

    if (rc && rc != ALLORA_E_TIMEOUT) {
        err_copy(err, &words);
        return rc;
    }
    return ALLORA_OK;
}

int32_t bus_follow(struct store *s, allora_ctx *ctx, const char *glob, uint64_t after,
                   const allora_sink *sink, allora_error *err)
{
    struct batch b = {.glob = glob, .last = after};
    int32_t rc = after == UINT64_MAX ? newest(s, ctx, &b.last, err) : ALLORA_OK;

    arena_init(&b.mem, 0);
    while (rc == ALLORA_OK && (rc = ctx_check(ctx, err)) == ALLORA_OK) {
        uint64_t before = b.last;
        b.n = 0;
        arena_reset(&b.mem);
        rc = store_log_read(s, log_name, before, false, 0, collect, &b, err);
        if (rc >= 0)
            rc = b.oom ? err_nomem(err) : send_batch(&b, sink);
        if (rc == ALLORA_OK && b.last == before)
            rc = wait_for_more(s, ctx, before, err);
    }
    arena_done(&b.mem);
    return rc == ALLORA_STOP ? ALLORA_OK : rc;
}
