/* What a statement may not do, what happens when things fail or end early, and what errors say. */
#include "query/fake.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <unistd.h>

#include <cmocka.h>

static const char tables[] =
    "[{\"name\":\"page\",\"summary\":\"pages\",\"nouns\":[\"page\"],\"ttl_s\":0,\"columns\":[{"
    "\"name\":\"id\",\"type\":\"int\",\"summary\":\"c\"},"
    "{\"name\":\"name\",\"type\":\"text\",\"summary\":\"c\"}]},"
    "{\"name\":\"endless\",\"summary\":\"never "
    "ends\",\"nouns\":[\"e\"],\"ttl_s\":0,\"columns\":[{\"name\":\"id\",\"type\":\"int\","
    "\"summary\":\"c\"}]},"
    "{\"name\":\"stuck\",\"summary\":\"waits\",\"nouns\":[\"s\"],\"ttl_s\":0,\"columns\":[{"
    "\"name\":\"id\",\"type\":\"int\",\"summary\":\"c\"}]},"
    "{\"name\":\"broken\",\"summary\":\"fails\",\"nouns\":[\"b\"],\"ttl_s\":0,\"columns\":[{"
    "\"name\":\"id\",\"type\":\"int\",\"summary\":\"c\"}]},"
    "{\"name\":\"holes\",\"summary\":\"absent "
    "cells\",\"nouns\":[\"h\"],\"ttl_s\":0,\"columns\":[{\"name\":\"id\",\"type\":\"int\","
    "\"summary\":\"c\"},"
    "{\"name\":\"secret\",\"type\":\"text\",\"summary\":\"c\"},{\"name\":\"odd\",\"type\":\"int\","
    "\"summary\":\"c\"}]},"
    "{\"name\":\"regional\",\"summary\":\"parts\",\"nouns\":[\"r\"],\"ttl_s\":0,\"partitioned\":"
    "true,\"columns\":[{\"name\":\"region\",\"type\":\"text\",\"summary\":\"c\"},"
    "{\"name\":\"id\",\"type\":\"int\",\"summary\":\"c\"}]},"
    "{\"name\":\"object\",\"summary\":\"objects\",\"nouns\":[\"o\"],\"ttl_s\":0,\"columns\":[{"
    "\"name\":\"bucket\",\"type\":\"text\",\"summary\":\"c\",\"required\":true,\"push\":[\"eq\"]},"
    "{\"name\":\"key\",\"type\":\"text\",\"summary\":\"c\"}]}]";
static const char views[] = "[{\"view\":\"vm\",\"table\":\"page\",\"columns\":{\"name\":\"name\"}},"
                            "{\"view\":\"vm\",\"table\":\"broken\",\"columns\":{}}]";

static _Atomic int pages, object_calls, at_once, most_at_once;

static int32_t list_pages(const allora_list_request *q, const allora_sink *sink)
{
    for (int p = 0; p < 25; p++) {
        pages++;
        for (int i = 0; i < 4; i++) {
            allora_value full[] = {val_int(p * 4 + i), val_text("x")}, cells[2];
            for (uint32_t k = 0; k < q->n_wanted; k++)
                cells[k] = full[q->wanted[k]];
            if (sink->row(sink->self, cells, q->n_wanted) == ALLORA_STOP)
                return ALLORA_OK;
        }
        if (sink->event(sink->self, ALLORA_EV_CURSOR, (allora_str){"", 0}) == ALLORA_STOP)
            return ALLORA_OK;
        usleep(3000); /* the next call to the remote */
    }
    return ALLORA_OK;
}

