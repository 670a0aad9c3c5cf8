/* The internal module "digest": SHA-256 by OpenSSL's EVP.  It has an OpenSSL context of its own, so
 * that no openssl.cnf, which anybody's environment may name, has a say in it. */
#include "base/digest/digest_module.h"
#include <openssl/evp.h>
#include <pthread.h>

enum { CHUNK = 64 << 10 };

static EVP_MD *algorithm; /* for the life of the process; NULL: OpenSSL has none */

static void fetch(void)
{
    OSSL_LIB_CTX *context = OSSL_LIB_CTX_new();
    if (context)
        algorithm = EVP_MD_fetch(context, "SHA2-256", NULL);
    if (context && !algorithm)
        OSSL_LIB_CTX_free(context);
}

static EVP_MD_CTX *start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, fetch);
    EVP_MD_CTX *c = algorithm ? EVP_MD_CTX_new() : NULL;
    if (c && EVP_DigestInit_ex2(c, algorithm, NULL) != 1) {
        EVP_MD_CTX_free(c);
        c = NULL;
    }
    return c;
}

static bool sha256(const void *p, size_t n, uint8_t ret[32])
{
    EVP_MD_CTX *c = start();
    bool ok = c && EVP_DigestUpdate(c, p, n) == 1 && EVP_DigestFinal_ex(c, ret, NULL) == 1;
    EVP_MD_CTX_free(c);
    return ok;
}

static bool sha256_stream(digest_reader *read, void *self, ptrdiff_t *ret_read, uint8_t ret[32])
{
    uint8_t chunk[CHUNK], digest[32];
    EVP_MD_CTX *c = start();
    ptrdiff_t n = 0;
    bool ok = c != NULL;
    while (ok && (n = read(self, chunk, sizeof chunk)) > 0)
        ok = EVP_DigestUpdate(c, chunk, (size_t)n) == 1;
    if (ok && n == 0)
        ok = EVP_DigestFinal_ex(c, digest, NULL) == 1;
    EVP_MD_CTX_free(c);
    *ret_read = n;
    for (size_t i = 0; ok && n == 0 && i < sizeof digest; i++)
        ret[i] = digest[i];
    return ok;
}

__attribute__((visibility("default"))) extern const struct digest_module allora_digest_v1;
const struct digest_module allora_digest_v1 = {sha256, sha256_stream};
