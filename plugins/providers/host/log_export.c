/* host_log of a recorded tree that brings its journal as text: journal.export, as `journalctl -o
 * export` writes it. Format: systemd's "Journal Export Formats": FIELD=value lines, an empty line
 * after each entry; values that are not plain text as FIELD, newline, 64-bit little-endian length,
 * data, newline. */
#include "logs.h"
#include "tables.h"
#include "text.h"
#include <allora/sdk.h>
#include <stdlib.h>
#include <string.h>

static const char *const fields[] = {"__REALTIME_TIMESTAMP",
                                     "MESSAGE",
                                     "SYSLOG_IDENTIFIER",
                                     "_COMM",
                                     "_SYSTEMD_UNIT",
                                     "UNIT",
                                     "PRIORITY",
                                     "_PID",
                                     "SYSLOG_PID",
                                     "_HOSTNAME",
                                     "_UID"};
enum {
    F_TIME,
    F_MESSAGE,
    F_IDENTIFIER,
    F_COMM,
    F_SYSTEMD_UNIT,
    F_UNIT,
    F_PRIORITY,
    F_PID,
    F_SYSLOG_PID,
    F_HOSTNAME,
    F_UID,
    F_COUNT
};

static int field_index(const char *name, size_t n)
{
    for (int i = 0; i < F_COUNT; i++)
        if (strlen(fields[i]) == n && memcmp(fields[i], name, n) == 0)
            return i;
    return -1;
}

static size_t little_endian(const char *p)
{
    size_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

/* Reads one field at *p, cutting its value in place; false when the text ends or makes no sense. */
static bool next_field(char **p, const char *end, char *values[F_COUNT])
{
    char *line = *p, *newline = memchr(line, '\n', (size_t)(end - line));
    if (!newline)
        return false;
    char *equals = memchr(line, '=', (size_t)(newline - line));
    char *value, *after;
    if (equals) {
        value = equals + 1;
        after = newline;
    } else { /* a binary field's name stands alone */
        if (end - newline < 9)
            return false;
        size_t n = little_endian(newline + 1);
        value = newline + 9;
        if (n >= (size_t)(end - value))
            return false;
        after = value + n;
        equals = newline;
    }
    int i = field_index(line, (size_t)(equals - line));
    *after = '\0';
    if (i >= 0)
        values[i] = value;
    *p = after + 1;
    return true;
}

static int64_t number(const char *text)
{
    int64_t v;
    return text && text_int(&text, &v) ? v : -1;
}

static int32_t send_entry(const struct log_job *j, char *p, const char *end)
{
    char *v[F_COUNT] = {NULL};
    while (p < end && next_field(&p, end, v))
        ;
    struct log_row row = {.source = "journal"};
    row.e.time_us = number(v[F_TIME]);
    if (row.e.time_us < 0)
        return 0;
    int64_t severity = number(v[F_PRIORITY]);
    row.e.severity = severity >= 0 && severity < 8 ? (int)severity : -1;
    row.e.message = v[F_MESSAGE];
    row.e.program = v[F_IDENTIFIER] ? v[F_IDENTIFIER] : v[F_COMM];
    row.e.hostname = v[F_HOSTNAME];
    row.e.pid = number(v[F_PID] ? v[F_PID] : v[F_SYSLOG_PID]);
    row.unit = v[F_UNIT] ? v[F_UNIT] : v[F_SYSTEMD_UNIT];
    row.uid = number(v[F_UID]);
    return log_send(j, &row);
}

struct span {
    size_t start, end;
};

struct spans { /* where each entry starts and ends, in the file's order: oldest first */
    struct span *all;
    size_t n, cap;
};

static bool add_span(struct spans *s, size_t start, size_t end)
{
    if (end <= start)
        return true;
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 256;
        struct span *all = realloc(s->all, cap * sizeof *all);
        if (!all)
            return false;
        s->all = all;
        s->cap = cap;
    }
    s->all[s->n++] = (struct span){start, end};
    return true;
}

/* Steps over fields without cutting them: binary data may hold empty lines. */
static bool find_entries(struct spans *spans, const char *text, size_t len)
{
    size_t start = 0, at = 0;
    bool ok = true;
    while (ok && at < len) {
        const char *line = text + at, *newline = memchr(line, '\n', len - at);
        if (newline == line) {
            ok = add_span(spans, start, at);
            start = ++at;
            continue;
        }
        if (!newline)
            break; /* cut short: not a whole field */
        at = (size_t)(newline - text) + 1;
        if (!memchr(line, '=', (size_t)(newline - line))) {
            size_t n = len - at >= 9 ? little_endian(text + at) : SIZE_MAX;
            if (n > len - at - 9)
                break;
            at += 8 + n + 1;
        }
    }
    return ok && add_span(spans, start, at);
}

int32_t log_from_export(const struct log_job *j)
{
    struct bytes text = {0};
    if (!j->s->root->recorded || root_read(j->s->root, "journal.export", &text, ROOT_TABLE_MAX)) {
        bytes_free(&text);
        return ALLORA_E_UNSUPPORTED;
    }
    struct spans spans = {0};
    int32_t status = 0;
    if (!find_entries(&spans, text.p, text.len))
        status = sdk_fail(j->s->err, ALLORA_E_NOMEM, "out of memory");
    for (size_t i = spans.n; i-- > 0 && !status;)
        status = send_entry(j, text.p + spans.all[i].start, text.p + spans.all[i].end);
    free(spans.all);
    bytes_free(&text);
    return status;
}
