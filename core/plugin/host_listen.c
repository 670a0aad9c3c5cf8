/* allora.listen/1: sockets that accept connections. */
#include "base/err.h"
#include "plugin/host.h"
#include "plugin/listen_address.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ACTIVATED_FIRST = 3, ACTIVATED_MAX = 64, TEXT_MAX = 160, FOLDER_MAX = 128 };

static int32_t failed(allora_error *err, const char *address, int why)
{
    char text[128];
    int32_t code = why == EADDRINUSE                       ? ALLORA_E_CONFLICT
                   : why == EACCES || why == EPERM         ? ALLORA_E_DENIED
                   : why == EADDRNOTAVAIL || why == ENOENT ? ALLORA_E_ARG
                                                           : ALLORA_E_INTERNAL;

    (void)err_set(err, code, "cannot listen at %s: %s", address,
                  strerror_r(why, text, sizeof text));
    if (why == EADDRINUSE)
        err_hint(err, "something listens there already; give another port or path");
    if (why == EACCES)
        err_hint(err, "ports below 1024 need more rights; take a higher one");
    return code;
}

/* ---- internet ---- */

static int32_t open_inet(const struct listen_address *a, const char *text, int *ret,
                         allora_error *err)
{
    static const int on = 1;
    int fd = socket(a->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return failed(err, text, errno);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    /* [::] would else take IPv4 as well, behind the back of the rule that was just applied. */
    if (a->addr.ss_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)(const void *)&a->addr, a->len) != 0 ||
        listen(fd, SOMAXCONN) != 0) {
        int why = errno;
        (void)close(fd);
        return failed(err, text, why);
    }
    *ret = fd;
    return ALLORA_OK;
}

/* ---- unix ---- */

struct bound { /* a path to be removed, if it is still ours */
    const char *path;
    dev_t device;
    ino_t inode;
};

static void unlink_bound(void *self)
{
    const struct bound *b = self;
    struct stat st;

    if (lstat(b->path, &st) == 0 && st.st_dev == b->device && st.st_ino == b->inode)
        (void)unlink(b->path);
}

static int32_t check_folder(const char *path, allora_error *err)
{
    char folder[FOLDER_MAX];
    struct stat st;
    int n = snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);

    if (n <= 0)
        (void)snprintf(folder, sizeof folder, "/");
    if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)) {
        int32_t rc = err_set(err, ALLORA_E_ARG, "there is no folder %s for the socket", folder);
        err_hint(err, "mkdir -m 0700 %s", folder);
        return rc;
    }
    bool ours = st.st_uid == 0 || st.st_uid == geteuid();
    if (ours && (!(st.st_mode & (S_IWOTH | S_IWGRP)) || (st.st_mode & S_ISVTX)))
        return ALLORA_OK;
    int32_t rc = err_set(err, ALLORA_E_DENIED,
                         "%s can be written by others, who could put a socket of "
                         "theirs in the place of this one",
                         folder);
    err_hint(err, "take a folder of your own, as $XDG_RUNTIME_DIR");
    return rc;
}

/* What a process that died left there: a socket of ours at which nobody answers. */
static int32_t remove_stale(const struct listen_address *a, allora_error *err)
{
    struct stat st;
    char text[TEXT_MAX];

    if (lstat(a->rest, &st) != 0)
        return ALLORA_OK;
    (void)snprintf(text, sizeof text, "unix:%s", a->rest);
    if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid())
        return failed(err, text, EADDRINUSE);
    A_CLOSE int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return failed(err, text, errno);
    if (connect(probe, (const struct sockaddr *)(const void *)&a->addr, a->len) == 0 ||
        errno != ECONNREFUSED)
        return failed(err, text, EADDRINUSE);
    (void)unlink(a->rest);
    return ALLORA_OK;
}

static int32_t open_unix(allora_ctx *ctx, const struct listen_address *a, int *ret,
                         allora_error *err)
{
    char text[TEXT_MAX];
    struct stat st;
    int32_t rc = check_folder(a->rest, err);

    if (rc == ALLORA_OK)
        rc = remove_stale(a, err);
    if (rc)
        return rc;
    (void)snprintf(text, sizeof text, "unix:%s", a->rest);
    struct bound *b = ctx_alloc(ctx, sizeof *b);
    allora_str path;
    if (!b || !host_copy(ctx, a->rest, strlen(a->rest), &path))
        return err_nomem(err);
    *b = (struct bound){.path = path.ptr};
    if (!ctx_at_close(ctx, unlink_bound, b))
        return err_nomem(err);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* On Linux the socket's own mode becomes the file's: it is 0600 from its first moment. */
    if (fd < 0 || fchmod(fd, 0600) != 0 ||
        bind(fd, (const struct sockaddr *)(const void *)&a->addr, a->len) != 0 ||
        lstat(a->rest, &st) != 0 || listen(fd, SOMAXCONN) != 0) {
        int why = errno;
        if (fd >= 0)
            (void)close(fd);
        return failed(err, text, why);
    }
    b->device = st.st_dev;
    b->inode = st.st_ino;
    *ret = fd;
    return ALLORA_OK;
}

