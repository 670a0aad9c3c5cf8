/* Durations and sizes as people write them. */
#include "clock.h"
#include "err.h"
#include "str.h"

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit duration_units[] = {
    {"us", 1},         {"ms", 1000},       {"s", 1000000},      {"m", 60000000},
    {"h", 3600000000}, {"d", 86400000000}, {"w", 604800000000},
};

static const struct unit size_units[] = {
    {"B", 1},
    {"K", INT64_C(1) << 10},
    {"KB", INT64_C(1) << 10},
    {"KiB", INT64_C(1) << 10},
    {"M", INT64_C(1) << 20},
    {"MB", INT64_C(1) << 20},
    {"MiB", INT64_C(1) << 20},
    {"G", INT64_C(1) << 30},
    {"GB", INT64_C(1) << 30},
    {"GiB", INT64_C(1) << 30},
    {"T", INT64_C(1) << 40},
    {"TB", INT64_C(1) << 40},
    {"TiB", INT64_C(1) << 40},
    {"P", INT64_C(1) << 50},
    {"PB", INT64_C(1) << 50},
    {"PiB", INT64_C(1) << 50},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A decimal number as whole + fraction / scale. */
struct amount {
    int64_t whole, fraction, scale;
};

static bool read_amount(const char **s, struct amount *ret)
{
    struct amount a = {0, 0, 1};
    const char *p = *s;

    if (!is_digit(*p))
        return false;
    for (; is_digit(*p); p++) {
        if (__builtin_mul_overflow(a.whole, 10, &a.whole) ||
            __builtin_add_overflow(a.whole, *p - '0', &a.whole))
            return false;
    }
    if (*p == '.') {
        if (!is_digit(*++p))
            return false;
        for (; is_digit(*p); p++) {
            if (a.scale < 1000000) { /* what follows is below any unit here */
                a.fraction = a.fraction * 10 + (*p - '0');
                a.scale *= 10;
            }
        }
    }
    *s = p;
    *ret = a;
    return true;
}

static bool scale(const struct amount *a, int64_t factor, int64_t *ret)
{
    /* fraction < 10^6, so dividing first keeps the product inside 64 bits and loses less than one
     * of the result */
    int64_t part = factor / a->scale * a->fraction + factor % a->scale * a->fraction / a->scale;

    return !__builtin_mul_overflow(a->whole, factor, ret) &&
           !__builtin_add_overflow(*ret, part, ret);
}

static const struct unit *find_unit(const struct unit *units, size_t n, const char *p, size_t len,
                                    bool nocase)
{
    for (size_t i = 0; i < n; i++) {
        char name[4] = "";
        if (len != strlen(units[i].name))
            continue;
        memcpy(name, p, len);
        if (nocase ? streq_nocase(name, units[i].name) : streq(name, units[i].name))
            return &units[i];
    }
    return NULL;
}

static int32_t bad_duration(const char *s, allora_error *err)
{
    err_set(err, ALLORA_E_ARG, "'%.40s' is not a duration", s);
    err_hint(err, "write for example 30s, 5m, 2h, 7d or 1h30m");
    return ALLORA_E_ARG;
}

int32_t duration_parse(const char *s, int64_t *ret_us, allora_error *err)
{
    const size_t n_units = sizeof duration_units / sizeof duration_units[0];
    const struct unit *last = NULL;
    int64_t total = 0;

    for (const char *p = s; *p || p == s;) {
        struct amount a;
        int64_t part;
        size_t len = 0;

        if (!read_amount(&p, &a))
            return bad_duration(s, err);
        while (is_letter(p[len]))
            len++;
        const struct unit *u = find_unit(duration_units, n_units, p, len, false);
        if (len == 0 && !last && *p == '\0')
            u = &duration_units[2]; /* a bare number */
        /* "5m1h" and "5m5m" are slips, so units must fall */
        if (!u || (last && u->factor >= last->factor) || !scale(&a, u->factor, &part) ||
            __builtin_add_overflow(total, part, &total))
            return bad_duration(s, err);
        last = u;
        p += len;
    }
    *ret_us = total;
    return ALLORA_OK;
}

/* value / unit with one decimal, where below 10 and not a zero. */
static void put_decimal(struct buf *b, uint64_t us, uint64_t unit, const char *name)
{
    uint64_t tenths = (us * 10 + unit / 2) / unit;

    if (tenths < 100 && tenths % 10 != 0)
        buf_addf(b, "%llu.%llu %s", (unsigned long long)(tenths / 10),
                 (unsigned long long)(tenths % 10), name);
    else
        buf_addf(b, "%llu %s", (unsigned long long)((us + unit / 2) / unit), name);
}

static void put_pair(struct buf *b, uint64_t big, const char *big_name, uint64_t small,
                     const char *small_name)
{
    buf_addf(b, "%llu %s", (unsigned long long)big, big_name);
    if (small > 0)
        buf_addf(b, " %llu %s", (unsigned long long)small, small_name);
}

void duration_format(struct buf *b, int64_t us)
{
    uint64_t u = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;

    if (us < 0)
        buf_addc(b, '-');
    if (u < 1000) {
        buf_addf(b, "%llu us", (unsigned long long)u);
    } else if (u < 999500) {
        put_decimal(b, u, 1000, "ms");
    } else if (u < 59500000) {
        put_decimal(b, u, 1000000, "s");
    } else {
        uint64_t s = u / 1000000 + (u % 1000000 >= 500000);
        uint64_t minutes = s / 60 + (s % 60 >= 30), hours = s / 3600 + (s % 3600 >= 1800);
        uint64_t days = s / 86400 + (s % 86400 >= 43200);

        if (s < 600)
            put_pair(b, s / 60, "min", s % 60, "s");
        else if (minutes < 60)
            put_pair(b, minutes, "min", 0, "");
        else if (minutes < 600)
            put_pair(b, minutes / 60, "h", minutes % 60, "min");
        else if (hours < 24)
            put_pair(b, hours, "h", 0, "");
        else if (hours < 72)
            put_pair(b, hours / 24, hours < 48 ? "day" : "days", hours % 24, "h");
        else
            put_pair(b, days, "days", 0, "");
    }
}

int32_t size_parse(const char *s, int64_t *ret_bytes, allora_error *err)
{
    const size_t n_units = sizeof size_units / sizeof size_units[0];
    const char *p = s;
    struct amount a;
    int64_t bytes;

    bool ok = read_amount(&p, &a);
    while (ok && *p == ' ')
        p++;
    const struct unit *u = NULL;
    if (ok)
        u = *p ? find_unit(size_units, n_units, p, strlen(p), true) : &size_units[0];
    if (!u || !scale(&a, u->factor, &bytes)) {
        err_set(err, ALLORA_E_ARG, "'%.40s' is not a size", s);
        err_hint(err, "write for example 512, 4K, 1.5GB or 2GiB");
        return ALLORA_E_ARG;
    }
    *ret_bytes = bytes;
    return ALLORA_OK;
}

void size_format(struct buf *b, int64_t bytes)
{
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    uint64_t u = bytes < 0 ? 0 - (uint64_t)bytes : (uint64_t)bytes;
    double value = (double)u;
    size_t i = 0;

    /* 1023.95 would print as "1024.0": step up before */
    while (value >= 1023.95 && i + 1 < sizeof names / sizeof names[0]) {
        value /= 1024;
        i++;
    }
    if (bytes < 0)
        buf_addc(b, '-');
    if (i == 0)
        buf_addf(b, "%llu B", (unsigned long long)u);
    else
        buf_addf(b, "%.1f %s", value, names[i]);
}
