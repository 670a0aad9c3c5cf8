/* /proc/cpuinfo: one entry a logical CPU that is online.  Its keys differ by architecture: x86 has
 * them all, ARM names neither model nor clock. */
#ifndef HOST_CPUINFO_H
#define HOST_CPUINFO_H
#include "root.h"

struct cpuinfo_entry {
    int64_t cpu, socket, core, cache_kb; /* -1 where it isn't said */
    double mhz;                          /* 0: not said */
    const char *model, *vendor, *flags;  /* NULL where it isn't said */
};
struct cpuinfo {
    struct cpuinfo_entry *all;
    size_t n, cap;
    struct bytes text;
};
/* Leaves no entries when it can't be read.  Start with {0}. */
void cpuinfo_read(struct cpuinfo *info, const struct root *r);
/* Cuts info->text; for tests. */
void cpuinfo_parse(struct cpuinfo *info);
const struct cpuinfo_entry *cpuinfo_find(const struct cpuinfo *info, int64_t cpu);
void cpuinfo_free(struct cpuinfo *info);
#endif
