/* host_log from text files: each with its rotated predecessor, merged by time, newest first.
 * Compressed older files are not read, which a warning says when the scan got that far. */
#include "logs.h"
#include "reverse.h"
#include "tables.h"
#include "text.h"
#include <allora/sdk.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct family {
    const char *path;
    enum log_format format;
    const char *covered_by; /* a file that repeats its lines; read instead when it is there */
};
static const struct family families[] = {{"var/log/syslog", LOG_SYSLOG, NULL},
                                         {"var/log/messages", LOG_SYSLOG, "var/log/syslog"},
                                         {"var/log/auth.log", LOG_SYSLOG, NULL},
                                         {"var/log/secure", LOG_SYSLOG, NULL},
                                         {"var/log/kern.log", LOG_SYSLOG, "var/log/syslog"},
                                         {"var/log/daemon.log", LOG_SYSLOG, "var/log/syslog"},
                                         {"var/log/user.log", LOG_SYSLOG, "var/log/syslog"},
                                         {"var/log/mail.log", LOG_SYSLOG, "var/log/syslog"},
                                         {"var/log/maillog", LOG_SYSLOG, NULL},
                                         {"var/log/cron.log", LOG_SYSLOG, "var/log/syslog"},
                                         {"var/log/cron", LOG_SYSLOG, NULL},
                                         {"var/log/dpkg.log", LOG_DPKG, NULL},
                                         {"var/log/alternatives.log", LOG_ALTERNATIVES, NULL}};
enum { FAMILIES = sizeof families / sizeof families[0] };

struct stream { /* one family, at its newest unsent entry */
    const struct family *family;
    struct reverse file;
    struct log_row row;
    char source[96];
    bool rotated; /* reading PATH.1 already */
    bool open;
};

struct merge {
    const struct log_job *j;
    struct log_clock clock;
    struct stream *streams[FAMILIES];
    size_t n, denied;
    bool reached_end; /* some stream had no older plain file */
};

static bool exists(const struct root *r, const char *path)
{
    struct stat st;
    return root_stat(r, path, true, &st) == 0;
}

/* From PATH to PATH.1; false at the end. */
static bool open_older(struct merge *m, struct stream *st)
{
    const struct root *r = m->j->s->root;
    char path[80];
    reverse_close(&st->file);
    st->open = false;
    if (st->rotated)
        return false;
    st->rotated = true;
    (void)snprintf(path, sizeof path, "%s.1", st->family->path);
    if (reverse_open(&st->file, r, path))
        return false;
    (void)snprintf(st->source, sizeof st->source, "/%s", path);
    return st->open = true;
}

/* The next older entry within the wanted time; false when there is none. */
static bool advance(struct merge *m, struct stream *st)
{
    while (st->open) {
        char *line = reverse_next(&st->file);
        if (!line) {
            if (!open_older(m, st))
                m->reached_end = true;
            continue;
        }
        st->row = (struct log_row){.source = st->source, .uid = -1};
        if (!logline_parse(line, st->family->format, &m->clock, &st->row.e))
            continue;
        if (m->j->min_us != INT64_MIN && st->row.e.time_us < m->j->min_us - LOG_SLACK_US) {
            reverse_close(&st->file);
            st->open = false;
        } else {
            return true;
        }
    }
    return false;
}

static int32_t open_stream(struct merge *m, const struct family *f)
{
    struct scan *s = m->j->s;
    struct stream *st = malloc(sizeof *st);
    if (!st)
        return sdk_fail(s->err, ALLORA_E_NOMEM, "out of memory");
    st->family = f;
    st->rotated = false;
    int rc = reverse_open(&st->file, s->root, f->path);
    if (rc == -EACCES || rc == -EPERM)
        m->denied++;
    st->open = rc == 0;
    (void)snprintf(st->source, sizeof st->source, "/%s", f->path);
    m->streams[m->n++] = st;
    return ALLORA_OK;
}

static int32_t send_merged(struct merge *m)
{
    bool live[FAMILIES];
    int32_t status = 0;
    for (size_t i = 0; i < m->n; i++)
        live[i] = advance(m, m->streams[i]);
    while (!status) {
        struct stream *newest = NULL;
        size_t which = 0;
        for (size_t i = 0; i < m->n; i++)
            if (live[i] && (!newest || m->streams[i]->row.e.time_us > newest->row.e.time_us)) {
                newest = m->streams[i];
                which = i;
            }
        if (!newest)
            break;
        status = log_send(m->j, &newest->row);
        if (!status)
            live[which] = advance(m, newest);
    }
    return status;
}

static void warn(struct merge *m)
{
    struct scan *s = m->j->s;
    if (m->denied) {
        scan_warn(s, ALLORA_E_DENIED, "run it as root, or as a member of the group adm",
                  "%zu log files may not be read", m->denied);
        s->partial = true;
    }
    for (size_t i = 0; m->reached_end && i < m->n; i++) {
        char path[80];
        (void)snprintf(path, sizeof path, "%s.2.gz", m->streams[i]->family->path);
        if (exists(s->root, path)) {
            scan_warn(s, ALLORA_E_UNSUPPORTED, NULL,
                      "older log files are compressed and were not read (/%s)", path);
            return;
        }
    }
}

int32_t log_from_files(const struct log_job *j)
{
    struct scan *s = j->s;
    struct merge m = {.j = j,
                      .clock = {.now_us = root_now_us(s->root),
                                .fixed_offset = s->root->recorded,
                                .utc_offset_s = s->root->recorded
                                                    ? recording_int(s->root->rec, "utc_offset_s", 0)
                                                    : 0}};
    int32_t status = 0;
    bool any = false;
    for (size_t i = 0; i < FAMILIES && !status; i++) {
        const struct family *f = &families[i];
        if ((f->covered_by && exists(s->root, f->covered_by)) || !exists(s->root, f->path))
            continue;
        any = true;
        status = open_stream(&m, f);
    }
    if (!status && !any)
        return ALLORA_E_UNSUPPORTED;
    if (!status)
        status = send_merged(&m);
    if (!status)
        warn(&m);
    for (size_t i = 0; i < m.n; i++) {
        reverse_close(&m.streams[i]->file);
        free(m.streams[i]);
    }
    return status;
}
