/* The host provider's tables over the recorded tree tests/data/hosttree, and over small trees made
 * here. */
#include "host_harness.h"
#include "reverse.h"
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char tree[4096], scratch[64];

static struct result *run(const char *table, const char *columns)
{
    return run_table(tree, table, columns, NULL, 0, 0);
}

static allora_filter eq_int(const char *table, const char *column, int64_t v)
{
    return (allora_filter){(uint32_t)column_of(table_find(table), column), ALLORA_OP_EQ,
                           sdk_cell_int(v)};
}

static allora_filter eq_text(const char *table, const char *column, const char *v)
{
    return (allora_filter){(uint32_t)column_of(table_find(table), column), ALLORA_OP_EQ,
                           sdk_cell_text(v)};
}

static int row_with(const struct result *r, uint32_t column, const char *value)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (strcmp(r->cells[i][column], value) == 0)
            return (int)i;
    return -1;
}

static void every_table_reads(void **state)
{
    (void)state;
    static const struct {
        const char *table;
        uint32_t rows;
    } expected[] = {{"host_info", 1},    {"host_cpu", 8},       {"host_memory", 1},
                    {"host_disk", 12},   {"host_process", 70},  {"host_port", 19},
                    {"host_socket", 79}, {"host_service", 56},  {"host_user", 26},
                    {"host_group", 32},  {"host_package", 300}, {"host_interface", 4},
                    {"host_log", 179}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const struct table_entry *t = table_find(expected[i].table);
        char all[2048] = "";
        for (uint32_t k = 0; k < t->n_columns; k++)
            (void)snprintf(all + strlen(all), sizeof all - strlen(all), "%s,", t->columns[k]);
        struct result *r = run(t->name, all), *count = run(t->name, "");
        assert_int_equal(r->status, 0);
        assert_int_equal(r->n, expected[i].rows);
        assert_int_equal(count->n, expected[i].rows); /* rows without cells */
        assert_string_equal(r->warnings, "");
        result_free(r);
        result_free(count);
    }
    assert_null(table_find("host_nothing"));
}

static void a_process(void **state)
{
    (void)state;
    allora_filter one = eq_int("host_process", "pid", 1377);
    struct result *r = run_table(tree, "host_process",
                                 "name,user,rss,threads,cpu_time,start_time,elapsed,exe,cwd,"
                                 "service,open_files,swap,memory_percent,cpu_percent,group_name",
                                 &one, 1, 0);
    assert_int_equal(r->n, 1);
    static const char *const cells[] = {"java",
                                        "elastic",
                                        "5476577280",
                                        "87",
                                        "193442.20",
                                        "1790046783000000",
                                        "3480416",
                                        "/usr/lib/jvm/java-17-openjdk-amd64/bin/java",
                                        "/usr/share/search",
                                        "search",
                                        "2",
                                        "209715200",
                                        "16.32",
                                        "5.56",
                                        "elastic"};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        assert_string_equal(r->cells[0][i], cells[i]);
    result_free(r);
    r = run("host_process", "pid,exe,exe_deleted,cmdline,kernel_thread,state,container,tty");
    int deleted = row_with(r, 0, "25110"), kernel = row_with(r, 0, "2"),
        zombie = row_with(r, 0, "31139"), container = row_with(r, 0, "19441");
    assert_string_equal(r->cells[deleted][1], "/usr/bin/python3.11");
    assert_string_equal(r->cells[deleted][2], "true");
    assert_string_equal(r->cells[kernel][3], "NULL");
    assert_string_equal(r->cells[kernel][4], "true");
    assert_string_equal(r->cells[zombie][5], "Z");
    assert_string_equal(r->cells[zombie][1], "NULL");
    assert_int_equal(strlen(r->cells[container][6]), 64);
    assert_string_equal(r->cells[row_with(r, 0, "31544")][7], "pts/0");
    result_free(r);
}

