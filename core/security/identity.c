/* The owner's token is a secret like a key: 256 bits from the kernel, 0600, compared without
 * telling by the time it takes how much of it was right. */
#include "security/identity.h"

#include "base/digest.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum { TOKEN_BYTES = 32, TOKEN_HEX = 2 * TOKEN_BYTES };

static int32_t no_token(const char *path, const char *what, const char *hint, allora_error *err)
{
    int32_t rc = err_set(err, ALLORA_E_CONFIG, "%s: %s", path, what);
    err_hint(err, "%s", hint);
    return rc;
}

/* E_NOTFOUND, without words, when there is none yet. */
static int32_t read_token(const char *path, char ret[TOKEN_HEX], allora_error *err)
{
    static const char renew[] = "remove the file: a new token is made when it is next needed";
    char text[TOKEN_HEX + 2];
    struct stat st;
    A_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0 && errno == ENOENT)
        return ALLORA_E_NOTFOUND;
    if (fd < 0 || fstat(fd, &st) != 0)
        return no_token(path, strerror(errno), "the owner's token can't be read", err);
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
        return no_token(path, "the owner's token could be read by others", renew, err);
    ssize_t n = read(fd, text, sizeof text);
    bool good =
        n >= TOKEN_HEX && (n == TOKEN_HEX || (n == TOKEN_HEX + 1 && text[TOKEN_HEX] == '\n'));
    for (size_t i = 0; good && i < TOKEN_HEX; i++)
        good = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (good)
        memcpy(ret, text, TOKEN_HEX);
    explicit_bzero(text, sizeof text);
    return good ? ALLORA_OK : no_token(path, "this is no token", renew, err);
}

/* Whole or not at all, and of two processes that make one at once, one wins. */
static int32_t make_token(const char *dir, const char *path, allora_error *err)
{
    uint8_t random[TOKEN_BYTES];
    char text[TOKEN_HEX + 2];
    int32_t rc = fs_mkdirs(dir, 0700, err);

    if (rc)
        return rc;
    A_FREE char *temporary = mem_printf("%s.XXXXXX", path);
    if (!temporary)
        return err_nomem(err);
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return err_set(err, ALLORA_E_INTERNAL, "the kernel gives no random bytes");
    for (size_t i = 0; i < TOKEN_BYTES; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", random[i]);
    text[TOKEN_HEX] = '\n';
    A_CLOSE int fd = mkostemp(temporary, O_CLOEXEC); /* 0600 */
    if (fd < 0)
        return no_token(path, strerror(errno), "the state folder must be writable", err);
    int why = fs_write_all(fd, text, TOKEN_HEX + 1);
    if (!why && (fsync(fd) != 0 || (link(temporary, path) != 0 && errno != EEXIST)))
        why = -errno;
    (void)unlink(temporary);
    explicit_bzero(random, sizeof random);
    explicit_bzero(text, sizeof text);
    return why ? no_token(path, strerror(-why), "the state folder must be writable", err)
               : ALLORA_OK;
}

static int32_t owner_token(const char *dir, char ret[TOKEN_HEX], allora_error *err)
{
    if (!dir) {
        int32_t rc = err_set(err, ALLORA_E_CONFIG, "there is no home folder for the owner's token");
        err_hint(err, "set HOME or XDG_STATE_HOME");
        return rc;
    }
    A_FREE char *path = fs_join(dir, "owner.token");
    if (!path)
        return err_nomem(err);
    int32_t rc = read_token(path, ret, err);
    if (rc == ALLORA_E_NOTFOUND) {
        rc = make_token(dir, path, err);
        if (rc == ALLORA_OK)
            rc = read_token(path, ret, err);
    }
    return rc == ALLORA_E_NOTFOUND ? no_token(path, "it went away", "try again", err) : rc;
}

/* Looks at every byte, whatever it finds. */
static bool same(const char *a, const char *b, size_t n)
{
    unsigned char differ = 0;

    for (size_t i = 0; i < n; i++)
        differ = (unsigned char)(differ | ((unsigned char)a[i] ^ (unsigned char)b[i]));
    return *(volatile unsigned char *)&differ == 0;
}

static int32_t give(struct arena *mem, const char *name, bool owner, const struct principal **ret,
                    allora_error *err)
{
    struct principal *p = arena_alloc(mem, sizeof *p);

    if (!p || !name)
        return err_nomem(err);
    *p = (struct principal){.name = name, .local_owner = owner};
    *ret = p;
    return ALLORA_OK;
}

static int32_t stranger(const char *kind, const char *secret, struct arena *mem,
                        const struct principal **ret, allora_error *err)
{
    uint8_t digest[DIGEST_SIZE];
    char hex[DIGEST_HEX_SIZE];

    if (!kind || !*secret)
        return give(mem, arena_strdup(mem, "anonymous"), false, ret, err);
    int32_t rc = digest_sha256(secret, strlen(secret), digest, err);
    if (rc)
        return rc;
    digest_hex(digest, hex);
    return give(mem, arena_printf(mem, "%s:%.8s", kind, hex), false, ret, err);
}

static int32_t wrong(allora_error *err)
{
    int32_t rc = err_set(err, ALLORA_E_ARG, "this is no credential");
    err_hint(err, "an object with bearer or cookie, a text, or with neither");
    return rc;
}

int32_t identity_verify(const char *state_dir, allora_str credential_json, const char *owner,
                        struct arena *mem, const struct principal **ret, bool *ret_vouched,
                        allora_error *err)
{
    char token[TOKEN_HEX];
    allora_error ignored = ERR_INIT; /* its words could quote the credential */
    A_CLEAN(json_freep) json_node *doc = NULL;

    *ret_vouched = false;
    if (credential_json.len > IDENTITY_CREDENTIAL_MAX ||
        json_parse(credential_json.ptr, (size_t)credential_json.len, &doc, &ignored) ||
        json_typeof(doc) != JSON_OBJECT || json_count(doc) > 1)
        return wrong(err);
    const json_node *only = json_first(doc);
    const char *kind = only ? json_key(only) : NULL, *secret = json_str(only, NULL);
    if (only && (!secret || (!streq(kind, "bearer") && !streq(kind, "cookie"))))
        return wrong(err);
    if (!only || streq(kind, "cookie"))
        return stranger(kind, only ? secret : "", mem, ret, err);
    int32_t rc = owner_token(state_dir, token, err);
    if (rc)
        return rc;
    bool is_owner = strlen(secret) == TOKEN_HEX && same(token, secret, TOKEN_HEX);
    explicit_bzero(token, sizeof token);
    if (!is_owner)
        return stranger(kind, secret, mem, ret, err);
    rc = give(mem, arena_strdup(mem, owner), true, ret, err);
    *ret_vouched = rc == ALLORA_OK;
    return rc;
}