/* ---- sockets that the service manager passed ---- */

static struct {
    pthread_mutex_t lock;
    uint64_t taken; /* a bit each */
} activated = {.lock = PTHREAD_MUTEX_INITIALIZER};

static long number(const char *name)
{
    const char *text = getenv(name);
    char *end = NULL;
    long value = text && *text ? strtol(text, &end, 10) : 0;

    return end && !*end && value > 0 ? value : 0;
}

/* Is the i-th one called that?  LISTEN_FDNAMES has them in order, with colons. */
static bool is_called(unsigned i, const char *name)
{
    const char *p = getenv("LISTEN_FDNAMES");

    if (!*name)
        return true;
    for (; p && i > 0; i--)
        p = strchr(p, ':') ? strchr(p, ':') + 1 : NULL;
    return p && strcspn(p, ":") == strlen(name) && strncmp(p, name, strlen(name)) == 0;
}

static int take_activated(const char *name)
{
    long n = number("LISTEN_PID") == (long)getpid() ? number("LISTEN_FDS") : 0;
    int found = -1;

    (void)pthread_mutex_lock(&activated.lock);
    for (unsigned i = 0; found < 0 && i < (unsigned long)n && i < ACTIVATED_MAX; i++) {
        if (!(activated.taken >> i & 1) && is_called(i, name)) {
            activated.taken |= (uint64_t)1 << i;
            found = ACTIVATED_FIRST + (int)i;
        }
    }
    (void)pthread_mutex_unlock(&activated.lock);
    return found;
}

static int32_t open_activated(const struct config *config, const struct listen_address *a, int *ret,
                              allora_error *err)
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof addr, size = sizeof(int);
    int listens = 0, type = 0, fd = take_activated(a->rest);

    if (fd < 0) {
        int32_t rc = err_set(err, ALLORA_E_NOTFOUND, "no socket%s%s was passed to this process",
                             *a->rest ? " named " : "", a->rest);
        err_hint(err, "the service manager passes them: LISTEN_FDS, LISTEN_FDNAMES");
        return rc;
    }
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM ||
        getsockname(fd, (struct sockaddr *)(void *)&addr, &len) != 0 ||
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
        return err_set(err, ALLORA_E_ARG,
                       "descriptor %d, which was passed to this process, is no listening stream "
                       "socket",
                       fd);
    int32_t rc =
        listen_permitted(config, (const struct sockaddr *)(const void *)&addr, len, a->tls, err);
    if (rc == ALLORA_OK)
        *ret = fd;
    return rc;
}

static int32_t open_socket(allora_ctx *ctx, const char *address, int32_t *ret_fd, allora_error *err)
{
    const struct entry *e = host_caller(ctx, err);
    struct listen_address a;
    char text[TEXT_MAX];
    int fd = -1;
    int32_t rc = e ? ctx_check(ctx, err) : ALLORA_E_INTERNAL;

    if (rc == ALLORA_OK)
        rc = listen_parse(address, &a, err);
    if (rc)
        return rc;
    const struct config *config = e->registry->config;
    const struct sockaddr *addr = (const struct sockaddr *)(const void *)&a.addr;
    if (a.kind == LISTEN_ACTIVATION) {
        rc = open_activated(config, &a, &fd, err);
    } else {
        rc = listen_permitted(config, addr, a.len, a.tls, err);
        if (rc == ALLORA_OK && a.kind == LISTEN_UNIX)
            rc = open_unix(ctx, &a, &fd, err);
        else if (rc == ALLORA_OK && listen_text(addr, a.len, text, sizeof text))
            rc = open_inet(&a, text, &fd, err);
    }
    if (rc == ALLORA_OK)
        *ret_fd = fd;
    return rc;
}

const allora_listen_v1 host_listen = {.size = (uint32_t)sizeof(allora_listen_v1),
                                      .open = open_socket};
