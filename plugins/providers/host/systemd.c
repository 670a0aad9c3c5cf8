#include "systemd.h"
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

static struct systemd lib;
static bool available;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* POSIX lets a dlsym() result be a function; ISO C wants it copied, not cast. */
static bool find(void *handle, const char *name, void *place)
{
    void *symbol = dlsym(handle, name);
    memcpy(place, &symbol, sizeof symbol);
    return symbol != NULL;
}

static void load(void)
{
    /* Never closed: libsystemd keeps thread-local state. */
    void *h = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!h)
        return;
    (void)find(h, "sd_bus_set_method_call_timeout", &lib.bus_set_method_call_timeout);
    available = find(h, "sd_bus_open_system", &lib.bus_open_system) &&
                find(h, "sd_bus_new", &lib.bus_new) &&
                find(h, "sd_bus_set_address", &lib.bus_set_address) &&
                find(h, "sd_bus_start", &lib.bus_start) &&
                find(h, "sd_bus_flush_close_unref", &lib.bus_flush_close_unref) &&
                find(h, "sd_bus_call_method", &lib.bus_call_method) &&
                find(h, "sd_bus_get_property_trivial", &lib.bus_get_property_trivial) &&
                find(h, "sd_bus_get_property_string", &lib.bus_get_property_string) &&
                find(h, "sd_bus_message_enter_container", &lib.message_enter_container) &&
                find(h, "sd_bus_message_read", &lib.message_read) &&
                find(h, "sd_bus_message_exit_container", &lib.message_exit_container) &&
                find(h, "sd_bus_message_unref", &lib.message_unref) &&
                find(h, "sd_journal_open", &lib.journal_open) &&
                find(h, "sd_journal_open_directory", &lib.journal_open_directory) &&
                find(h, "sd_journal_close", &lib.journal_close) &&
                find(h, "sd_journal_add_match", &lib.journal_add_match) &&
                find(h, "sd_journal_add_disjunction", &lib.journal_add_disjunction) &&
                find(h, "sd_journal_seek_tail", &lib.journal_seek_tail) &&
                find(h, "sd_journal_seek_realtime_usec", &lib.journal_seek_realtime_usec) &&
                find(h, "sd_journal_previous", &lib.journal_previous) &&
                find(h, "sd_journal_get_realtime_usec", &lib.journal_get_realtime_usec) &&
                find(h, "sd_journal_get_data", &lib.journal_get_data) &&
                find(h, "sd_journal_set_data_threshold", &lib.journal_set_data_threshold);
}

const struct systemd *systemd_get(void)
{
    (void)pthread_once(&once, load);
    return available ? &lib : NULL;
}
