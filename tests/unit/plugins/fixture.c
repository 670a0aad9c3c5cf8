/* One plugin, many faults: the build makes a .so of each -D FIXTURE_…, and the loader must name
 * each fault (test_loader.c). Written against plugin.h alone, as somebody without the SDK would. */
#include <allora/plugin.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__asm__(".pushsection .allora.manifest,\"a\",@progbits\n"
        ".hidden fixture_manifest\n.globl fixture_manifest\n"
        ".hidden fixture_manifest_end\n.globl fixture_manifest_end\n"
        "fixture_manifest:\n"
        ".incbin \"" FIXTURE_MANIFEST "\"\n"
        "fixture_manifest_end:\n"
        ".popsection\n");
extern const char fixture_manifest[] __attribute__((visibility("hidden")));
extern const char fixture_manifest_end[] __attribute__((visibility("hidden")));

#ifdef FIXTURE_UNDEFINED
int fixture_defined_nowhere(void);
#endif

struct allora_instance {
    const allora_host *host;
    const allora_config_v1 *config;
    const allora_invoke_v1 *invoke;
    const allora_store_v1 *store;
    const allora_scope_v1 *scope;
};

static int32_t fail(allora_error *err, int32_t code, const char *words)
{
    err->code = code;
    (void)snprintf(err->message, sizeof err->message, "%s", words);
    return code;
}

static int32_t create(const allora_host *host, allora_ctx *ctx, allora_instance **out,
                      allora_error *err)
{
#ifdef FIXTURE_CREATE_FAILS
    (void)snprintf(err->hint, sizeof err->hint, "set fixture.answer");
    return fail(err, ALLORA_E_CONFIG, "the fixture has no answer");
#elif defined(FIXTURE_CREATE_SILENT)
    return ALLORA_E_AUTH;
#elif defined(FIXTURE_CREATE_CRASHES)
    (void)ctx;
    abort();
#elif defined(FIXTURE_CREATE_HANGS)
    for (volatile int forever = 1; forever;)
        (void)sleep(1); /* deaf: never asks whether it was cancelled */
#elif defined(FIXTURE_CREATE_EXITS)
    /* No import gives it away. */
    void (*leave)(int) = NULL;
    *(void **)&leave = dlsym(RTLD_DEFAULT, "ex"
                                           "it");
    leave(0);
#endif
    struct allora_instance *self = calloc(1, sizeof *self);
    if (!self)
        return fail(err, ALLORA_E_NOMEM, "no memory");
    if (host->cancelled(ctx) != 0) {
        free(self);
        return ALLORA_E_CANCELLED;
    }
    self->host = host;
    self->config = host->get_interface(host, ALLORA_CONFIG_ID);
    self->invoke = host->get_interface(host, ALLORA_INVOKE_ID);
    self->store = host->get_interface(host, ALLORA_STORE_ID);
    self->scope = host->get_interface(host, ALLORA_SCOPE_ID);
#ifdef FIXTURE_UNDEFINED
    self->host += fixture_defined_nowhere();
#endif
    *out = self;
    return ALLORA_OK;
}

static void destroy(allora_instance *self)
{
    free(self);
}

#ifdef FIXTURE_LIBRARY
/* Stands for a library that two plugins embed in different versions: not hidden, so that only the
 * version script and RTLD_LOCAL keep the two apart. */
__attribute__((visibility("default"), noinline)) int embedded_version(void);
int embedded_version(void)
{
    return FIXTURE_LIBRARY;
}
#endif

#ifdef FIXTURE_EXPORTS_MORE
ALLORA_EXPORT int fixture_helper(void);
int fixture_helper(void)
{
    return 1;
}
#endif

#ifdef FIXTURE_THREADS
struct errand {
    const allora_sink *sink;
    const allora_value *cell;
};
static void *send_elsewhere(void *arg)
{
    const struct errand *e = arg;
    (void)e->sink->row(e->sink->self, e->cell, 1);
    return NULL;
}
#endif

/* How a read of one key misbehaves: what the debug host and the validator must find.  None crashes
 * the direct host. */
