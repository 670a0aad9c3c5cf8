/* host_log: the journal, or the files below /var/log; newest first. */
#include "logs.h"
#include "tables.h"
#include "text.h"
#include <allora/sdk.h>
#include <string.h>

int32_t log_send(const struct log_job *j, const struct log_row *row)
{
    struct scan *s = j->s;
    const struct log_entry *e = &row->e;
    bool current = j->boot_us > 0 && e->time_us >= j->boot_us;
    char unit[256];
    const char *name = NULL;
    if (row->unit) {
        size_t n = strlen(row->unit) - (text_ends(row->unit, ".service") ? strlen(".service") : 0);
        if (n < sizeof unit) {
            memcpy(unit, row->unit, n);
            unit[n] = '\0';
            name = unit;
        }
    }
    /* A filter never lets NULL through: what isn't said doesn't match. */
    if (e->time_us < j->min_us || e->time_us > j->max_us ||
        !scan_allows_text(s, LOG_source, row->source) ||
        (j->boot_us > 0 && !scan_allows_bool(s, LOG_current_boot, current)) ||
        (name ? !scan_allows_text(s, LOG_unit, name) : scan_filters(s, LOG_unit)) ||
        (e->program ? !scan_allows_text(s, LOG_program, e->program)
                    : scan_filters(s, LOG_program)) ||
        (e->pid >= 0 ? !scan_allows_int(s, LOG_pid, e->pid) : scan_filters(s, LOG_pid)) ||
        (e->severity >= 0 ? !scan_allows_int(s, LOG_severity, e->severity)
                          : scan_filters(s, LOG_severity)))
        return 0;
    scan_time(s, LOG_time, e->time_us);
    scan_text(s, LOG_unit, name);
    scan_text(s, LOG_program, e->program);
    if (e->pid >= 0)
        scan_int(s, LOG_pid, e->pid);
    if (e->severity >= 0) {
        scan_int(s, LOG_severity, e->severity);
        scan_text(s, LOG_priority, log_priority(e->severity));
    }
    scan_text(s, LOG_message, e->message);
    if (row->uid >= 0 && row->uid <= UINT32_MAX) {
        scan_int(s, LOG_uid, row->uid);
        if (scan_wants(s, LOG_user))
            scan_text(s, LOG_user, scan_user(s, (uint32_t)row->uid));
    }
    scan_text(s, LOG_hostname, e->hostname);
    scan_text(s, LOG_source, row->source);
    if (j->boot_us > 0)
        scan_bool(s, LOG_current_boot, current);
    return scan_row(s);
}

int32_t list_log(struct scan *s)
{
    struct log_job j = {.s = s, .min_us = INT64_MIN, .max_us = INT64_MAX};
    scan_range(s, LOG_time, &j.min_us, &j.max_us);
    int64_t boot = root_boot_time(s->root);
    j.boot_us = boot > 0 ? boot * 1000000 : 0;
    int32_t status = log_from_export(&j);
    if (status == ALLORA_E_UNSUPPORTED)
        status = log_from_journal(&j);
    if (status == ALLORA_E_UNSUPPORTED)
        status = log_from_files(&j);
    if (status == ALLORA_E_UNSUPPORTED) {
        scan_warn(s, ALLORA_E_UNSUPPORTED, NULL,
                  "this machine keeps no log: neither a journal nor files in /var/log");
        s->partial = true;
        status = ALLORA_OK;
    }
    return status;
}
