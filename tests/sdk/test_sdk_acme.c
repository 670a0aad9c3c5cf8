/* The synthetic providers do what the tests above them count on: partitions, pages, failures,
 * sizes. */
#include "opened.h"

const char allora_manifest_begin[] = "{}", allora_manifest_end[] = "";

static char file[4096];
static struct fake_setting settings[6];

static void begin(struct opened *o, uint32_t extra, const char *key, allora_value value)
{
    const char *source = getenv("SOURCE_DIR");
    (void)snprintf(file, sizeof file, "%s/tests/data/acme.json", source ? source : ".");
    settings[0] = (struct fake_setting){"file", sdk_cell_text(file)};
    settings[1] = (struct fake_setting){"page_size", sdk_cell_int(4)};
    settings[2] = (struct fake_setting){key, value};
    opened_begin(o, "acme");
    o->fake.settings = settings;
    o->fake.n_settings = 2 + extra;
    opened_create(o);
}

static void test_tables(void **state)
{
    static const struct {
        const char *table;
        uint32_t columns, rows;
    } tables[] = {{"acme_server", 17, 61},
                  {"acme_volume", 14, 83},
                  {"acme_domain", 11, 25},
                  {"acme_ticket", 11, 42}};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct opened o;
        struct collected got = {0};
        allora_list_request req = {.table = tables[i].table};
        begin(&o, 0, NULL, sdk_null());
        assert_int_equal(opened_list(&o, &req, tables[i].columns, &got), ALLORA_OK);
        assert_int_equal(got.n_rows, tables[i].rows);
        assert_int_equal(collected_count(&got, ALLORA_EV_CURSOR), (tables[i].rows - 1) / 4);
        for (uint32_t r = 0; r < got.n_rows; r++)
            for (uint32_t c = 0; c < tables[i].columns; c++)
                if (got.rows[r][c].type == ALLORA_V_ABSENT)
                    fail_msg("%s row %u column %u is absent", tables[i].table, r, c);
        collected_free(&got);
        opened_end(&o);
    }
}

static void test_partitions_cover_the_table(void **state)
{
    struct opened o;
    struct collected parts = {0};
    const allora_sink sink = collect(&parts);
    uint32_t rows = 0;
    (void)state;
    begin(&o, 0, NULL, sdk_null());
    assert_int_equal(o.provider->partitions(o.self, o.ctx, "acme_server", &sink, &o.err),
                     ALLORA_OK);
    assert_int_equal(parts.n_names, 2);
    assert_int_equal(parts.n_rows, 10);
    for (uint32_t i = 0; i < parts.n_rows; i++) {
        const allora_pair keys[] = {{sdk_str("account"), sdk_str(parts.rows[i][0].u.p)},
                                    {sdk_str("region"), sdk_str(parts.rows[i][1].u.p)}};
        struct collected got = {0};
        allora_list_request req = {.table = "acme_server", .partition = keys, .n_partition = 2};
        assert_int_equal(opened_list(&o, &req, 17, &got), ALLORA_OK);
        assert_true(got.n_rows > 0);
        rows += got.n_rows;
        collected_free(&got);
    }
    assert_int_equal(rows, 61);
    assert_int_equal(o.provider->partitions(o.self, o.ctx, "acme_ticket", &sink, &o.err),
                     ALLORA_E_UNSUPPORTED);
    collected_free(&parts);
    opened_end(&o);
}

static void test_failing_partition_and_cursor(void **state)
{
    struct opened o;
    struct collected got = {0};
    const allora_pair keys[] = {{sdk_str("account"), sdk_str("prod")},
                                {sdk_str("region"), sdk_str("us-east")}};
    allora_list_request req = {.table = "acme_server", .partition = keys, .n_partition = 2};
    (void)state;
    begin(&o, 1, "fail", sdk_cell_text("prod/us-east"));
    assert_int_equal(opened_list(&o, &req, 17, &got), ALLORA_E_NETWORK);
    assert_int_equal(got.n_rows, 0);
    assert_true(o.err.flags & ALLORA_ERR_RETRYABLE);
    settings[3] = (struct fake_setting){"fail_after", sdk_cell_int(2)};
    o.fake.n_settings = 4;
    assert_int_equal(opened_list(&o, &req, 17, &got), ALLORA_E_NETWORK);
    assert_int_equal(got.n_rows, 8); /* two pages came */
    assert_string_equal(collected_event(&got, ALLORA_EV_CURSOR), "8");
    collected_free(&got);
    o.fake.n_settings = 2;
    req.cursor = sdk_str("8");
    assert_int_equal(opened_list(&o, &req, 17, &got), ALLORA_OK);
    assert_int_equal(got.n_rows, 5);
    collected_free(&got);
    opened_end(&o);
}

