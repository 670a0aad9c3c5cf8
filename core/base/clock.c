/* Clocks and RFC 3339.  Calendar arithmetic is done here, so that no locale, zone or 32-bit time_t
 * has a say. */
#include "clock.h"

#include "err.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

static const int64_t US_PER_S = 1000000;

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;

    if (clock_gettime(id, &ts) != 0)
        return 0; /* cannot happen with the two clocks used here */
    return (int64_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

static bool fixed;
static int64_t fixed_us;

static void read_fixed(void)
{
    const char *now = secure_getenv("ALLORA_TEST_NOW");

    fixed = now && time_parse(now, strlen(now), &fixed_us) == ALLORA_OK;
}

int64_t clock_wall_us(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, read_fixed);
    return fixed ? fixed_us : read_clock(CLOCK_REALTIME);
}

int64_t clock_real_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t clock_mono_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* Days since 1970-01-01 of a day in the proleptic Gregorian calendar, counting years from March so
 * that the leap day comes last (400 years are 146097 days). */
static int64_t days_from_civil(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, int64_t *y, int64_t *m, int64_t *d)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;

    *d = doy - (153 * mp + 2) / 5 + 1;
    *m = mp < 10 ? mp + 3 : mp - 9;
    *y = yoe + era * 400 + (*m <= 2);
}

void time_format(struct buf *b, int64_t us)
{
    int64_t s = us / US_PER_S, fraction = us % US_PER_S;
    int64_t y, m, d;

    if (fraction < 0) {
        fraction += US_PER_S;
        s--;
    }
    int64_t days = s / 86400, rest = s % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    civil_from_days(days, &y, &m, &d);
    buf_addf(b, "%s%04lld-%02d-%02dT%02d:%02d:%02d", y < 0 ? "-" : "", (long long)(y < 0 ? -y : y),
             (int)m, (int)d, (int)(rest / 3600), (int)(rest / 60 % 60), (int)(rest % 60));
    if (fraction % 1000 != 0)
        buf_addf(b, ".%06d", (int)fraction);
    else if (fraction != 0)
        buf_addf(b, ".%03d", (int)(fraction / 1000));
    buf_addc(b, 'Z');
}

struct cursor {
    const char *p, *end;
    bool ok;
};

static bool at(const struct cursor *c, char ch)
{
    return c->ok && c->p < c->end && *c->p == ch;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int64_t digits(struct cursor *c, int n, int64_t least, int64_t most)
{
    int64_t value = 0;

    for (int i = 0; i < n; i++) {
        if (c->p >= c->end || !is_digit(*c->p)) {
            c->ok = false;
            return least;
        }
        value = value * 10 + (*c->p++ - '0');
    }
    if (value < least || value > most)
        c->ok = false;
    return value;
}

static void skip(struct cursor *c, const char *one_of)
{
    if (c->p < c->end && *c->p && strchr(one_of, *c->p))
        c->p++;
    else
        c->ok = false;
}

static int64_t days_in_month(int64_t y, int64_t m)
{
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

    return m == 2 && leap ? 29 : days[m - 1];
}

static int64_t parse_date(struct cursor *c)
{
    int64_t y = digits(c, 4, 0, 9999);
    skip(c, "-");
    int64_t m = digits(c, 2, 1, 12);
    if (!c->ok)
        return 0;
    skip(c, "-");
    int64_t d = digits(c, 2, 1, days_in_month(y, m));
    return c->ok ? days_from_civil(y, m, d) * 86400 : 0;
}

/* Digits past the microsecond are read and dropped. */
static int64_t parse_fraction(struct cursor *c)
{
    int64_t us = 0, unit = US_PER_S / 10;

    c->p++;
    if (c->p >= c->end || !is_digit(*c->p))
        c->ok = false;
    for (; c->p < c->end && is_digit(*c->p); c->p++, unit /= 10)
        us += (*c->p - '0') * unit;
    return us;
}

static int64_t parse_zone(struct cursor *c)
{
    if (at(c, 'Z') || at(c, 'z')) {
        c->p++;
        return 0;
    }
    int64_t sign = at(c, '-') ? -1 : 1;
    skip(c, "+-");
    int64_t hours = digits(c, 2, 0, 23);
    skip(c, ":");
    return sign * (hours * 3600 + digits(c, 2, 0, 59) * 60);
}

int32_t time_parse(const char *s, size_t n, int64_t *ret_us)
{
    struct cursor c = {s, s + n, true};
    int64_t seconds = parse_date(&c), fraction = 0;

    if (c.ok && c.p < c.end) {
        skip(&c, "Tt ");
        seconds += digits(&c, 2, 0, 23) * 3600;
        skip(&c, ":");
        seconds += digits(&c, 2, 0, 59) * 60;
        skip(&c, ":");
        seconds += digits(&c, 2, 0, 60); /* a leap second is the next one's start */
        if (at(&c, '.'))
            fraction = parse_fraction(&c);
        seconds -= parse_zone(&c);
    }
    if (!c.ok || c.p != c.end)
        return ALLORA_E_ARG;
    *ret_us = seconds * US_PER_S + fraction;
    return ALLORA_OK;
}
