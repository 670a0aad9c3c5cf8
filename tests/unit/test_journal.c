/* Writing the journal: what a record looks like, one chain from many writers, batches of reads,
 * what remembers its end, and nothing by halves when the store fails. */
#include "base/canonical.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "security/journal_head.h"
#include "security/journal_private.h"
#include "security/journal_record.h"
#include "unit/failing_driver.h"
#include "unit/store_place.h"
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static struct principal maria = {"local:maria", true, false};
static struct principal robot = {"local:maria", true, true};
static allora_ctx ctx = {.principal = &maria, .trace_id = "0123456789abcdef"};
static allora_ctx robots = {.principal = &robot, .trace_id = "fedcba9876543210"};

static struct journal *open_journal(struct store *s)
{
    struct journal *j = NULL;
    allora_error err = ERR_INIT;
    assert_int_equal(journal_new(s, &j, &err), ALLORA_OK);
    return j;
}

static struct journal_entry entry(const char *kind, const char *operation)
{
    return (struct journal_entry){.kind = kind, .operation = operation, .effect = -1};
}

static int32_t append(struct journal *j, const char *operation)
{
    struct journal_entry e = entry("intent", operation);
    allora_error err = ERR_INIT;
    return journal_append(j, &ctx, &e, NULL, &err);
}

/* Every record is what it should be and follows the one before; *self counts them. */
struct chain {
    uint64_t n;
    char prev[DIGEST_HEX_SIZE];
    char operations[4096];
};

static int32_t follow(void *self, const struct store_record *record)
{
    struct chain *c = self;
    struct journal_record r;
    allora_error err = ERR_INIT;
    assert_int_equal(journal_record_read(record->value, &r, &err), ALLORA_OK);
    assert_string_equal(r.hash, r.computed);
    assert_string_equal(r.prev, c->n ? c->prev : JOURNAL_NO_HASH);
    assert_int_equal(r.seq, ++c->n);
    assert_int_equal(record->seq, c->n);
    assert_int_equal(record->at_us, r.time_us);
    memcpy(c->prev, r.hash, sizeof c->prev);
    size_t used = strlen(c->operations);
    (void)snprintf(c->operations + used, sizeof c->operations - used, "%s ",
                   json_get_str(r.node, "operation", "?"));
    journal_record_done(&r);
    return 0;
}

static struct chain check_chain(struct store *s)
{
    struct chain c = {0};
    struct journal_head head;
    allora_error err = ERR_INIT;
    assert_int_equal(store_log_read(s, JOURNAL_LOG, 0, false, 0, follow, &c, &err), ALLORA_OK);
    int32_t status = journal_head_get(s, &head, &err);
    if (!c.n) {
        assert_int_equal(status, ALLORA_E_NOTFOUND);
        return c;
    }
    assert_int_equal(status, ALLORA_OK);
    assert_int_equal(head.seq, c.n);
    assert_string_equal(head.hash, c.prev);
    return c;
}

