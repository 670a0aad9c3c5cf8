/* Configuration: layers and their order, places, unknown keys, and what a project's file may not
 * do. */
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char home[64], was[4096];

static void put(const char *name, const char *text)
{
    char path[256], dir[256];
    allora_error err = ERR_INIT;
    (void)snprintf(path, sizeof path, "%s/%s", home, name);
    (void)snprintf(dir, sizeof dir, "%s", path);
    *strrchr(dir, '/') = '\0';
    assert_int_equal(fs_mkdirs(dir, 0755, &err), ALLORA_OK);
    assert_int_equal(fs_write_atomic(path, text, strlen(text), 0644, &err), ALLORA_OK);
}

static int setup(void **state)
{
    char path[256];
    (void)state;
    (void)snprintf(home, sizeof home, "/tmp/allora-config-XXXXXX");
    assert_non_null(mkdtemp(home));
    assert_non_null(getcwd(was, sizeof was));
    (void)snprintf(path, sizeof path, "%s/config", home);
    assert_int_equal(setenv("HOME", home, 1) | setenv("XDG_CONFIG_HOME", path, 1), 0);
    put("project/deep/.keep", "");
    (void)snprintf(path, sizeof path, "%s/project/deep", home);
    assert_int_equal(chdir(path), 0);
    assert_int_equal(unsetenv("ALLORA_OUTPUT__FORMAT"), 0);
    return 0;
}

static int teardown(void **state)
{
    char command[160];
    (void)state;
    assert_int_equal(chdir(was), 0);
    assert_int_equal(unsetenv("ALLORA_OUTPUT__FORMAT") | unsetenv("ALLORA_PROVIDERS__HOST__ROOT"),
                     0);
    static const char *const files[] = {"config/allora/config.yaml", "project/.allora.yaml",
                                        "project/deep/.keep", "other.yaml"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)snprintf(command, sizeof command, "%s/%s", home, files[i]);
        (void)unlink(command);
    }
    return 0;
}

static struct config *open_good(const char *file)
{
    struct config *c = NULL;
    allora_error err = ERR_INIT;
    if (config_open(&(const struct config_options){.file = file}, &c, &err))
        fail_msg("%s (%s)", err.message, err.hint);
    return c;
}

static const char *text(struct config *c, const char *key)
{
    return json_str(config_get(c, key), "(unset)");
}

static void later_layers_win(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    put("config/allora/config.yaml",
        "output:\n  format: yaml\n  color: never\nproviders:\n  host:\n    root: /a\n    x: 1\n");
    struct config *c = open_good(NULL);
    assert_string_equal(text(c, "output.format"), "yaml");
    assert_string_equal(config_origin(c, "output.format"), "~/config/allora/config.yaml:2:3");
    config_close(c);

    put("project/.allora.yaml", "output: {format: csv}\n");
    c = open_good(NULL);
    assert_string_equal(text(c, "output.format"), "csv");
    assert_string_equal(text(c, "output.color"), "never"); /* merged, not replaced */
    config_close(c);

    assert_int_equal(setenv("ALLORA_OUTPUT__FORMAT", "markdown", 1), 0);
    assert_int_equal(setenv("ALLORA_PROVIDERS__HOST__ROOT", "/recorded: tree", 1), 0);
    c = open_good(NULL);
    assert_string_equal(text(c, "output.format"), "markdown");
    assert_string_equal(config_origin(c, "output.format"), "environment ALLORA_OUTPUT__FORMAT");
    assert_string_equal(text(c, "providers.host.root"), "/recorded: tree");
    assert_int_equal(json_int(config_get(c, "providers.host.x"), 0), 1);
    assert_int_equal(config_set_flag(c, "output.format", "json", &err), ALLORA_OK);
    assert_string_equal(text(c, "output.format"), "json");
    assert_string_equal(config_origin(c, "output.format"), "command line");
    assert_null(config_get(c, "agent.default"));
    assert_null(config_origin(c, "agent.default"));
    config_close(c);
}

static void a_named_file_replaces_the_users(void **state)
{
    (void)state;
    char path[256];
    struct config *c = NULL;
    allora_error err = ERR_INIT;
    put("config/allora/config.yaml", "output: {format: yaml}\n");
    put("other.yaml", "agent: {default: offline}\n");
    (void)snprintf(path, sizeof path, "%s/other.yaml", home);
    c = open_good(path);
    assert_null(config_get(c, "output.format"));
    assert_string_equal(text(c, "agent.default"), "offline");
    config_close(c);
    assert_int_equal(config_open(&(const struct config_options){.file = "/nowhere.yaml"}, &c, &err),
                     ALLORA_E_CONFIG);
    assert_non_null(strstr(err.message, "/nowhere.yaml"));
}

