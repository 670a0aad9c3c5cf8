/* Uses every type of plugin.h by value, so that a compiler must lay it out.  layout.sh refuses to
 * work when one that the header defines is missing here. */
#include <allora/plugin.h>

struct allora_abi_anchor {
    allora_str str;
    allora_pair pair;
    allora_value value;
    allora_filter filter;
    allora_error error;
    allora_column column;
    allora_sink sink;
    allora_byte_sink byte_sink;
    allora_host host;
    allora_scope_v1 scope;
    allora_config_v1 config;
    allora_secrets_v1 secrets;
    allora_http_request http_request;
    allora_http_response http_response;
    allora_http_v1 http;
    allora_invoke_v1 invoke;
    allora_store_v1 store;
    allora_events_v1 events;
    allora_console_info console_info;
    allora_console_v1 console;
    allora_listen_v1 listen;
    allora_exec_v1 exec;
    allora_audit_v1 audit;
    allora_metrics_v1 metrics;
    allora_plan plan;
    allora_operations_v1 operations;
    allora_list_request list_request;
    allora_provider_v1 provider;
    allora_metrics_query metrics_query;
    allora_metrics_source_v1 metrics_source;
    allora_turn_request turn_request;
    allora_agent_v1 agent;
    allora_invocation invocation;
    allora_face_v1 face;
    allora_plugin plugin;
};
unsigned long allora_abi_anchor(void);
unsigned long allora_abi_anchor(void)
{
    return sizeof(struct allora_abi_anchor);
}
