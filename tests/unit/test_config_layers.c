/* Configuration: profiles, final keys, what a project may tighten, files that are not to be
 * believed, secrets, and problems reported together. */
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char home[64], was[4096], etc[128];

static char *at(const char *name)
{
    static char path[4][256];
    static unsigned turn;
    char *p = path[turn++ % 4];
    (void)snprintf(p, 256, "%s/%s", home, name);
    return p;
}

static void put(const char *name, const char *text)
{
    char dir[256];
    allora_error err = ERR_INIT;
    (void)snprintf(dir, sizeof dir, "%s", at(name));
    *strrchr(dir, '/') = '\0';
    assert_int_equal(fs_mkdirs(dir, 0755, &err), ALLORA_OK);
    assert_int_equal(fs_write_atomic(at(name), text, strlen(text), 0644, &err), ALLORA_OK);
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(home, sizeof home, "/tmp/allora-layers-XXXXXX");
    assert_non_null(mkdtemp(home));
    (void)snprintf(etc, sizeof etc, "%s/etc", home);
    assert_non_null(getcwd(was, sizeof was));
    assert_int_equal(setenv("HOME", home, 1) | setenv("XDG_CONFIG_HOME", at("config"), 1), 0);
    put("project/.keep", "");
    assert_int_equal(chdir(at("project")), 0);
    return 0;
}

static int teardown(void **state)
{
    static const char *const files[] = {"config/allora/config.yaml",
                                        "config/allora/config.yml",
                                        "config/allora/config.json",
                                        "project/.allora.yaml",
                                        "project/.keep",
                                        "etc/config.yaml",
                                        "secret",
                                        "config/allora",
                                        "config",
                                        "project",
                                        "etc"};
    (void)state;
    assert_int_equal(chdir(was), 0);
    assert_int_equal(unsetenv("ALLORA_PROFILE") | unsetenv("ALLORA_OUTPUT__FORMAT"), 0);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        (void)remove(at(files[i]));
    (void)rmdir(home);
    log_set_level(ALLORA_LOG_WARN);
    return 0;
}

static struct config *open_as(const char *profile, int32_t expected, allora_error *err)
{
    struct config *c = NULL;
    const struct config_options o = {.profile = profile, .system_dir = etc};
    int32_t rc = config_open(&o, &c, err);
    if (rc != expected)
        fail_msg("%d: %s (%s)", (int)rc, err->message, err->hint);
    return c;
}

static void refused(const char *profile, int32_t code, const char *message, const char *hint)
{
    allora_error err = ERR_INIT;
    config_close(open_as(profile, code, &err));
    if (!strstr(err.message, message) || !strstr(err.hint, hint))
        fail_msg("got: %s\n(%s)\nwanted: %s\n(%s)", err.message, err.hint, message, hint);
}

static void holds(const char *profile, const char *key, const char *value, const char *origin)
{
    allora_error err = ERR_INIT;
    struct config *c = open_as(profile, ALLORA_OK, &err);
    assert_string_equal(json_str(config_get(c, key), "(unset)"), value);
    if (origin)
        assert_string_equal(config_origin(c, key), origin);
    config_close(c);
}

static void a_profile_ranks_just_above_its_file(void **state)
{
    (void)state;
    put("etc/config.yaml", "output: {format: csv}\nprofiles: {prod: {output: {format: yaml}}}\n");
    put("config/allora/config.yaml",
        "agent: {default: a}\nprofiles:\n  prod:\n    agent:\n      default: b\n");
    holds(NULL, "output.format", "csv", NULL);
    holds("prod", "output.format", "yaml", NULL);
    holds("prod", "agent.default", "b", "~/config/allora/config.yaml:5:7");
    put("config/allora/config.yaml",
        "output: {format: json}\nprofile: prod\nprofiles: {prod: {agent: {default: b}}}\n");
    holds(NULL, "output.format", "json", NULL); /* a later file's own key is above */
    holds(NULL, "agent.default", "b", NULL);
    assert_int_equal(setenv("ALLORA_PROFILE", "prdo", 1), 0);
    refused(NULL, ALLORA_E_CONFIG, "there is no profile \"prdo\"",
            "environment ALLORA_PROFILE · did you mean prod?");
    holds("prod", "agent.default", "b", NULL); /* the flag wins */
    assert_int_equal(unsetenv("ALLORA_PROFILE"), 0);
    put("config/allora/config.yaml",
        "profiles:\n  p:\n    output: {fromat: csv}\n    final: [a]\n");
    refused(NULL, ALLORA_E_CONFIG, "unknown key profiles.p.output.fromat", "config.yaml:3:14");
    put("config/allora/config.yaml", "profiles:\n  p:\n    final: [a]\n");
    refused(NULL, ALLORA_E_CONFIG, "profiles.p cannot hold final", "config.yaml:2:3");
}

