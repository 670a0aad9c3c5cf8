/* Acting on resources: which rows are meant, which operation a verb is for them, and one plan of
 * them all. */
#ifndef RESOURCE_ACT_H
#define RESOURCE_ACT_H
#include <allora/sdk.h>

int32_t resource_steps(allora_instance *, allora_ctx *, const char *operation, allora_str args_json,
                       const allora_sink *, allora_error *);
int32_t resource_act(allora_instance *, allora_ctx *, const char *operation, allora_str args_json,
                     const allora_sink *, allora_error *);
int32_t resource_actions(allora_instance *, allora_ctx *, const char *operation,
                         allora_str args_json, const allora_sink *, allora_error *);
#endif
