/* The host that plugin.check puts a plugin on: small, in memory, without network, programs or
 * people, and able to misbehave on demand.
 *
 * A plugin gets configuration as the real host would give it; its store is empty and forgets; http,
 * exec, listen and secrets say that there is none; operations that it invokes are not found.  So
 * nothing outside the child process can change, and what a plugin says about a poor world is seen.
 * Thread-safe, but for the knobs: set them between calls. */
#ifndef ALLORA_KIT_BENCH_H
#define ALLORA_KIT_BENCH_H
#include "base/arena.h"
#include "plugin/manifest.h"
#include <pthread.h>
#include <stdatomic.h>

struct config;
struct bench {
    allora_host host; /* first: its functions find their way back from it */
    const struct manifest *m;
    const struct config *config; /* may be NULL */
    /* knobs */
    bool poor;             /* get_interface() gives nothing */
    uint64_t fail_alloc;   /* the fail_alloc-th allocation fails, from 1; 0: none */
    uint32_t cancel_after; /* cancelled() says so from the n-th question on; 0: never */
    /* counted; reset them with bench_reset() */
    _Atomic uint64_t allocs;
    _Atomic uint32_t asked_cancelled, sends, secrets, invokes, programs, consoles;
    _Atomic int32_t open_scopes; /* opened by the plugin and not closed */
    /* private */
    pthread_mutex_t lock; /* guards contexts' trees and the store */
    struct arena kept;    /* the store's */
    struct bench_key *keys;
};
/* m and config must outlive it. */
void bench_init(struct bench *b, const struct manifest *m, const struct config *config);
void bench_done(struct bench *b);
/* Counters to zero, knobs off. */
void bench_reset(struct bench *b);

/* The root of one call; bench_close() ends it, with its arena and the scopes left open. */
allora_ctx *bench_open(struct bench *b);
void bench_close(allora_ctx *ctx);
#endif
