/* Who could change a plugin's file, and digests: what was checked is what runs, whoever swaps the
 * file meanwhile. */
#include "plugin_help.h"

#include "config/config.h"
#include "plugin/image.h"
#include "plugin/trust.h"

#include <pthread.h>
#include <stdatomic.h>

static allora_ctx *root(void)
{
    static const struct principal me = {"local:test", true, false};
    allora_ctx *c = ctx_root(&me, 0);
    assert_non_null(c);
    return c;
}

static struct config *configure(const char *yaml)
{
    char path[512];
    struct config *c = NULL;
    allora_error err = ERR_INIT;
    help_path(path, "config.yaml");
    assert_int_equal(fs_write_atomic(path, yaml, strlen(yaml), 0600, &err), ALLORA_OK);
    const struct config_options o = {.file = path};
    if (config_open(&o, &c, &err))
        fail_msg("%s", err.message);
    return c;
}

/* ---- the path ---- */

static void make(const char *name, mode_t mode)
{
    char path[512];
    allora_error err = ERR_INIT;
    help_path(path, name);
    assert_int_equal(fs_mkdirs(path, 0755, &err), ALLORA_OK);
    assert_int_equal(chmod(path, mode), 0);
}

static void file(const char *name, mode_t mode)
{
    char path[512];
    allora_error err = ERR_INIT;
    help_path(path, name);
    assert_int_equal(fs_write_atomic(path, "x", 1, 0644, &err), ALLORA_OK);
    assert_int_equal(chmod(path, mode), 0);
}

static const char *why_not(const char *name, const char *program)
{
    static char why[512];
    char path[512], exe[512];
    help_path(path, name);
    help_path(exe, program ? program : "");
    return path_untrusted(path, program ? exe : NULL, why, sizeof why) ? why : NULL;
}

static void expect(const char *name, const char *words)
{
    const char *why = why_not(name, NULL);
    if (!words && why)
        fail_msg("%s: %s", name, why);
    if (words && (!why || !strstr(why, words)))
        fail_msg("%s: \"%s\", not \"%s\"", name, why ? why : "trusted", words);
}

static void every_folder_on_the_way_counts(void **state)
{
    (void)state;
    make("a", 0755);
    make("a/b", 0755);
    make("a/b/c", 0755);
    file("a/b/c/p.so", 0644);
    expect("a/b/c/p.so", NULL);
    expect("a/./b//c/../c/p.so", NULL);
    make("a/b/c", 0777);
    expect("a/b/c/p.so", "c can be written by everyone");
    make("a/b/c", 0755);
    make("a", 0777); /* two folders up */
    expect("a/b/c/p.so", "/a can be written by everyone");
    make("a", 01777); /* as /tmp: only owners can rename what is in it */
    expect("a/b/c/p.so", NULL);
    file("a/p.so", 0644); /* but no plugin lies in it directly */
    expect("a/p.so", "/a can be written by everyone");
    make("a", 0755);
    file("a/b/c/p.so", 0666);
    expect("a/b/c/p.so", "the file can be written by everyone");
    expect("a/b/c/absent.so", "cannot be looked at");
}

static void link_to(const char *target, const char *name)
{
    char path[512];
    help_path(path, name);
    (void)unlink(path);
    assert_int_equal(symlink(target, path), 0);
}

static void links_are_followed_and_looked_at(void **state)
{
    (void)state;
    char target[512];
    make("real", 0755);
    make("real/deep", 0755);
    file("real/deep/p.so", 0644);
    make("safe", 0755);
    help_path(target, "real/deep/p.so");
    link_to(target, "safe/p.so");
    expect("safe/p.so", NULL);
    link_to("../real/deep", "safe/way");
    expect("safe/way/p.so", NULL);
    make("real", 0777); /* beside the link all is well, behind it not */
    expect("safe/p.so", "/real can be written by everyone");
    expect("safe/way/p.so", "/real can be written by everyone");
    make("real", 0755);
    link_to("loop", "safe/loop");
    expect("safe/loop", "leads nowhere");
    link_to("nothing", "safe/broken");
    expect("safe/broken", "cannot be looked at");
}

static void other_owners_are_refused(void **state)
{
    (void)state;
    char path[512];
    if (geteuid() != 0)
        skip();
    make("a", 0755);
    make("a/b", 0755);
    file("a/b/p.so", 0644);
    expect("a/b/p.so", NULL);
    help_path(path, "a");
    assert_int_equal(chown(path, 12345, 12345), 0);
    expect("a/b/p.so", "/a belongs to another user");
    assert_int_equal(chown(path, 0, 12345), 0);
    make("a", 0775);
    expect("a/b/p.so", "/a can be written by its group");
    make("a", 01775); /* the group can add, not replace */
    expect("a/b/p.so", NULL);
    make("a", 01777);
    link_to("b", "a/way");
    expect("a/way/p.so", NULL);
    help_path(path, "a/way");
    assert_int_equal(lchown(path, 12345, 12345), 0); /* whoever owns it can lead it elsewhere */
    expect("a/way/p.so", "/a/way belongs to another user");
}

