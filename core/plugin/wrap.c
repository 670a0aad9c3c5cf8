/* What both wrappings share: tables of thunks, the way from a thunk to its wrap, and the list of
 * what was handed out. */
#include "plugin/wrap.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/codec.h"
#include "plugin/guard.h"
#include "slot_list.h"

#include <pthread.h>
#include <stdatomic.h>

_Static_assert((int)IFACE_COUNT <= (int)WRAP_IFACES_MAX, "raise WRAP_IFACES_MAX");

/* ---- what was handed out ---- */

enum { BUCKETS = 256, DEAD_MAX = 512 };
struct given {
    struct given *next;
    void *object;
    struct wrap *wrap;
    uint64_t died; /* 0: alive; else its turn among the dead */
};
/* Guards the three below. */
static pthread_mutex_t given_lock = PTHREAD_MUTEX_INITIALIZER;
static struct given *given[BUCKETS];
static uint64_t n_died;
static struct given *dead[DEAD_MAX]; /* a ring by `died`: the oldest is freed for the newest */

static struct given **bucket_of(const void *object)
{
    uintptr_t bits = (uintptr_t)object >> 4;
    return &given[(bits ^ bits >> 8 ^ bits >> 16) % BUCKETS];
}

/* Under the lock. */
static struct given *find_given(const void *object)
{
    struct given *g = *bucket_of(object);

    while (g && g->object != object)
        g = g->next;
    return g;
}

/* Under the lock. */
static void drop(struct given *g)
{
    struct given **at = bucket_of(g->object);

    while (*at != g)
        at = &(*at)->next;
    *at = g->next;
    if (g->died)
        dead[g->died % DEAD_MAX] = NULL;
    free(g->object);
    free(g);
}

bool wrap_register(struct wrap *w, void *object)
{
    struct given *g = mem_zalloc(sizeof *g);

    if (!g)
        return false;
    g->object = object;
    g->wrap = w;
    (void)pthread_mutex_lock(&given_lock);
    struct given **at = bucket_of(object);
    g->next = *at;
    *at = g;
    (void)pthread_mutex_unlock(&given_lock);
    return true;
}

void wrap_retire(void *object)
{
    (void)pthread_mutex_lock(&given_lock);
    struct given *g = find_given(object);
    if (g && !g->died) {
        g->died = ++n_died;
        if (dead[g->died % DEAD_MAX])
            drop(dead[g->died % DEAD_MAX]);
        dead[g->died % DEAD_MAX] = g;
    }
    (void)pthread_mutex_unlock(&given_lock);
}

enum wrap_life wrap_state(const void *object, struct wrap **ret_wrap)
{
    (void)pthread_mutex_lock(&given_lock);
    const struct given *g = find_given(object);
    enum wrap_life life = !g ? WRAP_UNKNOWN : g->died ? WRAP_DEAD : WRAP_LIVE;
    *ret_wrap = g ? g->wrap : NULL;
    (void)pthread_mutex_unlock(&given_lock);
    return life;
}

void wrap_forget(struct wrap *w)
{
    (void)pthread_mutex_lock(&given_lock);
    for (size_t i = 0; i < BUCKETS; i++) {
        struct given *g = given[i];
        while (g) {
            struct given *next = g->next;
            if (g->wrap == w)
                drop(g);
            g = next;
        }
    }
    (void)pthread_mutex_unlock(&given_lock);
}

/* ---- thunks ---- */

static _Thread_local struct wrap *here;

struct wrap *wrap_here(void)
{
    return here;
}

void wrap_set_here(struct wrap *w)
{
    here = w;
}

/* The error of a call that cannot be made. */
static struct arg refuse(const struct slot *slot, const struct arg *args)
{
    struct arg none = {.i = 0};

    for (uint8_t i = 0; i < slot->n_args; i++) {
        if (slot->kinds[i] == ARG_ERROR && args[i].p)
            (void)err_set(args[i].out, ALLORA_E_INTERNAL,
                          "%s.%s was called with a context that is none, or is over", slot->iface,
                          slot->name);
    }
    if (slot->result == RESULT_STATUS)
        none.i = ALLORA_E_INTERNAL;
    else if (slot->result == RESULT_POINTER)
        none.p = NULL;
    return none;
}

