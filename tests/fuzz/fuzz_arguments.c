/* A schema, a newline, arguments: whatever is accepted must, with its defaults, be accepted again
 * as it is. */
#include "base/err.h"
#include "base/jsonw.h"
#include "operation/arguments.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUTPUT_MAX = 16 << 20 };

static void try_arguments(const struct schema *s, const char *text, size_t len)
{
    A_CLEAN(json_freep) json_node *args = NULL;
    A_CLEAN(json_freep) json_node *again = NULL;
    A_CLEAN(buf_done) struct buf full = BUF(OUTPUT_MAX);
    allora_error err = ERR_INIT;
    bool filled = false;
    if (arguments_parse(s, "fuzz", (allora_str){text, len}, &args, &filled, &err)) {
        if (!err.message[0])
            abort(); /* a refusal without a word */
        return;
    }
    jw_node(&JSONW(&full), args);
    if (buf_failed(&full))
        return;
    if (arguments_parse(s, "fuzz", (allora_str){full.ptr, full.len}, &again, &filled, &err))
        abort();
    A_CLEAN(buf_done) struct buf twice = BUF(OUTPUT_MAX);
    jw_node(&JSONW(&twice), again);
    if (buf_failed(&twice) || twice.len != full.len || memcmp(twice.ptr, full.ptr, full.len) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *line = size ? memchr(text, '\n', size) : NULL;
    if (!line)
        return 0;
    size_t n = (size_t)(line - text);
    A_CLEAN(json_freep) json_node *node = NULL;
    const struct schema *s = NULL;
    allora_error err = ERR_INIT;
    struct arena mem;
    arena_init(&mem, 0);
    if (json_parse(text, n, &node, &err) == ALLORA_OK &&
        schema_compile(&mem, node, &s, &err) == ALLORA_OK)
        try_arguments(s, line + 1, size - n - 1);
    arena_done(&mem);
    return 0;
}
