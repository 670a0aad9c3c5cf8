/* Finding plugins, the flat index, conflicts and what is said of names nobody provides. */
#include "plugin_help.h"

#include "query/view.h"

#include "base/mem.h"
#include "config/config.h"
#include "plugin/index.h"

#include <fcntl.h>

static const char core_json[] =
    "{\"manifest\":1,\"id\":\"allora\",\"version\":\"1\",\"summary\":\"core\",\"license\":\"MIT\","
    "\"abi\":{\"built\":0,\"needed\":0},\"operations\":[{\"name\":\"query.sql\",\"summary\":"
    "\"SQL\","
    "\"effect\":\"read\"}]}";

static void lists_names_and_parses_on_demand(void **state)
{
    (void)state;
    help_install("p", "fixture", "fixture");
    for (int warm = 0; warm < 2; warm++) {
        struct registry *r = help_open_with(
            "p", (struct registry_options){.core_manifest = core_json,
                                           .core_manifest_len = sizeof core_json - 1});
        allora_error err = ERR_INIT;
        assert_int_equal(registry_count(r), 2);
        assert_string_equal(registry_at(r, 0)->id, "allora");
        assert_string_equal(registry_at(r, 0)->folder_kind, "core");
        const struct plugin *p = registry_find(r, "fixture");
        assert_non_null(p);
        assert_string_equal(p->version, "1.2.3");
        assert_string_equal(p->kinds, "command");
        assert_string_equal(p->folder_kind, "path");
        assert_null(p->failure.stage);
        const struct registry_name *n = registry_name_find(r, REGISTRY_COMMANDS, "fixture config");
        assert_non_null(n);
        assert_ptr_equal(n->plugin, p);
        assert_string_equal(n->example, "allora fixture config answer");
        assert_null(registry_name_find(r, REGISTRY_COMMANDS, "fixture"));
        assert_non_null(registry_name_find(r, REGISTRY_OPERATIONS, "query.sql"));
        const struct registry_name *ops;
        assert_int_equal(registry_names(r, REGISTRY_OPERATIONS, &ops), 5);
        for (size_t i = 1; i < 5; i++)
            assert_true(strcmp(ops[i - 1].name, ops[i].name) < 0);
        const struct manifest *m = registry_manifest(r, p, &err);
        assert_non_null(m);
        assert_ptr_equal(registry_manifest(r, p, &err), m);
        assert_non_null(registry_manifest(r, registry_find(r, "allora"), &err));
        registry_close(r);
    }
}

/* Where the index is, exactly one file of it after any number of starts. */
static size_t index_files(char first[512])
{
    char dir[512];
    size_t n = 0;
    help_path(dir, "XDG_CACHE_HOME/allora");
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        if (strncmp(e->d_name, "index-", 6) == 0 && n++ == 0)
            (void)snprintf(first, 512, "%.300s/%.200s", dir, e->d_name);
    }
    if (d)
        (void)closedir(d);
    return n;
}

static void follows_changes_of_the_files(void **state)
{
    (void)state;
    char path[512], file[512];
    help_install("p", "fixture", "fixture");
    registry_close(help_open("p"));
    assert_int_equal(index_files(file), 1);
    struct stat before, after;
    assert_int_equal(stat(file, &before), 0);
    registry_close(help_open("p"));
    assert_int_equal(stat(file, &after), 0);
    assert_true(before.st_ino == after.st_ino); /* taken, not written again */

    help_install("p", "future", "future");
    struct registry *r = help_open("p");
    assert_int_equal(registry_count(r), 2);
    registry_close(r);
    assert_int_equal(index_files(file), 1);

    help_path(path, "p/fixture.so");
    assert_int_equal(unlink(path), 0);
    r = help_open("p");
    allora_error err = ERR_INIT;
    assert_int_equal(registry_count(r), 1);
    assert_string_equal(registry_who_provides(r, "fixture config"), "fixture");
    assert_string_equal(registry_who_provides(r, "fixture.grants"), "fixture");
    assert_string_equal(registry_who_provides(r, "fixture"), "fixture"); /* of a command's words */
    assert_null(registry_who_provides(r, "fix"));
    assert_null(registry_who_provides(r, "no such thing"));
    assert_int_equal(registry_explain_missing(r, "no command", "fixture config", &err),
                     ALLORA_E_ABI);
    assert_string_equal(err.message,
                        "no command \"fixture config\": plugin \"fixture\" provides it "
                        "and is not installed");
    assert_non_null(strstr(err.hint, "p/fixture.so"));
    assert_int_equal(registry_explain_missing(r, "no command", "xyz", &err), ALLORA_E_NOTFOUND);
    registry_close(r);
    r = help_open("p"); /* out of the index, too, and once more after another change */
    assert_string_equal(registry_who_provides(r, "fixture config"), "fixture");
    registry_close(r);
    help_path(path, "p/future.so");
    assert_int_equal(unlink(path), 0);
    r = help_open("p");
    assert_string_equal(registry_who_provides(r, "fixture config"), "fixture");
    assert_string_equal(registry_who_provides(r, "future.grants"), "future");
    registry_close(r);
    help_install("p", "fixture", "again");
    r = help_open("p");
    assert_non_null(registry_find(r, "fixture"));
    registry_close(r);
}

