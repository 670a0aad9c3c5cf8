#include "procnet.h"
#include "text.h"
#include <arpa/inet.h>
#include <string.h>

enum { TCP_ESTABLISHED = 1, TCP_CLOSE = 7, TCP_LISTEN = 10 };

/* Addresses are printed as 32-bit words of host order: on x86, 127.0.0.1 is 0100007F. */
static bool parse_address(const char **p, bool ipv6, uint8_t out[16], uint32_t *port)
{
    const char *s = *p;
    for (int word = 0; word < (ipv6 ? 4 : 1); word++) {
        char digits[9] = {0};
        for (int i = 0; i < 8; i++) {
            if (!s[i])
                return false;
            digits[i] = s[i];
        }
        const char *d = digits;
        uint64_t v;
        if (!text_hex(&d, &v) || *d)
            return false;
        uint32_t raw = (uint32_t)v;
        memcpy(out + (ptrdiff_t)word * 4, &raw, 4);
        s += 8;
    }
    uint64_t v;
    if (*s++ != ':' || !text_hex(&s, &v) || v > UINT16_MAX)
        return false;
    *port = (uint32_t)v;
    *p = s;
    return true;
}

/*  sl  local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode … */
bool inet_parse(const char *line, bool ipv6, struct inet_socket *ret)
{
    struct inet_socket s = {.ipv6 = ipv6};
    const char *p = line, *word;
    size_t n;
    uint64_t v, uid;
    text_blanks(&p);
    if (!text_uint(&p, &v) || *p++ != ':')
        return false;
    text_blanks(&p);
    if (!parse_address(&p, ipv6, s.local, &s.local_port))
        return false;
    text_blanks(&p);
    if (!parse_address(&p, ipv6, s.remote, &s.remote_port))
        return false;
    text_blanks(&p);
    if (!text_hex(&p, &v) || v > UINT8_MAX)
        return false;
    s.state = (uint32_t)v;
    text_blanks(&p);
    if (!text_hex(&p, &s.send_queue) || *p++ != ':' || !text_hex(&p, &s.recv_queue))
        return false;
    if (!text_word(&p, &word, &n) || !text_word(&p, &word, &n)) /* timers, retransmits */
        return false;
    text_blanks(&p);
    if (!text_uint(&p, &uid) || uid > UINT32_MAX || !text_word(&p, &word, &n))
        return false;
    text_blanks(&p);
    if (!text_uint(&p, &s.inode))
        return false;
    s.uid = (uint32_t)uid;
    *ret = s;
    return true;
}

const char *inet_state(uint32_t state, bool tcp)
{
    static const char *const names[] = {
        NULL,    "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT",
        "CLOSE", "CLOSE_WAIT",  "LAST_ACK", "LISTEN",   "CLOSING",   "SYN_RECV"};
    if (!tcp && state == TCP_CLOSE)
        return "UNCONNECTED";
    return state < sizeof names / sizeof names[0] ? names[state] : NULL;
}

bool inet_listening(const struct inet_socket *s, bool tcp)
{
    return tcp ? s->state == TCP_LISTEN : s->state == TCP_CLOSE && s->local_port != 0;
}

bool inet_is_loopback(const uint8_t *address, bool ipv6)
{
    static const uint8_t one[16] = {[15] = 1};
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (!ipv6)
        return address[0] == 127;
    return memcmp(address, one, 16) == 0 ||
           (memcmp(address, mapped, 12) == 0 && address[12] == 127);
}

const char *inet_text(const uint8_t *address, bool ipv6, char *buf, size_t size)
{
    return inet_ntop(ipv6 ? AF_INET6 : AF_INET, address, buf, (socklen_t)size);
}

/* Num RefCount Protocol Flags Type St Inode Path */
bool unix_parse(char *line, struct unix_socket *ret)
{
    const char *p = line, *word;
    size_t n;
    uint64_t flags, type, state, inode;
    if (!text_word(&p, &word, &n) || word[n - 1] != ':')
        return false;
    if (!text_word(&p, &word, &n) || !text_word(&p, &word, &n))
        return false;
    text_blanks(&p);
    if (!text_hex(&p, &flags))
        return false;
    text_blanks(&p);
    if (!text_hex(&p, &type))
        return false;
    text_blanks(&p);
    if (!text_hex(&p, &state))
        return false;
    text_blanks(&p);
    if (!text_uint(&p, &inode))
        return false;
    enum { ACCEPTS = 0x10000 }; /* __SO_ACCEPTCON */
    static const char *const states[] = {"CLOSE", "UNCONNECTED", "CONNECTING", "ESTABLISHED",
                                         "DISCONNECTING"};
    *ret = (struct unix_socket){
        .inode = inode, .path = *p == ' ' ? p + 1 : "", .listening = (flags & ACCEPTS) != 0};
    ret->state = ret->listening                             ? "LISTEN"
                 : state < sizeof states / sizeof states[0] ? states[state]
                                                            : NULL;
    return true;
}

bool socket_link(const char *target, uint64_t *ret)
{
    return text_skip(&target, "socket:[") && text_uint(&target, ret) && strcmp(target, "]") == 0;
}
