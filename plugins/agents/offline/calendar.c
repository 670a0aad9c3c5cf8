/* Times in people's words.  Days from civil dates after Howard Hinnant's chrono algorithms, which
 * are in the public domain. */
#include "calendar.h"

#include <ctype.h>
#include <string.h>

#define DAY_US INT64_C(86400000000)

static int64_t days_of(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400, mp = (m + 9) % 12;
    int64_t doy = (153 * mp + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void civil_of(int64_t days, int64_t *y, int *m, int *d)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t doe = days - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *d = (int)(doy - (153 * mp + 2) / 5 + 1);
    *m = (int)(mp < 10 ? mp + 3 : mp - 9);
    *y = yoe + era * 400 + (*m <= 2);
}

static int64_t midnight(int64_t us)
{
    int64_t days = us / DAY_US - (us % DAY_US < 0);
    return days * DAY_US;
}

static int64_t month_start(int64_t y, int m)
{
    while (m < 1)
        m += 12, y--;
    while (m > 12)
        m -= 12, y++;
    return days_of(y, m, 1) * DAY_US;
}

static int64_t shift_months(int64_t us, int64_t n)
{
    int64_t y, total;
    int m, d;
    int64_t day = midnight(us);
    civil_of(day / DAY_US, &y, &m, &d);
    total = y * 12 + (m - 1) + n;
    int64_t ty = total / 12;
    int tm = (int)(total % 12) + 1;
    static const int last[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int max = last[tm - 1];
    if (tm == 2 && ((ty % 4 == 0 && ty % 100 != 0) || ty % 400 == 0))
        max = 29;
    return days_of(ty, tm, d > max ? max : d) * DAY_US + (us - day);
}

static bool sane(double n)
{
    return n >= 0 && n < 1e5;
}

int64_t calendar_back(int64_t now_us, double n, const struct unit *u)
{
    if (!(n > -1e9 && n < 1e9))
        n = 0;
    if (u->dim == DIM_MONTHS)
        return shift_months(now_us, (int64_t)(-n * u->factor));
    return now_us - (int64_t)(n * u->factor * 1e6);
}

static const char *text(const struct words *w, int i)
{
    return i >= 0 && i < w->n && w->tok[i].kind == T_WORD ? w->tok[i].text : "";
}

static bool is(const struct words *w, int i, const char *list)
{
    const char *word = text(w, i);
    size_t n = strlen(word);
    for (const char *p = list; n && *p;) {
        size_t k = strcspn(p, "|");
        if (k == n && memcmp(p, word, n) == 0)
            return true;
        p += k + (p[k] != '\0');
    }
    return false;
}

static int find(const struct words *w, int i, const char *const *names, int n, size_t least)
{
    const char *word = text(w, i);
    size_t len = strlen(word);
    for (int k = 0; k < n; k++)
        if (strcmp(names[k], word) == 0 ||
            (len >= least && len < 5 && strncmp(names[k], word, len) == 0))
            return k;
    return -1;
}

static const char *const months[] = {"january",   "february", "march",    "april",
                                     "may",       "june",     "july",     "august",
                                     "september", "october",  "november", "december"};
static const char *const weekdays[] = {"monday", "tuesday",  "wednesday", "thursday",
                                       "friday", "saturday", "sunday"};

static bool year_at(const struct words *w, int i, int64_t *ret)
{
    if (i >= w->n || w->tok[i].kind != T_NUMBER || w->tok[i].len != 4 || w->tok[i].number < 1970 ||
        w->tok[i].number > 2200)
        return false;
    *ret = (int64_t)w->tok[i].number;
    return true;
}

static bool count_at(const struct words *w, int i, double *n)
{
    if (i >= w->n)
        return false;
    if (w->tok[i].kind == T_NUMBER) {
        *n = w->tok[i].number;
        return sane(*n);
    }
    return word_number(text(w, i), n);
}

static bool unit_at(const struct words *w, int i, struct unit *u)
{
    if (i >= w->n || w->tok[i].kind != T_WORD)
        return false;
    return unit_find(w->tok[i].text, w->tok[i].number > 0, u) &&
           (u->dim == DIM_TIME || u->dim == DIM_MONTHS);
}

static struct span period(int64_t from, int64_t to)
{
    return (struct span){.has_from = true, .has_to = true, .from_us = from, .to_us = to};
}

/* The calendar week, month or year that lies `by` away from today's. */
static bool calendar_period(const char *unit, int64_t now, int by, struct span *s)
{
    int64_t y, day = midnight(now);
    int m, d;
    civil_of(day / DAY_US, &y, &m, &d);
    int64_t weekday = (day / DAY_US + 3) % 7; /* 1970-01-01 was a Thursday */
    if (strcmp(unit, "week") == 0)
        *s = period(day + (by * 7 - weekday) * DAY_US, day + (by * 7 + 7 - weekday) * DAY_US);
    else if (strcmp(unit, "month") == 0)
        *s = period(month_start(y, m + by), month_start(y, m + by + 1));
    else if (strcmp(unit, "year") == 0)
        *s = period(month_start(y + by, 1), month_start(y + by + 1, 1));
    else if (strcmp(unit, "day") == 0)
        *s = period(day + by * DAY_US, day + (by + 1) * DAY_US);
    else
        return false;
    return true;
}

/* A period: 2026, October, October 2025, 1 March 2026, March 1st, monday, yesterday, a date. */
static int period_at(const struct words *w, int i, int64_t now, bool ahead, struct span *s)
{
    int64_t y, year, day = midnight(now);
    int m, d;
    civil_of(day / DAY_US, &y, &m, &d);
    if (i >= w->n)
        return 0;
    if (is(w, i, "the"))
        i++;
    int start = i;
    if (i < w->n && w->tok[i].kind == T_DATE) {
        *s = period(w->tok[i].us, w->tok[i].us + w->tok[i].span_us);
        return 1;
    }
    if (year_at(w, i, &year)) {
        *s = period(month_start(year, 1), month_start(year + 1, 1));
        return 1;
    }
    if (is(w, i, "today") || is(w, i, "yesterday") || is(w, i, "tomorrow")) {
        int by = is(w, i, "today") ? 0 : is(w, i, "tomorrow") ? 1 : -1;
        return calendar_period("day", now, by, s) ? 1 : 0;
    }
    if (is(w, i, "midnight")) {
        *s = period(day, day);
        return 1;
    }
    if (is(w, i, "this|last|previous|next") && i + 1 < w->n) {
        int by = is(w, i, "this") ? 0 : is(w, i, "next") ? 1 : -1;
        if (calendar_period(text(w, i + 1), now, by, s))
            return 2;
    }
    int named = find(w, i, weekdays, 7, 9);
    if (named >= 0) {
        int64_t weekday = (day / DAY_US + 3) % 7, back = (weekday - named + 7) % 7;
        *s = period(day - back * DAY_US, day - (back - 1) * DAY_US);
        return 1;
    }
    int number = 0;
    if (w->tok[i].kind == T_NUMBER && w->tok[i].number >= 1 && w->tok[i].number <= 31) {
        number = (int)w->tok[i].number;
        i += is(w, i + 1, "of") ? 2 : 1;
    }
    int month = find(w, i, months, 12, 3);
    if (month < 0)
        return 0;
    i++;
    if (!number && i < w->n && w->tok[i].kind == T_NUMBER && w->tok[i].number >= 1 &&
        w->tok[i].number <= 31) {
        number = (int)w->tok[i].number;
        i++;
    }
    if (i < w->n && w->tok[i].kind == T_SIGN && w->tok[i].text[0] == ',' &&
        year_at(w, i + 1, &year))
        i++;
    if (year_at(w, i, &year))
        i++;
    else
        year = ahead ? y + (month + 1 < m) : y - (month + 1 > m);
    if (number)
        *s = period(month_start(year, month + 1) + (number - 1) * DAY_US,
                    month_start(year, month + 1) + number * DAY_US);
    else
        *s = period(month_start(year, month + 1), month_start(year, month + 2));
    return i - start;
}

/* "3 days ago", "an hour ago" */
static int ago_at(const struct words *w, int i, int64_t now, int64_t *ret)
{
    double n = 1;
    struct unit u;
    int k = i;
    if (is(w, k, "a|an"))
        k++;
    else if (count_at(w, k, &n))
        k++;
    else
        return 0;
    if (!unit_at(w, k, &u) || !is(w, k + 1, "ago"))
        return 0;
    *ret = calendar_back(now, n, &u);
    return k + 2 - i;
}

/* "(in) the last 24 hours", "within the next month", "over the past week" */
static int window_at(const struct words *w, int i, int64_t now, struct span *s)
{
    int k = i;
    double n = 1;
    struct unit u;
    bool within = is(w, k, "within");
    if (is(w, k, "in|within|over|during|for|from"))
        k++;
    bool the = is(w, k, "the");
    if (the)
        k++;
    bool past = is(w, k, "last|past|previous"), next = is(w, k, "next|coming|following");
    if (past || next)
        k++;
    else if (!within)
        return 0;
    bool counted = count_at(w, k, &n);
    if (counted)
        k++;
    else if (is(w, k, "few|couple"))
        return 0;
    else if (is(w, k, "a|an"))
        k++;
    if (!unit_at(w, k, &u))
        return 0;
    if (!counted && !the && !within && !is(w, k - 1, "past|a|an") && u.factor > 80000 * 1.0 &&
        (u.dim == DIM_TIME || u.dim == DIM_MONTHS) && !is(w, k, "day"))
        return 0; /* "last week" is the calendar's */
    if (!counted && !the && !within && is(w, k - 1, "last|previous|next") && u.dim == DIM_MONTHS)
        return 0;
    bool ago = is(w, k + 1, "ago");
    if (ago)
        return 0;
    s->has_from = s->has_to = true;
    if (past) {
        s->from_us = calendar_back(now, n, &u);
        s->to_us = now + 1;
    } else { /* "within 30 days" looks ahead where the column does; see future */
        s->from_us = now;
        s->to_us = calendar_back(now, -n, &u);
        s->future = next;
        s->bare = within && !next;
    }
    return k + 1 - i;
}

static int edge_at(const struct words *w, int i, int64_t now, bool ahead, struct span *s)
{
    bool since = is(w, i, "since"), after = is(w, i, "after"),
         before = is(w, i, "before|until|till|by"), until = is(w, i, "until|till|by");
    if (!since && !after && !before)
        return 0;
    struct span p = {0};
    int64_t at = 0;
    int n = ago_at(w, i + 1, now, &at);
    if (n)
        p = period(at, at);
    else
        n = period_at(w, i + 1, now, ahead, &p);
    if (!n)
        return 0;
    if (is(w, i + 1, "the"))
        n += period_at(w, i + 1, now, ahead, &p) == n ? 1 : 0;
    if (is(w, i, "by|from") && n && w->tok[i + 1].kind != T_DATE && is(w, i + 1, "this|last"))
        return 0;
    if (since || after) {
        s->has_from = true;
        s->from_us = after ? p.to_us : p.from_us;
    } else {
        s->has_to = true;
        s->to_us = until ? p.to_us : p.from_us;
    }
    return n + 1;
}

static int between_at(const struct words *w, int i, int64_t now, bool ahead, struct span *s)
{
    struct span a = {0}, b = {0};
    if (!is(w, i, "between|from"))
        return 0;
    int n = period_at(w, i + 1, now, ahead, &a);
    if (!n || !is(w, i + 1 + n, "and|to|until|till"))
        return 0;
    int k = period_at(w, i + 2 + n, now, ahead, &b);
    if (!k)
        return 0;
    *s = period(a.from_us, b.to_us);
    return n + k + 2;
}

int calendar_read(const struct words *w, int i, int64_t now_us, bool ahead, struct span *ret)
{
    *ret = (struct span){0};
    int n = between_at(w, i, now_us, ahead, ret);
    if (!n)
        n = window_at(w, i, now_us, ret);
    if (!n)
        n = edge_at(w, i, now_us, ahead, ret);
    if (n)
        return n;
    int64_t at = 0;
    int k = is(w, i, "in|on|during|of|from|for") ? 1 : 0;
    n = ago_at(w, i + k, now_us, &at);
    if (n && !k && i + n <= w->n) { /* "3 days ago": that day */
        *ret = period(midnight(at), midnight(at) + DAY_US);
        return n;
    }
    n = period_at(w, i + k, now_us, ahead, ret);
    if (n && is(w, i + k, "the"))
        n++;
    if (n && !k && w->tok[i].kind == T_NUMBER) /* a bare number is no year */
        return w->tok[i].len == 4 && n == 1 ? 0 : n;
    if (n && !k && n == 1 && is(w, i, "may|march|mar|jan|feb|apr|jun|jul|aug|sep|oct|nov|dec"))
        return 0;
    return n ? n + k : 0;
}