static void who_owns_the_program_needs_no_plugin(void **state)
{
    (void)state;
    make("prefix", 0777);
    make("prefix/bin", 0755);
    file("prefix/bin/allora", 0755);
    make("prefix/lib", 0755);
    file("prefix/lib/p.so", 0644);
    assert_non_null(why_not("prefix/lib/p.so", NULL));
    assert_null(why_not("prefix/lib/p.so", "prefix/bin/allora"));
    make("prefix/lib", 0777);
    assert_non_null(why_not("prefix/lib/p.so", "prefix/bin/allora"));
}

/* ---- digests ---- */

static int32_t take_number(void *self, const allora_value *cells, uint32_t n)
{
    *(int64_t *)self = n == 1 ? cells[0].u.i : -1;
    return ALLORA_OK;
}

/* What the plugin answers, or a negative status with words in err. */
static int64_t ask(struct registry *r, const char *id, allora_error *err)
{
    A_CLEAN(ctx_closep) allora_ctx *ctx = root();
    const struct plugin *p = help_any(r, id);
    const void *found = NULL;
    allora_instance *self = NULL;
    int64_t answer = 0;
    const allora_sink sink = {.self = &answer, .row = take_number};
    char name[64];
    assert_non_null(p);
    int32_t rc = registry_interface(r, p, ctx, ALLORA_OPERATIONS_ID, &found, &self, err);
    if (rc)
        return rc;
    const allora_operations_v1 *ops = found;
    (void)snprintf(name, sizeof name, "%s.config", id);
    A_CLEAN(ctx_closep) allora_ctx *child = ctx_open(ctx, p, 0, 0);
    rc = ops->call(self, child, name, (allora_str){"answer", 6}, &sink, err);
    return rc ? rc : answer;
}

static void digest_of_fixture(const char *fixture, char ret[8 + DIGEST_HEX_SIZE])
{
    char path[512];
    allora_error err = ERR_INIT;
    (void)snprintf(path, sizeof path, FIXTURE_DIR "/%s/%s.so", fixture, fixture);
    if (image_digest(path, ret, &err))
        fail_msg("%s", err.message);
}

/* In the user's own folder, with this configuration. */
static int64_t ask_with(const char *yaml, allora_error *err)
{
    struct config *c = configure(yaml);
    struct registry *r = help_open_with("", (struct registry_options){.config = c});
    *err = ERR_INIT;
    int64_t answer = ask(r, "embeds_one", err);
    registry_close(r);
    config_close(c);
    return answer;
}

#define USER_FOLDER "XDG_DATA_HOME/allora/plugins"

static void a_digest_is_held_against_the_file(void **state)
{
    (void)state;
    char good[8 + DIGEST_HEX_SIZE], other[8 + DIGEST_HEX_SIZE], yaml[512];
    allora_error err = ERR_INIT;
    digest_of_fixture("embeds_one", good);
    digest_of_fixture("embeds_other", other);
    assert_string_not_equal(good, other);
    help_install(USER_FOLDER, "embeds_one", "embeds_one");
    assert_int_equal(ask_with("{}", &err), 1);
    (void)snprintf(yaml, sizeof yaml, "plugins: {digests: {embeds_one: \"%s\"}}", good);
    assert_int_equal(ask_with(yaml, &err), 1);
    for (char *p = yaml + 40; *p; p++) { /* upper case is the same number */
        if (*p >= 'a' && *p <= 'f')
            *p = (char)(*p - 'a' + 'A');
    }
    assert_int_equal(ask_with(yaml, &err), 1);
    (void)snprintf(yaml, sizeof yaml, "plugins: {digests: {embeds_one: \"%s\"}}", other);
    assert_int_equal(ask_with(yaml, &err), ALLORA_E_ABI);
    assert_string_equal(err.reason, "trust");
    assert_non_null(strstr(err.message, good)); /* found and expected */
    assert_non_null(strstr(err.message, other));
    assert_non_null(strstr(err.message, "config.yaml"));
    assert_non_null(strstr(err.hint, "allora plugin pin embeds_one"));
    assert_int_equal(ask_with("plugins: {digests: {embeds_one: \"md5:12\"}}", &err), ALLORA_E_ABI);
    assert_non_null(strstr(err.message, "64 hexadecimal digits"));
    assert_int_equal(ask_with("plugins: {require_digest: [\"emb*\"]}", &err), ALLORA_E_ABI);
    assert_string_equal(err.reason, "trust");
    assert_non_null(strstr(err.message, good)); /* so that it can be copied */
    assert_int_equal(ask_with("plugins: {require_digest: [\"other*\"]}", &err), 1);
    (void)snprintf(yaml, sizeof yaml,
                   "plugins: {require_digest: \"*\", digests: {embeds_one: \"%s\"}}", good);
    assert_int_equal(ask_with(yaml, &err), 1);
}

