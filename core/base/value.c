/* Values: building, exact comparison, the filter evaluator, copying, printing. */
#include "value.h"

#include "clock.h"

#include <math.h>
#include <string.h>

static allora_value bytes_value(uint8_t type, const char *p, size_t n)
{
    if (!p)
        return val_null();
    return (allora_value){.type = type, .len = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n, .u.p = p};
}

allora_value val_textn(const char *p, size_t n)
{
    return bytes_value(ALLORA_V_TEXT, p, n);
}

allora_value val_text(const char *s)
{
    return bytes_value(ALLORA_V_TEXT, s, s ? strlen(s) : 0);
}

allora_value val_json(const char *p, size_t n)
{
    return bytes_value(ALLORA_V_JSON, p, n);
}

enum kind { KIND_NULL, KIND_NUMBER, KIND_TEXT, KIND_OTHER };

static enum kind kind_of(const allora_value *v)
{
    switch (v->type) {
    case ALLORA_V_ABSENT:
    case ALLORA_V_NULL:
        return KIND_NULL;
    case ALLORA_V_REAL:
        return isnan(v->u.d) ? KIND_NULL : KIND_NUMBER;
    case ALLORA_V_BOOL:
    case ALLORA_V_INT:
    case ALLORA_V_TIME:
        return KIND_NUMBER;
    case ALLORA_V_TEXT:
    case ALLORA_V_JSON:
        return KIND_TEXT;
    default:
        return KIND_OTHER;
    }
}

/* Converting i to double would round it past 2^53, so the double is brought to an integer instead.
 */
static int compare_int_real(int64_t i, double d)
{
    if (d >= 0x1p63)
        return -1;
    if (d < -0x1p63)
        return 1;
    int64_t whole = (int64_t)d; /* towards zero */
    if (i != whole)
        return i < whole ? -1 : 1;
    double rest = d - (double)whole; /* exact: a double with a fraction is below 2^53 */
    return rest > 0 ? -1 : rest < 0 ? 1 : 0;
}

static int64_t int_of(const allora_value *v)
{
    return v->type == ALLORA_V_BOOL ? v->u.i != 0 : v->u.i;
}

static int compare_numbers(const allora_value *a, const allora_value *b)
{
    bool real_a = a->type == ALLORA_V_REAL, real_b = b->type == ALLORA_V_REAL;

    if (real_a && real_b)
        return a->u.d < b->u.d ? -1 : a->u.d > b->u.d;
    if (real_a)
        return -compare_int_real(int_of(b), a->u.d);
    if (real_b)
        return compare_int_real(int_of(a), b->u.d);
    int64_t x = int_of(a), y = int_of(b);
    return x < y ? -1 : x > y;
}

static int compare_bytes(const allora_value *a, const allora_value *b)
{
    uint32_t n = a->len < b->len ? a->len : b->len;
    int order = n ? memcmp(a->u.p, b->u.p, n) : 0;

    if (order == 0)
        return a->len < b->len ? -1 : a->len > b->len;
    return order < 0 ? -1 : 1;
}

int val_compare(const allora_value *a, const allora_value *b, bool *ret_ok)
{
    enum kind kind = kind_of(a);

    *ret_ok = kind == kind_of(b) && (kind == KIND_NUMBER || kind == KIND_TEXT);
    if (!*ret_ok)
        return 0;
    return kind == KIND_NUMBER ? compare_numbers(a, b) : compare_bytes(a, b);
}

static unsigned char lower(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 'A' && u <= 'Z' ? (unsigned char)(u + 32) : u;
}

static bool has_prefix(const allora_value *v, const allora_value *prefix, bool nocase)
{
    if (kind_of(v) != KIND_TEXT || kind_of(prefix) != KIND_TEXT || v->len < prefix->len)
        return false;
    if (!nocase)
        return prefix->len == 0 || memcmp(v->u.p, prefix->u.p, prefix->len) == 0;
    for (uint32_t i = 0; i < prefix->len; i++) {
        if (lower(v->u.p[i]) != lower(prefix->u.p[i]))
            return false;
    }
    return true;
}

/* An order over numbers and texts, numbers first. */
static bool order_of(const allora_value *a, const allora_value *b, int *ret_order)
{
    enum kind ka = kind_of(a), kb = kind_of(b);
    bool ok = true;

    if ((ka != KIND_NUMBER && ka != KIND_TEXT) || (kb != KIND_NUMBER && kb != KIND_TEXT))
        return false;
    *ret_order = ka == kb ? val_compare(a, b, &ok) : ka == KIND_NUMBER ? -1 : 1;
    return ok;
}

