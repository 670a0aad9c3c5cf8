/* The query engine over providers in this process: what comes out, what was asked of list(). */
#include "query/fake.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>

#include <cmocka.h>

static const char tables[] =
    "[{\"name\":\"proc\",\"summary\":\"processes\",\"nouns\":[\"process\"],\"ttl_s\":0,\"columns\":"
    "["
    "{\"name\":\"pid\",\"type\":\"int\",\"summary\":\"id\",\"key\":true,\"push\":[\"eq\",\"in\"],"
    "\"exact\":[\"eq\"],\"aliases\":[\"process_id\"]},"
    "{\"name\":\"name\",\"type\":\"text\",\"summary\":\"name\",\"push\":[\"eq\",\"prefix_nocase\","
    "\"prefix\"],\"outside\":true},"
    "{\"name\":\"rss\",\"type\":\"int\",\"unit\":\"bytes\",\"summary\":\"memory\"},"
    "{\"name\":\"cpu\",\"type\":\"real\",\"unit\":\"percent\",\"summary\":\"cpu\"},"
    "{\"name\":\"started\",\"type\":\"time\",\"summary\":\"start\",\"push\":[\"gt\",\"ge\",\"lt\"]}"
    ","
    "{\"name\":\"root\",\"type\":\"bool\",\"summary\":\"owned by root\"},"
    "{\"name\":\"env\",\"type\":\"json\",\"summary\":\"environment\"}]},"
    "{\"name\":\"vol\",\"summary\":\"volumes\",\"nouns\":[\"volume\"],\"ttl_s\":0,\"columns\":["
    "{\"name\":\"id\",\"type\":\"text\",\"summary\":\"id\"},{\"name\":\"size\",\"type\":\"int\","
    "\"unit\":\"bytes\",\"summary\":\"size\"},"
    "{\"name\":\"state\",\"type\":\"text\",\"summary\":\"state\"},{\"name\":\"made\",\"type\":"
    "\"time\",\"summary\":\"made\"}]}]";
static const char views[] =
    "[{\"view\":\"disk\",\"table\":\"vol\",\"columns\":{\"id\":\"id\",\"size\":\"size\",\"created_"
    "at\":\"made\",\"region\":{\"const\":\"local\"},"
    "\"public\":{\"const\":false},\"status\":{\"column\":\"state\",\"map\":{\"ok\":\"running\"},"
    "\"default\":\"unknown\"}}}]";

static struct {
    int calls;
    uint32_t n_filters, n_wanted, wanted[200];
    allora_filter filters[8];
    uint64_t limit;
    _Atomic int rows_sent;
    _Atomic int stopped;
} seen;

#define T0 INT64_C(1767225600000000) /* 2026-01-01 */
#define HOUR INT64_C(3600000000)

static int32_t send(const allora_list_request *r, const allora_sink *sink, const allora_value *full)
{
    allora_value cells[200];
    for (uint32_t i = 0; i < r->n_wanted; i++)
        cells[i] = full[r->wanted[i]];
    seen.rows_sent++;
    return sink->row(sink->self, cells, r->n_wanted);
}

static int32_t list(allora_instance *self, allora_ctx *ctx, const allora_list_request *r,
                    const allora_sink *sink, allora_error *err)
{
    static const char *const names[] = {"init", "postgres", "Node", "nodejs", "bash"};
    (void)self;
    (void)ctx;
    (void)err;
    seen.calls++;
    seen.n_filters = r->n_filters;
    seen.n_wanted = r->n_wanted;
    seen.limit = r->limit;
    memcpy(seen.wanted, r->wanted, r->n_wanted * sizeof *r->wanted);
    memcpy(seen.filters, r->filters, (r->n_filters < 8 ? r->n_filters : 8) * sizeof *r->filters);
    if (strcmp(r->table, "vol") == 0) {
        for (int i = 0; i < 3; i++) {
            allora_value row[] = {val_text(i ? "v1" : "v0"), val_int(1000 * i),
                                  val_text(i == 1 ? "bad" : "ok"), val_time(T0 + i * HOUR)};
            if (send(r, sink, row))
                break;
        }
        return ALLORA_OK;
    }
    for (int i = 0; i < 5; i++) {
        allora_value row[] = {val_int(i + 1),
                              val_text(names[i]),
                              i == 4 ? val_null() : val_int(1000 * (i + 1)),
                              val_real(i / 2.0),
                              val_time(T0 + i * HOUR),
                              val_bool(i == 0),
                              val_json("{\"a\":1}", 7)};
        if (send(r, sink, row)) {
            seen.stopped++;
            break;
        }
    }
    return ALLORA_OK;
}

