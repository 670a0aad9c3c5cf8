/* The host provider's parsers: /proc, account files, package databases, log lines. */
#include "cpuinfo.h"
#include "dpkg.h"
#include "logline.h"
#include "mounts.h"
#include "names.h"
#include "procnet.h"
#include "procstat.h"
#include "text.h"
#include "text_out.h"
#include <allora/sdk.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void stat_names(void **state)
{
    (void)state;
    struct procstat p;
    /* A name may hold everything but NUL, its own imitation of the rest of the line included. */
    assert_true(procstat_parse(
        "77 (a) S 1 (b) R 3 4 5 34816 -1 4194304 9 0 2 0 150 50 0 0 25 5 7 0 4200 8192000 500 "
        "18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 3 0 0 0 0 0\n",
        &p));
    assert_int_equal(p.pid, 77);
    assert_string_equal(p.name, "a) S 1 (b");
    assert_int_equal(p.state, 'R');
    assert_int_equal(p.ppid, 3);
    assert_int_equal(p.tty, 34816);
    assert_int_equal(p.major_faults, 2);
    assert_int_equal(p.user_ticks, 150);
    assert_int_equal(p.system_ticks, 50);
    assert_int_equal(p.priority, 25);
    assert_int_equal(p.nice, 5);
    assert_int_equal(p.threads, 7);
    assert_int_equal(p.start_ticks, 4200);
    assert_int_equal(p.vsize, 8192000);
    assert_int_equal(p.rss_pages, 500);
    assert_int_equal(p.cpu, 3);
    static const char *const broken[] = {
        "", "1", "1 (x", "1 )x( S 1", "x (y) S 1 2 3", "1 (x) S 1 2 3", "1 (x)"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_false(procstat_parse(broken[i], &p));
}

static void status_lines(void **state)
{
    (void)state;
    struct procstatus s;
    procstatus_parse("Name:\tUid:\nUid:\t1000\t1001\t1000\t1000\nGid:\t5\t6\t5\t5\nRssFile:\t 100 "
                     "kB\nRssShmem:\t28 kB\n"
                     "VmSwap:\t      12 kB\n",
                     &s);
    assert_true(s.has_ids);
    assert_int_equal(s.uid, 1001);
    assert_int_equal(s.gid, 6);
    assert_int_equal(s.swap, 12 * 1024);
    assert_int_equal(s.shared, 128 * 1024);
    procstatus_parse("", &s);
    assert_false(s.has_ids);
    assert_int_equal(s.swap, -1);
    procstatus_parse("Uid:\t99999999999\t99999999999\nGid:\t1\t1", &s);
    assert_false(s.has_ids);
}

static void control_groups(void **state)
{
    (void)state;
    char v2[] = "0::/system.slice/nginx.service\n",
         mixed[] = "3:cpu:/a\n1:name=systemd:/user.slice\n0::/\n", none[] = "x";
    assert_string_equal(proc_cgroup(v2), "/system.slice/nginx.service");
    assert_string_equal(proc_cgroup(mixed), "/user.slice");
    assert_null(proc_cgroup(none));
    char name[64], id[65];
    assert_true(cgroup_service("/system.slice/nginx.service", name, sizeof name));
    assert_string_equal(name, "nginx");
    assert_true(
        cgroup_service("/user.slice/user@1000.service/app.slice/x.service", name, sizeof name));
    assert_string_equal(name, "user@1000");
    assert_false(cgroup_service("/.service/x", name, sizeof name));
    assert_false(cgroup_service("/system.slice/a-name-that-does-not-fit.service", name, 8));
    char path[128] = "/docker-";
    memset(path + 8, 'a', 64);
    memcpy(path + 72, ".scope", 7);
    assert_true(cgroup_container(path, id));
    assert_int_equal(strlen(id), 64);
    path[72] = 'b'; /* 65 digits are no container's id */
    assert_false(cgroup_container(path, id));
}

static void command_lines(void **state)
{
    (void)state;
    char plain[] = "ls\0-l\0", title[] = "nginx: worker   \0\0\0", empty[] = "\0\0";
    assert_int_equal(proc_cmdline(plain, 6), 5);
    assert_string_equal(plain, "ls -l");
    assert_int_equal(proc_cmdline(title, sizeof title - 1), strlen("nginx: worker"));
    assert_int_equal(proc_cmdline(empty, 2), 0);
}

static void terminals(void **state)
{
    (void)state;
    char tty[32];
    assert_false(proc_tty(0, tty, sizeof tty));
    assert_true(proc_tty(136 << 8 | 3, tty, sizeof tty));
    assert_string_equal(tty, "pts/3");
    assert_true(proc_tty(137 << 8 | 1, tty, sizeof tty));
    assert_string_equal(tty, "pts/257");
    assert_true(proc_tty(4 << 8 | 1, tty, sizeof tty));
    assert_string_equal(tty, "tty1");
    assert_true(proc_tty(4 << 8 | 64, tty, sizeof tty));
    assert_string_equal(tty, "ttyS0");
}

static void inet_lines(void **state)
{
    (void)state;
    struct inet_socket s;
    char text[64];
    const char *line = "   1: 0100007F:1538 0200A8C0:A21C 01 0000000A:00000002 00:00000000 "
                       "00000000  1000        0 4242 1 ffff";
    assert_true(inet_parse(line, false, &s));
    assert_string_equal(inet_text(s.local, false, text, sizeof text), "127.0.0.1");
    assert_int_equal(s.local_port, 5432);
    assert_string_equal(inet_text(s.remote, false, text, sizeof text), "192.168.0.2");
    assert_int_equal(s.remote_port, 41500);
    assert_string_equal(inet_state(s.state, true), "ESTABLISHED");
    assert_int_equal(s.send_queue, 10);
    assert_int_equal(s.recv_queue, 2);
    assert_int_equal(s.uid, 1000);
    assert_int_equal(s.inode, 4242);
    assert_true(inet_is_loopback(s.local, false));
    assert_false(inet_is_loopback(s.remote, false));
    const char *six =
        "   0: B80D0120000000000000000001000000:0050 00000000000000000000000000000000:0000 0A "
        "00000000:00000000 00:00000000 00000000     0        0 77 1 f";
    assert_true(inet_parse(six, true, &s));
    assert_string_equal(inet_text(s.local, true, text, sizeof text), "2001:db8::1");
    assert_true(inet_listening(&s, true));
    assert_string_equal(inet_state(7, false), "UNCONNECTED");
    assert_null(inet_state(200, true));
    assert_false(inet_parse("  sl  local_address rem_address   st", false, &s));
    for (size_t n = 0; n < strlen(line) - 12; n++) { /* cut anywhere before the inode */
        char cut[160] = {0};
        memcpy(cut, line, n);
        assert_false(inet_parse(cut, false, &s));
    }
}

static void unix_lines(void **state)
{
    (void)state;
    struct unix_socket u;
    char listen[] = "ffff: 00000002 00000000 00010000 0001 01 12345 /run/a b.sock",
         anon[] = "0: 00000003 00000000 00000000 0001 03 99";
    char bad[] = "Num       RefCount Protocol Flags    Type St Inode Path";
    assert_true(unix_parse(listen, &u));
    assert_true(u.listening);
    assert_string_equal(u.path, "/run/a b.sock");
    assert_string_equal(u.state, "LISTEN");
    assert_true(unix_parse(anon, &u));
    assert_string_equal(u.path, "");
    assert_string_equal(u.state, "ESTABLISHED");
    assert_false(unix_parse(bad, &u));
    uint64_t inode;
    assert_true(socket_link("socket:[881]", &inode));
    assert_int_equal(inode, 881);
    assert_false(socket_link("socket:[]", &inode));
    assert_false(socket_link("pipe:[881]", &inode));
    assert_false(socket_link("socket:[881", &inode));
}

static void mount_lines(void **state)
{
    (void)state;
    char lines[6][160] = {
        "36 35 98:0 / /mnt/with\\040blank rw master:1 shared:2 - ext3 /dev/root rw,errors=continue",
        "37 35 98:0 /sub /mnt/bind rw - ext3 /dev/root rw",
        "38 35 0:30 / /run rw - tmpfs tmpfs rw",
        "39 35 0:31 / /run rw - tmpfs tmpfs rw",
        "40 35 0:22 / /proc rw - proc proc rw",
        "41 35 bad"};
    struct mount m[6];
    for (size_t i = 0; i < 5; i++)
        assert_true(mount_parse(lines[i], &m[i]));
    assert_false(mount_parse(lines[5], &m[5]));
    assert_string_equal(m[0].mount_point, "/mnt/with blank");
    assert_string_equal(m[0].super_options, "rw,errors=continue");
    assert_int_equal(m[0].major, 98);
    mounts_hide(m, 5);
    assert_false(m[0].hidden);
    assert_true(m[1].hidden); /* a bind mount of part of the first */
    assert_true(m[2].hidden); /* mounted over */
    assert_false(m[3].hidden);
    assert_string_equal(mount_kind(&m[0]), "disk");
    assert_string_equal(mount_kind(&m[3]), "memory");
    assert_null(mount_kind(&m[4]));
}

static void accounts(void **state)
{
    (void)state;
    struct passwd_line p;
    struct group_line g;
    struct shadow_line s;
    char user[] = "maria:x:1000:1001:Maria,,,:/home/maria:/bin/bash",
         nis[] = "+::::::", few[] = "a:x:1:1";
    char big[] = "a:x:4294967296:1::/:/bin/sh", no_shell[] = "a:x:1:1::/";
    assert_true(passwd_parse(user, &p));
    assert_int_equal(p.uid, 1000);
    assert_int_equal(p.gid, 1001);
    assert_string_equal(p.shell, "/bin/bash");
    assert_false(passwd_parse(nis, &p));
    assert_false(passwd_parse(few, &p));
    assert_false(passwd_parse(big, &p));
    assert_true(passwd_parse(no_shell, &p));
    assert_string_equal(p.shell, "");
    char group[] = "sudo:x:27:maria,erin", no_members[] = "sudo:x:27";
    assert_true(group_parse(group, &g));
    assert_string_equal(g.members, "maria,erin");
    assert_false(group_parse(no_members, &g));
    static const struct {
        const char *line, *state;
        int64_t changed, expires;
    } cases[] = {{"a:$y$hash:19000:0:99999:7:::", "set", 19000, -1},
                 {"a:!$y$hash:19000:0:99999:7::20000:", "locked", 19000, 20000},
                 {"a:*:19000::::::", "none", 19000, -1},
                 {"a:!:19000::::::", "none", 19000, -1},
                 {"a:!!:::::::", "none", -1, -1},
                 {"a::19000::::::", "empty", 19000, -1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[80];
        (void)snprintf(line, sizeof line, "%s", cases[i].line);
        assert_true(shadow_parse(line, &s));
        assert_string_equal(s.state, cases[i].state);
        assert_int_equal(s.changed, cases[i].changed);
        assert_int_equal(s.expires, cases[i].expires);
    }
}

static void dpkg_paragraphs(void **state)
{
    (void)state;
    char text[] =
        "Package: bash\nStatus: install ok installed\nInstalled-Size: 7\nSource: bash "
        "(5.2)\nVersion: 5.2-1\n"
        "Description: shell\n Package: not a field\n .\n\n\n\nPackage: half\nVersion: 1\n\n"
        "Package: old\nStatus: deinstall ok config-files\nInstalled-Size: x\n";
    char *rest = text;
    struct package p;
    assert_true(dpkg_next(&rest, &p));
    assert_string_equal(p.name, "bash");
    assert_string_equal(p.summary, "shell");
    assert_string_equal(p.wanted, "install");
    assert_int_equal(p.size, 7 * 1024);
    assert_true(package_is_there(&p));
    assert_true(dpkg_next(&rest, &p)); /* the one without a status is no package */
    assert_string_equal(p.name, "old");
    assert_int_equal(p.size, -1);
    assert_false(package_is_there(&p));
    assert_false(dpkg_next(&rest, &p));
    char apk[] = "C:Q1x=\nP:musl\nV:1.2.4-r2\nA:x86_64\nI:655360\nT:the musl c "
                 "library\no:musl\nt:1700000000\nF:lib\nR:ld\n\n";
    rest = apk;
    assert_true(apk_next(&rest, &p));
    assert_string_equal(p.name, "musl");
    assert_int_equal(p.size, 655360);
    assert_int_equal(p.built, 1700000000);
    assert_false(apk_next(&rest, &p));
}

static void log_lines(void **state)
{
    (void)state;
    /* 2026-01-02 12:00:00 UTC, read two hours east of it */
    struct log_clock clock = {
        .now_us = INT64_C(1767355200000000), .fixed_offset = true, .utc_offset_s = 7200};
    static const struct {
        const char *line;
        enum log_format format;
        int64_t seconds;
        const char *program, *message;
        int64_t pid;
        int severity;
    } cases[] = {{"2026-01-02T12:00:00.5+01:00 h sshd[12]: hi there", LOG_SYSLOG, 1767351600,
                  "sshd", "hi there", 12, -1},
                 {"Jan  2 13:00:00 h CRON[7]: (root) CMD (x)", LOG_SYSLOG, 1767351600, "CRON",
                  "(root) CMD (x)", 7, -1},
                 {"Dec 31 23:59:59 h kernel: [   12.3] oops", LOG_SYSLOG, 1767218399, "kernel",
                  "[   12.3] oops", -1, -1},
                 {"Jan  2 13:00:00 h daemon.err crond[7]: bad", LOG_SYSLOG, 1767351600, "crond",
                  "bad", 7, 3},
                 {"Jan  2 13:00:00 h last message repeated 2 times", LOG_SYSLOG, 1767351600, NULL,
                  "last message repeated 2 times", -1, -1},
                 {"2026-01-02 13:00:00 status installed bash:amd64 5", LOG_DPKG, 1767351600, "dpkg",
                  "status installed bash:amd64 5", -1, -1},
                 {"update-alternatives 2026-01-02 13:00:00: run with --auto", LOG_ALTERNATIVES,
                  1767351600, "update-alternatives", "run with --auto", -1, -1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char line[128];
        struct log_entry e;
        (void)snprintf(line, sizeof line, "%s", cases[i].line);
        assert_true(logline_parse(line, cases[i].format, &clock, &e));
        assert_int_equal(e.time_us / 1000000, cases[i].seconds);
        if (cases[i].program)
            assert_string_equal(e.program, cases[i].program);
        else
            assert_null(e.program);
        assert_string_equal(e.message, cases[i].message);
        assert_int_equal(e.pid, cases[i].pid);
        assert_int_equal(e.severity, cases[i].severity);
    }
    static const char *const none[] = {"", " continued", "Foo  2 13:00:00 h x: y",
                                       "Jan  2 25:00:00 h x: y", "2026-01-02T12:00:00Z"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        char line[64];
        struct log_entry e;
        (void)snprintf(line, sizeof line, "%s", none[i]);
        assert_false(logline_parse(line, LOG_SYSLOG, &clock, &e));
    }
}

static void scanning(void **state)
{
    (void)state;
    const char *p = "-9223372036854775808x";
    int64_t i;
    assert_true(text_int(&p, &i));
    assert_true(i == INT64_MIN);
    p = "9223372036854775808";
    assert_false(text_int(&p, &i));
    uint64_t u;
    p = "18446744073709551615";
    assert_true(text_uint(&p, &u));
    assert_true(u == UINT64_MAX);
    p = "18446744073709551616";
    assert_false(text_uint(&p, &u));
    p = "00000000000000000";
    assert_false(text_hex(&p, &u));
    double d;
    p = "2759.28 1";
    assert_true(text_real(&p, &d));
    assert_true(d > 2759.2799 && d < 2759.2801);
    static const struct {
        const char *text;
        double nearest;
    } decimals[] = {{"1.88", 1.88},
                    {"0.07", 0.07},
                    {"-3.3", -3.3},
                    {"123456789.123456789", 123456789.123456789},
                    {"250000000000000000000", 250000000000000000000.0}};
    for (size_t k = 0; k < sizeof decimals / sizeof *decimals; k++) {
        p = decimals[k].text;
        assert_true(text_real(&p, &d) && !*p);
        assert_true(fabs(d - decimals[k].nearest) <= fabs(d) * (k < 3 ? 0 : 1e-14));
    }
    char escaped[] = "a\\040b\\134\\x\\0";
    assert_int_equal(text_unescape(escaped), strlen("a b\\\\x\\0"));
    assert_string_equal(escaped, "a b\\\\x\\0");
    assert_true(text_is_utf8("h\xc3\xa9", 3));
    assert_false(text_is_utf8("h\xe9", 2));
    assert_false(text_is_utf8("\xed\xa0\x80", 3)); /* a surrogate */
    assert_false(text_is_utf8("\xc0\xaf", 2));     /* overlong */
    char clean[16];
    assert_int_equal(text_to_utf8(clean, "h\xe9!", 3), 5);
    assert_memory_equal(clean, "h\xef\xbf\xbd!", 5);
    assert_int_equal(text_days(1970, 1, 1), 0);
    assert_int_equal(text_days(2024, 2, 29), 19782);
    assert_int_equal(text_days(1969, 12, 31), -1);
    struct text_out out = {0};
    out_list_open(&out);
    out_list_text(&out, "a\"b\n");
    out_list_text(&out, "c\xff");
    out_list_close(&out);
    assert_int_equal(out.len, strlen("[\"a\\\"b\\u000a\",\"c\xef\xbf\xbd\"]"));
    assert_memory_equal(out.p, "[\"a\\\"b\\u000a\",\"c\xef\xbf\xbd\"]", out.len);
    out_free(&out);
}

static void cpu_entries(void **state)
{
    (void)state;
    struct cpuinfo info = {0};
    static const char text[] = "processor\t: 0\nmodel name\t: X : Y\ncpu MHz\t\t: 1200.5\nphysical "
                               "id\t: 1\ncore id\t\t: 3\nflags\t\t: fpu sse\n\n"
                               "processor\t: 2\nBogoMIPS\t: 1\n";
    info.text.p = strdup(text);
    cpuinfo_parse(&info);
    assert_int_equal(info.n, 2);
    const struct cpuinfo_entry *e = cpuinfo_find(&info, 0);
    assert_non_null(e);
    assert_string_equal(e->model, "X : Y");
    assert_int_equal(e->socket, 1);
    assert_int_equal(e->core, 3);
    assert_null(cpuinfo_find(&info, 1));
    assert_null(cpuinfo_find(&info, 2)->model);
    cpuinfo_free(&info);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stat_names),      cmocka_unit_test(status_lines),
        cmocka_unit_test(control_groups),  cmocka_unit_test(command_lines),
        cmocka_unit_test(terminals),       cmocka_unit_test(inet_lines),
        cmocka_unit_test(unix_lines),      cmocka_unit_test(mount_lines),
        cmocka_unit_test(accounts),        cmocka_unit_test(log_lines),
        cmocka_unit_test(dpkg_paragraphs), cmocka_unit_test(scanning),
        cmocka_unit_test(cpu_entries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
