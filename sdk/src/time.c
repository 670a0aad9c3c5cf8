/* RFC 3339 times. */
#include "sdk_internal.h"
#include <stdio.h>
#include <time.h>

/* Days from 1970-01-01 in the proleptic Gregorian calendar; the month counted from March, so that
 * the leap day comes last. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool take_digits(const char **at, const char *end, int n, int64_t *ret)
{
    int64_t v = 0;
    if (end - *at < n)
        return false;
    for (int i = 0; i < n; i++) {
        char c = (*at)[i];
        if (c < '0' || c > '9')
            return false;
        v = v * 10 + (c - '0');
    }
    *at += n;
    *ret = v;
    return true;
}

static bool take(const char **at, const char *end, const char *one_of)
{
    for (const char *c = one_of; *c && *at < end; c++)
        if (**at == *c) {
            (*at)++;
            return true;
        }
    return false;
}

static int64_t days_in(int64_t year, int64_t month)
{
    static const int64_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

/* "+01:00", "Z"; the offset in seconds. */
static bool take_zone(const char **at, const char *end, int64_t *ret)
{
    int64_t hours, minutes;
    *ret = 0;
    if (take(at, end, "Zz"))
        return true;
    bool west = *at < end && **at == '-';
    if (!take(at, end, "+-") || !take_digits(at, end, 2, &hours) || !take(at, end, ":") ||
        !take_digits(at, end, 2, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ret = (west ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

bool sdk_parse_time(allora_str text, int64_t *ret_us)
{
    const char *at = text.ptr, *end = text.ptr + text.len;
    int64_t year, month, day, hour, minute, second, offset, us = 0;
    if (!take_digits(&at, end, 4, &year) || !take(&at, end, "-") ||
        !take_digits(&at, end, 2, &month) || !take(&at, end, "-") ||
        !take_digits(&at, end, 2, &day) || month < 1 || month > 12 || day < 1 ||
        day > days_in(year, month))
        return false;
    int64_t seconds = days_from_civil(year, month, day) * 86400;
    if (at == end) {
        *ret_us = seconds * 1000000;
        return true;
    }
    if (!take(&at, end, "Tt ") || !take_digits(&at, end, 2, &hour) || !take(&at, end, ":") ||
        !take_digits(&at, end, 2, &minute) || !take(&at, end, ":") ||
        !take_digits(&at, end, 2, &second) || hour > 23 || minute > 59 || second > 60)
        return false;
    if (take(&at, end, ".")) {
        int64_t digit, scale = 100000;
        if (!take_digits(&at, end, 1, &digit))
            return false;
        do {
            us += digit * scale;
            scale /= 10; /* 0 beyond the sixth digit */
        } while (take_digits(&at, end, 1, &digit));
    }
    if (!take_zone(&at, end, &offset) || at != end)
        return false;
    *ret_us = (seconds + hour * 3600 + minute * 60 + second - offset) * 1000000 + us;
    return true;
}

void sdk_format_time(int64_t us, char out[32])
{
    int64_t seconds = us / 1000000, fraction = us % 1000000;
    if (fraction < 0) {
        fraction += 1000000;
        seconds--;
    }
    time_t t = (time_t)seconds;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || tm.tm_year < -1900 || tm.tm_year > 8099) {
        out[0] = 0; /* RFC 3339 has four digits for the year */
        return;
    }
    int n = snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
                     tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (fraction)
        n += snprintf(out + n, (size_t)(32 - n), ".%06d", (int)fraction);
    (void)snprintf(out + n, (size_t)(32 - n), "Z");
}
