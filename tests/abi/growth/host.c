/* host.c, compiled twice as the plugin is: meets the plugin of its own minor and that of the other.
 * Every struct it hands over is as big as its own header says and no bigger, so that a sanitizer
 * sees a read beyond it. growth_host PLUGIN.so MINOR_OF_THE_PLUGIN */
#include <allora/plugin.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct allora_ctx { /* one arena of one piece */
    void *piece;
};
static int64_t seen[3];

static const void *get_interface(const allora_host *host, const char *id)
{
    (void)host, (void)id;
    return NULL;
}

static void *alloc(allora_ctx *ctx, uint64_t size)
{
    free(ctx->piece);
    ctx->piece = malloc(size);
    return ctx->piece;
}

static int32_t cancelled(allora_ctx *ctx)
{
    (void)ctx;
    return ALLORA_OK;
}

#if ALLORA_ABI_MINOR >= 1
static int64_t answer(allora_ctx *ctx)
{
    (void)ctx;
    return 42;
}
#endif

static int32_t begin(void *self, const allora_column *const *columns, uint32_t n)
{
    (void)self, (void)columns, (void)n;
    return ALLORA_OK;
}

static int32_t row(void *self, const allora_value *cells, uint32_t n)
{
    (void)self;
    for (uint32_t i = 0; i < n && i < 3; i++)
        seen[i] = cells[i].u.i;
    return ALLORA_OK;
}

static int32_t event(void *self, int32_t kind, allora_str payload)
{
    (void)self, (void)kind, (void)payload;
    return ALLORA_OK;
}

static const allora_plugin *load(const char *path)
{
    const allora_plugin *(*entry)(void);
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = object ? dlsym(object, ALLORA_ENTRY_SYMBOL) : NULL;
    if (!symbol)
        return NULL;
    memcpy(&entry, &symbol, sizeof entry);
    return entry();
}

static int list_once(const allora_plugin *p, const allora_host *host)
{
    static const uint32_t wanted[] = {0, 1, 2};
    const allora_sink sink = {NULL, begin, row, event};
    allora_ctx ctx = {NULL};
    allora_error err = {.size = (uint32_t)sizeof err};
    allora_instance *self = NULL;
    allora_list_request *req = calloc(1, sizeof *req); /* exact: reading on is a finding */
    if (!req || p->create(host, &ctx, &self, &err)) {
        free(req);
        return 1;
    }
    req->size = (uint32_t)sizeof *req;
    req->table = "growth_seen";
    req->wanted = wanted;
    req->n_wanted = 3;
#if ALLORA_ABI_MINOR >= 1
    req->sample = 7;
#endif
    const allora_provider_v1 *provider = p->get_interface(ALLORA_PROVIDER_ID);
    int32_t st = provider ? provider->list(self, &ctx, req, &sink, &err) : ALLORA_E_ABI;
#if ALLORA_ABI_MINOR >= 1
    /* a slot that a plugin of minor 0 hasn't, and that one of minor 1 leaves empty */
    if (provider && ALLORA_CAN(allora_provider_v1, provider, count))
        st = ALLORA_E_ABI;
#endif
    p->destroy(self);
    free(ctx.piece);
    free(req);
    return st != ALLORA_OK;
}

int main(int argc, char **argv)
{
    const allora_plugin *p = argc == 3 ? load(argv[1]) : NULL;
    int64_t minor = argc == 3 ? strtoll(argv[2], NULL, 10) : 0;
    allora_host *host = calloc(1, sizeof *host);
    if (!p || !host || p->abi_minor_built != (uint32_t)minor ||
        p->abi_minor_needed > ALLORA_ABI_MINOR)
        return 1;
    *host = (allora_host){.size = (uint32_t)sizeof *host,
                          .abi_minor = ALLORA_ABI_MINOR,
                          .name = "growth",
                          .version = "0",
                          .get_interface = get_interface,
                          .alloc = alloc,
                          .cancelled = cancelled};
#if ALLORA_ABI_MINOR >= 1
    host->answer = answer;
#endif
    int failed = list_once(p, host);
    free(host);
    int64_t both_new = minor >= 1 && ALLORA_ABI_MINOR >= 1;
    if (failed || seen[0] != minor || seen[1] != (both_new ? 7 : -1) ||
        seen[2] != (both_new ? 42 : -1)) {
        (void)fprintf(stderr, "host 1.%u, plugin 1.%d: saw %d, %d, %d\n", ALLORA_ABI_MINOR,
                      (int)minor, (int)seen[0], (int)seen[1], (int)seen[2]);
        return 1;
    }
    return 0;
}
