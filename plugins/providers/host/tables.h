/* The tables: their columns, in the manifest's order, and their list functions.
 * tests/unit/test_host_manifest.c compares these lists with plugin.json. */
#ifndef HOST_TABLES_H
#define HOST_TABLES_H
#include "scan.h"

/* Packed lists, which the formatter would spread one a line. */
/* clang-format off */
#define HOST_INFO(X)                                                                               \
    X(hostname) X(os) X(os_id) X(os_version) X(os_codename) X(kernel) X(architecture)              \
    X(boot_time) X(uptime) X(load_1) X(load_5) X(load_15) X(process_count) X(cpu_count)            \
    X(cpu_cores) X(cpu_sockets) X(cpu_model) X(memory_total) X(vendor) X(model) X(serial)          \
    X(virtualization) X(machine_id) X(timezone) X(local_time)
#define HOST_CPU(X)                                                                                \
    X(cpu) X(model) X(vendor) X(socket) X(core) X(mhz) X(max_mhz) X(cache) X(online)               \
    X(used_percent) X(user_percent) X(system_percent) X(iowait_percent) X(idle_percent)            \
    X(steal_percent) X(user_time) X(nice_time) X(system_time) X(idle_time) X(iowait_time)          \
    X(irq_time) X(softirq_time) X(steal_time) X(flags)
#define HOST_MEMORY(X)                                                                             \
    X(total) X(used) X(available) X(free) X(cached) X(buffers) X(shared) X(used_percent)           \
    X(available_percent) X(active) X(inactive) X(dirty) X(slab) X(committed) X(hugepages_total)    \
    X(swap_total) X(swap_used) X(swap_free) X(swap_used_percent)
#define HOST_DISK(X)                                                                               \
    X(device) X(mount_point) X(fs_type) X(kind) X(size) X(used) X(available) X(used_percent)       \
    X(reserved) X(inodes) X(inodes_used) X(inodes_free) X(inodes_used_percent) X(read_only)        \
    X(options) X(block_size) X(major) X(minor)
#define HOST_PROCESS(X)                                                                            \
    X(pid) X(ppid) X(name) X(user) X(uid) X(gid) X(group_name) X(state) X(rss) X(memory_percent)   \
    X(cpu_percent) X(cpu_time) X(user_time) X(system_time) X(start_time) X(elapsed) X(threads)     \
    X(nice) X(priority) X(cmdline) X(exe) X(exe_deleted) X(cwd) X(vsize) X(shared) X(swap)         \
    X(tty) X(pgid) X(session) X(last_cpu) X(open_files) X(read_bytes) X(written_bytes)             \
    X(minor_faults) X(major_faults) X(kernel_thread) X(service) X(container) X(cgroup)             \
    X(oom_score)
#define HOST_PORT(X)                                                                               \
    X(port) X(protocol) X(family) X(address) X(exposed) X(pid) X(process) X(user) X(uid)           \
    X(inode)
#define HOST_SOCKET(X)                                                                             \
    X(protocol) X(family) X(state) X(listening) X(local_address) X(local_port) X(remote_address)   \
    X(remote_port) X(path) X(pid) X(process) X(user) X(uid) X(recv_queue) X(send_queue) X(inode)
#define HOST_SERVICE(X)                                                                            \
    X(name) X(unit) X(description) X(state) X(sub_state) X(load_state) X(enabled)                  \
    X(unit_file_state) X(main_pid) X(started) X(memory) X(tasks) X(cpu_time) X(restarts)           \
    X(exit_status) X(user) X(path)
#define HOST_USER(X)                                                                               \
    X(name) X(uid) X(gid) X(group_name) X(groups) X(full_name) X(home) X(shell) X(kind)            \
    X(can_login) X(password_state) X(password_changed) X(expires) X(last_login)                    \
    X(last_login_from)
#define HOST_GROUP(X) X(name) X(gid) X(members) X(member_count)
#define HOST_PACKAGE(X)                                                                            \
    X(name) X(version) X(architecture) X(size) X(summary) X(section) X(priority) X(state)          \
    X(held) X(essential) X(source) X(maintainer) X(homepage) X(installed_at) X(manager)
#define HOST_INTERFACE(X)                                                                          \
    X(name) X(state) X(kind) X(ipv4) X(ipv6) X(addresses) X(mac) X(mtu) X(speed) X(rx_bytes)       \
    X(tx_bytes) X(traffic_bytes) X(rx_packets) X(tx_packets) X(rx_errors) X(tx_errors) X(rx_dropped)                \
    X(tx_dropped)
#define HOST_LOG(X)                                                                                \
    X(time) X(unit) X(program) X(pid) X(priority) X(severity) X(message) X(uid) X(user)            \
    X(hostname) X(source) X(current_boot)
/* X(TABLE, table): columns list, list function's suffix and the table's name after "host_". */
#define HOST_TABLES(X)                                                                             \
    X(INFO, info) X(CPU, cpu) X(MEMORY, memory) X(DISK, disk) X(PROCESS, process) X(PORT, port)    \
    X(SOCKET, socket) X(SERVICE, service) X(USER, user) X(GROUP, group) X(PACKAGE, package)        \
    X(INTERFACE, interface) X(LOG, log)
/* clang-format on */

#define TABLE_ENUM_INFO(name) INFO_##name,
#define TABLE_ENUM_CPU(name) CPU_##name,
#define TABLE_ENUM_MEMORY(name) MEMORY_##name,
#define TABLE_ENUM_DISK(name) DISK_##name,
#define TABLE_ENUM_PROCESS(name) PROCESS_##name,
#define TABLE_ENUM_PORT(name) PORT_##name,
#define TABLE_ENUM_SOCKET(name) SOCKET_##name,
#define TABLE_ENUM_SERVICE(name) SERVICE_##name,
#define TABLE_ENUM_USER(name) USER_##name,
#define TABLE_ENUM_GROUP(name) GROUP_##name,
#define TABLE_ENUM_PACKAGE(name) PACKAGE_##name,
#define TABLE_ENUM_INTERFACE(name) INTERFACE_##name,
#define TABLE_ENUM_LOG(name) LOG_##name,
#define TABLE_DECLARE(TABLE, table)                                                                \
    enum { HOST_##TABLE(TABLE_ENUM_##TABLE) TABLE##_COLUMNS };                                     \
    int32_t list_##table(struct scan *s);
/* Each list function sends its rows and returns ALLORA_OK, ALLORA_PARTIAL, ALLORA_STOP or a
 * failure. */
HOST_TABLES(TABLE_DECLARE)
#undef TABLE_DECLARE

/* By the table's whole name; NULL where there is none. */
typedef int32_t (*list_fn)(struct scan *s);
struct table_entry {
    const char *name;
    list_fn list;
    uint32_t n_columns;
    const char *const *columns;
};
const struct table_entry *table_find(const char *name);
/* All of them; the last has no name. */
extern const struct table_entry host_tables[];
#endif
