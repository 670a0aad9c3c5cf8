/* host_socket and host_port: /proc/net's socket tables, and who has each socket open. */
#include "owners.h"
#include "procnet.h"
#include "procstat.h"
#include "tables.h"
#include "text.h"
#include <allora/sdk.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *path, *protocol;
    bool tcp, ipv6;
} files[] = {{"proc/net/tcp", "tcp", true, false},
             {"proc/net/tcp6", "tcp", true, true},
             {"proc/net/udp", "udp", false, false},
             {"proc/net/udp6", "udp", false, true}};

struct job {
    struct scan *s;
    struct owners owners;
    uint32_t pid_column, process_column;
    bool wants_owner;
};

static int32_t open_job(struct job *j)
{
    j->wants_owner = scan_wants(j->s, j->pid_column) || scan_wants(j->s, j->process_column);
    if (j->wants_owner && owners_read(&j->owners, j->s->root))
        return sdk_fail(j->s->err, ALLORA_E_NOMEM, "out of memory");
    return ALLORA_OK;
}

/* Without root other users' descriptors can't be read: then a socket without a known process is
 * ABSENT, not NULL. */
static void put_owner(struct job *j, uint64_t inode)
{
    struct scan *s = j->s;
    if (!j->wants_owner)
        return;
    int64_t pid = owners_find(&j->owners, inode);
    if (!pid) {
        if (j->owners.hidden && inode) {
            scan_absent(s, j->pid_column);
            scan_absent(s, j->process_column);
        }
        return;
    }
    scan_int(s, j->pid_column, pid);
    char path[64];
    (void)snprintf(path, sizeof path, "proc/%lld/stat", (long long)pid);
    struct procstat stat;
    if (scan_wants(s, j->process_column) &&
        root_read(s->root, path, &s->buf, ROOT_SMALL_MAX) == 0 && procstat_parse(s->buf.p, &stat))
        scan_text(s, j->process_column, stat.name);
}

static int32_t port_row(struct job *j, const struct inet_socket *k, const char *protocol, bool tcp)
{
    struct scan *s = j->s;
    char address[64];
    if (!inet_listening(k, tcp) || !scan_allows_int(s, PORT_port, k->local_port))
        return 0;
    scan_int(s, PORT_port, k->local_port);
    scan_text(s, PORT_protocol, protocol);
    scan_text(s, PORT_family, k->ipv6 ? "ipv6" : "ipv4");
    scan_text(s, PORT_address, inet_text(k->local, k->ipv6, address, sizeof address));
    scan_bool(s, PORT_exposed, !inet_is_loopback(k->local, k->ipv6));
    scan_int(s, PORT_uid, k->uid);
    if (scan_wants(s, PORT_user))
        scan_text(s, PORT_user, scan_user(s, k->uid));
    scan_int(s, PORT_inode, (int64_t)k->inode);
    put_owner(j, k->inode);
    return scan_row(s);
}

static int32_t socket_row(struct job *j, const struct inet_socket *k, const char *protocol,
                          bool tcp)
{
    struct scan *s = j->s;
    char address[64];
    const char *state = inet_state(k->state, tcp);
    bool listening = inet_listening(k, tcp);
    if (!scan_allows_int(s, SOCKET_local_port, k->local_port) ||
        !scan_allows_int(s, SOCKET_remote_port, k->remote_port) ||
        !scan_allows_bool(s, SOCKET_listening, listening) ||
        (state && !scan_allows_text(s, SOCKET_state, state)))
        return 0;
    scan_text(s, SOCKET_protocol, protocol);
    scan_text(s, SOCKET_family, k->ipv6 ? "ipv6" : "ipv4");
    scan_text(s, SOCKET_state, state);
    scan_bool(s, SOCKET_listening, listening);
    if (scan_wants(s, SOCKET_local_address))
        scan_text(s, SOCKET_local_address, inet_text(k->local, k->ipv6, address, sizeof address));
    scan_int(s, SOCKET_local_port, k->local_port);
    if (scan_wants(s, SOCKET_remote_address))
        scan_text(s, SOCKET_remote_address, inet_text(k->remote, k->ipv6, address, sizeof address));
    scan_int(s, SOCKET_remote_port, k->remote_port);
    scan_int(s, SOCKET_uid, k->uid);
    if (scan_wants(s, SOCKET_user))
        scan_text(s, SOCKET_user, scan_user(s, k->uid));
    scan_int(s, SOCKET_recv_queue, (int64_t)k->recv_queue);
    scan_int(s, SOCKET_send_queue, (int64_t)k->send_queue);
    scan_int(s, SOCKET_inode, (int64_t)k->inode);
    put_owner(j, k->inode);
    return scan_row(s);
}

