/* /proc/PID/mountinfo (proc(5)), and which of its lines df(1) would show. */
#ifndef HOST_MOUNTS_H
#define HOST_MOUNTS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mount {
    const char *root, *mount_point, *options, *fs_type, *device, *super_options;
    int64_t major, minor;
    bool hidden; /* something is mounted over it, or another mount shows the same filesystem */
};

/* Cuts the line in place; false when it is no mountinfo line. */
bool mount_parse(char *line, struct mount *ret);
/* Marks what df would not show: mounts under another one at the same place, and second mounts of a
 * filesystem. */
void mounts_hide(struct mount *all, size_t n);
/* disk, network, memory, image, overlay or other; NULL for those without storage (proc, sysfs,
 * cgroup, …). */
const char *mount_kind(const struct mount *m);
#endif
