/* allora/plugin.h - the allora plugin ABI, major version 1.
 *
 * This header is the contract.  A plugin is a shared object that exports ONE symbol, allora_plugin_v1(),
 * and carries a JSON manifest in the ELF section ".allora.manifest", which the host reads as bytes:
 * help, completion, tables, operations and permissions never dlopen.
 *
 * SHAPE       Everything that can be asked of a plugin is an OPERATION (call, or plan then apply), a TABLE
 *             (a provider's list) or a model TURN (an agent).  A command is an argument grammar, in the
 *             manifest, onto an operation; only interactive and server faces have code of their own (run).
 * GROWTH      The major is in the symbol name.  Inside a major, structs only gain fields at the end.  A growable
 *             struct starts with `size`.  In-structs: the filler sets it; whoever READS a field newer than minor 0
 *             tests ALLORA_HAS() first; a missing field means zero.  Out-structs (ret_, response, info, plan, error):
 *             the CALLER sets size, and the callee writes no field beyond it.  Growable structs never sit in arrays:
 *             use arrays of pointers.  FROZEN structs never change, so they may.  Optional features are interfaces
 *             "name/REV".
 * MEMORY      Nobody frees the other side's memory.  [static] lives until destroy(); [borrowed] until the callee
 *             returns; [arena] comes from host->alloc and dies with the ctx it was taken from.  Long-running code
 *             opens a scope for each request or page, so that its memory and identity end there.
 * ERRORS      0 is success, negative is ALLORA_E_*, positive a normal special event.  Details go to a caller-owned
 *             allora_error, never NULL; an empty message means: the status says it all.  Output is untouched on failure.
 * THREADS     [main] never concurrent with another call on that instance.  [any] concurrent, on any host thread.
 *             A ctx belongs to one thread at a time, but for cancelled(), scope.open(parent) and scope.cancel();
 *             children still open are closed with their parent.  A sink is used only on the thread that was handed
 *             it; its function pointers are never NULL.  Private threads need the "threads" permission and are
 *             joined before destroy() returns.
 * WIRE        No varargs, FILE*, longjmp, or callbacks that outlive the call: every call is (handle, ctx, plain
 *             data, sink, error), so it can run in another process.  Opcode = slot index in the interface.  The only
 *             file descriptors are those that console, listen, exec and cancel_fd return.  Strings are UTF-8 with a length; text in cells
 *             need not end in NUL and may contain one. */
#ifndef ALLORA_PLUGIN_H
#define ALLORA_PLUGIN_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define ALLORA_ABI_MAJOR 1u
#define ALLORA_ABI_MINOR 0u
#define ALLORA_ENTRY_SYMBOL "allora_plugin_v1"
#define ALLORA_HAS(T, p, f) ((p)->size >= offsetof(T, f) + sizeof((p)->f))
#define ALLORA_CAN(T, p, fn) (ALLORA_HAS(T, p, fn) && (p)->fn != NULL)
#if defined(__GNUC__)
#define ALLORA_EXPORT __attribute__((visibility("default")))
#else
#define ALLORA_EXPORT
#endif

/* ---- plain data (FROZEN) ------------------------------------------------------------------ */
typedef struct allora_str { const char *ptr; uint64_t len; } allora_str; /* those the host hands out are also NUL-terminated */
typedef struct allora_pair { allora_str key, val; } allora_pair;         /* header, label, argument */

enum { /* allora_value.type */
    ALLORA_V_ABSENT = 0, /* not fetched: unlike NULL, says nothing about the world */
    ALLORA_V_NULL, ALLORA_V_BOOL, ALLORA_V_INT, ALLORA_V_REAL,
    ALLORA_V_TIME, /* i: microseconds since the Unix epoch, UTC */
    ALLORA_V_TEXT, /* p,len */
    ALLORA_V_JSON, /* p,len: one RFC 8259 text, for nested data */
    ALLORA_V_LIST  /* list,len: in filters only (IN) */
};
enum { ALLORA_VF_SENSITIVE = 1u, /* redact unless the user asks */ ALLORA_VF_OUTSIDE = 2u /* text an outsider could have written */ };
typedef struct allora_value {
    uint8_t type, flags; uint16_t reserved; uint32_t len;
    union { int64_t i; double d; const char *p; const struct allora_value *list; uint64_t bits; } u;
} allora_value;
/* A pushed filter may return too many rows, never too few: the host rechecks unless the manifest says this operator
 * is exact on this column.  LIKE 'x%' arrives as PREFIX_NOCASE (ASCII folding), GLOB 'x*' as PREFIX. */
