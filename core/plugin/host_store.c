/* allora.store/1: a plugin's own keys, in the space "plugin:ID".  A stored value is 8 bytes of
 * expiry (microseconds, little-endian; 0: never), then the plugin's bytes.  What has expired is as
 * good as gone, and goes when it is next written. */
#include "base/clock.h"
#include "base/err.h"
#include "base/value.h"
#include "plugin/host.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>

enum { VALUE_MAX = 1 << 20, KEY_MAX = 1024, EXPIRY = 8, SPACE_MAX = 96 };

struct call {
    struct store *store;
    char space[SPACE_MAX];
    allora_str key;
};

/* Keys go to the driver as C strings: one with a NUL inside would be another key there. */
static int32_t begin(allora_ctx *ctx, allora_str key, bool may_be_empty, struct call *c,
                     allora_error *err)
{
    const struct entry *e = host_caller(ctx, err);

    if (!e)
        return ALLORA_E_INTERNAL;
    if ((key.len == 0 && !may_be_empty) || key.len > KEY_MAX ||
        (key.len > 0 && memchr(key.ptr, '\0', (size_t)key.len)))
        return err_set(err, ALLORA_E_ARG, "a store key has 1 to %d bytes, none of them 0", KEY_MAX);
    if (!host_copy(ctx, key.ptr, (size_t)key.len, &c->key))
        return err_nomem(err);
    c->store = e->registry->store;
    if (!c->store)
        return err_set(err, ALLORA_E_UNSUPPORTED, "there is no store here");
    (void)snprintf(c->space, sizeof c->space, "plugin:%s", e->pub.id);
    return ALLORA_OK;
}

static int64_t expiry_of(const char *p)
{
    uint64_t us = 0;
    for (int i = EXPIRY - 1; i >= 0; i--)
        us = us << 8 | (unsigned char)p[i];
    return (int64_t)us;
}

static bool alive(const struct store_item *item)
{
    if (item->value.len < EXPIRY)
        return false;
    int64_t until = expiry_of(item->value.ptr);
    return until == 0 || until > clock_wall_us();
}

static int32_t get(allora_ctx *ctx, allora_str key, allora_str *out, uint64_t *ret_version,
                   allora_error *err)
{
    struct call c;
    struct store_item item;
    int32_t rc = begin(ctx, key, false, &c, err);

    if (rc == ALLORA_OK)
        rc = store_get(c.store, &ctx->mem, c.space, c.key.ptr, &item, err);
    if (rc)
        return rc;
    if (!alive(&item))
        return err_set(err, ALLORA_E_NOTFOUND, "no key \"%s\"", c.key.ptr);
    allora_str value;
    if (!host_copy(ctx, item.value.ptr + EXPIRY, (size_t)item.value.len - EXPIRY, &value))
        return err_nomem(err);
    *out = value;
    if (ret_version)
        *ret_version = item.version;
    return ALLORA_OK;
}

/* version 0 asks for a new key: an expired one counts as none. */
static int32_t forget_expired(struct call *c, allora_error *err)
{
    struct store_item item;
    struct arena mem;
    allora_error ignored = ERR_INIT;

    arena_init(&mem, 2 * VALUE_MAX);
    int32_t rc = store_get(c->store, &mem, c->space, c->key.ptr, &item, &ignored);
    bool gone = rc == ALLORA_OK && !alive(&item);
    arena_done(&mem);
    return gone ? store_remove(c->store, c->space, c->key.ptr, err) : ALLORA_OK;
}

static int32_t put_if(allora_ctx *ctx, allora_str key, allora_str value, uint64_t version,
                      int64_t expires_us, allora_error *err)
{
    struct call c;
    int32_t rc = begin(ctx, key, false, &c, err);

    if (rc)
        return rc;
    if (value.len > VALUE_MAX)
        return err_set(err, ALLORA_E_ARG, "a stored value has at most %d bytes", VALUE_MAX);
    char *bytes = ctx_alloc(ctx, (size_t)value.len + EXPIRY);
    if (!bytes)
        return err_nomem(err);
    for (int i = 0; i < EXPIRY; i++)
        bytes[i] = (char)((uint64_t)expires_us >> (8 * i));
    if (value.len > 0)
        memcpy(bytes + EXPIRY, value.ptr, (size_t)value.len);
    if (version == 0)
        rc = forget_expired(&c, err);
    if (rc)
        return rc;
    return store_put_if(c.store, c.space, c.key.ptr, (allora_str){bytes, value.len + EXPIRY},
                        version, NULL, err);
}

static int32_t remove_key(allora_ctx *ctx, allora_str key, allora_error *err)
{
    struct call c;
    int32_t rc = begin(ctx, key, false, &c, err);
    return rc ? rc : store_remove(c.store, c.space, c.key.ptr, err);
}

static int32_t send_item(void *self, const struct store_item *item)
{
    const allora_sink *sink = self;

    if (!alive(item))
        return ALLORA_OK;
    const allora_value cells[] = {
        val_textn(item->key.ptr, (size_t)item->key.len),
        val_textn(item->value.ptr + EXPIRY, (size_t)item->value.len - EXPIRY),
        val_int((int64_t)item->version),
    };
    return sink->row(sink->self, cells, 3);
}

static int32_t scan(allora_ctx *ctx, allora_str prefix, const allora_sink *sink, allora_error *err)
{
    struct call c;
    int32_t rc = begin(ctx, prefix, true, &c, err);

    if (rc)
        return rc;
    allora_sink copy = *sink;
    rc = store_scan(c.store, c.space, c.key.ptr, false, 0, send_item, &copy, err);
    return rc == ALLORA_STOP ? ALLORA_OK : rc;
}

const allora_store_v1 host_store = {
    .size = (uint32_t)sizeof(allora_store_v1),
    .get = get,
    .put_if = put_if,
    .remove = remove_key,
    .scan = scan,
};
