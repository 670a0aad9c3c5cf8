/* host_disk: mounted filesystems with a size, as df(1) lists them: no pseudo filesystems, no second
 * mounts. */
#include "mounts.h"
#include "tables.h"
#include "text.h"
#include <allora/sdk.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

enum { MOUNTS_MAX = 16384 };

struct sizes { /* of statvfs(3), in fragments of `unit` bytes */
    uint64_t unit, blocks, free, available, files, files_free;
};

static int recorded_sizes(const struct root *root, const char *mount_point, struct sizes *z)
{
    const char *p = recording_get(root->rec, "statvfs", mount_point);
    uint64_t *all[] = {&z->unit, &z->blocks, &z->free, &z->available, &z->files, &z->files_free};
    if (!p)
        return -ENOENT;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        text_blanks(&p);
        if (!text_uint(&p, all[i]))
            return -EINVAL;
    }
    return 0;
}

static int read_sizes(const struct root *root, const char *mount_point, struct sizes *z)
{
    if (root->recorded)
        return recorded_sizes(root, mount_point, z);
    struct statvfs v;
    int rc;
    do {
        rc = statvfs(mount_point, &v);
    } while (rc && errno == EINTR);
    if (rc)
        return -errno;
    *z = (struct sizes){.unit = v.f_frsize ? v.f_frsize : v.f_bsize,
                        .blocks = v.f_blocks,
                        .free = v.f_bfree,
                        .available = v.f_bavail,
                        .files = v.f_files,
                        .files_free = v.f_ffree};
    return 0;
}

static void put_sizes(struct scan *s, const struct sizes *z)
{
    /* A filesystem over its reserve reports more available than free, or less than none: as df,
     * none. */
    uint64_t available = z->available > z->free ? 0 : z->available;
    uint64_t used = z->blocks > z->free ? z->blocks - z->free : 0;
    double unit = (double)z->unit;
    scan_int(s, DISK_size, (int64_t)(z->blocks * z->unit));
    scan_int(s, DISK_used, (int64_t)(used * z->unit));
    scan_int(s, DISK_available, (int64_t)(available * z->unit));
    scan_int(s, DISK_reserved, (int64_t)((z->free - available) * z->unit));
    scan_percent(s, DISK_used_percent, (double)used * unit, (double)(used + available) * unit);
    scan_int(s, DISK_block_size, (int64_t)z->unit);
    if (z->files && z->files_free <= z->files) { /* btrfs and others have no such limit and say 0 */
        scan_int(s, DISK_inodes, (int64_t)z->files);
        scan_int(s, DISK_inodes_used, (int64_t)(z->files - z->files_free));
        scan_int(s, DISK_inodes_free, (int64_t)z->files_free);
        scan_percent(s, DISK_inodes_used_percent, (double)(z->files - z->files_free),
                     (double)z->files);
    }
}

static bool has_option(const char *options, const char *option)
{
    size_t n = strlen(option);
    for (const char *p = options; p; p = strchr(p, ','), p = p ? p + 1 : NULL)
        if (strncmp(p, option, n) == 0 && (p[n] == ',' || p[n] == '\0'))
            return true;
    return false;
}

static const uint8_t size_columns[] = {
    DISK_size,       DISK_used,   DISK_available,   DISK_reserved,    DISK_used_percent,
    DISK_block_size, DISK_inodes, DISK_inodes_used, DISK_inodes_free, DISK_inodes_used_percent};

static int32_t one_mount(struct scan *s, const struct mount *m)
{
    const char *kind = mount_kind(m);
    if (!kind || m->hidden || !scan_allows_text(s, DISK_device, m->device) ||
        !scan_allows_text(s, DISK_mount_point, m->mount_point) ||
        !scan_allows_text(s, DISK_fs_type, m->fs_type))
        return 0;
    struct sizes sizes;
    int rc = read_sizes(s->root, m->mount_point, &sizes);
    if (rc == 0 && sizes.blocks == 0)
        return 0;
    if (rc == -ENOENT || rc == -ENOTDIR)
        return 0; /* a mount of another root: unreachable from here */
    if (rc == 0)
        put_sizes(s, &sizes);
    for (size_t i = 0; rc && i < sizeof size_columns; i++)
        scan_absent(s, size_columns[i]);
    if (rc && rc != -EACCES && rc != -EPERM)
        scan_warn(s, ALLORA_E_INTERNAL, NULL, "%s: sizes are unknown: %s", m->mount_point,
                  strerror(-rc));
    scan_text(s, DISK_device, m->device);
    scan_text(s, DISK_mount_point, m->mount_point);
    scan_text(s, DISK_fs_type, m->fs_type);
    scan_text(s, DISK_kind, kind);
    scan_text(s, DISK_options, m->options);
    scan_bool(s, DISK_read_only,
              has_option(m->options, "ro") || has_option(m->super_options, "ro"));
    scan_int(s, DISK_major, m->major);
    scan_int(s, DISK_minor, m->minor);
    return scan_row(s);
}

int32_t list_disk(struct scan *s)
{
    struct bytes text = {0};
    int rc = root_read(s->root, "proc/self/mountinfo", &text, ROOT_TABLE_MAX);
    struct mount *all = rc ? NULL : calloc(MOUNTS_MAX, sizeof *all);
    if (!all) {
        bytes_free(&text);
        return rc ? sdk_fail(s->err, ALLORA_E_NOTFOUND, "/proc/self/mountinfo: %s", strerror(-rc))
                  : sdk_fail(s->err, ALLORA_E_NOMEM, "out of memory");
    }
    size_t n = 0;
    for (char *rest = text.p, *line; n < MOUNTS_MAX && (line = text_field(&rest, '\n')) != NULL;)
        n += mount_parse(line, &all[n]);
    mounts_hide(all, n);
    int32_t status = 0;
    for (size_t i = 0; i < n && !status; i++)
        status = one_mount(s, &all[i]);
    free(all);
    bytes_free(&text);
    if (!status)
        scan_warn_denied(s, "filesystems", "sizes");
    return status;
}
