/* schema.json, byte for byte, as read-only data. */
#include "config/config_schema.h"

__asm__(".pushsection .rodata,\"a\",@progbits\n"
        ".hidden allora_config_schema\n"
        ".hidden allora_config_schema_end\n"
        ".globl allora_config_schema\n"
        ".globl allora_config_schema_end\n"
        "allora_config_schema:\n"
        ".incbin \"" CONFIG_SCHEMA "\"\n"
        "allora_config_schema_end:\n"
        ".byte 0\n"
        ".popsection\n");

extern const char allora_config_schema[] __attribute__((visibility("hidden")));
extern const char allora_config_schema_end[] __attribute__((visibility("hidden")));

int32_t config_core_schema(json_node **ret, allora_error *err)
{
    return json_parse(allora_config_schema,
                      (size_t)(allora_config_schema_end - allora_config_schema), ret, err);
}
