/* For tests of the plugin host: a home of its own for each test, and folders with fixture plugins
 * in them. */
#ifndef TESTS_PLUGIN_HELP_H
#define TESTS_PLUGIN_HELP_H
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "plugin/registry.h"

#include <dirent.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char help_home[256];

static inline void help_path(char out[512], const char *name)
{
    assert_true(snprintf(out, 512, "%s/%s", help_home, name) < 512);
}

static inline int help_setup(void **state)
{
    char path[512];
    (void)state;
    (void)snprintf(help_home, sizeof help_home, "/tmp/allora-test-XXXXXX");
    assert_non_null(mkdtemp(help_home));
    assert_int_equal(setenv("HOME", help_home, 1), 0);
    static const char *const vars[] = {"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
                                       "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"};
    for (size_t i = 0; i < sizeof vars / sizeof vars[0]; i++) {
        help_path(path, vars[i]);
        assert_int_equal(mkdir(path, 0700), 0);
        assert_int_equal(setenv(vars[i], path, 1), 0);
    }
    assert_int_equal(unsetenv("ALLORA_PLUGIN_PATH"), 0);
    return 0;
}

static inline int help_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline int help_teardown(void **state)
{
    (void)state;
    return nftw(help_home, help_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* Puts fixture NAME into folder DIR of the home, as FILE.so. */
static inline void help_install(const char *dir, const char *fixture, const char *file)
{
    char from[512], to[512], folder[512];
    allora_error err = ERR_INIT;
    A_CLEAN(buf_done) struct buf bytes = BUF(64 << 20);
    assert_true(snprintf(from, sizeof from, FIXTURE_DIR "/%s/%s.so", fixture, fixture) < 512);
    help_path(folder, dir);
    assert_int_equal(fs_mkdirs(folder, 0755, &err), ALLORA_OK);
    assert_true(snprintf(to, sizeof to, "%.400s/%.100s.so", folder, file) < 512);
    assert_int_equal(fs_read(from, 64 << 20, &bytes, &err), ALLORA_OK);
    assert_int_equal(fs_write_atomic(to, bytes.ptr, bytes.len, 0755, &err), ALLORA_OK);
}

/* A registry of those folders of the home, colon-separated. */
static inline struct registry *help_open_with(const char *dirs, struct registry_options o)
{
    char path[2048] = "", one[512];
    struct registry *r = NULL;
    allora_error err = ERR_INIT;
    for (const char *p = dirs; *p;) {
        size_t n = strcspn(p, ":"), len = strlen(path);
        (void)snprintf(one, sizeof one, "%.*s", (int)n, p);
        (void)snprintf(path + len, sizeof path - len, "%s%s/%s", len ? ":" : "", help_home, one);
        p += n + (p[n] == ':');
    }
    o.plugin_path = path;
    int32_t rc = registry_open(&o, &r, &err);
    if (rc)
        fail_msg("registry_open: %s", err.message);
    return r;
}

static inline struct registry *help_open(const char *dirs)
{
    return help_open_with(dirs, (struct registry_options){0});
}

/* The first plugin with that id, usable or not. */
static inline const struct plugin *help_any(const struct registry *r, const char *id)
{
    for (size_t i = 0; i < registry_count(r); i++) {
        if (strcmp(registry_at(r, i)->id, id) == 0)
            return registry_at(r, i);
    }
    return NULL;
}
#endif
