/* core/base/fs.h */
#include "unit/unit.h"

#include "base/err.h"
#include "base/fs.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

static char folder[] = "/tmp/allora-fs-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    DIR *dir = opendir(folder);
    struct dirent *e;

    (void)state;
    while (dir && (e = readdir(dir))) {
        A_FREE char *path = fs_join(folder, e->d_name);
        if (path && e->d_name[0] != '.')
            (void)remove(path);
    }
    if (dir)
        (void)closedir(dir);
    return rmdir(folder);
}

static char *in_folder(const char *name)
{
    char *path = fs_join(folder, name);
    assert_non_null(path);
    return path;
}

static void assert_content(const char *path, const char *text)
{
    A_CLEAN(buf_done) struct buf b = BUF(1 << 20);
    allora_error err = ERR_INIT;

    if (fs_read(path, b.max, &b, &err) != ALLORA_OK)
        fail_msg("%s", err.message);
    assert_string_equal(buf_str(&b), text);
}

static void test_join(void **state)
{
    static const char *const rows[][3] = {
        {"/a", "b", "/a/b"}, {"/a/", "b", "/a/b"}, {"/", "b", "/b"}, {"", "b", "b"}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        A_FREE char *path = fs_join(rows[i][0], rows[i][1]);
        assert_string_equal(path, rows[i][2]);
    }
}

static void assert_dir(char *(*get)(void), const char *expected)
{
    A_FREE char *path = get();
    assert_non_null(path);
    assert_string_equal(path, expected);
}

static void test_xdg(void **state)
{
    static const char *const names[] = {"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
                                        "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        assert_int_equal(unsetenv(names[i]), 0);
    assert_int_equal(setenv("HOME", "/home/maria", 1), 0);
    assert_dir(fs_config_dir, "/home/maria/.config/allora");
    assert_dir(fs_data_dir, "/home/maria/.local/share/allora");
    assert_dir(fs_state_dir, "/home/maria/.local/state/allora");
    assert_dir(fs_cache_dir, "/home/maria/.cache/allora");
    assert_dir(fs_runtime_dir, "/home/maria/.cache/allora/run");
    for (size_t i = 0; i < COUNT(names); i++)
        assert_int_equal(setenv(names[i], i % 2 ? "relative" : "/x", 1), 0);
    assert_dir(fs_config_dir, "/x/allora");
    assert_dir(fs_data_dir, "/home/maria/.local/share/allora"); /* relative: ignored */
    assert_dir(fs_state_dir, "/x/allora");
    assert_dir(fs_runtime_dir, "/x/allora");
    assert_int_equal(unsetenv("HOME"), 0);
    A_FREE char *from_passwd = fs_data_dir();
    assert_true(!from_passwd || from_passwd[0] == '/');
}

static void test_mkdirs(void **state)
{
    allora_error err = ERR_INIT;
    struct stat st;

    (void)state;
    A_FREE char *deep = in_folder("a/b//c/");
    assert_int_equal(fs_mkdirs(deep, 0700, &err), ALLORA_OK);
    assert_int_equal(fs_mkdirs(deep, 0700, &err), ALLORA_OK);
    assert_int_equal(stat(deep, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(fs_mkdirs("/", 0700, &err), ALLORA_OK);
    A_FREE char *file = in_folder("file");
    assert_int_equal(fs_write_atomic(file, "x", 1, 0600, &err), ALLORA_OK);
    A_FREE char *below = in_folder("file/x");
    assert_int_not_equal(fs_mkdirs(below, 0700, &err), ALLORA_OK);
    assert_non_null(strstr(err.message, "a file is in the way"));
    assert_int_equal(rmdir(deep), 0);
    static const char *const names[] = {"a/b", "a"};
    for (size_t i = 0; i < COUNT(names); i++) {
        A_FREE char *path = in_folder(names[i]);
        assert_int_equal(rmdir(path), 0);
    }
}

static void test_read(void **state)
{
    allora_error err = ERR_INIT;
    A_CLEAN(buf_done) struct buf b = BUF(1000000);

    (void)state;
    A_FREE char *missing = in_folder("missing");
    assert_int_equal(fs_read(missing, 10, &b, &err), ALLORA_E_NOTFOUND);
    assert_non_null(strstr(err.message, "missing"));
    assert_int_equal(fs_read(folder, 10, &b, &err), ALLORA_E_ARG);
    assert_non_null(strstr(err.message, "not a regular file"));
    assert_int_equal(fs_read("/dev/zero", 10, &b, &err), ALLORA_E_ARG);
    assert_int_equal(fs_read("/dev/null", 10, &b, &err), ALLORA_OK);
    assert_int_equal(b.len, 0);
    assert_int_equal(fs_read("/proc/self/status", 100000, &b, &err), ALLORA_OK);
    assert_memory_equal(buf_str(&b), "Name:", 5);

    A_FREE char *path = in_folder("limit");
    buf_reset(&b);
    buf_pad(&b, 'x', 100000);
    assert_int_equal(fs_write_atomic(path, b.ptr, b.len, 0600, &err), ALLORA_OK);
    buf_reset(&b);
    assert_int_equal(fs_read(path, 99999, &b, &err), ALLORA_E_ARG);
    assert_non_null(strstr(err.message, "larger than the 99999 bytes"));
    buf_reset(&b);
    assert_int_equal(fs_read(path, 100000, &b, &err), ALLORA_OK);
    assert_int_equal(b.len, 100000);
    A_CLEAN(buf_done) struct buf small = BUF(10);
    assert_int_equal(fs_read(path, 100000, &small, &err), ALLORA_E_ARG);

    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fs_write_all(ends[1], "piped", 5), 0);
    (void)close(ends[1]);
    buf_reset(&b);
    assert_int_equal(fs_read_fd(ends[0], 5, &b, &err), ALLORA_OK);
    assert_string_equal(buf_str(&b), "piped");
    (void)close(ends[0]);
    assert_true(fs_write_all(-1, "x", 1) < 0);
}

static void test_write_replaces_whole(void **state)
{
    allora_error err = ERR_INIT;
    struct stat st;

    (void)state;
    A_FREE char *path = in_folder("target");
    assert_int_equal(fs_write_atomic(path, "old", 3, 0600, &err), ALLORA_OK);
    assert_int_equal(fs_write_atomic(path, "newer", 5, 0640, &err), ALLORA_OK);
    assert_content(path, "newer");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0137, 0);

    A_FREE char *link = in_folder("link"); /* a dotfiles manager's link stays one */
    assert_int_equal(symlink(path, link), 0);
    assert_int_equal(fs_write_atomic(link, "through", 7, 0600, &err), ALLORA_OK);
    assert_content(path, "through");
    assert_int_equal(lstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));

    A_FREE char *nowhere = in_folder("no/such");
    assert_int_equal(fs_write_atomic(nowhere, "x", 1, 0600, &err), ALLORA_E_NOTFOUND);
    assert_int_not_equal(fs_write_atomic(folder, "x", 1, 0600, &err), ALLORA_OK);
}