struct fixture {
    struct fake fake;
    struct pool *pool;
    struct engine *engine;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    allora_error err = ERR_INIT;
    fake_init(&f->fake, tables, views, list);
    f->pool = pool_new(16);
    struct table_source source = fake_source(&f->fake);
    assert_int_equal(engine_new_from(&source, f->pool, NULL, &f->engine, &err), ALLORA_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    engine_free(f->engine);
    pool_free(f->pool);
    fake_done(&f->fake);
    free(f);
    return 0;
}

/* Runs the SQL and compares its rows, as JSON. */
static void expect(struct fixture *f, const char *text, const char *json)
{
    struct rowset rows;
    allora_error err = ERR_INIT;
    struct buf out = BUF(1 << 20);
    memset(&seen, 0, sizeof seen);
    int32_t status = fake_query(f->engine, sql(text), &rows, &err);
    if (status != ALLORA_OK)
        fail_msg("%s: %d %s", text, status, err.message);
    rowset_json(&rows, &out);
    if (strcmp(buf_str(&out), json) != 0)
        fail_msg("%s\n  got  %s\n  want %s", text, buf_str(&out), json);
    buf_done(&out);
    rowset_done(&rows);
}

static void selects(void **state)
{
    struct fixture *f = *state;
    expect(f, "select pid, name from proc",
           "[{\"pid\":1,\"name\":\"init\"},{\"pid\":2,\"name\":\"postgres\"},{\"pid\":3,\"name\":"
           "\"Node\"},{\"pid\":4,\"name\":\"nodejs\"},{\"pid\":5,\"name\":\"bash\"}]");
    assert_int_equal(seen.n_wanted, 2);
    expect(f, "select count(*) n from proc", "[{\"n\":5}]");
    assert_int_equal(seen.n_wanted, 0);
    expect(f, "select pid from PROC where pid = 3", "[{\"pid\":3}]");
    assert_int_equal(seen.n_filters, 1);
    expect(f, "select pid from proc where process_id = '4'", "[{\"pid\":4}]");
    assert_int_equal(seen.n_filters, 1);
    assert_int_equal(seen.filters[0].val.type, ALLORA_V_INT);
    expect(f, "select pid from proc where pid in (2, 9, 4)", "[{\"pid\":2},{\"pid\":4}]");
    assert_int_equal(seen.filters[0].op, ALLORA_OP_IN);
    expect(f, "select name from proc where name like 'NODE%'",
           "[{\"name\":\"Node\"},{\"name\":\"nodejs\"}]");
    assert_int_equal(seen.filters[0].op, ALLORA_OP_PREFIX_NOCASE);
    expect(f, "select name from proc where name glob 'node*'", "[{\"name\":\"nodejs\"}]");
    assert_int_equal(seen.filters[0].op, ALLORA_OP_PREFIX);
    expect(f, "select pid from proc where rss is null", "[{\"pid\":5}]");
    assert_int_equal(seen.n_filters, 0);
    expect(f,
           "select pid, root from proc where rss > 1500.5 and not root order by rss desc limit 1",
           "[{\"pid\":4,\"root\":false}]");
    expect(f, "select pid from proc where pid = 2 or name = 'bash'", "[{\"pid\":2},{\"pid\":5}]");
    expect(f, "select env from proc limit 1", "[{\"env\":{\"a\":1}}]");
    expect(f, "select json_object('e', env) j from proc limit 1",
           "[{\"j\":\"{\\\"e\\\":{\\\"a\\\":1}}\"}]");
}

static void times(void **state)
{
    struct fixture *f = *state;
    expect(f, "select pid, started from proc where started >= '2026-01-01T03:00:00Z'",
           "[{\"pid\":4,\"started\":\"2026-01-01T03:00:00Z\"},{\"pid\":5,\"started\":\"2026-01-"
           "01T04:00:00Z\"}]");
    assert_int_equal(seen.n_filters, 1);
    assert_int_equal(seen.filters[0].val.type, ALLORA_V_TIME);
    /* SQLite's own spelling has a space where RFC 3339 has a T: as texts, this would be wrong. */
    expect(f, "select pid from proc where started > datetime('2026-01-01 02:30:00')",
           "[{\"pid\":4},{\"pid\":5}]");
    expect(f, "select pid from proc where started < '2026-01-01 01:30:00+01:00'", "[{\"pid\":1}]");
    expect(f, "select pid from proc where started = '2026-01-01'", "[{\"pid\":1}]");
    expect(f, "select count(*) n from proc where started > date('2026-01-03', '-7 day')",
           "[{\"n\":5}]");
    expect(f, "select max(started) m, min(started) as l from proc",
           "[{\"m\":\"2026-01-01T04:00:00Z\",\"l\":\"2026-01-01T00:00:00Z\"}]");
    expect(f, "select strftime('%H', started) h from proc where pid = 3", "[{\"h\":\"02\"}]");
    expect(f,
           "select pid from proc where started between '2026-01-01 01:00' and '2026-01-01 02:00'",
           "[{\"pid\":2},{\"pid\":3}]");
}

static void joins(void **state)
{
    struct fixture *f = *state;
    expect(f, "select a.pid, b.name from proc a join proc b on b.rss = a.rss + 1000",
           "[{\"pid\":1,\"name\":\"postgres\"},{\"pid\":2,\"name\":\"Node\"},{\"pid\":3,\"name\":"
           "\"nodejs\"}]");
    assert_int_equal(seen.calls, 2);
    expect(f, "select a.pid from proc a left join proc b on b.pid = a.pid + 1 where b.pid is null",
           "[{\"pid\":5}]");
    expect(
        f,
        "select pid, (select count(*) from proc b where b.rss < a.rss) n from proc a where pid < 4",
        "[{\"pid\":1,\"n\":0},{\"pid\":2,\"n\":1},{\"pid\":3,\"n\":2}]");
    assert_true(seen.calls <= 3);
    expect(f, "select count(*) n from proc a, proc b", "[{\"n\":25}]");
    expect(f, "select count(*) n from proc a right join vol b on b.size = a.rss", "[{\"n\":3}]");
    expect(f, "select p.pid from (values (1),(2)) v join proc p on p.pid = v.column1",
           "[{\"pid\":1},{\"pid\":2}]");
    expect(f,
           "with recursive c(x) as (select 1 union all select x + 1 from c where x < 3) select pid "
           "from c join proc on pid = x",
           "[{\"pid\":1},{\"pid\":2},{\"pid\":3}]");
}

static void unified(void **state)
{
    struct fixture *f = *state;
    expect(f,
           "select provider, region, id, size, status, public, created_at from disk where size > 0",
           "[{\"provider\":\"fake\",\"region\":\"local\",\"id\":\"v1\",\"size\":1000,\"status\":"
           "\"unknown\",\"public\":false,\"created_at\":\"2026-01-01T01:00:00Z\"},{\"provider\":"
           "\"fake\",\"region\":\"local\",\"id\":\"v1\",\"size\":2000,\"status\":\"running\","
           "\"public\":false,\"created_at\":\"2026-01-01T02:00:00Z\"}]");
    expect(f, "select count(*) n from disk where provider = 'other'", "[{\"n\":0}]");
    assert_int_equal(seen.calls, 0);
    expect(f, "select id from disk where region = 'elsewhere'", "[]");
    assert_int_equal(seen.calls, 0);
    expect(f, "select max(created_at) m from disk", "[{\"m\":\"2026-01-01T02:00:00Z\"}]");
    expect(f, "select count(*) n from disk where created_at > datetime('2026-01-01 00:30:00')",
           "[{\"n\":2}]");
    expect(f, "select * from vm", "[]");
}

/* SQLite's column mask has 63 bits of its own and one for all columns after them. */
static int32_t list_wide(allora_instance *self, allora_ctx *ctx, const allora_list_request *r,
                         const allora_sink *sink, allora_error *err)
{
    allora_value cells[200];
    (void)self;
    (void)ctx;
    (void)err;
    seen.n_wanted = r->n_wanted;
    for (int row = 0; row < 50; row++) {
        for (uint32_t i = 0; i < r->n_wanted; i++)
            cells[i] = val_int(row * 1000 + (int)r->wanted[i]);
        if (sink->row(sink->self, cells, r->n_wanted) == ALLORA_STOP)
            break;
    }
    return ALLORA_OK;
}

static int64_t first_cell(struct engine *e, const char *text)
{
    struct rowset rows;
    allora_error err = ERR_INIT;
    if (fake_query(e, sql(text), &rows, &err) != ALLORA_OK || rows.n_rows != 1)
        fail_msg("%s: %s", text, err.message);
    int64_t v = rows.rows[0][0].u.i;
    rowset_done(&rows);
    return v;
}

static void wide(void **state)
{
    struct fake fake;
    struct engine *e;
    allora_error err = ERR_INIT;
    struct buf m = BUF(1 << 20);
    char text[200];
    (void)state;
    buf_adds(&m,
             "[{\"name\":\"wide\",\"summary\":\"w\",\"nouns\":[\"w\"],\"ttl_s\":0,\"columns\":[");
    for (int i = 0; i < 130; i++)
        buf_addf(
            &m, "%s{\"name\":\"c%d\",\"type\":\"int\",\"summary\":\"c\",\"aliases\":[\"alias%d\"]}",
            i ? "," : "", i, i);
    buf_adds(&m, "]}]");
    fake_init(&fake, m.ptr, NULL, list_wide);
    struct pool *pool = pool_new(4);
    struct table_source source = fake_source(&fake);
    assert_int_equal(engine_new_from(&source, pool, NULL, &e, &err), ALLORA_OK);
    for (int i = 0; i < 130; i++) {
        snprintf(text, sizeof text, "select c%d from wide where c%d = %d", i, (i * 7) % 130,
                 3000 + (i * 7) % 130);
        assert_int_equal(first_cell(e, text), 3000 + i);
        assert_true(seen.n_wanted <= 2);
        snprintf(text, sizeof text, "select alias%d from wide where alias%d > 48999 and c0 = 49000",
                 i, (i * 11) % 130);
        assert_int_equal(first_cell(e, text), 49000 + i);
        assert_true(seen.n_wanted <= 3);
        snprintf(text, sizeof text,
                 "select a.c%d + b.c%d from wide a join wide b on b.c%d = a.c%d where a.c0 = 5000",
                 i, 129 - i, i, i);
        assert_int_equal(first_cell(e, text), 10000 + 129);
    }
    struct rowset rows;
    assert_int_equal(fake_query(e, sql("select * from wide"), &rows, &err), ALLORA_OK);
    assert_int_equal(rows.n_columns, 130);
    for (int row = 0; row < 50; row++) {
        for (int i = 0; i < 130; i++)
            assert_int_equal(rows.rows[row][i].u.i, row * 1000 + i);
    }
    rowset_done(&rows);
    engine_free(e);
    pool_free(pool);
    fake_done(&fake);
    buf_done(&m);
}

/* What renderers learn of the result's columns. */
static void columns(void **state)
{
    struct fixture *f = *state;
    struct rowset rows;
    allora_error err = ERR_INIT;
    static const char text[] = "select name, rss as memory, cpu, root, sum(rss) as total, "
                               "max(started) m, count(*) n, round(avg(cpu), 1) c, 'x' y "
                               "from proc group by name";
    static const struct {
        uint8_t type;
        const char *unit;
    } want[] = {{ALLORA_V_TEXT, NULL}, {ALLORA_V_INT, "bytes"},    {ALLORA_V_REAL, "percent"},
                {ALLORA_V_BOOL, NULL}, {ALLORA_V_INT, "bytes"},    {ALLORA_V_TIME, NULL},
                {ALLORA_V_INT, NULL},  {ALLORA_V_REAL, "percent"}, {ALLORA_V_TEXT, NULL}};
    assert_int_equal(fake_query(f->engine, sql(text), &rows, &err), ALLORA_OK);
    for (uint32_t i = 0; i < rows.n_columns; i++) {
        bool same = want[i].unit
                        ? rows.columns[i]->unit && strcmp(rows.columns[i]->unit, want[i].unit) == 0
                        : !rows.columns[i]->unit;
        /* the type of sum(rss) comes from its first row, which may be NULL */
        if (!same || (rows.columns[i]->type != want[i].type && i != 4))
            fail_msg("%s: %u %s", rows.columns[i]->name, rows.columns[i]->type,
                     rows.columns[i]->unit ? rows.columns[i]->unit : "-");
    }
    assert_int_equal(rows.rows[0][0].flags, ALLORA_VF_OUTSIDE);
    rowset_done(&rows);
    assert_int_equal(
        fake_query(f->engine, sql("select size s, max(created_at) from disk where 0"), &rows, &err),
        ALLORA_OK);
    assert_string_equal(rows.columns[0]->unit, "bytes");
    assert_int_equal(rows.columns[1]->type, ALLORA_V_TIME);
    rowset_done(&rows);
}

static void explains(void **state)
{
    struct fixture *f = *state;
    struct rowset rows;
    struct buf out = BUF(1 << 16);
    allora_error err = ERR_INIT;
    struct query_request q = sql("select a.name from proc a join vol v on v.size = a.rss where "
                                 "a.pid = 3 and a.rss > 5 order by 1");
    memset(&seen, 0, sizeof seen);
    q.explain = true;
    assert_int_equal(fake_query(f->engine, q, &rows, &err), ALLORA_OK);
    rowset_json(&rows, &out);
    assert_int_equal(seen.calls, 0);
    assert_non_null(strstr(buf_str(&out), "\"pushed\":\"pid = 3 (exact)\""));
    assert_non_null(strstr(buf_str(&out), "\"checked_here\":\"rss > 5\""));
    assert_non_null(strstr(buf_str(&out), "\"joined_by\":\""));
    assert_non_null(strstr(buf_str(&out), "ORDER BY"));
    buf_done(&out);
    rowset_done(&rows);
}

/* The Nth allocation fails, for every N a statement gets to: an error with words or the right rows,
 * never a crash. */
static void out_of_memory(void **state)
{
    struct fixture *f = *state;
    static const char *const texts[] = {
        "select name, max(started) from proc where pid in (1, 2, 3) and name like 'n%' group by 1 "
        "order by 1",
        "select count(*) from proc a join disk b on b.size = a.rss left join proc c on c.pid = "
        "a.pid where a.name <> 'x' or b.id = 'v1'",
        "select (select count(*) from proc b where b.rss < a.rss) from proc a"};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        bool finished = false;
        struct rowset whole;
        allora_error none = ERR_INIT;
        assert_int_equal(fake_query(f->engine, sql(texts[t]), &whole, &none), ALLORA_OK);
        for (int64_t n = 0; n < 5000 && !finished; n++) {
            struct rowset rows;
            allora_error err = ERR_INIT;
            struct query_request q = sql(texts[t]);
            allora_ctx *ctx = ctx_root(&fake_person, 0);
            rowset_init(&rows, 1000, 1 << 20);
            allora_sink sink = rowset_sink(&rows);
            mem_fail_after(n);
            int32_t status = engine_query(f->engine, ctx, &q, &sink, &err);
            void *probe = mem_alloc(1); /* had it failed already? */
            finished = probe == NULL;
            free(probe);
            mem_fail_after(-1);
            if (status == ALLORA_OK)
                assert_true(rows.oom || rows.n_rows == whole.n_rows);
            else if (status != ALLORA_E_NOMEM && status != ALLORA_PARTIAL)
                fail_msg("%s, allocation %lld: %d %s", texts[t], (long long)n, status, err.message);
            ctx_close(ctx);
            rowset_done(&rows);
        }
        assert_true(finished);
        rowset_done(&whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(selects, setup, teardown),
        cmocka_unit_test_setup_teardown(times, setup, teardown),
        cmocka_unit_test_setup_teardown(joins, setup, teardown),
        cmocka_unit_test_setup_teardown(unified, setup, teardown),
        cmocka_unit_test_setup_teardown(columns, setup, teardown),
        cmocka_unit_test_setup_teardown(explains, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_memory, setup, teardown),
        cmocka_unit_test(wide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
