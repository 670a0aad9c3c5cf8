/* Lines of the log files below /var/log.  Pure but for the time zone: any text is safe. */
#ifndef HOST_LOGLINE_H
#define HOST_LOGLINE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_format { LOG_SYSLOG, LOG_DPKG, LOG_ALTERNATIVES };

struct log_clock {     /* how to read a time without year or zone */
    int64_t now_us;    /* lines are not from after this */
    bool fixed_offset; /* a recording's: local time is UTC + utc_offset_s, else the machine's own
                          zone */
    int64_t utc_offset_s;
};

struct log_entry {
    int64_t time_us;
    const char *program, *message, *hostname; /* point into the line; NULL: not said */
    int64_t pid;                              /* -1: not said */
    int severity;                             /* 0 to 7; -1: not said */
};

/* Cuts the line in place.  False on what is no entry of its own (a continuation, an empty line).
 *   LOG_SYSLOG        2026-11-23T00:47:42.123+00:00 host program[pid]: message
 *                     Nov 23 00:47:42 host [facility.level] program[pid]: message
 *   LOG_DPKG          2026-11-23 00:47:42 status installed nginx:amd64 1.22
 *   LOG_ALTERNATIVES  update-alternatives 2026-11-23 00:47:42: message */
bool logline_parse(char *line, enum log_format format, const struct log_clock *clock,
                   struct log_entry *ret);
/* emerg … debug; NULL outside 0 to 7. */
const char *log_priority(int severity);
#endif
