/* The bench's services. */
#include "kit/bench_private.h"

#include "base/buf.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "base/value.h"
#include "plugin/host.h"

#include <math.h>

enum { NESTED_MAX = 1 << 20 };

static int32_t none(allora_error *err, int32_t code, const char *what)
{
    return err_set(err, code, "there is no %s during a check", what);
}

/* ---- scope ---- */

static int32_t scope_open(allora_ctx *parent, allora_str credential, uint32_t timeout_ms,
                          uint32_t flags, allora_ctx **ret, allora_error *err)
{
    struct bench_ctx *c = bench_ctx_new(bench_of(parent)->bench, bench_of(parent));

    (void)credential, (void)timeout_ms, (void)flags;
    if (!c)
        return err_nomem(err);
    atomic_fetch_add(&c->bench->open_scopes, 1);
    *ret = (allora_ctx *)(void *)c;
    return ALLORA_OK;
}

static void scope_cancel(allora_ctx *ctx)
{
    (void)ctx;
}

static int32_t scope_cancel_fd(allora_ctx *ctx, int32_t *ret)
{
    (void)ctx, (void)ret;
    return ALLORA_E_UNSUPPORTED;
}

static void scope_close(allora_ctx *ctx)
{
    struct bench_ctx *c = bench_of(ctx);

    if (!c || !c->parent)
        return;
    bench_unlink(c);
    atomic_fetch_sub(&c->bench->open_scopes, 1);
    bench_ctx_free(c);
}

/* ---- config ---- */

static int32_t give_text(allora_ctx *ctx, allora_str s, bool json, allora_value *out,
                         allora_error *err)
{
    allora_str copy;

    if (!bench_copy(ctx, s, &copy))
        return err_nomem(err);
    *out = json ? val_json(copy.ptr, copy.len) : val_textn(copy.ptr, copy.len);
    return ALLORA_OK;
}

static int32_t config_get_key(allora_ctx *ctx, const char *key, allora_value *out,
                              allora_error *err)
{
    const struct bench *b = bench_of(ctx)->bench;
    const json_node *node = host_config_find(b->config, b->m, key);
    double d = json_num(node, 0);

    switch (json_typeof(node)) {
    case JSON_NONE:
        return err_set(err, ALLORA_E_NOTFOUND, "%s is not set", key);
    case JSON_STRING:
        return give_text(ctx, str_of(json_str(node, "")), false, out, err);
    case JSON_BOOL:
        *out = val_bool(json_bool(node, false));
        return ALLORA_OK;
    case JSON_NUMBER:
        *out = floor(d) == d && fabs(d) <= 9007199254740992.0 ? val_int(json_int(node, 0))
                                                              : val_real(d);
        return ALLORA_OK;
    case JSON_ARRAY:
    case JSON_OBJECT: {
        A_CLEAN(buf_done) struct buf text = BUF(NESTED_MAX);
        struct jsonw w = JSONW(&text);
        jw_node(&w, node);
        if (buf_failed(&text))
            return err_nomem(err);
        return give_text(ctx, (allora_str){text.ptr, text.len}, true, out, err);
    }
    case JSON_NULL:
    default:
        *out = val_null();
        return ALLORA_OK;
    }
}

/* ---- store: empty at first, for as long as the bench lives ---- */

struct bench_key {
    struct bench_key *next;
    const char *key, *value; /* value NULL: removed */
    uint64_t key_len, value_len, version;
};

static struct bench_key *find_key(struct bench *b, allora_str key)
{
    struct bench_key *k = b->keys;

    while (k && (k->key_len != key.len || memcmp(k->key, key.ptr, key.len) != 0))
        k = k->next;
    return k;
}