static void test_costly_columns_only_when_wanted(void **state)
{
    struct opened o;
    struct collected got = {0};
    const uint32_t wanted[] = {16, 2};
    allora_list_request req = {.table = "acme_server", .wanted = wanted, .n_wanted = 2};
    (void)state;
    begin(&o, 0, NULL, sdk_null());
    assert_int_equal(opened_list(&o, &req, 17, &got), ALLORA_OK);
    assert_int_equal(got.rows[0][0].flags, ALLORA_VF_SENSITIVE);
    assert_string_equal(got.rows[0][1].u.p, "srv-1001");
    collected_free(&got);
    opened_end(&o);
}

static void test_no_file(void **state)
{
    struct opened o;
    struct collected got = {0};
    allora_list_request req = {.table = "acme_ticket"};
    (void)state;
    begin(&o, 0, NULL, sdk_null());
    settings[0].value = sdk_cell_text("/nonexistent/estate.json");
    assert_int_equal(opened_list(&o, &req, 11, &got), ALLORA_E_CONFIG);
    assert_string_equal(o.err.message, "/nonexistent/estate.json does not exist");
    assert_string_equal(o.err.hint, "set providers.acme.file to the estate's JSON file");
    collected_free(&got);
    opened_end(&o);
}

static void test_operation(void **state)
{
    struct opened o;
    struct collected got = {0};
    const allora_sink sink = collect(&got);
    (void)state;
    begin(&o, 0, NULL, sdk_null());
    const allora_operations_v1 *ops = o.plugin->get_interface(ALLORA_OPERATIONS_ID);
    assert_non_null(ops);
    assert_int_equal(ops->call(o.self, o.ctx, "acme.estate.summary",
                               sdk_str("{\"account\":\"lab\"}"), &sink, &o.err),
                     ALLORA_OK);
    assert_int_equal(got.n_rows, 1);
    assert_string_equal(got.names[4], "monthly_cost");
    assert_int_equal(got.rows[0][1].u.i, 10);
    assert_int_equal(ops->call(o.self, o.ctx, "acme.nope", sdk_str(""), &sink, &o.err),
                     ALLORA_E_UNSUPPORTED);
    assert_int_equal(ops->plan(o.self, o.ctx, "acme.estate.summary", sdk_str(""),
                               &(allora_plan){.size = sizeof(allora_plan)}, &o.err),
                     ALLORA_E_UNSUPPORTED);
    collected_free(&got);
    opened_end(&o);
}

static void test_synth_key_ranges(void **state)
{
    static const struct {
        uint32_t op;
        int64_t value;
        uint32_t rows;
    } rows[] = {
        {ALLORA_OP_EQ, 5, 1},
        {ALLORA_OP_EQ, -1, 0},
        {ALLORA_OP_EQ, 1000, 0},
        {ALLORA_OP_EQ, INT64_MAX, 0},
        {ALLORA_OP_LT, 10, 10},
        {ALLORA_OP_LE, 10, 11},
        {ALLORA_OP_GT, 990, 9},
        {ALLORA_OP_GE, 990, 10},
        {ALLORA_OP_GT, INT64_MAX, 0},
        {ALLORA_OP_LT, INT64_MIN, 0},
        {ALLORA_OP_GE, INT64_MIN, 1000},
        {ALLORA_OP_LE, INT64_MAX, 1000},
    };
    const struct fake_setting count = {"rows", sdk_cell_int(1000)};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct opened o;
        struct collected got = {0};
        const allora_filter f = {0, rows[i].op, sdk_cell_int(rows[i].value)};
        allora_list_request req = {.table = "synth_rows", .filters = &f, .n_filters = 1};
        opened_begin(&o, "synth");
        o.fake.settings = &count;
        o.fake.n_settings = 1;
        opened_create(&o);
        assert_int_equal(opened_list(&o, &req, 10, &got), ALLORA_OK);
        if (got.n_rows != rows[i].rows)
            fail_msg("case %zu: %u rows", i, got.n_rows);
        collected_free(&got);
        opened_end(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_partitions_cover_the_table),
        cmocka_unit_test(test_failing_partition_and_cursor),
        cmocka_unit_test(test_costly_columns_only_when_wanted),
        cmocka_unit_test(test_no_file),
        cmocka_unit_test(test_operation),
        cmocka_unit_test(test_synth_key_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