enum { ALLORA_OP_EQ = 1, ALLORA_OP_NE, ALLORA_OP_LT, ALLORA_OP_LE, ALLORA_OP_GT, ALLORA_OP_GE,
       ALLORA_OP_IN, ALLORA_OP_PREFIX, ALLORA_OP_PREFIX_NOCASE, ALLORA_OP_ISNULL };
typedef struct allora_filter { uint32_t column, op; allora_value val; } allora_filter;

enum { /* statuses: append only, never renumber */
    ALLORA_OK = 0, ALLORA_STOP = 1 /* from a sink: enough, return ALLORA_OK soon */, ALLORA_PARTIAL = 2 /* warnings say what is missing */,
    ALLORA_E_INTERNAL = -1, ALLORA_E_NOMEM = -2, ALLORA_E_ABI = -3, ALLORA_E_ARG = -4,
    ALLORA_E_CANCELLED = -5, ALLORA_E_TIMEOUT = -6, ALLORA_E_AUTH = -7, ALLORA_E_DENIED = -8,
    ALLORA_E_NOTFOUND = -9, ALLORA_E_CONFLICT = -10, ALLORA_E_THROTTLED = -11, ALLORA_E_NETWORK = -12,
    ALLORA_E_REMOTE = -13, ALLORA_E_UNSUPPORTED = -14, ALLORA_E_STALE_PLAN = -15, ALLORA_E_CONFIG = -16,
    ALLORA_E_APPROVAL = -17 /* a plan was made and waits */, ALLORA_E_BUDGET = -18
};
enum { ALLORA_ERR_RETRYABLE = 1u, ALLORA_ERR_USER_FIXABLE = 2u };
typedef struct allora_error { /* caller-owned, no allocation: works when memory is gone */
    uint32_t size, flags; int32_t code, http_status; uint32_t retry_after_ms, reserved;
    char reason[64];     /* the remote's own code, e.g. "UnauthorizedOperation" */
    char request_id[80]; /* for the vendor's support desk */
    char message[512];   /* one line, what happened */
    char hint[256];      /* one line, what the user can do */
} allora_error;

typedef struct allora_column { /* growable: reached through pointers */
    uint32_t size; uint8_t type, pad[3]; uint32_t flags, reserved; const char *name, *unit;
} allora_column;
enum { /* event kinds; payload is JSON unless said */
    ALLORA_EV_TEXT = 1 /* plain UTF-8 */, ALLORA_EV_REASONING, ALLORA_EV_TOOL_CALL /* {id,name,arguments}, complete */,
    ALLORA_EV_USAGE, ALLORA_EV_DONE /* {reason: stop|tool_calls|length|refusal} */, ALLORA_EV_WARNING /* error-shaped */,
    ALLORA_EV_CURSOR /* send it after each page: resume point and flush */, ALLORA_EV_CHECKPOINT /* apply: journalled, handed back on resume */,
    ALLORA_EV_PROVENANCE /* {source,as_of,age_s,partial} */, ALLORA_EV_RESULT /* the operation's document */,
    ALLORA_EV_MESSAGE /* follow(): {seq,topic,time,data} */
};
typedef struct allora_sink { /* FROZEN. The one way results travel, in both directions */
    void *self;
    int32_t (*begin)(void *self, const allora_column *const *columns, uint32_t n); /* names of what follows; calling it is optional, list() doesn't */
    int32_t (*row)(void *self, const allora_value *cells, uint32_t n);  /* 16-byte typed cells, [borrowed], no allocation */
    int32_t (*event)(void *self, int32_t kind, allora_str payload);
} allora_sink;
typedef struct allora_byte_sink { void *self; int32_t (*write)(void *self, const void *p, uint64_t n); } allora_byte_sink; /* FROZEN */

/* ---- host: core object and services -------------------------------------------------------- */
typedef struct allora_ctx allora_ctx;           /* one call: principal, deadline, cancel flag, arena, trace id */
typedef struct allora_instance allora_instance; /* plugin-private state */

