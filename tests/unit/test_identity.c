/* Credentials: the owner's token gives the owner's rights, and nothing else does. */
#include "services_help.h"

#include "base/fs.h"
#include "security/access.h"
#include "security/identity.h"

#include <ftw.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

static char room[64], state_dir[128], token_path[192];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(room, sizeof room, "/tmp/allora-identity-XXXXXX");
    assert_non_null(mkdtemp(room));
    assert_int_equal(setenv("XDG_STATE_HOME", room, 1), 0);
    (void)snprintf(state_dir, sizeof state_dir, "%s/allora", room);
    (void)snprintf(token_path, sizeof token_path, "%s/owner.token", state_dir);
    return 0;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    (void)state;
    return nftw(room, drop, 16, FTW_DEPTH | FTW_PHYS);
}

struct answer {
    struct arena mem;
    const struct principal *who;
    bool vouched;
    int32_t rc;
    allora_error err;
};

static void ask(struct answer *a, const char *credential)
{
    *a = (struct answer){.err = ERR_INIT};
    arena_init(&a->mem, 0);
    a->rc = identity_verify(state_dir, (allora_str){credential, strlen(credential)}, "local:me",
                            &a->mem, &a->who, &a->vouched, &a->err);
}

static void the_owner(void **state)
{
    (void)state;
    struct answer a;
    struct stat st;
    char token[80] = "", credential[160];
    ask(&a, "{\"bearer\":\"made on first need\"}");
    assert_int_equal(a.rc, ALLORA_OK);
    assert_false(a.vouched);
    arena_done(&a.mem);
    assert_int_equal(stat(token_path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_size, 65);
    FILE *f = fopen(token_path, "r");
    assert_int_equal(fread(token, 1, 64, f), 64);
    (void)fclose(f);
    (void)snprintf(credential, sizeof credential, "{\"bearer\":\"%s\"}", token);
    ask(&a, credential);
    assert_int_equal(a.rc, ALLORA_OK);
    assert_true(a.vouched && a.who->local_owner && !a.who->agent);
    assert_string_equal(a.who->name, "local:me");
    arena_done(&a.mem);
    for (size_t i = 0; i < 64; i++) { /* each digit counts */
        token[i] = token[i] == '0' ? '1' : '0';
        (void)snprintf(credential, sizeof credential, "{\"bearer\":\"%s\"}", token);
        ask(&a, credential);
        assert_int_equal(a.rc, ALLORA_OK);
        assert_false(a.vouched || a.who->local_owner);
        arena_done(&a.mem);
        f = fopen(token_path, "r");
        assert_int_equal(fread(token, 1, 64, f), 64);
        (void)fclose(f);
    }
    (void)snprintf(credential, sizeof credential, "{\"cookie\":\"%s\"}", token);
    ask(&a, credential);
    assert_false(a.vouched || a.who->local_owner);
    arena_done(&a.mem);
}

static void strangers(void **state)
{
    (void)state;
    static const struct {
        const char *credential, *name;
    } cases[] = {{"{}", "anonymous"},
                 {"{\"bearer\":\"\"}", "anonymous"},
                 {"{\"bearer\":\"hello\"}", "bearer:2cf24dba"},
                 {"{\"cookie\":\"hello\"}", "cookie:2cf24dba"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct answer a;
        allora_error err = ERR_INIT;
        ask(&a, cases[i].credential);
        assert_int_equal(a.rc, ALLORA_OK);
        assert_string_equal(a.who->name, cases[i].name);
        assert_int_equal(access_check(a.who, "query.sql", NULL, &err), ALLORA_E_DENIED);
        arena_done(&a.mem);
    }
    static const char *const bad[] = {"",
                                      "x",
                                      "[]",
                                      "{\"bearer\":1}",
                                      "{\"password\":\"x\"}",
                                      "{\"bearer\":\"a\",\"cookie\":\"b\"}",
                                      "{\"bearer\":\"secret-word\"",
                                      "\"secret-word\""};
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct answer a;
        ask(&a, bad[i]);
        assert_int_equal(a.rc, ALLORA_E_ARG);
        assert_null(a.who);
        assert_null(strstr(a.err.message, "secret-word"));
        arena_done(&a.mem);
    }
}

static void put(const char *text, mode_t mode)
{
    allora_error err = ERR_INIT;
    assert_int_equal(fs_mkdirs(state_dir, 0700, &err), ALLORA_OK);
    (void)unlink(token_path);
    assert_int_equal(fs_write_atomic(token_path, text, strlen(text), mode, &err), ALLORA_OK);
    assert_int_equal(chmod(token_path, mode), 0);
}

static void a_file_that_others_read_is_not_trusted(void **state)
{
    (void)state;
    static const char good[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct answer a;
    put(good, 0644);
    ask(&a, "{\"bearer\":\"x\"}");
    assert_int_equal(a.rc, ALLORA_E_CONFIG);
    assert_non_null(strstr(a.err.message, "could be read by others"));
    arena_done(&a.mem);
    put("short\n", 0600);
    ask(&a, "{\"bearer\":\"short\"}");
    assert_int_equal(a.rc, ALLORA_E_CONFIG);
    arena_done(&a.mem);
    (void)unlink(token_path);
    assert_int_equal(symlink("/dev/zero", token_path), 0);
    ask(&a, "{\"bearer\":\"x\"}");
    assert_int_equal(a.rc, ALLORA_E_CONFIG);
    arena_done(&a.mem);
    put(good, 0600); /* without a newline is fine */
    ask(&a, "{\"bearer\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}");
    assert_true(a.rc == ALLORA_OK && a.vouched);
    arena_done(&a.mem);
}

static void *first_need(void *ret)
{
    struct answer a;
    ask(&a, "{\"bearer\":\"x\"}");
    *(int32_t *)ret = a.rc;
    arena_done(&a.mem);
    return NULL;
}

static void many_at_once_make_one(void **state)
{
    (void)state;
    pthread_t threads[8];
    int32_t rc[8];
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, first_need, &rc[i]), 0);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(rc[i], ALLORA_OK);
    }
}

