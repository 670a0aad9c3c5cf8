/* What json_parse() accepts must survive writing and reading again, byte for byte the second time.
 */
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/jsonw.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUTPUT_MAX = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    A_CLEAN(json_freep) json_node *first = NULL;
    A_CLEAN(json_freep) json_node *second = NULL;
    allora_error err = ERR_INIT;
    if (json_parse((const char *)data, size, &first, &err) != ALLORA_OK) {
        if (!err.message[0])
            abort(); /* a refusal without a word */
        return 0;
    }
    A_CLEAN(buf_done) struct buf one = BUF(OUTPUT_MAX);
    A_CLEAN(buf_done) struct buf two = BUF(OUTPUT_MAX);
    struct jsonw w = JSONW(&one);
    jw_node(&w, first);
    if (buf_failed(&one))
        return 0;
    if (json_parse(buf_str(&one), one.len, &second, &err) != ALLORA_OK)
        abort();
    w = JSONW(&two);
    jw_node(&w, second);
    if (buf_failed(&two) || one.len != two.len ||
        memcmp(buf_str(&one), buf_str(&two), one.len) != 0)
        abort();
    return 0;
}
