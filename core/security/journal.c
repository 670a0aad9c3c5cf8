/* Writing the journal.  A record and the memory of it are one transaction, taken at its start for
 * writing, so that whoever is first has the head for itself and chains cannot fork.  Reads wait in
 * memory and go into the next transaction before what caused it. */
#include "security/journal.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "security/journal_private.h"
#include "security/journal_record.h"
#include <pthread.h>
#include <string.h>

enum {
    PENDING_MAX = 256,           /* reads held in memory */
    PENDING_BYTES_MAX = 1 << 20, /* and what they say */
    TRIES = 3                    /* of 5 s each, while others write */
};

struct pending {
    struct pending *next;
    struct journal_line line; /* its strings lie behind it */
    size_t size;
};
struct batch {
    struct pending *first, *last;
    unsigned n;
    size_t size;
};

static void batch_free(struct batch *b)
{
    for (struct pending *p = b->first; p;) {
        struct pending *next = p->next;
        free(p);
        p = next;
    }
    *b = (struct batch){0};
}

struct journal {
    struct store *store;
    char *head_path;      /* NULL: no place */
    pthread_mutex_t lock; /* guards reads and warned; never held while the store is used */
    struct batch reads;
    bool warned;
};

int32_t journal_new(struct store *s, struct journal **ret, allora_error *err)
{
    struct journal *j = mem_zalloc(sizeof *j);
    if (!j)
        return err_nomem(err);
    const char *path = store_path(s), *slash = path ? strrchr(path, '/') : NULL;
    if (slash) {
        j->head_path = mem_printf("%.*s/journal.head", (int)(slash - path), path);
        if (!j->head_path) {
            free(j);
            return err_nomem(err);
        }
    }
    j->store = s;
    (void)pthread_mutex_init(&j->lock, NULL);
    *ret = j;
    return ALLORA_OK;
}

void journal_free(struct journal *j)
{
    if (!j)
        return;
    (void)journal_flush(j, NULL);
    batch_free(&j->reads);
    (void)pthread_mutex_destroy(&j->lock);
    free(j->head_path);
    free(j);
}

struct store *journal_store(const struct journal *j)
{
    return j->store;
}

const char *journal_head_path(const struct journal *j)
{
    return j->head_path;
}

static struct batch take_reads(struct journal *j)
{
    (void)pthread_mutex_lock(&j->lock);
    struct batch taken = j->reads;
    j->reads = (struct batch){0};
    (void)pthread_mutex_unlock(&j->lock);
    return taken;
}

/* Reads that could not be written are told of once, and not kept. */
static void lose_reads(struct journal *j, struct batch *lost, const allora_error *why)
{
    if (!lost->n)
        return;
    (void)pthread_mutex_lock(&j->lock);
    bool first = !j->warned;
    j->warned = true;
    (void)pthread_mutex_unlock(&j->lock);
    if (first)
        log_msg(ALLORA_LOG_WARN, "journal", "what is read is not recorded: %s%s%s", why->message,
                why->hint[0] ? "; " : "", why->hint);
    batch_free(lost);
}

/* ---- writing ---- */

/* Those that another thread took meanwhile are younger. */
static void give_back(struct journal *j, struct batch *b)
{
    if (!b->n)
        return;
    (void)pthread_mutex_lock(&j->lock);
    b->last->next = j->reads.first;
    j->reads.first = b->first;
    if (!j->reads.last)
        j->reads.last = b->last;
    j->reads.n += b->n;
    j->reads.size += b->size;
    (void)pthread_mutex_unlock(&j->lock);
    *b = (struct batch){0};
}

/* One record behind *head, which it then is. */
static int32_t write_line(struct journal *j, struct journal_line *line, struct journal_head *head,
                          struct buf *text, allora_error *err)
{
    struct journal_head next = {.seq = head->seq + 1};
    line->seq = next.seq;
    buf_reset(text);
    int32_t status = journal_record_write(text, line, head->hash, next.hash, err);
    if (!status)
        status = store_log_append_at(j->store, JOURNAL_LOG, head->seq, line->time_us,
                                     (allora_str){buf_str(text), text->len}, NULL, err);
    if (!status)
        *head = next;
    return status;
}

/* The reads, then the line, if there is one: all or nothing. */
static int32_t write_all(struct journal *j, const struct batch *reads, struct journal_line *line,
                         struct journal_head *ret_before, struct journal_head *ret_head,
                         allora_error *err)
{
    A_CLEAN(buf_done) struct buf text = BUF(JOURNAL_RECORD_MAX + (size_t)DIGEST_HEX_SIZE + 16);
    struct journal_head head;
    bool suspect = false;
    int32_t status = line ? store_begin(j->store, err) : store_begin_relaxed(j->store, err);
    if (status)
        return status;
    status = journal_head_read(j->store, &head, &suspect, err);
    if (!status)
        *ret_before = head;
    for (struct pending *p = reads->first; !status && p; p = p->next) {
        status = write_line(j, &p->line, &head, &text, err);
        if (status == ALLORA_E_ARG) { /* no reason to lose the rest */
            p->line.entry.detail.len = 0;
            status = write_line(j, &p->line, &head, &text, err);
        }
    }
    if (!status && line)
        status = write_line(j, line, &head, &text, err);
    if (!status && !suspect)
        status = journal_head_put(j->store, &head, err);
    if (status) {
        store_rollback(j->store);
        return status;
    }
    status = store_commit(j->store, err);
    if (!status)
        *ret_head = head;
    return status;
}

