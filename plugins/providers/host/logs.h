/* host_log's sources and what they share. */
#ifndef HOST_LOGS_H
#define HOST_LOGS_H
#include "logline.h"
#include "scan.h"

struct log_job {
    struct scan *s;
    int64_t min_us, max_us; /* what filters on time leave */
    int64_t boot_us;        /* 0: unknown */
};
/* One entry with all that a source may know. */
struct log_row {
    struct log_entry e;
    const char *unit, *source;
    int64_t uid; /* -1: not said */
};
/* Entries this much older than the newest unwanted one may still follow: clocks are set back. */
#define LOG_SLACK_US (INT64_C(86400) * 1000000)

/* Sends the row, when the filters allow it.  0, ALLORA_STOP or a failure. */
int32_t log_send(const struct log_job *j, const struct log_row *row);

/* ALLORA_E_UNSUPPORTED, without a row sent, where there is no such log. */
int32_t log_from_export(const struct log_job *j);
int32_t log_from_journal(const struct log_job *j);
int32_t log_from_files(const struct log_job *j);
#endif
