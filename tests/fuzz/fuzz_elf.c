/* The ELF reader over any bytes: whatever it accepts must be readable to the last byte. */
#include "base/err.h"
#include "plugin/elf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    allora_error err = ERR_INIT;
    struct elf_view view;
    struct elf_symbol symbol;
    volatile uint64_t sum = 0;

    if (elf_parse(data, size, &view, &err) != ALLORA_OK)
        return 0;
    for (uint64_t i = 0; i < view.manifest_len; i++)
        sum += (unsigned char)view.manifest[i];
    for (uint64_t i = 0; i < view.n_symbols && i < 4096; i++)
        sum += elf_symbol_at(&view, i, &symbol) ? strlen(symbol.name) : 0;
    for (uint64_t i = 0; i < 64; i++) {
        const char *needed = elf_needed(&view, i);
        sum += needed ? strlen(needed) : 0;
    }
    sum += elf_exports(&view, ALLORA_ENTRY_SYMBOL) ? 1 : 0;
    (void)sum;
    elf_close(&view);
    return 0;
}
