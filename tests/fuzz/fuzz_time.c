/* Times, durations and sizes: what parses must print, and a printed time must parse to itself. */
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    A_CLEAN(buf_done) struct buf b = BUF(256);
    A_FREE char *text = mem_strndup((const char *)data, size);
    int64_t value, again;

    if (!text)
        return 0;
    if (time_parse((const char *)data, size, &value) == ALLORA_OK) {
        time_format(&b, value);
        /* year 0000 with an offset can lie before the first year that can be written */
        if (value >= INT64_C(-62167219200000000) && value < INT64_C(253402300800000000) &&
            (time_parse(buf_str(&b), b.len, &again) != ALLORA_OK || again != value))
            abort();
    }
    if (duration_parse(text, &value, NULL) == ALLORA_OK) {
        if (value < 0)
            abort();
        duration_format(&b, value);
    }
    if (size_parse(text, &value, NULL) == ALLORA_OK) {
        if (value < 0)
            abort();
        size_format(&b, value);
    }
    return 0;
}
