/* session list, show and delete: grammar onto the operations of the same names. */
#include <allora/sdk.h>

ALLORA_MANIFEST_PLUGIN(session);
