/* One slot for each name in the registry's list, in the same order.  A slot is filled once, under
 * the lock, and published by an atomic store of `ready`, so that a call that finds it filled takes
 * no lock. */
#include "operation/catalogue.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include <pthread.h>

struct slot {
    struct operation op;
    _Atomic bool ready;
};
struct catalogue {
    struct registry *registry;
    const struct registry_name *names; /* sorted */
    struct slot *slots;
    size_t n;
    pthread_mutex_t lock; /* guards mem, and the filling of slots */
    struct arena mem;
};

int32_t catalogue_new(struct registry *r, struct catalogue **ret, allora_error *err)
{
    struct catalogue *c = mem_zalloc(sizeof *c);
    if (!c)
        return err_nomem(err);
    c->registry = r;
    c->n = registry_names(r, REGISTRY_OPERATIONS, &c->names);
    c->slots = mem_array(c->n ? c->n : 1, sizeof *c->slots);
    if (!c->slots) {
        free(c);
        return err_nomem(err);
    }
    for (size_t i = 0; i < c->n; i++) {
        c->slots[i].op.name = c->names[i].name;
        c->slots[i].op.plugin = c->names[i].plugin;
    }
    arena_init(&c->mem, 0);
    (void)pthread_mutex_init(&c->lock, NULL);
    *ret = c;
    return ALLORA_OK;
}

void catalogue_free(struct catalogue *c)
{
    if (!c)
        return;
    (void)pthread_mutex_destroy(&c->lock);
    arena_done(&c->mem);
    free(c->slots);
    free(c);
}

static struct slot *slot_find(struct catalogue *c, const char *name)
{
    size_t low = 0, high = c->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = strcmp(name, c->names[mid].name);
        if (order == 0)
            return &c->slots[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

static int32_t not_found(const struct catalogue *c, const char *name, allora_error *err)
{
    struct nearest near;
    nearest_init(&near, name);
    for (size_t i = 0; i < c->n; i++)
        nearest_offer(&near, c->names[i].name);
    int32_t status = registry_explain_missing(c->registry, "no operation", name, err);
    if (status != ALLORA_E_NOTFOUND)
        return status;
    (void)err_set(err, status, "no operation %.120s", name);
    if (near.n)
        err_hint(err, "did you mean %s%s%s?", near.best[0], near.n > 1 ? " or " : "",
                 near.n > 1 ? near.best[1] : "");
    else
        err_hint(err, "the operation operation.list names all");
    return status;
}

int32_t catalogue_implement(struct catalogue *c, const char *name, operation_fn fn, void *self,
                            allora_error *err)
{
    struct slot *s = slot_find(c, name);
    if (!s || !streq(s->op.plugin->id, "allora"))
        return err_set(err, ALLORA_E_NOTFOUND, "the core declares no operation %s", name);
    s->op.fn = fn;
    s->op.self = self;
    return ALLORA_OK;
}

/* The lock is held. */
static int32_t slot_fill(struct catalogue *c, struct slot *s, allora_error *err)
{
    const struct manifest *m = registry_manifest(c->registry, s->op.plugin, err);
    if (!m)
        return err->code ? err->code : ALLORA_E_CONFIG;
    const struct operation_decl *decl = manifest_operation(m, s->op.name);
    if (!decl)
        return err_set(err, ALLORA_E_CONFIG, "%s: its manifest no longer declares %s",
                       s->op.plugin->id, s->op.name);
    int32_t status = schema_compile(&c->mem, decl->arguments, &s->op.arguments, err);
    if (status) {
        err_prefix(err, "%s: %s: ", s->op.plugin->id, s->op.name);
        err_hint(err, "the plugin's author has to mend its manifest: allora plugin info %s",
                 s->op.plugin->id);
        return status;
    }
    s->op.decl = decl;
    atomic_store_explicit(&s->ready, true, memory_order_release);
    return ALLORA_OK;
}

int32_t catalogue_find(struct catalogue *c, const char *name, struct operation **ret,
                       allora_error *err)
{
    struct slot *s = slot_find(c, name);
    if (!s)
        return not_found(c, name, err);
    if (!atomic_load_explicit(&s->ready, memory_order_acquire)) {
        (void)pthread_mutex_lock(&c->lock);
        int32_t status = atomic_load_explicit(&s->ready, memory_order_relaxed)
                             ? ALLORA_OK
                             : slot_fill(c, s, err);
        (void)pthread_mutex_unlock(&c->lock);
        if (status)
            return status;
    }
    *ret = &s->op;
    return ALLORA_OK;
}

size_t catalogue_count(const struct catalogue *c)
{
    return c->n;
}

const char *catalogue_name(const struct catalogue *c, size_t i)
{
    return c->names[i].name;
}

const struct operation *catalogue_called(const struct catalogue *c, size_t i)
{
    const struct operation *op = &c->slots[i].op;

    return atomic_load_explicit(&op->calls, memory_order_relaxed) ? op : NULL;
}

const char *effect_name(int32_t effect)
{
    static const char *const names[] = {"read", "local", "write", "destructive", "secret", "admin"};
    return effect >= 0 && (size_t)effect < sizeof names / sizeof *names ? names[effect] : "unknown";
}