static size_t count_files(void)
{
    size_t n = 0;
    DIR *dir = opendir(folder);

    assert_non_null(dir);
    while (readdir(dir))
        n++;
    (void)closedir(dir);
    return n;
}

/* A file size limit stands in for a full disk: writes past it fail the same way. */
static void test_full_disk_keeps_the_old_file(void **state)
{
    (void)state;
    A_FREE char *path = in_folder("precious");
    assert_int_equal(fs_write_atomic(path, "old", 3, 0600, NULL), ALLORA_OK);
    size_t before = count_files();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit limit = {.rlim_cur = 4096, .rlim_max = 4096};
        char large[10000] = {0};
        allora_error err = ERR_INIT;
        (void)signal(SIGXFSZ, SIG_IGN);
        bool ok = setrlimit(RLIMIT_FSIZE, &limit) == 0 &&
                  fs_write_atomic(path, large, sizeof large, 0600, &err) == ALLORA_E_CONFIG &&
                  strstr(err.message, path) && strstr(err.message, "cannot write");
        _exit(ok ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_content(path, "old");
    assert_int_equal(count_files(), before); /* no temporary file is left */
}

static void test_owner(void **state)
{
    allora_error err = ERR_INIT;

    (void)state;
    A_FREE char *path = in_folder("mine");
    assert_int_equal(fs_write_atomic(path, "x", 1, 0600, &err), ALLORA_OK);
    assert_int_equal(fs_check_owner(path, &err), ALLORA_OK);
    assert_int_equal(chmod(path, 0620), 0);
    assert_int_equal(fs_check_owner(path, &err), ALLORA_E_DENIED);
    assert_non_null(strstr(err.hint, "chmod go-w"));
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(fs_check_owner(path, &err), ALLORA_OK);
    assert_int_equal(chmod(folder, 0707), 0);
    assert_int_equal(fs_check_owner(path, &err), ALLORA_E_DENIED);
    assert_non_null(strstr(err.message, "the folder"));
    assert_int_equal(chmod(folder, 0700), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
        assert_int_equal(fs_check_owner(path, &err), ALLORA_E_DENIED);
        assert_non_null(strstr(err.message, "12345"));
    }
    A_FREE char *missing = in_folder("missing");
    assert_int_equal(fs_check_owner(missing, &err), ALLORA_E_NOTFOUND);
}

static bool write_and_read(void)
{
    A_FREE char *path = fs_join(folder, "torture");
    A_CLEAN(buf_done) struct buf b = BUF(1000);
    allora_error err = ERR_INIT;

    return path && fs_write_atomic(path, "abc", 3, 0600, &err) == ALLORA_OK &&
           fs_read(path, 1000, &b, &err) == ALLORA_OK;
}

static void test_out_of_memory(void **state)
{
    unsigned runs;

    (void)state;
    TORTURE(write_and_read(), &runs);
    assert_true(runs >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_join),
        cmocka_unit_test(test_xdg),
        cmocka_unit_test(test_mkdirs),
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_write_replaces_whole),
        cmocka_unit_test(test_full_disk_keeps_the_old_file),
        cmocka_unit_test(test_owner),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
