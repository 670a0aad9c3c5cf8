/* The root object's work: fetching services in create(), answering interface ids, and sending
 * list(), call(), plan(), apply(), turn() and run() to the author's functions.  The tables of
 * function pointers are shared by all plugins' copies of this file; which plugin is meant stands at
 * the start of the instance. */
#include "sdk_internal.h"
#include <stdlib.h>
#include <string.h>

static int32_t provider_list(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                             const allora_sink *sink, allora_error *err)
{
    for (const sdk_table *t = sdk_of(self)->plugin->tables; t->name; t++)
        if (strcmp(t->name, req->table) == 0)
            return t->list(self, ctx, req, sink, err);
    return sdk_fail(err, ALLORA_E_UNSUPPORTED, "plugin %s has no table %s",
                    sdk_of(self)->plugin->id, req->table);
}

static int32_t provider_partitions(allora_instance *self, allora_ctx *ctx, const char *table,
                                   const allora_sink *sink, allora_error *err)
{
    for (const sdk_table *t = sdk_of(self)->plugin->tables; t->name; t++)
        if (strcmp(t->name, table) == 0 && t->partitions)
            return t->partitions(self, ctx, table, sink, err);
    return sdk_fail(err, ALLORA_E_UNSUPPORTED, "plugin %s has no partitions of %s",
                    sdk_of(self)->plugin->id, table);
}

static const allora_provider_v1 provider = {
    .size = (uint32_t)sizeof(allora_provider_v1),
    .partitions = provider_partitions,
    .list = provider_list,
};

static const sdk_operation *find_operation(const allora_instance *self, const char *name)
{
    const sdk_operation *o = sdk_of(self)->plugin->operations;
    while (o->name && strcmp(o->name, name) != 0)
        o++;
    return o->name ? o : NULL;
}

static int32_t no_operation(const allora_instance *self, const char *verb, const char *name,
                            allora_error *err)
{
    return sdk_fail(err, ALLORA_E_UNSUPPORTED, "plugin %s cannot %s %s", sdk_of(self)->plugin->id,
                    verb, name);
}

static int32_t operations_call(allora_instance *self, allora_ctx *ctx, const char *operation,
                               allora_str args_json, const allora_sink *sink, allora_error *err)
{
    const sdk_operation *o = find_operation(self, operation);
    if (!o || !o->call)
        return no_operation(self, "call", operation, err);
    return o->call(self, ctx, operation, args_json, sink, err);
}

static int32_t operations_plan(allora_instance *self, allora_ctx *ctx, const char *operation,
                               allora_str args_json, allora_plan *plan, allora_error *err)
{
    const sdk_operation *o = find_operation(self, operation);
    if (!o || !o->plan)
        return no_operation(self, "plan", operation, err);
    return o->plan(self, ctx, operation, args_json, plan, err);
}

static int32_t operations_apply(allora_instance *self, allora_ctx *ctx, const char *operation,
                                allora_str document, const char *idempotency_key,
                                allora_str checkpoint_json, const allora_sink *sink,
                                allora_error *err)
{
    const sdk_operation *o = find_operation(self, operation);
    if (!o || !o->apply)
        return no_operation(self, "apply", operation, err);
    return o->apply(self, ctx, operation, document, idempotency_key, checkpoint_json, sink, err);
}

static const allora_operations_v1 operations = {
    .size = (uint32_t)sizeof(allora_operations_v1),
    .call = operations_call,
    .plan = operations_plan,
    .apply = operations_apply,
};

static int32_t agent_turn(allora_instance *self, allora_ctx *ctx, const allora_turn_request *req,
                          const allora_sink *sink, allora_error *err)
{
    return sdk_of(self)->plugin->turn(self, ctx, req, sink, err);
}

static const allora_agent_v1 agent = {
    .size = (uint32_t)sizeof(allora_agent_v1),
    .turn = agent_turn,
};

static int32_t face_run(allora_instance *self, allora_ctx *ctx, const allora_invocation *what,
                        const allora_sink *sink, int32_t *ret_exit_code, allora_error *err)
{
    return sdk_of(self)->plugin->run(self, ctx, what, sink, ret_exit_code, err);
}

static const allora_face_v1 face = {
    .size = (uint32_t)sizeof(allora_face_v1),
    .run = face_run,
};