static int32_t store_get(allora_ctx *ctx, allora_str key, allora_str *out, uint64_t *ret_version,
                         allora_error *err)
{
    struct bench *b = bench_of(ctx)->bench;

    (void)pthread_mutex_lock(&b->lock);
    const struct bench_key *k = find_key(b, key);
    allora_str value = k && k->value ? (allora_str){k->value, k->value_len} : (allora_str){NULL, 0};
    uint64_t version = k ? k->version : 0;
    (void)pthread_mutex_unlock(&b->lock); /* values are never changed in place */
    if (!value.ptr)
        return err_set(err, ALLORA_E_NOTFOUND, "no such key");
    if (!bench_copy(ctx, value, out))
        return err_nomem(err);
    *ret_version = version;
    return ALLORA_OK;
}

static int32_t put_locked(struct bench *b, allora_str key, allora_str value, uint64_t version,
                          allora_error *err)
{
    struct bench_key *k = find_key(b, key);
    bool there = k && k->value;

    if (version != UINT64_MAX && (there ? k->version != version : version != 0))
        return err_set(err, ALLORA_E_CONFLICT, "the key was changed meanwhile");
    if (!k) {
        k = arena_array(&b->kept, 1, sizeof *k);
        char *copy = k ? arena_strndup(&b->kept, key.ptr, key.len) : NULL;
        if (!copy)
            return err_nomem(err);
        *k = (struct bench_key){.next = b->keys, .key = copy, .key_len = key.len};
        b->keys = k;
    }
    char *copy = arena_strndup(&b->kept, value.len ? value.ptr : "", value.len);
    if (!copy)
        return err_nomem(err);
    k->value = copy;
    k->value_len = value.len;
    k->version++;
    return ALLORA_OK;
}

static int32_t store_put(allora_ctx *ctx, allora_str key, allora_str value, uint64_t version,
                         int64_t expires_us, allora_error *err)
{
    struct bench *b = bench_of(ctx)->bench;

    (void)expires_us;
    if (value.len > (1u << 20))
        return err_set(err, ALLORA_E_ARG, "values go up to 1 MiB");
    (void)pthread_mutex_lock(&b->lock);
    int32_t rc = put_locked(b, key, value, version, err);
    (void)pthread_mutex_unlock(&b->lock);
    return rc;
}

static int32_t store_remove(allora_ctx *ctx, allora_str key, allora_error *err)
{
    struct bench *b = bench_of(ctx)->bench;

    (void)err;
    (void)pthread_mutex_lock(&b->lock);
    struct bench_key *k = find_key(b, key);
    if (k)
        k->value = NULL;
    (void)pthread_mutex_unlock(&b->lock);
    return ALLORA_OK;
}

static int32_t store_scan(allora_ctx *ctx, allora_str prefix, const allora_sink *sink,
                          allora_error *err)
{
    struct bench *b = bench_of(ctx)->bench;

    (void)err;
    (void)pthread_mutex_lock(&b->lock);
    const struct bench_key *k = b->keys;
    (void)pthread_mutex_unlock(&b->lock); /* the list only grows at its head */
    for (; k; k = k->next) {
        if (!k->value || k->key_len < prefix.len || memcmp(k->key, prefix.ptr, prefix.len) != 0)
            continue;
        const allora_value row[] = {val_textn(k->key, k->key_len),
                                    val_textn(k->value, k->value_len),
                                    val_int((int64_t)k->version)};
        int32_t rc = sink->row(sink->self, row, 3);
        if (rc)
            return rc == ALLORA_STOP ? ALLORA_OK : rc;
    }
    return ALLORA_OK;
}

/* ---- what there is none of ---- */

static int32_t secret_get(allora_ctx *ctx, const char *name, allora_str *out, allora_error *err)
{
    (void)out;
    atomic_fetch_add(&bench_of(ctx)->bench->secrets, 1);
    return err_set(err, ALLORA_E_NOTFOUND, "there is no secret %s during a check", name);
}

static int32_t secret_put(allora_ctx *ctx, const char *name, allora_str value, int64_t expires_us,
                          allora_error *err)
{
    (void)ctx, (void)name, (void)value, (void)expires_us, (void)err;
    return ALLORA_OK;
}