static int32_t list_objects(allora_ctx *ctx, const allora_list_request *q, const allora_sink *sink)
{
    int now = ++at_once;
    if (now > most_at_once)
        most_at_once = now;
    object_calls++;
    if (q->n_filters != 1 || q->filters[0].op != ALLORA_OP_EQ)
        return ALLORA_E_INTERNAL;
    (void)ctx_sleep(ctx, 5000);
    for (int i = 0; i < 2; i++) {
        allora_value full[] = {q->filters[0].val, val_text(i ? "k1" : "k0")}, cells[2];
        for (uint32_t k = 0; k < q->n_wanted; k++)
            cells[k] = full[q->wanted[k]];
        (void)sink->row(sink->self, cells, q->n_wanted);
    }
    at_once--;
    return ALLORA_OK;
}

static int32_t list(allora_instance *self, allora_ctx *ctx, const allora_list_request *q,
                    const allora_sink *sink, allora_error *err)
{
    (void)self;
    if (strcmp(q->table, "page") == 0)
        return list_pages(q, sink);
    if (strcmp(q->table, "object") == 0)
        return list_objects(ctx, q, sink);
    if (strcmp(q->table, "endless") == 0) {
        for (int64_t i = 0;; i++) {
            allora_value v = val_int(i);
            if (sink->row(sink->self, &v, q->n_wanted) == ALLORA_STOP)
                return ALLORA_OK;
        }
    }
    if (strcmp(q->table, "stuck") == 0)
        return ctx_sleep(ctx, 60 * 1000000);
    if (strcmp(q->table, "broken") == 0) {
        (void)err_set(err, ALLORA_E_AUTH, "no credentials");
        err_hint(err, "log in");
        return ALLORA_E_AUTH;
    }
    if (strcmp(q->table, "holes") == 0) {
        for (int i = 0; i < 3; i++) {
            allora_value full[] = {val_int(i),
                                   {.type = i ? ALLORA_V_ABSENT : ALLORA_V_NULL},
                                   val_text("no number")},
                         cells[3];
            for (uint32_t k = 0; k < q->n_wanted; k++)
                cells[k] = full[q->wanted[k]];
            (void)sink->row(sink->self, cells, q->n_wanted);
        }
        return ALLORA_OK;
    }
    allora_str region = q->partition[0].val;
    if (region.ptr[0] == 'x')
        return err_set(err, ALLORA_E_TIMEOUT, "did not answer");
    for (int i = 0; i < 100; i++) {
        allora_value full[] = {val_textn(region.ptr, region.len), val_int(i)}, cells[2];
        for (uint32_t k = 0; k < q->n_wanted; k++)
            cells[k] = full[q->wanted[k]];
        if (sink->row(sink->self, cells, q->n_wanted) == ALLORA_STOP)
            break;
    }
    return ALLORA_OK;
}

static const char *const *region_names;

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
    sink->begin(sink->self, columns, 1);
    for (const char *const *r = region_names; *r; r++) {
        allora_value v = val_text(*r);
        (void)sink->row(sink->self, &v, 1);
    }
    return ALLORA_OK;
}

static struct fake fake;
static struct pool *pool;
static struct engine *engine;

static int setup(void **state)
{
    static const char *const regions[] = {"a", "b", "x1", NULL};
    allora_error err = ERR_INIT;
    (void)state;
    fake_init(&fake, tables, views, list);
    fake.provider.partitions = partitions;
    fake.missing = "cloudy_vm";
    region_names = regions;
    pool = pool_new(32);
    struct table_source source = fake_source(&fake);
    return engine_new_from(&source, pool, NULL, &engine, &err);
}

static int teardown(void **state)
{
    (void)state;
    engine_free(engine);
    pool_free(pool);
    fake_done(&fake);
    return 0;
}

static int32_t run(const char *text, struct rowset *rows, allora_error *err)
{
    *err = ERR_INIT;
    return fake_query(engine, sql(text), rows, err);
}

