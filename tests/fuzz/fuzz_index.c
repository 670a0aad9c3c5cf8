/* The flat index over any bytes: refused, or every offset in it can be followed.  The first 8 bytes
 * of the input are the key; the checksum is set right, since a fuzzer would never guess it. */
#include "base/map.h"
#include "plugin/index_format.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct index_view v;
    struct index_header h;
    volatile size_t sum = 0;

    if (size < sizeof h)
        return 0;
    uint8_t *bytes = aligned_alloc(16, (size + 15) / 16 * 16);
    if (!bytes)
        return 0;
    memcpy(bytes, data, size);
    memcpy(&h, bytes, sizeof h);
    h.size = size;
    if (h.head_len >= sizeof h && h.head_len <= size)
        h.checksum = hash_bytes(bytes + sizeof h, h.head_len - sizeof h, h.key);
    memcpy(bytes, &h, sizeof h);
    if (index_view(bytes, size, h.key, &v)) {
        for (uint32_t i = 0; i < v.n_files; i++) {
            size_t n = 0;
            const char *text = index_manifest(&v, &v.files[i], &n);
            sum += strlen(index_str(&v, v.files[i].path)) + strlen(index_str(&v, v.files[i].stage));
            sum += text ? strlen(text) : 0;
        }
        for (int k = 0; k < INDEX_LISTS; k++) {
            for (uint32_t i = 0; i < v.n_names[k]; i++)
                sum += strlen(index_str(&v, v.names[k][i].example));
        }
    }
    (void)sum;
    free(bytes);
    return 0;
}
