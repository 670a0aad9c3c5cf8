/* Getters on parsed JSON: plain values for code, cells for rows. */
#include "sdk_internal.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const sdk_json *sdk_member(const sdk_json *object, const char *key)
{
    if (!object || object->type != SDK_OBJECT)
        return NULL;
    for (const sdk_json *c = object->u.first; c; c = c->next)
        if (sdk_str_is(c->key, key))
            return c;
    return NULL;
}

static const sdk_json *step(const sdk_json *n, const char *name, size_t len)
{
    if (n->type == SDK_ARRAY) {
        uint64_t index = 0;
        for (size_t i = 0; i < len; i++) {
            if (name[i] < '0' || name[i] > '9' || index > UINT32_MAX)
                return NULL;
            index = index * 10 + (uint64_t)(name[i] - '0');
        }
        const sdk_json *c = n->u.first;
        while (c && index--)
            c = c->next;
        return c;
    }
    for (const sdk_json *c = sdk_first(n); c; c = c->next)
        if (c->key.len == len && memcmp(c->key.ptr, name, len) == 0)
            return c;
    return NULL;
}

const sdk_json *sdk_path(const sdk_json *node, const char *path)
{
    while (node && path && *path) {
        size_t len = strcspn(path, ".");
        node = step(node, path, len);
        path += len + (path[len] == '.');
    }
    return node;
}

const char *sdk_get_str(const sdk_json *node, const char *path, const char *dflt)
{
    const sdk_json *n = sdk_path(node, path);
    return n && n->type == SDK_STRING ? n->text.ptr : dflt;
}

int64_t sdk_get_int(const sdk_json *node, const char *path, int64_t dflt)
{
    allora_value v = sdk_int(node, path);
    return v.type == ALLORA_V_INT ? v.u.i : dflt;
}

double sdk_get_real(const sdk_json *node, const char *path, double dflt)
{
    allora_value v = sdk_real(node, path);
    return v.type == ALLORA_V_REAL ? v.u.d : dflt;
}

bool sdk_get_bool(const sdk_json *node, const char *path, bool dflt)
{
    const sdk_json *n = sdk_path(node, path);
    return n && n->type == SDK_BOOL ? n->u.i != 0 : dflt;
}

allora_value sdk_text(const sdk_json *node, const char *path)
{
    const sdk_json *n = sdk_path(node, path);
    if (!n || n->type == SDK_NULL)
        return sdk_null();
    return n->type < SDK_ARRAY ? sdk_cell_str(n->text) : sdk_absent();
}

/* The whole of a string as a number: at most 63 characters, no blanks. */
static bool number_in(const sdk_json *n, bool integer, int64_t *ret_i, double *ret_d)
{
    char *end = NULL;
    if (n->type != SDK_STRING || n->text.len == 0 || n->text.len > 63 ||
        strchr("-.0123456789", n->text.ptr[0]) == NULL)
        return false;
    errno = 0;
    if (integer)
        *ret_i = strtoll(n->text.ptr, &end, 10);
    else
        *ret_d = strtod(n->text.ptr, &end);
    return errno == 0 && end == n->text.ptr + n->text.len;
}

allora_value sdk_int(const sdk_json *node, const char *path)
{
    const sdk_json *n = sdk_path(node, path);
    int64_t i;
    if (!n || n->type == SDK_NULL)
        return sdk_null();
    if (n->type == SDK_INT)
        return sdk_cell_int(n->u.i);
    if (n->type == SDK_REAL && n->u.d == floor(n->u.d) && fabs(n->u.d) < 0x1p63)
        return sdk_cell_int((int64_t)n->u.d);
    return number_in(n, true, &i, NULL) ? sdk_cell_int(i) : sdk_absent();
}

allora_value sdk_real(const sdk_json *node, const char *path)
{
    const sdk_json *n = sdk_path(node, path);
    double d;
    if (!n || n->type == SDK_NULL)
        return sdk_null();
    if (n->type == SDK_REAL)
        return sdk_cell_real(n->u.d);
    if (n->type == SDK_INT)
        return sdk_cell_real((double)n->u.i);
    return number_in(n, false, NULL, &d) && isfinite(d) ? sdk_cell_real(d) : sdk_absent();
}

allora_value sdk_bool(const sdk_json *node, const char *path)
{
    const sdk_json *n = sdk_path(node, path);
    if (!n || n->type == SDK_NULL)
        return sdk_null();
    if (n->type == SDK_BOOL)
        return sdk_cell_bool(n->u.i != 0);
    if (n->type == SDK_STRING && (sdk_str_is(n->text, "true") || sdk_str_is(n->text, "false")))
        return sdk_cell_bool(n->text.len == 4);
    return sdk_absent();
}

allora_value sdk_time(const sdk_json *node, const char *path)
{
    const sdk_json *n = sdk_path(node, path);
    int64_t us;
    if (!n || n->type == SDK_NULL)
        return sdk_null();
    if (n->type == SDK_STRING)
        return sdk_parse_time(n->text, &us) ? sdk_cell_time(us) : sdk_absent();
    double seconds = n->type == SDK_INT    ? (double)n->u.i
                     : n->type == SDK_REAL ? n->u.d
                                           : (double)NAN;
    if (fabs(seconds) > 1e11)
        seconds /= 1000;
    return fabs(seconds) < 9e12 ? sdk_cell_time(llround(seconds * 1e6)) : sdk_absent();
}

allora_value sdk_nested(const sdk_json *node, const char *path)
{
    const sdk_json *n = sdk_path(node, path);
    return !n || n->type == SDK_NULL ? sdk_null() : sdk_cell_json(n->source);
}
