/* Bringing a plugin's code in, on first use: marker, dlopen, handshake, create; and asking it for
 * interfaces.
 *
 * Two traps of libltdl are handled here.  It binds lazily whatever the file says, so read.c and
 * this file insist on DF_BIND_NOW, with which a missing symbol fails at load instead of in mid-run.
 * And its error text is "file not found" for everything, so after a failure a plain dlopen() is
 * asked for the reason. */
#include "base/err.h"
#include "base/str.h"
#include "config/config.h"
#include "plugin/elf.h"
#include "plugin/marker.h"
#include "plugin/registry_private.h"

#include <dlfcn.h>
#include <errno.h>
#include <ltdl.h>
#include <stdio.h>
#include <time.h>

enum { CREATE_TIMEOUT_MS = 10000, WAIT_SLICE_MS = 50 };

/* Round every lt_* call, as its manual demands. */
static pthread_mutex_t ltdl_lock = PTHREAD_MUTEX_INITIALIZER;

/* What went wrong, on its way into the entry. */
struct load_error {
    const char *stage;
    int32_t code;
    char message[512], hint[256];
};

static int32_t load_fail(struct load_error *f, const char *stage, int32_t code, const char *hint,
                         const char *fmt, ...) A_PRINTF(5, 6);
static int32_t load_fail(struct load_error *f, const char *stage, int32_t code, const char *hint,
                         const char *fmt, ...)
{
    va_list ap;

    f->stage = stage;
    f->code = code;
    va_start(ap, fmt);
    (void)vsnprintf(f->message, sizeof f->message, fmt, ap);
    va_end(ap);
    (void)snprintf(f->hint, sizeof f->hint, "%s", hint);
    return code;
}

/* Is the file still the one that was read, and its manifest the one that was checked? */
static int32_t check_file(const struct entry *e, struct load_error *f)
{
    struct stat st;
    struct file_stamp now;
    struct elf_view v;
    allora_error err = ERR_INIT;
    size_t len = 0;

    if (stat(e->pub.path, &st) != 0)
        return load_fail(f, "read", ALLORA_E_ABI, "reinstall it", "%s: %s", e->pub.path,
                         strerror(errno));
    stamp_of(&st, &now);
    if (memcmp(&now, &e->record->stamp, sizeof now) != 0)
        return load_fail(f, "read", ALLORA_E_ABI, "run the command again",
                         "%s was replaced while this command ran", e->pub.path);
    if (elf_open(e->pub.path, &v, &err) != ALLORA_OK)
        return load_fail(f, "read", ALLORA_E_ABI, "reinstall it", "%s", err.message);
    const char *text = index_manifest(&e->registry->view, e->record, &len);
    bool same = text && v.manifest && v.manifest_len == len && memcmp(text, v.manifest, len) == 0;
    bool bound = v.bind_now;
    elf_close(&v);
    if (!same)
        return load_fail(f, "manifest", ALLORA_E_ABI, "remove the folder of the plugin index",
                         "the manifest in the file is not the one that was indexed");
    if (!bound)
        return load_fail(f, "read", ALLORA_E_ABI, "link it with -Wl,-z,now",
                         "is linked lazily: a missing symbol would end the program in mid-run");
    return ALLORA_OK;
}

/* libltdl forgets why; the dynamic linker says it once more. */
static int32_t explain_failure(const char *path, const char *ltdl_says, struct load_error *f)
{
    const char *hint = "reinstall the plugin";

    (void)dlerror();
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const char *why = handle ? NULL : dlerror();
    if (!why)
        why = ltdl_says ? ltdl_says : "libltdl cannot open it";
    if (strstr(why, "undefined symbol"))
        hint = "it was built for something else: rebuild it against this SDK";
    else if (strstr(why, "cannot open shared object"))
        hint = "a library it needs is not installed; ldd says which";
    if (str_starts(why, path)) { /* "PATH: reason" */
        why += strlen(path);
        why += strspn(why, ": ");
    }
    return load_fail(f, "load", ALLORA_E_ABI, hint, "%s", why);
}

/* The full path only, local symbols, never closed. */
static int32_t open_library(const char *path, lt_dlhandle *ret, struct load_error *f)
{
    lt_dladvise advise = NULL;
    lt_dlhandle handle = NULL;

    (void)pthread_mutex_lock(&ltdl_lock);
    static bool initialised;
    bool ready = initialised || lt_dlinit() == 0;
    initialised = ready;
    ready = ready && lt_dladvise_init(&advise) == 0 && lt_dladvise_local(&advise) == 0 &&
            lt_dladvise_resident(&advise) == 0;
    if (ready)
        handle = lt_dlopenadvise(path, advise);
    int32_t rc = handle ? ALLORA_OK : explain_failure(path, lt_dlerror(), f);
    if (advise)
        (void)lt_dladvise_destroy(&advise);
    (void)pthread_mutex_unlock(&ltdl_lock);
    *ret = handle;
    return rc;
}

