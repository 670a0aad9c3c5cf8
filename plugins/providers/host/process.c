/* host_process: one row a process.  Reads only the files that the wanted columns need; count(*)
 * reads none. */
#include "procstat.h"
#include "tables.h"
#include "text.h"
#include <allora/sdk.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEED_STAT = 1u, NEED_STATUS = 2u, NEED_CGROUP = 4u };
enum { CMDLINE_MAX = 32 << 10, PIDS_MAX = 1024 };

struct job { /* one scan's constants */
    struct scan *s;
    uint32_t need;
    int64_t boot_time, uptime_cs, memory_total;
    const char *reason; /* why cells are absent */
};

static bool wants_any(const struct scan *s, const uint8_t *columns, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (scan_wants(s, columns[i]) || scan_filters(s, columns[i]))
            return true;
    return false;
}

static uint32_t files_needed(const struct scan *s)
{
    static const uint8_t stat_columns[] = {
        PROCESS_ppid,         PROCESS_name,         PROCESS_state,
        PROCESS_rss,          PROCESS_cpu_percent,  PROCESS_memory_percent,
        PROCESS_cpu_time,     PROCESS_user_time,    PROCESS_system_time,
        PROCESS_start_time,   PROCESS_elapsed,      PROCESS_threads,
        PROCESS_nice,         PROCESS_priority,     PROCESS_exe,
        PROCESS_exe_deleted,  PROCESS_vsize,        PROCESS_tty,
        PROCESS_pgid,         PROCESS_session,      PROCESS_last_cpu,
        PROCESS_minor_faults, PROCESS_major_faults, PROCESS_kernel_thread};
    static const uint8_t status_columns[] = {PROCESS_user,       PROCESS_uid,  PROCESS_gid,
                                             PROCESS_group_name, PROCESS_swap, PROCESS_shared};
    static const uint8_t cgroup_columns[] = {PROCESS_service, PROCESS_container, PROCESS_cgroup};
    uint32_t need = 0;
    if (wants_any(s, stat_columns, sizeof stat_columns))
        need |= NEED_STAT;
    if (wants_any(s, status_columns, sizeof status_columns))
        need |= NEED_STATUS;
    if (wants_any(s, cgroup_columns, sizeof cgroup_columns))
        need |= NEED_CGROUP;
    return need;
}

static int read_proc(struct scan *s, int64_t pid, const char *file, size_t limit)
{
    char path[64];
    (void)snprintf(path, sizeof path, "proc/%lld/%s", (long long)pid, file);
    return root_read(s->root, path, &s->buf, limit);
}

static bool vanished(int rc)
{
    return rc == -ENOENT || rc == -ESRCH;
}

static void put_stat(const struct job *j, const struct procstat *p)
{
    struct scan *s = j->s;
    double tick = 1.0 / s->root->ticks;
    double cpu = (double)(p->user_ticks + p->system_ticks) * tick;
    double rss = (double)p->rss_pages * s->root->page_size;
    scan_int(s, PROCESS_ppid, p->ppid);
    scan_text(s, PROCESS_name, p->name);
    scan_text_n(s, PROCESS_state, &p->state, 1);
    scan_int(s, PROCESS_rss, (int64_t)rss);
    scan_percent(s, PROCESS_memory_percent, rss, (double)j->memory_total);
    scan_real(s, PROCESS_cpu_time, cpu);
    scan_real(s, PROCESS_user_time, (double)p->user_ticks * tick);
    scan_real(s, PROCESS_system_time, (double)p->system_ticks * tick);
    scan_int(s, PROCESS_threads, p->threads);
    scan_int(s, PROCESS_nice, p->nice);
    scan_int(s, PROCESS_priority, p->priority);
    scan_int(s, PROCESS_vsize, (int64_t)p->vsize);
    scan_int(s, PROCESS_pgid, p->pgid);
    scan_int(s, PROCESS_session, p->session);
    if (p->cpu >= 0)
        scan_int(s, PROCESS_last_cpu, p->cpu);
    scan_int(s, PROCESS_minor_faults, p->minor_faults);
    scan_int(s, PROCESS_major_faults, p->major_faults);
    scan_bool(s, PROCESS_kernel_thread, (p->flags & PROCSTAT_KTHREAD) != 0);

    double start = (double)p->start_ticks * tick; /* seconds after boot */
    if (j->boot_time > 0) /* whole seconds, as ps: btime itself is no finer */
        scan_time(s, PROCESS_start_time, (j->boot_time + (int64_t)start) * 1000000);
    if (j->uptime_cs > 0) {
        double elapsed = (double)j->uptime_cs / 100 - start;
        scan_int(s, PROCESS_elapsed, elapsed > 0 ? (int64_t)elapsed : 0);
        /* ps's definition: CPU time over life time.  Within the first tick there is no ratio yet.
         */
        if (elapsed >= tick)
            scan_percent(s, PROCESS_cpu_percent, cpu, elapsed);
        else
            scan_real(s, PROCESS_cpu_percent, 0);
    }
    char tty[32];
    if (scan_wants(s, PROCESS_tty) && proc_tty(p->tty, tty, sizeof tty))
        scan_text(s, PROCESS_tty, tty);
}

