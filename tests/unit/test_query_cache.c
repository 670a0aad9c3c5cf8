/* The row cache: when it answers, how old it says it is, what it does with a damaged file, and with
 * a second process. */
#include "query/fake.h"

#include "base/buf.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char tables[] =
    "[{\"name\":\"cloud\",\"summary\":\"c\",\"nouns\":[\"c\"],\"ttl_s\":300,\"columns\":[{\"name\":"
    "\"id\",\"type\":\"int\",\"summary\":\"c\",\"push\":[\"eq\"],\"exact\":[\"eq\"]},"
    "{\"name\":\"name\",\"type\":\"text\",\"summary\":\"c\",\"push\":[\"eq\"]},{\"name\":\"at\","
    "\"type\":\"time\",\"summary\":\"c\"},{\"name\":\"tags\",\"type\":\"json\",\"summary\":\"c\"}]}"
    ","
    "{\"name\":\"live\",\"summary\":\"c\",\"nouns\":[\"c\"],\"ttl_s\":0,\"columns\":[{\"name\":"
    "\"id\",\"type\":\"int\",\"summary\":\"c\"}]},"
    "{\"name\":\"parts\",\"summary\":\"c\",\"nouns\":[\"c\"],\"ttl_s\":300,\"partitioned\":true,"
    "\"columns\":[{\"name\":\"region\",\"type\":\"text\",\"summary\":\"c\"}]},"
    "{\"name\":\"vault\",\"summary\":\"c\",\"nouns\":[\"c\"],\"ttl_s\":300,\"columns\":[{\"name\":"
    "\"id\",\"type\":\"int\",\"summary\":\"c\"},{\"name\":\"word\",\"type\":\"text\",\"summary\":"
    "\"c\",\"sensitive\":true,\"push\":[\"eq\"]}]}]";

static _Atomic int calls, partition_calls, fail_region, n_rows = 50;

static int32_t list(allora_instance *self, allora_ctx *ctx, const allora_list_request *q,
                    const allora_sink *sink, allora_error *err)
{
    (void)self;
    (void)ctx;
    calls++;
    if (strcmp(q->table, "parts") == 0) {
        allora_value v = val_textn(q->partition[0].val.ptr, q->partition[0].val.len);
        if (fail_region && v.u.p[0] == 'b')
            return err_set(err, ALLORA_E_NETWORK, "down");
        for (int i = 0; i < 5; i++)
            (void)sink->row(sink->self, &v, q->n_wanted);
        return ALLORA_OK;
    }
    for (int i = 0; i < n_rows; i++) {
        char name[200];
        snprintf(name, sizeof name, "%d-%0150d", i % 3, i);
        allora_value full[] = {val_int(i), i % 5 ? val_text(name) : val_null(),
                               val_time(1767225600000000 + i), val_json("{}", 2)},
                     cells[4];
        bool keep = true;
        for (uint32_t k = 0; k < q->n_filters; k++)
            keep = keep && filter_matches(&q->filters[k], &full[q->filters[k].column]);
        for (uint32_t k = 0; k < q->n_wanted; k++)
            cells[k] = full[q->wanted[k]];
        if (keep && sink->row(sink->self, cells, q->n_wanted) == ALLORA_STOP)
            return ALLORA_OK;
    }
    return ALLORA_OK;
}

static int32_t partitions(allora_instance *self, allora_ctx *ctx, const char *table,
                          const allora_sink *sink, allora_error *err)
{
    static const allora_column column = {
        .size = sizeof column, .type = ALLORA_V_TEXT, .name = "region"};
    const allora_column *columns[] = {&column};
    (void)self;
    (void)ctx;
    (void)table;
    (void)err;
    partition_calls++;
    sink->begin(sink->self, columns, 1);
    for (const char *r = "abc"; *r; r++) {
        allora_value v = val_textn(r, 1);
        (void)sink->row(sink->self, &v, 1);
    }
    return ALLORA_OK;
}

struct fixture {
    char dir[64];
    struct fake fake;
    struct pool *pool;
    struct engine *engine;
};

