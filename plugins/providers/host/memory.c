/* host_memory: one row from /proc/meminfo, counted as free(1) of procps 4 counts. */
#include "procstat.h"
#include "tables.h"
#include <allora/sdk.h>
#include <string.h>

static int64_t bytes_of(const char *meminfo, const char *key)
{
    int64_t kb;
    return proc_number(meminfo, key, &kb) && kb >= 0 && kb < INT64_MAX / 1024 ? kb * 1024 : -1;
}

static void put(struct scan *s, uint32_t column, int64_t v)
{
    if (v >= 0)
        scan_int(s, column, v);
}

int32_t list_memory(struct scan *s)
{
    int rc = root_read(s->root, "proc/meminfo", &s->buf, ROOT_SMALL_MAX);
    const char *m = s->buf.p;
    int64_t total = rc ? -1 : bytes_of(m, "MemTotal"), free = rc ? -1 : bytes_of(m, "MemFree");
    if (total < 0 || free < 0)
        return sdk_fail(s->err, ALLORA_E_NOTFOUND, "/proc/meminfo: %s",
                        rc ? strerror(-rc) : "no MemTotal in it");
    int64_t available = bytes_of(m, "MemAvailable");
    if (available < 0) /* kernels before 3.14 */
        available = free;
    if (available > total) /* inside some containers; free(1) corrects it the same way */
        available = free;
    int64_t page_cache = bytes_of(m, "Cached"), reclaimable = bytes_of(m, "SReclaimable");
    int64_t swap_total = bytes_of(m, "SwapTotal"), swap_free = bytes_of(m, "SwapFree"), huge;
    put(s, MEMORY_total, total);
    put(s, MEMORY_used, total - available);
    put(s, MEMORY_available, available);
    put(s, MEMORY_free, free);
    if (page_cache >= 0)
        put(s, MEMORY_cached, page_cache + (reclaimable > 0 ? reclaimable : 0));
    put(s, MEMORY_buffers, bytes_of(m, "Buffers"));
    put(s, MEMORY_shared, bytes_of(m, "Shmem"));
    scan_percent(s, MEMORY_used_percent, (double)(total - available), (double)total);
    scan_percent(s, MEMORY_available_percent, (double)available, (double)total);
    put(s, MEMORY_active, bytes_of(m, "Active"));
    put(s, MEMORY_inactive, bytes_of(m, "Inactive"));
    put(s, MEMORY_dirty, bytes_of(m, "Dirty"));
    put(s, MEMORY_slab, bytes_of(m, "Slab"));
    put(s, MEMORY_committed, bytes_of(m, "Committed_AS"));
    if (proc_number(m, "HugePages_Total", &huge))
        put(s, MEMORY_hugepages_total, huge);
    put(s, MEMORY_swap_total, swap_total);
    put(s, MEMORY_swap_free, swap_free);
    if (swap_total >= 0 && swap_free >= 0 && swap_free <= swap_total) {
        put(s, MEMORY_swap_used, swap_total - swap_free);
        scan_percent(s, MEMORY_swap_used_percent, (double)(swap_total - swap_free),
                     (double)swap_total);
    }
    return scan_row(s);
}