static int32_t misbehave(allora_instance *self, allora_ctx *ctx, allora_str args,
                         const allora_sink *sink, const allora_value *v)
{
#if defined(FIXTURE_LEAKS)
    void *volatile lost = malloc(1 << 20); /* each call loses a megabyte */
    if (lost)
        memset(lost, 1, 1 << 20);
    lost = NULL;
#elif defined(FIXTURE_LEAVES_SCOPE)
    allora_ctx *child = NULL;
    allora_error ignored = {.size = sizeof ignored};
    if (self->scope)
        (void)self->scope->open(ctx, (allora_str){"", 0}, 0, 0, &child, &ignored);
#elif defined(FIXTURE_KEEPS)
    static allora_str kept; /* borrowed memory, read after the call that lent it */
    volatile char first = kept.len ? kept.ptr[0] : 0;
    (void)first;
    kept = args;
#elif defined(FIXTURE_WRITES)
    if (args.len)       /* borrowed memory, changed */
        *(char *)(uintptr_t)args.ptr = ' ';
#elif defined(FIXTURE_THREADS)
    struct errand errand = {sink, v};
    pthread_t thread;
    if (pthread_create(&thread, NULL, send_elsewhere, &errand) == 0)
        (void)pthread_join(thread, NULL);
    return ALLORA_OK;
#elif defined(FIXTURE_LIBRARY)
    allora_value version = {.type = ALLORA_V_INT};
    version.u.i = embedded_version();
    return sink->row(sink->self, &version, 1);
#endif
    (void)self;
    (void)ctx;
    (void)args;
    return sink->row(sink->self, v, 1);
}

/* The key, plain (as unit tests pass it) or as {"key":"…"}, as the gate does. */
static void key_of(allora_str args, char *ret, size_t size)
{
    static const char before[] = "{\"key\":\"";
    size_t skip = args.len > sizeof before && memcmp(args.ptr, before, sizeof before - 1) == 0
                      ? sizeof before - 1
                      : 0;
    (void)snprintf(ret, size, "%.*s", (int)(args.len - skip), args.ptr + skip);
    if (skip)
        ret[strcspn(ret, "\"")] = '\0';
}

/* fixture.config KEY: its value.  fixture.invoke OPERATION: calls it.  fixture.grants: which
 * interfaces it was given. */
static int32_t call(allora_instance *self, allora_ctx *ctx, const char *operation, allora_str args,
                    const allora_sink *sink, allora_error *err)
{
    char name[128];
    operation = strchr(operation, '.'); /* every variant has the operations under its own id */
    key_of(args, name, sizeof name);
    if (strcmp(operation, ".config") == 0) {
        allora_value v = {0};
        int32_t rc = self->config->get(ctx, name, &v, err);
        return rc ? rc : misbehave(self, ctx, args, sink, &v);
    }
    if (strcmp(operation, ".invoke") == 0)
        return self->invoke->call(ctx, name, (allora_str){"{}", 2}, sink, err);
    if (strcmp(operation, ".grants") == 0) {
        const char *ids[] = {ALLORA_CONFIG_ID,  ALLORA_INVOKE_ID, ALLORA_SCOPE_ID,
                             ALLORA_STORE_ID,   ALLORA_EXEC_ID,   ALLORA_CONSOLE_ID,
                             "allora.nothing/1"};
        for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
            allora_value v = {.type = ALLORA_V_BOOL};
            v.u.i = self->host->get_interface(self->host, ids[i]) != NULL;
            if (sink->row(sink->self, &v, 1))
                break;
        }
        return ALLORA_OK;
    }
    if (strcmp(operation, ".store") == 0) {
        allora_str got = {0};
        uint64_t version = 0;
        int32_t rc = self->store->put_if(ctx, (allora_str){"k", 1}, args, UINT64_MAX, 0, err);
        if (rc == ALLORA_OK)
            rc = self->store->get(ctx, (allora_str){"k", 1}, &got, &version, err);
        return rc ? rc : sink->event(sink->self, ALLORA_EV_RESULT, got);
    }
    return fail(err, ALLORA_E_UNSUPPORTED, "no such operation");
}

static const allora_operations_v1 operations = {.size = sizeof operations, .call = call};

static const void *get_interface(const char *id)
{
    return strcmp(id, ALLORA_OPERATIONS_ID) == 0 ? &operations : NULL;
}

#ifdef FIXTURE_DRIFT
static const char other_manifest[] = "{\"manifest\": 1, \"id\": \"somebody else\"}";
#endif

static allora_plugin plugin = {
    .size = sizeof plugin,
#ifdef FIXTURE_LIES
    .abi_minor_needed = 7,
    .abi_minor_built = 7,
#endif
    .create = create,
    .destroy = destroy,
    .get_interface = get_interface,
};

#ifndef FIXTURE_NO_ENTRY
ALLORA_EXPORT const allora_plugin *allora_plugin_v1(void)
{
#ifdef FIXTURE_NULL
    return NULL;
#endif
#ifdef FIXTURE_SHORT
    plugin.size = 16;
#endif
#ifdef FIXTURE_DRIFT
    plugin.manifest = other_manifest;
    plugin.manifest_len = sizeof other_manifest - 1;
#else
    plugin.manifest = fixture_manifest;
    plugin.manifest_len = (uint64_t)(fixture_manifest_end - fixture_manifest);
#endif
#ifdef FIXTURE_FORBIDDEN
    exit(3);
#endif
    return &plugin;
}
#else
ALLORA_EXPORT const allora_plugin *fixture_other_entry(void);
ALLORA_EXPORT const allora_plugin *fixture_other_entry(void)
{
    return &plugin;
}
#endif
