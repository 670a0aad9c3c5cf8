/* Calls as a tree.  Flags are atomics and deadlines never change, so asking whether a call has
 * ended takes no lock; the lock guards the tree's shape and the pipes, and its condition wakes
 * sleepers. */
#include "ctx.h"

#include "clock.h"
#include "err.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

struct ctx_shared {
    pthread_mutex_t lock; /* first: contexts hold its address */
    pthread_cond_t cancelled;
};

static struct ctx_shared *shared_of(const allora_ctx *c)
{
    return (struct ctx_shared *)(void *)c->lock;
}

static struct ctx_shared *shared_new(void)
{
    struct ctx_shared *s = mem_zalloc(sizeof *s);
    pthread_condattr_t attr;

    if (!s)
        return NULL;
    if (pthread_condattr_init(&attr) != 0) {
        free(s);
        return NULL;
    }
    bool ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
              pthread_cond_init(&s->cancelled, &attr) == 0;
    (void)pthread_condattr_destroy(&attr);
    if (ok && pthread_mutex_init(&s->lock, NULL) == 0)
        return s;
    free(s);
    return NULL;
}

static void make_trace_id(char out[17])
{
    uint64_t id = 0;

    /* Only a name in logs: on a system without entropy the clock does. */
    if (getrandom(&id, sizeof id, GRND_NONBLOCK) != (ssize_t)sizeof id)
        id = (uint64_t)clock_mono_us();
    (void)snprintf(out, 17, "%016llx", (unsigned long long)id);
}

static allora_ctx *ctx_new(void)
{
    allora_ctx *c = mem_zalloc(sizeof *c);

    if (!c)
        return NULL;
    arena_init(&c->mem, 0);
    atomic_init(&c->cancel, 0);
    c->cancel_pipe[0] = c->cancel_pipe[1] = -1;
    return c;
}

allora_ctx *ctx_root(const struct principal *who, int64_t deadline_us)
{
    allora_ctx *c = ctx_new();
    struct ctx_shared *s = c ? shared_new() : NULL;

    if (!s) {
        free(c);
        return NULL;
    }
    c->lock = &s->lock;
    c->principal = who;
    c->deadline_us = deadline_us;
    make_trace_id(c->trace_id);
    return c;
}

static int64_t child_deadline(const allora_ctx *parent, uint32_t timeout_ms)
{
    if (timeout_ms == 0)
        return parent->deadline_us;
    int64_t own = clock_mono_us() + (int64_t)timeout_ms * 1000;
    return parent->deadline_us && parent->deadline_us < own ? parent->deadline_us : own;
}

allora_ctx *ctx_open(allora_ctx *parent, const void *plugin, uint32_t timeout_ms, uint32_t flags)
{
    allora_ctx *c = ctx_new();

    if (!c)
        return NULL;
    c->parent = parent;
    c->lock = parent->lock;
    c->deadline_us = child_deadline(parent, timeout_ms);
    c->principal = parent->principal;
    c->plugin = plugin ? plugin : parent->plugin;
    c->progress = parent->progress;
    c->console = parent->console;
    c->approver = parent->approver;
    c->vouched = parent->vouched;
    c->unrecorded = parent->unrecorded;
    c->flags = flags;
    memcpy(c->trace_id, parent->trace_id, sizeof c->trace_id);

    (void)pthread_mutex_lock(c->lock);
    c->next_sibling = parent->children;
    parent->children = c;
    (void)pthread_mutex_unlock(c->lock);
    return c;
}

/* The next context of top's subtree, parents first; NULL at its end.  Under the lock. */
static allora_ctx *next_in_tree(const allora_ctx *top, allora_ctx *c)
{
    if (c->children)
        return c->children;
    while (c != top && !c->next_sibling)
        c = c->parent;
    return c == top ? NULL : c->next_sibling;
}

struct ctx_hook {
    void (*fn)(void *self);
    void *self;
    struct ctx_hook *next;
};

bool ctx_at_close(allora_ctx *c, void (*fn)(void *self), void *self)
{
    struct ctx_hook *h = arena_alloc(&c->mem, sizeof *h);

    if (!h)
        return false;
    *h = (struct ctx_hook){fn, self, c->hooks};
    c->hooks = h;
    return true;
}

static void release(allora_ctx *c)
{
    while (c->hooks) {
        struct ctx_hook *h = c->hooks;
        c->hooks = h->next;
        h->fn(h->self);
    }
    for (int i = 0; i < 2; i++) {
        if (c->cancel_pipe[i] >= 0)
            (void)close(c->cancel_pipe[i]);
    }
    arena_done(&c->mem);
    free(c);
}

/* Takes c out of its parent's list.  Under the lock. */
static void unlink_child(allora_ctx *c)
{
    allora_ctx **at = &c->parent->children;

    while (*at && *at != c)
        at = &(*at)->next_sibling;
    if (*at)
        *at = c->next_sibling;
}

void ctx_close(allora_ctx *c)
{
    if (!c)
        return;

    struct ctx_shared *shared = shared_of(c);
    bool is_root = !c->parent;
    (void)pthread_mutex_lock(&shared->lock);
    if (!is_root)
        unlink_child(c);
    (void)pthread_mutex_unlock(&shared->lock);

    /* Out of the tree, so nobody else reaches what is below: leaves go first. */
    for (allora_ctx *leaf = c; leaf;) {
        if (leaf->children) {
            leaf = leaf->children;
            continue;
        }
        allora_ctx *up = leaf == c ? NULL : leaf->parent;
        if (up)
            up->children = leaf->next_sibling;
        release(leaf);
        leaf = up;
    }
    if (is_root) {
        (void)pthread_cond_destroy(&shared->cancelled);
        (void)pthread_mutex_destroy(&shared->lock);
        free(shared);
    }
}

