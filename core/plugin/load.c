/* The steps of bringing a plugin in: the file once more, marker, dlopen, entry, handshake, create.
 *
 * Two traps of libltdl are handled here.  It binds lazily whatever the file says, so read.c and
 * this file insist on DF_BIND_NOW, with which a missing symbol fails at load instead of in mid-run.
 * And its error text is "file not found" for everything, so after a failure a plain dlopen() is
 * asked for the reason. */
#include "plugin/load.h"

#include "base/err.h"
#include "base/str.h"
#include "config/config.h"
#include "plugin/image.h"

#include <dlfcn.h>
#include <ltdl.h>
#include <stdio.h>

/* Round every lt_* call, as its manual demands. */
static pthread_mutex_t ltdl_lock = PTHREAD_MUTEX_INITIALIZER;

int32_t load_fail(struct load_error *f, const char *stage, int32_t code, const char *hint,
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

/* Is its manifest the one that was checked? */
static int32_t check_image(const struct entry *e, const struct elf_view *v, struct load_error *f)
{
    size_t len = 0;
    const char *text = index_manifest(&e->registry->view, e->record, &len);

    if (!text || !v->manifest || v->manifest_len != len || memcmp(text, v->manifest, len) != 0)
        return load_fail(f, "manifest", ALLORA_E_ABI, "remove the folder of the plugin index",
                         "the manifest in the file is not the one that was indexed");
    if (!v->bind_now)
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

/* plugins.host: who stands between the plugin and us; usually nobody. */
static int32_t wrap_it(struct entry *e, struct load_error *f)
{
    const struct config *config = e->registry->config;
    const json_node *word = config ? config_get(config, "plugins.host") : NULL;
    enum wrap_mode mode = wrap_mode_of(json_str(word, ""));
    const struct wrap_options o = {
        .id = e->pub.id,
        .code = e->code,
        .host = &e->host,
        .threads = json_get_bool(e->manifest->permissions, "threads", false),
    };

    if (mode == WRAP_DIRECT || e->wrap)
        return ALLORA_OK;
    e->wrap = wrap_new(mode, &o);
    return e->wrap ? ALLORA_OK : load_fail(f, "create", ALLORA_E_NOMEM, "", "out of memory");
}

static int32_t create(struct entry *e, allora_ctx *ctx, struct load_error *f)
{
    allora_error err = ERR_INIT;
    int32_t rc = wrap_it(e, f);
    if (rc)
        return rc;
    rc = e->wrap ? wrap_create(e->wrap, ctx, &e->instance, &err)
                 : e->code->create(&e->host, ctx, &e->instance, &err);

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

/* dlopen, entry, handshake, create. */
static int32_t bring_in(struct entry *e, const char *path, allora_ctx *ctx,
                        _Atomic(const char *) *ret_at, struct load_error *f)
{
    lt_dlhandle handle = NULL;
    entry_fn entry = NULL;

    host_init(e);
    int32_t rc = open_library(path, &handle, f);
    if (rc == ALLORA_OK)
        rc = find_entry(handle, &entry, f);
    if (rc)
        return rc;
    *ret_at = "handshake";
    e->code = entry();
    rc = handshake(e, e->code, f);
    if (rc)
        return rc;
    *ret_at = "create";
    return create(e, ctx, f);
}

int32_t load_plugin(struct entry *e, allora_ctx *ctx, _Atomic(const char *) *ret_at,
                    struct load_error *f)
{
    allora_error err = ERR_INIT;
    struct marker marker;
    struct image image;
    char words[256], hint[256];

    *ret_at = "read";
    if (!registry_manifest(e->registry, &e->pub, &err))
        return load_fail(f, "manifest", ALLORA_E_ABI, "reinstall it", "%s", err.message);
    int32_t rc = image_open(e, &image, f);
    if (rc)
        return rc;
    rc = check_image(e, &image.view, f);
    if (rc == ALLORA_OK)
        rc = check_config(e, f);
    *ret_at = "load";
    if (rc == ALLORA_OK &&
        !marker_begin(&marker, e->pub.id, e->pub.path, &e->record->stamp, words, sizeof words)) {
        (void)snprintf(hint, sizeof hint,
                       "update it or remove it; to try it again: allora plugin release %s",
                       e->pub.id);
        rc = load_fail(f, "load", ALLORA_E_ABI, hint, "%s", words);
    }
    if (rc) {
        image_done(&image, false);
        return rc;
    }
    rc = bring_in(e, image.path, ctx, ret_at, f);
    marker_end(&marker);
    image_done(&image, rc == ALLORA_OK || e->code);
    return rc;
}
