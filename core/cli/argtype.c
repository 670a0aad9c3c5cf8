/* One value against its declaration: type, range, choice.  Errors name the flag, the rule and the
 * value. */
#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "cli/args.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* "--limit: must be a whole number, not "abc"" */
static int32_t wrong(const struct arg_decl *d, const char *rule, const char *text,
                     allora_error *err)
{
    A_CLEAN(buf_done) struct buf label = BUF(256);
    arg_label(&label, d);
    bool readable = utf8_valid(text, strlen(text));
    return err_set(err, ALLORA_E_ARG, "%s: %s, not \"%.60s%s\"", buf_str(&label), rule,
                   readable ? text : "(not valid UTF-8)", readable && strlen(text) > 60 ? "…" : "");
}

static int32_t out_of_range(const struct arg_decl *d, double v, const char *text, allora_error *err)
{
    char rule[96];
    double low = json_num(d->minimum, -HUGE_VAL), high = json_num(d->maximum, HUGE_VAL);
    if (v >= low && v <= high)
        return ALLORA_OK;
    if (d->minimum && d->maximum)
        (void)snprintf(rule, sizeof(rule), "must be %.15g to %.15g", low, high);
    else if (d->minimum)
        (void)snprintf(rule, sizeof(rule), "must be at least %.15g", low);
    else
        (void)snprintf(rule, sizeof(rule), "must be at most %.15g", high);
    return wrong(d, rule, text, err);
}

static int32_t check_choice(const struct arg_decl *d, const char *text, allora_error *err)
{
    struct nearest near;
    nearest_init(&near, text);
    for (uint32_t i = 0; i < d->n_choices; i++) {
        if (streq(d->choices[i], text))
            return ALLORA_OK;
        nearest_offer(&near, d->choices[i]);
    }
    A_CLEAN(buf_done) struct buf rule = BUF(1024);
    buf_adds(&rule, "must be ");
    for (uint32_t i = 0; i < d->n_choices; i++)
        buf_addf(&rule, "%s%s", i == 0 ? "" : i + 1 == d->n_choices ? " or " : ", ", d->choices[i]);
    int32_t rc = wrong(d, buf_str(&rule), text, err);
    if (near.n)
        err_hint(err, "did you mean %s?", near.best[0]);
    return rc;
}

static int32_t int_json(const struct arg_decl *d, const char *text, struct jsonw *w,
                        allora_error *err)
{
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (end == text || *end || strchr(" \t\n\r\v\f", text[0]))
        return wrong(d, "must be a whole number", text, err);
    if (errno == ERANGE)
        return wrong(d, "must fit in 64 bits", text, err);
    int32_t rc = out_of_range(d, (double)v, text, err);
    if (!rc)
        jw_int(w, v);
    return rc;
}

static int32_t number_json(const struct arg_decl *d, const char *text, struct jsonw *w,
                           allora_error *err)
{
    char *end;
    double v = strtod(text, &end);
    /* strtod also reads hexadecimal, nan and inf; a person who writes those made a mistake. */
    if (end == text || *end || strspn(text, "+-.0123456789eE") != strlen(text) || !isfinite(v))
        return wrong(d, "must be a number", text, err);
    int32_t rc = out_of_range(d, v, text, err);
    if (!rc)
        jw_real(w, v);
    return rc;
}

static int32_t bool_json(const struct arg_decl *d, const char *text, struct jsonw *w,
                         allora_error *err)
{
    static const char *const yes[] = {"true", "yes", "on", "1"}, *const no[] = {"false", "no",
                                                                                "off", "0"};
    for (size_t i = 0; i < 4; i++) {
        if (streq_nocase(text, yes[i]) || streq_nocase(text, no[i])) {
            jw_bool(w, streq_nocase(text, yes[i]));
            return ALLORA_OK;
        }
    }
    return wrong(d, "must be true or false", text, err);
}

/* Durations become seconds, whole where they are whole; sizes become bytes. */
static int32_t unit_json(const struct arg_decl *d, const char *text, struct jsonw *w,
                         allora_error *err)
{
    int64_t v = 0;
    bool duration = d->type == ARG_DURATION;
    if (duration ? duration_parse(text, &v, NULL) : size_parse(text, &v, NULL))
        return wrong(d,
                     duration ? "must be a duration such as 30s, 5m or 2h"
                              : "must be a size such as 512K or 2GiB",
                     text, err);
    int32_t rc = out_of_range(d, duration ? (double)v / 1e6 : (double)v, text, err);
    if (rc)
        return rc;
    if (duration && v % 1000000)
        jw_real(w, (double)v / 1e6);
    else
        jw_int(w, duration ? v / 1000000 : v);
    return ALLORA_OK;
}

static int32_t time_json(const struct arg_decl *d, const char *text, struct jsonw *w,
                         allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(64);
    int64_t us;
    if (time_parse(text, strlen(text), &us))
        return wrong(d, "must be a time such as 2026-11-01 or 2026-11-01T10:00:00Z", text, err);
    time_format(&b, us);
    jw_str(w, buf_str(&b));
    return ALLORA_OK;
}

static int32_t file_json(const struct arg_decl *d, const char *path, struct jsonw *w,
                         allora_error *err)
{
    A_CLEAN(buf_done) struct buf b = BUF(ARGS_FILE_MAX + 1);
    int32_t rc = streq(path, "-") ? fs_read_fd(STDIN_FILENO, ARGS_FILE_MAX, &b, err)
                                  : fs_read(path, ARGS_FILE_MAX, &b, err);
    if (rc) {
        err_prefix(err, "--%s: ", d->name);
        return rc == ALLORA_E_NOMEM ? rc : err_set(err, ALLORA_E_ARG, "%s", err->message);
    }
    if (!utf8_valid(buf_str(&b), b.len))
        return err_set(err, ALLORA_E_ARG, "--%s: %.200s is not UTF-8 text", d->name, path);
    if (b.len && memchr(b.ptr, '\0', b.len))
        return err_set(err, ALLORA_E_ARG, "--%s: %.200s holds a NUL byte: this is not text",
                       d->name, path);
    jw_strn(w, buf_str(&b), b.len);
    return ALLORA_OK;
}

int32_t arg_value_json(const struct arg_decl *d, const char *text, struct jsonw *w,
                       allora_error *err)
{
    if (d->n_choices) {
        int32_t rc = check_choice(d, text, err);
        if (rc)
            return rc;
    }
    switch (d->type) {
    case ARG_INT:
        return int_json(d, text, w, err);
    case ARG_NUMBER:
        return number_json(d, text, w, err);
    case ARG_BOOL:
        return bool_json(d, text, w, err);
    case ARG_DURATION:
    case ARG_SIZE:
        return unit_json(d, text, w, err);
    case ARG_TIME:
        return time_json(d, text, w, err);
    case ARG_FILE:
        return file_json(d, text, w, err);
    case ARG_STRING:
    case ARG_PAIR: /* whole pairs: argjson.c */
        break;
    }
    if (!utf8_valid(text, strlen(text)))
        return wrong(d, "must be valid UTF-8 text", text, err);
    jw_str(w, text);
    return ALLORA_OK;
}