static int32_t secret_lock(allora_ctx *ctx, const char *name, allora_error *err)
{
    (void)ctx, (void)name, (void)err;
    return ALLORA_OK;
}

static void secret_unlock(allora_ctx *ctx, const char *name)
{
    (void)ctx, (void)name;
}

static int32_t http_send(allora_ctx *ctx, const allora_http_request *req, allora_http_response *ret,
                         allora_error *err)
{
    (void)req, (void)ret;
    atomic_fetch_add(&bench_of(ctx)->bench->sends, 1);
    return none(err, ALLORA_E_NETWORK, "network");
}

static int32_t http_backoff(allora_ctx *ctx, const char *bucket, int32_t kind, uint32_t attempt,
                            uint32_t retry_after_ms, allora_error *err)
{
    (void)ctx, (void)bucket, (void)kind, (void)retry_after_ms;
    return attempt > 3 ? err_set(err, ALLORA_E_NETWORK, "given up") : ALLORA_OK;
}

static int32_t invoke_call(allora_ctx *ctx, const char *operation, allora_str args,
                           const allora_sink *sink, allora_error *err)
{
    (void)args, (void)sink;
    atomic_fetch_add(&bench_of(ctx)->bench->invokes, 1);
    return err_set(err, ALLORA_E_NOTFOUND, "there is no operation %s during a check", operation);
}

static int32_t invoke_catalogue(allora_ctx *ctx, allora_str glob, const allora_sink *sink,
                                allora_error *err)
{
    (void)glob, (void)sink, (void)err;
    atomic_fetch_add(&bench_of(ctx)->bench->invokes, 1);
    return ALLORA_OK;
}

static int32_t publish(allora_ctx *ctx, const char *topic, allora_str json, allora_error *err)
{
    (void)ctx, (void)topic, (void)json, (void)err;
    return ALLORA_OK;
}

static int32_t follow(allora_ctx *ctx, const char *glob, uint64_t after, const allora_sink *sink,
                      allora_error *err)
{
    (void)ctx, (void)glob, (void)after, (void)sink;
    return err_set(err, ALLORA_E_CANCELLED, "nothing is published during a check");
}

static int32_t console_info(allora_ctx *ctx, allora_console_info *info)
{
    (void)ctx;
    info->flags = 0;
    info->columns = 80;
    info->rows = 24;
    return ALLORA_OK;
}

static int32_t read_line(allora_ctx *ctx, allora_str prompt, const char *history,
                         const char *complete, allora_str *out, allora_error *err)
{
    (void)prompt, (void)history, (void)complete, (void)out, (void)err;
    atomic_fetch_add(&bench_of(ctx)->bench->consoles, 1);
    return ALLORA_STOP; /* end of input */
}

static int32_t read_secret(allora_ctx *ctx, allora_str prompt, allora_str *out, allora_error *err)
{
    return read_line(ctx, prompt, NULL, NULL, out, err);
}

static int32_t read_input(allora_ctx *ctx, uint64_t limit, allora_str *out, allora_error *err)
{
    (void)ctx, (void)limit, (void)err;
    *out = (allora_str){"", 0};
    return ALLORA_OK;
}

static int32_t console_open(allora_ctx *ctx, int32_t fds[3], allora_error *err)
{
    (void)fds;
    atomic_fetch_add(&bench_of(ctx)->bench->consoles, 1);
    return none(err, ALLORA_E_UNSUPPORTED, "terminal");
}

static void console_close(allora_ctx *ctx)
{
    (void)ctx;
}

static int32_t listen_open(allora_ctx *ctx, const char *address, int32_t *ret_fd, allora_error *err)
{
    (void)ctx, (void)address, (void)ret_fd;
    return none(err, ALLORA_E_UNSUPPORTED, "listening");
}

static int32_t exec_run(allora_ctx *ctx, const char *const *argv, allora_str input,
                        const allora_byte_sink *out, int32_t *ret_status, allora_error *err)
{
    (void)argv, (void)input, (void)out, (void)ret_status;
    atomic_fetch_add(&bench_of(ctx)->bench->programs, 1);
    return none(err, ALLORA_E_UNSUPPORTED, "running of programs");
}