static void open_engine(struct fixture *f)
{
    allora_error err = ERR_INIT;
    struct table_source source = fake_source(&f->fake);
    f->pool = pool_new(16);
    assert_int_equal(engine_new_from(&source, f->pool, f->dir, &f->engine, &err), ALLORA_OK);
}

static void close_engine(struct fixture *f)
{
    engine_free(f->engine);
    pool_free(f->pool);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    strcpy(f->dir, "/tmp/allora-cache-XXXXXX");
    if (!mkdtemp(f->dir))
        return 1;
    fake_init(&f->fake, tables, NULL, list);
    f->fake.provider.partitions = partitions;
    f->fake.remote = true;
    open_engine(f);
    calls = partition_calls = fail_region = 0;
    n_rows = 50;
    *state = f;
    return 0;
}

static void path(const struct fixture *f, const char *name, char out[128])
{
    snprintf(out, 128, "%s/%s", f->dir, name);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    char name[128];
    close_engine(f);
    fake_done(&f->fake);
    static const char *const files[] = {"rows.db", "rows.db-wal", "rows.db-shm"};
    for (size_t i = 0; i < 3; i++) {
        path(f, files[i], name);
        unlink(name);
    }
    rmdir(f->dir);
    free(f);
    return 0;
}

/* Runs; the number of list() calls it made, or the negative status.  *ret: the first cell. */
static int run(struct fixture *f, struct query_request q, int64_t *ret)
{
    struct rowset rows;
    allora_error err = ERR_INIT;
    int before = calls;
    int32_t status = fake_query(f->engine, q, &rows, &err);
    if (ret && rows.n_rows)
        *ret = rows.rows[0][0].u.i;
    rowset_done(&rows);
    return status < 0 ? status : calls - before;
}

static void answers(void **state)
{
    struct fixture *f = *state;
    int64_t n;
    assert_int_equal(run(f, sql("select count(name) from cloud"), &n), 1);
    assert_int_equal(n, 40);
    assert_int_equal(run(f, sql("select count(name) from cloud"), &n), 0);
    assert_int_equal(n, 40);
    /* fewer columns and more filters are within; more columns are not */
    assert_int_equal(run(f, sql("select count(*) from cloud"), &n), 0);
    assert_int_equal(n, 50);
    assert_int_equal(run(f, sql("select count(*) from cloud where name glob '1-*'"), &n), 0);
    assert_int_equal(n, 14);
    assert_int_equal(run(f, sql("select count(*) from cloud where name >= '2'"), &n), 0);
    assert_int_equal(run(f, sql("select count(id) from cloud"), &n), 1);
    assert_int_equal(run(f, sql("select count(*) from cloud where id = 7"), &n), 0);
    assert_int_equal(n, 1);
    /* what was stored with a filter answers only with it */
    assert_int_equal(run(f, sql("select count(at), count(id) from cloud where id = 3"), &n), 1);
    assert_int_equal(run(f, sql("select at, id from cloud where id = 3"), &n), 0);
    assert_int_equal(run(f, sql("select count(at), count(id) from cloud where id = 4"), &n), 1);
    assert_int_equal(run(f, sql("select count(at), count(id) from cloud"), &n), 1);
    assert_int_equal(n, 50);
    assert_int_equal(run(f, sql("select count(*) from live"), &n), 1);
    assert_int_equal(run(f, sql("select count(*) from live"), &n), 1);
    /* a stopped scan is not kept */
    n_rows = 5000;
    assert_int_equal(run(f, sql("select tags from cloud limit 1"), NULL), 1);
    assert_int_equal(run(f, sql("select count(tags) from cloud"), &n), 1);
    assert_int_equal(n, 5000);
}

/* Another account, file or server in the configuration: rows of the former are not its. */
static void settings(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(run(f, sql("select count(*) from cloud"), NULL), 1);
    f->fake.settings = 7;
    assert_int_equal(run(f, sql("select count(*) from cloud"), NULL), 1);
    f->fake.settings = 0;
    assert_int_equal(run(f, sql("select count(*) from cloud"), NULL), 0);
}

