/* audit list, show, tail, verify and export: grammar onto the operations of the same names. */
#include <allora/sdk.h>

ALLORA_MANIFEST_PLUGIN(audit);
