/* plugin list, info and doctor: grammar onto the operations of the same names. */
#include <allora/sdk.h>

ALLORA_MANIFEST_PLUGIN(plugin);
