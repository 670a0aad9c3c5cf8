/* Breaks the rules of plugin.h, each on demand: what the operation is told to break stands in its
 * arguments.  The debug host must find every one and name it (tests/unit/test_guard.c).  Nothing
 * here may crash without the debug host either. */
#include <allora/sdk.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

struct allora_instance {
    const allora_host *host;
    const allora_scope_v1 *scope;
    const allora_console_v1 *console;
    allora_ctx *kept_ctx;
    allora_sink kept_sink;
};
static struct allora_instance the_one;
static atomic_bool wait_on;

struct job {
    allora_ctx *ctx;
    const allora_sink *sink;
};

static allora_value number(int64_t i)
{
    return (allora_value){.type = ALLORA_V_INT, .u.i = i};
}

static void *use_ctx(void *arg)
{
    (void)the_one.host->now_us(((struct job *)arg)->ctx);
    return NULL;
}

static void *use_sink(void *arg)
{
    const allora_sink *sink = ((struct job *)arg)->sink;
    const allora_value v = number(1);
    (void)sink->row(sink->self, &v, 1);
    return NULL;
}

static void *linger(void *arg)
{
    (void)arg;
    while (atomic_load(&wait_on))
        (void)usleep(1000);
    return NULL;
}

static void in_thread(void *(*fn)(void *), struct job *job)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, fn, job) == 0)
        (void)pthread_join(thread, NULL);
}

static int32_t send_value(const allora_sink *sink, allora_value v)
{
    return sink->row(sink->self, &v, 1);
}

static int32_t send_document(const allora_sink *sink, int32_t kind, const char *p, uint64_t n)
{
    return sink->event(sink->self, kind, (allora_str){p, n});
}

static allora_value text(const char *p, uint32_t n)
{
    return (allora_value){.type = ALLORA_V_TEXT, .len = n, .u.p = p};
}

/* Bad rows and events. */
static bool break_data(const char *rule, const allora_sink *sink)
{
    allora_value v = number(1);
    if (!strcmp(rule, "null-argument"))
        (void)send_document(sink, ALLORA_EV_RESULT, NULL, 5);
    else if (!strcmp(rule, "text-utf8"))
        (void)send_value(sink, text("\xff", 1));
    else if (!strcmp(rule, "text-json"))
        (void)send_document(sink, ALLORA_EV_RESULT, "{", 1);
    else if (!strcmp(rule, "text-nul"))
        (void)send_document(sink, ALLORA_EV_RESULT, "{}\0", 3);
    else if (!strcmp(rule, "event-kind"))
        (void)send_document(sink, 99, "{}", 2);
    else if (!strcmp(rule, "value-type"))
        (void)send_value(sink, (allora_value){.type = ALLORA_V_LIST});
    else if (!strcmp(rule, "value-flags")) {
        v.flags = 0x80;
        (void)send_value(sink, v);
    } else if (!strcmp(rule, "value-bool"))
        (void)send_value(sink, (allora_value){.type = ALLORA_V_BOOL, .u.i = 7});
    else if (!strcmp(rule, "row-width")) {
        const allora_column c = {.size = sizeof c, .type = ALLORA_V_INT, .name = "n"};
        const allora_column *const columns[] = {&c, &c};
        (void)sink->begin(sink->self, columns, 2);
        (void)sink->row(sink->self, &v, 1);
    } else if (!strcmp(rule, "row-after-stop")) {
        for (int i = 0; i < 10; i++)
            (void)send_value(sink, v);
    } else
        return false;
    return true;
}

/* What is used by the wrong thread, or too late. */
static bool break_lives(const char *rule, allora_instance *self, allora_ctx *ctx,
                        const allora_sink *sink)
{
    struct job job = {ctx, sink};
    allora_error err = {.size = sizeof err};
    if (!strcmp(rule, "ctx-thread"))
        in_thread(use_ctx, &job);
    else if (!strcmp(rule, "sink-thread"))
        in_thread(use_sink, &job);
    else if (!strcmp(rule, "private-thread")) {
        if (self->scope->open(ctx, (allora_str){0}, 0, 0, &job.ctx, &err) == ALLORA_OK) {
            in_thread(use_ctx, &job);
            self->scope->close(job.ctx);
        }
    } else if (!strcmp(rule, "thread-left")) {
        pthread_t thread;
        atomic_store(&wait_on, true);
        if (pthread_create(&thread, NULL, linger, NULL) == 0)
            (void)pthread_detach(thread);
    } else if (!strcmp(rule, "thread-end"))
        atomic_store(&wait_on, false);
    else if (!strcmp(rule, "keep")) {
        self->kept_ctx = ctx;
        self->kept_sink = *sink;
    } else if (!strcmp(rule, "ctx-dead"))
        (void)self->host->now_us(self->kept_ctx);
    else if (!strcmp(rule, "sink-after-call"))
        (void)send_value(&self->kept_sink, number(1));
    else if (!strcmp(rule, "arena-beyond")) {
        volatile char *p = self->host->alloc(ctx, 8);
        if (p)
            p[8] = 1;
    } else if (!strcmp(rule, "struct-size")) {
        allora_console_info info = {.size = 0};
        (void)self->console->info(ctx, &info);
    } else
        return false;
    return true;
}