/* --plugin-path trusts what it names for this run, but no policy gives way to it. */
static void naming_a_file_passes_over_what_is_recorded(void **state)
{
    (void)state;
    char other[8 + DIGEST_HEX_SIZE], yaml[512];
    allora_error err = ERR_INIT;
    digest_of_fixture("embeds_other", other);
    help_install("p", "embeds_one", "embeds_one");
    (void)snprintf(yaml, sizeof yaml, "plugins: {digests: {embeds_one: \"%s\"}}", other);
    struct config *c = configure(yaml);
    struct registry *r = help_open_with("p", (struct registry_options){.config = c});
    assert_int_equal(ask(r, "embeds_one", &err), 1);
    registry_close(r);
    config_close(c);
    c = configure("plugins: {require_digest: [\"*\"]}");
    r = help_open_with("p", (struct registry_options){.config = c});
    assert_int_equal(ask(r, "embeds_one", &err), ALLORA_E_ABI);
    registry_close(r);
    config_close(c);
}

static atomic_bool swapping;

/* Puts the one and the other file in place, as fast as it can, with equal times. */
static void *swap(void *arg)
{
    char a[512], b[512], place[512], spare[512];
    (void)arg;
    help_path(a, "a.so");
    help_path(b, "b.so");
    help_path(spare, USER_FOLDER "/.spare");
    help_path(place, USER_FOLDER "/embeds_one.so");
    for (unsigned i = 0; atomic_load(&swapping); i++) {
        (void)unlink(spare);
        if (link(i % 2 ? a : b, spare) == 0)
            (void)rename(spare, place);
    }
    return NULL;
}

static void copy_fixture(const char *fixture, const char *name)
{
    char from[512], to[512];
    A_CLEAN(buf_done) struct buf bytes = BUF(64 << 20);
    allora_error err = ERR_INIT;
    (void)snprintf(from, sizeof from, FIXTURE_DIR "/%s/%s.so", fixture, fixture);
    help_path(to, name);
    assert_int_equal(fs_read(from, 64 << 20, &bytes, &err), ALLORA_OK);
    assert_int_equal(fs_write_atomic(to, bytes.ptr, bytes.len, 0644, &err), ALLORA_OK);
}

static void what_is_checked_is_what_runs(void **state)
{
    (void)state;
    enum { ROUNDS = 300 };
    char good[8 + DIGEST_HEX_SIZE], yaml[512];
    unsigned ran = 0, refused = 0;
    pthread_t thread;
    digest_of_fixture("embeds_one", good);
    copy_fixture("embeds_one", "a.so");
    copy_fixture("embeds_other", "b.so"); /* the same manifest, another code */
    help_install(USER_FOLDER, "embeds_one", "embeds_one");
    (void)snprintf(yaml, sizeof yaml, "plugins: {digests: {embeds_one: \"%s\"}}", good);
    struct config *c = configure(yaml);
    atomic_store(&swapping, true);
    assert_int_equal(pthread_create(&thread, NULL, swap, NULL), 0);
    for (int i = 0; i < ROUNDS; i++) {
        allora_error err = ERR_INIT;
        struct registry *r = help_open_with("", (struct registry_options){.config = c});
        int64_t answer = help_any(r, "embeds_one") ? ask(r, "embeds_one", &err) : -1;
        if (answer == 1)
            ran++;
        else if (answer < 0)
            refused++;
        else
            fail_msg("round %d: what was not pinned ran, and said %lld", i, (long long)answer);
        registry_close(r);
    }
    atomic_store(&swapping, false);
    assert_int_equal(pthread_join(thread, NULL), 0);
    print_message("ran %u, refused %u\n", ran, refused);
    assert_true(ran > 0 && refused > 0); /* else nothing was shown */
    config_close(c);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, help_setup, help_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(every_folder_on_the_way_counts),    EACH(links_are_followed_and_looked_at),
        EACH(other_owners_are_refused),          EACH(who_owns_the_program_needs_no_plugin),
        EACH(a_digest_is_held_against_the_file), EACH(naming_a_file_passes_over_what_is_recorded),
        EACH(what_is_checked_is_what_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