/* Neither as a cell nor in a filter does anything sensitive reach the disk, and the file is nobody
 * else's. */
static void secrets(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    char name[128];
    assert_int_equal(run(f, sql("select count(word) from vault"), NULL), 1);
    assert_int_equal(run(f, sql("select count(word) from vault"), NULL), 1);
    assert_int_equal(run(f, sql("select count(id) from vault where word = 'x'"), NULL), 1);
    assert_int_equal(run(f, sql("select count(id) from vault where word = 'x'"), NULL), 1);
    assert_int_equal(run(f, sql("select count(id) from vault"), NULL), 1);
    assert_int_equal(run(f, sql("select count(id) from vault"), NULL), 0);
    path(f, "rows.db", name);
    assert_int_equal(stat(name, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void ages(void **state)
{
    struct fixture *f = *state;
    struct query_request q = sql("select count(*) from cloud");
    struct rowset rows;
    allora_error err = ERR_INIT;
    assert_int_equal(run(f, q, NULL), 1);
    q.refresh = true;
    assert_int_equal(run(f, q, NULL), 1);
    q.refresh = false;
    q.max_age_s = 100;
    assert_int_equal(run(f, q, NULL), 0);
    usleep(1100000);
    q.max_age_s = 0;
    assert_int_equal(run(f, q, NULL), 1);
    usleep(1100000);
    q.max_age_s = -1;
    assert_int_equal(fake_query(f->engine, q, &rows, &err), ALLORA_OK);
    allora_str p = rowset_event(&rows, ALLORA_EV_PROVENANCE);
    assert_non_null(strstr(p.ptr, "\"source\":\"cache\""));
    assert_non_null(strstr(p.ptr, "\"age_s\":1"));
    rowset_done(&rows);
}

static void offline(void **state)
{
    struct fixture *f = *state;
    struct query_request q = sql("select count(*) from cloud");
    int64_t n;
    q.offline = true;
    assert_int_equal(run(f, q, &n), ALLORA_E_NOTFOUND);
    assert_int_equal(f->fake.loads, 0);
    q.offline = false;
    assert_int_equal(run(f, q, &n), 1);
    q.offline = true;
    assert_int_equal(run(f, q, &n), 0);
    /* neither the plugin nor a connection is needed */
    close_engine(f);
    open_engine(f);
    f->fake.loads = 0;
    assert_int_equal(run(f, q, &n), 0);
    assert_int_equal(f->fake.loads, 0);
    f->fake.remote = false;
    q.sql = "select count(*) from live";
    assert_int_equal(run(f, q, &n), 1);
    f->fake.remote = true;
}

static void by_partition(void **state)
{
    struct fixture *f = *state;
    int64_t n;
    fail_region = 1;
    assert_int_equal(run(f, sql("select count(region) from parts"), &n), 3);
    assert_int_equal(n, 10);
    fail_region = 0;
    /* the two that answered are kept, the third is asked again */
    assert_int_equal(run(f, sql("select count(region) from parts"), &n), 1);
    assert_int_equal(n, 15);
    assert_int_equal(run(f, sql("select count(region) from parts"), &n), 0);
    assert_int_equal(partition_calls, 1);
    assert_int_equal(n, 15);
}

static void damaged(void **state)
{
    struct fixture *f = *state;
    char name[128];
    int64_t n;
    n_rows = 3000;
    path(f, "rows.db", name);
    assert_int_equal(run(f, sql("select count(name) from cloud"), &n), 1);
    for (int round = 0; round < 40; round++) {
        struct stat st;
        close_engine(f);
        int fd = open(name, O_RDWR);
        assert_true(fd >= 0 && fstat(fd, &st) == 0);
        if (round == 0) {
            assert_int_equal(pwrite(fd, "this is no database at all.....", 31, 0), 31);
        } else { /* any one byte */
            char c;
            off_t at = (off_t)((uint64_t)round * 2654435761u % (uint64_t)st.st_size);
            assert_int_equal(pread(fd, &c, 1, at), 1);
            c = (char)(c ^ 0x41);
            assert_int_equal(pwrite(fd, &c, 1, at), 1);
        }
        close(fd);
        open_engine(f);
        struct rowset rows;
        allora_error err = ERR_INIT;
        int32_t status = fake_query(
            f->engine, sql("select count(name) n, sum(length(name)) l, max(name) m from cloud"),
            &rows, &err);
        /* right, or an error that says what it is: never wrong */
        if (status == ALLORA_OK) {
            assert_int_equal(rows.rows[0][0].u.i, 2400);
            assert_int_equal(rows.rows[0][1].u.i, 2400 * 152);
        } else {
            assert_non_null(strstr(err.message, "damaged"));
        }
        rowset_done(&rows);
        assert_int_equal(run(f, sql("select count(name) from cloud"), &n) < 0, 0);
        assert_int_equal(n, 2400);
    }
}

static void two_processes(void **state)
{
    struct fixture *f = *state;
    pid_t children[3];
    n_rows = 2000;
    close_engine(f);
    for (int c = 0; c < 3; c++) {
        children[c] = fork();
        if (children[c] == 0) {
            open_engine(f);
            for (int i = 0; i < 15; i++) {
                struct query_request q = sql(i % 2 ? "select count(name) from cloud"
                                                   : "select count(name), count(at) from cloud");
                int64_t n = 0;
                q.refresh = (i + c) % 3 == 0;
                if (run(f, q, &n) < 0 || n != 1600)
                    _exit(1);
            }
            _exit(0);
        }
    }
    for (int c = 0; c < 3; c++) {
        int status;
        assert_int_equal(waitpid(children[c], &status, 0), children[c]);
        assert_int_equal(status, 0);
    }
    open_engine(f);
    assert_int_equal(run(f, sql("select count(name) from cloud"), NULL), 0);
}

/* The folder may be reached through a symbolic link, as homes sometimes are. */
static void through_a_link(void **state)
{
    struct fixture *f = *state;
    char link[128];
    snprintf(link, sizeof link, "%s-link", f->dir);
    assert_int_equal(symlink(f->dir, link), 0);
    close_engine(f);
    char dir[sizeof f->dir];
    memcpy(dir, f->dir, sizeof dir);
    snprintf(f->dir, sizeof f->dir, "%.60s", link);
    open_engine(f);
    assert_int_equal(run(f, sql("select count(name) from cloud"), NULL), 1);
    assert_int_equal(run(f, sql("select count(name) from cloud"), NULL), 0);
    memcpy(f->dir, dir, sizeof dir);
    unlink(link);
}

static void no_place(void **state)
{
    struct fixture *f = *state;
    int64_t n;
    struct engine *e;
    allora_error err = ERR_INIT;
    struct table_source source = fake_source(&f->fake);
    struct rowset rows;
    assert_int_equal(engine_new_from(&source, f->pool, "/proc/no/such/place", &e, &err), ALLORA_OK);
    assert_int_equal(
        fake_query(e, sql("select count(*) from cloud a join cloud b on a.id = b.id"), &rows, &err),
        ALLORA_OK);
    assert_int_equal(rows.rows[0][0].u.i, 50);
    rowset_done(&rows);
    engine_free(e);
    assert_int_equal(run(f, sql("select count(*) from cloud"), &n), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_processes, setup, teardown),
        cmocka_unit_test_setup_teardown(answers, setup, teardown),
        cmocka_unit_test_setup_teardown(settings, setup, teardown),
        cmocka_unit_test_setup_teardown(secrets, setup, teardown),
        cmocka_unit_test_setup_teardown(ages, setup, teardown),
        cmocka_unit_test_setup_teardown(offline, setup, teardown),
        cmocka_unit_test_setup_teardown(by_partition, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged, setup, teardown),
        cmocka_unit_test_setup_teardown(through_a_link, setup, teardown),
        cmocka_unit_test_setup_teardown(no_place, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