static void refuses(void **state)
{
    static const struct {
        const char *sql;
        int32_t status;
        const char *message;
    } cases[] = {
        {"attach ':memory:' as x", ALLORA_E_DENIED, "ATTACH"},
        {"pragma table_info(page)", ALLORA_E_DENIED, "PRAGMA"},
        {"select * from pragma_table_info('page')", ALLORA_E_DENIED, NULL},
        {"select * from sqlite_master", ALLORA_E_DENIED, "sqlite_master"},
        {"select count(*) from sqlite_schema", ALLORA_E_DENIED, NULL},
        {"select * from sqlite_temp_master", ALLORA_E_DENIED, NULL},
        {"select * from dbstat", ALLORA_E_DENIED, NULL},
        {"create table t(x)", ALLORA_E_DENIED, NULL},
        {"create temp view v as select 1", ALLORA_E_DENIED, NULL},
        {"create virtual table t using fts5(x)", ALLORA_E_DENIED, NULL},
        {"insert into page values(1,'x')", ALLORA_E_DENIED, "INSERT"},
        {"begin", ALLORA_E_DENIED, "transactions"},
        {"savepoint x", ALLORA_E_DENIED, NULL},
        {"vacuum into '/tmp/allora-x'", ALLORA_E_DENIED, NULL},
        {"select load_extension('/tmp/x.so')", ALLORA_E_DENIED, "load_extension"},
        {"select fts3_tokenizer('simple')", ALLORA_E_DENIED, "fts3_tokenizer"},
        {"select sqlite_compileoption_get(1)", ALLORA_E_DENIED, NULL},
        {"select 1; select 2", ALLORA_E_ARG, "one statement"},
        {"", ALLORA_E_ARG, "no SQL"},
        {" -- nothing", ALLORA_E_ARG, "no SQL"},
        {"selec 1", ALLORA_E_ARG, "syntax error"},
        {"select 'x", ALLORA_E_ARG, "unrecognized token"},
        {"select * from object", ALLORA_E_ARG, "needs to know bucket"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rowset rows;
        allora_error err;
        int32_t status = run(cases[i].sql, &rows, &err);
        if (status != cases[i].status ||
            (cases[i].message && !strstr(err.message, cases[i].message)))
            fail_msg("%s: %d %s", cases[i].sql, status, err.message);
        rowset_done(&rows);
    }
    const char *fine[] = {"select 1;",
                          "select 1 ; -- end",
                          "with t as (select id from page) select count(*) from t",
                          "select id, row_number() over (order by id desc) from page",
                          "select value from json_each('[1,2]')",
                          "select * from (select 1) union select 2",
                          "explain query plan select * from page"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++) {
        struct rowset rows;
        allora_error err;
        int32_t status = run(fine[i], &rows, &err);
        if (status != ALLORA_OK)
            fail_msg("%s: %d %s", fine[i], status, err.message);
        rowset_done(&rows);
    }
}

static void says_where(void **state)
{
    static const struct {
        const char *sql, *message, *hint;
        int offset, length;
    } cases[] = {
        {"select * from pag", "no table pag", "page", 14, 3},
        {"select 'pag', \"id\" from\n pag", "no table pag", "page", 25, 3},
        {"select idd from page", "no column idd", "id", 7, 3},
        {"select id from page where name = \"web\"", "no column web", "single quotes: 'web'", 33,
         5},
        {"select p.nam from page p", "no column p.nam", "name", 9, 3},
        {"select lenght(name) from page", "no function lenght", "length", 7, 6},
        {"select * form page", "syntax error", NULL, 9, 4},
        {"select * from cloudy_vm", "cloudy", "install", 14, 9},
        {"select id from page a, page b", "more than one table", NULL, 7, 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rowset rows;
        allora_error err;
        json_node *doc = NULL;
        allora_error ignored = ERR_INIT;
        int32_t status = run(cases[i].sql, &rows, &err);
        allora_str event = rowset_event(&rows, ALLORA_EV_RESULT);
        if (status != ALLORA_E_ARG || !strstr(err.message, cases[i].message) ||
            (cases[i].hint && !strstr(err.hint, cases[i].hint)))
            fail_msg("%s: %d %s (%s)", cases[i].sql, status, err.message, err.hint);
        assert_true(event.len > 0);
        assert_int_equal(json_parse(event.ptr, event.len, &doc, &ignored), ALLORA_OK);
        const json_node *place = json_get(doc, "sql_error");
        if (json_get_int(place, "offset", -1) != cases[i].offset ||
            json_get_int(place, "length", -1) != cases[i].length)
            fail_msg("%s: %.*s", cases[i].sql, (int)event.len, event.ptr);
        json_free(doc);
        rowset_done(&rows);
    }
}

static void stops_early(void **state)
{
    struct rowset rows;
    allora_error err;
    (void)state;
    pages = 0;
    assert_int_equal(run("select id from page limit 2", &rows, &err), ALLORA_OK);
    assert_int_equal(rows.n_rows, 2);
    assert_int_equal(pages, 1);
    rowset_done(&rows);
    pages = 0;
    assert_int_equal(run("select id from page where length(name) = 1 limit 2", &rows, &err),
                     ALLORA_OK);
    assert_true(pages <= 2);
    rowset_done(&rows);
    assert_int_equal(run("select id from endless limit 3", &rows, &err), ALLORA_OK);
    assert_int_equal(rows.n_rows, 3);
    rowset_done(&rows);
    /* the operation's own limit */
    struct query_request q = sql("select id from endless");
    q.max_rows = 1000;
    err = ERR_INIT;
    assert_int_equal(fake_query(engine, q, &rows, &err), ALLORA_OK);
    assert_int_equal(rows.n_rows, 1000);
    assert_non_null(strstr(rowset_event(&rows, ALLORA_EV_PROVENANCE).ptr, "\"truncated\":true"));
    rowset_done(&rows);
}

static void *canceller(void *ctx)
{
    usleep(50000);
    ctx_cancel(ctx, ALLORA_E_CANCELLED);
    return NULL;
}

static void cancels(void **state)
{
    static const char *const texts[] = {
        "select count(*) from endless", "select * from stuck",
        "select count(*) from endless a join endless b on a.id = b.id",
        "with recursive c(x) as (select 1 union all select x+1 from c) select count(*) from c"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (int deadline = 0; deadline < 2; deadline++) {
            pthread_t thread;
            allora_error err = ERR_INIT;
            struct query_request q = sql(texts[i]);
            int64_t start = clock_mono_us();
            allora_ctx *ctx = ctx_root(&fake_person, deadline ? start + 50000 : 0);
            if (!deadline)
                assert_int_equal(pthread_create(&thread, NULL, canceller, ctx), 0);
            int32_t status = engine_query(engine, ctx, &q, &null_sink, &err);
            if (!deadline)
                pthread_join(thread, NULL);
            ctx_close(ctx);
            if (status != (deadline ? ALLORA_E_TIMEOUT : ALLORA_E_CANCELLED))
                fail_msg("%s: %d %s", texts[i], status, err.message);
            assert_true(clock_mono_us() - start < 5 * 1000000);
        }
    }
}

static void partial(void **state)
{
    struct rowset rows;
    allora_error err;
    static const char *const none[] = {"x1", "x2", NULL};
    (void)state;
    assert_int_equal(run("select count(*) n from regional", &rows, &err), ALLORA_PARTIAL);
    assert_int_equal(rows.rows[0][0].u.i, 200);
    allora_str warning = rowset_event(&rows, ALLORA_EV_WARNING);
    assert_non_null(strstr(warning.ptr, "did not answer"));
    assert_non_null(strstr(warning.ptr, "region=x1"));
    assert_non_null(strstr(rowset_event(&rows, ALLORA_EV_PROVENANCE).ptr, "\"failed\":1"));
    rowset_done(&rows);
    /* partitions that cannot hold a match are not asked */
    assert_int_equal(run("select count(*) n from regional where region in ('a', 'b')", &rows, &err),
                     ALLORA_OK);
    rowset_done(&rows);
    region_names = none;
    assert_int_equal(run("select count(*) n from regional", &rows, &err), ALLORA_E_TIMEOUT);
    assert_non_null(strstr(err.message, "did not answer"));
    rowset_done(&rows);
    assert_int_equal(run("select * from broken", &rows, &err), ALLORA_E_AUTH);
    assert_string_equal(err.hint, "log in");
    rowset_done(&rows);
    /* a unified view stands without the one that failed */
    assert_int_equal(run("select count(*) n from vm", &rows, &err), ALLORA_PARTIAL);
    assert_int_equal(rows.rows[0][0].u.i, 100);
    assert_non_null(strstr(rowset_event(&rows, ALLORA_EV_WARNING).ptr, "no credentials"));
    rowset_done(&rows);
}

static void absent(void **state)
{
    struct rowset rows;
    allora_error err;
    size_t warnings = 0;
    (void)state;
    assert_int_equal(run("select id, secret, odd from holes", &rows, &err), ALLORA_OK);
    assert_int_equal(rows.n_rows, 3);
    assert_int_equal(rows.rows[1][1].type, ALLORA_V_NULL);
    assert_int_equal(rows.rows[1][2].type, ALLORA_V_NULL);
    for (struct rowset_event *e = rows.events; e; e = e->next) {
        if (e->kind == ALLORA_EV_WARNING)
            warnings++;
    }
    assert_int_equal(warnings, 2); /* one a column */
    rowset_done(&rows);
    assert_int_equal(run("select id from holes", &rows, &err), ALLORA_OK);
    assert_int_equal(rowset_event(&rows, ALLORA_EV_WARNING).len, 0);
    rowset_done(&rows);
    /* whether such a row matches is not known: the answer is not whole */
    assert_int_equal(run("select id from holes where secret = 'x'", &rows, &err), ALLORA_PARTIAL);
    assert_non_null(strstr(rowset_event(&rows, ALLORA_EV_WARNING).ptr, "left out"));
    rowset_done(&rows);
}

static void required_keys(void **state)
{
    struct rowset rows;
    allora_error err;
    (void)state;
    object_calls = 0;
    assert_int_equal(run("select count(*) n from object where bucket = 'b1'", &rows, &err),
                     ALLORA_OK);
    assert_int_equal(rows.rows[0][0].u.i, 2);
    rowset_done(&rows);
    assert_int_equal(object_calls, 1);
    object_calls = 0;
    assert_int_equal(
        run("select count(*) n from object where bucket in ('b1', 'b2', 'b1')", &rows, &err),
        ALLORA_OK);
    assert_int_equal(rows.rows[0][0].u.i, 4);
    rowset_done(&rows);
    assert_int_equal(object_calls, 2);
    /* 300 outer rows with 30 keys: 30 calls, many at a time */
    object_calls = most_at_once = 0;
    static const char join[] =
        "with recursive c(x) as (select 0 union all select x+1 from c where x < 299) "
        "select count(*) n, count(distinct o.bucket) d from c join object o on o.bucket = 'b' || "
        "(c.x % 30)";
    assert_int_equal(run(join, &rows, &err), ALLORA_OK);
    assert_int_equal(rows.rows[0][0].u.i, 600);
    assert_int_equal(rows.rows[0][1].u.i, 30);
    rowset_done(&rows);
    assert_int_equal(object_calls, 30);
    assert_true(most_at_once > 4);
    assert_int_equal(
        run("select p.id, o.key from page p join object o on o.bucket = p.name limit 3", &rows,
            &err),
        ALLORA_OK);
    assert_int_equal(rows.n_rows, 3);
    rowset_done(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(says_where, setup, teardown),
        cmocka_unit_test_setup_teardown(stops_early, setup, teardown),
        cmocka_unit_test_setup_teardown(cancels, setup, teardown),
        cmocka_unit_test_setup_teardown(partial, setup, teardown),
        cmocka_unit_test_setup_teardown(absent, setup, teardown),
        cmocka_unit_test_setup_teardown(required_keys, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
