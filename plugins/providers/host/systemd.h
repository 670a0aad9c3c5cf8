/* libsystemd, opened when first asked and never linked: a machine without it loses the bus and the
 * journal only. The prototypes are those of <systemd/sd-bus.h> and <systemd/sd-journal.h>; the
 * struct is filled once and then read by any thread. */
#ifndef HOST_SYSTEMD_H
#define HOST_SYSTEMD_H
#include <stddef.h>
#include <stdint.h>

struct systemd {
    /* sd-bus */
    int (*bus_open_system)(void **ret);
    int (*bus_new)(void **ret);
    int (*bus_set_address)(void *bus, const char *address);
    int (*bus_start)(void *bus);
    void *(*bus_flush_close_unref)(void *bus);
    int (*bus_set_method_call_timeout)(void *bus, uint64_t us); /* NULL before systemd 240 */
    int (*bus_call_method)(void *bus, const char *destination, const char *path,
                           const char *interface, const char *member, void *error, void **reply,
                           const char *types, ...);
    int (*bus_get_property_trivial)(void *bus, const char *destination, const char *path,
                                    const char *interface, const char *member, void *error,
                                    char type, void *ret);
    int (*bus_get_property_string)(void *bus, const char *destination, const char *path,
                                   const char *interface, const char *member, void *error,
                                   char **ret);
    int (*message_enter_container)(void *m, char type, const char *contents);
    int (*message_read)(void *m, const char *types, ...);
    int (*message_exit_container)(void *m);
    void *(*message_unref)(void *m);
    /* sd-journal */
    int (*journal_open)(void **ret, int flags);
    int (*journal_open_directory)(void **ret, const char *path, int flags);
    void (*journal_close)(void *j);
    int (*journal_add_match)(void *j, const void *data, size_t size);
    int (*journal_add_disjunction)(void *j);
    int (*journal_seek_tail)(void *j);
    int (*journal_seek_realtime_usec)(void *j, uint64_t usec);
    int (*journal_previous)(void *j);
    int (*journal_get_realtime_usec)(void *j, uint64_t *ret);
    int (*journal_get_data)(void *j, const char *field, const void **data, size_t *len);
    int (*journal_set_data_threshold)(void *j, size_t size);
};

/* NULL where libsystemd.so.0 is missing or lacks a function.  [any] */
const struct systemd *systemd_get(void);
#endif