typedef const allora_plugin *(*entry_fn)(void);

static int32_t find_entry(lt_dlhandle handle, entry_fn *ret, struct load_error *f)
{
    (void)pthread_mutex_lock(&ltdl_lock);
    void *symbol = lt_dlsym(handle, ALLORA_ENTRY_SYMBOL);
    (void)pthread_mutex_unlock(&ltdl_lock);
    if (!symbol)
        return load_fail(f, "entry", ALLORA_E_ABI, "build it with allora_add_plugin()",
                         "does not export the function " ALLORA_ENTRY_SYMBOL);
    memcpy(ret, &symbol, sizeof symbol); /* ISO C has no cast from void * to a function */
    return ALLORA_OK;
}

static int32_t handshake(const struct entry *e, const allora_plugin *p, struct load_error *f)
{
    const char *author = "the plugin's author must correct it";
    size_t len = 0;
    const char *text = index_manifest(&e->registry->view, e->record, &len);

    if (!p)
        return load_fail(f, "entry", ALLORA_E_ABI, author, ALLORA_ENTRY_SYMBOL "() gave nothing");
    if (!ALLORA_HAS(allora_plugin, p, get_interface))
        return load_fail(f, "handshake", ALLORA_E_ABI, author,
                         "its root object has %u bytes, at least %zu are needed", p->size,
                         offsetof(allora_plugin, get_interface) + sizeof p->get_interface);
    if (p->abi_minor_needed > ALLORA_ABI_MINOR)
        return load_fail(f, "handshake", ALLORA_E_ABI,
                         "upgrade allora, or install an older version of the plugin",
                         "needs ABI %u.%u, this allora speaks %u.0 to %u.%u", ALLORA_ABI_MAJOR,
                         p->abi_minor_needed, ALLORA_ABI_MAJOR, ALLORA_ABI_MAJOR, ALLORA_ABI_MINOR);
    if (p->abi_minor_built != e->manifest->abi_built ||
        p->abi_minor_needed != e->manifest->abi_needed)
        return load_fail(f, "handshake", ALLORA_E_ABI, author,
                         "its code says ABI built %u, needed %u, its manifest %u and %u",
                         p->abi_minor_built, p->abi_minor_needed, e->manifest->abi_built,
                         e->manifest->abi_needed);
    if (!p->manifest || !text || p->manifest_len != len || memcmp(p->manifest, text, len) != 0)
        return load_fail(
            f, "handshake", ALLORA_E_ABI, author,
            "the manifest its code hands out is not the one in its section " ELF_MANIFEST_SECTION);
    if (!p->create || !p->destroy || !p->get_interface)
        return load_fail(f, "handshake", ALLORA_E_ABI, author,
                         "its root object lacks create, destroy or get_interface");
    return ALLORA_OK;
}

static int32_t create(struct entry *e, allora_ctx *parent, struct load_error *f)
{
    allora_error err = ERR_INIT;
    A_CLEAN(ctx_closep) allora_ctx *root = parent ? NULL : ctx_root(NULL, 0);
    A_CLEAN(ctx_closep)
    allora_ctx *ctx = ctx_open(parent ? parent : root, &e->pub, CREATE_TIMEOUT_MS, 0);

    if (!ctx)
        return load_fail(f, "create", ALLORA_E_NOMEM, "", "out of memory");
    int32_t rc = e->code->create(&e->host, ctx, &e->instance, &err);
    if (rc == ALLORA_OK && !e->instance)
        return load_fail(f, "create", ALLORA_E_INTERNAL, "the plugin's author must correct it",
                         "create() succeeded without an instance");
    if (rc == ALLORA_OK)
        return ALLORA_OK;
    if (rc > 0)
        rc = ALLORA_E_INTERNAL;
    err.message[sizeof err.message - 1] = err.hint[sizeof err.hint - 1] = '\0';
    return load_fail(f, "create", rc, err.hint, "%s",
                     err.message[0] ? err.message : status_text(rc));
}

/* Its own subtrees of the configuration, against its own schema: a typing error is told before it
 * does harm. */
static int32_t check_config(const struct entry *e, struct load_error *f)
{
    const struct manifest *m = e->manifest;
    const struct config *config = e->registry->config;
    allora_error err = ERR_INIT;
    char key[160];
    int32_t rc = ALLORA_OK;

    if (!config || !m->config)
        return ALLORA_OK;
    if (m->provider) {
        (void)snprintf(key, sizeof key, "providers.%s", m->provider);
        rc = config_check_subtree(config, key, m->config, &err);
    }
    for (uint32_t i = 0; rc == ALLORA_OK && i < m->n_agents; i++) {
        (void)snprintf(key, sizeof key, "agents.%s", m->agents[i].name);
        rc = config_check_subtree(config, key, m->config, &err);
    }
    if (rc == ALLORA_OK) {
        (void)snprintf(key, sizeof key, "commands.%s", m->id);
        rc = config_check_subtree(config, key, m->config, &err);
    }
    return rc ? load_fail(f, "create", rc, err.hint, "%s", err.message) : ALLORA_OK;
}

