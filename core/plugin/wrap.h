/* A plugin behind a wrapping: the debug host or the call codec stands between it and the host, in
 * both directions.  Whoever holds the wrapped plugin calls it as it would the bare one: interfaces
 * are tables of thunks, the instance is the wrap itself, and the contexts that the plugin sees are
 * the wrap's own.  Which: configuration plugins.host. */
#ifndef ALLORA_PLUGIN_WRAP_H
#define ALLORA_PLUGIN_WRAP_H
#include "base/cleanup.h"
#include "plugin/slots.h"

enum wrap_mode { WRAP_DIRECT, WRAP_DEBUG, WRAP_CODEC };
struct wrap_options {
    const char *id;            /* the plugin's */
    const allora_plugin *code; /* [static] */
    const allora_host *host;   /* what the plugin would have been given; outlives the wrap */
    bool threads;              /* it has the permission of that name */
};
struct wrap;
enum { WRAP_IFACES_MAX = 32 };
struct wrap_ops {
    /* One call, from whichever side.  args are the caller's; outputs are written through them. */
    struct arg (*call)(struct wrap *w, const struct slot *slot, struct arg *args);
    /* A thunk was handed a context of this wrap that is over (ctx), or none (NULL). */
    void (*bad_ctx)(struct wrap *w, const struct slot *slot, const void *ctx);
    void (*free)(struct wrap *w);
};
/* The head of each side of a wrapping. */
struct wrap {
    const struct wrap_ops *ops;
    allora_host host; /* for the plugin; its thunks find the wrap by its place */
    _Atomic(void *) tables[WRAP_IFACES_MAX]; /* of thunks, by enum iface_id, made on demand */
};
/* The head of every context that a plugin sees. */
struct wrap_ctx {
    struct wrap *wrap;
};

/* "debug" or "codec"; all else is direct. */
enum wrap_mode wrap_mode_of(const char *word);
/* NULL when memory is out, and for WRAP_DIRECT. */
struct wrap *wrap_new(enum wrap_mode mode, const struct wrap_options *o) A_MUST_CHECK;
void wrap_free(struct wrap *w); /* after wrap_destroy(); NULL ok */

/* The plugin's three own functions.  The instance that create gives is good for the interfaces of
 * this wrap only.  One instance for each wrap. */
int32_t wrap_create(struct wrap *w, allora_ctx *ctx, allora_instance **ret, allora_error *err);
void wrap_destroy(struct wrap *w);
const void *wrap_interface(struct wrap *w, const char *id);

/* ---- for the wrappings themselves ---- */

/* All thunks come here: finds the wrap by the first argument. */
struct arg slot_call(size_t id, struct arg *args);
/* The table of thunks that stands for `real`: its size, its empty slots empty.  NULL when memory is
 * out.  [static for the wrap's life] */
const void *wrap_table(struct wrap *w, const struct iface *iface, const void *real);
/* Fills w->host as `real` is, with thunks. */
void wrap_host(struct wrap *w, const allora_host *real);
void wrap_done(struct wrap *w); /* releases what the head holds */

/* Contexts and sinks that have been handed out, so that one used after its end is told from one in
 * use without touching it.  Any thread. */
enum wrap_life { WRAP_UNKNOWN, WRAP_LIVE, WRAP_DEAD };
bool wrap_register(struct wrap *w, void *object); /* false when memory is out */
/* Frees the object, a good deal later. */
void wrap_retire(void *object);
enum wrap_life wrap_state(const void *object, struct wrap **ret_wrap);
void wrap_forget(struct wrap *w); /* all of this wrap's, at its end */
/* The wrap whose plugin's code runs on this thread; NULL: none.  Whoever sets it puts back what was
 * there. */
struct wrap *wrap_here(void);
void wrap_set_here(struct wrap *w);
#endif
