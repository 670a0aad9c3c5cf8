/* What the value of a constraint means for a column's cells.  SQLite hands virtual tables the bare
 * value, before any affinity is applied: id = '777' comes as text.  A value is turned into the
 * column's type only where SQLite's comparison would see it the same way; in doubt it is left to
 * SQLite, which is slower and never wrong. */
#include "query/statement.h"
#include "query/timetext.h"

#include <math.h>

#define EXACT_INT (INT64_C(1) << 53)

/* SQLite gives NULL for the bytes of an empty text. */
allora_value value_text(sqlite3_value *v)
{
    const char *p = sqlite3_value_blob(v);
    return val_textn(p ? p : "", p ? (size_t)sqlite3_value_bytes(v) : 0);
}

uint8_t value_op(int sqlite_op)
{
    switch (sqlite_op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
    case SQLITE_INDEX_CONSTRAINT_IS:
        return ALLORA_OP_EQ;
    case SQLITE_INDEX_CONSTRAINT_NE:
        return ALLORA_OP_NE;
    case SQLITE_INDEX_CONSTRAINT_LT:
        return ALLORA_OP_LT;
    case SQLITE_INDEX_CONSTRAINT_LE:
        return ALLORA_OP_LE;
    case SQLITE_INDEX_CONSTRAINT_GT:
        return ALLORA_OP_GT;
    case SQLITE_INDEX_CONSTRAINT_GE:
        return ALLORA_OP_GE;
    case SQLITE_INDEX_CONSTRAINT_LIKE:
        return ALLORA_OP_PREFIX_NOCASE;
    case SQLITE_INDEX_CONSTRAINT_GLOB:
        return ALLORA_OP_PREFIX;
    case SQLITE_INDEX_CONSTRAINT_ISNULL:
        return ALLORA_OP_ISNULL;
    default:
        return 0;
    }
}

/* An integer column against 3.5: x > 3.5 is x >= 4. */
static enum value_fit int_from_real(uint8_t *op, double d, allora_value *ret)
{
    if (isnan(d))
        return FIT_NEVER;
    if (!(d > -0x1p62 && d < 0x1p62))
        return FIT_NONE;
    double low = floor(d);
    *ret = val_int((int64_t)low);
    if (low == d)
        return FIT_EXACT;
    switch (*op) {
    case ALLORA_OP_EQ:
        return FIT_NEVER;
    case ALLORA_OP_LT:
    case ALLORA_OP_LE:
        *op = ALLORA_OP_LE;
        return FIT_EXACT;
    case ALLORA_OP_GT:
    case ALLORA_OP_GE:
        *op = ALLORA_OP_GE;
        ret->u.i++;
        return FIT_EXACT;
    default:
        return FIT_NONE;
    }
}

/* '777' against a numeric column counts as 777; only the plainest spelling is taken here. */
static bool int_from_text(const char *p, int n, int64_t *ret)
{
    int i = n > 0 && p[0] == '-';
    int64_t value = 0;

    if (n - i < 1 || n - i > 15)
        return false;
    for (int k = i; k < n; k++) {
        if (p[k] < '0' || p[k] > '9')
            return false;
        value = value * 10 + (p[k] - '0');
    }
    *ret = i ? -value : value;
    return true;
}

static enum value_fit fit_number(const struct column *c, uint8_t *op, sqlite3_value *v,
                                 allora_value *ret)
{
    int type = sqlite3_value_type(v);
    int64_t i;

    if (type == SQLITE_TEXT) {
        const char *p = sqlite3_value_blob(v);
        if (!p || !int_from_text(p, sqlite3_value_bytes(v), &i))
            return FIT_NONE;
    } else if (type == SQLITE_INTEGER) {
        i = sqlite3_value_int64(v);
    } else if (type == SQLITE_FLOAT) {
        if (c->type != ALLORA_V_REAL)
            return c->type == ALLORA_V_INT ? int_from_real(op, sqlite3_value_double(v), ret)
                                           : FIT_NONE;
        *ret = val_real(sqlite3_value_double(v));
        return FIT_EXACT;
    } else {
        return FIT_NONE;
    }
    if (c->type == ALLORA_V_REAL) {
        if (i > EXACT_INT || i < -EXACT_INT)
            return FIT_NONE;
        *ret = val_real((double)i);
    } else if (c->type == ALLORA_V_BOOL) {
        if (i != 0 && i != 1)
            return FIT_NONE;
        *ret = val_bool(i == 1);
    } else {
        *ret = val_int(i);
    }
    return FIT_EXACT;
}

static enum value_fit fit_time(sqlite3_value *v, allora_value *ret)
{
    int64_t us;

    if (sqlite3_value_type(v) != SQLITE_TEXT)
        return FIT_NONE;
    const char *p = sqlite3_value_blob(v);
    if (!p || !timetext_parse(p, (size_t)sqlite3_value_bytes(v), &us))
        return FIT_NONE;
    *ret = val_time(us);
    return FIT_EXACT;
}

/* The text before the first wildcard. */
static enum value_fit fit_prefix(uint8_t op, sqlite3_value *v, allora_value *ret)
{
    if (sqlite3_value_type(v) != SQLITE_TEXT)
        return sqlite3_value_type(v) == SQLITE_NULL ? FIT_NEVER : FIT_NONE;
    allora_value pattern = value_text(v);
    const char *p = pattern.u.p;
    size_t n = pattern.len, k = 0;
    while (k < n && (op == ALLORA_OP_PREFIX ? p[k] != '*' && p[k] != '?' && p[k] != '['
                                            : p[k] != '%' && p[k] != '_'))
        k++;
    if (k == 0)
        return FIT_NONE;
    *ret = val_textn(p, k);
    return FIT_EXACT;
}

enum value_fit value_fit(const struct column *c, uint8_t *op, sqlite3_value *v, allora_value *ret)
{
    if (*op == ALLORA_OP_ISNULL) {
        *ret = val_null();
        return FIT_EXACT;
    }
    if (*op == ALLORA_OP_PREFIX || *op == ALLORA_OP_PREFIX_NOCASE)
        return c->type == ALLORA_V_TEXT ? fit_prefix(*op, v, ret) : FIT_NONE;
    if (sqlite3_value_type(v) == SQLITE_NULL)
        return FIT_NEVER;
    switch (c->type) {
    case ALLORA_V_BOOL:
    case ALLORA_V_INT:
    case ALLORA_V_REAL:
        return fit_number(c, op, v, ret);
    case ALLORA_V_TIME:
        return fit_time(v, ret);
    case ALLORA_V_TEXT:
        if (sqlite3_value_type(v) != SQLITE_TEXT)
            return FIT_NONE;
        *ret = value_text(v);
        return FIT_EXACT;
    default:
        return FIT_NONE;
    }
}
