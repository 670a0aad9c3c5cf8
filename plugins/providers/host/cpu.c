/* host_cpu: one row a logical CPU, from /proc/stat (times since boot), /proc/cpuinfo and sysfs. */
#include "cpuinfo.h"
#include "procstat.h"
#include "tables.h"
#include "text.h"
#include <allora/sdk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { T_USER, T_NICE, T_SYSTEM, T_IDLE, T_IOWAIT, T_IRQ, T_SOFTIRQ, T_STEAL, T_COUNT };

/* "cpu3 10 0 5 …": ticks since boot.  guest times are part of user and nice already. */
static bool parse_times(const char *line, int64_t *cpu, double times[T_COUNT])
{
    const char *p = line;
    if (!text_skip(&p, "cpu") || !text_int(&p, cpu))
        return false;
    for (int i = 0; i < T_COUNT; i++) {
        uint64_t v = 0;
        text_blanks(&p);
        if (!text_uint(&p, &v) && i <= T_IDLE)
            return false;
        times[i] = (double)v;
    }
    return true;
}

static void put_times(struct scan *s, const double t[T_COUNT])
{
    static const uint8_t columns[T_COUNT] = {CPU_user_time,    CPU_nice_time,   CPU_system_time,
                                             CPU_idle_time,    CPU_iowait_time, CPU_irq_time,
                                             CPU_softirq_time, CPU_steal_time};
    double total = 0, tick = 1.0 / s->root->ticks;
    for (int i = 0; i < T_COUNT; i++) {
        total += t[i];
        scan_real(s, columns[i], t[i] * tick);
    }
    scan_percent(s, CPU_used_percent, total - t[T_IDLE] - t[T_IOWAIT], total);
    scan_percent(s, CPU_user_percent, t[T_USER] + t[T_NICE], total);
    scan_percent(s, CPU_system_percent, t[T_SYSTEM] + t[T_IRQ] + t[T_SOFTIRQ], total);
    scan_percent(s, CPU_iowait_percent, t[T_IOWAIT], total);
    scan_percent(s, CPU_idle_percent, t[T_IDLE], total);
    scan_percent(s, CPU_steal_percent, t[T_STEAL], total);
}

static bool sys_number(struct scan *s, int64_t cpu, const char *file, int64_t *ret)
{
    char path[96];
    (void)snprintf(path, sizeof path, "sys/devices/system/cpu/cpu%lld/%s", (long long)cpu, file);
    if (root_read(s->root, path, &s->buf, 64))
        return false;
    const char *p = s->buf.p;
    return text_int(&p, ret);
}

/* "fpu vme de" → ["fpu","vme","de"] */
static void put_flags(struct scan *s, const char *flags)
{
    size_t n = strlen(flags);
    char *json = malloc(4 * n + 3);
    if (!json)
        return;
    size_t out = 0;
    json[out++] = '[';
    const char *word;
    size_t len;
    while (text_word(&flags, &word, &len)) {
        if (memchr(word, '"', len) || memchr(word, '\\', len))
            continue;
        if (out > 1)
            json[out++] = ',';
        json[out++] = '"';
        memcpy(json + out, word, len);
        out += len;
        json[out++] = '"';
    }
    json[out++] = ']';
    scan_json(s, CPU_flags, json, out);
    free(json);
}

static void put_info(struct scan *s, const struct cpuinfo *info, int64_t cpu)
{
    const struct cpuinfo_entry *e = cpuinfo_find(info, cpu);
    int64_t v;
    if (e) {
        scan_text(s, CPU_model, e->model);
        scan_text(s, CPU_vendor, e->vendor);
        if (e->mhz > 0)
            scan_real(s, CPU_mhz, e->mhz);
        if (e->cache_kb > 0)
            scan_int(s, CPU_cache, e->cache_kb * 1024);
        if (e->socket >= 0)
            scan_int(s, CPU_socket, e->socket);
        if (e->core >= 0)
            scan_int(s, CPU_core, e->core);
        if (scan_wants(s, CPU_flags) && e->flags)
            put_flags(s, e->flags);
    }
    if (scan_wants(s, CPU_socket) && sys_number(s, cpu, "topology/physical_package_id", &v) &&
        v >= 0)
        scan_int(s, CPU_socket, v);
    if (scan_wants(s, CPU_core) && sys_number(s, cpu, "topology/core_id", &v) && v >= 0)
        scan_int(s, CPU_core, v);
    if (scan_wants(s, CPU_max_mhz) && sys_number(s, cpu, "cpufreq/cpuinfo_max_freq", &v) && v > 0)
        scan_real(s, CPU_max_mhz, (double)v / 1000);
}

/* CPUs that are switched off have a folder in sysfs and no line in /proc/stat. */
static int32_t offline_cpus(struct scan *s)
{
    DIR *dir = root_opendir(s->root, "sys/devices/system/cpu");
    int32_t status = 0;
    for (const struct dirent *e; dir && !status && (e = readdir(dir)) != NULL;) {
        const char *p = e->d_name;
        int64_t cpu, online;
        if (!text_skip(&p, "cpu") || !text_is_number(p) || !text_int(&p, &cpu) ||
            !sys_number(s, cpu, "online", &online) || online)
            continue;
        scan_int(s, CPU_cpu, cpu);
        scan_bool(s, CPU_online, false);
        status = scan_row(s);
    }
    if (dir)
        (void)closedir(dir);
    return status;
}

int32_t list_cpu(struct scan *s)
{
    struct bytes text = {0};
    int rc = root_read(s->root, "proc/stat", &text, ROOT_TABLE_MAX);
    if (rc) {
        bytes_free(&text);
        return sdk_fail(s->err, ALLORA_E_NOTFOUND, "/proc/stat: %s", strerror(-rc));
    }
    struct cpuinfo info = {0};
    cpuinfo_read(&info, s->root);
    int32_t status = 0;
    for (char *rest = text.p, *line; !status && (line = text_field(&rest, '\n')) != NULL;) {
        int64_t cpu;
        double times[T_COUNT];
        if (!parse_times(line, &cpu, times))
            continue;
        scan_int(s, CPU_cpu, cpu);
        scan_bool(s, CPU_online, true);
        put_times(s, times);
        put_info(s, &info, cpu);
        status = scan_row(s);
    }
    cpuinfo_free(&info);
    bytes_free(&text);
    return status ? status : offline_cpus(s);
}