static void filters_are_pushed(void **state)
{
    (void)state;
    allora_value pids[] = {sdk_cell_int(1), sdk_cell_int(1377), sdk_cell_int(1),
                           sdk_cell_int(999999), sdk_cell_int(-4)};
    allora_value list = {.type = ALLORA_V_LIST, .len = 5, .u.list = pids};
    allora_filter in = {PROCESS_pid, ALLORA_OP_IN, list},
                  user = eq_text("host_process", "user", "postgres");
    allora_filter prefix = {PROCESS_name, ALLORA_OP_PREFIX_NOCASE, sdk_cell_text("SYSTEMD")};
    struct result *r = run_table(tree, "host_process", "pid", &in, 1, 0);
    assert_int_equal(r->n, 2); /* each once, though named twice */
    result_free(r);
    r = run_table(tree, "host_process", "pid,user", &user, 1, 0);
    assert_int_equal(r->n, 10);
    result_free(r);
    r = run_table(tree, "host_process", "", &user, 1, 0); /* the column itself isn't wanted */
    assert_int_equal(r->n, 10);
    result_free(r);
    r = run_table(tree, "host_process", "name", &prefix, 1, 0);
    assert_int_equal(r->n, 4);
    result_free(r);
    allora_filter port = eq_int("host_socket", "local_port", 5432);
    r = run_table(tree, "host_socket", "local_port,process", &port, 1, 0);
    assert_int_equal(r->n, 6);
    result_free(r);
    allora_filter since = {LOG_time, ALLORA_OP_GE, sdk_cell_time(INT64_C(1793527140000000))};
    r = run_table(tree, "host_log", "time,program", &since, 1, 0);
    assert_int_equal(r->n, 1);
    assert_string_equal(r->cells[0][1], "nginx");
    result_free(r);
    allora_filter errors = {LOG_severity, ALLORA_OP_LE, sdk_cell_int(3)};
    r = run_table(tree, "host_log", "severity", &errors, 1, 0);
    assert_int_equal(r->n, 11);
    result_free(r);
}

static void a_reader_may_stop(void **state)
{
    (void)state;
    static const char *const tables[] = {"host_process", "host_socket", "host_log", "host_package",
                                         "host_service"};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        struct result *r = run_table(tree, tables[i], "", NULL, 0, 3);
        assert_int_equal(r->n, 3);
        assert_int_equal(r->status, ALLORA_STOP);
        result_free(r);
    }
}

static void disks_and_memory(void **state)
{
    (void)state;
    struct result *r =
        run("host_disk", "mount_point,size,used,available,used_percent,kind,read_only,inodes");
    int srv = row_with(r, 0, "/srv"), iso = row_with(r, 0, "/mnt/install");
    assert_string_equal(r->cells[srv][1], "984621252608");
    assert_string_equal(r->cells[srv][4], "97.78");
    assert_string_equal(r->cells[srv][5], "disk");
    assert_string_equal(r->cells[iso][6], "true");
    assert_string_equal(r->cells[iso][7], "NULL");
    assert_int_equal(row_with(r, 0, "/srv/datasets"), -1); /* a bind mount */
    assert_int_equal(row_with(r, 0, "/proc"), -1);
    result_free(r);
    r = run("host_memory", "total,used,available,swap_used,used_percent,swap_used_percent");
    static const char *const cells[] = {"33554432000", "16022110208", "17532321792",
                                        "487587840",   "47.75",       "5.68"};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        assert_string_equal(r->cells[0][i], cells[i]);
    result_free(r);
}

