/* Parsers of one process's files in /proc (proc(5)).  Pure: text in, numbers out; any text is safe.
 */
#ifndef HOST_PROCSTAT_H
#define HOST_PROCSTAT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PROCSTAT_KTHREAD = 0x00200000 /* PF_KTHREAD in flags */ };

struct procstat {  /* /proc/PID/stat */
    char name[64]; /* the kernel's limit is 15 bytes; kernel workers show longer ones */
    char state;
    int64_t pid, ppid, pgid, session, tty, flags, minor_faults, major_faults;
    int64_t user_ticks, system_ticks, priority, nice, threads;
    uint64_t start_ticks, vsize, rss_pages;
    int64_t cpu; /* last ran on; -1 unknown */
};
/* The name may hold spaces and parentheses: it ends at the last ')'. */
bool procstat_parse(const char *text, struct procstat *ret);

struct procstatus {    /* /proc/PID/status; sizes in bytes, -1 where the line is missing (kernel
                          threads) */
    uint32_t uid, gid; /* effective */
    bool has_ids;
    int64_t swap, shared;
};
void procstatus_parse(const char *text, struct procstatus *ret);

/* The value of "KEY: 123" in text that has one such line each; false where there is none. */
bool proc_number(const char *text, const char *key, int64_t *ret);

/* The path of the process's control group: the unified hierarchy's, else systemd's own, else the
 * first that isn't the root. "/" when there is nothing better; NULL when the text is no cgroup
 * file.  Cuts `text` in place. */
const char *proc_cgroup(char *text);
/* Name, without ".service", of the first path element that is a service unit: the system's, not a
 * user manager's own. False when there is none. */
bool cgroup_service(const char *cgroup, char *ret, size_t size);
/* A container's id: 64 hexadecimal digits somewhere in the path. */
bool cgroup_container(const char *cgroup, char ret[65]);

/* NULs between arguments become spaces, in place; returns the new length. */
size_t proc_cmdline(char *text, size_t len);
/* Terminal's name by device number, as ps shows it: "pts/3", "tty1".  False for none and unknown
 * ones. */
bool proc_tty(int64_t dev, char *ret, size_t size);
#endif
