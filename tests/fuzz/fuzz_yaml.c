/* Configuration is foreign text too: any bytes give a tree that JSON can say, or an error with a
 * place. */
#include "base/buf.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/yaml.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUTPUT_MAX = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    A_CLEAN(json_freep) json_node *tree = NULL;
    struct yaml_places *places = NULL;
    allora_error err = ERR_INIT;
    if (yaml_parse("f.yaml", (const char *)data, size, &tree, &places, &err) != ALLORA_OK) {
        if (strncmp(err.message, "f.yaml:", 7) != 0)
            abort();
        return 0;
    }
    unsigned line = 0;
    unsigned column = 0;
    yaml_place(places, "a.b.0", &line, &column);
    yaml_places_free(places);

    A_CLEAN(buf_done) struct buf out = BUF(OUTPUT_MAX);
    A_CLEAN(json_freep) json_node *again = NULL;
    struct jsonw w = JSONW(&out);
    jw_node(&w, tree);
    if (!buf_failed(&out) && json_parse(buf_str(&out), out.len, &again, &err) != ALLORA_OK)
        abort();
    return 0;
}
