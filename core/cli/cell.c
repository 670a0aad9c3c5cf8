#include "cli/cell.h"

#include "base/clock.h"
#include "base/str.h"
#include "base/value.h"
#include "cli/text.h"
#include <math.h>
#include <stdio.h>

bool cell_is_number(const allora_value *v)
{
    return v->type == ALLORA_V_INT || v->type == ALLORA_V_REAL;
}

void cell_ago(struct buf *b, int64_t us)
{
    static const struct {
        int64_t s;
        const char *one, *many;
    } units[] = {{365LL * 86400, "year", "years"},
                 {30LL * 86400, "month", "months"},
                 {86400, "day", "days"},
                 {3600, "h", "h"},
                 {60, "min", "min"},
                 {1, "s", "s"}};
    int64_t age = (clock_wall_us() - us) / 1000000;
    int64_t away = age < 0 ? -age : age;
    if (away < 1) {
        buf_adds(b, "just now");
        return;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (away < units[i].s)
            continue;
        int64_t n = away / units[i].s;
        buf_addf(b, "%s%lld %s%s", age < 0 ? "in " : "", (long long)n,
                 n == 1 ? units[i].one : units[i].many, age < 0 ? "" : " ago");
        return;
    }
}

static double number_of(const allora_value *v)
{
    return v->type == ALLORA_V_REAL ? v->u.d : (double)v->u.i;
}

/* True if the unit has a form of its own that says more than the figure. */
static bool with_unit(struct buf *b, const allora_value *v, const char *unit)
{
    double d = number_of(v);
    if (!isfinite(d) || fabs(d) > 9e15)
        return false;
    if (streq(unit, "bytes"))
        size_format(b, (int64_t)d);
    else if (streq(unit, "seconds"))
        duration_format(b, (int64_t)(d * 1e6));
    else if (streq(unit, "percent") && v->type == ALLORA_V_REAL)
        buf_addf(b, "%.1f", d);
    else
        return false;
    return true;
}

/* An average or a ratio has digits that nobody reads: six of them, or cents, for people. */
static bool short_real(struct buf *b, const allora_value *v)
{
    char all[40];
    double d = v->u.d;
    if (v->type != ALLORA_V_REAL || !isfinite(d) || fabs(d) >= 1e15 ||
        snprintf(all, sizeof all, "%.15g", d) <= 9)
        return false;
    buf_addf(b, fabs(d) >= 1e4 ? "%.2f" : "%.6g", d);
    return true;
}

void cell_text(struct buf *b, const allora_value *v, const struct head *h, unsigned flags)
{
    switch (v->type) {
    case ALLORA_V_NULL:
    case ALLORA_V_ABSENT:
        buf_addc(b, '-');
        return;
    case ALLORA_V_BOOL:
        buf_adds(b, v->u.i ? "yes" : "no");
        return;
    case ALLORA_V_TEXT:
    case ALLORA_V_JSON:
        text_visible(b, v->u.p, v->len, 0);
        return;
    case ALLORA_V_TIME:
        if (flags & CELL_RELATIVE)
            cell_ago(b, v->u.i);
        else /* to the second, rounded down also before 1970; formats for programs have the rest */
            time_format(b, v->u.i - ((v->u.i % 1000000) + 1000000) % 1000000);
        return;
    default:
        if ((flags & CELL_HUMAN) && h->unit && cell_is_number(v) && with_unit(b, v, h->unit))
            return;
        if (!(flags & CELL_HUMAN) || !short_real(b, v))
            val_print(b, v);
    }
}