static void a_record_is_canonical_json(void **state)
{
    struct place *p = *state;
    allora_error err = ERR_INIT;
    struct journal *j = open_journal(p->store);
    assert_int_equal(access(store_path(p->store), F_OK), -1); /* nothing is opened yet */
    struct journal_entry e = {.kind = "outcome",
                              .operation = "host.process.signal",
                              .effect = ALLORA_EFFECT_WRITE,
                              .plan = "7f3a-91c2",
                              .target = "pid 12 \"x\"\xff",
                              .status = "ok",
                              .detail = str_of("{\"b\": 1.0, \"a\":[ ]}")};
    uint64_t seq = 0;
    assert_int_equal(journal_append(j, &robots, &e, &seq, &err), ALLORA_OK);
    assert_int_equal(seq, 1);
    struct store_record last;
    struct journal_record r;
    assert_int_equal(store_log_last(p->store, &p->mem, JOURNAL_LOG, &last, &err), ALLORA_OK);
    assert_int_equal(journal_record_read(last.value, &r, &err), ALLORA_OK);
    struct buf want = BUF(2000);
    buf_addf(&want,
             "{\"agent\":true,\"detail\":{\"a\":[],\"b\":1},\"effect\":\"write\",\"hash\":\"%s\","
             "\"kind\":\"outcome\",\"operation\":\"host.process.signal\",\"plan\":\"7f3a-91c2\","
             "\"prev\":\"" JOURNAL_NO_HASH "\",\"principal\":\"local:maria\",\"seq\":1,"
             "\"status\":\"ok\",\"target\":\"pid 12 \\\"x\\\"\xef\xbf\xbd\",\"time\":\"%s\","
             "\"trace\":\"fedcba9876543210\"}",
             r.computed, json_get_str(r.node, "time", ""));
    assert_string_equal(last.value.ptr, buf_str(&want));
    buf_done(&want);
    journal_record_done(&r);

    e = (struct journal_entry){.kind = "note", .effect = -1, .detail = str_of("{}")};
    assert_int_equal(journal_append(j, NULL, &e, &seq, &err), ALLORA_OK);
    assert_int_equal(store_log_last(p->store, &p->mem, JOURNAL_LOG, &last, &err), ALLORA_OK);
    assert_true(str_starts(last.value.ptr, "{\"hash\":\""));
    journal_free(j);
    assert_int_equal(check_chain(p->store).n, 2);
}

static void refuses_what_is_no_detail(void **state)
{
    struct place *p = *state;
    struct journal *j = open_journal(p->store);
    static const char *const bad[] = {"[]", "{", "1", "{},{}", "{\"a\":1,\"a\":2}"};
    struct journal_entry e = entry("intent", "x");
    allora_error err = ERR_INIT;
    journal_later(j, &ctx, &e);
    for (size_t i = 0; i < COUNT(bad); i++) {
        e.detail = str_of(bad[i]);
        assert_int_equal(journal_append(j, &ctx, &e, NULL, &err), ALLORA_E_ARG);
    }
    A_CLEAN(buf_done) struct buf deep = BUF(1000); /* fits alone, not inside a record */
    buf_adds(&deep, "{\"a\":");
    buf_pad(&deep, '[', 199);
    buf_pad(&deep, ']', 199);
    buf_addc(&deep, '}');
    e.detail = (allora_str){deep.ptr, deep.len};
    assert_int_equal(journal_append(j, &ctx, &e, NULL, &err), ALLORA_E_ARG);
    A_CLEAN(buf_done) struct buf large = BUF((size_t)8 << 20);
    buf_adds(&large, "{\"a\":\"");
    buf_pad(&large, 'x', JOURNAL_RECORD_MAX - 300);
    buf_adds(&large, "\"}");
    e.detail = (allora_str){large.ptr, large.len};
    assert_int_equal(journal_append(j, &ctx, &e, NULL, &err), ALLORA_E_ARG);
    assert_non_null(strstr(err.message, "at most 4 MiB"));
    /* The read that waited is still there; one whose own detail is no good goes without it. */
    e = entry("read", "y");
    e.detail = str_of("nonsense");
    journal_later(j, &ctx, &e);
    journal_free(j);
    assert_string_equal(check_chain(p->store).operations, "x y ");
}

static void a_large_record_is_read_back(void **state)
{
    struct place *p = *state;
    struct journal *j = open_journal(p->store);
    allora_error err = ERR_INIT;
    A_CLEAN(buf_done) struct buf large = BUF((size_t)8 << 20);
    buf_adds(&large, "{\"a\":\"");
    buf_pad(&large, 'x', JOURNAL_RECORD_MAX - 600);
    buf_adds(&large, "\"}");
    struct journal_entry e = entry("intent", "x");
    e.detail = (allora_str){large.ptr, large.len};
    assert_int_equal(journal_append(j, &ctx, &e, NULL, &err), ALLORA_OK);
    journal_free(j);
    assert_int_equal(check_chain(p->store).n, 1);
}

