/* Where a plugin may listen.  Private to core/plugin. */
#ifndef ALLORA_PLUGIN_LISTEN_ADDRESS_H
#define ALLORA_PLUGIN_LISTEN_ADDRESS_H
#include <allora/plugin.h>
#include <stdbool.h>
#include <sys/socket.h>

struct config;

enum listen_kind { LISTEN_INET, LISTEN_UNIX, LISTEN_ACTIVATION };
struct listen_address {
    enum listen_kind kind;
    bool tls; /* the plugin speaks TLS there */
    struct sockaddr_storage addr;
    socklen_t len;
    const char *rest; /* the path, or the name of an activated socket; part of what was parsed */
};
/* What allora.listen/1's open() is given.  E_ARG in words.  A host's name is looked up nowhere:
 * only localhost and numbers are known. */
int32_t listen_parse(const char *text, struct listen_address *ret, allora_error *err);
/* "127.0.0.1:80", "[::1]:80", "unix:/path"; false for other families. */
bool listen_text(const struct sockaddr *addr, socklen_t len, char *ret, size_t size);
/* May a socket with this address be listened at?  Unix sockets and loopback always; anything else
 * when the configuration's listen.allow has a glob for its text, and, unless it is a private
 * address (RFC 1918, RFC 6598, RFC 4193, link-local), only with tls.  E_DENIED with words.  config
 * may be NULL. */
int32_t listen_permitted(const struct config *config, const struct sockaddr *addr, socklen_t len,
                         bool tls, allora_error *err);
#endif
