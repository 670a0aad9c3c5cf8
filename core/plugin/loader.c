/* Bringing a plugin's code in, on first use, and asking it for interfaces.
 *
 * Each plugin is brought in on a thread of its own, so that one whose create() never comes back
 * costs its caller a failure and nobody else anything: the thread is left where it is, and what it
 * may still look at is not freed (registry_stuck()). */
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/thread.h"
#include "config/config.h"
#include "plugin/load.h"

#include <stdio.h>
#include <time.h>

enum { LOAD_TIMEOUT_S = 10, GRACE_MS = 1000, WAIT_SLICE_MS = 50 };

/* Fills err from a failure.  Loading troubles are E_ABI (exit 7); what create() said keeps its own
 * code: not authenticated is that. */
static int32_t failure_error(const struct plugin *p, const struct plugin_failure *f,
                             allora_error *err)
{
    int32_t code =
        streq(f->stage, "create") || f->code == ALLORA_E_TIMEOUT || f->code == ALLORA_E_CANCELLED
            ? f->code
            : ALLORA_E_ABI;

    (void)err_set(err, code, "plugin \"%s\" could not be loaded: %s", p->id, f->message);
    if (f->hint && *f->hint)
        err_hint(err, "%s", f->hint);
    err_reason(err, f->stage);
    return code;
}

/* Keeps the words, under the lock. */
static void keep_failure(struct registry *r, struct entry *e, const struct load_error *f)
{
    const char *message = arena_strdup(&r->mem, f->message), *hint = arena_strdup(&r->mem, f->hint);

    e->load_failure = (struct plugin_failure){.stage = f->stage,
                                              .code = f->code,
                                              .message = message ? message : "out of memory",
                                              .hint = hint ? hint : ""};
}

/* A load under way.  Guarded by registry.lock but for what only its thread touches. */
struct load_job {
    struct entry *entry;
    allora_ctx *root;      /* the load's own: it may outlive its caller's */
    struct principal who;  /* a copy, for the same reason */
    struct load_job *from; /* whose create() asked for this one; valid while that one waits */
    _Atomic(const char *) at;
    struct load_error failure;
    int32_t rc;
    bool done, abandoned;
};
static _Thread_local struct load_job *current;

static void wait_a_moment(struct registry *r)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WAIT_SLICE_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    (void)pthread_cond_timedwait(&r->loaded, &r->lock, &until);
}

/* Waits, under the lock, until nobody else is loading it. */
static int32_t wait_for_other(struct registry *r, struct entry *e, allora_ctx *ctx,
                              allora_error *err)
{
    while (e->state == LOAD_RUNNING) {
        for (const struct load_job *job = current; job; job = job->from) {
            if (job->entry == e)
                return err_set(err, ALLORA_E_CONFLICT,
                               "plugin \"%s\" was called while it is still being created",
                               e->pub.id);
        }
        wait_a_moment(r);
        int32_t rc = ctx ? ctx_check(ctx, err) : ALLORA_OK;
        if (rc)
            return rc;
    }
    return ALLORA_OK;
}

static void job_free(struct load_job *job)
{
    if (job)
        ctx_close(job->root);
    free(job);
}

static struct load_job *job_new(struct entry *e, const allora_ctx *ctx)
{
    struct load_job *job = mem_zalloc(sizeof *job);

    if (!job)
        return NULL;
    job->entry = e;
    job->from = current;
    job->at = "read";
    if (ctx && ctx->principal)
        job->who = *ctx->principal;
    job->root = ctx_root(ctx && ctx->principal ? &job->who : NULL, ctx ? ctx->deadline_us : 0);
    if (!job->root) {
        free(job);
        return NULL;
    }
    if (ctx) {
        job->root->progress = ctx->progress;
        job->root->console = ctx->console;
        job->root->approver = ctx->approver;
        job->root->vouched = ctx->vouched;
        memcpy(job->root->trace_id, ctx->trace_id, sizeof job->root->trace_id);
    }
    return job;
}

static uint32_t load_timeout_s(const struct registry *r)
{
    const json_node *set = r->config ? config_get(r->config, "plugins.load_timeout_s") : NULL;
    return (uint32_t)json_int(set, LOAD_TIMEOUT_S);
}

