/* The manifest parser over any bytes: an error or a manifest whose every name can be found again.
 */
#include "base/err.h"
#include "plugin/manifest.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    allora_error err = ERR_INIT;
    struct manifest *m = NULL;

    if (manifest_parse((const char *)data, size, &m, &err) != ALLORA_OK) {
        if (!err.message[0])
            abort(); /* a refusal has words */
        return 0;
    }
    for (uint32_t i = 0; i < m->n_tables; i++) {
        if (manifest_table(m, m->tables[i].name) != &m->tables[i])
            abort();
        for (uint32_t k = 0; k < m->tables[i].n_columns; k++) {
            if (table_column(&m->tables[i], m->tables[i].columns[k].name) != (int32_t)k)
                abort();
        }
    }
    for (uint32_t i = 0; i < m->n_operations; i++) {
        if (manifest_operation(m, m->operations[i].name) != &m->operations[i])
            abort();
    }
    (void)manifest_grants(m, ALLORA_INVOKE_ID);
    manifest_free(m);
    return 0;
}
