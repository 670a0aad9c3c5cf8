/* host_service: the rows, and which source to ask. */
#include "tables.h"
#include "text.h"
#include "units.h"
#include <allora/sdk.h>
#include <string.h>

static size_t bare_length(const char *unit)
{
    size_t n = strlen(unit);
    return text_ends(unit, ".service") ? n - strlen(".service") : n;
}

bool unit_allowed(const struct scan *s, const char *unit)
{
    char name[256];
    size_t n = bare_length(unit);
    if (n >= sizeof name)
        return true;
    memcpy(name, unit, n);
    name[n] = '\0';
    return scan_allows_text(s, SERVICE_unit, unit) && scan_allows_text(s, SERVICE_name, name);
}

static void put_number(struct scan *s, uint32_t column, int64_t v)
{
    if (v >= 0)
        scan_int(s, column, v);
}

int32_t unit_row(struct scan *s, const struct unit *u)
{
    if (!unit_allowed(s, u->unit))
        return 0;
    scan_text_n(s, SERVICE_name, u->unit, bare_length(u->unit));
    scan_text(s, SERVICE_unit, u->unit);
    scan_text(s, SERVICE_description, u->description);
    scan_text(s, SERVICE_state, u->active);
    scan_text(s, SERVICE_sub_state, u->sub);
    if (u->state_unknown) {
        scan_absent(s, SERVICE_state);
        scan_absent(s, SERVICE_sub_state);
    }
    scan_text(s, SERVICE_load_state, u->load);
    scan_text(s, SERVICE_unit_file_state, u->file_state);
    if (u->file_state)
        scan_bool(s, SERVICE_enabled, strncmp(u->file_state, "enabled", strlen("enabled")) == 0);
    if (u->main_pid > 0)
        scan_int(s, SERVICE_main_pid, u->main_pid);
    if (u->started_us > 0)
        scan_time(s, SERVICE_started, u->started_us);
    put_number(s, SERVICE_memory, u->memory);
    put_number(s, SERVICE_tasks, u->tasks);
    if (u->cpu_ns >= 0)
        scan_real(s, SERVICE_cpu_time, (double)u->cpu_ns / 1e9);
    put_number(s, SERVICE_restarts, u->restarts);
    put_number(s, SERVICE_exit_status, u->exit_status);
    scan_text(s, SERVICE_user, u->user && *u->user ? u->user : NULL);
    scan_text(s, SERVICE_path, u->path && *u->path ? u->path : NULL);
    return scan_row(s);
}

static const char *text_or_null(const char *field)
{
    return field && *field && strcmp(field, "-") != 0 ? field : NULL;
}

static int64_t number_or_none(const char *field)
{
    int64_t v;
    return field && text_int(&field, &v) && !*field ? v : -1;
}

/* load active sub file_state main_pid started_us memory tasks cpu_ns restarts exit_status user path
 * description, tabs between; "-" and empty: unknown or none. */
int32_t units_recorded(struct scan *s)
{
    size_t n;
    const struct recording_entry *all = recording_all(s->root->rec, "unit", &n);
    int32_t status = all ? 0 : ALLORA_E_UNSUPPORTED;
    for (size_t i = 0; i < n && !status; i++) {
        char line[2048];
        if (strlen(all[i].value) >= sizeof line)
            continue;
        memcpy(line, all[i].value, strlen(all[i].value) + 1);
        char *rest = line;
        struct unit u = {.unit = all[i].key};
        const char **texts[] = {&u.load, &u.active, &u.sub, &u.file_state};
        int64_t *numbers[] = {&u.main_pid, &u.started_us, &u.memory,     &u.tasks,
                              &u.cpu_ns,   &u.restarts,   &u.exit_status};
        for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
            *texts[k] = text_or_null(text_field(&rest, '\t'));
        for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++)
            *numbers[k] = number_or_none(text_field(&rest, '\t'));
        u.user = text_or_null(text_field(&rest, '\t'));
        u.path = text_or_null(text_field(&rest, '\t'));
        u.description = text_or_null(text_field(&rest, '\t'));
        status = unit_row(s, &u);
    }
    return status;
}

int32_t list_service(struct scan *s)
{
    int32_t status = ALLORA_E_UNSUPPORTED;
    if (s->root->recorded)
        status = units_recorded(s);
    else
        status = units_bus(s);
    if (status == ALLORA_E_UNSUPPORTED)
        status = units_openrc(s);
    if (status == ALLORA_E_UNSUPPORTED)
        status = units_files(s);
    if (status == ALLORA_E_UNSUPPORTED) {
        scan_warn(s, ALLORA_E_UNSUPPORTED, NULL,
                  "no service manager that is known here (systemd, OpenRC)");
        s->partial = true;
        status = ALLORA_OK;
    }
    return status;
}
