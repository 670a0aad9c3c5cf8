/* The schema of manifests, as it stands in the program.  Private to core/kit. */
#ifndef ALLORA_KIT_SCHEMA_DATA_H
#define ALLORA_KIT_SCHEMA_DATA_H
#include <allora/plugin.h>

allora_str manifest_schema(void); /* [static], NUL-terminated */
#endif
