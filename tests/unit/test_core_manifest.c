/* The core's own manifest: well-formed, every schema one that the gate can hold, every example
 * valid against it. */
#include "base/err.h"
#include "base/jsonw.h"
#include "operation/arguments.h"
#include "operation/core_manifest.h"
#include "plugin/manifest.h"
#include "unit.h"

static void parses(void **state)
{
    struct manifest *m = NULL;
    allora_error err = ERR_INIT;
    allora_str text = core_manifest();
    if (manifest_parse(text.ptr, (size_t)text.len, &m, &err) != ALLORA_OK)
        fail_msg("%s", err.message);
    assert_string_equal(m->id, "allora");
    assert_int_equal(m->n_commands, 0);
    assert_int_equal(m->n_tables, 0);
    assert_true(m->n_operations >= 14);
    *state = m;
}

static void examples_fit_their_schemas(void **state)
{
    (void)state;
    struct manifest *m = NULL;
    allora_error err = ERR_INIT;
    allora_str text = core_manifest();
    assert_int_equal(manifest_parse(text.ptr, (size_t)text.len, &m, &err), ALLORA_OK);
    struct arena mem;
    arena_init(&mem, 0);
    for (uint32_t i = 0; i < m->n_operations; i++) {
        const struct operation_decl *op = &m->operations[i];
        const struct schema *schema = NULL;
        if (schema_compile(&mem, op->arguments, &schema, &err) != ALLORA_OK)
            fail_msg("%s: %s", op->name, err.message);
        const json_node *examples = json_get(op->node, "examples");
        assert_true(json_count(examples) > 0);
        json_foreach (example, examples) {
            struct buf b = BUF(65536);
            jw_node(&JSONW(&b), json_get(example, "arguments"));
            json_node *args = NULL;
            bool filled = false;
            if (arguments_parse(schema, op->name, (allora_str){b.ptr, b.len}, &args, &filled, &err))
                fail_msg("%s", err.message);
            json_free(args);
            buf_done(&b);
        }
    }
    arena_done(&mem);
    manifest_free(m);
}

static int free_manifest(void **state)
{
    manifest_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(parses, free_manifest),
        cmocka_unit_test(examples_fit_their_schemas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
