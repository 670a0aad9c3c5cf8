/* Services under OpenRC: scripts in /etc/init.d, links in /run/openrc/STATE and
 * /etc/runlevels/LEVEL. */
#include "tables.h"
#include "units.h"
#include <allora/sdk.h>
#include <stdio.h>
#include <string.h>

static bool exists(const struct root *r, const char *folder, const char *name)
{
    char path[512];
    struct stat st;
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    return n > 0 && (size_t)n < sizeof path && root_stat(r, path, false, &st) == 0;
}

static bool in_a_runlevel(const struct root *r, const char *name)
{
    DIR *dir = root_opendir(r, "etc/runlevels");
    bool found = false;
    for (const struct dirent *e; dir && !found && (e = readdir(dir)) != NULL;) {
        char level[320];
        if (e->d_name[0] == '.')
            continue;
        (void)snprintf(level, sizeof level, "etc/runlevels/%s", e->d_name);
        found = exists(r, level, name);
    }
    if (dir)
        (void)closedir(dir);
    return found;
}

int32_t units_openrc(struct scan *s)
{
    struct stat st;
    DIR *dir = root_stat(s->root, "run/openrc", true, &st) == 0
                   ? root_opendir(s->root, "etc/init.d")
                   : NULL;
    if (!dir)
        return ALLORA_E_UNSUPPORTED;
    int32_t status = 0;
    for (const struct dirent *e; !status && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.' || strcmp(e->d_name, "functions.sh") == 0)
            continue;
        struct unit u = UNIT_NONE;
        u.unit = e->d_name;
        u.load = "loaded";
        if (exists(s->root, "run/openrc/failed", e->d_name)) {
            u.active = u.sub = "failed";
        } else if (exists(s->root, "run/openrc/starting", e->d_name)) {
            u.active = "activating";
            u.sub = "start";
        } else if (exists(s->root, "run/openrc/started", e->d_name)) {
            u.active = "active";
            u.sub = "running";
        } else {
            u.active = "inactive";
            u.sub = "dead";
        }
        u.file_state = in_a_runlevel(s->root, e->d_name) ? "enabled" : "disabled";
        char path[320];
        (void)snprintf(path, sizeof path, "/etc/init.d/%s", e->d_name);
        u.path = path;
        status = unit_row(s, &u);
    }
    (void)closedir(dir);
    return status;
}
