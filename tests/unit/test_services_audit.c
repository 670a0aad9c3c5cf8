/* allora.audit/1: a plugin's notes are in the journal, as its own, and without secrets. */
#include "services_help.h"

#include "base/json.h"
#include "security/journal.h"
#include "store/store.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char room[64];
static struct store *store;
static struct journal *journal;
static struct caller c;

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int setup(void **state)
{
    allora_error err = ERR_INIT;
    (void)state;
    (void)snprintf(room, sizeof room, "/tmp/allora-audit-XXXXXX");
    assert_non_null(mkdtemp(room));
    assert_int_equal(store_new(room, &store, &err), ALLORA_OK);
    assert_int_equal(journal_new(store, &journal, &err), ALLORA_OK);
    caller_open(&c, "door", "{\"audit\":true}");
    c.registry.journal = journal;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    caller_close(&c);
    journal_free(journal);
    store_free(store);
    return nftw(room, drop, 16, FTW_DEPTH | FTW_PHYS);
}

static int32_t note(const char *action, const char *target, const char *detail)
{
    return host_audit.record(c.ctx, (allora_str){action, strlen(action)},
                             (allora_str){target, strlen(target)},
                             (allora_str){detail, strlen(detail)});
}

static int32_t keep(void *self, const struct store_record *r)
{
    buf_add(self, r->value.ptr, (size_t)r->value.len);
    buf_addc(self, '\n');
    return ALLORA_OK;
}

static void notes_are_kept(void **state)
{
    (void)state;
    allora_error err = ERR_INIT;
    A_CLEAN(buf_done) struct buf text = BUF(1 << 20);
    assert_int_equal(note("opened", "front",
                          "{\"by\":\"maria\",\"api_key\":\"k1\",\"x\":[{\"Password\":\"k2\"}]}"),
                     0);
    assert_int_equal(note("closed", "", ""), 0);
    assert_int_equal(store_log_read(store, "journal", 0, false, 0, keep, &text, &err), 0);
    const char *all = buf_str(&text);
    assert_non_null(strstr(all, "\"kind\":\"note\""));
    assert_non_null(strstr(all, "\"operation\":\"door.opened\""));
    assert_non_null(strstr(all, "\"target\":\"front\""));
    assert_non_null(strstr(all, "\"by\":\"maria\""));
    assert_non_null(strstr(all, "\"principal\":\"local:test\""));
    assert_non_null(strstr(all, "\"operation\":\"door.closed\""));
    assert_null(strstr(all, "k1"));
    assert_null(strstr(all, "k2"));
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    enum { BIG = 70 << 10 };
    char *big = malloc(BIG);
    assert_non_null(big);
    memset(big, ' ', BIG);
    memcpy(big, "{\"a\":1", 6);
    big[64000] = '}';
    big[64001] = '\0';
    assert_int_equal(note("a", "", "[1]"), ALLORA_E_ARG);
    assert_int_equal(note("a", "", "{"), ALLORA_E_ARG);
    assert_int_equal(note("", "", ""), ALLORA_E_ARG);
    assert_int_equal(note("a b", "", ""), ALLORA_E_ARG);
    assert_int_equal(note("a", "\xff", ""), ALLORA_E_ARG);
    assert_int_equal(note("a", "", big), ALLORA_OK);
    big[64000] = big[64001] = ' ';
    big[66000] = '}';
    big[66001] = '\0';
    assert_int_equal(note("a", "", big), ALLORA_E_ARG);
    free(big);
    c.registry.journal = NULL;
    assert_int_equal(note("a", "", ""), ALLORA_E_UNSUPPORTED);
    assert_int_equal(
        host_audit.record(c.root, (allora_str){"a", 1}, (allora_str){"", 0}, (allora_str){"", 0}),
        ALLORA_E_INTERNAL);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {EACH(notes_are_kept), EACH(nonsense_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