static void put_cgroup(struct scan *s, char *text)
{
    const char *cgroup = proc_cgroup(text);
    if (!cgroup)
        return;
    char service[256], container[65];
    scan_text(s, PROCESS_cgroup, cgroup);
    if (cgroup_service(cgroup, service, sizeof service))
        scan_text(s, PROCESS_service, service);
    if (cgroup_container(cgroup, container))
        scan_text(s, PROCESS_container, container);
}

static void put_links(struct scan *s, int64_t pid, bool kernel_thread)
{
    char path[64], target[4096];
    bool wants_exe = scan_wants(s, PROCESS_exe) || scan_wants(s, PROCESS_exe_deleted);
    if (wants_exe && !kernel_thread) {
        (void)snprintf(path, sizeof path, "proc/%lld/exe", (long long)pid);
        long n = root_readlink(s->root, path, target, sizeof target);
        if (n >= 0) {
            bool deleted = text_ends(target, " (deleted)");
            if (deleted)
                n -= (long)strlen(" (deleted)");
            scan_text_n(s, PROCESS_exe, target, (size_t)n);
            scan_bool(s, PROCESS_exe_deleted, deleted);
        } else {
            scan_failed(s, PROCESS_exe, (int)n);
            scan_failed(s, PROCESS_exe_deleted, (int)n);
        }
    }
    if (scan_wants(s, PROCESS_cwd)) {
        (void)snprintf(path, sizeof path, "proc/%lld/cwd", (long long)pid);
        long n = root_readlink(s->root, path, target, sizeof target);
        if (n >= 0)
            scan_text_n(s, PROCESS_cwd, target, (size_t)n);
        else
            scan_failed(s, PROCESS_cwd, (int)n);
    }
}

static void put_open_files(struct scan *s, int64_t pid)
{
    char path[64];
    (void)snprintf(path, sizeof path, "proc/%lld/fd", (long long)pid);
    DIR *dir = root_opendir(s->root, path);
    if (!dir) {
        scan_failed(s, PROCESS_open_files, -errno);
        return;
    }
    int64_t n = 0;
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        n += e->d_name[0] != '.';
    (void)closedir(dir);
    scan_int(s, PROCESS_open_files, n);
}

static void put_costly(struct scan *s, int64_t pid)
{
    int64_t v;
    if (scan_wants(s, PROCESS_open_files))
        put_open_files(s, pid);
    if (scan_wants(s, PROCESS_read_bytes) || scan_wants(s, PROCESS_written_bytes)) {
        int rc = read_proc(s, pid, "io", ROOT_SMALL_MAX);
        scan_failed(s, PROCESS_read_bytes, rc);
        scan_failed(s, PROCESS_written_bytes, rc);
        if (!rc && proc_number(s->buf.p, "read_bytes", &v))
            scan_int(s, PROCESS_read_bytes, v);
        if (!rc && proc_number(s->buf.p, "write_bytes", &v))
            scan_int(s, PROCESS_written_bytes, v);
    }
    if (scan_wants(s, PROCESS_oom_score)) {
        int rc = read_proc(s, pid, "oom_score", 64);
        const char *p = s->buf.p;
        if (!rc && text_int(&p, &v))
            scan_int(s, PROCESS_oom_score, v);
    }
    if (scan_wants(s, PROCESS_cmdline)) {
        int rc = read_proc(s, pid, "cmdline", CMDLINE_MAX);
        scan_failed(s, PROCESS_cmdline, rc);
        size_t n = rc ? 0 : proc_cmdline(s->buf.p, s->buf.len);
        if (n)
            scan_text_n(s, PROCESS_cmdline, s->buf.p, n);
    }
}

static bool status_allows(struct scan *s, const struct procstatus *st)
{
    return scan_allows_int(s, PROCESS_uid, st->uid) &&
           (!scan_filters(s, PROCESS_user) ||
            scan_allows_text(s, PROCESS_user, scan_user(s, st->uid)));
}