/* What becomes of the entry.  Under the lock. */
static int32_t settle(struct registry *r, const struct load_job *job, allora_error *err)
{
    struct entry *e = job->entry;
    int32_t rc = job->rc;
    bool ended = rc == ALLORA_E_CANCELLED || rc == ALLORA_E_TIMEOUT || rc == ALLORA_E_NOMEM;

    if (rc == ALLORA_OK) {
        e->state = LOAD_READY;
        e->next_loaded = r->first_loaded;
        r->first_loaded = e;
        return ALLORA_OK;
    }
    if (ended && !job->abandoned) {
        e->state = LOAD_NONE; /* says nothing about the plugin */
        return err_set(err, rc, "plugin \"%s\": %s", e->pub.id, job->failure.message);
    }
    e->state = LOAD_FAILED;
    keep_failure(r, e, &job->failure);
    return failure_error(&e->pub, &e->load_failure, err);
}

static void *run_job(void *arg)
{
    struct load_job *job = arg;
    struct registry *r = job->entry->registry;

    current = job;
    thread_begin();
    allora_ctx *ctx = ctx_open(job->root, &job->entry->pub, load_timeout_s(r) * 1000, 0);
    job->rc = ctx ? load_plugin(job->entry, ctx, &job->at, &job->failure)
                  : load_fail(&job->failure, "load", ALLORA_E_NOMEM, "", "out of memory");
    ctx_close(ctx);
    (void)pthread_mutex_lock(&r->lock);
    job->done = true;
    bool mine = job->abandoned; /* back too late: whoever waited has gone on without it */
    (void)pthread_cond_broadcast(&r->loaded);
    (void)pthread_mutex_unlock(&r->lock);
    if (mine)
        job_free(job);
    thread_end();
    return NULL;
}
/* Under the lock: the thread of this load is given up.  It keeps the job; the caller's words about
 * it go into the copy that is settled. */
static struct load_job give_up(struct registry *r, struct load_job *job, int32_t why,
                               bool own_deadline)
{
    struct load_job told = {.entry = job->entry, .rc = why, .abandoned = true};
    const char *at = job->at;
    const char *what = streq(at, "create") ? "create()" : "being loaded";
    char hint[160], when[64];

    (void)snprintf(hint, sizeof hint,
                   "allora plugin disable %s does without it; its author must make it give up when "
                   "it is cancelled",
                   job->entry->pub.id);
    if (why == ALLORA_E_CANCELLED)
        (void)snprintf(when, sizeof when, "when it was interrupted");
    else if (own_deadline)
        (void)snprintf(when, sizeof when, "within %u s", load_timeout_s(r));
    else
        (void)snprintf(when, sizeof when, "before the deadline");
    (void)load_fail(&told.failure, at, why, hint, "did not come back from %s %s", what, when);
    job->abandoned = true;
    r->stuck = true;
    return told;
}

/* Waits, under the lock, until the load is done or nobody may wait for it any longer: the caller's
 * deadline, its cancellation, or the time a load may take.  Then the plugin is told, and given a
 * moment to come back by itself.  0, or why the load is to be given up. */
static int32_t wait_for_job(struct registry *r, const struct load_job *job, allora_ctx *ctx,
                            bool *ret_own_deadline)
{
    int64_t limit = clock_mono_us() + (int64_t)load_timeout_s(r) * 1000000, patience = 0;
    int32_t ended = ALLORA_OK;

    while (!job->done) {
        wait_a_moment(r);
        int64_t now = clock_mono_us();
        if (ended && now >= patience)
            return job->done ? ALLORA_OK : ended;
        if (ended)
            continue;
        ended = ctx ? ctx_cancelled(ctx) : ALLORA_OK;
        *ret_own_deadline = !ended && now >= limit;
        if (*ret_own_deadline)
            ended = ALLORA_E_TIMEOUT;
        if (ended) {
            ctx_cancel(job->root, ended);
            patience = now + GRACE_MS * 1000;
        }
    }
    return ALLORA_OK;
}