static void faults_are_placed_and_named(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *message, *hint;
    } cases[] = {
        {"ouput:\n  format: json\n", "unknown key ouput", "config.yaml:1:1 · did you mean output?"},
        {"output:\n  fromat: json\n", "unknown key output.fromat",
         "config.yaml:2:3 · did you mean format?"},
        {"output:\n  format: xml\n", "output.format must be one of table, json", ":2:"},
        {"plugins: 3\n", "plugins must be a group of keys", ":1:"},
        {"providers:\n  host: text\n", "providers.host must be a group of keys", ":2:"},
        {"- a\n", "must be a group of keys", ""},
        {"output: [\n", "cannot be read: did not find", "config.yaml:2:1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config *c = NULL;
        allora_error err = ERR_INIT;
        put("config/allora/config.yaml", cases[i].yaml);
        assert_int_equal(config_open(NULL, &c, &err), ALLORA_E_CONFIG);
        if (!strstr(err.message, cases[i].message) || !strstr(err.hint, cases[i].hint))
            fail_msg("%zu: %s (%s)", i, err.message, err.hint);
    }
    put("config/allora/config.yaml", "# nothing yet\n");
    config_close(open_good(NULL));
    put("config/allora/config.yaml", "");
    config_close(open_good(NULL));
}

static void a_project_cannot_choose_plugins(void **state)
{
    (void)state;
    struct config *c = NULL;
    allora_error err = ERR_INIT;
    put("config/allora/config.yaml", "plugins: {disable: [a]}\n");
    put("project/.allora.yaml", "plugins: {enable: [evil]}\noutput: {format: csv}\n");
    assert_int_equal(config_open(NULL, &c, &err), ALLORA_E_DENIED);
    assert_non_null(strstr(err.message, "a project's file may not set plugins.enable"));
    assert_non_null(strstr(err.hint, "project/.allora.yaml:1:11"));
}

static void flags_take_yaml_scalars(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    struct config *c = open_good(NULL);
    assert_int_equal(config_set_flag(c, "plugins.disable", "[a, b]", &err), ALLORA_OK);
    assert_int_equal(json_count(config_get(c, "plugins.disable")), 2);
    assert_int_equal(config_set_flag(c, "providers.host.depth", "3", &err), ALLORA_OK);
    assert_int_equal(json_int(config_get(c, "providers.host.depth"), 0), 3);
    assert_int_equal(config_set_flag(c, "providers.host.name", "*", &err), ALLORA_OK);
    assert_string_equal(text(c, "providers.host.name"), "*");
    assert_int_equal(config_set_flag(c, "output.fromat", "json", &err), ALLORA_E_CONFIG);
    assert_non_null(strstr(err.hint, "command line · did you mean format?"));
    config_close(c);
}

static void survives_failing_allocations(void **state)
{
    (void)state;
    int32_t rc = ALLORA_E_NOMEM;
    put("config/allora/config.yaml", "output: {format: yaml}\nproviders: {host: {root: /a}}\n");
    put("project/.allora.yaml", "plugins: {disable: [x]}\nprofiles: {p: {output: {color: never}}}\n"
                                "profile: p\n");
    log_set_level(ALLORA_LOG_ERROR);
    for (int64_t n = 0; rc != ALLORA_OK; n += 1 + n / 50) {
        struct config *c = NULL;
        allora_error err = ERR_INIT;
        mem_fail_after(n);
        rc = config_open(NULL, &c, &err);
        if (rc == ALLORA_OK) {
            (void)config_origin(c, "output.format");
            (void)config_set_flag(c, "output.format", "json", &err);
        }
        mem_fail_after(-1);
        config_close(c);
        assert_true(rc == ALLORA_OK || rc == ALLORA_E_NOMEM);
    }
    log_set_level(ALLORA_LOG_WARN);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(later_layers_win),
        EACH(a_named_file_replaces_the_users),
        EACH(faults_are_placed_and_named),
        EACH(a_project_cannot_choose_plugins),
        EACH(flags_take_yaml_scalars),
        EACH(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
