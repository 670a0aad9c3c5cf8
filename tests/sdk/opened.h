/* A plugin opened as a host does it, but against the fake host. */
#ifndef OPENED_H
#define OPENED_H
#include "sdk_test.h"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

struct opened {
    struct fake_host fake;
    allora_ctx *ctx;
    const allora_plugin *plugin;
    allora_instance *self;
    const allora_provider_v1 *provider;
    allora_error err;
};

static inline const allora_plugin *open_plugin(const char *name)
{
    char path[4096];
    const char *build = getenv("BUILD_DIR");
    const allora_plugin *(*entry)(void);
    (void)snprintf(path, sizeof path, "%s/tests/plugins/%s.so", build ? build : ".", name);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object)
        fail_msg("%s", dlerror());
    void *symbol = dlsym(object, ALLORA_ENTRY_SYMBOL);
    assert_non_null(symbol);
    memcpy(&entry, &symbol, sizeof entry);
    return entry();
}

/* Prepared, not created. */
static inline void opened_begin(struct opened *o, const char *name)
{
    *o = (struct opened){.err.size = (uint32_t)sizeof(allora_error)};
    fake_host_init(&o->fake);
    o->plugin = open_plugin(name);
    o->ctx = fake_ctx_open(&o->fake);
}

static inline void opened_create(struct opened *o)
{
    if (o->plugin->create(&o->fake.host, o->ctx, &o->self, &o->err))
        fail_msg("%s", o->err.message);
    o->provider = o->plugin->get_interface(ALLORA_PROVIDER_ID);
    assert_non_null(o->provider);
}

static inline void opened_end(struct opened *o)
{
    o->plugin->destroy(o->self);
    fake_ctx_close(o->ctx);
    assert_int_equal(o->fake.live_bytes, 0);
    assert_int_equal(o->fake.open_scopes, 0);
}

/* list() of all n columns, in a ctx of its own. */
static inline int32_t opened_list(struct opened *o, allora_list_request *req, uint32_t n_columns,
                                  struct collected *got)
{
    uint32_t wanted[256];
    const allora_sink sink = collect(got);
    req->size = (uint32_t)sizeof *req;
    for (uint32_t i = 0; i < n_columns; i++)
        wanted[i] = i;
    if (!req->wanted) {
        req->wanted = wanted;
        req->n_wanted = n_columns;
    }
    allora_ctx *ctx = fake_ctx_open(&o->fake);
    int32_t st = o->provider->list(o->self, ctx, req, &sink, &o->err);
    fake_ctx_close(ctx);
    if (req->wanted == wanted)
        req->wanted = NULL;
    return st;
}
#endif
