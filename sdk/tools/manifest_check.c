/* allora-manifest-check SCHEMA MANIFEST: would a host take this plugin.json?
 *
 * It must be strict JSON without duplicate keys, hold to the schema, and satisfy the host's own
 * parser, which also knows what refers to what (a default column that doesn't exist).  The first
 * finding is one line on stderr, exit 1. */
#include "base/err.h"
#include "plugin/manifest.h"
#include "schema.h"
#include "tool.h"
#include <stdio.h>

static int32_t read_json(const char *path, const char **ret_text, size_t *ret_len,
                         const sdk_json **ret, allora_error *err)
{
    struct sdk_pool pool = {.host = &tool_host};
    *ret_text = tool_read(path, ret_len);
    if (!*ret_text)
        return ALLORA_E_ARG; /* said already */
    int32_t st = sdk_json_read(&pool, sdk_str_n(*ret_text, *ret_len), SDK_JSON_UNIQUE, ret, err);
    if (st)
        (void)fprintf(stderr, "%s:%s\n", path, err->message);
    return st;
}

static int32_t check(const char *schema_path, const char *manifest_path)
{
    const sdk_json *schema, *value;
    const char *text;
    size_t len;
    struct manifest *m = NULL;
    allora_error err = ERR_INIT;
    int32_t st = read_json(schema_path, &text, &len, &schema, &err);
    if (!st)
        st = read_json(manifest_path, &text, &len, &value, &err);
    if (st)
        return st;
    st = schema_check(schema, value, &err);
    if (!st)
        st = manifest_parse(text, len, &m, &err);
    manifest_free(m);
    if (st)
        (void)fprintf(stderr, "%s: %s\n", manifest_path, err.message);
    return st;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: allora-manifest-check SCHEMA MANIFEST\n");
        return 2;
    }
    int32_t st = check(argv[1], argv[2]);
    tool_free_all();
    return st ? 1 : 0;
}
