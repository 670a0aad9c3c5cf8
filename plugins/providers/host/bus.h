/* systemd's manager over D-Bus: the connection that the readers and the actions share.
 * org.freedesktop.systemd1(5). */
#ifndef HOST_BUS_H
#define HOST_BUS_H
#include "root.h"
#include "systemd.h"

#define BUS_DESTINATION "org.freedesktop.systemd1"
#define BUS_MANAGER "org.freedesktop.systemd1.Manager"
#define BUS_MANAGER_PATH "/org/freedesktop/systemd1"
#define BUS_UNIT "org.freedesktop.systemd1.Unit"
#define BUS_SERVICE "org.freedesktop.systemd1.Service"

/* Does systemd run this machine?  sd_booted(3), or an address that was given. */
bool bus_runs(const struct root *root);
/* NULL where it can't be reached.  bus_close() takes NULL. */
void *bus_open(const struct systemd *sd);
void bus_close(const struct systemd *sd, void *bus);
#endif
