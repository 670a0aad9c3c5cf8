/* The store: keys and versions, transactions, several threads and processes at once, kill -9,
 * damage, no place to write. */
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "unit/store_place.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int32_t put(struct store *s, const char *key, const char *value)
{
    allora_error err = ERR_INIT;
    int32_t status = store_put_if(s, "t", key, str_of(value), UINT64_MAX, NULL, &err);
    if (status)
        print_message("put: %s\n", err.message);
    return status;
}

/* The value, or NULL when there is none. */
static const char *get(struct place *p, const char *key)
{
    struct store_item item;
    allora_error err = ERR_INIT;
    int32_t status = store_get(p->store, &p->mem, "t", key, &item, &err);
    if (status == ALLORA_E_NOTFOUND)
        return NULL;
    assert_int_equal(status, ALLORA_OK);
    return item.value.ptr;
}

static void reading_creates_nothing(void **state)
{
    struct place *p = *state;
    struct stat st;
    assert_null(get(p, "a"));
    allora_error err = ERR_INIT;
    assert_int_equal(store_scan(p->store, "t", "", false, 0, NULL, NULL, &err), ALLORA_OK);
    assert_int_equal(store_remove(p->store, "t", "a", &err), ALLORA_E_NOTFOUND);
    assert_int_equal(stat(store_path(p->store), &st), -1);
    assert_int_equal(put(p->store, "a", "1"), ALLORA_OK);
    assert_string_equal(get(p, "a"), "1");
    assert_int_equal(stat(store_path(p->store), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
}

static void makes_its_folder_private(void **state)
{
    struct place *p = *state;
    char *dir = fs_join(p->dir, "deep");
    struct store *s = place_store(dir);
    assert_int_equal(put(s, "a", "1"), ALLORA_OK);
    struct stat st;
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    store_free(s);
    place_wipe(dir);
    free(dir);
}

static void versions_guard_changes(void **state)
{
    struct place *p = *state;
    allora_error err = ERR_INIT;
    uint64_t v = 0;
    assert_int_equal(store_put_if(p->store, "t", "k", str_of("a"), 0, &v, &err), ALLORA_OK);
    assert_int_equal(v, 1);
    assert_int_equal(store_put_if(p->store, "t", "k", str_of("b"), 0, &v, &err), ALLORA_E_CONFLICT);
    assert_int_equal(store_put_if(p->store, "t", "k", str_of("b"), 7, &v, &err), ALLORA_E_CONFLICT);
    assert_int_equal(store_put_if(p->store, "t", "k", str_of("b"), 1, &v, &err), ALLORA_OK);
    assert_int_equal(v, 2);
    assert_int_equal(store_put_if(p->store, "t", "k", str_of("c"), UINT64_MAX, &v, &err),
                     ALLORA_OK);
    assert_int_equal(v, 3);
    assert_int_equal(store_put_if(p->store, "t", "none", str_of("c"), 3, &v, &err),
                     ALLORA_E_CONFLICT);
    assert_string_equal(get(p, "k"), "c");
    assert_int_equal(store_remove(p->store, "t", "k", &err), ALLORA_OK);
    assert_int_equal(store_remove(p->store, "t", "k", &err), ALLORA_E_NOTFOUND);
    assert_null(get(p, "k"));
}

static void keeps_bytes_as_they_are(void **state)
{
    struct place *p = *state;
    char bytes[512];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    allora_error err = ERR_INIT;
    struct store_item item;
    assert_int_equal(
        store_put_if(p->store, "t", "b", (allora_str){bytes, sizeof bytes}, 0, NULL, &err), 0);
    assert_int_equal(store_get(p->store, &p->mem, "t", "b", &item, &err), ALLORA_OK);
    assert_int_equal(item.value.len, sizeof bytes);
    assert_memory_equal(item.value.ptr, bytes, sizeof bytes);
    assert_int_equal(put(p->store, "empty", ""), ALLORA_OK);
    assert_string_equal(get(p, "empty"), "");
}

static void refuses_what_is_too_large(void **state)
{
    struct place *p = *state;
    allora_error err = ERR_INIT;
    char *key = malloc(STORE_KEY_MAX + 2);
    memset(key, 'k', STORE_KEY_MAX + 1);
    key[STORE_KEY_MAX + 1] = '\0';
    assert_int_equal(store_put_if(p->store, "t", key, str_of(""), 0, NULL, &err), ALLORA_E_ARG);
    key[STORE_KEY_MAX] = '\0';
    assert_int_equal(store_put_if(p->store, "t", key, str_of(""), 0, NULL, &err), ALLORA_OK);
    free(key);
    allora_str huge = {"", (uint64_t)STORE_VALUE_MAX + 1};
    assert_int_equal(store_put_if(p->store, "t", "k", huge, 0, NULL, &err), ALLORA_E_ARG);
    assert_int_equal(store_put_if(p->store, "", "k", str_of(""), 0, NULL, &err), ALLORA_E_ARG);
}

static int32_t collect(void *self, const struct store_item *item)
{
    struct buf *b = self;
    buf_add(b, item->key.ptr, (size_t)item->key.len);
    buf_addc(b, ' ');
    return 0;
}

static int32_t stop_with_conflict(void *self, const struct store_item *item)
{
    (void)item;
    (*(int *)self)++;
    return ALLORA_E_CONFLICT;
}

static void scan(struct place *p, const char *prefix, bool reverse, uint64_t limit,
                 const char *want)
{
    struct buf b = BUF(4096);
    allora_error err = ERR_INIT;
    assert_int_equal(store_scan(p->store, "t", prefix, reverse, limit, collect, &b, &err), 0);
    assert_string_equal(buf_str(&b), want);
    buf_done(&b);
}

static void scans_in_order(void **state)
{
    struct place *p = *state;
    static const char *const keys[] = {"b/2", "a", "b/1",      "b/10",
                                       "c",   "b", "\xc3\xbf", "b/\xff\xff"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        assert_int_equal(put(p->store, keys[i], "x"), ALLORA_OK);
    scan(p, "b/", false, 0, "b/1 b/10 b/2 b/\xff\xff ");
    scan(p, "b/", true, 2, "b/\xff\xff b/2 ");
    scan(p, "", false, 3, "a b b/1 ");
    scan(p, "b/\xff", false, 0, "b/\xff\xff ");
    scan(p, "zzz", false, 0, "");
    scan(p, "\xff", false, 0, "");
    int calls = 0;
    allora_error err = ERR_INIT;
    assert_int_equal(store_scan(p->store, "t", "", false, 0, stop_with_conflict, &calls, &err),
                     ALLORA_E_CONFLICT);
    assert_int_equal(calls, 1);
}

static int32_t nested(void *self, const struct store_item *item)
{
    struct place *p = self;
    (void)item;
    scan(p, "b/", false, 0, "b/1 b/2 ");
    assert_string_equal(get(p, "b/1"), "x");
    return 0;
}

static void reads_inside_a_scan(void **state)
{
    struct place *p = *state;
    (void)put(p->store, "b/1", "x");
    (void)put(p->store, "b/2", "x");
    allora_error err = ERR_INIT;
    assert_int_equal(store_scan(p->store, "t", "", false, 0, nested, p, &err), ALLORA_OK);
}

static void transactions_nest(void **state)
{
    struct place *p = *state;
    allora_error err = ERR_INIT;
    assert_int_equal(store_begin(p->store, &err), ALLORA_OK);
    assert_int_equal(put(p->store, "a", "1"), ALLORA_OK);
    assert_int_equal(store_begin(p->store, &err), ALLORA_OK);
    assert_int_equal(put(p->store, "b", "1"), ALLORA_OK);
    assert_int_equal(store_commit(p->store, &err), ALLORA_OK);
    store_rollback(p->store);
    assert_null(get(p, "a"));
    assert_null(get(p, "b"));

    assert_int_equal(store_begin(p->store, &err), ALLORA_OK);
    assert_int_equal(put(p->store, "a", "1"), ALLORA_OK);
    assert_int_equal(store_begin(p->store, &err), ALLORA_OK);
    store_rollback(p->store);
    assert_int_equal(store_commit(p->store, &err), ALLORA_E_CONFLICT);
    assert_null(get(p, "a"));

    assert_int_equal(store_begin(p->store, &err), ALLORA_OK);
    assert_int_equal(put(p->store, "a", "2"), ALLORA_OK);
    assert_int_equal(store_commit(p->store, &err), ALLORA_OK);
    place_reopen(p);
    assert_string_equal(get(p, "a"), "2");
}

enum { THREADS = 4, ROUNDS = 25 };

/* Adds one to the number in "n", as a transaction. */
static int32_t increment(struct store *s)
{
    struct arena mem;
    arena_init(&mem, 0);
    allora_error err = ERR_INIT;
    struct store_item item = {0};
    int32_t status = store_begin(s, &err);
    if (!status) {
        status = store_get(s, &mem, "t", "n", &item, &err);
        long n = status ? 0 : strtol(item.value.ptr, NULL, 10);
        char text[32];
        (void)snprintf(text, sizeof text, "%ld", n + 1);
        status = store_put_if(s, "t", "n", str_of(text), UINT64_MAX, NULL, &err);
        if (status)
            store_rollback(s);
        else
            status = store_commit(s, &err);
    }
    arena_done(&mem);
    return status;
}

static void *increments(void *self)
{
    intptr_t failures = 0;
    for (int i = 0; i < ROUNDS; i++)
        failures += increment(self) != ALLORA_OK;
    return (void *)failures; // NOLINT
}

static void threads_take_turns(void **state)
{
    struct place *p = *state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, increments, p->store), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failures = NULL;
        (void)pthread_join(threads[i], &failures);
        assert_null(failures);
    }
    assert_string_equal(get(p, "n"), "100");
}

/* All start on a folder that has no store yet, so that making it is part of the race. */
static void processes_take_turns(void **state)
{
    struct place *p = *state;
    pid_t children[THREADS];
    int gate[2];
    assert_int_equal(pipe(gate), 0);
    for (int i = 0; i < THREADS; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            char go = 0;
            (void)close(gate[1]);
            (void)!read(gate[0], &go, 1); /* returns when the parent closes it */
            struct store *s = place_store(p->dir);
            intptr_t failures = (intptr_t)increments(s);
            store_free(s);
            _exit(failures ? 1 : 0);
        }
    }
    (void)close(gate[0]);
    (void)close(gate[1]);
    for (int i = 0; i < THREADS; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_string_equal(get(p, "n"), "100");
}

/* A writer says each number once its commit has returned, and is killed at some moment: what it
 * said must be there. */
static void kill_loses_nothing(void **state)
{
    struct place *p = *state;
    long said = 0;
    for (int round = 0; round < 12; round++) {
        int out[2];
        assert_int_equal(pipe(out), 0);
        pid_t child = fork();
        if (child == 0) {
            struct store *s = place_store(p->dir);
            for (long n = said + 1;; n++) {
                char text[32];
                (void)snprintf(text, sizeof text, "%ld", n);
                allora_error err = ERR_INIT;
                if (store_begin(s, &err) || put(s, "first", text) || put(s, "second", text) ||
                    store_commit(s, &err))
                    _exit(1);
                if (write(out[1], &n, sizeof n) != sizeof n)
                    _exit(1);
            }
        }
        (void)close(out[1]);
        long last = 0;
        for (int i = 0; i <= round * 2 && read(out[0], &last, sizeof last) == sizeof last; i++)
            said = last;
        (void)usleep((useconds_t)(round * 137));
        (void)kill(child, SIGKILL);
        while (read(out[0], &last, sizeof last) == sizeof last)
            said = last;
        (void)close(out[0]);
        (void)waitpid(child, NULL, 0);
        store_free(p->store);
        p->store = place_store(p->dir);
        long first = strtol(get(p, "first"), NULL, 10);
        assert_true(first == said || first == said + 1);
        assert_int_equal(strtol(get(p, "second"), NULL, 10), first);
        said = first;
    }
    assert_true(said > 12);
}

static void names_a_damaged_file(void **state)
{
    struct place *p = *state;
    FILE *f = fopen(store_path(p->store), "w");
    for (int i = 0; i < 1000; i++)
        (void)fputs("this is no database at all ", f);
    (void)fclose(f);
    (void)chmod(store_path(p->store), 0600);
    allora_error err = ERR_INIT;
    struct store_item item;
    assert_int_equal(store_get(p->store, &p->mem, "t", "a", &item, &err), ALLORA_E_INTERNAL);
    assert_non_null(strstr(err.message, store_path(p->store)));
    assert_non_null(strstr(err.hint, "move this file"));
    assert_string_equal(err.reason, "corrupt");
    assert_int_equal(store_put_if(p->store, "t", "a", str_of("x"), 0, NULL, &err),
                     ALLORA_E_INTERNAL);
}

/* A page overwritten in the middle of a file that was good. */
static void notices_a_torn_page(void **state)
{
    struct place *p = *state;
    char big[3000];
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = '\0';
    for (int i = 0; i < 50; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%02d", i);
        assert_int_equal(put(p->store, key, big), ALLORA_OK);
    }
    place_reopen(p);
    int fd = open(store_path(p->store), O_WRONLY | O_CLOEXEC);
    memset(big, 0xa5, sizeof big);
    for (off_t at = 4096; at < 40960; at += 4096)
        assert_int_equal(pwrite(fd, big, sizeof big, at), (ssize_t)sizeof big);
    (void)close(fd);
    allora_error err = ERR_INIT;
    struct buf b = BUF(1 << 20);
    assert_int_equal(store_scan(p->store, "t", "", false, 0, collect, &b, &err), ALLORA_E_INTERNAL);
    assert_string_equal(err.reason, "corrupt");
    buf_done(&b);
}

static void change_by_hand(struct place *p, const char *sql)
{
    assert_int_equal(put(p->store, "a", "1"), ALLORA_OK);
    place_reopen(p);
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(store_path(p->store), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
}

static void refuses_a_newer_file(void **state)
{
    struct place *p = *state;
    change_by_hand(p, "PRAGMA user_version = 999");
    allora_error err = ERR_INIT;
    struct store_item item;
    assert_int_equal(store_get(p->store, &p->mem, "t", "a", &item, &err), ALLORA_E_CONFIG);
    assert_non_null(strstr(err.message, "written by a newer allora (schema 999"));
}

static void refuses_a_strangers_file(void **state)
{
    struct place *p = *state;
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(store_path(p->store), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE mine(a)", NULL, NULL, NULL), SQLITE_OK);
    (void)sqlite3_close(db);
    allora_error err = ERR_INIT;
    assert_int_equal(store_put_if(p->store, "t", "a", str_of("x"), 0, NULL, &err), ALLORA_E_CONFIG);
    assert_non_null(strstr(err.message, "some other program's database"));
}

static void says_where_it_cannot_write(void **state)
{
    struct place *p = *state;
    allora_error err = ERR_INIT;
    struct store *nowhere = place_store(NULL);
    assert_null(store_path(nowhere));
    assert_int_equal(store_put_if(nowhere, "t", "a", str_of("x"), 0, NULL, &err), ALLORA_E_CONFIG);
    assert_non_null(strstr(err.hint, "HOME"));
    assert_int_equal(store_begin(nowhere, &err), ALLORA_E_CONFIG);
    store_free(nowhere);

    char *file = fs_join(p->dir, "file");
    char *below = fs_join(file, "allora");
    int fd = open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    (void)close(fd);
    struct store *s = place_store(below);
    assert_int_equal(store_put_if(s, "t", "a", str_of("x"), 0, NULL, &err), ALLORA_E_CONFIG);
    assert_non_null(strstr(err.message, file));
    assert_non_null(strstr(err.hint, "XDG_STATE_HOME"));
    struct store_item item;
    assert_int_equal(store_get(s, &p->mem, "t", "a", &item, &err), ALLORA_E_NOTFOUND);
    store_free(s);

    s = place_store("/proc/allora");
    assert_int_equal(store_put_if(s, "t", "a", str_of("x"), 0, NULL, &err), ALLORA_E_CONFIG);
    store_free(s);
    free(below);
    free(file);
}

/* As another user, as root may write anywhere. */
static void reads_where_it_cannot_write(void **state)
{
    struct place *p = *state;
    if (geteuid() != 0)
        skip();
    char *dir = fs_join(p->dir, "a%20b?#");
    struct store *s = place_store(dir);
    assert_int_equal(put(s, "a", "1"), ALLORA_OK);
    store_free(s);
    const uid_t nobody = 65534;
    assert_int_equal(chown(p->dir, nobody, 0), 0);
    assert_int_equal(chown(dir, nobody, 0), 0);
    char *file = fs_join(dir, "state.db");
    assert_int_equal(chown(file, nobody, 0), 0);
    assert_int_equal(chmod(file, 0400), 0);
    assert_int_equal(chmod(dir, 0500), 0);
    pid_t child = fork();
    if (child == 0) {
        allora_error err = ERR_INIT;
        struct store_item item;
        if (setuid(nobody) != 0)
            _exit(9);
        s = place_store(dir);
        int32_t got = store_get(s, &p->mem, "t", "a", &item, &err);
        int32_t written = store_put_if(s, "t", "b", str_of("x"), 0, NULL, &err);
        _exit(got != ALLORA_OK             ? 1
              : written != ALLORA_E_CONFIG ? 2
                                           : !strstr(err.hint, "writable"));
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    place_wipe(dir);
    free(file);
    free(dir);
}

static void survives_every_failed_allocation(void **state)
{
    struct place *p = *state;
    for (int64_t n = 0;; n++) {
        assert_true(n < 1000);
        struct store *s = NULL;
        struct store_item item;
        allora_error err = ERR_INIT;
        mem_fail_after(n);
        int32_t status = store_new(p->dir, &s, &err);
        if (!status)
            status = store_put_if(s, "t", "k", str_of("v"), UINT64_MAX, NULL, &err);
        if (!status)
            status = store_get(s, &p->mem, "t", "k", &item, &err);
        struct buf b = BUF(4096);
        if (!status)
            status = store_scan(s, "t", "k", true, 1, collect, &b, &err);
        mem_fail_after(-1);
        bool failed = buf_failed(&b);
        buf_done(&b);
        store_free(s);
        if (status == ALLORA_OK && !failed)
            break;
        assert_true(failed || status == ALLORA_E_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(reading_creates_nothing),     PLACE_TEST(makes_its_folder_private),
        PLACE_TEST(versions_guard_changes),      PLACE_TEST(keeps_bytes_as_they_are),
        PLACE_TEST(refuses_what_is_too_large),   PLACE_TEST(scans_in_order),
        PLACE_TEST(reads_inside_a_scan),         PLACE_TEST(transactions_nest),
        PLACE_TEST(threads_take_turns),          PLACE_TEST(processes_take_turns),
        PLACE_TEST(kill_loses_nothing),          PLACE_TEST(names_a_damaged_file),
        PLACE_TEST(notices_a_torn_page),         PLACE_TEST(refuses_a_newer_file),
        PLACE_TEST(refuses_a_strangers_file),    PLACE_TEST(says_where_it_cannot_write),
        PLACE_TEST(reads_where_it_cannot_write), PLACE_TEST(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