static int32_t exec_spawn(allora_ctx *ctx, const char *const *argv, const allora_pair *env,
                          uint32_t n_env, int32_t ret_fds[3], int64_t *ret_id, allora_error *err)
{
    (void)argv, (void)env, (void)n_env, (void)ret_fds, (void)ret_id;
    atomic_fetch_add(&bench_of(ctx)->bench->programs, 1);
    return none(err, ALLORA_E_UNSUPPORTED, "running of programs");
}

static int32_t exec_stop(allora_ctx *ctx, int64_t id, int32_t *ret_status, allora_error *err)
{
    (void)ctx, (void)id, (void)ret_status;
    return none(err, ALLORA_E_NOTFOUND, "such program");
}

static int32_t audit_record(allora_ctx *ctx, allora_str action, allora_str target,
                            allora_str detail)
{
    (void)ctx, (void)action, (void)target, (void)detail;
    return ALLORA_OK;
}

static void metric(allora_ctx *ctx, const char *name, double v, const allora_pair *labels,
                   uint32_t n)
{
    (void)ctx, (void)name, (void)v, (void)labels, (void)n;
}

#define SIZE(T) .size = (uint32_t)sizeof(T)
static const allora_scope_v1 scope = {SIZE(allora_scope_v1), .open = scope_open,
                                      .cancel = scope_cancel, .cancel_fd = scope_cancel_fd,
                                      .close = scope_close};
static const allora_config_v1 config = {SIZE(allora_config_v1), .get = config_get_key};
static const allora_secrets_v1 secrets = {SIZE(allora_secrets_v1), .get = secret_get,
                                          .put = secret_put, .lock = secret_lock,
                                          .unlock = secret_unlock};
static const allora_http_v1 http = {SIZE(allora_http_v1), .send = http_send,
                                    .backoff = http_backoff};
static const allora_invoke_v1 invoke = {SIZE(allora_invoke_v1), .call = invoke_call,
                                        .catalogue = invoke_catalogue};
static const allora_store_v1 store = {SIZE(allora_store_v1), .get = store_get, .put_if = store_put,
                                      .remove = store_remove, .scan = store_scan};
static const allora_events_v1 events = {SIZE(allora_events_v1), .publish = publish,
                                        .follow = follow};
static const allora_console_v1 console = {SIZE(allora_console_v1),  .info = console_info,
                                          .read_line = read_line,   .read_secret = read_secret,
                                          .read_input = read_input, .open = console_open,
                                          .close = console_close};
static const allora_listen_v1 listener = {SIZE(allora_listen_v1), .open = listen_open};
static const allora_exec_v1 programs = {SIZE(allora_exec_v1), .run = exec_run, .spawn = exec_spawn,
                                        .stop = exec_stop};
static const allora_audit_v1 audit = {SIZE(allora_audit_v1), .record = audit_record};
static const allora_metrics_v1 metrics = {SIZE(allora_metrics_v1), .count = metric, .gauge = metric,
                                          .observe = metric};

const void *bench_interface(const allora_host *host, const char *id)
{
    static const struct {
        const char *id;
        const void *table;
    } all[] = {
        {ALLORA_SCOPE_ID, &scope},   {ALLORA_CONFIG_ID, &config},   {ALLORA_SECRETS_ID, &secrets},
        {ALLORA_HTTP_ID, &http},     {ALLORA_INVOKE_ID, &invoke},   {ALLORA_STORE_ID, &store},
        {ALLORA_EVENTS_ID, &events}, {ALLORA_CONSOLE_ID, &console}, {ALLORA_LISTEN_ID, &listener},
        {ALLORA_EXEC_ID, &programs}, {ALLORA_AUDIT_ID, &audit},     {ALLORA_METRICS_ID, &metrics}};

    (void)host;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (streq(all[i].id, id))
            return all[i].table;
    return NULL;
}
