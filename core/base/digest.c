/* SHA-256 through the internal module that has OpenSSL. */
#include "digest.h"

#include "base/digest/digest_module.h"
#include "err.h"
#include "module.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

static const struct digest_module *module; /* written once */
static allora_error why_not;               /* where it is not there */

static void open_module(void)
{
    why_not = ERR_INIT;
    module = module_symbol("digest", DIGEST_MODULE_SYMBOL, &why_not);
}

static int32_t use_module(allora_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, open_module);
    if (module)
        return ALLORA_OK;
    err_copy(err, &why_not);
    return ALLORA_E_INTERNAL;
}

static int32_t refused(allora_error *err)
{
    return err_set(err, ALLORA_E_INTERNAL, "OpenSSL made no SHA-256 digest");
}

int32_t digest_sha256(const void *p, size_t n, uint8_t ret[DIGEST_SIZE], allora_error *err)
{
    uint8_t digest[DIGEST_SIZE];
    int32_t status = use_module(err);

    if (status)
        return status;
    if (!module->sha256(n ? p : "", n, digest))
        return refused(err);
    memcpy(ret, digest, sizeof digest);
    return ALLORA_OK;
}

struct place {
    int fd;
    off_t at;
};

static ptrdiff_t read_on(void *self, void *p, size_t n)
{
    struct place *place = self;
    ssize_t got;

    do {
        got = pread(place->fd, p, n, place->at);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    place->at += got;
    return got;
}

int32_t digest_fd(int fd, uint8_t ret[DIGEST_SIZE], allora_error *err)
{
    struct place place = {fd, 0};
    ptrdiff_t last = 0;
    int32_t status = use_module(err);

    if (status)
        return status;
    bool ok = module->sha256_stream(read_on, &place, &last, ret);
    if (last < 0) {
        char words[128];
        return err_set(err, ALLORA_E_INTERNAL, "cannot read what is to be hashed: %s",
                       strerror_r((int)-last, words, sizeof words));
    }
    return ok ? ALLORA_OK : refused(err);
}

void digest_hex(const uint8_t digest[DIGEST_SIZE], char ret[DIGEST_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        ret[2 * i] = digits[digest[i] >> 4];
        ret[2 * i + 1] = digits[digest[i] & 15];
    }
    ret[DIGEST_HEX_SIZE - 1] = '\0';
}
