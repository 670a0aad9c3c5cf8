/* Pushed filters on cells.  The host compares as SQLite does and rechecks; here a row may only be
 * left out when no comparison of SQLite's could take it, so whatever isn't plain (types that
 * differ, JSON, ABSENT) stays in. */
#include "sdk_internal.h"
#include <math.h>
#include <string.h>

enum order { LESS = -1, SAME = 0, MORE = 1, UNKNOWN = 2 };

static enum order order_of(bool less, bool more)
{
    return less ? LESS : more ? MORE : SAME;
}

static bool is_int(const allora_value *v)
{
    return v->type == ALLORA_V_INT || v->type == ALLORA_V_BOOL;
}

/* Exact, though not every int64 is a double. */
static enum order int_to_real(int64_t i, double d)
{
    if (isnan(d))
        return UNKNOWN;
    if (d >= 0x1p63)
        return LESS;
    if (d < -0x1p63)
        return MORE;
    int64_t whole = (int64_t)d;
    if (i != whole)
        return order_of(i < whole, true);
    double rest = d - (double)whole;
    return order_of(rest > 0, rest < 0);
}

static enum order compare(const allora_value *a, const allora_value *b)
{
    if ((is_int(a) && is_int(b)) || (a->type == ALLORA_V_TIME && b->type == ALLORA_V_TIME))
        return order_of(a->u.i<b->u.i, a->u.i> b->u.i);
    if (a->type == ALLORA_V_REAL && b->type == ALLORA_V_REAL)
        return isnan(a->u.d) || isnan(b->u.d) ? UNKNOWN : order_of(a->u.d<b->u.d, a->u.d> b->u.d);
    if (is_int(a) && b->type == ALLORA_V_REAL)
        return int_to_real(a->u.i, b->u.d);
    if (a->type == ALLORA_V_REAL && is_int(b)) {
        enum order o = int_to_real(b->u.i, a->u.d);
        return o == UNKNOWN ? o : (enum order)(-(int)o);
    }
    if (a->type == ALLORA_V_TEXT && b->type == ALLORA_V_TEXT) {
        uint32_t n = a->len < b->len ? a->len : b->len;
        int c = n ? memcmp(a->u.p, b->u.p, n) : 0;
        return c ? order_of(c<0, c> 0) : order_of(a->len<b->len, a->len> b->len);
    }
    return UNKNOWN;
}

static bool has_prefix(const allora_value *v, const allora_value *prefix, bool fold)
{
    if (v->type != ALLORA_V_TEXT || prefix->type != ALLORA_V_TEXT)
        return true;
    if (v->len < prefix->len)
        return false;
    for (uint32_t i = 0; i < prefix->len; i++) {
        unsigned char a = (unsigned char)v->u.p[i], b = (unsigned char)prefix->u.p[i];
        if (fold && a >= 'A' && a <= 'Z')
            a = (unsigned char)(a + 32);
        if (fold && b >= 'A' && b <= 'Z')
            b = (unsigned char)(b + 32);
        if (a != b)
            return false;
    }
    return true;
}

static bool in_list(const allora_value *v, const allora_value *list)
{
    if (list->type != ALLORA_V_LIST)
        return true;
    for (uint32_t i = 0; i < list->len; i++) {
        enum order o = compare(v, &list->u.list[i]);
        if (o == SAME || o == UNKNOWN)
            return true;
    }
    return false;
}

bool sdk_may_match(allora_value cell, const allora_filter *f)
{
    if (cell.type == ALLORA_V_ABSENT)
        return true;
    if (f->op == ALLORA_OP_ISNULL)
        return cell.type == ALLORA_V_NULL;
    if (cell.type == ALLORA_V_NULL) /* no comparison with NULL is true */
        return f->op > ALLORA_OP_ISNULL;
    enum order o = f->op <= ALLORA_OP_GE ? compare(&cell, &f->val) : UNKNOWN;
    switch (f->op) {
    case ALLORA_OP_EQ:
        return o == SAME || o == UNKNOWN;
    case ALLORA_OP_NE:
        return o != SAME;
    case ALLORA_OP_LT:
        return o == LESS || o == UNKNOWN;
    case ALLORA_OP_LE:
        return o != MORE;
    case ALLORA_OP_GT:
        return o == MORE || o == UNKNOWN;
    case ALLORA_OP_GE:
        return o != LESS;
    case ALLORA_OP_IN:
        return in_list(&cell, &f->val);
    case ALLORA_OP_PREFIX:
        return has_prefix(&cell, &f->val, false);
    case ALLORA_OP_PREFIX_NOCASE:
        return has_prefix(&cell, &f->val, true);
    default:
        return true;
    }
}