static void reads_wait_and_keep_their_order(void **state)
{
    struct place *p = *state;
    struct journal *j = open_journal(p->store);
    struct journal_entry a = entry("read", "a"), b = entry("read", "b");
    journal_later(j, &ctx, &a);
    journal_later(j, &ctx, &b);
    assert_int_equal(access(store_path(p->store), F_OK), -1);
    assert_int_equal(append(j, "c"), ALLORA_OK);
    assert_string_equal(check_chain(p->store).operations, "a b c ");
    journal_later(j, &ctx, &a);
    allora_error err = ERR_INIT;
    assert_int_equal(journal_flush(j, &err), ALLORA_OK);
    assert_int_equal(journal_flush(j, &err), ALLORA_OK);
    assert_int_equal(check_chain(p->store).n, 4);
    for (int i = 0; i < 256; i++)
        journal_later(j, &ctx, &b);
    assert_int_equal(check_chain(p->store).n, 4 + 256); /* as many as are held at once */
    char big[60000];
    memset(big, 'x', sizeof big);
    memcpy(big, "{\"a\":\"", 6);
    memcpy(big + sizeof big - 2, "\"}", 2);
    b.detail = (allora_str){big, sizeof big};
    for (int i = 0; i < 18; i++)
        journal_later(j, &ctx, &b);
    assert_int_equal(check_chain(p->store).n, 4 + 256 + 18); /* or as much */
    journal_later(j, &ctx, &a);
    journal_free(j);
    assert_int_equal(check_chain(p->store).n, 4 + 256 + 18 + 1);
}

static void goes_with_the_callers_transaction(void **state)
{
    struct place *p = *state;
    struct journal *j = open_journal(p->store);
    struct journal_head head;
    allora_error err = ERR_INIT;
    assert_int_equal(append(j, "a"), ALLORA_OK);
    assert_int_equal(store_begin(p->store, &err), ALLORA_OK);
    assert_int_equal(append(j, "b"), ALLORA_OK);
    store_rollback(p->store);
    assert_string_equal(check_chain(p->store).operations, "a ");
    assert_int_equal(journal_head_recall(journal_head_path(j), &head, &err), ALLORA_OK);
    assert_int_equal(head.seq, 1);
    assert_int_equal(store_begin(p->store, &err), ALLORA_OK);
    assert_int_equal(append(j, "c"), ALLORA_OK);
    assert_int_equal(store_commit(p->store, &err), ALLORA_OK);
    assert_int_equal(journal_head_recall(journal_head_path(j), &head, &err), ALLORA_OK);
    assert_int_equal(head.seq, 1); /* it may lag behind */
    assert_int_equal(append(j, "d"), ALLORA_OK);
    assert_int_equal(journal_head_recall(journal_head_path(j), &head, &err), ALLORA_OK);
    assert_int_equal(head.seq, 3);
    journal_free(j);
    assert_string_equal(check_chain(p->store).operations, "a c d ");
}

/* Both witnesses of a head that is gone are left as they are, while the journal goes on. */
static void what_remembers_a_lost_end_is_kept(void **state)
{
    struct place *p = *state;
    struct journal *j = open_journal(p->store);
    struct journal_head item, file, kept = {.seq = 9, .hash = JOURNAL_NO_HASH};
    allora_error err = ERR_INIT;
    A_FREE char *path = mem_strdup(journal_head_path(j));
    assert_int_equal(append(j, "a"), ALLORA_OK);
    assert_int_equal(journal_head_put(p->store, &kept, &err), ALLORA_OK);
    A_CLEAN(buf_done) struct buf line = BUF(200);
    buf_addf(&line, "allora journal head %020d %s\n", 9, JOURNAL_NO_HASH);
    assert_int_equal(fs_write_atomic(path, line.ptr, line.len, 0600, &err), ALLORA_OK);
    for (int i = 0; i < 12; i++)
        assert_int_equal(append(j, "b"), ALLORA_OK);
    journal_free(j);
    struct chain c = {0};
    assert_int_equal(store_log_read(p->store, JOURNAL_LOG, 0, false, 0, follow, &c, &err),
                     ALLORA_OK);
    assert_int_equal(c.n, 13);
    assert_int_equal(journal_head_get(p->store, &item, &err), ALLORA_OK);
    assert_int_equal(journal_head_recall(path, &file, &err), ALLORA_OK);
    assert_int_equal(item.seq, 9);
    assert_int_equal(file.seq, 9);
    bool held = true;
    assert_int_equal(journal_head_holds(p->store, &item, &held, &err), ALLORA_OK);
    assert_false(held);
}

