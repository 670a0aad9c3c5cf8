#include "plugin/image.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "plugin/read.h"
#include "plugin/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3: asked for where the kernel knows it */
#endif
#define PREFIX "sha256:"
enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

/* "sha256:" and 64 hexadecimal digits, or NULL. */
static const char *digest_of(const char *text)
{
    if (!text || !str_starts(text, PREFIX) ||
        strspn(text + strlen(PREFIX), "0123456789abcdefABCDEF") != DIGEST_HEX_SIZE - 1 ||
        strlen(text) != strlen(PREFIX) + DIGEST_HEX_SIZE - 1)
        return NULL;
    return text + strlen(PREFIX);
}

bool image_digest_wanted(const struct config *config, const struct plugin *p,
                         const char **ret_expected, const char **ret_origin)
{
    char key[160];

    *ret_expected = *ret_origin = NULL;
    if (!config)
        return false;
    bool required = globs_match(config_get(config, "plugins.require_digest"), p->id);
    (void)snprintf(key, sizeof key, "plugins.digests.%s", p->id);
    const json_node *recorded = config_get(config, key);
    /* Naming a file trusts it for this run, whatever is recorded of the installed one. */
    if (!required && (!recorded || streq(p->folder_kind, "path")))
        return false;
    *ret_expected = json_str(recorded, NULL);
    *ret_origin = config_origin(config, recorded ? key : "plugins.require_digest");
    return true;
}

int32_t image_digest(const char *path, char ret[8 + DIGEST_HEX_SIZE], allora_error *err)
{
    uint8_t digest[DIGEST_SIZE];
    char hex[DIGEST_HEX_SIZE];
    A_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    if (fd < 0)
        return err_set(err, ALLORA_E_NOTFOUND, "cannot read %s: %s", path, strerror(errno));
    int32_t rc = digest_fd(fd, digest, err);
    if (rc)
        return rc;
    digest_hex(digest, hex);
    (void)snprintf(ret, 8 + DIGEST_HEX_SIZE, PREFIX "%s", hex);
    return ALLORA_OK;
}

static int new_memory_file(const char *id)
{
    char name[64];
    (void)snprintf(name, sizeof name, "allora-%.40s", id);
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (fd < 0 && errno == EINVAL) /* an older kernel */
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    return fd;
}

static int copy_all(int from, int to)
{
    static const size_t chunk = 1 << 16;
    A_FREE char *bytes = mem_alloc(chunk);
    size_t total = 0;

    while (bytes) {
        ssize_t n = read(from, bytes, chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : 0;
        total += (size_t)n;
        if (total > IMAGE_MAX)
            return -EFBIG;
        int rc = fs_write_all(to, bytes, (size_t)n);
        if (rc)
            return rc;
    }
    return -ENOMEM;
}

/* The file's bytes where nobody can change them any more. */
static int32_t seal(const struct entry *e, int fd, struct image *image, struct load_error *f)
{
    image->sealed_fd = new_memory_file(e->pub.id);
    int rc = image->sealed_fd < 0 ? -errno : copy_all(fd, image->sealed_fd);
    if (rc == 0 && fcntl(image->sealed_fd, F_ADD_SEALS, SEALS) != 0)
        rc = -errno;
    if (rc)
        return load_fail(f, "trust", ALLORA_E_INTERNAL,
                         "free some memory; a plugin with a digest is loaded from a sealed copy",
                         "cannot make a sealed copy of %s: %s", e->pub.path, strerror(-rc));
    /* By process number: a symbolizer beside this process finds it too. */
    (void)snprintf(image->path, sizeof image->path, "/proc/%ld/fd/%d", (long)getpid(),
                   image->sealed_fd);
    return ALLORA_OK;
}

static int32_t check_digest(const struct entry *e, const struct image *image, const char *expected,
                            const char *origin, struct load_error *f)
{
    uint8_t digest[DIGEST_SIZE];
    char found[DIGEST_HEX_SIZE], hint[256];
    allora_error err = ERR_INIT;
    const char *hex = digest_of(expected);

    if (digest_fd(image->sealed_fd, digest, &err) != ALLORA_OK)
        return load_fail(f, "trust", ALLORA_E_INTERNAL, err.hint, "%s", err.message);
    digest_hex(digest, found);
    if (hex && streq_nocase(hex, found))
        return ALLORA_OK;
    (void)snprintf(hint, sizeof hint,
                   "if it is the one you want: allora plugin pin %s; else reinstall it", e->pub.id);
    if (!expected)
        return load_fail(f, "trust", ALLORA_E_DENIED, hint,
                         "plugins.require_digest names it (%s), and no digest of it is recorded; "
                         "%s has " PREFIX "%s",
                         origin ? origin : "configuration", e->pub.path, found);
    if (!hex)
        return load_fail(f, "trust", ALLORA_E_CONFIG, hint,
                         "plugins.digests.%s (%s) is not \"" PREFIX "\" and 64 hexadecimal digits",
                         e->pub.id, origin ? origin : "configuration");
    return load_fail(f, "trust", ALLORA_E_DENIED, hint,
                     "its digest is not the recorded one: %s has " PREFIX "%s, %s says %s",
                     e->pub.path, found, origin ? origin : "the configuration", expected);
}

static int32_t view_sealed(struct image *image, struct load_error *f)
{
    allora_error err = ERR_INIT;
    struct stat st;

    if (fstat(image->sealed_fd, &st) != 0)
        return load_fail(f, "read", ALLORA_E_ABI, "reinstall it", "%s", strerror(errno));
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, image->sealed_fd, 0);
    if (map == MAP_FAILED)
        return load_fail(f, "read", ALLORA_E_ABI, "reinstall it", "%s", strerror(errno));
    if (elf_parse(map, (uint64_t)st.st_size, &image->view, &err) != ALLORA_OK) {
        (void)munmap(map, (size_t)st.st_size);
        return load_fail(f, "read", ALLORA_E_ABI, "reinstall it", "%s", err.message);
    }
    image->view.mapped = true; /* elf_close() unmaps it */
    return ALLORA_OK;
}

