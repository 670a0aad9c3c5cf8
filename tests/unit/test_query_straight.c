/* Statements that only name columns of one table go past SQLite's virtual machine.  Nobody may be
 * able to tell: here each is held against the same statement with a condition that is always true
 * and that no scan knows of, which goes through it. */
#include "../query/fake.h"
#include "query/statement.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <math.h>

enum { N_COLS = 7, N_ROWS = 5000 };

static const char tables[] =
    "[{\"name\":\"t\",\"summary\":\"s\",\"nouns\":[\"t\"],\"ttl_s\":0,\"columns\":["
    "{\"name\":\"i\",\"type\":\"int\",\"summary\":\"c\",\"aliases\":[\"number\"]},"
    "{\"name\":\"r\",\"type\":\"real\",\"summary\":\"c\",\"unit\":\"percent\"},"
    "{\"name\":\"b\",\"type\":\"bool\",\"summary\":\"c\"},"
    "{\"name\":\"at\",\"type\":\"time\",\"summary\":\"c\"},"
    "{\"name\":\"x\",\"type\":\"text\",\"summary\":\"c\",\"outside\":true},"
    "{\"name\":\"j\",\"type\":\"json\",\"summary\":\"c\"},"
    "{\"name\":\"distinct\",\"type\":\"int\",\"summary\":\"c\"}]},"
    "{\"name\":\"u\",\"summary\":\"s\",\"nouns\":[\"u\"],\"ttl_s\":0,\"columns\":["
    "{\"name\":\"i\",\"type\":\"int\",\"summary\":\"c\"}]}]";

static int64_t fail_at; /* the row before which list() fails; -1: none */

static allora_value cell(uint32_t column, int64_t row, char text[64])
{
    if ((row + column) % 11 == 0)
        return (allora_value){.type = row % 2 ? ALLORA_V_NULL : ALLORA_V_ABSENT};
    switch (column) {
    case 0:
        return val_int(row % 5 == 0 ? INT64_MIN + row : row);
    case 1:
        return val_real(row % 7 == 0   ? (double)NAN
                        : row % 7 == 1 ? (double)-INFINITY
                                       : (double)row / 3);
    case 2:
        return (allora_value){.type = ALLORA_V_BOOL, .u.i = row % 13 == 0 ? 7 : row % 2};
    case 3:
        return val_time(row * 86400000001);
    case 4: {
        int n = row % 3 ? snprintf(text, 64, "text %lld \xc3\xa9", (long long)row) : 0;
        if (n > 4 && row % 4 == 0)
            text[2] = '\0';
        return val_textn(text, (size_t)n);
    }
    case 5:
        return (allora_value){.type = ALLORA_V_JSON,
                              .len = (uint32_t)snprintf(text, 64, "{\"n\":%lld}", (long long)row),
                              .u.p = text};
    default:
        return val_int(row % 3);
    }
}