static void a_damaged_head_file_is_left_alone(void **state)
{
    static const char *const bad[] = {"x", "allora journal head 1 2\n",
                                      "allora journal head 00000000000000000000 " JOURNAL_NO_HASH
                                      "\n"};
    struct place *p = *state;
    struct journal *j = open_journal(p->store);
    struct journal_head head;
    allora_error err = ERR_INIT;
    const char *path = journal_head_path(j);
    assert_int_equal(journal_head_recall(path, &head, &err), ALLORA_E_NOTFOUND);
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_int_equal(fs_write_atomic(path, bad[i], strlen(bad[i]), 0600, &err), ALLORA_OK);
        assert_int_equal(append(j, "a"), ALLORA_OK);
        assert_int_equal(journal_head_recall(path, &head, &err), ALLORA_E_INTEGRITY);
    }
    assert_int_equal(fs_write_atomic(path, "", 0, 0600, &err), ALLORA_OK);
    assert_int_equal(append(j, "a"), ALLORA_OK);
    assert_int_equal(journal_head_recall(path, &head, &err), ALLORA_OK);
    assert_int_equal(head.seq, COUNT(bad) + 1);
    journal_free(j);
}

enum { WRITERS = 4, ROUNDS = 20 };

static void *write_many(void *self)
{
    intptr_t failures = 0;
    struct journal_entry e = entry("read", "r");
    for (int i = 0; i < ROUNDS; i++) {
        journal_later(self, &ctx, &e);
        failures += append(self, "w") != ALLORA_OK;
    }
    return (void *)failures; // NOLINT
}

static void threads_keep_one_chain(void **state)
{
    struct place *p = *state;
    struct journal *j = open_journal(p->store);
    pthread_t threads[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_many, j), 0);
    for (int i = 0; i < WRITERS; i++) {
        void *failures = NULL;
        (void)pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    journal_free(j);
    assert_int_equal(check_chain(p->store).n, 2 * WRITERS * ROUNDS);
}

