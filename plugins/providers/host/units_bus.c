/* Services as systemd tells them over D-Bus: org.freedesktop.systemd1(5). */
#include "bus.h"
#include "tables.h"
#include "text.h"
#include "units.h"
#include <allora/sdk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit_file { /* of ListUnitFiles */
    char *name, *path, *state;
    bool loaded; /* ListUnits had it too */
};

struct bus {
    const struct systemd *sd;
    void *bus;
    struct unit_file *files;
    size_t n, cap;
};

static bool open_bus(struct bus *b)
{
    b->sd = systemd_get();
    b->bus = b->sd ? bus_open(b->sd) : NULL;
    return b->bus != NULL;
}

static void close_bus(struct bus *b)
{
    for (size_t i = 0; i < b->n; i++) {
        free(b->files[i].name);
        free(b->files[i].path);
        free(b->files[i].state);
    }
    free(b->files);
    if (b->sd)
        bus_close(b->sd, b->bus);
}

static bool add_file(struct bus *b, const char *path, const char *state)
{
    const char *name = strrchr(path, '/');
    name = name ? name + 1 : path;
    if (!text_ends(name, ".service"))
        return true;
    if (b->n == b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 256;
        struct unit_file *files = realloc(b->files, cap * sizeof *files);
        if (!files)
            return false;
        b->files = files;
        b->cap = cap;
    }
    struct unit_file *f = &b->files[b->n++];
    *f = (struct unit_file){.name = strdup(name), .path = strdup(path), .state = strdup(state)};
    return f->name && f->path && f->state;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct unit_file *)a)->name, ((const struct unit_file *)b)->name);
}

static struct unit_file *find_file(struct bus *b, const char *name)
{
    struct unit_file wanted = {.name = (char *)(uintptr_t)name};
    return b->n ? bsearch(&wanted, b->files, b->n, sizeof *b->files, by_name) : NULL;
}

static bool read_files(struct bus *b)
{
    void *reply = NULL;
    const char *path, *state;
    if (b->sd->bus_call_method(b->bus, BUS_DESTINATION, BUS_MANAGER_PATH, BUS_MANAGER,
                               "ListUnitFiles", NULL, &reply, "") < 0)
        return false;
    bool ok = b->sd->message_enter_container(reply, 'a', "(ss)") >= 0;
    while (ok && b->sd->message_read(reply, "(ss)", &path, &state) > 0)
        ok = add_file(b, path, state);
    (void)b->sd->message_unref(reply);
    if (b->n)
        qsort(b->files, b->n, sizeof *b->files, by_name);
    return ok;
}

/* ---- a unit's properties, each a round trip: only what is wanted --------------------------------
 */

static int64_t get_u64(struct bus *b, const char *path, const char *interface, const char *property)
{
    uint64_t v = 0;
    if (b->sd->bus_get_property_trivial(b->bus, BUS_DESTINATION, path, interface, property, NULL,
                                        't', &v) < 0)
        return -1;
    return v > INT64_MAX ? -1 : (int64_t)v; /* UINT64_MAX: not accounted */
}

static int64_t get_u32(struct bus *b, const char *path, const char *property, char type)
{
    uint32_t v = 0;
    if (b->sd->bus_get_property_trivial(b->bus, BUS_DESTINATION, path, BUS_SERVICE, property, NULL,
                                        type, &v) < 0)
        return -1;
    return (int64_t)v;
}

static char *get_text(struct bus *b, const char *path, const char *interface, const char *property)
{
    char *text = NULL;
    if (b->sd->bus_get_property_string(b->bus, BUS_DESTINATION, path, interface, property, NULL,
                                       &text) < 0)
        return NULL;
    return text;
}