struct arg slot_call(size_t id, struct arg *args)
{
    const struct slot *slot = &slot_table[id];
    struct wrap *w = NULL;

    switch (slot->kinds[0]) {
    case ARG_INSTANCE: /* the wrap itself */
        w = args[0].out;
        break;
    case ARG_HOST:
        w = (struct wrap *)(void *)((char *)args[0].out - offsetof(struct wrap, host));
        break;
    case ARG_CTX:
        if (!args[0].p && id == SLOT_scope_close)
            return (struct arg){.i = 0};
        if (wrap_state(args[0].p, &w) != WRAP_LIVE) {
            w = w ? w : here;
            if (w)
                w->ops->bad_ctx(w, slot, args[0].p);
            return refuse(slot, args);
        }
        break;
    default:
        break;
    }
    return w ? w->ops->call(w, slot, args) : refuse(slot, args);
}

const void *wrap_table(struct wrap *w, const struct iface *iface, const void *real)
{
    size_t no = (size_t)(iface - iface_table);
    void *made = atomic_load(&w->tables[no]), *none = NULL;
    uint32_t size = 0;

    if (made || !real)
        return real ? made : NULL;
    memcpy(&size, real, sizeof size);
    if (size > iface->size)
        size = (uint32_t)iface->size;
    made = mem_zalloc(iface->size);
    if (!made)
        return NULL;
    memcpy(made, &size, sizeof size);
    for (size_t i = 0; i < slot_count; i++) {
        const struct slot *s = &slot_table[i];
        if (s->iface_no == no && slot_in(real, s))
            memcpy((char *)made + s->offset, &s->thunk, sizeof s->thunk);
    }
    if (!atomic_compare_exchange_strong(&w->tables[no], &none, made)) {
        free(made);
        made = none;
    }
    return made;
}

void wrap_host(struct wrap *w, const allora_host *real)
{
    const struct iface *iface = &iface_table[IFACE_host];
    size_t n = real->size < sizeof w->host ? real->size : sizeof w->host;

    memset(&w->host, 0, sizeof w->host);
    memcpy(&w->host, real, n);
    w->host.size = (uint32_t)n;
    for (size_t i = 0; i < slot_count; i++) {
        const struct slot *s = &slot_table[i];
        if (&iface_table[s->iface_no] == iface && slot_in(real, s))
            memcpy((char *)&w->host + s->offset, &s->thunk, sizeof s->thunk);
    }
}

void wrap_done(struct wrap *w)
{
    wrap_forget(w);
    for (size_t i = 0; i < WRAP_IFACES_MAX; i++)
        free(atomic_load(&w->tables[i]));
}

/* ---- for the holder ---- */

enum wrap_mode wrap_mode_of(const char *word)
{
    if (streq(word, "debug"))
        return WRAP_DEBUG;
    return streq(word, "codec") ? WRAP_CODEC : WRAP_DIRECT;
}

struct wrap *wrap_new(enum wrap_mode mode, const struct wrap_options *o)
{
    if (mode == WRAP_DEBUG)
        return guard_new(o);
    return mode == WRAP_CODEC ? codec_new(o) : NULL;
}

void wrap_free(struct wrap *w)
{
    if (w)
        w->ops->free(w);
}

int32_t wrap_create(struct wrap *w, allora_ctx *ctx, allora_instance **ret, allora_error *err)
{
    struct arg args[] = {{.p = NULL}, {.p = ctx}, {.p = ret}, {.p = err}};
    return (int32_t)w->ops->call(w, &slot_table[SLOT_plugin_create], args).i;
}

void wrap_destroy(struct wrap *w)
{
    struct arg args[] = {{.p = w}};
    (void)w->ops->call(w, &slot_table[SLOT_plugin_destroy], args);
}

const void *wrap_interface(struct wrap *w, const char *id)
{
    struct arg args[] = {{.p = id}};
    return w->ops->call(w, &slot_table[SLOT_plugin_get_interface], args).p;
}
