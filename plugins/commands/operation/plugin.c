/* operation list, show and call: the catalogue, and any of its operations by name. */
#include <allora/sdk.h>

ALLORA_MANIFEST_PLUGIN(operation);
