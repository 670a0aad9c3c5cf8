/* Services where systemd is installed but can't be asked (a container, a rescue system, no bus):
 * what is installed comes from unit files, what surely runs from the processes' control groups; the
 * rest is ABSENT. */
#include "procstat.h"
#include "tables.h"
#include "text.h"
#include "units.h"
#include <allora/sdk.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct running { /* services that have a process */
    char (*names)[128];
    size_t n, cap;
};

static void read_running(struct running *r, struct scan *s)
{
    DIR *dir = root_opendir(s->root, "proc");
    for (const struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        char path[320], name[128];
        if (!text_is_number(e->d_name))
            continue;
        (void)snprintf(path, sizeof path, "proc/%s/cgroup", e->d_name);
        const char *cgroup =
            root_read(s->root, path, &s->buf, ROOT_SMALL_MAX) == 0 ? proc_cgroup(s->buf.p) : NULL;
        if (!cgroup || !cgroup_service(cgroup, name, sizeof name))
            continue;
        if (r->n == r->cap) {
            size_t cap = r->cap ? r->cap * 2 : 64;
            void *names = realloc(r->names, cap * sizeof *r->names);
            if (!names)
                break;
            r->names = names;
            r->cap = cap;
        }
        memcpy(r->names[r->n++], name, sizeof name);
    }
    if (dir)
        (void)closedir(dir);
}

static bool is_running(const struct running *r, const char *unit)
{
    size_t bare = strlen(unit) - strlen(".service");
    for (size_t i = 0; i < r->n; i++)
        if (strlen(r->names[i]) == bare && memcmp(r->names[i], unit, bare) == 0)
            return true;
    return false;
}

/* In systemd's order of precedence: a unit of an earlier folder hides those of the same name in
 * later ones. */
static const char *const folders[] = {"etc/systemd/system", "run/systemd/system",
                                      "usr/local/lib/systemd/system", "usr/lib/systemd/system",
                                      "lib/systemd/system"};
enum { FOLDERS = sizeof folders / sizeof folders[0] };

static bool exists_in(const struct root *r, const char *folder, const char *name)
{
    char path[512];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    return n > 0 && (size_t)n < sizeof path && root_stat(r, path, false, &st) == 0;
}

/* Is there a link to it in some .wants or .requires folder? */
static bool is_wanted(const struct root *r, const char *unit)
{
    DIR *dir = root_opendir(r, folders[0]);
    bool found = false;
    for (const struct dirent *e; dir && !found && (e = readdir(dir)) != NULL;) {
        char wants[320];
        if (!text_ends(e->d_name, ".wants") && !text_ends(e->d_name, ".requires"))
            continue;
        (void)snprintf(wants, sizeof wants, "%s/%s", folders[0], e->d_name);
        found = exists_in(r, wants, unit);
    }
    if (dir)
        (void)closedir(dir);
    return found;
}

/* Description=, User= and whether there is an [Install] section; texts point into s->buf. */
static void read_unit(struct scan *s, const char *path, struct unit *u, bool *installs)
{
    *installs = false;
    if (root_read(s->root, path, &s->buf, ROOT_SMALL_MAX))
        return;
    for (char *rest = s->buf.p, *line; (line = text_field(&rest, '\n')) != NULL;) {
        const char *p = line;
        if (text_skip(&p, "Description="))
            u->description = p;
        else if (text_skip(&p, "User="))
            u->user = p;
        else if (text_skip(&p, "[Install]"))
            *installs = true;
    }
}

static int32_t one_file(struct scan *s, const struct running *running, const char *folder,
                        const char *name)
{
    char path[512], link[512], absolute[520];
    struct unit u = UNIT_NONE;
    bool installs;
    if (!unit_allowed(s, name) ||
        snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return 0;
    long n = root_readlink(s->root, path, link, sizeof link);
    bool masked = n > 0 && strcmp(link, "/dev/null") == 0;
    const char *target = n > 0 ? strrchr(link, '/') : NULL;
    if (n > 0 && !masked && strcmp(target ? target + 1 : link, name) != 0)
        return 0; /* an alias of another unit */
    (void)snprintf(absolute, sizeof absolute, "/%s", path);
    u.unit = name;
    u.path = absolute;
    u.load = masked ? "masked" : "loaded";
    if (masked)
        installs = false;
    else
        read_unit(s, path, &u, &installs);
    u.file_state = masked                     ? "masked"
                   : is_wanted(s->root, name) ? "enabled"
                   : installs                 ? "disabled"
                                              : "static";
    if (is_running(running, name)) {
        u.active = "active";
        u.sub = "running";
    } else {
        u.state_unknown = true;
    }
    return unit_row(s, &u);
}

static bool hidden_by_earlier(const struct root *r, int folder, const char *name)
{
    for (int i = 0; i < folder; i++)
        if (exists_in(r, folders[i], name))
            return true;
    return false;
}

int32_t units_files(struct scan *s)
{
    struct running running = {0};
    int32_t status = 0;
    bool any = false;
    read_running(&running, s);
    for (int i = 0; i < FOLDERS && !status; i++) {
        DIR *dir = root_opendir(s->root, folders[i]);
        for (const struct dirent *e; dir && !status && (e = readdir(dir)) != NULL;) {
            if (!text_ends(e->d_name, ".service") || text_ends(e->d_name, "@.service") ||
                hidden_by_earlier(s->root, i, e->d_name))
                continue;
            if (!any && (scan_wants(s, SERVICE_state) || scan_wants(s, SERVICE_sub_state)))
                scan_warn(s, ALLORA_E_UNSUPPORTED, NULL,
                          "systemd can't be asked here: whether services run is known only where a "
                          "process shows it");
            any = true;
            status = one_file(s, &running, folders[i], e->d_name);
        }
        if (dir)
            (void)closedir(dir);
    }
    free(running.names);
    if (!any && !status)
        return ALLORA_E_UNSUPPORTED;
    return status;
}
