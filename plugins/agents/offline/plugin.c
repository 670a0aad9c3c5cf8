/* The entry. */
#include "offline.h"

ALLORA_AGENT_PLUGIN(offline, offline_turn);
