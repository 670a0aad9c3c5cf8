/* ask and why: grammar onto the operations agent.ask and receipt.show. */
#include <allora/sdk.h>

ALLORA_MANIFEST_PLUGIN(ask);