typedef struct allora_host { /* [static], one object per plugin, so the host knows who calls */
    uint32_t size, abi_minor, abi_minor_min, reserved; /* host speaks major 1, min..minor */
    const char *name, *version;
    /* NULL when unknown OR not granted by the manifest.  Result [static]; fetch once, in create(). */
    const void *(*get_interface)(const struct allora_host *, const char *id);
    void *(*alloc)(allora_ctx *, uint64_t size);            /* [arena], 16-aligned, NULL on OOM */
    int32_t (*cancelled)(allora_ctx *);                     /* 0, ALLORA_E_CANCELLED or ALLORA_E_TIMEOUT: return it.  Poll once a page */
    int64_t (*deadline_us)(allora_ctx *);                   /* monotonic; 0 = none */
    int64_t (*now_us)(allora_ctx *);                        /* wall clock; the recorded one under replay */
    void (*progress)(allora_ctx *, uint64_t done, uint64_t total, allora_str note);
    void (*log)(allora_ctx *, int32_t level, allora_str msg, const allora_pair *fields, uint32_t n);
} allora_host;
enum { ALLORA_LOG_TRACE = 0, ALLORA_LOG_DEBUG, ALLORA_LOG_INFO, ALLORA_LOG_WARN, ALLORA_LOG_ERROR };

#define ALLORA_SCOPE_ID "allora.scope/1"
enum { ALLORA_SCOPE_INTERRUPT = 1u }; /* Ctrl-C cancels the innermost such scope instead of the whole call */
typedef struct allora_scope_v1 { /* a child call: own arena, deadline, cancel flag and, with a credential, own principal */
    uint32_t size, reserved;
    /* credential_json empty: the parent's principal.  Else the HOST verifies it ({"bearer":…}, {"cookie":…}); needs permission "identity". */
    int32_t (*open)(allora_ctx *parent, allora_str credential_json, uint32_t timeout_ms, uint32_t flags, allora_ctx **ret_child, allora_error *);
    void (*cancel)(allora_ctx *child);
    int32_t (*cancel_fd)(allora_ctx *, int32_t *ret_fd); /* readable once cancelled, for poll(); the host closes it */
    void (*close)(allora_ctx *child); /* NULL ok */
} allora_scope_v1;

#define ALLORA_CONFIG_ID "allora.config/1"
typedef struct allora_config_v1 { /* the plugin's own subtree, validated against the manifest's schema */
    uint32_t size, reserved;
    int32_t (*get)(allora_ctx *, const char *dotted_key, allora_value *out, allora_error *); /* [arena] */
} allora_config_v1;

#define ALLORA_SECRETS_ID "allora.secrets/1"
typedef struct allora_secrets_v1 { /* only names the manifest lists; every read is audited; blocks are wiped */
    uint32_t size, reserved;
    int32_t (*get)(allora_ctx *, const char *name, allora_str *out, allora_error *); /* [arena] */
    /* derived, plugin-private, expiring (access tokens): kernel keyring or encrypted, never in clear on disk */
    int32_t (*put)(allora_ctx *, const char *name, allora_str value, int64_t expires_us, allora_error *);
    int32_t (*lock)(allora_ctx *, const char *name, allora_error *);   /* one refresh in flight, across processes */
    void (*unlock)(allora_ctx *, const char *name);
} allora_secrets_v1;

#define ALLORA_HTTP_ID "allora.http/1"
enum { ALLORA_HTTP_MUTATES = 1u /* refused unless the running operation's effect allows it */, ALLORA_HTTP_NO_CACHE = 2u };
typedef struct allora_http_request {
    uint32_t size, flags; const char *method, *url;
    const allora_pair *headers; uint32_t n_headers, timeout_ms; allora_str body;
    const char *rate_bucket;        /* e.g. "aws:ec2:us-east-1"; limits come from the manifest and configuration */
    const char *identity;           /* whose answer it is; required with a cache_key */
    const char *cache_key; uint32_t cache_ttl_ms, reserved;
    const char *secret, *secret_header, *secret_prefix; /* host adds "header: prefix+secret"; the plugin never sees it */
    const allora_byte_sink *stream; /* NULL: collect the body.  Only 2xx bodies are streamed */
} allora_http_request;
typedef struct allora_http_response { /* caller sets size; pointers [arena] */
    uint32_t size; int32_t status; const allora_pair *headers; uint32_t n_headers, from_cache; allora_str body;
} allora_http_response;
enum { ALLORA_BACKOFF_TRANSIENT = 1, ALLORA_BACKOFF_THROTTLED = 2 };
typedef struct allora_http_v1 {
    uint32_t size, reserved;
    /* ONE attempt: waits for the rate bucket, sends exactly what it was given, so a signature made just before holds.
     * Retrying is the caller's loop (sdk.h has it): build, sign, send, classify, backoff, again. */
    int32_t (*send)(allora_ctx *, const allora_http_request *, allora_http_response *, allora_error *);
    /* Sleeps with full jitter inside the deadline and the retry budget, and slows the bucket when THROTTLED.
     * 0: try again; negative: give up with this. */
    int32_t (*backoff)(allora_ctx *, const char *rate_bucket, int32_t kind, uint32_t attempt, uint32_t retry_after_ms, allora_error *);
} allora_http_v1;

