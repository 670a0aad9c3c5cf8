#include "plugin/stage.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/image.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STAGE_PREFIX ".install-"
enum { CHUNK = 1 << 16, FILE_MODE = 0644, LEFTOVER_S = 3600 };

/* A file that is being written into the stage. */
struct writer {
    struct stage *stage;
    allora_ctx *ctx;
    allora_error *err;
    const char *source;
    int fd; /* -1: none */
    int32_t rc;
};

static int32_t begin_file(struct writer *w, const char *base)
{
    struct stage *s = w->stage;

    for (size_t i = 0; i < s->n; i++) {
        if (streq(s->files[i].base, base))
            return err_set(w->err, ALLORA_E_ARG, "%s holds two files named %s", w->source, base);
    }
    if (s->n == STAGE_FILES_MAX)
        return err_set(w->err, ALLORA_E_ARG, "%s holds more than %d plugins", w->source,
                       STAGE_FILES_MAX);
    struct staged *f = &s->files[s->n];
    *f = (struct staged){.size = 0};
    (void)snprintf(f->base, sizeof f->base, "%s", base);
    if (snprintf(f->path, sizeof f->path, "%s/%s", s->dir, base) >= (int)sizeof f->path)
        return err_set(w->err, ALLORA_E_ARG, "the path of %s is too long", base);
    w->fd = open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (w->fd < 0)
        return err_set(w->err, ALLORA_E_CONFIG, "cannot write %s: %s", f->path, strerror(errno));
    s->n++;
    return ALLORA_OK;
}

static int32_t add_bytes(struct writer *w, const void *p, size_t n)
{
    struct staged *f = &w->stage->files[w->stage->n - 1];

    f->size += n;
    if (f->size > IMAGE_MAX)
        return err_set(w->err, ALLORA_E_DENIED, "%s is larger than %d MiB: no plugin is", f->base,
                       IMAGE_MAX >> 20);
    int rc = fs_write_all(w->fd, p, n);
    if (rc)
        return err_set(w->err, ALLORA_E_CONFIG, "cannot write %s: %s", f->path, strerror(-rc));
    return ctx_check(w->ctx, w->err);
}

/* On disk, with the mode it is to have whatever the umask says; and its digest. */
static int32_t end_file(struct writer *w)
{
    if (w->fd < 0)
        return ALLORA_OK;
    struct staged *f = &w->stage->files[w->stage->n - 1];
    int bad = fchmod(w->fd, FILE_MODE) != 0 || fsync(w->fd) != 0 ? errno : 0;
    if (close(w->fd) != 0 && !bad)
        bad = errno;
    w->fd = -1;
    if (bad)
        return err_set(w->err, ALLORA_E_CONFIG, "cannot write %s: %s", f->path, strerror(bad));
    return image_digest(f->path, f->digest, w->err);
}

static int32_t copy_fd(struct writer *w, int fd, const char *base)
{
    char chunk[CHUNK];
    int32_t rc = begin_file(w, base);

    while (rc == ALLORA_OK) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            rc = err_set(w->err, ALLORA_E_CONFIG, "cannot read %s: %s", base, strerror(errno));
        if (n <= 0)
            break;
        rc = add_bytes(w, chunk, (size_t)n);
    }
    return rc ? rc : end_file(w);
}

