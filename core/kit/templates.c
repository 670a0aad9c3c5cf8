/* Data beside the program comes first, so that a build tree and a moved prefix both work. */
#include "kit/templates.h"

#include "base/build.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* PREFIX of PREFIX/bin/allora; NULL when it can't be told.  Caller frees. */
static char *program_prefix(void)
{
    char exe[PATH_MAX];

    if (!realpath("/proc/self/exe", exe))
        return NULL;
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(exe, '/');
        if (!slash)
            return NULL;
        *slash = '\0';
    }
    return mem_strdup(*exe ? exe : "/");
}

static bool is_dir(const char *path)
{
    return path && access(path, R_OK | X_OK) == 0;
}

char *templates_dir(allora_error *err)
{
    A_FREE char *prefix = program_prefix();
    A_FREE char *beside = prefix ? mem_printf("%s/share/allora/template", prefix) : NULL;

    if (is_dir(beside))
        return take_ptr(&beside);
    A_FREE char *installed = mem_printf("%s/template", build_data_dir());
    if (is_dir(installed))
        return take_ptr(&installed);
    (void)err_set(err, ALLORA_E_CONFIG, "the templates of new plugins are not installed");
    err_hint(err, "install allora's SDK: its package, or cmake --install BUILD --component sdk");
    return NULL;
}

/* Is `wanted` one of the folders of the colon-separated list?  tail: what may follow it there. */
static bool listed(const char *list, const char *wanted, const char *tail)
{
    size_t n = strlen(wanted);

    for (const char *at = list; at && *at;) {
        size_t len = strcspn(at, ":");
        if (len >= n && strncmp(at, wanted, n) == 0) {
            size_t rest = len - n;
            if (rest == 0 || (rest == strlen(tail) && strncmp(at + n, tail, rest) == 0))
                return true;
        }
        at += len + (at[len] == ':');
    }
    return false;
}

enum sdk_place sdk_find(char **ret_prefix)
{
    A_FREE char *prefix = program_prefix();
    A_FREE char *config =
        prefix ? mem_printf("%s/%s/cmake/allora/alloraConfig.cmake", prefix, build_libdir()) : NULL;

    *ret_prefix = NULL;
    if (!config || access(config, R_OK) != 0) {
        *ret_prefix = take_ptr(&prefix);
        return SDK_MISSING;
    }
    /* find_package() also looks beside the programs of $PATH */
    if (streq(prefix, "/usr") || streq(prefix, "/usr/local") ||
        listed(getenv("CMAKE_PREFIX_PATH"), prefix, "/") || listed(getenv("PATH"), prefix, "/bin"))
        return SDK_FOUND;
    *ret_prefix = take_ptr(&prefix);
    return SDK_AT;
}