#define ALLORA_INVOKE_ID "allora.invoke/1"
typedef struct allora_invoke_v1 { /* the operation catalogue; every call passes the host's gate as the ctx's principal */
    uint32_t size, reserved;
    int32_t (*call)(allora_ctx *, const char *operation, allora_str args_json, const allora_sink *, allora_error *); /* "query.sql", "agent.ask", … */
    int32_t (*catalogue)(allora_ctx *, allora_str glob, const allora_sink *, allora_error *); /* name, effect, schemas, help */
} allora_invoke_v1;

#define ALLORA_STORE_ID "allora.store/1"
typedef struct allora_store_v1 { /* the plugin's own durable key-value space; values up to 1 MiB; works on every store driver */
    uint32_t size, reserved;
    int32_t (*get)(allora_ctx *, allora_str key, allora_str *out, uint64_t *ret_version, allora_error *);             /* [arena] */
    int32_t (*put_if)(allora_ctx *, allora_str key, allora_str value, uint64_t version, int64_t expires_us, allora_error *); /* 0 = must be new; UINT64_MAX = any */
    int32_t (*remove)(allora_ctx *, allora_str key, allora_error *);
    int32_t (*scan)(allora_ctx *, allora_str prefix, const allora_sink *, allora_error *);                             /* key, value, version */
} allora_store_v1;

#define ALLORA_EVENTS_ID "allora.events/1"
typedef struct allora_events_v1 { /* persisted bus, across processes: alerts, approvals, plan progress, signals */
    uint32_t size, reserved;
    int32_t (*publish)(allora_ctx *, const char *topic, allora_str json, allora_error *);
    /* blocks until cancelled, deadline, or the sink returns ALLORA_STOP; after_seq resumes */
    int32_t (*follow)(allora_ctx *, const char *topic_glob, uint64_t after_seq, const allora_sink *, allora_error *);
} allora_events_v1;

#define ALLORA_CONSOLE_ID "allora.console/1"
enum { ALLORA_TTY_IN = 1u, ALLORA_TTY_OUT = 2u, ALLORA_TTY_ERR = 4u, ALLORA_TTY_COLOUR = 8u };
typedef struct allora_console_info { uint32_t size, flags, columns, rows; } allora_console_info;
typedef struct allora_console_v1 { /* the person at the terminal; permission "console" */
    uint32_t size, reserved;
    int32_t (*info)(allora_ctx *, allora_console_info *);
    /* ALLORA_STOP: end of input; ALLORA_E_CANCELLED: Ctrl-C at the prompt */
    int32_t (*read_line)(allora_ctx *, allora_str prompt, const char *history, const char *complete_operation, allora_str *out, allora_error *);
    int32_t (*read_secret)(allora_ctx *, allora_str prompt, allora_str *out, allora_error *);
    int32_t (*read_input)(allora_ctx *, uint64_t limit, allora_str *out, allora_error *);       /* all of stdin */
    int32_t (*open)(allora_ctx *, int32_t ret_fds[3], allora_error *); /* raw stdin/out/err, for protocols and full-screen faces */
    void (*close)(allora_ctx *);                                       /* the host restores the terminal, after a crash too */
} allora_console_v1;

#define ALLORA_LISTEN_ID "allora.listen/1"
typedef struct allora_listen_v1 { /* permission "listen": the host decides addresses, TLS duty and socket activation */
    uint32_t size, reserved;
    int32_t (*open)(allora_ctx *, const char *address, int32_t *ret_fd, allora_error *);
} allora_listen_v1;

