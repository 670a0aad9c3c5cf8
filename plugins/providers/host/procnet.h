/* Lines of /proc/net/{tcp,tcp6,udp,udp6,unix} (proc(5)).  Pure: text in, numbers out; any text is
 * safe. */
#ifndef HOST_PROCNET_H
#define HOST_PROCNET_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inet_socket {
    uint8_t local[16], remote[16]; /* network order; IPv4 in the first four */
    bool ipv6;
    uint32_t local_port, remote_port, uid, state; /* state: the kernel's TCP_* number */
    uint64_t send_queue, recv_queue, inode;
};
/* False for headings and malformed lines. */
bool inet_parse(const char *line, bool ipv6, struct inet_socket *ret);
/* "ESTABLISHED" …; UDP uses two of them: with a peer, and UNCONNECTED.  NULL for unknown numbers.
 */
const char *inet_state(uint32_t state, bool tcp);
/* TCP in state LISTEN, UDP bound to a port and without a peer. */
bool inet_listening(const struct inet_socket *s, bool tcp);
/* 127.0.0.0/8, ::1 and ::ffff:127.0.0.0/104 */
bool inet_is_loopback(const uint8_t *address, bool ipv6);
/* As inet_ntop(3): RFC 5952. */
const char *inet_text(const uint8_t *address, bool ipv6, char *buf, size_t size);

struct unix_socket {
    uint64_t inode;
    const char *path; /* "" for unnamed ones; "@…" for abstract ones; points into the line */
    const char *state;
    bool listening;
};
bool unix_parse(char *line, struct unix_socket *ret);
/* N of "socket:[N]"; false for links to anything else. */
bool socket_link(const char *target, uint64_t *ret);
#endif
