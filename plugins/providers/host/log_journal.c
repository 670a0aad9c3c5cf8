/* host_log from systemd's journal. */
#include "logs.h"
#include "systemd.h"
#include "tables.h"
#include "text.h"
#include <allora/sdk.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LOCAL_ONLY = 1 /* SD_JOURNAL_LOCAL_ONLY */, MESSAGE_MAX = 64 << 10, FIELD_MAX = 256 };

struct reader {
    const struct systemd *sd;
    void *journal;
    char *message; /* MESSAGE_MAX + 1 */
    char program[FIELD_MAX], unit[FIELD_MAX], hostname[FIELD_MAX];
};

/* Are there journal files, and is there one that can't be read? */
static bool has_files(const struct root *r, const char *folder, bool *denied)
{
    DIR *dir = root_opendir(r, folder);
    bool found = false;
    for (const struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        char path[400];
        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(path, sizeof path, "%s/%s/system.journal", folder, e->d_name);
        int fd = root_open_file(r, path);
        if (fd >= 0)
            (void)close(fd);
        *denied |= fd == -EACCES || fd == -EPERM;
        found |= fd >= 0 || fd == -EACCES || fd == -EPERM;
    }
    if (dir)
        (void)closedir(dir);
    return found;
}

/* A field's value, cut to size - 1; false when the entry has no such field. */
static bool field(const struct reader *r, const char *name, char *buf, size_t size)
{
    const void *data;
    size_t len, prefix = strlen(name) + 1;
    if (r->sd->journal_get_data(r->journal, name, &data, &len) < 0 || len < prefix)
        return false;
    len -= prefix;
    if (len >= size)
        len = size - 1;
    memcpy(buf, (const char *)data + prefix, len);
    buf[len] = '\0';
    return true;
}

static int64_t number(const struct reader *r, const char *name)
{
    char text[32];
    const char *p = text;
    int64_t v;
    return field(r, name, text, sizeof text) && text_int(&p, &v) ? v : -1;
}

static void read_entry(struct reader *r, const struct scan *s, struct log_row *row)
{
    if (scan_wants(s, LOG_message) && field(r, "MESSAGE", r->message, MESSAGE_MAX + 1))
        row->e.message = r->message;
    if ((scan_wants(s, LOG_program) || scan_filters(s, LOG_program)) &&
        (field(r, "SYSLOG_IDENTIFIER", r->program, FIELD_MAX) ||
         field(r, "_COMM", r->program, FIELD_MAX)))
        row->e.program = r->program;
    /* UNIT: the unit that systemd itself writes about. */
    if ((scan_wants(s, LOG_unit) || scan_filters(s, LOG_unit)) &&
        (field(r, "UNIT", r->unit, FIELD_MAX) || field(r, "_SYSTEMD_UNIT", r->unit, FIELD_MAX)))
        row->unit = r->unit;
    if (scan_wants(s, LOG_hostname) && field(r, "_HOSTNAME", r->hostname, FIELD_MAX))
        row->e.hostname = r->hostname;
    if (scan_wants(s, LOG_pid) || scan_filters(s, LOG_pid)) {
        row->e.pid = number(r, "_PID");
        if (row->e.pid < 0)
            row->e.pid = number(r, "SYSLOG_PID");
    }
    if (scan_wants(s, LOG_severity) || scan_wants(s, LOG_priority) ||
        scan_filters(s, LOG_severity)) {
        int64_t severity = number(r, "PRIORITY");
        row->e.severity = severity >= 0 && severity < 8 ? (int)severity : -1;
    }
    if (scan_wants(s, LOG_uid) || scan_wants(s, LOG_user))
        row->uid = number(r, "_UID");
}

/* An equality on unit becomes an index look-up: journal(7)'s matches. */
static void add_matches(const struct reader *r, const struct scan *s)
{
    static const char *const keys[] = {"_SYSTEMD_UNIT", "UNIT"};
    for (uint32_t i = 0; i < s->req->n_filters; i++) {
        const allora_filter *f = &s->req->filters[i];
        if (f->column != LOG_unit || f->op != ALLORA_OP_EQ || f->val.type != ALLORA_V_TEXT ||
            f->val.len > 200)
            continue;
        for (size_t k = 0; k < 2; k++) {
            char match[FIELD_MAX];
            /* The column has no ".service"; units of other kinds keep their ending. */
            int n = snprintf(match, sizeof match, "%s=%.*s", keys[k], (int)f->val.len, f->val.u.p);
            (void)r->sd->journal_add_match(r->journal, match, (size_t)n);
            n = snprintf(match, sizeof match, "%s=%.*s.service", keys[k], (int)f->val.len,
                         f->val.u.p);
            (void)r->sd->journal_add_match(r->journal, match, (size_t)n);
            (void)r->sd->journal_add_disjunction(r->journal);
        }
        return;
    }
}

static int32_t send_all(struct reader *r, const struct log_job *j)
{
    struct scan *s = j->s;
    int32_t status = 0;
    uint64_t seen = 0;
    int rc = j->max_us == INT64_MAX
                 ? r->sd->journal_seek_tail(r->journal)
                 : r->sd->journal_seek_realtime_usec(r->journal, (uint64_t)j->max_us + 1);
    while (!status && rc >= 0 && (rc = r->sd->journal_previous(r->journal)) > 0) {
        uint64_t when;
        if (r->sd->journal_get_realtime_usec(r->journal, &when) < 0)
            continue;
        if (j->min_us != INT64_MIN && (int64_t)when < j->min_us - LOG_SLACK_US)
            break;
        struct log_row row = {.e = {.time_us = (int64_t)when, .pid = -1, .severity = -1},
                              .source = "journal",
                              .uid = -1};
        read_entry(r, s, &row);
        status = log_send(j, &row);
        if (!status && ++seen % 256 == 0) /* rows that filters drop don't reach the sink */
            status = scan_cancelled(s);
    }
    if (!status && rc < 0) {
        scan_warn(s, ALLORA_E_INTERNAL, NULL, "the journal could not be read to its end: %s",
                  strerror(-rc));
        s->partial = true;
    }
    return status;
}

static int open_journal(struct reader *r, const struct root *root)
{
    if (!root->recorded)
        return r->sd->journal_open(&r->journal, LOCAL_ONLY);
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/var/log/journal", root->path);
    return n > 0 && (size_t)n < sizeof path ? r->sd->journal_open_directory(&r->journal, path, 0)
                                            : -ENAMETOOLONG;
}

int32_t log_from_journal(const struct log_job *j)
{
    struct scan *s = j->s;
    struct reader r = {.sd = NULL};
    bool denied = false;
    bool found = has_files(s->root, "var/log/journal", &denied);
    found |= !s->root->recorded && has_files(s->root, "run/log/journal", &denied);
    if (!found || !(r.sd = systemd_get()) || open_journal(&r, s->root) < 0)
        return ALLORA_E_UNSUPPORTED;
    int32_t status;
    r.message = malloc(MESSAGE_MAX + 1);
    if (r.message) {
        (void)r.sd->journal_set_data_threshold(r.journal, MESSAGE_MAX);
        add_matches(&r, s);
        status = send_all(&r, j);
    } else {
        status = sdk_fail(s->err, ALLORA_E_NOMEM, "out of memory");
    }
    r.sd->journal_close(r.journal);
    free(r.message);
    if (!status && denied) {
        scan_warn(s, ALLORA_E_DENIED, "run it as root, or as a member of the group systemd-journal",
                  "only your own entries of the journal may be read");
        s->partial = true;
    }
    return status;
}
