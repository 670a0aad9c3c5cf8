#include "mounts.h"
#include "text.h"
#include <string.h>

/* 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue */
bool mount_parse(char *line, struct mount *ret)
{
    struct mount m = {0};
    (void)text_field(&line, ' ');
    (void)text_field(&line, ' ');
    const char *numbers = text_field(&line, ' ');
    char *root = text_field(&line, ' '), *mount_point = text_field(&line, ' ');
    m.options = text_field(&line, ' ');
    const char *field;
    do { /* optional fields, up to a lone dash */
        field = text_field(&line, ' ');
    } while (field && strcmp(field, "-") != 0);
    m.fs_type = text_field(&line, ' ');
    char *device = text_field(&line, ' ');
    m.super_options = text_field(&line, ' ');
    if (!m.super_options || !numbers || !text_int(&numbers, &m.major) || *numbers++ != ':' ||
        !text_int(&numbers, &m.minor))
        return false;
    (void)text_unescape(root);
    (void)text_unescape(mount_point);
    (void)text_unescape(device);
    m.root = root;
    m.mount_point = mount_point;
    m.device = device;
    *ret = m;
    return true;
}

/* Which of two mounts of one filesystem says more: the one of its root, then the one nearer to "/".
 */
static bool better(const struct mount *a, const struct mount *b)
{
    bool a_root = strcmp(a->root, "/") == 0, b_root = strcmp(b->root, "/") == 0;
    if (a_root != b_root)
        return a_root;
    return strlen(a->mount_point) < strlen(b->mount_point);
}

void mounts_hide(struct mount *all, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n && !all[i].hidden; k++)
            all[i].hidden = strcmp(all[i].mount_point, all[k].mount_point) == 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i && !all[i].hidden; k++) {
            if (all[k].hidden || all[i].major != all[k].major || all[i].minor != all[k].minor)
                continue;
            if (better(&all[i], &all[k]))
                all[k].hidden = true;
            else
                all[i].hidden = true;
        }
    }
}

static bool listed(const char *type, const char *const *list)
{
    for (; *list; list++)
        if (strcmp(type, *list) == 0)
            return true;
    return false;
}

const char *mount_kind(const struct mount *m)
{
    static const char *const none[] = {
        "proc",        "sysfs",     "cgroup",  "cgroup2",  "devpts", "mqueue",
        "securityfs",  "debugfs",   "tracefs", "configfs", "pstore", "bpf",
        "binfmt_misc", "hugetlbfs", "fusectl", "autofs",   "nsfs",   "rpc_pipefs",
        "efivarfs",    "selinuxfs", "nfsd",    NULL};
    static const char *const network[] = {
        "nfs",       "nfs4", "cifs",      "smb3",           "smbfs",      "ceph",
        "glusterfs", "afs",  "9p",        "fuse.glusterfs", "fuse.sshfs", "lustre",
        "ocfs2",     "gfs2", "fuse.s3fs", "fuse.rclone",    NULL};
    static const char *const memory[] = {"tmpfs", "devtmpfs", "ramfs", NULL};
    static const char *const image[] = {"squashfs", "iso9660", "udf", "erofs",
                                        "cramfs",   "romfs",   NULL};
    static const char *const disk[] = {"btrfs", "zfs", "bcachefs", "fuseblk", NULL};
    const char *t = m->fs_type;
    if (listed(t, none))
        return NULL;
    if (listed(t, network))
        return "network";
    if (listed(t, memory))
        return "memory";
    if (listed(t, image))
        return "image";
    if (strcmp(t, "overlay") == 0 || strcmp(t, "aufs") == 0)
        return "overlay";
    /* A block device has a major number of its own; filesystems without one get numbers 0:N. */
    return m->major != 0 || listed(t, disk) ? "disk" : "other";
}
