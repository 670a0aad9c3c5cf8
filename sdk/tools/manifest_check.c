/* allora-manifest-check SCHEMA MANIFEST: does this plugin.json hold to the schema? */
#include "tool.h"
#include <stdio.h>

int main(int argc, char **argv)
{
    struct sdk_pool pool = {.host = &tool_host};
    allora_error err = {.size = (uint32_t)sizeof err};
    const sdk_json *manifest;
    size_t len;
    if (argc != 3) {
        fprintf(stderr, "usage: allora-manifest-check SCHEMA MANIFEST\n");
        return 2;
    }
    const char *text = tool_read(argv[2], &len);
    int32_t st = text ? sdk_json_read(&pool, sdk_str_n(text, len), SDK_JSON_UNIQUE, &manifest, &err)
                      : ALLORA_E_ARG;
    if (st && text)
        fprintf(stderr, "%s:%s\n", argv[2], err.message);
    tool_free_all();
    return st ? 1 : 0;
}