static void reports_each_bad_file(void **state)
{
    (void)state;
    static const struct {
        const char *fixture, *stage, *words;
    } cases[] = {
        {"bad_manifest", "manifest", "\"version\" is missing"},
        {"future", "abi", "needs ABI 1.7, this allora speaks 1.0 to 1.0"},
        {"no_entry", "entry", "allora_plugin_v1"},
        {"lazy", "read", "lazily"},
        {"forbidden", "trust", "exit()"},
    };
    char path[512];
    allora_error err = ERR_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        help_install("p", cases[i].fixture, cases[i].fixture);
    help_install("p", "fixture", "fixture");
    help_path(path, "p/text.so");
    assert_int_equal(fs_write_atomic(path, "hello", 5, 0644, &err), ALLORA_OK);
    help_path(path, "p/empty.so");
    assert_int_equal(fs_write_atomic(path, "", 0, 0644, &err), ALLORA_OK);
    help_path(path, "p/dangling.so");
    assert_int_equal(symlink("/nowhere", path), 0);
    for (int warm = 0; warm < 2; warm++) {
        struct registry *r = help_open("p");
        assert_int_equal(registry_count(r), 8);
        assert_non_null(registry_find(r, "fixture")); /* none of them harms it */
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            const struct plugin *p = NULL;
            for (size_t k = 0; k < registry_count(r); k++) {
                if (strstr(registry_at(r, k)->path, cases[i].fixture))
                    p = registry_at(r, k);
            }
            assert_non_null(p);
            assert_string_equal(p->failure.stage, cases[i].stage);
            assert_non_null(strstr(p->failure.message, cases[i].words));
            assert_true(p->failure.hint[0]);
            assert_null(registry_find(r, cases[i].fixture));
        }
        assert_int_equal(registry_explain_missing(r, "no operation", "future.grants", &err),
                         ALLORA_E_ABI);
        assert_string_equal(err.message,
                            "no operation \"future.grants\": plugin \"future\" provides it and "
                            "cannot be used: needs ABI 1.7, this allora speaks 1.0 to 1.0");
        registry_close(r);
    }
}

static void same_id_later_in_the_path_is_shadowed(void **state)
{
    (void)state;
    help_install("a", "fixture", "one");
    help_install("b", "twin", "two");
    struct registry *r = help_open("a:b");
    assert_int_equal(registry_count(r), 2);
    const struct plugin *first = registry_at(r, 0), *second = registry_at(r, 1);
    assert_false(first->shadowed);
    assert_true(second->shadowed);
    assert_string_equal(second->shadowed_by, first->path);
    assert_ptr_equal(registry_find(r, "fixture"), first);
    registry_close(r);
    r = help_open("b:a");
    assert_non_null(strstr(registry_find(r, "fixture")->path, "/b/two.so"));
    registry_close(r);
    r = help_open("a:a"); /* one folder named twice is one folder */
    assert_int_equal(registry_count(r), 1);
    registry_close(r);
}

static void same_id_in_one_folder_is_a_conflict(void **state)
{
    (void)state;
    help_install("p", "fixture", "one");
    help_install("p", "twin", "two");
    help_install("p", "future", "future");
    struct registry *r = help_open("p");
    assert_null(registry_find(r, "fixture"));
    size_t conflicts = 0;
    for (size_t i = 0; i < registry_count(r); i++) {
        const struct plugin *p = registry_at(r, i);
        if (strcmp(p->id, "fixture") != 0)
            continue;
        conflicts++;
        assert_string_equal(p->failure.stage, "conflict");
        assert_non_null(strstr(p->failure.message, "/one.so"));
        assert_non_null(strstr(p->failure.message, "/two.so"));
    }
    assert_int_equal(conflicts, 2);
    registry_close(r);
}

