/* /proc/net's socket tables. */
#include "procnet.h"
#include "text.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), *rest = text, address[64];
    uint64_t inode;
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    for (char *line; (line = text_field(&rest, '\n')) != NULL;) {
        struct inet_socket s;
        struct unix_socket u;
        for (int v6 = 0; v6 < 2; v6++)
            if (inet_parse(line, v6, &s)) {
                (void)inet_text(s.local, v6, address, sizeof address);
                (void)inet_is_loopback(s.remote, v6);
                (void)inet_state(s.state, inet_listening(&s, true));
            }
        (void)socket_link(line, &inode);
        if (unix_parse(line, &u) && strlen(u.path) > size)
            abort();
    }
    free(text);
    return 0;
}
