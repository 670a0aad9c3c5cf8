/* allora_ctx: one call.  Principal, deadline, cancel flag, arena, trace id, and whose plugin code
 * is running. A child ends with its parent; cancelling a parent cancels its children.  A ctx
 * belongs to one thread at a time, but for ctx_cancel(), ctx_cancelled() and ctx_open() with it as
 * the parent. */
#ifndef ALLORA_BASE_CTX_H
#define ALLORA_BASE_CTX_H
#include "arena.h"
#include <allora/plugin.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct principal {    /* [static for the process or the scope that verified it] */
    const char *name; /* "local:maria" */
    bool local_owner; /* the person whose process this is */
    bool agent;       /* acts on behalf of `name`, through an agent's tool call */
};
struct progress { /* where progress() goes; the CLI draws it.  Any thread. */
    void *self;
    void (*update)(void *self, const char *source, uint64_t done, uint64_t total, allora_str note);
};
struct approver;
struct console;

struct allora_ctx {
    struct arena mem;                             /* set mem.wipe before a secret goes in */
    allora_ctx *parent, *children, *next_sibling; /* guarded by the root's lock */
    pthread_mutex_t *lock;
    _Atomic int32_t cancel; /* 0, or the ALLORA_E_* that ended it */
    int64_t deadline_us;    /* monotonic; 0 = none; never later than the parent's */
    const struct principal *principal;
    const void *plugin; /* struct plugin *: whose code runs, for host services */
    const struct progress *progress;
    const struct console *console;   /* where a person is attached, else NULL; inherited */
    const struct approver *approver; /* who may say yes (base/approver.h), else NULL; inherited */
    bool vouched; /* a scope opened with a person's own credential: what they may approve, they may
                     approve here; inherited */
    bool unrecorded;    /* reads are not worth a record: completion looks names up; inherited */
    int cancel_pipe[2]; /* made on first cancel_fd() */
    uint32_t flags;     /* ALLORA_SCOPE_* */
    char trace_id[17];
    struct ctx_hook *hooks; /* ctx_at_close(); the latest first */
};

/* A root context; free with ctx_close().  NULL when memory is out. */
allora_ctx *ctx_root(const struct principal *who, int64_t deadline_us);
/* plugin NULL inherits.  timeout_ms 0: the parent's deadline. */
allora_ctx *ctx_open(allora_ctx *parent, const void *plugin, uint32_t timeout_ms,
                     uint32_t flags) A_MUST_CHECK;
void ctx_close(allora_ctx *c); /* closes children still open; NULL ok */
void ctx_closep(allora_ctx **c);
void ctx_cancel(allora_ctx *c, int32_t status); /* async-signal-unsafe; any thread */
/* 0, ALLORA_E_CANCELLED, ALLORA_E_TIMEOUT or what ctx_cancel() was given; a load for each ancestor
 * and, with a deadline, a clock read. */
int32_t ctx_cancelled(allora_ctx *c);
int32_t ctx_check(allora_ctx *c, allora_error *err); /* the same, with words */
/* Readable once c or a parent is cancelled; a deadline does not make it so, poll() with a timeout.
 * c's; closed with it. */
int32_t ctx_cancel_fd(allora_ctx *c, int32_t *ret_fd, allora_error *err);
/* Ctrl-C: cancels the innermost (of equals the newest) open ALLORA_SCOPE_INTERRUPT scope under root
 * that still runs, or root itself.  A second call thus reaches one further out.  Any thread, not
 * from a signal handler. */
void ctx_interrupt(allora_ctx *root);
/* A request to end: cancels the open ALLORA_SCOPE_DRAIN scopes under root that still run, or, where
 * there is none, root itself.  As above. */
void ctx_drain(allora_ctx *root);
/* Does a person stand behind this call, so that it may approve, show secrets or change trust?  True
 * for the local owner when neither an agent nor a plugin's code is in between, and inside a scope
 * that was opened with that person's own credential. */
bool ctx_is_person(const allora_ctx *c);
/* Calls fn(self) when c closes, before its memory goes: for what a call holds beyond memory (a
 * program it started, a socket's path).  The latest first.  On c's thread.  False when memory is
 * out: nothing was noted. */
bool ctx_at_close(allora_ctx *c, void (*fn)(void *self), void *self) A_MUST_CHECK;
void *ctx_alloc(allora_ctx *c, size_t size);
/* Sleeps, waking early when cancelled or past the deadline (and returning that status). */
int32_t ctx_sleep(allora_ctx *c, int64_t us);
#endif
