/* Services, from whichever source knows them: a recording, systemd's bus, OpenRC's state folder, or
 * unit files and control groups. */
#ifndef HOST_UNITS_H
#define HOST_UNITS_H
#include "scan.h"

struct unit { /* texts: NULL unknown; numbers: -1 none or unknown */
    const char *unit, *description, *load, *active, *sub, *file_state, *user, *path;
    int64_t main_pid, started_us, memory, tasks, cpu_ns, restarts, exit_status;
    bool state_unknown; /* nobody could say: state and sub_state are ABSENT, not NULL */
};
#define UNIT_NONE                                                                                  \
    {                                                                                              \
        .main_pid = -1, .started_us = -1, .memory = -1, .tasks = -1, .cpu_ns = -1, .restarts = -1, \
        .exit_status = -1                                                                          \
    }

/* Sends the row, when the filters allow it.  0, ALLORA_STOP or a failure. */
int32_t unit_row(struct scan *s, const struct unit *u);
/* Do the filters leave a unit of this name? */
bool unit_allowed(const struct scan *s, const char *unit);

/* Each returns ALLORA_E_UNSUPPORTED, without a row sent, where it can't serve; else what unit_row()
 * does. */
int32_t units_recorded(struct scan *s);
int32_t units_bus(struct scan *s);
int32_t units_openrc(struct scan *s);
int32_t units_files(struct scan *s);
#endif
