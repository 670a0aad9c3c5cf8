/* audit.verify: every record once, from the first to the last, against itself, the one before it,
 * and what remembers the end.  One fault gives one finding: a record follows the one before it when
 * it has either the hash that one shows or the hash that it should show. */
#include "base/buf.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "security/audit.h"
#include "security/audit_private.h"
#include "security/journal_record.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { PROBLEMS_MAX = 1000, PROBLEM_TEXT = 512 };

struct witness { /* a place that remembers the end */
    const char *name;
    bool known, found;
    struct journal_head head;
};
struct verify {
    uint64_t next, n; /* the number that should come; how many came */
    bool has_previous;
    char shown[DIGEST_HEX_SIZE], computed[DIGEST_HEX_SIZE]; /* the previous one's hashes */
    struct witness witnesses[2];
    struct buf list; /* of problems, as JSON */
    struct jsonw w;
    uint64_t n_problems;
    char first[PROBLEM_TEXT];
    allora_error *err;
};

static void problem(struct verify *v, uint64_t seq, const char *fmt, ...) A_PRINTF(3, 4);
static void problem(struct verify *v, uint64_t seq, const char *fmt, ...)
{
    char text[PROBLEM_TEXT];
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (v->n_problems++ == 0) {
        (void)snprintf(v->first, sizeof v->first, "%s", text);
    }
    if (v->n_problems > PROBLEMS_MAX)
        return;
    jw_object(&v->w);
    jw_kint(&v->w, "seq", (int64_t)seq);
    jw_kstr(&v->w, "problem", text);
    jw_end_object(&v->w);
}

static void missing(struct verify *v, uint64_t from, uint64_t to)
{
    if (from == to)
        problem(v, from, "record %" PRIu64 " is missing", from);
    else
        problem(v, from, "records %" PRIu64 " to %" PRIu64 " are missing", from, to);
}

static void ask_witnesses(struct verify *v, uint64_t seq, const struct journal_record *r)
{
    for (size_t i = 0; i < 2; i++) {
        struct witness *w = &v->witnesses[i];
        if (!w->known || w->head.seq != seq)
            continue;
        w->found = streq(w->head.hash, r->hash) || streq(w->head.hash, r->computed);
        if (!w->found)
            problem(v, seq, "record %" PRIu64 " is not the one that %s remembers", seq, w->name);
        w->found = true; /* there is nothing more to say about it */
    }
}

static void check(struct verify *v, const struct store_record *record,
                  const struct journal_record *r)
{
    uint64_t seq = record->seq;
    if (r->seq != seq) {
        problem(v, seq, "record %" PRIu64 ": in its place is record %" PRIu64, seq, r->seq);
        v->has_previous = false;
        ask_witnesses(v, seq, r);
        return;
    }
    if (!streq(r->hash, r->computed))
        problem(v, seq, "record %" PRIu64 ": its content is not what its hash says", seq);
    else if (r->time_us != record->at_us)
        problem(v, seq, "record %" PRIu64 ": it is kept with another time than its own", seq);
    if (seq == 1 && !streq(r->prev, JOURNAL_NO_HASH))
        problem(v, seq, "record 1: it is not the first that was written");
    else if (v->has_previous && !streq(r->prev, v->shown) && !streq(r->prev, v->computed))
        problem(v, seq, "record %" PRIu64 ": it was not written after record %" PRIu64, seq,
                seq - 1);
    ask_witnesses(v, seq, r);
    memcpy(v->shown, r->hash, sizeof v->shown);
    memcpy(v->computed, r->computed, sizeof v->computed);
    v->has_previous = true;
}

static int32_t visit(void *self, const struct store_record *record)
{
    struct verify *v = self;
    struct journal_record r;
    allora_error why = ERR_INIT;
    if (record->seq > v->next) {
        missing(v, v->next, record->seq - 1);
        v->has_previous = false;
    }
    v->next = record->seq + 1;
    v->n++;
    int32_t status = journal_record_read(record->value, &r, &why);
    if (status == ALLORA_E_INTEGRITY) {
        problem(v, record->seq, "record %" PRIu64 ": %s", record->seq, why.message);
        v->has_previous = false;
        return 0;
    }
    if (status) {
        err_copy(v->err, &why);
        return status;
    }
    check(v, record, &r);
    journal_record_done(&r);
    return buf_failed(&v->list) ? err_nomem(v->err) : 0;
}

static int32_t below_one(void *self, const struct store_record *record)
{
    (void)record;
    problem(self, 0, "there is a record with a number below 1");
    return 1;
}

