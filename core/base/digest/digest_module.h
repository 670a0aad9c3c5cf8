/* Between digest.c and the internal module "digest" (OpenSSL). */
#ifndef ALLORA_BASE_DIGEST_MODULE_H
#define ALLORA_BASE_DIGEST_MODULE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_MODULE_SYMBOL "allora_digest_v1"

/* Gets up to n bytes; how many it got (0: the end), or a negative number: give up. */
typedef ptrdiff_t digest_reader(void *self, void *p, size_t n);

struct digest_module {
    /* false when OpenSSL fails.  [any] */
    bool (*sha256)(const void *p, size_t n, uint8_t ret[32]);
    /* The same of what the reader gives; *ret_read: its last answer.  [any] */
    bool (*sha256_stream)(digest_reader *read, void *self, ptrdiff_t *ret_read, uint8_t ret[32]);
};
#endif