static void processes_keep_one_chain(void **state)
{
    struct place *p = *state;
    pid_t children[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            struct store *s = place_store(p->dir);
            struct journal *j = open_journal(s);
            intptr_t failures = (intptr_t)write_many(j);
            journal_free(j);
            store_free(s);
            _exit(failures ? 1 : 0);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(check_chain(p->store).n, 2 * WRITERS * ROUNDS);
    struct journal_head head;
    bool held = false;
    allora_error err = ERR_INIT;
    A_FREE char *path = fs_join(p->dir, "journal.head");
    assert_int_equal(journal_head_recall(path, &head, &err), ALLORA_OK);
    assert_int_equal(journal_head_holds(p->store, &head, &held, &err), ALLORA_OK);
    assert_true(held);
}

/* No home, or a folder that can't be: an append is refused in words that a person can act on and
 * with exit code 1, a read is let pass. */
static void says_that_it_cannot_be_written(void **state)
{
    struct place *p = *state;
    char *blocked = fs_join(p->dir, "file");
    allora_error err = ERR_INIT;
    assert_int_equal(fs_write_atomic(blocked, "", 0, 0600, &err), ALLORA_OK);
    const char *const places[] = {NULL, blocked, "/proc/allora"};
    for (size_t i = 0; i < COUNT(places); i++) {
        struct store *s = place_store(places[i]);
        struct journal *j = open_journal(s);
        struct journal_entry e = entry("intent", "x");
        journal_later(j, &ctx, &e);
        int32_t status = journal_append(j, &ctx, &e, NULL, &err);
        assert_int_equal(status, ALLORA_E_INTERNAL);
        assert_int_equal(status_exit_code(status), 1);
        assert_non_null(strstr(err.message, "the journal cannot be written"));
        assert_string_equal(err.reason, "journal_unwritable");
        assert_true(err.hint[0]);
        assert_int_equal(journal_append(j, &ctx, &e, NULL, NULL), ALLORA_E_INTERNAL);
        journal_later(j, &ctx, &e);
        journal_free(j);
        store_free(s);
    }
    free(blocked);
}

/* Whichever call of the store fails: the record is there or it is not, and what was acknowledged
 * is. */
static void nothing_is_half_written(void **state)
{
    struct place *p = *state;
    int64_t n = 0;
    log_set_level(ALLORA_LOG_ERROR);
    for (bool failed = true; failed; n++) {
        assert_true(n < 100);
        store_free(p->store);
        place_wipe(p->dir);
        allora_error err = ERR_INIT;
        assert_int_equal(store_new_driver(&failing_driver, p->dir, &p->store, &err), ALLORA_OK);
        struct journal *j = open_journal(p->store);
        struct journal_entry e = entry("read", "r");
        failing_after = n;
        journal_later(j, &ctx, &e);
        bool first = append(j, "a") == ALLORA_OK;
        bool second = append(j, "b") == ALLORA_OK;
        journal_later(j, &ctx, &e);
        bool third = journal_flush(j, &err) == ALLORA_OK;
        failed = failing_after < 0;
        failing_after = -1;
        char want[32];
        (void)snprintf(want, sizeof want, "%s%s%s", first ? "r a " : "", second ? "b " : "",
                       third ? "r " : "");
        assert_string_equal(check_chain(p->store).operations, want);
        assert_true(failed || (first && second && third));
        assert_int_equal(append(j, "c"), ALLORA_OK);
        journal_free(j);
        place_reopen(p);
        (void)check_chain(p->store);
    }
    assert_true(n > 12);
}

static void survives_every_failed_allocation(void **state)
{
    struct place *p = *state;
    unsigned done = 0;
    log_set_level(ALLORA_LOG_ERROR);
    for (int64_t n = 0;; n++) {
        assert_true(n < 1000);
        struct journal *j = NULL;
        allora_error err = ERR_INIT;
        struct journal_entry e = entry("read", "r"), a = entry("intent", "a");
        a.detail = str_of("{\"x\":[1]}");
        mem_fail_after(n);
        int32_t status = journal_new(p->store, &j, &err);
        if (!status) {
            journal_later(j, &ctx, &e);
            status = journal_append(j, &ctx, &a, NULL, &err);
        }
        mem_fail_after(-1);
        done += status == ALLORA_OK;
        journal_free(j);
        if (status == ALLORA_OK && n > 40)
            break;
        if (status != ALLORA_OK)
            assert_int_equal(status, ALLORA_E_NOMEM);
    }
    assert_true(check_chain(p->store).n >= done);
}

/* A read that is put off costs its caller next to nothing. */
static void putting_off_a_read_is_cheap(void **state)
{
    struct place *p = *state;
    struct journal *j = open_journal(p->store);
    struct journal_entry e = entry("read", "query.sql");
    e.target = "host_process";
    allora_error err = ERR_INIT;
    assert_int_equal(append(j, "a"), ALLORA_OK);
    int64_t before = clock_mono_us();
    for (int i = 0; i < 250; i++)
        journal_later(j, &ctx, &e);
    int64_t took = clock_mono_us() - before;
    print_message("a read is put off in %.2f us\n", (double)took / 250);
    before = clock_mono_us();
    assert_int_equal(journal_flush(j, &err), ALLORA_OK);
    print_message("and written in %.2f us\n", (double)(clock_mono_us() - before) / 250);
    journal_free(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(a_record_is_canonical_json),
        PLACE_TEST(refuses_what_is_no_detail),
        PLACE_TEST(a_large_record_is_read_back),
        PLACE_TEST(reads_wait_and_keep_their_order),
        PLACE_TEST(goes_with_the_callers_transaction),
        PLACE_TEST(what_remembers_a_lost_end_is_kept),
        PLACE_TEST(a_damaged_head_file_is_left_alone),
        PLACE_TEST(threads_keep_one_chain),
        PLACE_TEST(processes_keep_one_chain),
        PLACE_TEST(says_that_it_cannot_be_written),
        PLACE_TEST(nothing_is_half_written),
        PLACE_TEST(survives_every_failed_allocation),
        PLACE_TEST(putting_off_a_read_is_cheap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
