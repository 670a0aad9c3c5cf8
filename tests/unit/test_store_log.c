/* The store's logs and leases: numbers, heads, trimming, waiting, several threads and processes at
 * once, kill -9, files of older schemas. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "unit/store_place.h"
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

static int32_t add(struct store *s, const char *log, uint64_t expected, const char *text,
                   uint64_t *ret)
{
    allora_error err = ERR_INIT;
    return store_log_append(s, log, expected, str_of(text), ret, &err);
}

static int32_t collect(void *self, const struct store_record *r)
{
    struct buf *b = self;
    buf_addf(b, "%llu=%.*s ", (unsigned long long)r->seq, (int)r->value.len, r->value.ptr);
    return 0;
}

static void read_log(struct store *s, uint64_t after, bool reverse, uint64_t limit,
                     const char *want)
{
    A_CLEAN(buf_done) struct buf b = BUF(1 << 20);
    allora_error err = ERR_INIT;
    assert_int_equal(store_log_read(s, "l", after, reverse, limit, collect, &b, &err), ALLORA_OK);
    assert_string_equal(buf_str(&b), want);
}

static void numbers_have_no_gaps(void **state)
{
    struct place *p = *state;
    uint64_t seq = 0;
    struct store_record last;
    allora_error err = ERR_INIT;
    read_log(p->store, 0, false, 0, ""); /* and makes no file */
    assert_int_equal(access(store_path(p->store), F_OK), -1);
    assert_int_equal(store_log_last(p->store, &p->mem, "l", &last, &err), ALLORA_E_NOTFOUND);
    assert_int_equal(add(p->store, "l", 0, "a", &seq), ALLORA_OK);
    assert_int_equal(seq, 1);
    assert_int_equal(add(p->store, "l", 0, "b", &seq), ALLORA_E_CONFLICT);
    assert_int_equal(add(p->store, "l", 2, "b", &seq), ALLORA_E_CONFLICT);
    assert_int_equal(seq, 1);
    assert_int_equal(add(p->store, "l", 1, "b", &seq), ALLORA_OK);
    assert_int_equal(add(p->store, "l", UINT64_MAX, "c", NULL), ALLORA_OK);
    assert_int_equal(add(p->store, "other", UINT64_MAX, "x", &seq), ALLORA_OK);
    assert_int_equal(seq, 1);
    assert_int_equal(store_log_last(p->store, &p->mem, "l", &last, &err), ALLORA_OK);
    assert_int_equal(last.seq, 3);
    assert_string_equal(last.value.ptr, "c");
    assert_true(last.at_us > 0 && last.at_us <= clock_wall_us());
    read_log(p->store, 0, false, 0, "1=a 2=b 3=c ");
    read_log(p->store, 1, false, 1, "2=b ");
    read_log(p->store, 3, false, 0, "");
    read_log(p->store, UINT64_MAX, true, 2, "3=c 2=b ");
    read_log(p->store, 2, true, 0, "1=a ");
}

static void refuses_bad_names_and_sizes(void **state)
{
    struct place *p = *state;
    allora_error err = ERR_INIT;
    allora_str huge = {"", (uint64_t)STORE_VALUE_MAX + 1};
    assert_int_equal(add(p->store, "", 0, "a", NULL), ALLORA_E_ARG);
    assert_int_equal(store_log_append(p->store, "l", 0, huge, NULL, &err), ALLORA_E_ARG);
    assert_int_equal(store_lease_take(p->store, "", "me", 1, &err), ALLORA_E_ARG);
    assert_int_equal(store_lease_take(p->store, "x", "", 1, &err), ALLORA_E_ARG);
    assert_int_equal(access(store_path(p->store), F_OK), -1);
}