static void one_name_of_two_ids_is_a_conflict(void **state)
{
    (void)state;
    help_install("p", "fixture", "a");
    help_install("p", "thief", "b");
    struct registry *r = help_open("p");
    assert_non_null(registry_find(r, "fixture"));
    assert_null(registry_find(r, "thief"));
    const struct plugin *p = help_any(r, "thief");
    assert_string_equal(p->failure.stage, "conflict");
    assert_non_null(strstr(p->failure.message, "the command \"fixture config\" is claimed by"));
    assert_non_null(strstr(p->failure.message, "/a.so"));
    assert_non_null(strstr(p->failure.message, "/b.so"));
    assert_ptr_equal(registry_name_find(r, REGISTRY_COMMANDS, "fixture config")->plugin,
                     registry_find(r, "fixture"));
    registry_close(r);
}

static struct config *configure(const char *yaml)
{
    char path[512];
    struct config *c = NULL;
    allora_error err = ERR_INIT;
    help_path(path, "config.yaml");
    assert_int_equal(fs_write_atomic(path, yaml, strlen(yaml), 0644, &err), ALLORA_OK);
    if (config_open(&(const struct config_options){.file = path}, &c, &err))
        fail_msg("%s", err.message);
    return c;
}

static void configuration_chooses(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    help_install("p", "fixture", "fixture");
    help_install("p", "create_fails", "other");
    struct config *c = configure("plugins:\n  disable: [\"fix*\"]\n");
    struct registry *r = help_open_with("p", (struct registry_options){.config = c});
    assert_null(registry_find(r, "fixture"));
    assert_non_null(registry_find(r, "create_fails"));
    assert_true(help_any(r, "fixture")->disabled);
    assert_int_equal(registry_explain_missing(r, "no command", "fixture config", &err),
                     ALLORA_E_ABI);
    assert_non_null(strstr(err.message, "is disabled: plugins.disable names it ("));
    assert_non_null(strstr(err.message, "config.yaml:2:"));
    registry_close(r);
    config_close(c);
    c = configure("plugins: {enable: fixture}\n");
    r = help_open_with("p", (struct registry_options){.config = c});
    assert_non_null(registry_find(r, "fixture"));
    assert_null(registry_find(r, "create_fails"));
    registry_close(r);
    config_close(c);
}

static void a_mistyped_plugin_name_is_told(void **state)
{
    (void)state;
    struct registry *r = NULL;
    allora_error err = ERR_INIT;
    char path[512];
    help_install("p", "fixture", "fixture");
    help_path(path, "p");
    struct config *c = configure("commands:\n  fixtrue:\n    free: x\n");
    struct registry_options o = {.plugin_path = path, .config = c};
    assert_int_equal(registry_open(&o, &r, &err), ALLORA_E_CONFIG);
    assert_string_equal(err.message, "config: unknown key commands.fixtrue");
    assert_non_null(strstr(err.hint, "config.yaml:2:3 · did you mean fixture?"));
    config_close(c);
    c = configure("providers: {elsewhere: {a: 1}}\ncommands: {fixture: {free: x}}\n");
    registry_close(help_open_with("p", (struct registry_options){.config = c}));
    config_close(c);
}

static void refuses_what_others_can_write(void **state)
{
    (void)state;
    char path[512];
    help_install("p", "fixture", "fixture");
    help_path(path, "p/fixture.so");
    assert_int_equal(chmod(path, 0777), 0);
    help_path(path, "p");
    assert_int_equal(setenv("ALLORA_PLUGIN_PATH", path, 1), 0);
    struct registry *r = help_open("");
    const struct plugin *p = help_any(r, "fixture");
    assert_string_equal(p->folder_kind, "environment");
    assert_string_equal(p->failure.stage, "trust");
    assert_string_equal(p->failure.message, "the file can be written by everyone");
    registry_close(r);
    help_path(path, "p/fixture.so");
    /* A group of others: root can give the file to one, anybody else may not be in a second group.
     */
    assert_int_equal(chmod(path, 0775), 0);
    if (geteuid() == 0 && chown(path, 0, 12345) == 0) {
        r = help_open("");
        assert_string_equal(help_any(r, "fixture")->failure.message,
                            "the file can be written by its group");
        registry_close(r);
        assert_int_equal(chown(path, 0, getegid()), 0);
    }
    assert_int_equal(chmod(path, 0755), 0);
    help_path(path, "p");
    assert_int_equal(chmod(path, 0777), 0);
    r = help_open("");
    assert_non_null(strstr(help_any(r, "fixture")->failure.message, "its folder"));
    registry_close(r);
    assert_int_equal(chmod(path, 0755), 0);
    r = help_open("");
    assert_non_null(registry_find(r, "fixture"));
    registry_close(r);
    assert_int_equal(unsetenv("ALLORA_PLUGIN_PATH"), 0);
}