static void final_keys_stay(void **state)
{
    (void)state;
    put("etc/config.yaml", "output: {format: csv}\nfinal:\n  - output.*\n  - providers.acme\n");
    holds(NULL, "output.format", "csv", NULL);
    put("config/allora/config.yaml", "agent: {default: a}\noutput:\n  color: never\n");
    refused(NULL, ALLORA_E_DENIED, "output.color is final", "config.yaml:3:3");
    refused(NULL, ALLORA_E_DENIED, "output.color is final", "etc/config.yaml:3:5 makes it final");
    put("config/allora/config.yaml", "providers: {acme: {region: x}}\n");
    refused(NULL, ALLORA_E_DENIED, "providers.acme.region is final", "etc/config.yaml:4:5");
    put("config/allora/config.yaml", "");
    assert_int_equal(setenv("ALLORA_OUTPUT__FORMAT", "json", 1), 0);
    refused(NULL, ALLORA_E_DENIED, "output.format is final", "environment ALLORA_OUTPUT__FORMAT");
    assert_int_equal(unsetenv("ALLORA_OUTPUT__FORMAT"), 0);
    put("config/allora/config.yaml", "final: output.format\n");
    refused(NULL, ALLORA_E_DENIED, "only the system's file may make keys final", "config.yaml:1:1");
    put("config/allora/config.yaml", "profiles: {p: {}}\n");
    put("etc/config.yaml", "final: profile\n");
    refused("p", ALLORA_E_DENIED, "profile is final", "--profile");
}

static void a_project_can_only_tighten(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    put("config/allora/config.yaml", "plugins: {disable: a}\nbudgets: {calls_per_minute: 10}\n"
                                     "profiles: {loose: {budgets: {calls_per_minute: 99}}}\n");
    put("project/.allora.yaml", "plugins: {disable: [b]}\nbudgets: {calls_per_minute: 5}\n");
    struct config *c = open_as(NULL, ALLORA_OK, &err);
    const json_node *off = config_get(c, "plugins.disable");
    assert_int_equal(json_count(off), 2);
    assert_string_equal(json_str(json_at(off, 0), ""), "a");
    assert_string_equal(json_str(json_at(off, 1), ""), "b");
    assert_int_equal(json_int(config_get(c, "budgets.calls_per_minute"), 0), 5);
    config_close(c);
    put("project/.allora.yaml", "budgets:\n  calls_per_minute: 11\n");
    refused(NULL, ALLORA_E_DENIED, "can only lower budgets.calls_per_minute", ".allora.yaml:2:3");
    put("project/.allora.yaml", "approvals:\n  policies: [{operations: '*'}]\n");
    refused(NULL, ALLORA_E_DENIED, "a project's file may not set approvals.policies",
            ".allora.yaml:2:3");
    put("project/.allora.yaml", "profiles: {x: {plugins: {enable: '*'}}}\nprofile: x\n");
    refused(NULL, ALLORA_E_DENIED, "may not set plugins.enable", ".allora.yaml:1:");
    put("project/.allora.yaml", "profile: loose\n");
    refused(NULL, ALLORA_E_DENIED, "a project's file may not choose it",
            "use it by --profile loose");
    put("project/.allora.yaml", "profile: loose\n"); /* chosen by the person it may be */
    config_close(open_as("loose", ALLORA_OK, &err));
}

static void a_plugins_own_security_keys_too(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    json_node *schema = NULL;
    static const char text[] =
        "{\"properties\":{\"token\":{\"type\":\"string\",\"secret\":true},"
        "\"paths\":{\"type\":\"array\",\"security\":true},\"region\":{\"type\":\"string\"}}}";
    assert_int_equal(json_parse(text, strlen(text), &schema, &err), ALLORA_OK);
    put("project/.allora.yaml", "providers:\n  acme:\n    region: x\n    paths: [/]\n");
    struct config *c = open_as(NULL, ALLORA_OK, &err);
    assert_int_equal(config_check_subtree(c, "providers.acme", schema, &err), ALLORA_E_DENIED);
    assert_non_null(strstr(err.message, "may not set providers.acme.paths"));
    assert_non_null(strstr(err.hint, ".allora.yaml:4:5"));
    config_close(c);
    put("project/.allora.yaml", "providers: {acme: {token: 'env:SSH_KEY'}}\n");
    c = open_as(NULL, ALLORA_OK, &err);
    assert_int_equal(config_check_subtree(c, "providers.acme", schema, &err), ALLORA_E_DENIED);
    config_close(c);
    put("project/.allora.yaml", "");
    put("config/allora/config.yaml", "providers: {acme: {token: hunter2}}\n");
    c = open_as(NULL, ALLORA_OK, &err);
    assert_int_equal(config_check_subtree(c, "providers.acme", schema, &err), ALLORA_E_CONFIG);
    assert_non_null(strstr(err.message, "providers.acme.token holds a secret in plain text"));
    assert_non_null(strstr(err.hint, "env:NAME"));
    assert_null(strstr(err.message, "hunter2"));
    assert_null(strstr(err.hint, "hunter2"));
    config_close(c);
    put("config/allora/config.yaml", "providers: {acme: {token: 'vault:x'}}\n");
    c = open_as(NULL, ALLORA_OK, &err);
    assert_int_equal(config_check_subtree(c, "providers.acme", schema, &err), ALLORA_E_CONFIG);
    assert_non_null(strstr(err.message, "vault:NAME is reserved"));
    config_close(c);
    json_free(schema);
}