void ctx_closep(allora_ctx **c)
{
    ctx_close(*c);
    *c = NULL;
}

static void ring(const allora_ctx *c)
{
    /* The pipe does not block and one byte is enough: a full one is readable as well. */
    if (c->cancel_pipe[1] >= 0 && write(c->cancel_pipe[1], "", 1) < 0)
        return;
}

/* Under the lock. */
static void cancel_locked(allora_ctx *c, int32_t status)
{
    int32_t none = 0;

    if (!atomic_compare_exchange_strong(&c->cancel, &none, status))
        return; /* the first reason stands */
    for (allora_ctx *d = c; d; d = next_in_tree(c, d))
        ring(d);
    (void)pthread_cond_broadcast(&shared_of(c)->cancelled);
}

void ctx_cancel(allora_ctx *c, int32_t status)
{
    (void)pthread_mutex_lock(c->lock);
    cancel_locked(c, status < 0 ? status : ALLORA_E_CANCELLED);
    (void)pthread_mutex_unlock(c->lock);
}

/* The flags alone, c's own first, then outwards. */
static int32_t flag_of(const allora_ctx *c)
{
    for (; c; c = c->parent) {
        int32_t status = atomic_load_explicit(&c->cancel, memory_order_acquire);
        if (status != 0)
            return status;
    }
    return 0;
}

int32_t ctx_cancelled(allora_ctx *c)
{
    int32_t status = flag_of(c);

    if (status == 0 && c->deadline_us && clock_mono_us() >= c->deadline_us)
        status = ALLORA_E_TIMEOUT;
    return status;
}

int32_t ctx_check(allora_ctx *c, allora_error *err)
{
    int32_t status = ctx_cancelled(c);

    if (status == 0)
        return ALLORA_OK;
    err_set(err, status, "%s", status_text(status));
    if (status == ALLORA_E_TIMEOUT)
        err_hint(err, "give it more time with --timeout");
    return status;
}

int32_t ctx_cancel_fd(allora_ctx *c, int32_t *ret_fd, allora_error *err)
{
    int32_t status = ALLORA_OK;

    (void)pthread_mutex_lock(c->lock);
    if (c->cancel_pipe[0] < 0) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
            char text[128];
            status = err_set(err, ALLORA_E_INTERNAL, "cannot make a pipe: %s",
                             strerror_r(errno, text, sizeof text));
        } else {
            c->cancel_pipe[0] = ends[0];
            c->cancel_pipe[1] = ends[1];
            if (flag_of(c) != 0)
                ring(c);
        }
    }
    if (status == ALLORA_OK)
        *ret_fd = c->cancel_pipe[0];
    (void)pthread_mutex_unlock(c->lock);
    return status;
}

void ctx_interrupt(allora_ctx *root)
{
    allora_ctx *target = root;
    unsigned deepest = 0;

    (void)pthread_mutex_lock(root->lock);
    for (allora_ctx *c = root; c; c = next_in_tree(root, c)) {
        unsigned depth = 0;
        if (!(c->flags & ALLORA_SCOPE_INTERRUPT) || flag_of(c) != 0)
            continue;
        for (const allora_ctx *up = c; up != root; up = up->parent)
            depth++;
        if (depth > deepest) { /* newest children come first */
            deepest = depth;
            target = c;
        }
    }
    cancel_locked(target, ALLORA_E_CANCELLED);
    (void)pthread_mutex_unlock(root->lock);
}

void ctx_drain(allora_ctx *root)
{
    bool any = false;

    (void)pthread_mutex_lock(root->lock);
    for (allora_ctx *c = root; c; c = next_in_tree(root, c)) {
        if ((c->flags & ALLORA_SCOPE_DRAIN) && flag_of(c) == 0) {
            cancel_locked(c, ALLORA_E_CANCELLED);
            any = true;
        }
    }
    if (!any)
        cancel_locked(root, ALLORA_E_CANCELLED);
    (void)pthread_mutex_unlock(root->lock);
}

bool ctx_is_person(const allora_ctx *c)
{
    const struct principal *who = c->principal;

    return who && who->local_owner && !who->agent && (!c->plugin || c->vouched);
}

void *ctx_alloc(allora_ctx *c, size_t size)
{
    return arena_alloc(&c->mem, size);
}

int32_t ctx_sleep(allora_ctx *c, int64_t us)
{
    int64_t now = clock_mono_us();
    int64_t until = us > INT64_MAX - now ? INT64_MAX : now + (us > 0 ? us : 0);
    int32_t status = 0;

    if (c->deadline_us && c->deadline_us < until)
        until = c->deadline_us;
    struct timespec at = {.tv_sec = (time_t)(until / 1000000), .tv_nsec = until % 1000000 * 1000};

    (void)pthread_mutex_lock(c->lock);
    while ((status = ctx_cancelled(c)) == 0 && clock_mono_us() < until)
        (void)pthread_cond_timedwait(&shared_of(c)->cancelled, c->lock, &at);
    (void)pthread_mutex_unlock(c->lock);
    return status;
}
