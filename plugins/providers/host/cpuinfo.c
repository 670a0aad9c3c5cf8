#include "cpuinfo.h"
#include "text.h"
#include <stdlib.h>
#include <string.h>

static struct cpuinfo_entry *entry_new(struct cpuinfo *info)
{
    if (info->n == info->cap) {
        size_t cap = info->cap ? info->cap * 2 : 16;
        struct cpuinfo_entry *all = realloc(info->all, cap * sizeof *all);
        if (!all)
            return NULL;
        info->all = all;
        info->cap = cap;
    }
    struct cpuinfo_entry *e = &info->all[info->n++];
    *e = (struct cpuinfo_entry){.cpu = -1, .socket = -1, .core = -1, .cache_kb = -1};
    return e;
}

static void put(struct cpuinfo_entry *e, const char *key, const char *value)
{
    const char *p = value;
    if (strcmp(key, "model name") == 0 || (strcmp(key, "cpu model") == 0 && !e->model))
        e->model = value;
    else if (strcmp(key, "vendor_id") == 0 || strcmp(key, "CPU implementer") == 0)
        e->vendor = value;
    else if (strcmp(key, "cpu MHz") == 0)
        (void)text_real(&p, &e->mhz);
    else if (strcmp(key, "cache size") == 0)
        (void)text_int(&p, &e->cache_kb);
    else if (strcmp(key, "physical id") == 0)
        (void)text_int(&p, &e->socket);
    else if (strcmp(key, "core id") == 0)
        (void)text_int(&p, &e->core);
    else if (strcmp(key, "flags") == 0 || strcmp(key, "Features") == 0)
        e->flags = value;
}

void cpuinfo_parse(struct cpuinfo *info)
{
    struct cpuinfo_entry *e = NULL;
    for (char *rest = info->text.p, *line; (line = text_field(&rest, '\n')) != NULL;) {
        char *value = line, *key = text_field(&value, ':');
        if (!value)
            continue;
        (void)text_trim(key, strlen(key));
        while (*value == ' ' || *value == '\t')
            value++;
        const char *p = value;
        int64_t cpu;
        if (strcmp(key, "processor") == 0 && text_int(&p, &cpu)) {
            e = entry_new(info);
            if (!e)
                return;
            e->cpu = cpu;
        } else if (e) {
            put(e, key, value);
        }
    }
}

void cpuinfo_read(struct cpuinfo *info, const struct root *r)
{
    if (root_read(r, "proc/cpuinfo", &info->text, ROOT_TABLE_MAX) == 0)
        cpuinfo_parse(info);
}

const struct cpuinfo_entry *cpuinfo_find(const struct cpuinfo *info, int64_t cpu)
{
    for (size_t i = 0; i < info->n; i++)
        if (info->all[i].cpu == cpu)
            return &info->all[i];
    return NULL;
}

void cpuinfo_free(struct cpuinfo *info)
{
    free(info->all);
    bytes_free(&info->text);
    *info = (struct cpuinfo){0};
}