/* Other writers are waited for; in a transaction of the caller's there are none. */
static int32_t write_patiently(struct journal *j, const struct batch *reads,
                               struct journal_line *line, struct journal_head *ret_before,
                               struct journal_head *ret_head, allora_error *err)
{
    bool nested = store_nested(j->store);
    int32_t status = ALLORA_E_CONFLICT;
    for (int i = 0; i < TRIES && status == ALLORA_E_CONFLICT; i++) {
        status = write_all(j, reads, line, ret_before, ret_head, err);
        if (nested)
            break;
    }
    return status;
}

/* In words that say what is at stake.  Never a usage error: the caller did nothing wrong. */
static int32_t unwritable(const struct journal *j, int32_t status, allora_error *err)
{
    if (status == ALLORA_E_NOMEM || status == ALLORA_E_ARG)
        return status;
    if (!err)
        return ALLORA_E_INTERNAL;
    err->code = ALLORA_E_INTERNAL;
    err_prefix(err, "the journal cannot be written: ");
    err_reason(err, "journal_unwritable");
    if (status == ALLORA_E_INTEGRITY)
        err_hint(err, "allora audit verify says what is wrong; to begin anew, move %s away",
                 store_path(j->store));
    else if (!err->hint[0])
        err_hint(err, "make %s writable", j->head_path ? store_path(j->store) : "a home folder");
    return ALLORA_E_INTERNAL;
}

static struct journal_line line_of(const allora_ctx *ctx, const struct journal_entry *e)
{
    struct journal_line line = {.time_us = clock_real_us(), .entry = *e};
    if (ctx) {
        line.principal = ctx->principal ? ctx->principal->name : NULL;
        line.agent = ctx->principal && ctx->principal->agent;
        line.trace = ctx->trace_id;
    }
    return line;
}

int32_t journal_append(struct journal *j, const allora_ctx *ctx, const struct journal_entry *e,
                       uint64_t *ret_seq, allora_error *err)
{
    struct journal_line line = line_of(ctx, e);
    struct journal_head before, head;
    struct batch reads = take_reads(j);
    bool nested = store_nested(j->store);
    allora_error why = ERR_INIT;
    int32_t status = write_patiently(j, &reads, &line, &before, &head, &why);
    if (status) {
        if (status == ALLORA_E_ARG)
            give_back(j, &reads);
        else
            lose_reads(j, &reads, &why);
        err_copy(err, &why);
        return unwritable(j, status, err);
    }
    batch_free(&reads);
    if (!nested && j->head_path) /* else it isn't on the disk yet; the next record sees to it */
        journal_head_remember(j->head_path, j->store, &before, &head);
    if (ret_seq)
        *ret_seq = head.seq;
    return ALLORA_OK;
}

/* ---- reads ---- */

static const char *lay(char **at, const char *s, size_t n)
{
    char *start = *at;
    if (!s || !n)
        return NULL;
    memcpy(start, s, n);
    start[n] = '\0';
    *at += n + 1;
    return start;
}

static size_t text_len(const char *s)
{
    return s ? strlen(s) : 0;
}

/* A copy in one piece: this is on the way of every read. */
static struct pending *copy_line(const struct journal_line *line)
{
    const struct journal_entry *e = &line->entry;
    const char *const from[] = {e->kind,   e->operation,    e->plan,    e->target,
                                e->status, line->principal, line->trace};
    enum { N = sizeof from / sizeof *from };
    size_t lens[N], size = sizeof(struct pending) + (size_t)e->detail.len + 1;
    for (size_t i = 0; i < N; i++) {
        lens[i] = text_len(from[i]);
        size += lens[i] + 1;
    }
    struct pending *p = mem_alloc(size);
    if (!p)
        return NULL;
    char *at = (char *)(p + 1);
    const char *to[N];
    for (size_t i = 0; i < N; i++)
        to[i] = lay(&at, from[i], lens[i]);
    *p = (struct pending){.line = *line, .size = size};
    p->line.entry = (struct journal_entry){to[0], to[1], e->effect, to[2], to[3], to[4], {"", 0}};
    p->line.principal = to[5];
    p->line.trace = to[6];
    if (e->detail.len)
        p->line.entry.detail =
            (allora_str){lay(&at, e->detail.ptr, (size_t)e->detail.len), e->detail.len};
    return p;
}

void journal_later(struct journal *j, const allora_ctx *ctx, const struct journal_entry *e)
{
    struct journal_line line = line_of(ctx, e);
    struct pending *p = e->detail.len < JOURNAL_RECORD_MAX / 4 ? copy_line(&line) : NULL;
    if (!p) {
        struct batch lost = {.n = 1};
        lose_reads(j, &lost, &(allora_error){.message = "out of memory"});
        return;
    }
    (void)pthread_mutex_lock(&j->lock);
    struct batch *b = &j->reads;
    if (b->last)
        b->last->next = p;
    else
        b->first = p;
    b->last = p;
    b->n++;
    b->size += p->size;
    bool full = b->n >= PENDING_MAX || b->size >= PENDING_BYTES_MAX;
    (void)pthread_mutex_unlock(&j->lock);
    if (full)
        (void)journal_flush(j, NULL);
}

int32_t journal_flush(struct journal *j, allora_error *err)
{
    struct journal_head before, head;
    struct batch reads = take_reads(j);
    allora_error why = ERR_INIT;
    if (!reads.n)
        return ALLORA_OK;
    int32_t status = write_patiently(j, &reads, NULL, &before, &head, &why);
    if (!status) {
        batch_free(&reads);
        return ALLORA_OK;
    }
    lose_reads(j, &reads, &why);
    err_copy(err, &why);
    return unwritable(j, status, err);
}