#define ALLORA_EXEC_ID "allora.exec/1"
typedef struct allora_exec_v1 { /* permission "exec": programs by name; no shell */
    uint32_t size, reserved;
    int32_t (*run)(allora_ctx *, const char *const *argv, allora_str input, const allora_byte_sink *out, int32_t *ret_status, allora_error *);
    int32_t (*spawn)(allora_ctx *, const char *const *argv, const allora_pair *env, uint32_t n_env, int32_t ret_fds[3], int64_t *ret_id, allora_error *);
    int32_t (*stop)(allora_ctx *, int64_t id, int32_t *ret_status, allora_error *);
} allora_exec_v1;

#define ALLORA_AUDIT_ID "allora.audit/1"
typedef struct allora_audit_v1 { /* what only the plugin knows; the gate records calls, plans and outcomes by itself */
    uint32_t size, reserved;
    int32_t (*record)(allora_ctx *, allora_str action, allora_str target, allora_str detail_json);
} allora_audit_v1;

#define ALLORA_METRICS_ID "allora.metrics/1"
typedef struct allora_metrics_v1 { /* about the plugin itself; names are prefixed with its id */
    uint32_t size, reserved;
    void (*count)(allora_ctx *, const char *name, double delta, const allora_pair *labels, uint32_t n);
    void (*gauge)(allora_ctx *, const char *name, double value, const allora_pair *labels, uint32_t n);
    void (*observe)(allora_ctx *, const char *name, double value, const allora_pair *labels, uint32_t n);
} allora_metrics_v1;

/* ---- plugin: operations ---------------------------------------------------------------------- */
enum { /* effect of an operation, declared in the manifest; the gate acts on it */
    ALLORA_EFFECT_READ = 0, ALLORA_EFFECT_LOCAL /* allora's own state: journalled, no plan */, ALLORA_EFFECT_WRITE /* reversible */,
    ALLORA_EFFECT_DESTRUCTIVE, ALLORA_EFFECT_SECRET /* shows a secret */, ALLORA_EFFECT_ADMIN /* trust, access, approval */
};
typedef struct allora_plan { /* callee fills, pointers [arena].  One target; the host composes the plan of many */
    uint32_t size; int32_t effect;
    allora_str steps_json;     /* shown to the person: [{verb,target,before,after}] */
    allora_str document;       /* what apply() gets back, byte for byte, with the resource versions it saw */
    allora_str inverse_json;   /* {operation,arguments} that undoes it, or empty */
    allora_str price_json;     /* {monthly_delta,currency,source,as_of} from a real price source, or empty: unknown */
} allora_plan;
#define ALLORA_OPERATIONS_ID "allora.operations/1"
typedef struct allora_operations_v1 {
    uint32_t size, reserved;
    int32_t (*call)(allora_instance *, allora_ctx *, const char *operation, allora_str args_json, const allora_sink *, allora_error *);      /* [any] read, local */
    /* plan() changes nothing.  The host stores, shows, gets approval, journals, then apply() runs once with the same document and an
     * idempotency key; ALLORA_E_STALE_PLAN if the world moved.  Long work sends CHECKPOINT events; after a crash apply() gets the last one. */
    int32_t (*plan)(allora_instance *, allora_ctx *, const char *operation, allora_str args_json, allora_plan *, allora_error *);             /* [any] */
    int32_t (*apply)(allora_instance *, allora_ctx *, const char *operation, allora_str document, const char *idempotency_key,
                     allora_str checkpoint_json, const allora_sink *, allora_error *);                                                        /* [any] */
} allora_operations_v1;

/* ---- plugin: provider ------------------------------------------------------------------------ */
/* Tables, columns (type, unit, synonyms, required inputs, pushable and exact operators, costly) and views stand in the manifest. */
typedef struct allora_list_request {
    uint32_t size, n_filters; const char *table;
    const allora_filter *filters;                          /* only operators the column declared; constants only */
    const allora_pair *partition; uint32_t n_partition, n_wanted;
    const uint32_t *wanted;                                /* cells are these columns in this order; 0 wanted = rows without cells, never "all";
                                                              a wanted cell left ABSENT is a warning */
    uint64_t limit;                                        /* a hint, 0 = all; the host's sink says STOP by itself */
    allora_str cursor;                                     /* resume after this CURSOR event; empty: from the start */
} allora_list_request;
#define ALLORA_PROVIDER_ID "allora.provider/1"
typedef struct allora_provider_v1 {
    uint32_t size, reserved;
    int32_t (*partitions)(allora_instance *, allora_ctx *, const char *table, const allora_sink *, allora_error *);               /* [any] accounts x regions in use */
    int32_t (*list)(allora_instance *, allora_ctx *, const allora_list_request *, const allora_sink *, allora_error *);           /* [any] one partition */
    int32_t (*describe)(allora_instance *, allora_ctx *, const allora_sink *, allora_error *); /* only where the manifest says "dynamic": RESULT = tables and operations */
} allora_provider_v1;

