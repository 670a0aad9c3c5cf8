/* core.json, byte for byte, as read-only data. */
#include "operation/core_manifest.h"

__asm__(".pushsection .rodata,\"a\",@progbits\n"
        ".hidden allora_core_json\n"
        ".hidden allora_core_json_end\n"
        ".globl allora_core_json\n"
        ".globl allora_core_json_end\n"
        "allora_core_json:\n"
        ".incbin \"" CORE_JSON "\"\n"
        "allora_core_json_end:\n"
        ".byte 0\n"
        ".popsection\n");

extern const char allora_core_json[] __attribute__((visibility("hidden")));
extern const char allora_core_json_end[] __attribute__((visibility("hidden")));

allora_str core_manifest(void)
{
    return (allora_str){allora_core_json, (uint64_t)(allora_core_json_end - allora_core_json)};
}