static void rolls_back_with_a_transaction(void **state)
{
    struct place *p = *state;
    allora_error err = ERR_INIT;
    assert_int_equal(add(p->store, "l", 0, "a", NULL), ALLORA_OK);
    assert_false(store_nested(p->store));
    assert_int_equal(store_begin(p->store, &err), ALLORA_OK);
    assert_true(store_nested(p->store));
    assert_int_equal(add(p->store, "l", 1, "b", NULL), ALLORA_OK);
    assert_int_equal(add(p->store, "l", 2, "c", NULL), ALLORA_OK);
    store_rollback(p->store);
    read_log(p->store, 0, false, 0, "1=a ");
    assert_int_equal(store_begin_relaxed(p->store, &err), ALLORA_OK);
    assert_int_equal(add(p->store, "l", 1, "b", NULL), ALLORA_OK);
    assert_int_equal(store_commit(p->store, &err), ALLORA_OK);
    assert_int_equal(add(p->store, "l", 2, "c", NULL), ALLORA_OK);
    place_reopen(p);
    read_log(p->store, 0, false, 0, "1=a 2=b 3=c ");
}

static void trims_but_goes_on_counting(void **state)
{
    struct place *p = *state;
    allora_error err = ERR_INIT;
    uint64_t seq = 0;
    assert_int_equal(store_log_trim(p->store, "l", 5, &err), ALLORA_OK);
    for (uint64_t i = 0; i < 5; i++)
        assert_int_equal(add(p->store, "l", i, "x", NULL), ALLORA_OK);
    assert_int_equal(store_log_trim(p->store, "l", 2, &err), ALLORA_OK);
    read_log(p->store, 0, false, 0, "3=x 4=x 5=x ");
    assert_int_equal(store_log_trim(p->store, "l", UINT64_MAX, &err), ALLORA_OK);
    read_log(p->store, 0, false, 0, "5=x ");
    assert_int_equal(add(p->store, "l", 5, "y", &seq), ALLORA_OK);
    assert_int_equal(seq, 6);
}

struct appender {
    struct store *store;
    int64_t delay_us;
};

static void *append_later(void *self)
{
    struct appender *a = self;
    (void)usleep((useconds_t)a->delay_us);
    assert_int_equal(add(a->store, "l", UINT64_MAX, "x", NULL), ALLORA_OK);
    return NULL;
}

static void waits_for_records(void **state)
{
    struct place *p = *state;
    allora_error err = ERR_INIT;
    int64_t before = clock_mono_us();
    assert_int_equal(store_log_wait(p->store, "l", 0, 150000, &err), ALLORA_E_TIMEOUT);
    assert_true(clock_mono_us() - before >= 150000);
    assert_int_equal(add(p->store, "l", 0, "a", NULL), ALLORA_OK);
    assert_int_equal(store_log_wait(p->store, "l", 0, 0, &err), ALLORA_OK);
    assert_int_equal(store_log_wait(p->store, "l", 1, -1, &err), ALLORA_E_TIMEOUT);

    struct appender own = {p->store, 30000};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, append_later, &own), 0);
    assert_int_equal(store_log_wait(p->store, "l", 1, 30000000, &err), ALLORA_OK);
    (void)pthread_join(thread, NULL);

    pid_t child = fork();
    if (child == 0) {
        struct store *s = place_store(p->dir);
        (void)usleep(30000);
        int32_t status = add(s, "l", UINT64_MAX, "y", NULL);
        store_free(s);
        _exit(status ? 1 : 0);
    }
    assert_int_equal(store_log_wait(p->store, "l", 2, 30000000, &err), ALLORA_OK);
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    read_log(p->store, 1, false, 0, "2=x 3=y ");
}

enum { WRITERS = 4, ROUNDS = 25 };

/* Adds to the head it sees, again when somebody was faster. */
static void *add_many(void *self)
{
    intptr_t failures = 0;
    for (int i = 0; i < ROUNDS; i++) {
        int32_t status = ALLORA_E_CONFLICT;
        while (status == ALLORA_E_CONFLICT) {
            struct arena mem;
            struct store_record last = {0};
            allora_error err = ERR_INIT;
            arena_init(&mem, 0);
            status = store_log_last(self, &mem, "l", &last, &err);
            arena_done(&mem);
            if (!status || status == ALLORA_E_NOTFOUND)
                status = add(self, "l", last.seq, "x", NULL);
        }
        failures += status != ALLORA_OK;
    }
    return (void *)failures; // NOLINT
}

static int32_t count_on(void *self, const struct store_record *r)
{
    uint64_t *n = self;
    return r->seq == ++*n ? 0 : ALLORA_E_INTERNAL;
}

