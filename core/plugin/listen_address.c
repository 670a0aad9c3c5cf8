/* Addresses, and the rule that says which of them are open to a plugin. */
#include "plugin/listen_address.h"

#include "base/err.h"
#include "base/str.h"
#include "config/config.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/un.h>

enum { HOST_MAX = 128, TEXT_MAX = 160 };

static int32_t bad(allora_error *err, const char *text, const char *what)
{
    int32_t rc = err_set(err, ALLORA_E_ARG, "%.200s: %s", text, what);
    err_hint(err, "say 127.0.0.1:8080, [::1]:8080, unix:/PATH or activation:NAME");
    return rc;
}

static bool port_valid(const char *p)
{
    size_t n = strspn(p, "0123456789");
    unsigned long value = 0;

    for (size_t i = 0; i < n && i < 6; i++)
        value = value * 10 + (unsigned long)(p[i] - '0');
    return n > 0 && n <= 5 && !p[n] && value <= 65535;
}

static int32_t parse_inet(const char *text, struct listen_address *ret, allora_error *err)
{
    char host[HOST_MAX];
    const char *colon = strrchr(text, ':'), *begin = text, *end = colon;
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;

    if (!colon || !port_valid(colon + 1))
        return bad(err, text, "an address ends with : and a port");
    if (*begin == '[' && end > begin && end[-1] == ']') {
        begin++;
        end--;
    } else if (memchr(begin, ':', (size_t)(end - begin))) {
        return bad(err, text, "an IPv6 address stands in [brackets]");
    }
    if (end == begin)
        return bad(err, text, "which address? An empty one would mean all of them");
    if ((size_t)(end - begin) >= sizeof host)
        return bad(err, text, "the address is too long");
    memcpy(host, begin, (size_t)(end - begin));
    host[end - begin] = '\0';
    if (getaddrinfo(streq(host, "localhost") ? "127.0.0.1" : host, colon + 1, &hints, &found) != 0)
        return bad(err, text, "not an address in numbers, nor localhost");
    memcpy(&ret->addr, found->ai_addr, found->ai_addrlen);
    ret->len = found->ai_addrlen;
    ret->kind = LISTEN_INET;
    freeaddrinfo(found);
    return ALLORA_OK;
}

static int32_t parse_unix(const char *text, struct listen_address *ret, allora_error *err)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    const char *path = text + strlen("unix:");

    if (*path != '/')
        return bad(err, text, "a socket's path is absolute");
    if (strlen(path) >= sizeof un.sun_path)
        return bad(err, text, "a socket's path has at most 107 bytes");
    memcpy(un.sun_path, path, strlen(path) + 1);
    memcpy(&ret->addr, &un, sizeof un);
    ret->len = (socklen_t)sizeof un;
    ret->kind = LISTEN_UNIX;
    ret->rest = path;
    return ALLORA_OK;
}

int32_t listen_parse(const char *text, struct listen_address *ret, allora_error *err)
{
    const char *p = text ? text : "";

    memset(ret, 0, sizeof *ret);
    if (str_starts(p, "tls:")) {
        ret->tls = true;
        p += strlen("tls:");
    }
    if (str_starts(p, "unix:"))
        return parse_unix(p, ret, err);
    if (!str_starts(p, "activation:"))
        return parse_inet(p, ret, err);
    ret->kind = LISTEN_ACTIVATION;
    ret->rest = p + strlen("activation:");
    return ALLORA_OK;
}

bool listen_text(const struct sockaddr *addr, socklen_t len, char *ret, size_t size)
{
    char host[HOST_MAX], port[8];

    if (addr->sa_family == AF_UNIX) {
        const struct sockaddr_un *un = (const struct sockaddr_un *)(const void *)addr;
        size_t n = len > offsetof(struct sockaddr_un, sun_path)
                       ? len - offsetof(struct sockaddr_un, sun_path)
                       : 0;
        (void)snprintf(ret, size, "unix:%.*s", (int)n, un->sun_path);
        return true;
    }
    if ((addr->sa_family != AF_INET && addr->sa_family != AF_INET6) ||
        getnameinfo(addr, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return false;
    (void)snprintf(ret, size, addr->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    return true;
}

/* ---- who can reach it ---- */

enum reach { REACH_LOCAL, REACH_PRIVATE, REACH_PUBLIC };

static enum reach reach_v4(uint32_t a) /* in host order */
{
    if (a >> 24 == 127)
        return REACH_LOCAL;
    if (a >> 24 == 10 || a >> 20 == 0xac1 || a >> 16 == 0xc0a8 || a >> 16 == 0xa9fe ||
        a >> 22 == 0x191) /* 100.64.0.0/10 */
        return REACH_PRIVATE;
    return REACH_PUBLIC; /* 0.0.0.0 too: it is every address there is */
}

static enum reach reach_of(const struct sockaddr *addr)
{
    if (addr->sa_family == AF_UNIX)
        return REACH_LOCAL;
    if (addr->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)addr;
        return reach_v4(ntohl(in->sin_addr.s_addr));
    }
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)addr;
    const struct in6_addr *a = &in6->sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(a))
        return reach_v4((uint32_t)a->s6_addr[12] << 24 | (uint32_t)a->s6_addr[13] << 16 |
                        (uint32_t)a->s6_addr[14] << 8 | (uint32_t)a->s6_addr[15]);
    if (IN6_IS_ADDR_LOOPBACK(a))
        return REACH_LOCAL;
    return IN6_IS_ADDR_LINKLOCAL(a) || (a->s6_addr[0] & 0xfe) == 0xfc ? REACH_PRIVATE
                                                                      : REACH_PUBLIC;
}

static bool allowed(const struct config *config, const char *text)
{
    const json_node *list = config ? config_get(config, "listen.allow") : NULL;

    if (json_typeof(list) == JSON_STRING)
        return glob_match(json_str(list, ""), text);
    json_foreach (glob, list) {
        if (glob_match(json_str(glob, ""), text))
            return true;
    }
    return false;
}

int32_t listen_permitted(const struct config *config, const struct sockaddr *addr, socklen_t len,
                         bool tls, allora_error *err)
{
    char text[TEXT_MAX];
    int32_t rc;

    if (!listen_text(addr, len, text, sizeof text))
        return err_set(err, ALLORA_E_UNSUPPORTED, "a socket of an unknown kind of address");
    enum reach reach = reach_of(addr);
    if (reach == REACH_LOCAL)
        return ALLORA_OK;
    if (!allowed(config, text)) {
        rc = err_set(err, ALLORA_E_DENIED, "%s can be reached from other machines", text);
        err_hint(err, "if that is meant: listen.allow: [\"%s\"] in the configuration", text);
        return rc;
    }
    if (reach == REACH_PUBLIC && !tls) {
        rc = err_set(err, ALLORA_E_DENIED, "%s is a public address, and this would not speak TLS",
                     text);
        err_hint(err, "listen at loopback behind a proxy that does, or turn TLS on");
        return rc;
    }
    return ALLORA_OK;
}