static void add_properties(struct scan *s, struct bus *b, const char *path, struct unit *u)
{
    bool dead = strcmp(u->active, "inactive") == 0;
    if (scan_wants(s, SERVICE_main_pid) && !dead)
        u->main_pid = get_u32(b, path, "MainPID", 'u');
    if (scan_wants(s, SERVICE_started))
        u->started_us = get_u64(b, path, BUS_UNIT, "ActiveEnterTimestamp");
    if (scan_wants(s, SERVICE_memory) && !dead)
        u->memory = get_u64(b, path, BUS_SERVICE, "MemoryCurrent");
    if (scan_wants(s, SERVICE_tasks) && !dead)
        u->tasks = get_u64(b, path, BUS_SERVICE, "TasksCurrent");
    if (scan_wants(s, SERVICE_cpu_time) && !dead)
        u->cpu_ns = get_u64(b, path, BUS_SERVICE, "CPUUsageNSec");
    if (scan_wants(s, SERVICE_restarts))
        u->restarts = get_u32(b, path, "NRestarts", 'u');
    if (scan_wants(s, SERVICE_exit_status))
        u->exit_status = get_u32(b, path, "ExecMainStatus", 'i');
}

static int32_t loaded_unit(struct scan *s, struct bus *b, struct unit *u, const char *path)
{
    struct unit_file *file = find_file(b, u->unit);
    if (file)
        file->loaded = true;
    /* Units that others only mention, and that aren't installed, are no services of this machine.
     */
    if (strcmp(u->load, "not-found") == 0 && strcmp(u->active, "inactive") == 0)
        return 0;
    if (!unit_allowed(s, u->unit))
        return 0;
    add_properties(s, b, path, u);
    char *user = scan_wants(s, SERVICE_user) ? get_text(b, path, BUS_SERVICE, "User") : NULL;
    char *where =
        scan_wants(s, SERVICE_path) && !file ? get_text(b, path, BUS_UNIT, "FragmentPath") : NULL;
    char *state =
        file ? NULL : get_text(b, path, BUS_UNIT, "UnitFileState"); /* instances of templates */
    u->user = user;
    u->path = file ? file->path : where;
    u->file_state = file ? file->state : state && *state ? state : NULL;
    int32_t status = unit_row(s, u);
    free(user);
    free(where);
    free(state);
    return status;
}

static int32_t list_loaded(struct scan *s, struct bus *b, void *reply)
{
    int32_t status = 0;
    if (b->sd->message_enter_container(reply, 'a', "(ssssssouso)") < 0)
        return ALLORA_E_UNSUPPORTED;
    while (!status) {
        struct unit u = UNIT_NONE;
        const char *following, *path, *job_type, *job_path;
        uint32_t job;
        if (b->sd->message_read(reply, "(ssssssouso)", &u.unit, &u.description, &u.load, &u.active,
                                &u.sub, &following, &path, &job, &job_type, &job_path) <= 0)
            break;
        if (text_ends(u.unit, ".service"))
            status = loaded_unit(s, b, &u, path);
    }
    return status;
}

/* Installed but not in systemd's memory: not running.  Aliases repeat another unit, templates are
 * none. */
static int32_t list_unloaded(struct scan *s, struct bus *b)
{
    int32_t status = 0;
    for (size_t i = 0; i < b->n && !status; i++) {
        const struct unit_file *f = &b->files[i];
        if (f->loaded || strcmp(f->state, "alias") == 0 || text_ends(f->name, "@.service"))
            continue;
        struct unit u = UNIT_NONE;
        u.unit = f->name;
        u.path = f->path;
        u.file_state = f->state;
        u.load = strncmp(f->state, "masked", strlen("masked")) == 0 ? "masked" : "loaded";
        u.active = "inactive";
        u.sub = "dead";
        status = unit_row(s, &u);
    }
    return status;
}

int32_t units_bus(struct scan *s)
{
    struct bus b = {0};
    void *reply = NULL;
    if (!bus_runs(s->root))
        return ALLORA_E_UNSUPPORTED;
    int32_t status = ALLORA_E_UNSUPPORTED;
    if (open_bus(&b) && read_files(&b) &&
        b.sd->bus_call_method(b.bus, BUS_DESTINATION, BUS_MANAGER_PATH, BUS_MANAGER, "ListUnits",
                              NULL, &reply, "") >= 0) {
        status = list_loaded(s, &b, reply);
        if (!status)
            status = list_unloaded(s, &b);
    }
    if (reply)
        (void)b.sd->message_unref(reply);
    close_bus(&b);
    return status;
}
