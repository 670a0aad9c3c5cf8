/* Every operation of this installation, by name.  Names come from the registry's index; a manifest
 * is parsed, and its argument schema compiled, when the first of its operations is called. */
#ifndef ALLORA_OPERATION_CATALOGUE_H
#define ALLORA_OPERATION_CATALOGUE_H
#include "base/dispatch.h"
#include "operation/arguments.h"
#include "plugin/registry.h"
#include <stdatomic.h>

struct operation { /* nothing but the counters changes once catalogue_find() has handed it out */
    const char *name;
    const struct plugin *plugin;
    const struct operation_decl *decl;
    const struct schema *arguments;
    operation_fn fn; /* of the core's own; NULL: the plugin's allora.operations/1 */
    void *self;
    _Atomic uint64_t calls, failures, total_us;
};
struct catalogue;
int32_t catalogue_new(struct registry *r, struct catalogue **ret, allora_error *err);
void catalogue_free(struct catalogue *c);
/* Says who implements a core operation.  Before the first catalogue_find().  E_NOTFOUND when the
 * core declares no such. */
int32_t catalogue_implement(struct catalogue *c, const char *name, operation_fn fn, void *self,
                            allora_error *err);
/* E_NOTFOUND names the nearest operations, or the plugin that would bring it.  [any] */
int32_t catalogue_find(struct catalogue *c, const char *name, struct operation **ret,
                       allora_error *err);
/* Names, sorted. */
size_t catalogue_count(const struct catalogue *c);
const char *catalogue_name(const struct catalogue *c, size_t i);
/* The i-th, if it has been called since the process started, else NULL.  [any] */
const struct operation *catalogue_called(const struct catalogue *c, size_t i);
const char *effect_name(int32_t effect);
#endif
