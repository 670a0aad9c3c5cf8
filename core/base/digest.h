/* SHA-256 (FIPS 180-4), by OpenSSL, which is opened with the first digest and never before. */
#ifndef ALLORA_BASE_DIGEST_H
#define ALLORA_BASE_DIGEST_H
#include <allora/plugin.h>
#include <stddef.h>
#include <stdint.h>

enum { DIGEST_SIZE = 32, DIGEST_HEX_SIZE = 65 };

/* E_INTERNAL when OpenSSL can't be opened; ret is then untouched.  [any] */
int32_t digest_sha256(const void *p, size_t n, uint8_t ret[DIGEST_SIZE], allora_error *err)
    __attribute__((warn_unused_result));
/* Of everything from the descriptor's start to its end; its offset is left as it was.  [any] */
int32_t digest_fd(int fd, uint8_t ret[DIGEST_SIZE], allora_error *err)
    __attribute__((warn_unused_result));
/* Lower case, NUL-terminated. */
void digest_hex(const uint8_t digest[DIGEST_SIZE], char ret[DIGEST_HEX_SIZE]);
#endif
