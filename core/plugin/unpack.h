/* Archives of plugins: which members are taken, and reading them through the module "archive"
 * (libarchive), which is opened when the first archive is read.  Built from the same sources as the
 * program, so the module has no versions.  Private to core/plugin. */
#ifndef ALLORA_PLUGIN_UNPACK_H
#define ALLORA_PLUGIN_UNPACK_H
#include <allora/plugin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNPACK_SYMBOL "allora_unpack_v1"

enum { /* what an archive may hold, all in all */
       UNPACK_MEMBERS_MAX = 10000,
       UNPACK_NAME_MAX = 1024,
       UNPACK_BASE_MAX = 128 /* of a plugin's file name, its NUL counted */
};
static const uint64_t UNPACK_TOTAL_MAX = UINT64_C(512) << 20; /* bytes, unpacked */
static const uint64_t UNPACK_FILE_MAX = UINT64_C(256) << 20;  /* bytes, of the archive itself */

enum member_kind { MEMBER_FILE, MEMBER_FOLDER, MEMBER_LINK, MEMBER_OTHER };
enum member_use { MEMBER_TAKE, MEMBER_PASS, MEMBER_REFUSE };

/* What to do with a member.  TAKE: a plugin's file, its name without folders in base.  REFUSE: the
 * whole archive is not to be trusted, the words are in why: a name that is absolute, leads upwards
 * or holds control characters, a link, a device.  name may hold any bytes. */
enum member_use unpack_judge(const char *name, enum member_kind kind, char base[UNPACK_BASE_MAX],
                             char *why, size_t size);

struct unpack_visitor {
    void *self;
    /* Before each member's bytes: 1 to have them, 0 to pass over them, -1 to end. */
    int (*member)(void *self, const char *name, enum member_kind kind);
    /* Bytes of the member last taken: 0, or -1 to end. */
    int (*bytes)(void *self, const void *p, size_t n);
};
enum { UNPACK_DONE = 0, UNPACK_ENDED = 1, UNPACK_BROKEN = 2, UNPACK_TOO_LARGE = 3 };
/* The module's one function.  Tar (plain, gzip) and zip; nothing is written anywhere.  Counts what
 * it unpacks, whether taken or not.  BROKEN: why has libarchive's words. */
typedef int unpack_fn(int fd, uint64_t total_max, uint32_t members_max,
                      const struct unpack_visitor *visitor, char *why, size_t size);

/* E_ARG for what is no archive or a broken one, E_DENIED where it is too large, E_UNSUPPORTED
 * without the module; the visitor keeps its own words: then E_CANCELLED. */
int32_t unpack(int fd, const char *name, const struct unpack_visitor *visitor, allora_error *err);
bool unpack_is_archive(const char *name); /* by its ending: .tar, .tar.gz, .tgz, .zip */
#endif