static int32_t list(allora_instance *self, allora_ctx *ctx, const allora_list_request *q,
                    const allora_sink *sink, allora_error *err)
{
    (void)self;
    (void)ctx;
    for (int64_t row = 0; row < N_ROWS; row++) {
        allora_value cells[N_COLS];
        char text[N_COLS][64];
        if (row == fail_at)
            return err_set(err, ALLORA_E_NETWORK, "the line is dead");
        for (uint32_t k = 0; k < q->n_wanted; k++)
            cells[k] = cell(q->wanted[k], row, text[k]);
        if (sink->row(sink->self, cells, q->n_wanted) != ALLORA_OK)
            break;
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
    fake_init(&f->fake, tables, NULL, list);
    struct table_source source = fake_source(&f->fake);
    f->pool = pool_new(8);
    assert_int_equal(engine_new_from(&source, f->pool, NULL, &f->engine, &err), ALLORA_OK);
    fail_at = -1;
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

static void shapes(void **state)
{
    static const char *const yes[] = {"select * from t", "SELECT i FROM t;",
                                      "select i, t.r as x from t",
                                      " select \"i\" from [t] -- all of it\n;;"};
    static const char *const no[] = {"",
                                     "select",
                                     "select i",
                                     "select 1",
                                     "select distinct i from t",
                                     "select i + 1 from t",
                                     "select max(i) from t",
                                     "select i from t limit 3",
                                     "select i from t where i = 1",
                                     "select i from t, u",
                                     "select i from t order by i",
                                     "select i from t u",
                                     "select i from t union select i from u",
                                     "select *, i from t",
                                     "with t as (select 1) select * from t",
                                     "select 'i' from t",
                                     "explain select i from t"};
    (void)state;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        if (!straight_shape(yes[i]))
            fail_msg("not seen: %s", yes[i]);
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        if (straight_shape(no[i]))
            fail_msg("mistaken: %s", no[i]);
    }
}

static bool same(const allora_value *a, const allora_value *b)
{
    if (a->type != b->type || a->flags != b->flags)
        return false;
    if (value_is_text(a))
        return a->len == b->len && memcmp(a->u.p, b->u.p, a->len) == 0;
    return a->type == ALLORA_V_NULL || a->u.bits == b->u.bits;
}

static void both_ways_agree(void **state)
{
    struct fixture *f = *state;
    static const char *const lists[] = {
        "*",        "i",      "x, i, x", "number, b as yes, at", "j, r", "\"distinct\", t.at",
        "rowid, i", "null, i"};
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++) {
        for (uint64_t max = 0; max < 3; max++) {
            char plain[128], other[160];
            struct rowset a, b;
            allora_error err = ERR_INIT;
            snprintf(plain, sizeof plain, "select %s from t", lists[k]);
            snprintf(other, sizeof other, "select %s from t where 1 + length('a')", lists[k]);
            struct query_request p = sql(plain), o = sql(other);
            p.max_rows = o.max_rows = max * max * 900;
            int32_t one = fake_query(f->engine, p, &a, &err),
                    two = fake_query(f->engine, o, &b, &err);
            assert_int_equal(one, two);
            assert_int_equal(a.n_rows, b.n_rows);
            assert_int_equal(a.n_rows, max ? max * max * 900 : N_ROWS);
            assert_int_equal(a.n_columns, b.n_columns);
            for (size_t row = 0; row < a.n_rows; row++) {
                for (uint32_t c = 0; c < a.n_columns; c++) {
                    if (!same(&a.rows[row][c], &b.rows[row][c]))
                        fail_msg("%s: row %zu, column %u differs", plain, row, c);
                }
            }
            rowset_done(&a);
            rowset_done(&b);
        }
    }
}

/* A failure in the middle ends the statement with the table's own words. */
static void failures_arrive(void **state)
{
    struct fixture *f = *state;
    struct rowset rows;
    allora_error err = ERR_INIT;
    fail_at = 4000;
    assert_int_equal(fake_query(f->engine, sql("select i, x from t"), &rows, &err),
                     ALLORA_E_NETWORK);
    assert_non_null(strstr(err.message, "the line is dead"));
    assert_true(rows.n_rows > 0 && rows.n_rows <= 4000);
    rowset_done(&rows);
}

static int32_t some_rows(void *self, const allora_value *cells, uint32_t n)
{
    (void)cells;
    (void)n;
    return --*(int *)self > 0 ? ALLORA_OK : ALLORA_STOP;
}

static int32_t no_columns(void *self, const allora_column *const *columns, uint32_t n)
{
    (void)self;
    (void)columns;
    (void)n;
    return ALLORA_OK;
}

static int32_t no_event(void *self, int32_t kind, allora_str payload)
{
    (void)self;
    (void)kind;
    (void)payload;
    return ALLORA_OK;
}

static void a_reader_may_stop(void **state)
{
    struct fixture *f = *state;
    for (int n = 1; n < 200; n += 33) {
        int left = n;
        allora_error err = ERR_INIT;
        A_CLEAN(ctx_closep) allora_ctx *ctx = ctx_root(&fake_person, 0);
        struct query_request q = sql("select * from t");
        const allora_sink sink = {&left, no_columns, some_rows, no_event};
        int32_t status = engine_query(f->engine, ctx, &q, &sink, &err);
        assert_true(status == ALLORA_OK || status == ALLORA_PARTIAL);
        assert_int_equal(left, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes),
        cmocka_unit_test_setup_teardown(both_ways_agree, setup, teardown),
        cmocka_unit_test_setup_teardown(failures_arrive, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reader_may_stop, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
