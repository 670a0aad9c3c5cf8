/* Values that are in binaries out there.  Compiling this is the test; a line may be added, none may
 * change. */
#include <allora/plugin.h>
#include <string.h>

#define IS(name, value) _Static_assert((name) == (value), #name " must stay " #value)

IS(ALLORA_ABI_MAJOR, 1);
IS(ALLORA_V_ABSENT, 0);
IS(ALLORA_V_NULL, 1);
IS(ALLORA_V_BOOL, 2);
IS(ALLORA_V_INT, 3);
IS(ALLORA_V_REAL, 4);
IS(ALLORA_V_TIME, 5);
IS(ALLORA_V_TEXT, 6);
IS(ALLORA_V_JSON, 7);
IS(ALLORA_V_LIST, 8);
IS(ALLORA_VF_SENSITIVE, 1);
IS(ALLORA_VF_OUTSIDE, 2);
IS(ALLORA_OP_EQ, 1);
IS(ALLORA_OP_NE, 2);
IS(ALLORA_OP_LT, 3);
IS(ALLORA_OP_LE, 4);
IS(ALLORA_OP_GT, 5);
IS(ALLORA_OP_GE, 6);
IS(ALLORA_OP_IN, 7);
IS(ALLORA_OP_PREFIX, 8);
IS(ALLORA_OP_PREFIX_NOCASE, 9);
IS(ALLORA_OP_ISNULL, 10);
IS(ALLORA_OK, 0);
IS(ALLORA_STOP, 1);
IS(ALLORA_PARTIAL, 2);
IS(ALLORA_E_INTERNAL, -1);
IS(ALLORA_E_NOMEM, -2);
IS(ALLORA_E_ABI, -3);
IS(ALLORA_E_ARG, -4);
IS(ALLORA_E_CANCELLED, -5);
IS(ALLORA_E_TIMEOUT, -6);
IS(ALLORA_E_AUTH, -7);
IS(ALLORA_E_DENIED, -8);
IS(ALLORA_E_NOTFOUND, -9);
IS(ALLORA_E_CONFLICT, -10);
IS(ALLORA_E_THROTTLED, -11);
IS(ALLORA_E_NETWORK, -12);
IS(ALLORA_E_REMOTE, -13);
IS(ALLORA_E_UNSUPPORTED, -14);
IS(ALLORA_E_STALE_PLAN, -15);
IS(ALLORA_E_CONFIG, -16);
IS(ALLORA_E_APPROVAL, -17);
IS(ALLORA_E_BUDGET, -18);
IS(ALLORA_E_INTEGRITY, -19);
IS(ALLORA_ERR_RETRYABLE, 1);
IS(ALLORA_ERR_USER_FIXABLE, 2);
IS(ALLORA_EV_TEXT, 1);
IS(ALLORA_EV_REASONING, 2);
IS(ALLORA_EV_TOOL_CALL, 3);
IS(ALLORA_EV_USAGE, 4);
IS(ALLORA_EV_DONE, 5);
IS(ALLORA_EV_WARNING, 6);
IS(ALLORA_EV_CURSOR, 7);
IS(ALLORA_EV_CHECKPOINT, 8);
IS(ALLORA_EV_PROVENANCE, 9);
IS(ALLORA_EV_RESULT, 10);
IS(ALLORA_EV_MESSAGE, 11);
IS(ALLORA_EV_PLAN, 12);
IS(ALLORA_LOG_TRACE, 0);
IS(ALLORA_LOG_DEBUG, 1);
IS(ALLORA_LOG_INFO, 2);
IS(ALLORA_LOG_WARN, 3);
IS(ALLORA_LOG_ERROR, 4);
IS(ALLORA_SCOPE_INTERRUPT, 1);
IS(ALLORA_SCOPE_DRAIN, 2);
IS(ALLORA_HTTP_MUTATES, 1);
IS(ALLORA_HTTP_NO_CACHE, 2);
IS(ALLORA_BACKOFF_TRANSIENT, 1);
IS(ALLORA_BACKOFF_THROTTLED, 2);
IS(ALLORA_TTY_IN, 1);
IS(ALLORA_TTY_OUT, 2);
IS(ALLORA_TTY_ERR, 4);
IS(ALLORA_TTY_COLOUR, 8);
IS(ALLORA_SCREEN_RAW, 1);
IS(ALLORA_SCREEN_ALTERNATE, 2);
IS(ALLORA_SCREEN_NO_CURSOR, 4);
IS(ALLORA_EFFECT_READ, 0);
IS(ALLORA_EFFECT_LOCAL, 1);
IS(ALLORA_EFFECT_WRITE, 2);
IS(ALLORA_EFFECT_DESTRUCTIVE, 3);
IS(ALLORA_EFFECT_SECRET, 4);
IS(ALLORA_EFFECT_ADMIN, 5);

/* Texts can't be asserted, so they are compared. */
int main(void)
{
    static const struct {
        const char *is, *must_be;
    } ids[] = {
        {ALLORA_ENTRY_SYMBOL, "allora_plugin_v1"},
        {ALLORA_MANIFEST_SECTION, ".allora.manifest"},
        {ALLORA_SCOPE_ID, "allora.scope/1"},
        {ALLORA_CONFIG_ID, "allora.config/1"},
        {ALLORA_SECRETS_ID, "allora.secrets/1"},
        {ALLORA_HTTP_ID, "allora.http/1"},
        {ALLORA_INVOKE_ID, "allora.invoke/1"},
        {ALLORA_STORE_ID, "allora.store/1"},
        {ALLORA_EVENTS_ID, "allora.events/1"},
        {ALLORA_CONSOLE_ID, "allora.console/1"},
        {ALLORA_LISTEN_ID, "allora.listen/1"},
        {ALLORA_EXEC_ID, "allora.exec/1"},
        {ALLORA_AUDIT_ID, "allora.audit/1"},
        {ALLORA_METRICS_ID, "allora.metrics/1"},
        {ALLORA_OPERATIONS_ID, "allora.operations/1"},
        {ALLORA_PROVIDER_ID, "allora.provider/1"},
        {ALLORA_METRICS_SOURCE_ID, "allora.metrics_source/1"},
        {ALLORA_AGENT_ID, "allora.agent/1"},
        {ALLORA_FACE_ID, "allora.face/1"},
    };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        if (strcmp(ids[i].is, ids[i].must_be) != 0)
            return 1;
    return 0;
}
