/* sdk/manifest.schema.json, byte for byte, as read-only data. */
#include "kit/schema_data.h"

__asm__(".pushsection .rodata,\"a\",@progbits\n"
        ".hidden allora_manifest_schema\n"
        ".hidden allora_manifest_schema_end\n"
        ".globl allora_manifest_schema\n"
        ".globl allora_manifest_schema_end\n"
        "allora_manifest_schema:\n"
        ".incbin \"" MANIFEST_SCHEMA "\"\n"
        "allora_manifest_schema_end:\n"
        ".byte 0\n"
        ".popsection\n");

extern const char allora_manifest_schema[] __attribute__((visibility("hidden")));
extern const char allora_manifest_schema_end[] __attribute__((visibility("hidden")));

allora_str manifest_schema(void)
{
    return (allora_str){allora_manifest_schema,
                        (uint64_t)(allora_manifest_schema_end - allora_manifest_schema)};
}
