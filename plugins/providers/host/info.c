/* host_info: one row about the machine as a whole. */
#include "cpuinfo.h"
#include "procstat.h"
#include "tables.h"
#include "text.h"
#include "virt.h"
#include <allora/sdk.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/* A file that holds one line; its text in s->buf, trimmed.  NULL when it is missing or empty. */
static char *one_line(struct scan *s, const char *path)
{
    if (root_read(s->root, path, &s->buf, ROOT_SMALL_MAX))
        return NULL;
    char *line = s->buf.p;
    line[strcspn(line, "\n")] = '\0';
    return text_trim(line, strlen(line)) ? line : NULL;
}

static void put_line(struct scan *s, uint32_t column, const char *path)
{
    if (scan_wants(s, column))
        scan_text(s, column, one_line(s, path));
}

/* os-release(5): KEY=value, KEY="value" or KEY='value'; backslashes escape inside quotes. */
static char *unquote(char *value)
{
    char quote = *value;
    if (quote != '"' && quote != '\'')
        return value;
    char *out = value;
    for (const char *in = value + 1; *in && *in != quote; in++) {
        if (*in == '\\' && in[1])
            in++;
        *out++ = *in;
    }
    *out = '\0';
    return value;
}

static void put_os(struct scan *s)
{
    static const struct {
        const char *key;
        uint32_t column;
    } keys[] = {{"PRETTY_NAME", INFO_os},
                {"ID", INFO_os_id},
                {"VERSION_ID", INFO_os_version},
                {"VERSION_CODENAME", INFO_os_codename}};
    if (root_read(s->root, "etc/os-release", &s->buf, ROOT_SMALL_MAX) &&
        root_read(s->root, "usr/lib/os-release", &s->buf, ROOT_SMALL_MAX))
        return;
    for (char *rest = s->buf.p, *line; (line = text_field(&rest, '\n')) != NULL;) {
        const char *key = text_field(&line, '=');
        for (size_t i = 0; line && i < sizeof keys / sizeof keys[0]; i++)
            if (strcmp(key, keys[i].key) == 0) {
                (void)text_trim(line, strlen(line));
                scan_text(s, keys[i].column, unquote(line));
            }
    }
}

static void put_kernel(struct scan *s)
{
    put_line(s, INFO_hostname, "proc/sys/kernel/hostname");
    put_line(s, INFO_kernel, "proc/sys/kernel/osrelease");
    struct utsname u;
    if (s->root->recorded)
        scan_text(s, INFO_architecture, recording_get(s->root->rec, "machine", "architecture"));
    else if (uname(&u) == 0)
        scan_text(s, INFO_architecture, u.machine);
}

static void put_uptime(struct scan *s)
{
    int64_t boot = root_boot_time(s->root), uptime = root_uptime_cs(s->root);
    if (boot > 0)
        scan_time(s, INFO_boot_time, boot * 1000000);
    if (uptime >= 0)
        scan_int(s, INFO_uptime, uptime / 100);
    scan_time(s, INFO_local_time, root_now_us(s->root));
    double load;
    const char *p = one_line(s, "proc/loadavg");
    for (uint32_t column = INFO_load_1; p && column <= INFO_load_15 && text_real(&p, &load);
         column++) {
        scan_real(s, column, load);
        text_blanks(&p);
    }
}

static void put_processes(struct scan *s)
{
    DIR *dir = root_opendir(s->root, "proc");
    if (!dir)
        return;
    int64_t n = 0;
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        n += text_is_number(e->d_name);
    (void)closedir(dir);
    scan_int(s, INFO_process_count, n);
}

/* Distinct sockets, and distinct cores in them; both from cpuinfo where it says, else unknown. */
static void put_cpus(struct scan *s)
{
    struct cpuinfo info = {0};
    cpuinfo_read(&info, s->root);
    int64_t sockets = 0, cores = 0;
    bool known = info.n > 0;
    for (size_t i = 0; i < info.n; i++) {
        const struct cpuinfo_entry *e = &info.all[i];
        bool new_socket = true, new_core = true;
        known &= e->socket >= 0 && e->core >= 0;
        for (size_t k = 0; k < i; k++) {
            new_socket &= info.all[k].socket != e->socket;
            new_core &= info.all[k].socket != e->socket || info.all[k].core != e->core;
        }
        sockets += new_socket;
        cores += new_core;
    }
    if (info.n) {
        scan_int(s, INFO_cpu_count, (int64_t)info.n);
        scan_text(s, INFO_cpu_model, info.all[0].model);
    }
    if (known) {
        scan_int(s, INFO_cpu_cores, cores);
        scan_int(s, INFO_cpu_sockets, sockets);
    }
    cpuinfo_free(&info);
}

static void put_hardware(struct scan *s)
{
    put_line(s, INFO_vendor, "sys/class/dmi/id/sys_vendor");
    put_line(s, INFO_model, "sys/class/dmi/id/product_name");
    if (scan_wants(s, INFO_model) && one_line(s, "sys/class/dmi/id/product_name") == NULL)
        put_line(s, INFO_model, "proc/device-tree/model");
    if (scan_wants(s, INFO_serial)) {
        int rc = root_read(s->root, "sys/class/dmi/id/product_serial", &s->buf, 256);
        scan_failed(s, INFO_serial, rc);
        if (!rc && text_trim(s->buf.p, s->buf.len))
            scan_text(s, INFO_serial, s->buf.p);
    }
    if (scan_wants(s, INFO_virtualization))
        scan_text(s, INFO_virtualization, virt_detect(s->root));
}

static void put_timezone(struct scan *s)
{
    char link[512];
    if (root_readlink(s->root, "etc/localtime", link, sizeof link) > 0) {
        const char *zone = strstr(link, "zoneinfo/");
        if (zone) {
            scan_text(s, INFO_timezone, zone + strlen("zoneinfo/"));
            return;
        }
    }
    put_line(s, INFO_timezone, "etc/timezone");
}

int32_t list_info(struct scan *s)
{
    int64_t kb;
    put_os(s);
    put_kernel(s);
    put_uptime(s);
    if (scan_wants(s, INFO_process_count))
        put_processes(s);
    if (scan_wants(s, INFO_cpu_count) || scan_wants(s, INFO_cpu_cores) ||
        scan_wants(s, INFO_cpu_sockets) || scan_wants(s, INFO_cpu_model))
        put_cpus(s);
    if (scan_wants(s, INFO_memory_total) &&
        root_read(s->root, "proc/meminfo", &s->buf, ROOT_SMALL_MAX) == 0 &&
        proc_number(s->buf.p, "MemTotal", &kb) && kb > 0 && kb < INT64_MAX / 1024)
        scan_int(s, INFO_memory_total, kb * 1024);
    put_hardware(s);
    put_line(s, INFO_machine_id, "etc/machine-id");
    if (scan_wants(s, INFO_timezone))
        put_timezone(s);
    int32_t status = scan_row(s);
    if (!status)
        scan_warn_denied(s, "machines", "serial numbers");
    return status;
}
