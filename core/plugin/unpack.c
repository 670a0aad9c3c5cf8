#include "plugin/unpack.h"

#include "base/build.h"
#include "base/err.h"
#include "base/str.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static enum member_use refuse(char *why, size_t size, const char *name, const char *words)
{
    char shown[96];
    size_t n = 0;

    for (; name && name[n] && n < sizeof shown - 1; n++) {
        unsigned char c = (unsigned char)name[n];
        shown[n] = c < 0x20 || c >= 0x7f ? '?' : (char)c;
    }
    shown[n] = '\0';
    (void)snprintf(why, size, "its member \"%s\" %s", shown, words);
    return MEMBER_REFUSE;
}

/* "a/../b", "../b", "..": does any part of the name lead upwards? */
static bool leads_up(const char *name)
{
    for (const char *p = name; *p;) {
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.')
            return true;
        p += n;
        p += strspn(p, "/");
    }
    return false;
}

static bool plain_text(const char *name, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f || name[i] == '\\')
            return false;
    }
    return utf8_valid(name, n);
}

enum member_use unpack_judge(const char *name, enum member_kind kind, char base[UNPACK_BASE_MAX],
                             char *why, size_t size)
{
    size_t n = name ? strnlen(name, UNPACK_NAME_MAX + 1) : 0;

    if (n == 0 || n > UNPACK_NAME_MAX || !plain_text(name, n))
        return refuse(why, size, name, "has a name that no plugin's archive needs");
    if (name[0] == '/' || leads_up(name))
        return refuse(why, size, name, "leads out of the archive");
    if (kind == MEMBER_LINK)
        return refuse(why, size, name, "is a link; an archive of plugins holds files and folders");
    if (kind == MEMBER_OTHER)
        return refuse(why, size, name, "is neither a file nor a folder");
    const char *slash = strrchr(name, '/');
    const char *last = slash ? slash + 1 : name;
    if (kind == MEMBER_FOLDER || !str_ends(last, ".so") || last[0] == '.')
        return MEMBER_PASS;
    if (strlen(last) >= UNPACK_BASE_MAX)
        return refuse(why, size, name, "has a name that is too long");
    memcpy(base, last, strlen(last) + 1);
    return MEMBER_TAKE;
}

static void *try_module(const char *path)
{
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    return module ? dlsym(module, UNPACK_SYMBOL) : NULL;
}

/* PREFIX/lib/allora/modules for PREFIX/bin/allora, else the installed one. */
static unpack_fn *open_module(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards fn */
    static unpack_fn *fn;
    char path[PATH_MAX];
    void *symbol = NULL;

    (void)pthread_mutex_lock(&lock);
    ssize_t n = fn ? -1 : readlink("/proc/self/exe", path, sizeof path - 64);
    if (n > 0) {
        path[n] = '\0';
        char *slash = strrchr(path, '/');
        if (slash) {
            (void)snprintf(slash, 64, "/../lib/allora/modules/archive.so");
            symbol = try_module(path);
        }
    }
    if (!fn && !symbol &&
        snprintf(path, sizeof path, "%s/archive.so", build_module_dir()) < (int)sizeof path)
        symbol = try_module(path);
    if (!fn && symbol)
        memcpy(&fn, &symbol, sizeof fn); /* ISO C has no cast from void * to a function */
    unpack_fn *found = fn;
    (void)pthread_mutex_unlock(&lock);
    return found;
}

int32_t unpack(int fd, const char *name, const struct unpack_visitor *visitor, allora_error *err)
{
    unpack_fn *fn = open_module();
    char why[256] = "";
    int32_t rc;

    if (!fn) {
        rc = err_set(err, ALLORA_E_UNSUPPORTED, "this allora was built without libarchive");
        err_hint(err, "unpack %s yourself and install the folder", name);
        return rc;
    }
    switch (fn(fd, UNPACK_TOTAL_MAX, UNPACK_MEMBERS_MAX, visitor, why, sizeof why)) {
    case UNPACK_DONE:
        return ALLORA_OK;
    case UNPACK_ENDED:
        return ALLORA_E_CANCELLED;
    case UNPACK_TOO_LARGE:
        rc = err_set(err, ALLORA_E_DENIED,
                     "%s holds more than %d members or %llu MiB: no plugin needs that", name,
                     UNPACK_MEMBERS_MAX, (unsigned long long)(UNPACK_TOTAL_MAX >> 20));
        err_hint(err, "unpack it yourself, look at it, and install the folder");
        return rc;
    case UNPACK_BROKEN:
    default:
        rc = err_set(err, ALLORA_E_ARG, "%s cannot be read as an archive: %s", name, why);
        err_hint(err, "tar, tar.gz and zip are known; was it cut short on its way?");
        return rc;
    }
}

bool unpack_is_archive(const char *name)
{
    static const char *const endings[] = {".tar", ".tar.gz", ".tgz", ".zip"};

    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        if (str_ends(name, endings[i]))
            return true;
    }
    return false;
}