static void check_count(struct store *s, uint64_t want)
{
    uint64_t n = 0;
    allora_error err = ERR_INIT;
    assert_int_equal(store_log_read(s, "l", 0, false, 0, count_on, &n, &err), ALLORA_OK);
    assert_int_equal(n, want);
}

static void threads_share_one_log(void **state)
{
    struct place *p = *state;
    pthread_t threads[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, p->store), 0);
    for (int i = 0; i < WRITERS; i++) {
        void *failures = NULL;
        (void)pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    check_count(p->store, WRITERS * ROUNDS);
}

static void processes_share_one_log(void **state)
{
    struct place *p = *state;
    pid_t children[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            struct store *s = place_store(p->dir);
            intptr_t failures = (intptr_t)add_many(s);
            store_free(s);
            _exit(failures ? 1 : 0);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    check_count(p->store, WRITERS * ROUNDS);
}

/* A relaxed commit outlives its process: what was said to be written is there. */
static void kill_loses_no_relaxed_commit(void **state)
{
    struct place *p = *state;
    int out[2];
    uint64_t said = 0, seq = 0;
    assert_int_equal(pipe(out), 0);
    pid_t child = fork();
    if (child == 0) {
        struct store *s = place_store(p->dir);
        for (;;) {
            allora_error err = ERR_INIT;
            if (store_begin_relaxed(s, &err) || add(s, "l", UINT64_MAX, "x", &seq) ||
                store_commit(s, &err) || write(out[1], &seq, sizeof seq) != sizeof seq)
                _exit(1);
        }
    }
    (void)close(out[1]);
    while (said < 200 && read(out[0], &seq, sizeof seq) == sizeof seq)
        said = seq;
    (void)kill(child, SIGKILL);
    while (read(out[0], &seq, sizeof seq) == sizeof seq)
        said = seq;
    (void)close(out[0]);
    (void)waitpid(child, NULL, 0);
    struct store_record last;
    allora_error err = ERR_INIT;
    assert_int_equal(store_log_last(p->store, &p->mem, "l", &last, &err), ALLORA_OK);
    assert_true(said >= 200 && (last.seq == said || last.seq == said + 1));
}

static void leases_have_one_holder(void **state)
{
    struct place *p = *state;
    allora_error err = ERR_INIT;
    store_lease_release(p->store, "x", "me"); /* there is nothing */
    assert_int_equal(store_lease_take(p->store, "x", "me", 60000000, &err), ALLORA_OK);
    assert_int_equal(store_lease_take(p->store, "x", "you", 60000000, &err), ALLORA_E_CONFLICT);
    assert_non_null(strstr(err.message, "someone else holds x"));
    assert_int_equal(store_lease_take(p->store, "y", "you", 60000000, &err), ALLORA_OK);
    assert_int_equal(store_lease_take(p->store, "x", "me", 60000000, &err), ALLORA_OK);
    store_lease_release(p->store, "x", "you");
    assert_int_equal(store_lease_take(p->store, "x", "you", 60000000, &err), ALLORA_E_CONFLICT);
    store_lease_release(p->store, "x", "me");
    assert_int_equal(store_lease_take(p->store, "x", "you", 50000, &err), ALLORA_OK);
    (void)usleep(60000);
    assert_int_equal(store_lease_take(p->store, "x", "me", INT64_MAX, &err), ALLORA_OK);
    struct store *other = place_store(p->dir);
    assert_int_equal(store_lease_take(other, "x", "you", 1, &err), ALLORA_E_CONFLICT);
    store_free(other);
}

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
}

/* A clock that was set back must not leave a lease of a dead process standing for hours. */
static void a_clock_set_back_ends_a_lease(void **state)
{
    struct place *p = *state;
    allora_error err = ERR_INIT;
    assert_int_equal(store_lease_take(p->store, "x", "me", 60000000, &err), ALLORA_OK);
    run_sql(store_path(p->store), "UPDATE lease SET taken_us = taken_us + 3600000000,"
                                  " until_us = until_us + 3600000000");
    assert_int_equal(store_lease_take(p->store, "x", "you", 60000000, &err), ALLORA_OK);
}

