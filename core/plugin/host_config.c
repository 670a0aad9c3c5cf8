/* allora.config/1: a plugin's own subtree of the configuration, with the defaults of its manifest's
 * schema. */
#include "base/err.h"
#include "base/jsonw.h"
#include "base/map.h"
#include "base/str.h"
#include "base/value.h"
#include "config/config.h"
#include "plugin/host.h"

#include <math.h>
#include <stdio.h>

enum { KEY_MAX = 320, NESTED_MAX = 1 << 20, DEPTH_MAX = 16 };

/* The schema's default for a dotted key, or NULL. */
static const json_node *schema_default(const json_node *schema, const char *dotted)
{
    char part[KEY_MAX];

    for (const char *p = dotted; schema && *p;) {
        size_t n = strcspn(p, ".");
        if (n >= sizeof part)
            return NULL;
        memcpy(part, p, n);
        part[n] = '\0';
        schema = json_get(json_get(schema, "properties"), part);
        p += n + (p[n] == '.');
    }
    return json_get(schema, "default");
}

static const json_node *look(const struct config *config, const char *root, const char *name,
                             const char *key)
{
    char full[KEY_MAX];
    int n = snprintf(full, sizeof full, "%s.%s.%s", root, name, key);

    if (!config || n < 0 || (size_t)n >= sizeof full)
        return NULL;
    return config_get(config, full);
}

/* providers.NAME for a provider, agents.NAME for an agent, commands.ID for everybody. */
const json_node *host_config_find(const struct config *config, const struct manifest *m,
                                  const char *key)
{
    const json_node *found = m->provider ? look(config, "providers", m->provider, key) : NULL;

    for (uint32_t i = 0; !found && i < m->n_agents; i++)
        found = look(config, "agents", m->agents[i].name, key);
    if (!found)
        found = look(config, "commands", m->id, key);
    return found ? found : schema_default(m->config, key);
}

static int32_t give_text(allora_ctx *ctx, const char *p, size_t n, bool json, allora_value *out,
                         allora_error *err)
{
    allora_str copy;

    if (!host_copy(ctx, p, n, &copy))
        return err_nomem(err);
    *out = json ? val_json(copy.ptr, copy.len) : val_textn(copy.ptr, copy.len);
    return ALLORA_OK;
}

static int32_t give_nested(allora_ctx *ctx, const json_node *node, allora_value *out,
                           allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(NESTED_MAX);
    struct jsonw w = JSONW(&b);

    jw_node(&w, node);
    if (buf_failed(&b))
        return err_nomem(err);
    return give_text(ctx, b.ptr, b.len, true, out, err);
}

static int32_t give(allora_ctx *ctx, const json_node *node, allora_value *out, allora_error *err)
{
    double d = json_num(node, 0);

    switch (json_typeof(node)) {
    case JSON_STRING: {
        const char *s = json_str(node, "");
        return give_text(ctx, s, strlen(s), false, out, err);
    }
    case JSON_BOOL:
        *out = val_bool(json_bool(node, false));
        return ALLORA_OK;
    case JSON_NUMBER:
        *out = floor(d) == d && fabs(d) <= 9007199254740992.0 ? val_int(json_int(node, 0))
                                                              : val_real(d);
        return ALLORA_OK;
    case JSON_ARRAY:
    case JSON_OBJECT:
        return give_nested(ctx, node, out, err);
    case JSON_NONE:
    case JSON_NULL:
    default:
        *out = val_null();
        return ALLORA_OK;
    }
}

/* ---- secrets ---- */

static bool has_secret(const json_node *schema, unsigned depth)
{
    if (json_get_bool(schema, "secret", false))
        return true;
    json_foreach (item, depth < DEPTH_MAX ? json_get(schema, "properties") : NULL) {
        if (has_secret(item, depth + 1))
            return true;
    }
    static const char *const within[] = {"items", "additionalProperties"};
    for (size_t i = 0; i < 2 && depth < DEPTH_MAX; i++) {
        if (json_typeof(json_get(schema, within[i])) == JSON_OBJECT &&
            has_secret(json_get(schema, within[i]), depth + 1))
            return true;
    }
    return false;
}

/* One secret: what its reference refers to goes into the call's own memory, which is wiped, and
 * nowhere else. */
static int32_t give_secret(allora_ctx *ctx, const char *key, const json_node *node,
                           allora_value *out, allora_error *err)
{
    allora_str secret;
    int32_t rc = config_secret(json_str(node, ""), &ctx->mem, &secret, err);

    if (rc) {
        err_prefix(err, "%s: ", key);
        return rc;
    }
    *out = val_textn(secret.ptr, secret.len);
    out->flags |= ALLORA_VF_SENSITIVE;
    return ALLORA_OK;
}

static int32_t get(allora_ctx *ctx, const char *key, allora_value *out, allora_error *err)
{
    const struct entry *e = host_caller(ctx, err);

    if (!e)
        return ALLORA_E_INTERNAL;
    const json_node *node = host_config_find(e->registry->config, e->manifest, key);
    if (!node)
        return err_set(err, ALLORA_E_NOTFOUND, "%s is not set", key);
    const json_node *schema = config_schema_at(e->manifest->config, key, NULL);
    if (!has_secret(schema, 0))
        return give(ctx, node, out, err);
    if (json_typeof(node) == JSON_STRING)
        return give_secret(ctx, key, node, out, err);
    /* A group or list would have to be written down with the secrets in it. */
    int32_t rc =
        err_set(err, ALLORA_E_ARG, "%s holds secrets: each is to be asked for by its key", key);
    err_hint(err, "this is the plugin's mistake: it asked for the group as a whole");
    return rc;
}

static uint64_t hash_subtree(const struct config *config, const char *root, const char *name,
                             uint64_t hash)
{
    A_CLEAN(buf_done) struct buf b = BUF(NESTED_MAX);
    struct jsonw w = JSONW(&b);
    char key[KEY_MAX];
    int n = snprintf(key, sizeof key, "%s.%s", root, name);
    const json_node *node = n < 0 || (size_t)n >= sizeof key ? NULL : config_get(config, key);

    if (!node)
        return hash;
    jw_node(&w, node);
    return hash_bytes(buf_str(&b), b.len, hash_bytes(key, (size_t)n, hash));
}

uint64_t registry_settings(struct registry *r, const struct plugin *p)
{
    allora_error err = ERR_INIT;
    const struct manifest *m = r->config ? registry_manifest(r, p, &err) : NULL;
    uint64_t hash = 0;

    if (m && m->provider)
        hash = hash_subtree(r->config, "providers", m->provider, hash);
    return m ? hash_subtree(r->config, "commands", m->id, hash) : 0;
}

const allora_config_v1 host_config = {.size = (uint32_t)sizeof(allora_config_v1), .get = get};
