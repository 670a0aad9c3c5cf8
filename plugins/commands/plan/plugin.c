/* plan list, show, approve, reject and apply, and undo: grammar onto the operations plan.*. */
#include <allora/sdk.h>

ALLORA_MANIFEST_PLUGIN(plan);
