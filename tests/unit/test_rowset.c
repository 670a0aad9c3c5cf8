/* core/base/rowset.h */
#include "unit/unit.h"

#include "base/buf.h"
#include "base/rowset.h"
#include "base/value.h"

#include <stdio.h>
#include <string.h>

static int32_t send_columns(const allora_sink *sink)
{
    char name[] = "name";
    allora_column id = {.size = sizeof id, .type = ALLORA_V_INT, .name = "id", .unit = "n"};
    allora_column text = {.size = sizeof text, .type = ALLORA_V_TEXT, .name = name};
    const allora_column *columns[] = {&id, &text};
    int32_t status = sink->begin(sink->self, columns, 2);

    memset(name, 'z', 4); /* borrowed: the set must not look here again */
    return status;
}

static int32_t send_row(const allora_sink *sink, int64_t id, const char *name)
{
    char copy[64];
    (void)snprintf(copy, sizeof copy, "%s", name);
    const allora_value cells[] = {val_int(id), val_text(copy)};
    int32_t status = sink->row(sink->self, cells, 2);
    memset(copy, 'z', sizeof copy);
    return status;
}

static int32_t send_event(const allora_sink *sink, int32_t kind, const char *text)
{
    return sink->event(sink->self, kind, (allora_str){text, strlen(text)});
}

static void test_collects(void **state)
{
    struct rowset r;

    (void)state;
    rowset_init(&r, 0, 0);
    allora_sink sink = rowset_sink(&r);
    assert_int_equal(send_columns(&sink), ALLORA_OK);
    assert_int_equal(send_columns(&sink), ALLORA_OK); /* the same again is harmless */
    for (int i = 0; i < 100; i++)
        assert_int_equal(send_row(&sink, i, "first"), ALLORA_OK);
    assert_int_equal(send_event(&sink, ALLORA_EV_RESULT, "{\"a\":1}"), ALLORA_OK);
    assert_int_equal(send_event(&sink, ALLORA_EV_TEXT, "one"), ALLORA_OK);
    assert_int_equal(send_event(&sink, ALLORA_EV_TEXT, "two"), ALLORA_OK);
    assert_int_equal(r.n_rows, 100);
    assert_int_equal(r.rows[99][0].u.i, 99);
    assert_string_equal(r.names[1], "name");
    assert_string_equal(r.columns[0]->unit, "n");
    assert_null(r.columns[1]->unit);
    assert_string_equal(rowset_event(&r, ALLORA_EV_TEXT).ptr, "one");
    assert_int_equal(rowset_event(&r, ALLORA_EV_RESULT).len, 7);
    assert_int_equal(rowset_event(&r, ALLORA_EV_DONE).len, 0);
    assert_string_equal(r.last_event->payload.ptr, "two");
    assert_int_equal(r.n_dropped, 0);

    rowset_done(&r);
    assert_int_equal(r.n_rows, 0);
    rowset_done(&r);
}

static void test_json(void **state)
{
    struct rowset r;
    A_CLEAN(buf_done) struct buf b = BUF(1000);

    (void)state;
    rowset_init(&r, 0, 0);
    allora_sink sink = rowset_sink(&r);
    rowset_json(&r, &b);
    assert_string_equal(buf_str(&b), "[]");
    buf_reset(&b);
    const allora_value first[] = {val_int(1), val_text("x")}, brief[] = {val_int(2)};
    const allora_value wide[] = {val_int(3), val_null(), val_int(9)};
    assert_int_equal(sink.row(sink.self, first, 2), ALLORA_OK); /* no begin() */
    assert_int_equal(sink.row(sink.self, brief, 1), ALLORA_OK);
    assert_int_equal(sink.row(sink.self, wide, 3), ALLORA_OK);
    rowset_json(&r, &b);
    assert_string_equal(buf_str(&b), "[{\"column1\":1,\"column2\":\"x\"},"
                                     "{\"column1\":2,\"column2\":null},"
                                     "{\"column1\":3,\"column2\":null}]");
    assert_int_equal(r.rows[1][1].type, ALLORA_V_ABSENT);
    assert_int_equal(send_columns(&sink), ALLORA_E_INTERNAL); /* too late */
    rowset_done(&r);
}

static void test_limits_keep_a_prefix(void **state)
{
    struct rowset r;
    char large[4000];

    (void)state;
    rowset_init(&r, 3, 0);
    allora_sink sink = rowset_sink(&r);
    for (int i = 0; i < 10; i++)
        assert_int_equal(send_row(&sink, i, "x"), ALLORA_OK);
    assert_int_equal(r.n_rows, 3);
    assert_int_equal(r.n_dropped, 7);
    rowset_done(&r);

    rowset_init(&r, 0, 5000);
    sink = rowset_sink(&r);
    memset(large, 'x', sizeof large);
    const allora_value cells[] = {val_textn(large, sizeof large)}, small[] = {val_int(1)};
    assert_int_equal(sink.row(sink.self, cells, 1), ALLORA_OK);
    assert_int_equal(sink.row(sink.self, cells, 1), ALLORA_OK);
    assert_int_equal(sink.row(sink.self, small, 1),
                     ALLORA_OK); /* would fit, but comes after a gap */
    assert_int_equal(r.n_rows, 1);
    assert_int_equal(r.n_dropped, 2);
    assert_true(r.mem.used <= 5000);
    rowset_done(&r);
}

static bool torture(void)
{
    struct rowset r;

    rowset_init(&r, 0, 0);
    allora_sink sink = rowset_sink(&r);
    int32_t status = send_columns(&sink);
    for (int i = 0; i < 100 && status == ALLORA_OK; i++)
        status = send_row(&sink, i, "some text that takes room in the arena");
    if (status == ALLORA_OK)
        status = send_event(&sink, ALLORA_EV_RESULT, "{}");
    assert_int_equal(r.oom, status != ALLORA_OK);
    assert_true(status == ALLORA_OK || status == ALLORA_E_NOMEM);
    rowset_done(&r);
    return status == ALLORA_OK;
}

static void test_out_of_memory(void **state)
{
    unsigned runs;

    (void)state;
    TORTURE(torture(), &runs);
    assert_true(runs >= 6);
}

static void test_null_sink(void **state)
{
    (void)state;
    assert_int_equal(send_columns(&null_sink), ALLORA_OK);
    assert_int_equal(send_row(&null_sink, 1, "x"), ALLORA_OK);
    assert_int_equal(send_event(&null_sink, ALLORA_EV_TEXT, "x"), ALLORA_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_collects),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_limits_keep_a_prefix),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_null_sink),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
