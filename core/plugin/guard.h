/* The debug host (plugins.host: debug): a wrapping that holds both sides to the rules of plugin.h.
 *
 * Every struct, text and array that is passed is copied to an allocation of exactly its size, so
 * that a sanitizer or valgrind sees who reads past it; the copies are overwritten and freed as soon
 * as the call, or the sink's call, returns, so that whoever keeps a borrowed pointer reads rubbish.
 * Memory from alloc() and out-structs lie in front of guard bytes.  What breaks a rule becomes a
 * finding, logged once for each rule and slot; the call's result stays as it is. */
#ifndef ALLORA_PLUGIN_GUARD_H
#define ALLORA_PLUGIN_GUARD_H
#include "plugin/wrap.h"

struct registry;
struct plugin;

enum { GUARD_DETAIL_MAX = 200 };
struct guard_finding {
    const char *severity;  /* "PLUGIN_MISBEHAVING" or "HOST_MISBEHAVING" [static] */
    const char *plugin;    /* its id */
    const char *interface; /* "provider", "store", "host", "plugin", … [static] */
    const char *slot;      /* "list", … [static] */
    const char *rule;      /* a short word, see docs/abi.md [static] */
    char detail[GUARD_DETAIL_MAX];
    uint32_t times;
};
typedef void (*guard_finding_fn)(void *self, const struct guard_finding *f);

/* What was found about a plugin so far, in order; nothing unless it was loaded under the debug
 * host.  Any thread; fn must not call into the plugin. */
void guard_findings(struct registry *r, const struct plugin *p, guard_finding_fn fn, void *self);
/* The same, for a wrap. */
void guard_findings_of(struct wrap *w, guard_finding_fn fn, void *self);
/* Is told of every new finding as it is made, also of those at a plugin's end (registry_close());
 * fn NULL: nobody.  One for the process: set it before threads start. */
void guard_watch(guard_finding_fn fn, void *self);

struct wrap *guard_new(const struct wrap_options *o) A_MUST_CHECK;
#endif
