/* Configuration with types and defaults. */
#include "sdk_internal.h"

static int32_t wrong_type(allora_error *err, const char *key, const char *expected)
{
    return sdk_fail(err, ALLORA_E_CONFIG, "%s: %s was expected", key, expected);
}

/* *ret is NULL-typed where the key isn't set or the plugin has no configuration. */
static int32_t get(const allora_instance *self, allora_ctx *ctx, const char *key, allora_value *ret,
                   allora_error *err)
{
    *ret = sdk_null();
    if (!sdk_of(self)->config)
        return ALLORA_OK;
    int32_t st = sdk_of(self)->config->get(ctx, key, ret, err);
    if (st == ALLORA_E_NOTFOUND || (!st && ret->type == ALLORA_V_ABSENT)) {
        *ret = sdk_null();
        return ALLORA_OK;
    }
    return st;
}

int32_t sdk_config_str(const allora_instance *self, allora_ctx *ctx, const char *key,
                       const char *dflt, const char **ret, allora_error *err)
{
    allora_value v;
    int32_t st = get(self, ctx, key, &v, err);
    if (st)
        return st;
    if (v.type != ALLORA_V_TEXT && v.type != ALLORA_V_NULL)
        return wrong_type(err, key, "a text");
    if (v.type == ALLORA_V_TEXT) {
        char *copy = sdk_copy(self, ctx, sdk_str_n(v.u.p, v.len));
        if (!copy)
            return sdk_fail(err, ALLORA_E_NOMEM, "out of memory");
        *ret = copy;
    } else {
        *ret = dflt;
    }
    return ALLORA_OK;
}

int32_t sdk_config_int(const allora_instance *self, allora_ctx *ctx, const char *key, int64_t dflt,
                       int64_t *ret, allora_error *err)
{
    allora_value v;
    int32_t st = get(self, ctx, key, &v, err);
    if (st)
        return st;
    if (v.type != ALLORA_V_INT && v.type != ALLORA_V_NULL)
        return wrong_type(err, key, "a whole number");
    *ret = v.type == ALLORA_V_INT ? v.u.i : dflt;
    return ALLORA_OK;
}

int32_t sdk_config_bool(const allora_instance *self, allora_ctx *ctx, const char *key, bool dflt,
                        bool *ret, allora_error *err)
{
    allora_value v;
    int32_t st = get(self, ctx, key, &v, err);
    if (st)
        return st;
    if (v.type != ALLORA_V_BOOL && v.type != ALLORA_V_NULL)
        return wrong_type(err, key, "true or false");
    *ret = v.type == ALLORA_V_BOOL ? v.u.i != 0 : dflt;
    return ALLORA_OK;
}
