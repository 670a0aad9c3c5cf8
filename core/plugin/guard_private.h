/* What the files of the debug host share. */
#ifndef ALLORA_PLUGIN_GUARD_PRIVATE_H
#define ALLORA_PLUGIN_GUARD_PRIVATE_H
#include "base/thread.h"
#include "plugin/guard.h"
#include "slot_list.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum {
    GUARD_FILL = 0xA5,    /* what outputs hold before the call, and the guard bytes behind */
    GUARD_SCRIBBLE = 0xDB /* what borrowed memory holds afterwards */
};
enum { GUARD_BYTES = 32, GUARD_THREADS_MAX = 128 };

struct guard_note {
    struct guard_note *next;
    struct guard_finding f;
    char plugin[64];
};
struct guard_threads { /* of the process, that are not the core's own */
    uint32_t n;
    pid_t tids[GUARD_THREADS_MAX];
};
struct guard {
    struct wrap wrap; /* first */
    const allora_plugin *code;
    const allora_host *host;
    allora_instance *instance;
    char id[64];
    bool threads;                            /* the permission */
    _Atomic(const void *) real[IFACE_COUNT]; /* the interfaces of both sides, once fetched */
    _Atomic int32_t busy;                    /* calls into the plugin that run */
    _Atomic bool destroyed;
    pthread_mutex_t lock; /* guards all below, and the tree of contexts */
    struct guard_note *notes, **last_note;
    struct guard_threads private; /* threads that a call has left behind */
};

struct guard_block; /* of alloc() */
struct guard_ctx {
    struct wrap_ctx head; /* first */
    allora_ctx *real;
    struct guard_ctx *parent, *children, *next; /* guarded by guard.lock */
    pid_t thread;                               /* whose call it is */
    _Atomic pid_t user;                         /* who is in a host function with it; 0: nobody */
    struct guard_block *blocks;                 /* the owning thread's */
};
struct guard_loan; /* memory that is lent for one call */
struct guard_sink;

/* One call, in either direction. */
struct guard_call {
    struct guard *g;
    const struct slot *slot;
    bool to_plugin;
    pid_t thread;
    struct guard_ctx *ctx;
    struct guard_loan *loans;
    struct guard_sink *sinks;
    void *outs[SLOT_ARGS_MAX]; /* by argument; NULL: none */
    uint32_t out_sizes[SLOT_ARGS_MAX];
    bool oom;
};

/* A finding.  plugin: whose fault, else the host's. */
void guard_note(struct guard *g, bool plugin, const struct slot *slot, const char *rule,
                const char *fmt, ...) A_PRINTF(5, 6);

/* guard_ctx.c */
struct guard_ctx *guard_ctx_new(struct guard *g, allora_ctx *real, struct guard_ctx *parent);
/* Checks and frees its memory and that of its children; the handles are remembered as dead. */
void guard_ctx_end(struct guard_ctx *c, const struct slot *slot);
void *guard_ctx_alloc(struct guard_ctx *c, uint64_t size);
/* Is the calling thread the one that may use it?  Bracket the use. */
void guard_ctx_enter(struct guard_ctx *c, const struct slot *slot);
void guard_ctx_leave(struct guard_ctx *c);

/* guard_check.c: findings about what somebody passes; `plugin`: the plugin does. */
struct guard_about {
    struct guard *g;
    const struct slot *slot;
    bool plugin;
};
void guard_check_text(const struct guard_about *a, const char *what, allora_str s);
void guard_check_name(const struct guard_about *a, const char *what, const char *s);
void guard_check_document(const struct guard_about *a, const char *what, allora_str s);
void guard_check_value(const struct guard_about *a, uint32_t index, const allora_value *v,
                       bool in_filter);
void guard_check_status(const struct guard_about *a, int64_t status);
void guard_check_error(const struct guard_about *a, const allora_error *e, int64_t status);

/* guard_copy.c: exact copies that live as long as the call, NULL when memory is out (oom). */
void *guard_lend(struct guard_call *c, const void *p, size_t n, size_t extra);
void guard_return_loans(struct guard_call *c);
const void *guard_lend_kind(struct guard_call *c, uint8_t kind, const void *p, uint64_t n);
allora_str guard_lend_str(struct guard_call *c, uint8_t kind, allora_str s);
const allora_value *guard_lend_cells(struct guard_call *c, const allora_value *v, uint32_t n,
                                     bool in_filter);
const void *guard_lend_struct(struct guard_call *c, uint8_t kind, const void *p);

/* guard_out.c */
void guard_out_prepare(struct guard_call *c, uint32_t i, struct arg *arg);
/* Checks what the callee wrote, and gives it to the caller when it succeeded. */
void guard_out_finish(struct guard_call *c, uint32_t i, const struct arg *caller, int64_t status);

/* guard_sink.c */
const allora_sink *guard_sink(struct guard_call *c, const allora_sink *real,
                              const allora_list_request *list);
const allora_byte_sink *guard_byte_sink(struct guard_call *c, const allora_byte_sink *real);
/* The call has returned `status`. */
void guard_sinks_end(struct guard_call *c, int64_t status);

/* guard_threads.c */
void guard_threads_now(struct guard_threads *ret);
void guard_threads_after(struct guard *g, const struct slot *slot,
                         const struct guard_threads *before);
void guard_threads_left(struct guard *g, const struct slot *slot);

static inline struct guard *guard_of(struct wrap *w)
{
    return (struct guard *)(void *)w;
}
/* The side that was called. */
static inline struct guard_about guard_callee(const struct guard_call *c)
{
    return (struct guard_about){c->g, c->slot, c->to_plugin};
}
static inline struct guard_about guard_caller(const struct guard_call *c)
{
    return (struct guard_about){c->g, c->slot, !c->to_plugin};
}
#endif
