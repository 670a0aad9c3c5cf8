/* table list, table describe: grammar onto the core's operations, so the manifest is all there is.
 */
#include <allora/sdk.h>

ALLORA_MANIFEST_PLUGIN(table);
