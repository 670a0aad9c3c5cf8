/* The module "archive": reads tar and zip for plugin.install.  It decides nothing and writes
 * nothing; what may be taken is core/plugin/unpack.c's to say. */
#include "plugin/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>

enum { BLOCK = 1 << 16 };

static enum member_kind kind_of(struct archive_entry *e)
{
    if (archive_entry_hardlink(e) || archive_entry_symlink(e))
        return MEMBER_LINK;
    switch (archive_entry_filetype(e)) {
    case AE_IFREG:
        return MEMBER_FILE;
    case AE_IFDIR:
        return MEMBER_FOLDER;
    case AE_IFLNK:
        return MEMBER_LINK;
    default:
        return MEMBER_OTHER;
    }
}

static const char *name_of(struct archive_entry *e)
{
    const char *name = archive_entry_pathname_utf8(e);
    return name ? name : archive_entry_pathname(e);
}

struct progress {
    const struct unpack_visitor *visitor;
    uint64_t total, total_max;
};

/* The member's bytes, wanted or not: passed over ones are counted too, since unpacking them is what
 * costs. */
static int read_member(struct archive *a, struct progress *p, bool take)
{
    static _Thread_local char block[BLOCK];

    for (;;) {
        la_ssize_t n = archive_read_data(a, block, sizeof block);
        if (n == 0)
            return UNPACK_DONE;
        if (n < 0)
            return UNPACK_BROKEN;
        p->total += (uint64_t)n;
        if (p->total > p->total_max)
            return UNPACK_TOO_LARGE;
        if (take && p->visitor->bytes(p->visitor->self, block, (size_t)n) < 0)
            return UNPACK_ENDED;
    }
}

static int read_members(struct archive *a, struct progress *p, uint32_t members_max)
{
    for (uint32_t i = 0;; i++) {
        struct archive_entry *e;
        int rc = archive_read_next_header(a, &e);
        if (rc == ARCHIVE_EOF)
            return UNPACK_DONE;
        if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
            return UNPACK_BROKEN;
        if (i >= members_max)
            return UNPACK_TOO_LARGE;
        int take = p->visitor->member(p->visitor->self, name_of(e), kind_of(e));
        if (take < 0)
            return UNPACK_ENDED;
        rc = read_member(a, p, take > 0);
        if (rc != UNPACK_DONE)
            return rc;
    }
}

__attribute__((visibility("default"))) unpack_fn allora_unpack_v1;

int allora_unpack_v1(int fd, uint64_t total_max, uint32_t members_max,
                     const struct unpack_visitor *visitor, char *why, size_t size)
{
    struct archive *a = archive_read_new();
    struct progress p = {.visitor = visitor, .total_max = total_max};

    if (!a) {
        (void)snprintf(why, size, "out of memory");
        return UNPACK_BROKEN;
    }
    int rc = UNPACK_BROKEN;
    if (archive_read_support_filter_gzip(a) == ARCHIVE_OK &&
        archive_read_support_format_tar(a) == ARCHIVE_OK &&
        archive_read_support_format_zip_seekable(a) == ARCHIVE_OK &&
        archive_read_open_fd(a, fd, BLOCK) == ARCHIVE_OK)
        rc = read_members(a, &p, members_max);
    if (rc == UNPACK_BROKEN) {
        const char *words = archive_error_string(a);
        (void)snprintf(why, size, "%s", words ? words : "it is broken");
    }
    (void)archive_read_free(a);
    return rc;
}