static void people_and_services(void **state)
{
    (void)state;
    allora_filter maria = eq_text("host_user", "name", "maria"),
                  shop = eq_text("host_service", "name", "shop");
    struct result *r =
        run_table(tree, "host_user",
                  "uid,group_name,groups,full_name,kind,can_login,password_state,last_login_from",
                  &maria, 1, 0);
    assert_int_equal(r->n, 1);
    assert_string_equal(r->cells[0][2], "[\"adm\",\"sudo\",\"users\",\"docker\",\"maria\"]");
    assert_string_equal(r->cells[0][3], "Maria Keller");
    assert_string_equal(r->cells[0][6], "set");
    assert_string_equal(r->cells[0][7], "198.51.100.23");
    result_free(r);
    r = run_table(tree, "host_service", "unit,state,sub_state,enabled,main_pid,restarts,user",
                  &shop, 1, 0);
    assert_int_equal(r->n, 1);
    static const char *const cells[] = {"shop.service", "active", "running", "true",
                                        "22790",        "3",      "deploy"};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        assert_string_equal(r->cells[0][i], cells[i]);
    result_free(r);
    r = run("host_group", "name,members,member_count");
    assert_string_equal(r->cells[row_with(r, 0, "sudo")][1], "[\"maria\",\"erin\"]");
    assert_string_equal(r->cells[row_with(r, 0, "maria")][2], "1"); /* as primary group */
    result_free(r);
    r = run("host_package", "name,installed_at,held,state");
    assert_string_equal(r->cells[row_with(r, 0, "openssl")][1], "1793427245000000");
    assert_string_equal(r->cells[row_with(r, 0, "docker.io")][2], "true");
    assert_int_equal(row_with(r, 0, "apache2-bin"), -1); /* only its configuration is left */
    result_free(r);
}

/* ---- small trees
 * ------------------------------------------------------------------------------------ */

