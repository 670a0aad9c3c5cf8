/* Where allora's files live: the XDG Base Directory Specification, version 0.8. */
#include "fs.h"
#include "mem.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

char *fs_join(const char *dir, const char *name)
{
    size_t n = strlen(dir);
    const char *between = n > 0 && dir[n - 1] != '/' ? "/" : "";

    return mem_printf("%s%s%s", dir, between, name);
}

/* The specification: relative paths are invalid and to be ignored. */
static const char *absolute_env(const char *name)
{
    const char *value = secure_getenv(name);
    return value && value[0] == '/' ? value : NULL;
}

static char *home_dir(void)
{
    const char *home = absolute_env("HOME");
    char scratch[4096];
    struct passwd entry, *found = NULL;

    if (home)
        return mem_strdup(home);
    if (getpwuid_r(geteuid(), &entry, scratch, sizeof scratch, &found) != 0 || !found ||
        !found->pw_dir || found->pw_dir[0] != '/')
        return NULL;
    return mem_strdup(found->pw_dir);
}

static char *xdg_dir(const char *variable, const char *below_home)
{
    const char *base = absolute_env(variable);

    if (base)
        return fs_join(base, "allora");
    A_FREE char *home = home_dir();
    return home ? fs_join(home, below_home) : NULL;
}

char *fs_config_dir(void)
{
    return xdg_dir("XDG_CONFIG_HOME", ".config/allora");
}

char *fs_data_dir(void)
{
    return xdg_dir("XDG_DATA_HOME", ".local/share/allora");
}

char *fs_state_dir(void)
{
    return xdg_dir("XDG_STATE_HOME", ".local/state/allora");
}

char *fs_cache_dir(void)
{
    return xdg_dir("XDG_CACHE_HOME", ".cache/allora");
}

char *fs_runtime_dir(void)
{
    const char *base = absolute_env("XDG_RUNTIME_DIR");

    if (base)
        return fs_join(base, "allora");
    A_FREE char *cache = fs_cache_dir();
    return cache ? fs_join(cache, "run") : NULL;
}
