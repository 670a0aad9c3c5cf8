/* host_interface: network interfaces, from /proc/net/dev and sysfs; addresses from the kernel
 * (getifaddrs(3)). */
#include "tables.h"
#include "text.h"
#include "text_out.h"
#include <allora/sdk.h>
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct job {
    struct scan *s;
    struct ifaddrs *live; /* NULL in a recorded tree */
    struct text_out json;
};

/* A file of /sys/class/net/NAME; NULL when it can't be read (speed of a link that is down gives
 * EINVAL). */
static char *sys_text(struct scan *s, const char *name, const char *file)
{
    char path[128];
    (void)snprintf(path, sizeof path, "sys/class/net/%s/%s", name, file);
    if (root_read(s->root, path, &s->buf, 256) || !text_trim(s->buf.p, s->buf.len))
        return NULL;
    return s->buf.p;
}

static bool sys_exists(struct scan *s, const char *name, const char *file)
{
    char path[128];
    struct stat st;
    (void)snprintf(path, sizeof path, "sys/class/net/%s/%s", name, file);
    return root_stat(s->root, path, true, &st) == 0;
}

static const char *kind_of(struct scan *s, const char *name)
{
    enum {
        ARPHRD_ETHER_ = 1,
        ARPHRD_LOOPBACK_ = 772,
        ARPHRD_TUNNEL_ = 768,
        ARPHRD_SIT_ = 776,
        ARPHRD_IPGRE_ = 778,
        ARPHRD_TUNNEL6_ = 769,
        ARPHRD_NONE_ = 0xfffe
    };
    int64_t type = -1;
    const char *p = sys_text(s, name, "type");
    if (!p || !text_int(&p, &type))
        return strcmp(name, "lo") == 0 ? "loopback" : NULL;
    if (type == ARPHRD_LOOPBACK_)
        return "loopback";
    if (type == ARPHRD_TUNNEL_ || type == ARPHRD_TUNNEL6_ || type == ARPHRD_SIT_ ||
        type == ARPHRD_IPGRE_ || type == ARPHRD_NONE_ || sys_exists(s, name, "tun_flags"))
        return "tunnel";
    if (type != ARPHRD_ETHER_)
        return "other";
    if (sys_exists(s, name, "wireless") || sys_exists(s, name, "phy80211"))
        return "wireless";
    if (sys_exists(s, name, "bridge"))
        return "bridge";
    if (sys_exists(s, name, "bonding"))
        return "bond";
    char *uevent = sys_text(s, name, "uevent");
    if (uevent && strstr(uevent, "DEVTYPE=vlan"))
        return "vlan";
    return sys_exists(s, name, "device") ? "ethernet" : "virtual";
}

static bool is_v6(const char *address)
{
    return strchr(address, ':') != NULL;
}

/* Link-local addresses are no answer to "what is its address" while there is a better one. */
static bool is_link_local(const char *address)
{
    return strncmp(address, "fe80:", 5) == 0 || strncmp(address, "169.254.", 8) == 0;
}

struct first { /* the first address of each family, and the first that isn't link-local */
    char v4[64], v6[64];
};

static void offer(struct job *j, struct first *f, const char *address_and_prefix)
{
    char *best = is_v6(address_and_prefix) ? f->v6 : f->v4;
    out_list_text(&j->json, address_and_prefix);
    if (!*best || (is_link_local(best) && !is_link_local(address_and_prefix))) {
        size_t n = strcspn(address_and_prefix, "/");
        if (n < sizeof f->v4) {
            memcpy(best, address_and_prefix, n);
            best[n] = '\0';
        }
    }
}

static unsigned prefix_length(const struct sockaddr *mask)
{
    const uint8_t *bytes =
        mask->sa_family == AF_INET6
            ? (const uint8_t *)&((const struct sockaddr_in6 *)(const void *)mask)->sin6_addr
            : (const uint8_t *)&((const struct sockaddr_in *)(const void *)mask)->sin_addr;
    unsigned bits = 0;
    for (int i = 0; i < (mask->sa_family == AF_INET6 ? 16 : 4); i++)
        bits += (unsigned)__builtin_popcount(bytes[i]);
    return bits;
}

static void live_addresses(struct job *j, const char *name, struct first *f)
{
    for (const struct ifaddrs *a = j->live; a; a = a->ifa_next) {
        char text[64], whole[80];
        if (!a->ifa_addr || strcmp(a->ifa_name, name) != 0)
            continue;
        const void *raw;
        if (a->ifa_addr->sa_family == AF_INET)
            raw = &((const struct sockaddr_in *)(const void *)a->ifa_addr)->sin_addr;
        else if (a->ifa_addr->sa_family == AF_INET6)
            raw = &((const struct sockaddr_in6 *)(const void *)a->ifa_addr)->sin6_addr;
        else
            continue;
        if (!inet_ntop(a->ifa_addr->sa_family, raw, text, sizeof text))
            continue;
        if (a->ifa_netmask && a->ifa_netmask->sa_family == a->ifa_addr->sa_family)
            (void)snprintf(whole, sizeof whole, "%s/%u", text, prefix_length(a->ifa_netmask));
        else
            (void)snprintf(whole, sizeof whole, "%s", text);
        offer(j, f, whole);
    }
}