static void works_without_a_cache_folder(void **state)
{
    (void)state;
    char path[512];
    help_install("p", "fixture", "fixture");
    help_path(path, "a file");
    allora_error err = ERR_INIT;
    assert_int_equal(fs_write_atomic(path, "", 0, 0644, &err), ALLORA_OK);
    assert_int_equal(setenv("XDG_CACHE_HOME", path, 1), 0);
    struct registry *r = help_open("p");
    assert_non_null(registry_find(r, "fixture"));
    registry_close(r);
}

static void a_missing_named_folder_is_an_error(void **state)
{
    (void)state;
    struct registry *r = NULL;
    allora_error err = ERR_INIT;
    struct registry_options o = {.plugin_path = "/nowhere/at/all"};
    assert_int_equal(registry_open(&o, &r, &err), ALLORA_E_ARG);
    assert_non_null(strstr(err.message, "/nowhere/at/all"));
}

/* Each byte of the head in turn: the index is refused or gives the same answers, and never a crash.
 */
static void a_damaged_index_is_made_anew(void **state)
{
    (void)state;
    char file[512];
    allora_error err = ERR_INIT;
    A_CLEAN(buf_done) struct buf bytes = BUF(64 << 20);
    help_install("p", "fixture", "fixture");
    registry_close(help_open("p"));
    assert_int_equal(index_files(file), 1);
    assert_int_equal(fs_read(file, 64 << 20, &bytes, &err), ALLORA_OK);
    for (size_t i = 0; i < bytes.len; i += i < 400 ? 1 : 97) {
        char was = bytes.ptr[i];
        bytes.ptr[i] = (char)(was ^ 0x55);
        int fd = open(file, O_WRONLY | O_TRUNC);
        assert_true(fd >= 0);
        assert_int_equal(fs_write_all(fd, bytes.ptr, bytes.len), 0);
        (void)close(fd);
        bytes.ptr[i] = was;
        struct registry *r = help_open("p");
        assert_non_null(registry_find(r, "fixture"));
        assert_non_null(registry_name_find(r, REGISTRY_COMMANDS, "fixture config"));
        (void)registry_manifest(r, registry_find(r, "fixture"), &err);
        registry_close(r);
    }
    for (size_t n = 0; n < bytes.len; n += 61) {
        int fd = open(file, O_WRONLY | O_TRUNC);
        assert_int_equal(fs_write_all(fd, bytes.ptr, n), 0);
        (void)close(fd);
        struct registry *r = help_open("p");
        assert_non_null(registry_find(r, "fixture"));
        registry_close(r);
    }
}

/* The Nth allocation fails, for N growing until all is well: an error with words or a working
 * registry, cold and warm. */
static void survives_failing_allocations(void **state)
{
    (void)state;
    char path[512], file[512];
    help_install("p", "fixture", "fixture");
    help_install("p", "future", "future");
    help_path(path, "p");
    struct registry_options o = {.plugin_path = path};
    for (int warm = 0; warm < 2; warm++) {
        int32_t rc = ALLORA_E_NOMEM;
        for (int64_t n = 0; rc != ALLORA_OK; n += 1 + n / 25) {
            struct registry *r = NULL;
            allora_error err = ERR_INIT;
            if (!warm && index_files(file) > 0)
                assert_int_equal(unlink(file), 0);
            mem_fail_after(n);
            rc = registry_open(&o, &r, &err);
            mem_fail_after(-1);
            if (rc) {
                assert_int_equal(rc, ALLORA_E_NOMEM);
                assert_true(err.message[0]);
                continue;
            }
            assert_int_equal(registry_count(r), 2);
            registry_close(r);
        }
    }
}

static void a_table_is_no_view(void **state)
{
    (void)state;
    help_install("p", "viewer", "viewer");
    help_install("p", "fixture", "fixture");
    struct registry *r =
        help_open_with("p", (struct registry_options){.table_reserved = view_reserves_table});
    const struct plugin *p = help_any(r, "viewer");
    assert_string_equal(p->failure.stage, "conflict");
    assert_non_null(strstr(p->failure.message, "the table \"vm\""));
    assert_non_null(strstr(p->failure.message, "is allora's own"));
    assert_non_null(registry_find(r, "fixture"));
    registry_close(r);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, help_setup, help_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(lists_names_and_parses_on_demand),
        EACH(follows_changes_of_the_files),
        EACH(reports_each_bad_file),
        EACH(same_id_later_in_the_path_is_shadowed),
        EACH(same_id_in_one_folder_is_a_conflict),
        EACH(one_name_of_two_ids_is_a_conflict),
        EACH(configuration_chooses),
        EACH(a_mistyped_plugin_name_is_told),
        EACH(refuses_what_others_can_write),
        EACH(works_without_a_cache_folder),
        EACH(a_missing_named_folder_is_an_error),
        EACH(a_damaged_index_is_made_anew),
        EACH(survives_failing_allocations),
        EACH(a_table_is_no_view),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