static int32_t from_folder(struct writer *w, const char *source)
{
    DIR *dir = opendir(source);
    struct dirent *entry;
    int32_t rc = ALLORA_OK;
    unsigned links = 0;

    if (!dir)
        return err_set(w->err, ALLORA_E_CONFIG, "cannot read %s: %s", source, strerror(errno));
    while (rc == ALLORA_OK && (entry = readdir(dir)) != NULL) {
        const char *name = entry->d_name;
        struct stat st;
        if (name[0] == '.' || !str_ends(name, ".so") || strlen(name) >= UNPACK_BASE_MAX)
            continue;
        A_CLOSE int fd =
            openat(dirfd(dir), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        links += fd < 0 && errno == ELOOP;
        if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
            rc = copy_fd(w, fd, name);
    }
    (void)closedir(dir);
    if (rc == ALLORA_OK && w->stage->n == 0) {
        rc = err_set(w->err, ALLORA_E_ARG, "there is no plugin (a file NAME.so) in %s", source);
        if (links)
            err_hint(w->err, "links are not followed: name the file that it leads to");
    }
    return rc;
}

static int on_member(void *self, const char *name, enum member_kind kind)
{
    struct writer *w = self;
    char base[UNPACK_BASE_MAX], why[256];

    w->rc = end_file(w);
    if (w->rc)
        return -1;
    switch (unpack_judge(name, kind, base, why, sizeof why)) {
    case MEMBER_PASS:
        return 0;
    case MEMBER_TAKE:
        w->rc = begin_file(w, base);
        return w->rc ? -1 : 1;
    case MEMBER_REFUSE:
    default:
        w->rc = err_set(w->err, ALLORA_E_DENIED, "%s is not unpacked: %s", w->source, why);
        err_hint(w->err, "unpack it yourself, look at it, and install the folder");
        return -1;
    }
}

static int on_bytes(void *self, const void *p, size_t n)
{
    struct writer *w = self;
    w->rc = add_bytes(w, p, n);
    return w->rc ? -1 : 0;
}

static int32_t from_archive(struct writer *w, int fd, const char *source)
{
    const struct unpack_visitor visitor = {w, on_member, on_bytes};
    struct stat st;

    if (fstat(fd, &st) != 0 || (uint64_t)st.st_size > UNPACK_FILE_MAX)
        return err_set(w->err, ALLORA_E_DENIED, "%s is larger than %llu MiB", source,
                       (unsigned long long)(UNPACK_FILE_MAX >> 20));
    int32_t rc = unpack(fd, source, &visitor, w->err);
    if (w->rc)
        return w->rc;
    if (rc == ALLORA_OK)
        rc = end_file(w);
    if (rc == ALLORA_OK && w->stage->n == 0)
        rc = err_set(w->err, ALLORA_E_ARG, "there is no plugin (a file NAME.so) in %s", source);
    return rc;
}

static int32_t from_file(struct writer *w, int fd, const char *source)
{
    const char *slash = strrchr(source, '/');
    const char *base = slash ? slash + 1 : source;

    if (unpack_is_archive(base))
        return from_archive(w, fd, source);
    if (!str_ends(base, ".so") || base[0] == '.' || strlen(base) >= UNPACK_BASE_MAX) {
        int32_t rc = err_set(w->err, ALLORA_E_ARG, "%s is no plugin by its name", source);
        err_hint(w->err, "a file NAME.so, a folder, or an archive: .tar, .tar.gz, .tgz, .zip");
        return rc;
    }
    return copy_fd(w, fd, base);
}

/* What an installation left that was killed. */
static void remove_leftover(int folder, const char *name)
{
    struct stat st;
    int fd = fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
                     st.st_mtime + LEFTOVER_S < time(NULL)
                 ? openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
                 : -1;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;

    if (!dir) {
        if (fd >= 0)
            (void)close(fd);
        return;
    }
    while ((entry = readdir(dir)) != NULL)
        (void)unlinkat(dirfd(dir), entry->d_name, 0); /* no folders are made in it */
    (void)closedir(dir);
    (void)unlinkat(folder, name, AT_REMOVEDIR);
}

static void remove_leftovers(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)) != NULL) {
        if (str_starts(entry->d_name, STAGE_PREFIX))
            remove_leftover(dirfd(dir), entry->d_name);
    }
    if (dir)
        (void)closedir(dir);
}

static int32_t make_folder(struct stage *s, const char *folder, allora_error *err)
{
    int32_t rc = fs_mkdirs(folder, 0755, err);

    if (rc)
        return rc;
    remove_leftovers(folder);
    if (snprintf(s->dir, sizeof s->dir, "%s/" STAGE_PREFIX "XXXXXX", folder) >=
        (int)sizeof s->dir) {
        s->dir[0] = '\0';
        return err_set(err, ALLORA_E_CONFIG, "the path of %s is too long", folder);
    }
    if (!mkdtemp(s->dir)) {
        rc = err_set(err, ALLORA_E_CONFIG, "cannot write into %s: %s", folder, strerror(errno));
        s->dir[0] = '\0';
    }
    return rc;
}

int32_t stage_fill(struct stage *s, const char *folder, const char *source, allora_ctx *ctx,
                   allora_error *err)
{
    struct stat st;
    struct writer w = {.stage = s, .ctx = ctx, .err = err, .source = source, .fd = -1};
    A_CLOSE int fd = open(source, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    *s = (struct stage){.n = 0};
    if (fd < 0 || fstat(fd, &st) != 0)
        return err_set(err, errno == ENOENT ? ALLORA_E_NOTFOUND : ALLORA_E_CONFIG,
                       "cannot read %s: %s", source, strerror(errno));
    if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
        return err_set(err, ALLORA_E_ARG, "%s is neither a file nor a folder", source);
    s->files = mem_array(STAGE_FILES_MAX, sizeof *s->files);
    if (!s->files)
        return err_nomem(err);
    int32_t rc = make_folder(s, folder, err);
    if (rc == ALLORA_OK)
        rc = S_ISDIR(st.st_mode) ? from_folder(&w, source) : from_file(&w, fd, source);
    if (w.fd >= 0)
        (void)close(w.fd);
    return rc;
}

void stage_done(struct stage *s)
{
    for (size_t i = 0; i < s->n; i++)
        (void)unlink(s->files[i].path);
    if (s->dir[0])
        (void)rmdir(s->dir);
    free(s->files);
    *s = (struct stage){.n = 0};
}