static void files_that_are_not_believed(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    put("config/allora/config.yaml", "output: {format: csv}\n");
    assert_int_equal(chmod(at("config/allora/config.yaml"), 0666), 0);
    refused(NULL, ALLORA_E_DENIED, "can be written by others (mode 0666)", "chmod go-w");
    assert_int_equal(chmod(at("config/allora/config.yaml"), 0600), 0);
    assert_int_equal(chmod(at("config/allora"), 0777), 0);
    refused(NULL, ALLORA_E_DENIED, "the folder of", "chmod go-w");
    assert_int_equal(chmod(at("config/allora"), 01777), 0); /* sticky, as /tmp is */
    holds(NULL, "output.format", "csv", NULL);
    assert_int_equal(chmod(at("config/allora"), 0755), 0);
    log_set_level(ALLORA_LOG_ERROR);
    put("project/.allora.yaml", "output: {format: json}\n");
    holds(NULL, "output.format", "json", NULL);
    assert_int_equal(chmod(at("project/.allora.yaml"), 0666), 0);
    holds(NULL, "output.format", "csv", NULL); /* anybody's: passed over */
    if (geteuid() == 0) {
        assert_int_equal(chmod(at("project/.allora.yaml"), 0644), 0);
        assert_int_equal(chown(at("project/.allora.yaml"), 12345, 12345), 0);
        holds(NULL, "output.format", "csv", NULL);
        struct config *c = open_as(NULL, ALLORA_OK, &err);
        struct config_file f = config_file_at(c, config_file_count(c) - 1);
        assert_int_equal(f.state, CONFIG_FILE_IGNORED);
        assert_non_null(strstr(f.why, "belongs to user 12345"));
        config_close(c);
        assert_int_equal(chown(at("config/allora/config.yaml"), 12345, 12345), 0);
        refused(NULL, ALLORA_E_DENIED, "belongs to user 12345", "chown");
    }
}

static void one_file_a_place(void **state)
{
    (void)state;
    put("config/allora/config.json", "{\"output\": {\n  \"format\": \"csv\"}}");
    holds(NULL, "output.format", "csv", "~/config/allora/config.json:2:3");
    put("config/allora/config.yml", "output: {format: json}\n");
    refused(NULL, ALLORA_E_CONFIG,
            "~/config/allora/config.yml and ~/config/allora/config.json are both there",
            "keep one");
    (void)remove(at("config/allora/config.json"));
    holds(NULL, "output.format", "json", NULL);
    (void)remove(at("config/allora/config.yml"));
    put("config/allora/config.json", "output: {format: csv}\n");
    refused(NULL, ALLORA_E_CONFIG, "cannot be read", "config.json:1:1");
}

static void problems_come_together(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    struct config *c = NULL;
    put("config/allora/config.yaml", "ouput: 1\noutput:\n  format: tabel\nbudgets:\n"
                                     "  calls_per_minute: 0\nagent: [x]\nplugins:\n  disable: 3\n");
    const struct config_options o = {.system_dir = etc, .tolerant = true};
    assert_int_equal(config_open(&o, &c, &err), ALLORA_OK);
    static const char *const expected[][3] = {
        {"unknown key ouput", ":1:1", "did you mean output?"},
        {"output.format must be one of", ":3:3", "did you mean table?"},
        {"budgets.calls_per_minute must be at least 1", ":5:3", ""},
        {"agent must be a group of keys", ":6:1", ""},
        {"plugins.disable must be a list or a text", ":8:3", ""},
    };
    const struct config_problems *p = config_problems(c);
    assert_int_equal(p->n, 5);
    for (size_t i = 0; i < p->n; i++) {
        assert_non_null(strstr(p->items[i].message, expected[i][0]));
        assert_non_null(strstr(p->items[i].where, expected[i][1]));
        assert_string_equal(p->items[i].advice, expected[i][2]);
    }
    assert_int_equal(config_check(c, &err), ALLORA_E_CONFIG);
    assert_non_null(strstr(err.hint, "4 more: allora config validate"));
    assert_null(config_get(c, "output.format")); /* a broken layer is left out whole */
    config_close(c);
    A_CLEAN(buf_done) struct buf many = BUF(8192);
    for (int i = 0; i < 50; i++)
        buf_addf(&many, "key%d: 1\n", i);
    put("config/allora/config.yaml", buf_str(&many));
    assert_int_equal(config_open(&o, &c, &err), ALLORA_OK);
    assert_int_equal(config_problems(c)->n, CONFIG_PROBLEMS_MAX);
    assert_int_equal(config_problems(c)->more, 50 - CONFIG_PROBLEMS_MAX);
    config_close(c);
}

