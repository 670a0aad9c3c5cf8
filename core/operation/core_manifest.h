/* The core's own manifest, core/operation/core.json, as it stands in the program.  The registry
 * lists it as plugin "allora". */
#ifndef ALLORA_OPERATION_CORE_MANIFEST_H
#define ALLORA_OPERATION_CORE_MANIFEST_H
#include <allora/plugin.h>

allora_str core_manifest(void); /* [static], NUL-terminated */
#endif
