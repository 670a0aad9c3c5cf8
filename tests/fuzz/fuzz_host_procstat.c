/* Files of /proc about one process, mount tables and /proc/cpuinfo: the host provider's parsers of
 * them. */
#include "cpuinfo.h"
#include "mounts.h"
#include "procstat.h"
#include "text.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    struct procstat stat;
    struct procstatus status;
    char name[64], id[65], tty[32];
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    if (procstat_parse(text, &stat))
        (void)proc_tty(stat.tty, tty, sizeof tty);
    procstatus_parse(text, &status);
    (void)cgroup_service(text, name, sizeof name);
    (void)cgroup_container(text, id);
    struct cpuinfo info = {.text = {.p = strdup(text)}};
    if (info.text.p)
        cpuinfo_parse(&info);
    cpuinfo_free(&info);
    char *lines = strdup(text), *rest = lines;
    struct mount mounts[16];
    size_t n = 0;
    for (char *line; n < 16 && (line = text_field(&rest, '\n')) != NULL;)
        n += mount_parse(line, &mounts[n]);
    mounts_hide(mounts, n);
    for (size_t i = 0; i < n; i++)
        (void)mount_kind(&mounts[i]);
    free(lines);
    (void)proc_cmdline(text, size);
    (void)proc_cgroup(text);
    free(text);
    return 0;
}