static void write_file(const char *path, const char *text)
{
    char full[256];
    (void)snprintf(full, sizeof full, "%s/%s", scratch, path);
    for (char *p = full + strlen(scratch) + 1; (p = strchr(p, '/')) != NULL; p++) {
        *p = '\0';
        (void)mkdir(full, 0755);
        *p = '/';
    }
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void another_distribution(void **state)
{
    (void)state;
    write_file(
        "recorded.tsv",
        "recording\tversion\t1\nmachine\tnow_us\t1767355200000000\nmachine\tutc_offset_s\t0\n");
    write_file("lib/apk/db/installed", "P:musl\nV:1.2.4-r2\nI:655360\n\nP:busybox\nV:1.36\n\n");
    write_file("etc/init.d/sshd", "#!/sbin/openrc-run\n");
    write_file("etc/init.d/crond", "#!/sbin/openrc-run\n");
    write_file("run/openrc/started/sshd", "");
    write_file("etc/runlevels/default/sshd", "");
    write_file("proc/stat", "btime 1767300000\n");
    write_file("var/log/messages", "Jan  2 10:00:00 h daemon.err crond[7]: older\nJan  2 11:00:00 "
                                   "h daemon.info sshd[9]: newest\n");
    write_file("var/log/messages.1", "Jan  1 09:00:00 h kern.warn kernel: rotated\n");
    write_file("var/log/dpkg.log", "2026-01-02 10:30:00 startup archives unpack\n");
    struct result *r = run_table(scratch, "host_package", "name,manager", NULL, 0, 0);
    assert_int_equal(r->n, 2);
    assert_string_equal(r->cells[0][1], "apk");
    result_free(r);
    r = run_table(scratch, "host_service", "name,sub_state,enabled", NULL, 0, 0);
    assert_int_equal(r->n, 2);
    int sshd = row_with(r, 0, "sshd"), crond = row_with(r, 0, "crond");
    assert_string_equal(r->cells[sshd][1], "running");
    assert_string_equal(r->cells[sshd][2], "true");
    assert_string_equal(r->cells[crond][1], "dead");
    result_free(r);
    r = run_table(scratch, "host_log", "message,severity,source,current_boot", NULL, 0, 0);
    static const char *const messages[] = {"newest", "startup archives unpack", "older", "rotated"};
    assert_int_equal(r->n, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(r->cells[i][0], messages[i]);
    assert_string_equal(r->cells[2][1], "3");
    assert_string_equal(r->cells[3][2], "/var/log/messages.1");
    assert_string_equal(r->cells[3][3], "false");
    result_free(r);
    allora_filter range[] = {{LOG_time, ALLORA_OP_GE, sdk_cell_time(INT64_C(1767348000000000))},
                             {LOG_time, ALLORA_OP_LT, sdk_cell_time(INT64_C(1767351600000000))}};
    r = run_table(scratch, "host_log", "message", range, 2, 0);
    assert_int_equal(r->n, 2);
    result_free(r);
}

static void what_is_missing_is_said(void **state)
{
    (void)state;
    write_file("bare/recorded.tsv", "recording\tversion\t1\nmachine\tnow_us\t1767355200000000\n");
    char bare[128];
    (void)snprintf(bare, sizeof bare, "%s/bare", scratch);
    static const char *const warned[] = {"host_package", "host_service", "host_log"};
    for (size_t i = 0; i < 3; i++) {
        struct result *r = run_table(bare, warned[i], "", NULL, 0, 0);
        assert_int_equal(r->n, 0);
        assert_non_null(strstr(r->warnings, "\"code\":\"unsupported\""));
        result_free(r);
    }
    static const char *const failing[] = {"host_memory", "host_user",      "host_cpu",
                                          "host_disk",   "host_interface", "host_group"};
    for (size_t i = 0; i < sizeof failing / sizeof failing[0]; i++) {
        struct result *r = run_table(bare, failing[i], "", NULL, 0, 0);
        assert_int_equal(r->status, ALLORA_E_NOTFOUND);
        result_free(r);
    }
}

static void a_tree_is_a_cage(void **state)
{
    (void)state;
    char path[256];
    write_file("etc/passwd", "inside:x:5:5::/:/bin/sh\n");
    (void)snprintf(path, sizeof path, "%s/etc/group", scratch);
    assert_int_equal(symlink("/etc/passwd", path), 0); /* absolute: the tree's own */
    (void)snprintf(path, sizeof path, "%s/etc/machine-id", scratch);
    assert_int_equal(symlink("../../../../../../../../etc/passwd", path), 0);
    struct root root;
    allora_error err = {.size = (uint32_t)sizeof err};
    struct bytes text = {0};
    assert_int_equal(root_open(scratch, &root, &err), 0);
    assert_int_equal(root_read(&root, "etc/group", &text, 4096), 0);
    assert_string_equal(text.p, "inside:x:5:5::/:/bin/sh\n");
    assert_int_equal(root_read(&root, "etc/machine-id", &text, 4096), 0);
    assert_string_equal(text.p, "inside:x:5:5::/:/bin/sh\n");
    assert_int_equal(root_read(&root, "../../../etc/hostname", &text, 4096), -2);
    assert_int_equal(root_read(&root, "etc/passwd", &text, 6), 0); /* limits hold */
    assert_true(text.truncated);
    assert_string_equal(text.p, "inside");
    bytes_free(&text);
    root_close(&root);
}

static void bad_recordings(void **state)
{
    (void)state;
    struct root root;
    static const struct {
        const char *text, *message;
    } cases[] = {{"", "no recording"},
                 {"recording\tversion\t2\n", "newer recording"},
                 {"recording\tversion\t1\n", "needs a clock"},
                 {"recording\tversion\t1\nmachine\tnow_us\n", "recorded.tsv:2: not KIND"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        allora_error err = {.size = (uint32_t)sizeof err};
        char path[128];
        write_file("bad/recorded.tsv", cases[i].text);
        (void)snprintf(path, sizeof path, "%s/bad", scratch);
        assert_int_equal(root_open(path, &root, &err), ALLORA_E_CONFIG);
        assert_non_null(strstr(err.message, i == 2 ? "clock" : cases[i].message));
        assert_true(err.hint[0]);
    }
    allora_error err = {.size = (uint32_t)sizeof err};
    assert_int_equal(root_open("/nowhere/at/all", &root, &err), ALLORA_E_CONFIG);
    assert_int_equal(root_open("/tmp", &root, &err), ALLORA_E_CONFIG);
}

static void lines_backwards(void **state)
{
    (void)state;
    struct root root = {.fd = -1};
    struct reverse *v = malloc(sizeof *v);
    struct lines *l = malloc(sizeof *l);
    static char text[3 * REVERSE_SIZE];
    assert_non_null(v);
    assert_non_null(l);
    root.fd = open(scratch, O_PATH | O_DIRECTORY);
    for (size_t n = 1; n < 3000; n = n * 3 + 1) { /* lines of many lengths, over several buffers */
        size_t len = 0, count = 0;
        while (len + n + 12 < sizeof text) {
            len += (size_t)snprintf(text + len, sizeof text - len, "%zu:", count++);
            memset(text + len, 'x', n);
            len += n;
            text[len++] = '\n';
        }
        text[len] = '\0';
        write_file("lines", text);
        assert_int_equal(reverse_open(v, &root, "lines"), 0);
        assert_int_equal(lines_open(l, &root, "lines"), 0);
        for (size_t i = count; i-- > 0;) {
            char *line = reverse_next(v);
            assert_non_null(line);
            assert_int_equal(strtoul(line, NULL, 10), i);
            line = lines_next(l, NULL);
            assert_non_null(line);
            assert_int_equal(strtoul(line, NULL, 10), count - 1 - i);
        }
        assert_null(reverse_next(v));
        assert_null(lines_next(l, NULL));
        reverse_close(v);
        lines_close(l);
    }
    memset(text, 'y', sizeof text); /* a line longer than the buffer, between two others */
    memcpy(text, "first\n", 6);
    memcpy(text + sizeof text - 7, "\nlast\n", 7);
    write_file("lines", text);
    assert_int_equal(reverse_open(v, &root, "lines"), 0);
    assert_string_equal(reverse_next(v), "last");
    assert_string_equal(reverse_next(v), "first");
    assert_null(reverse_next(v));
    reverse_close(v);
    assert_int_equal(lines_open(l, &root, "lines"), 0);
    size_t len;
    assert_string_equal(lines_next(l, NULL), "first");
    assert_non_null(lines_next(l, &len));
    assert_int_equal(len, sizeof l->buf - 1); /* cut */
    assert_string_equal(lines_next(l, NULL), "last");
    assert_null(lines_next(l, NULL));
    lines_close(l);
    (void)close(root.fd);
    free(v);
    free(l);
}

static void this_machine(void **state)
{
    (void)state;
    char self[32];
    (void)snprintf(self, sizeof self, "%d", (int)getpid());
    allora_filter me = eq_int("host_process", "pid", getpid());
    struct result *r = run_table(NULL, "host_process", "pid,ppid,uid,exe,threads", &me, 1, 0);
    assert_int_equal(r->n, 1);
    assert_string_equal(r->cells[0][0], self);
    assert_int_equal(strtol(r->cells[0][1], NULL, 10), getppid());
    assert_int_equal(strtoul(r->cells[0][2], NULL, 10), geteuid());
    assert_non_null(strstr(r->cells[0][3], "test_host"));
    result_free(r);
    for (const struct table_entry *t = host_tables; t->name; t++) {
        r = run_table(NULL, t->name, "", NULL, 0, 5);
        assert_true(r->status >= 0);
        result_free(r);
    }
}

static int setup(void **state)
{
    (void)state;
    const char *source = getenv("SOURCE_DIR");
    (void)snprintf(tree, sizeof tree, "%s/tests/data/hosttree", source ? source : ".");
    memcpy(scratch, "/tmp/allora-host-XXXXXX", sizeof "/tmp/allora-host-XXXXXX");
    return mkdtemp(scratch) ? 0 : -1;
}

static void remove_tree(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    for (const struct dirent *e; dir && (e = readdir(dir)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            unlinkat(fd, e->d_name, 0) != 0)
            remove_tree(fd, e->d_name);
    if (dir)
        (void)closedir(dir);
    (void)unlinkat(parent, name, AT_REMOVEDIR);
}

static int teardown(void **state)
{
    (void)state;
    remove_tree(AT_FDCWD, scratch);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_reads),    cmocka_unit_test(a_process),
        cmocka_unit_test(filters_are_pushed),   cmocka_unit_test(a_reader_may_stop),
        cmocka_unit_test(disks_and_memory),     cmocka_unit_test(people_and_services),
        cmocka_unit_test(another_distribution), cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(a_tree_is_a_cage),     cmocka_unit_test(bad_recordings),
        cmocka_unit_test(lines_backwards),      cmocka_unit_test(this_machine),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