static int32_t unix_rows(struct job *j, struct lines *l)
{
    struct scan *s = j->s;
    if (!scan_allows_text(s, SOCKET_protocol, "unix") ||
        !scan_allows_text(s, SOCKET_family, "unix") || lines_open(l, s->root, "proc/net/unix"))
        return 0;
    int32_t status = 0;
    for (char *line; !status && (line = lines_next(l, NULL)) != NULL;) {
        struct unix_socket k;
        /* A port filter rules all of these out: they have none, and NULL equals nothing. */
        if (!unix_parse(line, &k) || scan_filters(s, SOCKET_local_port) ||
            scan_filters(s, SOCKET_remote_port) ||
            !scan_allows_bool(s, SOCKET_listening, k.listening) ||
            (k.state && !scan_allows_text(s, SOCKET_state, k.state)))
            continue;
        scan_text(s, SOCKET_protocol, "unix");
        scan_text(s, SOCKET_family, "unix");
        scan_text(s, SOCKET_state, k.state);
        scan_bool(s, SOCKET_listening, k.listening);
        if (*k.path)
            scan_text(s, SOCKET_path, k.path);
        scan_int(s, SOCKET_inode, (int64_t)k.inode);
        put_owner(j, k.inode);
        status = scan_row(s);
    }
    lines_close(l);
    return status;
}

typedef int32_t (*row_fn)(struct job *, const struct inet_socket *, const char *protocol, bool tcp);

static int32_t inet_rows(struct job *j, struct lines *l, row_fn row, uint32_t protocol_column,
                         uint32_t family_column)
{
    struct scan *s = j->s;
    int32_t status = 0;
    for (size_t i = 0; !status && i < sizeof files / sizeof files[0]; i++) {
        if (!scan_allows_text(s, protocol_column, files[i].protocol) ||
            !scan_allows_text(s, family_column, files[i].ipv6 ? "ipv6" : "ipv4") ||
            lines_open(l, s->root, files[i].path)) /* missing without IPv6 */
            continue;
        for (const char *line; !status && (line = lines_next(l, NULL)) != NULL;) {
            struct inet_socket k;
            if (inet_parse(line, files[i].ipv6, &k))
                status = row(j, &k, files[i].protocol, files[i].tcp);
        }
        lines_close(l);
    }
    return status;
}

static int32_t run(struct job *j, bool ports)
{
    struct lines *l = malloc(sizeof *l);
    if (!l)
        return sdk_fail(j->s->err, ALLORA_E_NOMEM, "out of memory");
    int32_t status = open_job(j);
    if (!status && ports)
        status = inet_rows(j, l, port_row, PORT_protocol, PORT_family);
    else if (!status)
        status = inet_rows(j, l, socket_row, SOCKET_protocol, SOCKET_family);
    if (!status && !ports)
        status = unix_rows(j, l);
    if (!status)
        scan_warn_denied(j->s, ports ? "ports" : "sockets", "processes");
    owners_free(&j->owners);
    free(l);
    return status;
}

int32_t list_port(struct scan *s)
{
    struct job j = {.s = s, .pid_column = PORT_pid, .process_column = PORT_process};
    return run(&j, true);
}

int32_t list_socket(struct scan *s)
{
    struct job j = {.s = s, .pid_column = SOCKET_pid, .process_column = SOCKET_process};
    return run(&j, false);
}