static bool in_list(const allora_value *v, const allora_value *list)
{
    int order;

    if (list->type != ALLORA_V_LIST)
        return order_of(v, list, &order) && order == 0;
    for (uint32_t i = 0; i < list->len; i++) {
        if (order_of(v, &list->u.list[i], &order) && order == 0)
            return true;
    }
    return false;
}

bool filter_matches(const allora_filter *f, const allora_value *v)
{
    int order;

    switch (f->op) {
    case ALLORA_OP_ISNULL:
        return kind_of(v) == KIND_NULL;
    case ALLORA_OP_IN:
        return in_list(v, &f->val);
    case ALLORA_OP_PREFIX:
        return has_prefix(v, &f->val, false);
    case ALLORA_OP_PREFIX_NOCASE:
        return has_prefix(v, &f->val, true);
    default:
        break;
    }
    if (!order_of(v, &f->val, &order))
        return false;
    switch (f->op) {
    case ALLORA_OP_EQ:
        return order == 0;
    case ALLORA_OP_NE:
        return order != 0;
    case ALLORA_OP_LT:
        return order < 0;
    case ALLORA_OP_LE:
        return order <= 0;
    case ALLORA_OP_GT:
        return order > 0;
    case ALLORA_OP_GE:
        return order >= 0;
    default:
        return false;
    }
}

int32_t val_copy(struct arena *a, const allora_value *src, allora_value *ret)
{
    allora_value copy = *src;

    if (src->type == ALLORA_V_TEXT || src->type == ALLORA_V_JSON) {
        copy.u.p = arena_strndup(a, src->u.p, src->len);
        if (!copy.u.p)
            return ALLORA_E_NOMEM;
    } else if (src->type == ALLORA_V_LIST) {
        allora_value *list = arena_array(a, src->len, sizeof *list);
        if (!list)
            return ALLORA_E_NOMEM;
        for (uint32_t i = 0; i < src->len; i++) {
            /* lists do not nest; a list inside one would be a caller's mistake, so it is copied as
             * NULL */
            if (src->u.list[i].type == ALLORA_V_LIST)
                list[i] = val_null();
            else if (val_copy(a, &src->u.list[i], &list[i]) != ALLORA_OK)
                return ALLORA_E_NOMEM;
        }
        copy.u.list = list;
    }
    *ret = copy;
    return ALLORA_OK;
}

void val_print(struct buf *b, const allora_value *v)
{
    switch (v->type) {
    case ALLORA_V_BOOL:
        buf_adds(b, v->u.i ? "true" : "false");
        break;
    case ALLORA_V_INT:
        buf_add_int(b, v->u.i);
        break;
    case ALLORA_V_REAL:
        buf_add_real(b, v->u.d);
        break;
    case ALLORA_V_TIME:
        time_format(b, v->u.i);
        break;
    case ALLORA_V_TEXT:
    case ALLORA_V_JSON:
        buf_add(b, v->u.p, v->len);
        break;
    case ALLORA_V_LIST:
        for (uint32_t i = 0; i < v->len; i++) {
            if (i > 0)
                buf_adds(b, ", ");
            if (v->u.list[i].type != ALLORA_V_LIST)
                val_print(b, &v->u.list[i]);
        }
        break;
    default:
        break;
    }
}

static const char *const type_names[] = {
    [ALLORA_V_ABSENT] = "absent", [ALLORA_V_NULL] = "null", [ALLORA_V_BOOL] = "bool",
    [ALLORA_V_INT] = "int",       [ALLORA_V_REAL] = "real", [ALLORA_V_TIME] = "time",
    [ALLORA_V_TEXT] = "text",     [ALLORA_V_JSON] = "json", [ALLORA_V_LIST] = "list",
};

const char *val_type_name(uint8_t type)
{
    return type <= ALLORA_V_LIST ? type_names[type] : "unknown";
}

uint8_t val_type_parse(const char *name)
{
    for (uint8_t type = ALLORA_V_BOOL; name && type <= ALLORA_V_JSON; type++) {
        if (strcmp(type_names[type], name) == 0)
            return type;
    }
    return 0;
}