/* Under the lock, which is let go while it waits. */
static int32_t load_on_thread(struct registry *r, struct entry *e, allora_ctx *ctx,
                              allora_error *err)
{
    struct load_job *job = job_new(e, ctx);
    pthread_t thread;
    bool own_deadline = false, threaded;

    if (!job)
        return err_nomem(err);
    e->state = LOAD_RUNNING;
    threaded = pthread_create(&thread, NULL, run_job, job) == 0;
    if (!threaded) { /* none are left: on this one */
        (void)pthread_mutex_unlock(&r->lock);
        struct load_job *outer = current;
        (void)run_job(job);
        current = outer;
        (void)pthread_mutex_lock(&r->lock);
    }
    int32_t why = wait_for_job(r, job, ctx, &own_deadline);
    int32_t rc;
    if (why) {
        (void)pthread_detach(thread);
        const struct load_job told = give_up(r, job, why, own_deadline);
        rc = settle(r, &told, err);
    } else {
        if (threaded) /* it has let go of the lock, and has nothing left to do */
            (void)pthread_join(thread, NULL);
        rc = settle(r, job, err);
        job_free(job);
    }
    (void)pthread_cond_broadcast(&r->loaded);
    return rc;
}

static int32_t ensure_loaded(struct registry *r, struct entry *e, allora_ctx *ctx,
                             allora_error *err)
{
    (void)pthread_mutex_lock(&r->lock);
    int32_t rc = wait_for_other(r, e, ctx, err);
    if (rc == ALLORA_OK && e->state == LOAD_FAILED)
        rc = failure_error(&e->pub, &e->load_failure, err);
    else if (rc == ALLORA_OK && e->state != LOAD_READY) {
        rc = ctx ? ctx_check(ctx, err) : ALLORA_OK;
        if (rc == ALLORA_OK)
            rc = load_on_thread(r, e, ctx, err);
    }
    (void)pthread_mutex_unlock(&r->lock);
    return rc;
}

bool registry_stuck(struct registry *r)
{
    (void)pthread_mutex_lock(&r->lock);
    bool stuck = r->stuck;
    (void)pthread_mutex_unlock(&r->lock);
    return stuck;
}

int32_t registry_probe(struct registry *r, const struct plugin *p, allora_ctx *ctx,
                       allora_error *err)
{
    struct entry *e = entry_of(p);

    if (e->record->flags & INDEX_CORE)
        return ALLORA_OK;
    if (p->failure.stage)
        return failure_error(p, &p->failure, err);
    if (p->shadowed)
        return err_set(err, ALLORA_E_ABI, "plugin \"%s\" in %s is shadowed by %s", p->id, p->path,
                       p->shadowed_by);
    return ensure_loaded(r, e, ctx, err);
}

int32_t registry_interface(struct registry *r, const struct plugin *p, allora_ctx *ctx,
                           const char *id, const void **ret, allora_instance **ret_self,
                           allora_error *err)
{
    struct entry *e = entry_of(p);
    const void *found = NULL;
    int32_t rc = registry_probe(r, p, ctx, err);

    if (rc)
        return rc;
    if (e->code)
        found = e->wrap ? wrap_interface(e->wrap, id) : e->code->get_interface(id);
    if (!found)
        return err_set(err, ALLORA_E_UNSUPPORTED, "plugin \"%s\" does not implement %s", p->id, id);
    *ret = found;
    *ret_self = e->instance;
    return ALLORA_OK;
}

bool registry_release(struct registry *r, const struct plugin *p)
{
    const struct entry *e = entry_of(p);

    (void)r;
    return !(e->record->flags & INDEX_CORE) && marker_release(p->id, p->path, &e->record->stamp);
}

struct plugin_failure registry_failure(struct registry *r, const struct plugin *p)
{
    struct entry *e = entry_of(p);

    (void)pthread_mutex_lock(&r->lock);
    struct plugin_failure f = e->pub.failure.stage ? e->pub.failure : e->load_failure;
    (void)pthread_mutex_unlock(&r->lock);
    return f;
}

void loader_shutdown(struct registry *r)
{
    struct entry *e = r->first_loaded;

    r->first_loaded = NULL;
    while (e) {
        if (e->wrap)
            wrap_destroy(e->wrap);
        else
            e->code->destroy(e->instance);
        e->instance = NULL;
        e = e->next_loaded;
    }
}
