/* plugin.list, plugin.info, plugin.doctor over a folder of good and bad plugins. */
#include "plugin_help.h"

#include "base/rowset.h"
#include "plugin/plugin_operations.h"

static const struct principal me = {"local:test", true, false};

struct call {
    struct rowset rows;
    allora_ctx *ctx;
    json_node *args;
    allora_error err;
    int32_t rc;
};

static void run(struct call *c, operation_fn fn, struct registry *r, const char *args)
{
    *c = (struct call){.err = ERR_INIT};
    rowset_init(&c->rows, 100, 1 << 20);
    c->ctx = ctx_root(&me, 0);
    assert_int_equal(json_parse(args, strlen(args), &c->args, &c->err), ALLORA_OK);
    allora_sink sink = rowset_sink(&c->rows);
    c->rc = fn(r, c->ctx, c->args, &sink, &c->err);
}

static void done(struct call *c)
{
    rowset_done(&c->rows);
    json_free(c->args);
    ctx_close(c->ctx);
}

/* The text of a column in the row whose first column is `name`; "" for NULL, NULL when there is no
 * such row. */
static const char *cell(struct call *c, const char *name, const char *column)
{
    static char text[2048];
    for (size_t i = 0; i < c->rows.n_rows; i++) {
        const allora_value *row = c->rows.rows[i];
        if (row[0].len != strlen(name) || memcmp(row[0].u.p, name, row[0].len) != 0)
            continue;
        for (uint32_t k = 0; k < c->rows.n_columns; k++) {
            if (strcmp(c->rows.names[k], column) != 0)
                continue;
            (void)snprintf(text, sizeof text, "%.*s",
                           row[k].type == ALLORA_V_TEXT ? (int)row[k].len : 0,
                           row[k].type == ALLORA_V_TEXT ? row[k].u.p : "");
            return text;
        }
    }
    return NULL;
}

static struct registry *open_mixture(void)
{
    char path[512];
    allora_error err = ERR_INIT;
    help_install("p", "fixture", "fixture");
    help_install("q", "twin", "twin");
    help_install("p", "future", "future");
    help_install("p", "drift", "drift");
    help_path(path, "p/junk.so");
    assert_int_equal(fs_write_atomic(path, "junk", 4, 0644, &err), ALLORA_OK);
    return help_open("p:q");
}

static void lists_good_and_bad(void **state)
{
    (void)state;
    struct registry *r = open_mixture();
    struct call c;
    run(&c, plugin_op_list, r, "{}");
    assert_int_equal(c.rc, ALLORA_OK);
    assert_int_equal(c.rows.n_rows, 4);
    assert_string_equal(cell(&c, "fixture", "provides"), "4 operations, 1 command");
    assert_string_equal(cell(&c, "fixture", "kind"), "command");
    assert_string_equal(cell(&c, "fixture", "version"), "1.2.3");
    assert_string_equal(cell(&c, "fixture", "isolation"), "in process");
    assert_string_equal(cell(&c, "fixture", "trust"), "named for this run");
    assert_string_equal(cell(&c, "fixture", "problem"), "");
    assert_string_equal(cell(&c, "future", "problem"),
                        "needs ABI 1.7, this allora speaks 1.0 to 1.0");
    assert_non_null(strstr(cell(&c, "future", "provides"), "not loaded: needs ABI 1.7"));
    assert_string_equal(cell(&c, "junk", "kind"), "");
    assert_non_null(strstr(cell(&c, "junk", "problem"), "not an ELF file"));
    done(&c);
    run(&c, plugin_op_list, r, "{\"all\": true, \"pattern\": \"fix*\"}");
    assert_int_equal(c.rows.n_rows, 2);
    done(&c);
    registry_close(r);
}

static void doctor_names_each_step(void **state)
{
    (void)state;
    struct registry *r = open_mixture();
    struct call c;
    run(&c, plugin_op_doctor, r, "{}");
    assert_int_equal(c.rc, ALLORA_E_ABI);
    assert_string_equal(c.err.message, "3 of 4 plugins cannot be used");
    assert_int_equal(c.rows.n_rows, 5);
    assert_string_equal(cell(&c, "fixture", "status"), "ok");
    assert_non_null(strstr(cell(&c, "fixture", "detail"), "loaded in"));
    assert_string_equal(cell(&c, "drift", "check"), "handshake");
    assert_string_equal(cell(&c, "drift", "status"), "failed");
    assert_string_equal(cell(&c, "future", "check"), "abi");
    assert_string_equal(cell(&c, "junk", "check"), "read");
    done(&c);
    run(&c, plugin_op_doctor, r, "{\"plugin\": \"fixture\"}");
    assert_int_equal(c.rc, ALLORA_OK);
    assert_int_equal(c.rows.n_rows, 1);
    done(&c);
    run(&c, plugin_op_doctor, r, "{\"plugin\": \"fixtrue\"}");
    assert_int_equal(c.rc, ALLORA_E_NOTFOUND);
    assert_non_null(strstr(c.err.hint, "fixture"));
    done(&c);
    registry_close(r);
}

static void info_tells_all(void **state)
{
    (void)state;
    struct registry *r = open_mixture();
    struct call c;
    json_node *doc = NULL;
    run(&c, plugin_op_info, r, "{\"plugin\": \"fixture\"}");
    assert_int_equal(c.rc, ALLORA_OK);
    allora_str text = rowset_event(&c.rows, ALLORA_EV_RESULT);
    assert_int_equal(json_parse(text.ptr, text.len, &doc, &c.err), ALLORA_OK);
    assert_string_equal(json_get_str(doc, "status", ""), "usable");
    assert_string_equal(json_get_str(doc, "license", ""), "Apache-2.0");
    assert_int_equal(json_count(json_get(doc, "operations")), 4);
    assert_string_equal(json_get_str(json_at(json_get(doc, "commands"), 0), "command", ""),
                        "fixture config");
    assert_int_equal(json_count(json_path(doc, "permissions.invoke")), 1);
    json_free(doc);
    done(&c);
    run(&c, plugin_op_info, r, "{\"plugin\": \"future\"}");
    text = rowset_event(&c.rows, ALLORA_EV_RESULT);
    assert_int_equal(json_parse(text.ptr, text.len, &doc, &c.err), ALLORA_OK);
    assert_string_equal(json_str(json_path(doc, "problem.stage"), ""), "abi");
    json_free(doc);
    done(&c);
    run(&c, plugin_op_info, r, "{\"plugin\": \"nothing\"}");
    assert_int_equal(c.rc, ALLORA_E_NOTFOUND);
    done(&c);
    registry_close(r);
}

#define EACH(f) cmocka_unit_test_setup_teardown(f, help_setup, help_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(lists_good_and_bad),
        EACH(doctor_names_each_step),
        EACH(info_tells_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
