/* The SDK's JSON reader against the core's, which shares no code with it: both take a text or both
 * refuse it.  What is taken goes through every getter, and out and in again through the writer. */
#include "base/err.h"
#include "base/json.h"
#include "sdk_internal.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The plugin that is nobody's needs no manifest, but its symbols. */
const char allora_manifest_begin[] = "{}", allora_manifest_end[] = "";

struct block {
    struct block *next;
    uint64_t pad;
};
static struct block *blocks;

static void *block_alloc(allora_ctx *ctx, uint64_t size)
{
    struct block *b = malloc(sizeof *b + size);
    (void)ctx;
    if (!b)
        abort();
    b->next = blocks;
    blocks = b;
    return b + 1;
}

static void touch(const sdk_json *n)
{
    char time[32];
    const allora_value cells[] = {sdk_text(n, ""), sdk_int(n, ""),  sdk_real(n, ""),
                                  sdk_bool(n, ""), sdk_time(n, ""), sdk_nested(n, "")};
    if (cells[4].type == ALLORA_V_TIME)
        sdk_format_time(cells[4].u.i, time);
    uint32_t children = 0;
    sdk_foreach (child, n) {
        touch(child);
        children++;
    }
    if (children != n->count)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const allora_host host = {.size = (uint32_t)sizeof host, .alloc = block_alloc};
    struct sdk_pool pool = {.host = &host};
    const sdk_instance base = {.host = &host};
    allora_error mine = ERR_INIT, theirs = ERR_INIT;
    const sdk_json *n = NULL, *again = NULL;
    json_node *other = NULL;
    const allora_str text = {(const char *)data, size};
    int32_t st = sdk_json_read(&pool, text, 0, &n, &mine);
    int32_t expected = json_parse(text.ptr, size, &other, &theirs);
    json_free(other);
    bool duplicate =
        strstr(theirs.message, "duplicate key") != NULL; /* no matter for an API's reply */
    if (((st == ALLORA_OK) != (expected == ALLORA_OK) && !duplicate) || (st && !mine.message[0]))
        abort();
    if (st == ALLORA_OK) {
        touch(n);
        sdk_writer w = sdk_writer_begin((const allora_instance *)&base, NULL);
        sdk_w_open(&w, NULL, '[');
        sdk_w_cell(&w, NULL, sdk_nested(n, ""));
        sdk_w_cell(&w, NULL, sdk_text(n, ""));
        sdk_w_close(&w, ']');
        if (sdk_json_read(&pool, sdk_w_done(&w), 0, &again, &mine) && n->source.len < 10000 &&
            !strstr(mine.message, "nested"))
            abort();
    }
    while (blocks) {
        struct block *next = blocks->next;
        free(blocks);
        blocks = next;
    }
    return 0;
}