static int32_t break_status(const char *rule, const allora_sink *sink, allora_error *err)
{
    if (!strcmp(rule, "status"))
        return 57;
    if (!strcmp(rule, "sink-failure"))
        return send_value(sink, number(1)) < 0 ? ALLORA_OK : ALLORA_E_REMOTE;
    if (!strcmp(rule, "error-code")) {
        err->code = ALLORA_E_NETWORK;
        (void)strncpy(err->message, "the wire is cut", sizeof err->message - 1);
        return ALLORA_E_REMOTE;
    }
    if (!strcmp(rule, "error-text")) {
        err->code = ALLORA_E_REMOTE;
        (void)strncpy(err->message, "two\nlines", sizeof err->message - 1);
        return ALLORA_E_REMOTE;
    }
    return ALLORA_OK;
}

static void rule_of(char ret[64], allora_str args)
{
    const char *at = args.ptr, *end = args.ptr + args.len;
    size_t n = 0;
    while (at < end && *at != ':')
        at++;
    while (at < end && *at != '"')
        at++;
    for (at++; at < end && *at != '"' && n < 63; at++)
        ret[n++] = *at;
    ret[n] = '\0';
}

static int32_t call(allora_instance *self, allora_ctx *ctx, const char *operation, allora_str args,
                    const allora_sink *sink, allora_error *err)
{
    char rule[64];
    (void)operation;
    rule_of(rule, args);
    if (break_data(rule, sink) || break_lives(rule, self, ctx, sink))
        return ALLORA_OK;
    return break_status(rule, sink, err);
}

static int32_t plan(allora_instance *self, allora_ctx *ctx, const char *operation, allora_str args,
                    allora_plan *ret, allora_error *err)
{
    char rule[64];
    (void)self, (void)ctx, (void)operation, (void)err;
    rule_of(rule, args);
    if (!strcmp(rule, "out-unset"))
        return ALLORA_OK;
    ret->effect = ALLORA_EFFECT_WRITE;
    ret->steps_json = ret->document = (allora_str){"[]", 2};
    ret->inverse_json = ret->price_json = (allora_str){"", 0};
    if (!strcmp(rule, "out-on-failure"))
        return ALLORA_E_REMOTE;
    if (!strcmp(rule, "out-size"))
        ret->size = 8;
    if (!strcmp(rule, "out-beyond"))
        ((volatile char *)ret)[sizeof *ret] = 1;
    return ALLORA_OK;
}

static int32_t list(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                    const allora_sink *sink, allora_error *err)
{
    const allora_column c = {.size = sizeof c, .type = ALLORA_V_INT, .name = "n"};
    const allora_column *const columns[] = {&c};
    (void)self, (void)ctx, (void)req, (void)err;
    (void)sink->begin(sink->self, columns, 1);
    return send_value(sink, number(1)) < 0 ? ALLORA_E_INTERNAL : ALLORA_OK;
}

static int32_t create(const allora_host *host, allora_ctx *ctx, allora_instance **out,
                      allora_error *err)
{
    (void)ctx, (void)err;
    the_one.host = host;
    the_one.scope = host->get_interface(host, ALLORA_SCOPE_ID);
    the_one.console = host->get_interface(host, ALLORA_CONSOLE_ID);
    *out = &the_one;
    return ALLORA_OK;
}

static void destroy(allora_instance *self)
{
    (void)self;
}

static const allora_operations_v1 operations = {
    .size = sizeof operations, .call = call, .plan = plan};
static const allora_provider_v1 provider = {.size = sizeof provider, .list = list};

static const void *get_interface(const char *id)
{
    if (strcmp(id, ALLORA_OPERATIONS_ID) == 0)
        return &operations;
    return strcmp(id, ALLORA_PROVIDER_ID) == 0 ? &provider : NULL;
}

ALLORA_EXPORT const allora_plugin *allora_plugin_v1(void)
{
    static allora_plugin root = {
        .size = sizeof root,
        .abi_minor_built = ALLORA_ABI_MINOR,
        .manifest = allora_manifest_begin,
        .create = create,
        .destroy = destroy,
        .get_interface = get_interface,
    };
    root.manifest_len =
        (uint64_t)((uintptr_t)allora_manifest_end - (uintptr_t)allora_manifest_begin);
    return &root;
}