/* Is the file still the one that was read, and can still nobody else change it? */
static int32_t open_file(const struct entry *e, int *ret_fd, struct load_error *f)
{
    struct stat st;
    struct file_stamp now;
    char why[256];
    int fd = open(e->pub.path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    *ret_fd = fd;
    if (fd < 0 || fstat(fd, &st) != 0)
        return load_fail(f, "read", ALLORA_E_ABI, "reinstall it", "%s: %s", e->pub.path,
                         strerror(errno));
    stamp_of(&st, &now);
    if (memcmp(&now, &e->record->stamp, sizeof now) != 0)
        return load_fail(f, "read", ALLORA_E_ABI, "run the command again",
                         "%s was replaced while this command ran", e->pub.path);
    if (!streq(e->pub.folder_kind, "path") &&
        path_untrusted(e->pub.path, e->registry->executable, why, sizeof why))
        return load_fail(f, "trust", ALLORA_E_DENIED, TRUST_HINT, "%s", why);
    return ALLORA_OK;
}

int32_t image_open(const struct entry *e, struct image *ret, struct load_error *f)
{
    const char *expected, *origin;
    A_CLOSE int fd = -1;
    allora_error err = ERR_INIT;
    bool sealed = image_digest_wanted(e->registry->config, &e->pub, &expected, &origin);

    *ret = (struct image){.sealed_fd = -1};
    int32_t rc = open_file(e, &fd, f);
    if (rc)
        return rc;
    if (!sealed) {
        if (snprintf(ret->path, sizeof ret->path, "%s", e->pub.path) >= (int)sizeof ret->path)
            return load_fail(f, "read", ALLORA_E_ABI, "", "its path is too long");
        return elf_open(ret->path, &ret->view, &err) == ALLORA_OK
                   ? ALLORA_OK
                   : load_fail(f, "read", ALLORA_E_ABI, "reinstall it", "%s", err.message);
    }
    rc = seal(e, fd, ret, f);
    if (rc == ALLORA_OK)
        rc = check_digest(e, ret, expected, origin, f);
    if (rc == ALLORA_OK)
        rc = view_sealed(ret, f);
    if (rc == ALLORA_OK)
        log_msg(ALLORA_LOG_DEBUG, "plugin", "%s is loaded from a sealed copy of %s, %s", e->pub.id,
                e->pub.path, ret->path);
    else
        image_done(ret, false);
    return rc;
}

void image_done(struct image *image, bool loaded)
{
    elf_close(&image->view);
    if (image->sealed_fd >= 0 && !loaded)
        (void)close(image->sealed_fd);
    image->sealed_fd = -1;
}