#define ALLORA_METRICS_SOURCE_ID "allora.metrics_source/1"
typedef struct allora_metrics_query { uint32_t size, step_s; allora_str selector; int64_t start_us, end_us; } allora_metrics_query;
typedef struct allora_metrics_source_v1 { /* optional, for providers that have time series */
    uint32_t size, reserved;
    int32_t (*query)(allora_instance *, allora_ctx *, const allora_metrics_query *, const allora_sink *, allora_error *); /* labels, time, value */
} allora_metrics_source_v1;

/* ---- plugin: agent --------------------------------------------------------------------------- */
/* One call is ONE model turn.  The host owns the loop: it runs the tool calls through its gate, appends the results
 * and calls turn() again, so approvals, budgets, replay and receipts hold for every agent alike. */
typedef struct allora_turn_request {
    uint32_t size, flags; const char *model;        /* NULL: the plugin's default */
    allora_str messages_json, tools_json;           /* host-normalised conversation and tool schemas */
    allora_str output_schema_json;                  /* empty: free text */
    uint64_t max_output_tokens; double temperature; /* NaN: the model's default */
} allora_turn_request;
#define ALLORA_AGENT_ID "allora.agent/1"
typedef struct allora_agent_v1 {
    uint32_t size, reserved;
    int32_t (*turn)(allora_instance *, allora_ctx *, const allora_turn_request *, const allora_sink *, allora_error *); /* [any] */
    int32_t (*models)(allora_instance *, allora_ctx *, const allora_sink *, allora_error *); /* name, context size; optional */
} allora_agent_v1;

/* ---- plugin: interactive and server faces ------------------------------------------------------ */
typedef struct allora_invocation {
    uint32_t size, n_args; const char *command;  /* "chat" */
    const allora_pair *args;                     /* parsed, validated, defaults applied, by the manifest's grammar */
    const char *const *rest; uint32_t n_rest, reserved;
} allora_invocation;
#define ALLORA_FACE_ID "allora.face/1"
typedef struct allora_face_v1 { /* chat, shells, dashboards, servers.  All other commands are grammar onto operations */
    uint32_t size, reserved;
    int32_t (*run)(allora_instance *, allora_ctx *, const allora_invocation *, const allora_sink *, int32_t *ret_exit_code, allora_error *); /* [any] */
} allora_face_v1;

/* ---- plugin: root object and entry -------------------------------------------------------------- */
typedef struct allora_plugin { /* [static], const: no work before create() */
    uint32_t size, abi_minor_built /* >= host's min */, abi_minor_needed /* <= host's */, reserved;
    const char *manifest; uint64_t manifest_len; /* must equal the ELF section, byte for byte */
    int32_t (*create)(const allora_host *, allora_ctx *, allora_instance **out, allora_error *); /* [main] */
    void (*destroy)(allora_instance *);                                                          /* [main], NULL ok */
    const void *(*get_interface)(const char *id);                                                /* [any], static tables */
} allora_plugin;
ALLORA_EXPORT const allora_plugin *allora_plugin_v1(void); /* a refusal with words is create()'s */

#if defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L /* layouts FROZEN on LP64 */
_Static_assert(sizeof(void *) != 8 || sizeof(allora_value) == 16, "allora_value is frozen");
_Static_assert(sizeof(void *) != 8 || (sizeof(allora_str) == 16 && sizeof(allora_pair) == 32), "frozen");
_Static_assert(sizeof(void *) != 8 || (sizeof(allora_filter) == 24 && sizeof(allora_sink) == 32), "frozen");
_Static_assert(sizeof(allora_error) == 24 + 64 + 80 + 512 + 256, "minor 0 layout");
#endif
#ifdef __cplusplus
}
#endif
#endif /* ALLORA_PLUGIN_H */