/* allora.scope/1: who may ask for another identity, and what such a scope has. */
static void scopes(void **state)
{
    (void)state;
    struct caller c;
    allora_ctx *child = NULL;
    allora_error err = ERR_INIT;
    static const allora_str nobody = {"{}", 2}, none = {"", 0}, wrong = {"{\"x\":1}", 7};
    caller_open(&c, "plain", "{}");
    assert_int_equal(host_scope.open(c.ctx, nobody, 0, 0, &child, &err), ALLORA_E_DENIED);
    assert_int_equal(host_scope.open(c.ctx, none, 0, 0, &child, &err), ALLORA_OK);
    assert_ptr_equal(child->principal, c.ctx->principal);
    caller_close(&c);

    caller_open(&c, "server", "{\"identity\":true}");
    c.ctx->console = (const struct console *)(const void *)&c;
    c.ctx->approver = (const struct approver *)(const void *)&c;
    c.ctx->vouched = true;
    assert_int_equal(host_scope.open(c.ctx, wrong, 0, 0, &child, &err), ALLORA_E_ARG);
    assert_null(c.ctx->children);
    assert_int_equal(host_scope.open(c.ctx, nobody, 0, ALLORA_SCOPE_DRAIN, &child, &err), 0);
    assert_false(child->principal->local_owner || child->vouched);
    assert_null(child->console);
    assert_null(child->approver);
    assert_int_equal(child->flags, ALLORA_SCOPE_DRAIN);
    allora_ctx *below = NULL; /* it stays nobody */
    assert_int_equal(host_scope.open(child, none, 0, 0, &below, &err), ALLORA_OK);
    assert_ptr_equal(below->principal, child->principal);
    c.who.agent = true;
    assert_int_equal(host_scope.open(c.ctx, nobody, 0, 0, &below, &err), ALLORA_E_DENIED);
    caller_close(&c);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(the_owner),
        EACH(strangers),
        EACH(a_file_that_others_read_is_not_trusted),
        EACH(many_at_once_make_one),
        EACH(scopes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