static void recorded_addresses(struct job *j, const char *name, struct first *f)
{
    const char *p = recording_get(j->s->root->rec, "address", name), *word;
    size_t n;
    while (p && text_word(&p, &word, &n)) {
        char one[80];
        if (n >= sizeof one)
            continue;
        memcpy(one, word, n);
        one[n] = '\0';
        offer(j, f, one);
    }
}

static void put_addresses(struct job *j, const char *name)
{
    struct first f = {{0}, {0}};
    out_list_open(&j->json);
    if (j->s->root->recorded)
        recorded_addresses(j, name, &f);
    else
        live_addresses(j, name, &f);
    out_list_close(&j->json);
    if (!j->json.failed)
        scan_json(j->s, INTERFACE_addresses, j->json.p, j->json.len);
    scan_text(j->s, INTERFACE_ipv4, *f.v4 ? f.v4 : NULL);
    scan_text(j->s, INTERFACE_ipv6, *f.v6 ? f.v6 : NULL);
}

/* rx: bytes packets errs drop fifo frame compressed multicast; tx: bytes packets errs drop … */
static void put_counters(struct scan *s, const char *p)
{
    static const int columns[16] = {INTERFACE_rx_bytes,
                                    INTERFACE_rx_packets,
                                    INTERFACE_rx_errors,
                                    INTERFACE_rx_dropped,
                                    -1,
                                    -1,
                                    -1,
                                    -1,
                                    INTERFACE_tx_bytes,
                                    INTERFACE_tx_packets,
                                    INTERFACE_tx_errors,
                                    INTERFACE_tx_dropped,
                                    -1,
                                    -1,
                                    -1,
                                    -1};
    uint64_t both = 0;
    for (int i = 0; i < 16; i++) {
        uint64_t v;
        text_blanks(&p);
        if (!text_uint(&p, &v))
            return;
        if (columns[i] >= 0)
            scan_int(s, (uint32_t)columns[i], (int64_t)v);
        if (columns[i] == INTERFACE_rx_bytes || columns[i] == INTERFACE_tx_bytes)
            both += v;
    }
    scan_int(s, INTERFACE_traffic_bytes, (int64_t)both);
}

static int32_t one_interface(struct job *j, const char *name, const char *counters)
{
    struct scan *s = j->s;
    int64_t v;
    if (!scan_allows_text(s, INTERFACE_name, name))
        return 0;
    scan_text(s, INTERFACE_name, name);
    put_counters(s, counters);
    if (scan_wants(s, INTERFACE_state))
        scan_text(s, INTERFACE_state, sys_text(s, name, "operstate"));
    if (scan_wants(s, INTERFACE_kind))
        scan_text(s, INTERFACE_kind, kind_of(s, name));
    if (scan_wants(s, INTERFACE_mac)) {
        const char *mac = sys_text(s, name, "address");
        if (mac && strspn(mac, "0:") != strlen(mac)) /* loopback has none, and says zeros */
            scan_text(s, INTERFACE_mac, mac);
    }
    const char *p = scan_wants(s, INTERFACE_mtu) ? sys_text(s, name, "mtu") : NULL;
    if (p && text_int(&p, &v))
        scan_int(s, INTERFACE_mtu, v);
    p = scan_wants(s, INTERFACE_speed) ? sys_text(s, name, "speed") : NULL;
    if (p && text_int(&p, &v) && v > 0) /* -1: unknown */
        scan_int(s, INTERFACE_speed, v);
    if (scan_wants(s, INTERFACE_ipv4) || scan_wants(s, INTERFACE_ipv6) ||
        scan_wants(s, INTERFACE_addresses))
        put_addresses(j, name);
    return scan_row(s);
}

int32_t list_interface(struct scan *s)
{
    struct job j = {.s = s};
    struct bytes text = {0};
    int rc = root_read(s->root, "proc/net/dev", &text, ROOT_TABLE_MAX);
    if (rc) {
        bytes_free(&text);
        return sdk_fail(s->err, ALLORA_E_NOTFOUND, "/proc/net/dev: %s", strerror(-rc));
    }
    if (!s->root->recorded && getifaddrs(&j.live))
        j.live = NULL;
    int32_t status = 0;
    for (char *rest = text.p, *line; !status && (line = text_field(&rest, '\n')) != NULL;) {
        char *name = line + strspn(line, " "),
             *colon = strrchr(line, ':'); /* "eth0:1" is a name too */
        if (!colon || strchr(line, '|') || strchr(name, '/') || colon <= name)
            continue;
        *colon = '\0';
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
            status = one_interface(&j, name, colon + 1);
    }
    if (j.live)
        freeifaddrs(j.live);
    bytes_free(&text);
    out_free(&j.json);
    return status;
}
