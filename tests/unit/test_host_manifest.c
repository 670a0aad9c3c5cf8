/* The host provider's column lists (tables.h) against its manifest: a column number means the same
 * in both. */
#include "tables.h"
#include <allora/sdk.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void *blocks[4096]; /* the arena of this test */
static size_t n_blocks;

static void *test_alloc(allora_ctx *ctx, uint64_t size)
{
    (void)ctx;
    assert_true(n_blocks < sizeof blocks / sizeof blocks[0]);
    return blocks[n_blocks++] = malloc(size);
}

static char *read_manifest(void)
{
    char path[4096];
    const char *source = getenv("SOURCE_DIR");
    (void)snprintf(path, sizeof path, "%s/plugins/providers/host/plugin.json",
                   source ? source : ".");
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 1 << 20);
    assert_non_null(f);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, f) > 0);
    (void)fclose(f);
    return text;
}

static void columns_agree(void **state)
{
    (void)state;
    static allora_host host = {.size = (uint32_t)sizeof host, .alloc = test_alloc};
    sdk_instance instance = {.host = &host};
    allora_error err = {.size = (uint32_t)sizeof err};
    const sdk_json *manifest = NULL;
    char *text = read_manifest();
    assert_int_equal(
        sdk_parse((allora_instance *)(void *)&instance, NULL, sdk_str(text), &manifest, &err), 0);
    const struct table_entry *t = host_tables;
    sdk_foreach (table, sdk_path(manifest, "provider.tables")) {
        assert_non_null(t->name);
        assert_string_equal(sdk_get_str(table, "name", ""), t->name);
        uint32_t i = 0;
        sdk_foreach (column, sdk_path(table, "columns")) {
            assert_true(i < t->n_columns);
            assert_string_equal(sdk_get_str(column, "name", ""), t->columns[i]);
            i++;
        }
        assert_int_equal(i, t->n_columns);
        t++;
    }
    assert_null(t->name);
    free(text);
    while (n_blocks)
        free(blocks[--n_blocks]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(columns_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
