#include "bus.h"
#include <stdlib.h>

enum { CALL_TIMEOUT_US = 5000000 };

bool bus_runs(const struct root *root)
{
    struct stat st;
    return getenv("DBUS_SYSTEM_BUS_ADDRESS") ||
           root_stat(root, "run/systemd/system", true, &st) == 0;
}

void *bus_open(const struct systemd *sd)
{
    void *bus = NULL;
    if (sd->bus_open_system(&bus) < 0) {
        /* root may talk to systemd directly where no message bus runs */
        if (sd->bus_new(&bus) < 0)
            return NULL;
        if (sd->bus_set_address(bus, "unix:path=/run/systemd/private") < 0 ||
            sd->bus_start(bus) < 0)
            return sd->bus_flush_close_unref(bus);
    }
    if (sd->bus_set_method_call_timeout)
        (void)sd->bus_set_method_call_timeout(bus, CALL_TIMEOUT_US);
    return bus;
}

void bus_close(const struct systemd *sd, void *bus)
{
    if (bus)
        (void)sd->bus_flush_close_unref(bus);
}
