/* query: a statement as an argument is the host's business (the manifest maps it onto query.sql);
 * the interactive shell is a face. */
#include "query.h"

static const sdk_operation operations[] = {{"query.complete", complete_call, NULL, NULL},
                                           {NULL, NULL, NULL, NULL}};
static const sdk_plugin plugin = {.id = "query", .operations = operations, .run = shell_run};

ALLORA_PLUGIN(plugin);