const void *sdk_plugin_interface(const sdk_plugin *p, const char *id)
{
    if (p->tables && strcmp(id, ALLORA_PROVIDER_ID) == 0)
        return &provider;
    if (p->operations && strcmp(id, ALLORA_OPERATIONS_ID) == 0)
        return &operations;
    if (p->turn && strcmp(id, ALLORA_AGENT_ID) == 0)
        return &agent;
    if (p->run && strcmp(id, ALLORA_FACE_ID) == 0)
        return &face;
    return NULL;
}

/* Interfaces by the manifest key that asks for them.  `needed`: what the plugin asked for and can't
 * have is a reason not to start, rather than to fail in the middle of its work; the others are
 * checked where they are used. */
static const struct service {
    const char *permission, *id;
    size_t offset;
    bool needed;
} services[] = {
    {NULL, ALLORA_SCOPE_ID, offsetof(sdk_instance, scope), false},
    {"config", ALLORA_CONFIG_ID, offsetof(sdk_instance, config), false},
    {"secrets", ALLORA_SECRETS_ID, offsetof(sdk_instance, secrets), true},
    {"http", ALLORA_HTTP_ID, offsetof(sdk_instance, http), true},
    {"invoke", ALLORA_INVOKE_ID, offsetof(sdk_instance, invoke), true},
    {"store", ALLORA_STORE_ID, offsetof(sdk_instance, store), true},
    {"events", ALLORA_EVENTS_ID, offsetof(sdk_instance, events), false},
    {"console", ALLORA_CONSOLE_ID, offsetof(sdk_instance, console), false},
    {"listen", ALLORA_LISTEN_ID, offsetof(sdk_instance, listen), true},
    {"exec", ALLORA_EXEC_ID, offsetof(sdk_instance, exec), true},
    {"audit", ALLORA_AUDIT_ID, offsetof(sdk_instance, audit), false},
    {"metrics", ALLORA_METRICS_ID, offsetof(sdk_instance, metrics), false},
};

static int32_t fetch_services(sdk_instance *base, allora_ctx *ctx, allora_error *err)
{
    const allora_str manifest = {
        allora_manifest_begin,
        (uint64_t)((uintptr_t)allora_manifest_end - (uintptr_t)allora_manifest_begin)};
    const sdk_json *permissions = NULL;
    int32_t st = sdk_json_member_of(base->host, ctx, manifest, "permissions", &permissions, err);
    if (st)
        return st;
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        const struct service *s = &services[i];
        const sdk_json *asked = s->permission ? sdk_member(permissions, s->permission) : NULL;
        if (s->permission && (!asked || (asked->type == SDK_BOOL && !asked->u.i)))
            continue;
        const void *found = base->host->get_interface(base->host, s->id);
        if (!found && s->needed)
            return sdk_fail(err, ALLORA_E_UNSUPPORTED,
                            "plugin %s needs %s, which %s %s does not offer to it",
                            base->plugin->id, s->id, base->host->name, base->host->version);
        memcpy((char *)base + s->offset, &found, sizeof found);
    }
    return ALLORA_OK;
}

int32_t sdk_plugin_create(const sdk_plugin *p, const allora_host *host, allora_ctx *ctx,
                          allora_instance **out, allora_error *err)
{
    size_t size = p->instance_size ? p->instance_size : sizeof(sdk_instance);
    if (size < sizeof(sdk_instance))
        return sdk_fail(err, ALLORA_E_INTERNAL,
                        "struct allora_instance must start with an sdk_instance");
    sdk_instance *base = calloc(1, size);
    if (!base)
        return sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
    base->plugin = p;
    base->host = host;
    int32_t st = fetch_services(base, ctx, err);
    if (st == ALLORA_E_UNSUPPORTED)
        sdk_hint(err, "grant what the plugin's manifest asks for, or use a newer allora");
    if (!st && p->open)
        st = p->open((allora_instance *)base, ctx, err);
    if (st) {
        free(base);
        return st;
    }
    *out = (allora_instance *)base;
    return ALLORA_OK;
}

void sdk_plugin_destroy(allora_instance *self)
{
    if (!self)
        return;
    const sdk_plugin *p = sdk_of(self)->plugin;
    if (p->close)
        p->close(self);
    free(self);
}