/* Runs unlocked: the state LOAD_RUNNING keeps others out. */
static int32_t load(struct entry *e, allora_ctx *ctx, struct load_error *f)
{
    allora_error err = ERR_INIT;
    struct marker marker;
    lt_dlhandle handle = NULL;
    entry_fn entry = NULL;

    if (!registry_manifest(e->registry, &e->pub, &err))
        return load_fail(f, "manifest", ALLORA_E_ABI, "reinstall it", "%s", err.message);
    int32_t rc = check_file(e, f);
    if (rc == ALLORA_OK)
        rc = check_config(e, f);
    if (rc)
        return rc;
    char words[256];
    if (!marker_begin(&marker, e->pub.id, e->pub.path, &e->record->stamp, words, sizeof words)) {
        char hint[256];
        (void)snprintf(hint, sizeof hint, "update it or remove it; to try it again: rm '%.200s'",
                       marker.path);
        return load_fail(f, "load", ALLORA_E_ABI, hint, "%s", words);
    }
    host_init(e);
    rc = open_library(e->pub.path, &handle, f);
    if (rc == ALLORA_OK)
        rc = find_entry(handle, &entry, f);
    if (rc == ALLORA_OK) {
        e->code = entry();
        rc = handshake(e, e->code, f);
    }
    if (rc == ALLORA_OK)
        rc = create(e, ctx, f);
    marker_end(&marker);
    return rc;
}

/* Fills err from a failure.  Loading troubles are E_ABI (exit 7); what create() said keeps its own
 * code: not authenticated is that. */
static int32_t failure_error(const struct plugin *p, const struct plugin_failure *f,
                             allora_error *err)
{
    int32_t code = streq(f->stage, "create") ? f->code : ALLORA_E_ABI;

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

/* Waits, under the lock, until nobody else is loading it. */
static int32_t wait_for_other(struct registry *r, struct entry *e, allora_ctx *ctx,
                              allora_error *err)
{
    while (e->state == LOAD_RUNNING) {
        if (pthread_equal(e->loading, pthread_self()))
            return err_set(err, ALLORA_E_CONFLICT,
                           "plugin \"%s\" was called while it is still being created", e->pub.id);
        struct timespec until;
        (void)clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += WAIT_SLICE_MS * 1000000L;
        if (until.tv_nsec >= 1000000000L) {
            until.tv_nsec -= 1000000000L;
            until.tv_sec++;
        }
        (void)pthread_cond_timedwait(&r->loaded, &r->lock, &until);
        int32_t rc = ctx ? ctx_check(ctx, err) : ALLORA_OK;
        if (rc)
            return rc;
    }
    return ALLORA_OK;
}

static int32_t ensure_loaded(struct registry *r, struct entry *e, allora_ctx *ctx,
                             allora_error *err)
{
    struct load_error f = {0};

    (void)pthread_mutex_lock(&r->lock);
    int32_t rc = wait_for_other(r, e, ctx, err);
    if (rc == ALLORA_OK && e->state == LOAD_FAILED)
        rc = failure_error(&e->pub, &e->load_failure, err);
    if (rc != ALLORA_OK || e->state == LOAD_READY) {
        (void)pthread_mutex_unlock(&r->lock);
        return rc;
    }
    e->state = LOAD_RUNNING;
    e->loading = pthread_self();
    (void)pthread_mutex_unlock(&r->lock);
    rc = load(e, ctx, &f);
    (void)pthread_mutex_lock(&r->lock);
    if (rc == ALLORA_OK) {
        e->state = LOAD_READY;
        e->next_loaded = r->first_loaded;
        r->first_loaded = e;
    } else if (rc == ALLORA_E_CANCELLED || rc == ALLORA_E_TIMEOUT || rc == ALLORA_E_NOMEM) {
        e->state = LOAD_NONE; /* says nothing about the plugin */
        rc = err_set(err, rc, "plugin \"%s\": %s", e->pub.id, f.message);
    } else {
        e->state = LOAD_FAILED;
        keep_failure(r, e, &f);
        rc = failure_error(&e->pub, &e->load_failure, err);
    }
    (void)pthread_cond_broadcast(&r->loaded);
    (void)pthread_mutex_unlock(&r->lock);
    return rc;
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
        found = e->code->get_interface(id);
    if (!found)
        return err_set(err, ALLORA_E_UNSUPPORTED, "plugin \"%s\" does not implement %s", p->id, id);
    *ret = found;
    *ret_self = e->instance;
    return ALLORA_OK;
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
        e->code->destroy(e->instance);
        e->instance = NULL;
        e = e->next_loaded;
    }
}