/* 0: go on, whether or not the process had a row; else what ends the scan. */
static int32_t one_process(const struct job *j, int64_t pid)
{
    struct scan *s = j->s;
    struct procstat stat = {.flags = 0};
    struct procstatus status;
    int rc;
    if (!scan_allows_int(s, PROCESS_pid, pid))
        return 0;
    if (j->need & NEED_STAT) {
        rc = read_proc(s, pid, "stat", ROOT_SMALL_MAX);
        if (rc || !procstat_parse(s->buf.p, &stat))
            return 0; /* gone meanwhile */
        char state[2] = {stat.state, '\0'};
        if (!scan_allows_text(s, PROCESS_name, stat.name) ||
            !scan_allows_text(s, PROCESS_state, state))
            return 0;
    }
    if (j->need & NEED_STATUS) {
        rc = read_proc(s, pid, "status", ROOT_SMALL_MAX);
        if (vanished(rc))
            return 0;
        procstatus_parse(rc ? "" : s->buf.p, &status);
        if (status.has_ids && !status_allows(s, &status))
            return 0;
        if (status.has_ids) {
            scan_int(s, PROCESS_uid, status.uid);
            scan_int(s, PROCESS_gid, status.gid);
            if (scan_wants(s, PROCESS_user))
                scan_text(s, PROCESS_user, scan_user(s, status.uid));
            if (scan_wants(s, PROCESS_group_name))
                scan_text(s, PROCESS_group_name, scan_group(s, status.gid));
        }
        if (status.swap >= 0)
            scan_int(s, PROCESS_swap, status.swap);
        if (status.shared >= 0)
            scan_int(s, PROCESS_shared, status.shared);
    }
    scan_int(s, PROCESS_pid, pid);
    if (j->need & NEED_STAT)
        put_stat(j, &stat);
    if ((j->need & NEED_CGROUP) && read_proc(s, pid, "cgroup", ROOT_SMALL_MAX) == 0)
        put_cgroup(s, s->buf.p);
    put_links(s, pid, (stat.flags & PROCSTAT_KTHREAD) != 0);
    put_costly(s, pid);
    return scan_row(s);
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* The numbers in /proc, sorted: a recorded tree's file system has an order of its own.  NULL when
 * memory is out. */
static int64_t *list_pids(DIR *dir, size_t *ret_n)
{
    size_t n = 0, cap = 512;
    int64_t *pids = malloc(cap * sizeof *pids);
    for (const struct dirent *e; pids && (e = readdir(dir)) != NULL;) {
        const char *p = e->d_name;
        if (!text_is_number(p) || !text_int(&p, &pids[n]) || ++n < cap)
            continue;
        int64_t *more = realloc(pids, (cap *= 2) * sizeof *pids);
        if (!more)
            free(pids);
        pids = more;
    }
    if (pids)
        qsort(pids, n, sizeof *pids, by_number);
    *ret_n = n;
    return pids;
}

static int32_t all_processes(const struct job *j)
{
    struct scan *s = j->s;
    DIR *dir = root_opendir(s->root, "proc");
    if (!dir) {
        (void)sdk_fail(s->err, ALLORA_E_NOTFOUND, "cannot read /proc: %s", strerror(errno));
        sdk_hint(s->err, "is procfs mounted?");
        return ALLORA_E_NOTFOUND;
    }
    size_t n;
    int64_t *pids = list_pids(dir, &n);
    (void)closedir(dir);
    if (!pids)
        return sdk_fail(s->err, ALLORA_E_NOMEM, "out of memory");
    int32_t status = 0;
    for (size_t i = 0; i < n && !status; i++)
        status = one_process(j, pids[i]);
    if (!status && (!n || pids[0] != 1) && !s->root->recorded) {
        scan_warn(s, ALLORA_E_DENIED, "run it as root to see all processes",
                  "only your own processes are visible here (/proc is mounted with hidepid)");
        s->partial = true;
    }
    free(pids);
    return status;
}

/* /proc/TID opens for threads too, though its listing doesn't show them. */
static bool is_process(struct scan *s, int64_t pid)
{
    int64_t leader;
    return pid > 0 && read_proc(s, pid, "status", ROOT_SMALL_MAX) == 0 &&
           proc_number(s->buf.p, "Tgid", &leader) && leader == pid;
}

int32_t list_process(struct scan *s)
{
    struct job j = {.s = s, .need = files_needed(s)};
    if (scan_wants(s, PROCESS_start_time))
        j.boot_time = root_boot_time(s->root);
    if (scan_wants(s, PROCESS_elapsed) || scan_wants(s, PROCESS_cpu_percent))
        j.uptime_cs = root_uptime_cs(s->root);
    int64_t kb;
    if (scan_wants(s, PROCESS_memory_percent) &&
        root_read(s->root, "proc/meminfo", &s->buf, ROOT_SMALL_MAX) == 0 &&
        proc_number(s->buf.p, "MemTotal", &kb) && kb > 0 && kb < INT64_MAX / 1024)
        j.memory_total = kb * 1024;

    int64_t *pids = malloc(PIDS_MAX * sizeof *pids);
    if (!pids)
        return sdk_fail(s->err, ALLORA_E_NOMEM, "out of memory");
    int n = scan_ints(s, PROCESS_pid, pids, PIDS_MAX);
    int32_t status = 0;
    if (n < 0) {
        status = all_processes(&j);
    } else {
        for (int i = 0; i < n && !status; i++)
            if (is_process(s, pids[i]))
                status = one_process(&j, pids[i]);
    }
    free(pids);
    if (status == 0)
        scan_warn_denied(s, "processes", "program files, folders, descriptors or I/O counts");
    return status;
}