static void keys_without_a_value_say_nothing(void **state)
{
    (void)state;
    put("etc/config.yaml", "output: {format: csv}\n");
    put("config/allora/config.yaml", "output:\n  format: ~\nagent:\nplugins:\n#  disable: x\n");
    holds(NULL, "output.format", "csv", NULL);
    put("config/allora/config.yaml", "agent: {default: 3}\n");
    refused(NULL, ALLORA_E_CONFIG, "agent.default must be a text", ":1:");
    put("config/allora/config.yaml", "approvals: {expire: soon}\n");
    refused(NULL, ALLORA_E_CONFIG, "approvals.expire must be a time span", ":1:");
}

static void secret_is(const char *reference, const char *value)
{
    struct arena mem;
    allora_str got = {0};
    allora_error err = ERR_INIT;
    arena_init(&mem, 0);
    if (config_secret(reference, &mem, &got, &err))
        fail_msg("%s (%s)", err.message, err.hint);
    assert_string_equal(got.ptr, value);
    assert_int_equal(got.len, strlen(value));
    assert_true(mem.wipe);
    arena_done(&mem);
}

static void secret_fails(const char *reference, const char *words)
{
    struct arena mem;
    allora_str got = {0};
    allora_error err = ERR_INIT;
    arena_init(&mem, 0);
    assert_int_equal(config_secret(reference, &mem, &got, &err), ALLORA_E_CONFIG);
    if (!strstr(err.message, words))
        fail_msg("%s: %s (%s)", reference, err.message, err.hint);
    arena_done(&mem);
}

static void secrets_are_looked_up(void **state)
{
    (void)state;
    char file[300];
    put("secret", "hunter2\n");
    (void)snprintf(file, sizeof file, "file:%s", at("secret"));
    secret_fails(file, "others may read or change it (mode 0644)");
    assert_int_equal(chmod(at("secret"), 0600), 0);
    secret_is(file, "hunter2");
    secret_is("file:~/secret", "hunter2");
    put("secret", "two\nlines\r\n");
    assert_int_equal(chmod(at("secret"), 0400), 0);
    secret_is(file, "two\nlines");
    assert_int_equal(truncate(at("secret"), 65 << 10), 0);
    secret_fails(file, "larger than 64 KiB");
    assert_int_equal(truncate(at("secret"), 0), 0);
    secret_fails(file, "is empty");
    assert_int_equal(truncate(at("secret"), 3), 0);
    secret_fails(file, "does not hold text");
    if (geteuid() == 0) {
        assert_int_equal(chown(at("secret"), 12345, 12345), 0);
        secret_fails(file, "belongs to somebody else");
    }
    secret_fails("file:relative", "not an absolute path");
    secret_fails("file:/", "not a regular file");
    secret_fails("file:/nowhere/at/all", "No such file");
    assert_int_equal(setenv("ALLORA_TEST_TOKEN", "s3cret", 1), 0);
    secret_is("env:ALLORA_TEST_TOKEN", "s3cret");
    assert_int_equal(setenv("ALLORA_TEST_TOKEN", "", 1), 0);
    secret_fails("env:ALLORA_TEST_TOKEN", "is empty");
    assert_int_equal(unsetenv("ALLORA_TEST_TOKEN"), 0);
    secret_fails("env:ALLORA_TEST_TOKEN", "is not set");
    secret_fails("vault:x", "reserved");
    secret_fails("hunter2", "plain text");
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_profile_ranks_just_above_its_file),
        EACH(final_keys_stay),
        EACH(a_project_can_only_tighten),
        EACH(a_plugins_own_security_keys_too),
        EACH(files_that_are_not_believed),
        EACH(one_file_a_place),
        EACH(problems_come_together),
        EACH(keys_without_a_value_say_nothing),
        EACH(secrets_are_looked_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
