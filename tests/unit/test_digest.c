/* core/base/digest.h and module.h: the examples of FIPS 180-4 (NIST's "Examples with Intermediate
 * Values"), and the shared vectors where they are. */
#include "unit/unit.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/module.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static void check(const void *p, size_t n, const char *want)
{
    uint8_t digest[DIGEST_SIZE];
    char hex[DIGEST_HEX_SIZE];
    allora_error err = ERR_INIT;
    assert_int_equal(digest_sha256(p, n, digest, &err), ALLORA_OK);
    digest_hex(digest, hex);
    assert_string_equal(hex, want);
}

static void test_examples(void **state)
{
    (void)state;
    check(NULL, 0, empty);
    check("", 0, empty);
    check("abc", 3, abc);
    const char *two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    check(two_blocks, strlen(two_blocks),
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    char *million = malloc(1000000);
    memset(million, 'a', 1000000);
    check(million, 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(million);
}

static void test_descriptors(void **state)
{
    uint8_t digest[DIGEST_SIZE];
    char hex[DIGEST_HEX_SIZE];
    allora_error err = ERR_INIT;
    (void)state;
    FILE *f = tmpfile();
    for (int i = 0; i < 1000; i++)
        assert_int_equal(
            fwrite("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                   1, 100, f),
            100);
    assert_int_equal(fwrite("b", 1, 1, f), 1);
    assert_int_equal(fflush(f), 0);
    assert_int_equal(ftruncate(fileno(f), 100000), 0);
    assert_int_equal(lseek(fileno(f), 17, SEEK_SET), 17);
    assert_int_equal(digest_fd(fileno(f), digest, &err), ALLORA_OK);
    assert_int_equal(lseek(fileno(f), 0, SEEK_CUR), 17);
    digest_hex(digest, hex);
    assert_int_equal(ftruncate(fileno(f), 0), 0);
    char *bytes = malloc(100000);
    memset(bytes, 'a', 100000);
    check(bytes, 100000, hex);
    free(bytes);
    assert_int_equal(digest_fd(fileno(f), digest, &err), ALLORA_OK);
    digest_hex(digest, hex);
    assert_string_equal(hex, empty);
    (void)fclose(f);

    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(digest_fd(ends[0], digest, &err), ALLORA_E_INTERNAL);
    assert_non_null(strstr(err.message, "cannot read"));
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void *many(void *self)
{
    uint8_t digest[DIGEST_SIZE];
    char hex[DIGEST_HEX_SIZE];
    intptr_t wrong = 0;
    (void)self;
    for (int i = 0; i < 200; i++) {
        if (digest_sha256("abc", 3, digest, NULL) != ALLORA_OK)
            wrong++;
        digest_hex(digest, hex);
        wrong += strcmp(hex, abc) != 0;
    }
    return (void *)wrong; // NOLINT
}

static void test_threads(void **state)
{
    pthread_t threads[4];
    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, many, NULL), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        assert_null(wrong);
    }
}

static void test_a_missing_module_is_named(void **state)
{
    allora_error err = ERR_INIT;
    (void)state;
    assert_null(module_symbol("no-such-module", "x", &err));
    assert_int_equal(err.code, ALLORA_E_INTERNAL);
    assert_non_null(strstr(err.message, "no-such-module"));
    assert_non_null(strstr(err.hint, "lib/allora/modules"));
    assert_null(module_symbol("digest", "no_such_symbol", &err));
    assert_non_null(strstr(err.message, "no_such_symbol"));
    assert_null(module_symbol("no-such-module", "x", NULL));
}

static void test_vectors(void **state)
{
    const char *base = getenv("ALLORA_VECTORS"), *source = getenv("SOURCE_DIR");
    char path[3000];
    (void)state;
    (void)snprintf(path, sizeof path, "%s%s/crypto/rfc-vectors.json",
                   base ? base : (source ? source : "."), base ? "" : "/../shared/vectors");
    A_CLEAN(buf_done) struct buf text = BUF(1 << 20);
    A_CLEAN(json_freep) json_node *all = NULL;
    allora_error err = ERR_INIT;
    if (fs_read(path, 1 << 20, &text, &err) != ALLORA_OK) {
        print_message("skipped: no %s\n", path);
        skip();
    }
    assert_int_equal(json_parse(text.ptr, text.len, &all, &err), ALLORA_OK);
    size_t seen = 0;
    json_foreach (v, json_get(all, "sha256")) {
        const char *plain = json_get_str(v, "text", NULL), *want = json_get_str(v, "hex", NULL);
        assert_non_null(plain);
        assert_non_null(want);
        check(plain, strlen(plain), want);
        seen++;
    }
    assert_true(seen > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples), cmocka_unit_test(test_descriptors),
        cmocka_unit_test(test_threads),  cmocka_unit_test(test_a_missing_module_is_named),
        cmocka_unit_test(test_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
