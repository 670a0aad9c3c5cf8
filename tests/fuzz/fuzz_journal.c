/* A journal record read back from a database that anybody may have written to.  What is taken for a
 * record is one byte for byte, and what allora writes of it has the hash that was computed. */
#include "base/canonical.h"
#include "base/err.h"
#include "security/journal_record.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct journal_record r;
    allora_error err = ERR_INIT;
    int32_t status = journal_record_read((allora_str){(const char *)data, size}, &r, &err);

    if (status == ALLORA_E_NOMEM)
        return 0;
    if (status) {
        if (status != ALLORA_E_INTEGRITY || !err.message[0])
            abort();
        return 0;
    }
    A_CLEAN(buf_done) struct buf b = BUF(2 * (size_t)JOURNAL_RECORD_MAX);
    canonical_write(&b, r.node);
    if (b.len != size || memcmp(b.ptr, data, size) != 0)
        abort();
    if (!journal_is_hash(r.hash) || !journal_is_hash(r.prev) || !journal_is_hash(r.computed) ||
        r.seq == 0)
        abort();
    journal_record_done(&r);
    return 0;
}
