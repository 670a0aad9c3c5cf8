#include "logline.h"
#include "text.h"
#include <allora/sdk.h>
#include <string.h>
#include <time.h>

const char *log_priority(int severity)
{
    static const char *const names[] = {"emerg",   "alert",  "crit", "err",
                                        "warning", "notice", "info", "debug"};
    return severity >= 0 && severity < 8 ? names[severity] : NULL;
}

static int64_t to_utc(const struct log_clock *clock, int64_t year, int64_t month, int64_t day,
                      int64_t seconds)
{
    if (clock->fixed_offset)
        return text_days(year, (unsigned)month, (unsigned)day) * 86400 + seconds -
               clock->utc_offset_s;
    struct tm tm = {.tm_year = (int)(year - 1900),
                    .tm_mon = (int)(month - 1),
                    .tm_mday = (int)day,
                    .tm_hour = (int)(seconds / 3600),
                    .tm_min = (int)(seconds / 60 % 60),
                    .tm_sec = (int)(seconds % 60),
                    .tm_isdst = -1};
    return (int64_t)mktime(&tm);
}

static bool two_digits(const char **p, int64_t max, int64_t *ret)
{
    const char *s = *p;
    if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9')
        return false;
    *ret = (s[0] - '0') * 10 + (s[1] - '0');
    *p = s + 2;
    return *ret <= max;
}

/* HH:MM:SS as seconds of the day */
static bool clock_time(const char **p, int64_t *ret)
{
    int64_t h, m, s;
    const char *at = *p;
    if (!two_digits(&at, 23, &h) || *at++ != ':' || !two_digits(&at, 59, &m) || *at++ != ':' ||
        !two_digits(&at, 60, &s))
        return false;
    *ret = h * 3600 + m * 60 + s;
    *p = at;
    return true;
}

/* "2026-11-23 00:47:42", local time */
static bool plain_time(const char **p, const struct log_clock *clock, int64_t *ret_us)
{
    const char *at = *p;
    int64_t year, month, day, seconds;
    if (!text_int(&at, &year) || year < 1970 || year > 9999 || *at++ != '-' ||
        !two_digits(&at, 12, &month) || !month || *at++ != '-' || !two_digits(&at, 31, &day) ||
        !day || *at++ != ' ' || !clock_time(&at, &seconds))
        return false;
    *ret_us = to_utc(clock, year, month, day, seconds) * 1000000;
    *p = at;
    return true;
}

/* "Nov 23 00:47:42", local time of the last year in which it isn't in the future */
static bool bsd_time(const char **p, const struct log_clock *clock, int64_t *ret_us)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const char *at = *p;
    int64_t month = 0, day, seconds;
    while (month < 12 && strncmp(at, months + month * 3, 3) != 0)
        month++;
    if (month == 12 || at[3] != ' ')
        return false;
    at += 4;
    text_blanks(&at);
    if (!text_int(&at, &day) || day < 1 || day > 31 || *at++ != ' ' || !clock_time(&at, &seconds))
        return false;
    enum { DAY_S = 86400 };
    int64_t now = clock->now_us / 1000000;
    int64_t year = 1970 + now / (int64_t)(365.2425 * DAY_S) + 1;
    int64_t when;
    do { /* a day's grace: clocks differ */
        when = to_utc(clock, year--, month + 1, day, seconds);
    } while (when > now + DAY_S && year > 1970);
    *ret_us = when * 1000000;
    *p = at;
    return true;
}

/* "2026-11-23T00:47:42.123+00:00" */
static bool rfc3339(const char **p, int64_t *ret_us)
{
    size_t n = strcspn(*p, " ");
    if (n < 20 || (*p)[10] != 'T' || !sdk_parse_time(sdk_str_n(*p, n), ret_us))
        return false;
    *p += n;
    return true;
}

/* busybox's syslogd writes "daemon.err" before the program. */
static bool facility_and_level(const char *word, size_t n, int *severity)
{
    static const char *const facilities[] = {"kern",     "user", "mail", "daemon", "auth",
                                             "syslog",   "lpr",  "news", "uucp",   "cron",
                                             "authpriv", "ftp",  "local"};
    static const struct {
        const char *word;
        int severity;
    } levels[] = {{"emerg", 0},  {"panic", 0}, {"alert", 1}, {"crit", 2},
                  {"err", 3},    {"error", 3}, {"warn", 4},  {"warning", 4},
                  {"notice", 5}, {"info", 6},  {"debug", 7}};
    const char *dot = memchr(word, '.', n);
    bool facility = false;
    for (size_t i = 0; dot && i < sizeof facilities / sizeof facilities[0]; i++)
        facility |= strncmp(word, facilities[i], strlen(facilities[i])) == 0;
    for (size_t i = 0; facility && i < sizeof levels / sizeof levels[0]; i++) {
        size_t rest = n - (size_t)(dot + 1 - word);
        if (strlen(levels[i].word) == rest && memcmp(dot + 1, levels[i].word, rest) == 0) {
            *severity = levels[i].severity;
            return true;
        }
    }
    return false;
}

/* "program[pid]: message" */
static void tag_and_message(char *text, struct log_entry *e)
{
    size_t n = strcspn(text, " :[");
    char *after = text + n;
    e->message = text;
    if (!n || *after == ' ' || !*after)
        return; /* no tag at all: "last message repeated 2 times" */
    if (*after == '[') {
        const char *p = after + 1;
        int64_t pid;
        if (text_int(&p, &pid) && *p == ']') {
            e->pid = pid;
            *after = '\0';
            after = text + (p + 1 - text);
        } else { /* "kernel: [  12.3] …" has its bracket in the message; "a[b]: …" is a tag */
            char *close = strchr(after, ']');
            if (!close || close[1] != ':')
                return;
            after = close + 1;
        }
    }
    if (*after == ':')
        *after++ = '\0';
    e->program = text;
    e->message = after + strspn(after, " ");
}

static bool parse_syslog(char *line, const struct log_clock *clock, struct log_entry *e)
{
    const char *p = line, *word;
    size_t n;
    if (!rfc3339(&p, &e->time_us) && !bsd_time(&p, clock, &e->time_us))
        return false;
    if (!text_word(&p, &word, &n))
        return false;
    e->hostname = word;
    char *end = line + (word + n - line);
    if (!*end)
        return false;
    *end++ = '\0';
    const char *next = end;
    if (text_word(&next, &word, &n) && facility_and_level(word, n, &e->severity))
        end = line + (next - line);
    tag_and_message(end + strspn(end, " "), e);
    return true;
}

bool logline_parse(char *line, enum log_format format, const struct log_clock *clock,
                   struct log_entry *ret)
{
    struct log_entry e = {.pid = -1, .severity = -1};
    const char *p = line;
    bool ok = false;
    switch (format) {
    case LOG_SYSLOG:
        ok = parse_syslog(line, clock, &e);
        break;
    case LOG_DPKG:
        ok = plain_time(&p, clock, &e.time_us) && *p == ' ';
        e.program = "dpkg";
        e.message = ok ? p + 1 : NULL;
        break;
    case LOG_ALTERNATIVES:
        ok = text_skip(&p, "update-alternatives ") && plain_time(&p, clock, &e.time_us) &&
             text_skip(&p, ": ");
        e.program = "update-alternatives";
        e.message = p;
        break;
    }
    if (ok)
        *ret = e;
    return ok;
}