/* Damage that the store itself notices ends a walk; it goes on behind it. */
static int32_t walk(struct verify *v, struct store *s, allora_ctx *ctx, allora_error *err)
{
    while (v->n_problems <= PROBLEMS_MAX) {
        allora_error why = ERR_INIT;
        int32_t status = audit_walk(s, ctx, v->next - 1, false, visit, v, &why);
        bool broken = streq(why.reason, "corrupt");
        if (status != ALLORA_E_INTEGRITY && !broken) {
            if (why.code)
                err_copy(err, &why);
            return status;
        }
        if (status != ALLORA_E_INTEGRITY) { /* nothing behind it can be trusted */
            problem(v, v->next, "from record %" PRIu64 " on: %s", v->next, why.message);
            return ALLORA_OK;
        }
        problem(v, v->next, "record %" PRIu64 ": it is damaged in the database", v->next);
        v->has_previous = false;
        v->next++;
    }
    return ALLORA_OK;
}

static int32_t recall(struct verify *v, const struct journal *j, allora_error *err)
{
    const char *path = journal_head_path(j);
    v->witnesses[0] = (struct witness){.name = "the store"};
    v->witnesses[1] = (struct witness){.name = "journal.head"};
    for (size_t i = 0; i < 2 && path; i++) {
        struct witness *w = &v->witnesses[i];
        allora_error why = ERR_INIT;
        int32_t status = i == 0 ? journal_head_get(journal_store(j), &w->head, &why)
                                : journal_head_recall(path, &w->head, &why);
        w->known = status == ALLORA_OK;
        if (status == ALLORA_E_INTEGRITY || streq(why.reason, "corrupt"))
            problem(v, 0, "%s", why.message);
        else if (status && status != ALLORA_E_NOTFOUND) {
            err_copy(err, &why);
            return status;
        }
    }
    return ALLORA_OK;
}

/* What is remembered and did not come. */
static void check_end(struct verify *v, bool had_trouble)
{
    uint64_t told = 0;
    for (size_t i = 0; i < 2; i++) {
        const struct witness *w = &v->witnesses[i];
        if (!w->known || w->found || w->head.seq < v->next || w->head.seq == told)
            continue;
        told = w->head.seq;
        missing(v, v->next, w->head.seq);
    }
    if (v->n && !v->witnesses[0].known && !had_trouble)
        problem(v, 0, "the store no longer remembers where the journal ends");
}

static int32_t tell(struct verify *v, const allora_sink *sink, allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF((size_t)4 << 20);
    struct jsonw w = JSONW(&b);
    jw_end_array(&v->w);
    jw_object(&w);
    jw_kbool(&w, "intact", v->n_problems == 0);
    jw_kint(&w, "records", (int64_t)v->n);
    if (v->has_previous) {
        jw_kint(&w, "last", (int64_t)v->next - 1);
        jw_kstr(&w, "hash", v->shown);
    }
    if (v->witnesses[1].known)
        jw_kint(&w, "remembered", (int64_t)v->witnesses[1].head.seq);
    if (v->n_problems) {
        jw_kint(&w, "problem_count", (int64_t)v->n_problems);
        jw_key(&w, "problems");
        jw_raw(&w, buf_str(&v->list), v->list.len);
    }
    jw_end_object(&w);
    if (buf_failed(&b) || buf_failed(&v->list))
        return err_nomem(err);
    return sink->event(sink->self, ALLORA_EV_RESULT, (allora_str){b.ptr, b.len});
}

static int32_t verdict(const struct verify *v, const struct journal *j, allora_error *err)
{
    if (!v->n_problems)
        return ALLORA_OK;
    uint64_t more = v->n_problems - 1;
    if (more)
        (void)err_set(err, ALLORA_E_INTEGRITY,
                      "the journal was changed by other hands: %s, and %" PRIu64 " more", v->first,
                      more);
    else
        (void)err_set(err, ALLORA_E_INTEGRITY, "the journal was changed by other hands: %s",
                      v->first);
    err_hint(err, "keep a copy of %s and what is beside it; to begin a new journal, move them away",
             store_path(journal_store(j)));
    return ALLORA_E_INTEGRITY;
}

int32_t audit_op_verify(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                        allora_error *err)
{
    struct store *s = journal_store(self);
    struct verify v = {.next = 1, .list = BUF((size_t)2 << 20), .err = err};
    (void)args;
    v.w = JSONW(&v.list);
    jw_array(&v.w);
    /* The witnesses first: what is appended meanwhile is not missed at the end. */
    int32_t status = recall(&v, self, err);
    bool had_trouble = v.n_problems > 0;
    if (!status)
        status = store_log_read(s, JOURNAL_LOG, 1, true, 1, below_one, &v, NULL) == ALLORA_E_NOMEM
                     ? err_nomem(err)
                     : ALLORA_OK;
    if (!status)
        status = walk(&v, s, ctx, err);
    if (!status) {
        check_end(&v, had_trouble);
        status = tell(&v, sink, err);
    }
    if (!status)
        status = verdict(&v, self, err);
    buf_done(&v.list);
    return status < 0 ? status : ALLORA_OK;
}