/* As allora 0.1 made it, with nothing but keys. */
static void make_schema_1(struct place *p)
{
    run_sql(store_path(p->store),
            "CREATE TABLE item(space TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL,"
            " version INTEGER NOT NULL, updated_us INTEGER NOT NULL, PRIMARY KEY(space, key));"
            "INSERT INTO item VALUES('t', 'k', x'6f6c64', 3, 7);"
            "PRAGMA application_id = 1634497121; PRAGMA user_version = 1");
    assert_int_equal(chmod(store_path(p->store), 0600), 0);
}

static void an_older_file_is_brought_forward(void **state)
{
    struct place *p = *state;
    struct store_item item;
    allora_error err = ERR_INIT;
    make_schema_1(p);
    assert_int_equal(store_get(p->store, &p->mem, "t", "k", &item, &err), ALLORA_OK);
    assert_string_equal(item.value.ptr, "old");
    assert_int_equal(item.version, 3);
    assert_int_equal(add(p->store, "l", 0, "a", NULL), ALLORA_OK);
    assert_int_equal(store_lease_take(p->store, "x", "me", 1, &err), ALLORA_OK);
    place_reopen(p);
    read_log(p->store, 0, false, 0, "1=a ");
}

/* As another user, as root may write anywhere. */
static void an_older_file_is_read_where_nothing_can_be_written(void **state)
{
    struct place *p = *state;
    if (geteuid() != 0)
        skip();
    const uid_t nobody = 65534;
    make_schema_1(p);
    assert_int_equal(chown(p->dir, nobody, 0), 0);
    assert_int_equal(chown(store_path(p->store), nobody, 0), 0);
    assert_int_equal(chmod(store_path(p->store), 0400), 0);
    assert_int_equal(chmod(p->dir, 0500), 0);
    pid_t child = fork();
    if (child == 0) {
        allora_error err = ERR_INIT;
        struct store_item item;
        struct store_record last;
        if (setuid(nobody) != 0)
            _exit(9);
        if (store_get(p->store, &p->mem, "t", "k", &item, &err))
            _exit(1);
        if (store_log_last(p->store, &p->mem, "l", &last, &err) != ALLORA_E_NOTFOUND)
            _exit(2);
        if (store_log_read(p->store, "l", 0, false, 0, collect, NULL, &err))
            _exit(3);
        if (add(p->store, "l", 0, "a", NULL) == ALLORA_OK)
            _exit(4);
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* Several programs of the new version meet one old file. */
static void many_bring_it_forward_at_once(void **state)
{
    struct place *p = *state;
    pid_t children[WRITERS];
    make_schema_1(p);
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            struct store *s = place_store(p->dir);
            int32_t status = add(s, "l", UINT64_MAX, "x", NULL);
            store_free(s);
            _exit(status ? 1 : 0);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    check_count(p->store, WRITERS);
}

static void damage_is_named(void **state)
{
    struct place *p = *state;
    struct store_record last;
    allora_error err = ERR_INIT;
    A_CLEAN(buf_done) struct buf b = BUF(1000);
    assert_int_equal(add(p->store, "l", 0, "a", NULL), ALLORA_OK);
    run_sql(store_path(p->store), "UPDATE log SET value = 'a'"); /* text, where bytes were */
    assert_int_equal(store_log_last(p->store, &p->mem, "l", &last, &err), ALLORA_E_INTEGRITY);
    assert_non_null(strstr(err.message, "record 1 of the log l is damaged"));
    assert_int_equal(store_log_read(p->store, "l", 0, false, 0, collect, &b, &err),
                     ALLORA_E_INTEGRITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(numbers_have_no_gaps),
        PLACE_TEST(refuses_bad_names_and_sizes),
        PLACE_TEST(rolls_back_with_a_transaction),
        PLACE_TEST(trims_but_goes_on_counting),
        PLACE_TEST(waits_for_records),
        PLACE_TEST(threads_share_one_log),
        PLACE_TEST(processes_share_one_log),
        PLACE_TEST(kill_loses_no_relaxed_commit),
        PLACE_TEST(leases_have_one_holder),
        PLACE_TEST(a_clock_set_back_ends_a_lease),
        PLACE_TEST(an_older_file_is_brought_forward),
        PLACE_TEST(an_older_file_is_read_where_nothing_can_be_written),
        PLACE_TEST(many_bring_it_forward_at_once),
        PLACE_TEST(damage_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
