/* Fixed-width times and their collation.  Days are computed with the proleptic Gregorian calendar
 * (Howard Hinnant's days_from_civil, http://howardhinnant.github.io/date_algorithms.html). */
#include "query/timetext.h"

#include <string.h>

#define SECOND INT64_C(1000000)
#define DAY (INT64_C(86400) * SECOND)

static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t z, int64_t *year, int64_t *month, int64_t *day)
{
    z += 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *day = doy - (153 * mp + 2) / 5 + 1;
    *month = mp < 10 ? mp + 3 : mp - 9;
    *year = yoe + era * 400 + (*month <= 2);
}

static char *put_digits(char *out, int64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return out + width;
}

void timetext_format(int64_t us, char out[TIMETEXT_LEN])
{
    int64_t days = us / DAY, rest = us % DAY, year, month, day;

    if (rest < 0) {
        rest += DAY;
        days--;
    }
    civil_from_days(days, &year, &month, &day);
    int64_t seconds = rest / SECOND;
    char *p = put_digits(out, year, 4);
    *p++ = '-';
    p = put_digits(p, month, 2);
    *p++ = '-';
    p = put_digits(p, day, 2);
    *p++ = 'T';
    p = put_digits(p, seconds / 3600, 2);
    *p++ = ':';
    p = put_digits(p, seconds / 60 % 60, 2);
    *p++ = ':';
    p = put_digits(p, seconds % 60, 2);
    *p++ = '.';
    p = put_digits(p, rest % SECOND, 6);
    *p = 'Z';
}

struct reader {
    const char *p, *end;
};

static bool digits(struct reader *r, int width, int64_t low, int64_t high, int64_t *ret)
{
    int64_t value = 0;

    if (r->end - r->p < width)
        return false;
    for (int i = 0; i < width; i++) {
        char c = r->p[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + (c - '0');
    }
    if (value < low || value > high)
        return false;
    r->p += width;
    *ret = value;
    return true;
}

static bool take(struct reader *r, char c)
{
    if (r->p == r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

/* ".5", ".123456789": microseconds, what is finer is cut off. */
static bool fraction(struct reader *r, int64_t *ret)
{
    int64_t value = 0, scale = SECOND;
    const char *start = r->p;

    for (; r->p < r->end && *r->p >= '0' && *r->p <= '9'; r->p++) {
        scale /= 10;
        value += (*r->p - '0') * scale;
    }
    *ret = value;
    return r->p > start;
}

static bool zone(struct reader *r, int64_t *ret)
{
    int64_t hours, minutes, sign;

    *ret = 0;
    if (r->p == r->end || take(r, 'Z') || take(r, 'z'))
        return true;
    if (take(r, '+'))
        sign = 1;
    else if (take(r, '-'))
        sign = -1;
    else
        return false;
    if (!digits(r, 2, 0, 23, &hours) || !take(r, ':') || !digits(r, 2, 0, 59, &minutes))
        return false;
    *ret = sign * (hours * 3600 + minutes * 60) * SECOND;
    return true;
}

/* After the date: a clock time and a zone. */
static bool clock_time(struct reader *r, int64_t *ret)
{
    int64_t hours, minutes, seconds = 0, part = 0, offset;

    if (!digits(r, 2, 0, 23, &hours) || !take(r, ':') || !digits(r, 2, 0, 59, &minutes))
        return false;
    if (take(r, ':') && !digits(r, 2, 0, 60, &seconds))
        return false;
    if (take(r, '.') && !fraction(r, &part))
        return false;
    while (r->p < r->end && *r->p == ' ')
        r->p++;
    if (!zone(r, &offset) || r->p != r->end)
        return false;
    *ret = (hours * 3600 + minutes * 60 + seconds) * SECOND + part - offset;
    return true;
}

static bool epoch_seconds(const struct reader *r, int64_t *ret)
{
    struct reader all = *r;
    int64_t seconds;
    ptrdiff_t n = r->end - r->p;

    if (n < 9 || n > 11 || !digits(&all, (int)n, 0, INT64_MAX, &seconds))
        return false;
    *ret = seconds * SECOND;
    return true;
}

bool timetext_parse(const char *p, size_t n, int64_t *ret_us)
{
    struct reader r = {p, p + n};
    int64_t year, month = 1, day = 1, time = 0;

    while (r.p < r.end && *r.p == ' ')
        r.p++;
    while (r.p < r.end && r.end[-1] == ' ')
        r.end--;
    if (epoch_seconds(&r, ret_us))
        return true;
    if (!digits(&r, 4, 0, 9999, &year))
        return false;
    if (take(&r, '-') && !digits(&r, 2, 1, 12, &month))
        return false;
    if (take(&r, '-') && !digits(&r, 2, 1, 31, &day))
        return false;
    if (r.p < r.end) {
        if (r.p - p < 10 || (!take(&r, 'T') && !take(&r, 't') && !take(&r, ' ')))
            return false;
        while (r.p < r.end && *r.p == ' ')
            r.p++;
        if (!clock_time(&r, &time))
            return false;
    }
    *ret_us = days_from_civil(year, month, day) * DAY + time;
    return true;
}

static bool is_own(const char *p, int n)
{
    return n == TIMETEXT_LEN && p[10] == 'T' && p[19] == '.' && p[26] == 'Z';
}

int timetext_collate(void *unused, int n1, const void *p1, int n2, const void *p2)
{
    int64_t t1, t2;

    (void)unused;
    if (is_own(p1, n1) && is_own(p2, n2))
        return memcmp(p1, p2, TIMETEXT_LEN);
    bool is1 = timetext_parse(p1, (size_t)n1, &t1), is2 = timetext_parse(p2, (size_t)n2, &t2);
    if (is1 && is2)
        return t1 < t2 ? -1 : t1 > t2;
    if (is1 != is2)
        return is1 ? -1 : 1;
    int order = memcmp(p1, p2, (size_t)(n1 < n2 ? n1 : n2));
    return order ? order : n1 - n2;
}
