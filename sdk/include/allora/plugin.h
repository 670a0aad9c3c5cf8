/* allora/plugin.h - the allora plugin ABI, major version 1.
 *
 * This header is the contract and the manual.  A plugin is a shared object that exports ONE symbol,
 * allora_plugin_v1(), and carries a JSON manifest in the ELF section ".allora.manifest", which the
 * host reads as bytes: help, completion, tables, operations and permissions never dlopen.
 * allora/sdk.h is a source library on top of this, for convenience; docs/abi.md says how this
 * grows.
 *
 * SHAPE    Everything that can be asked of a plugin is an OPERATION (call, or plan then apply), a
 *          TABLE (a provider's list) or a model TURN (an agent).  A command is an argument grammar,
 *          in the manifest, onto an operation; only interactive and server faces have code of their
 *          own (run).
 * GROWTH   The major is in the symbol's name.  Inside a major, structs only gain fields at the end.
 *          A growable struct starts with `size`.  In-structs: the filler sets it; whoever READS a
 *          field newer than minor 0 tests ALLORA_HAS() first; a missing field means zero.
 *          Out-structs (ret_, response, info, plan, error): the CALLER sets size, and the callee
 *          writes no field beyond it.  Growable structs never sit in arrays: use arrays of
 * pointers. FROZEN structs never change, so they may.  Optional features are interfaces "name/REV".
 * MEMORY   Nobody frees the other side's memory.  Every pointer is one of:
 *            [static]    lives until destroy()
 *            [borrowed]  lives until the callee returns; what is passed as an argument or handed to
 *                        a sink is borrowed unless it says otherwise
 *            [arena]     comes from host->alloc and dies with the ctx it was taken from
 *          Long-running code opens a scope for each request or page, so that its memory and
 *          identity end there.
 * ERRORS   0 is success, negative is ALLORA_E_*, positive a normal special event.  Details go to a
 *          caller-owned allora_error, never NULL; an empty message means: the status says it all.
 *          Output is untouched on failure.
 * THREADS  [main]  never concurrent with another call on that instance
 *          [any]   concurrent, on any host thread
 *          Host functions are [any] unless tagged.  A ctx belongs to one thread at a time, but for
 *          cancelled(), scope.open(parent) and scope.cancel(); children still open are closed with
 *          their parent.  A sink is used only on the thread that was handed it; its function
 *          pointers are never NULL.  Private threads need the "threads" permission and are joined
 *          before destroy() returns.
 * WIRE     No varargs, FILE*, longjmp, or callbacks that outlive the call: every call is (handle,
 *          ctx, plain data, sink, error), so it can run in another process.  Opcode = slot index in
 *          the interface.  The only file descriptors are those that console, listen, exec and
 *          cancel_fd return.  Strings are UTF-8 with a length; text in cells need not end in NUL
 * and may contain one. */
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
#define ALLORA_MANIFEST_SECTION ".allora.manifest"

/* Does *p, of type T, reach as far as field f?  Ask before reading a field newer than minor 0. */
#define ALLORA_HAS(T, p, f) ((p)->size >= offsetof(T, f) + sizeof((p)->f))
/* Is the slot there and filled?  Ask before calling a slot that is optional or newer than minor 0.
 */
#define ALLORA_CAN(T, p, fn) (ALLORA_HAS(T, p, fn) && (p)->fn != NULL)
#if defined(__GNUC__)
#define ALLORA_EXPORT __attribute__((visibility("default")))
#else
#define ALLORA_EXPORT
#endif

/* ==== Plain data (FROZEN) ===================================================================== */

/* Text or bytes.  Those that the host hands out are also NUL-terminated. */
typedef struct allora_str {
    const char *ptr;
    uint64_t len;
} allora_str;

/* A header, a label, an argument. */
typedef struct allora_pair {
    allora_str key, val;
} allora_pair;

/* allora_value.type */
enum {
    ALLORA_V_ABSENT = 0, /* not fetched: unlike NULL, says nothing about the world */
    ALLORA_V_NULL = 1,   /* known to have no value */
    ALLORA_V_BOOL = 2,   /* u.i: 0 or 1 */
    ALLORA_V_INT = 3,    /* u.i */
    ALLORA_V_REAL = 4,   /* u.d */
    ALLORA_V_TIME = 5,   /* u.i: microseconds since the Unix epoch, UTC */
    ALLORA_V_TEXT = 6,   /* u.p, len */
    ALLORA_V_JSON = 7,   /* u.p, len: one RFC 8259 text, for nested data */
    ALLORA_V_LIST = 8    /* u.list, len: in filters only (IN) */
};

/* allora_value.flags */
enum {
    ALLORA_VF_SENSITIVE = 1u, /* redact unless the user asks */
    ALLORA_VF_OUTSIDE = 2u /* text that an outsider could have written: a name, a tag, a log line */
};

/* One cell, 16 bytes.  Text is borrowed. */
typedef struct allora_value {
    uint8_t type;      /* ALLORA_V_* */
    uint8_t flags;     /* ALLORA_VF_* */
    uint16_t reserved; /* 0 */
    uint32_t len;      /* bytes of u.p, or items of u.list */
    union {
        int64_t i;
        double d;
        const char *p;
        const struct allora_value *list;
        uint64_t bits;
    } u;
} allora_value;

/* allora_filter.op.  Comparisons are those of SQL: with NULL nothing is true. */
enum {
    ALLORA_OP_EQ = 1,
    ALLORA_OP_NE = 2,
    ALLORA_OP_LT = 3,
    ALLORA_OP_LE = 4,
    ALLORA_OP_GT = 5,
    ALLORA_OP_GE = 6,
    ALLORA_OP_IN = 7,            /* val: ALLORA_V_LIST */
    ALLORA_OP_PREFIX = 8,        /* GLOB 'x*' arrives as this */
    ALLORA_OP_PREFIX_NOCASE = 9, /* LIKE 'x%' arrives as this: ASCII folding */
    ALLORA_OP_ISNULL = 10        /* val is unused */
};

/* A filter that was pushed down.  It may let too many rows through, never too few: the host
 * rechecks unless the manifest says that this operator is exact on this column. */
typedef struct allora_filter {
    uint32_t column; /* index in the manifest's table */
    uint32_t op;     /* ALLORA_OP_* */
    allora_value val;
} allora_filter;

/* ==== Statuses and errors ===================================================================== */

/* Append only, never renumber. */
enum {
    ALLORA_OK = 0,
    ALLORA_STOP = 1,        /* from a sink: enough, return ALLORA_OK soon */
    ALLORA_PARTIAL = 2,     /* done in part; WARNING events say what is missing */
    ALLORA_E_INTERNAL = -1, /* a bug on the side that returns it */
    ALLORA_E_NOMEM = -2,
    ALLORA_E_ABI = -3, /* the two sides don't fit */
    ALLORA_E_ARG = -4, /* bad input */
    ALLORA_E_CANCELLED = -5,
    ALLORA_E_TIMEOUT = -6,
    ALLORA_E_AUTH = -7,   /* not authenticated with the remote */
    ALLORA_E_DENIED = -8, /* known, and not allowed to; or not granted to the plugin */
    ALLORA_E_NOTFOUND = -9,
    ALLORA_E_CONFLICT = -10, /* exists already, or changed meanwhile */
    ALLORA_E_THROTTLED = -11,
    ALLORA_E_NETWORK = -12, /* no answer came */
    ALLORA_E_REMOTE = -13,  /* the answer was a failure, or made no sense */
    ALLORA_E_UNSUPPORTED = -14,
    ALLORA_E_STALE_PLAN = -15, /* the world moved since the plan was made */
    ALLORA_E_CONFIG = -16,     /* configuration is missing or wrong */
    ALLORA_E_APPROVAL = -17,   /* a plan was made and waits */
    ALLORA_E_BUDGET = -18,     /* would exceed a limit on tokens, money, calls or rows */
    ALLORA_E_INTEGRITY = -19   /* what is there is not what was written: changed by other hands */
};

/* allora_error.flags */
enum {
    ALLORA_ERR_RETRYABLE = 1u,   /* the same call may succeed later */
    ALLORA_ERR_USER_FIXABLE = 2u /* the hint says how */
};

/* Owned by the caller, who sets size; no allocation, so it works when memory is gone.  All texts
 * are NUL-terminated, one line, never a secret. */
typedef struct allora_error {
    uint32_t size;
    uint32_t flags;          /* ALLORA_ERR_* */
    int32_t code;            /* the status that was returned */
    int32_t http_status;     /* 0: none */
    uint32_t retry_after_ms; /* 0: unknown */
    uint32_t reserved;
    char reason[64];     /* the remote's own code, e.g. "UnauthorizedOperation" */
    char request_id[80]; /* for the vendor's support desk */
    char message[512];   /* what happened */
    char hint[256];      /* what the user can do */
} allora_error;

/* ==== Sinks: the one way results travel, in both directions =================================== */

/* Name and type of what follows.  Growable: reached through pointers. */
typedef struct allora_column {
    uint32_t size;
    uint8_t type; /* ALLORA_V_* */
    uint8_t pad[3];
    uint32_t flags; /* ALLORA_VF_* that hold for the whole column */
    uint32_t reserved;
    const char *name;
    const char *unit; /* "bytes", "percent", "seconds", "EUR"; NULL: none */
} allora_column;

/* Kinds of event; the payload is JSON unless it says otherwise.  Append only. */
enum {
    ALLORA_EV_TEXT = 1,       /* plain UTF-8, a piece of an answer */
    ALLORA_EV_REASONING = 2,  /* plain UTF-8, a piece of a model's reasoning */
    ALLORA_EV_TOOL_CALL = 3,  /* {id, name, arguments}, complete */
    ALLORA_EV_USAGE = 4,      /* {input_tokens, output_tokens, …} */
    ALLORA_EV_DONE = 5,       /* {reason: stop|tool_calls|length|refusal} */
    ALLORA_EV_WARNING = 6,    /* {code, message, reason, hint, where} */
    ALLORA_EV_CURSOR = 7,     /* plain; send it after each page: resume point and flush */
    ALLORA_EV_CHECKPOINT = 8, /* apply: journalled, handed back on resume */
    ALLORA_EV_PROVENANCE = 9, /* {source, as_of, age_s, partial} */
    ALLORA_EV_RESULT = 10,    /* the operation's document */
    ALLORA_EV_MESSAGE = 11,   /* follow(): {seq, topic, time, data} */
    ALLORA_EV_PLAN = 12 /* from the gate: a plan, or how one of its steps went (docs/gate.md) */
};

/* FROZEN.  Each function returns 0 to go on, ALLORA_STOP when there is enough (stop producing and
 * return ALLORA_OK), or a failure to return as it is.  No function pointer is NULL. */
typedef struct allora_sink {
    void *self;
    /* Names of what follows; calling it is optional.  list() doesn't: its columns are those wanted.
     */
    int32_t (*begin)(void *self, const allora_column *const *columns, uint32_t n);
    int32_t (*row)(void *self, const allora_value *cells,
                   uint32_t n);                                     /* [borrowed], no allocation */
    int32_t (*event)(void *self, int32_t kind, allora_str payload); /* kind: ALLORA_EV_* */
} allora_sink;

/* FROZEN.  Bytes, in pieces.  Returns as allora_sink's functions do. */
typedef struct allora_byte_sink {
    void *self;
    int32_t (*write)(void *self, const void *p, uint64_t n);
} allora_byte_sink;

/* ==== Host: the core object =================================================================== */

typedef struct allora_ctx
    allora_ctx; /* one call: principal, deadline, cancel flag, arena, trace id */
typedef struct allora_instance allora_instance; /* the plugin's own state */

/* [static], one object per plugin, so the host knows who calls.  All [any]. */
typedef struct allora_host {
    uint32_t size;
    uint32_t abi_minor, abi_minor_min; /* the host speaks major 1, from min to minor */
    uint32_t reserved;
    const char *name, *version; /* "allora", "1.0.0" */

    /* NULL when unknown OR not granted by the manifest.  [static]; fetch once, in create(). */
    const void *(*get_interface)(const struct allora_host *, const char *id);

    /* [arena], 16-aligned, not zeroed; NULL when memory is out. */
    void *(*alloc)(allora_ctx *, uint64_t size);

    /* 0, ALLORA_E_CANCELLED or ALLORA_E_TIMEOUT: return it.  Cheap; ask once a page. */
    int32_t (*cancelled)(allora_ctx *);

    /* Monotonic clock, microseconds; 0: none. */
    int64_t (*deadline_us)(allora_ctx *);

    /* Wall clock, microseconds since the epoch; the recorded one under replay. */
    int64_t (*now_us)(allora_ctx *);

    /* total 0: unknown.  Shown for whatever takes longer than half a second. */
    void (*progress)(allora_ctx *, uint64_t done, uint64_t total, allora_str note);

    /* level: ALLORA_LOG_*.  Never a secret. */
    void (*log)(allora_ctx *, int32_t level, allora_str msg, const allora_pair *fields, uint32_t n);
} allora_host;

enum {
    ALLORA_LOG_TRACE = 0,
    ALLORA_LOG_DEBUG = 1,
    ALLORA_LOG_INFO = 2,
    ALLORA_LOG_WARN = 3,
    ALLORA_LOG_ERROR = 4
};

/* ==== Host: services ========================================================================== */
/* Each from get_interface(ID), and only if the manifest's "permissions" name it; all [any]. */

/* ---- scope: child calls; needs no permission ---- */
#define ALLORA_SCOPE_ID "allora.scope/1"
enum { /* flags of open() */
       /* Ctrl-C cancels the innermost such scope instead of the whole call. */
       ALLORA_SCOPE_INTERRUPT = 1u,
       /* A request to end (SIGTERM) cancels such scopes, and the rest of the call goes on: a server
        * accepts in it, and finishes outside of it what it has begun. */
       ALLORA_SCOPE_DRAIN = 2u
};
/* A child call has its own arena, deadline, cancel flag and, with a credential, its own principal.
 */
typedef struct allora_scope_v1 {
    uint32_t size, reserved;

    /* credential_json empty: the parent's principal.  Else the HOST verifies it ({"bearer":…},
     * {"cookie":…}, {}: nobody); that needs permission "identity", and the scope has no console.
     * Who isn't known gets a scope too, in which everything is ALLORA_E_DENIED.  timeout_ms 0: the
     * parent's deadline. */
    int32_t (*open)(allora_ctx *parent, allora_str credential_json, uint32_t timeout_ms,
                    uint32_t flags, allora_ctx **ret_child, allora_error *);
    void (*cancel)(allora_ctx *child); /* from any thread */

    /* Readable once cancelled, for poll(); the host closes it. */
    int32_t (*cancel_fd)(allora_ctx *, int32_t *ret_fd);
    void (*close)(allora_ctx *child); /* NULL ok */
} allora_scope_v1;

/* ---- config: the plugin's own subtree, validated against the manifest's schema ---- */
#define ALLORA_CONFIG_ID "allora.config/1"
typedef struct allora_config_v1 {
    uint32_t size, reserved;

    /* *out is NULL-typed where the key isn't set; objects and lists come as JSON.  [arena] */
    int32_t (*get)(allora_ctx *, const char *dotted_key, allora_value *out, allora_error *);
} allora_config_v1;

/* ---- secrets: only names that the manifest lists; every read is audited; blocks are wiped ---- */
#define ALLORA_SECRETS_ID "allora.secrets/1"
typedef struct allora_secrets_v1 {
    uint32_t size, reserved;
    int32_t (*get)(allora_ctx *, const char *name, allora_str *out, allora_error *); /* [arena] */

    /* What the plugin derived, private to it and expiring (access tokens): in the kernel's keyring
     * or encrypted, never in clear on disk. */
    int32_t (*put)(allora_ctx *, const char *name, allora_str value, int64_t expires_us,
                   allora_error *);

    /* One refresh in flight, across processes. */
    int32_t (*lock)(allora_ctx *, const char *name, allora_error *);
    void (*unlock)(allora_ctx *, const char *name);
} allora_secrets_v1;

/* ---- http: only hosts that the manifest lists ---- */
#define ALLORA_HTTP_ID "allora.http/1"
enum {
    ALLORA_HTTP_MUTATES = 1u, /* refused unless the running operation's effect allows it */
    ALLORA_HTTP_NO_CACHE = 2u
};
typedef struct allora_http_request {
    uint32_t size;
    uint32_t flags; /* ALLORA_HTTP_* */
    const char *method, *url;
    const allora_pair *headers;
    uint32_t n_headers;
    uint32_t timeout_ms; /* of this attempt; 0: the host's */
    allora_str body;
    const char
        *rate_bucket; /* e.g. "acme:compute:eu-1"; limits come from manifest and configuration */
    const char *identity;  /* whose answer it is; required with a cache_key */
    const char *cache_key; /* NULL: not kept */
    uint32_t cache_ttl_ms, reserved;
    /* The host adds "secret_header: secret_prefix + value of secret"; the plugin never sees it. */
    const char *secret, *secret_header, *secret_prefix;
    const allora_byte_sink *stream; /* NULL: collect the body.  Only 2xx bodies are streamed */
} allora_http_request;

typedef struct allora_http_response { /* the caller sets size; pointers are [arena] */
    uint32_t size;
    int32_t status;
    const allora_pair *headers;
    uint32_t n_headers;
    uint32_t from_cache; /* 1: no request was made */
    allora_str body;
} allora_http_response;

/* kind of backoff() */
enum {
    ALLORA_BACKOFF_TRANSIENT = 1,
    ALLORA_BACKOFF_THROTTLED = 2 /* also slows the rate bucket */
};
typedef struct allora_http_v1 {
    uint32_t size, reserved;

    /* ONE attempt: waits for the rate bucket, sends exactly what it was given, so that a signature
     * made just before holds.  Any HTTP status is success.  Retrying is the caller's loop (sdk.h
     * has it): build, sign, send, classify, backoff, again. */
    int32_t (*send)(allora_ctx *, const allora_http_request *, allora_http_response *,
                    allora_error *);

    /* Sleeps with full jitter inside the deadline and the retry budget.  attempt counts from 1.
     * 0: try again; negative: give up with this. */
    int32_t (*backoff)(allora_ctx *, const char *rate_bucket, int32_t kind, uint32_t attempt,
                       uint32_t retry_after_ms, allora_error *);
} allora_http_v1;

/* ---- invoke: the catalogue; every call passes the host's gate as the ctx's principal ---- */
#define ALLORA_INVOKE_ID "allora.invoke/1"
typedef struct allora_invoke_v1 {
    uint32_t size, reserved;

    /* "query.sql", "agent.ask", …  args_json: an object, or empty. */
    int32_t (*call)(allora_ctx *, const char *operation, allora_str args_json, const allora_sink *,
                    allora_error *);

    /* Rows of name, effect, schemas, help. */
    int32_t (*catalogue)(allora_ctx *, allora_str glob, const allora_sink *, allora_error *);
} allora_invoke_v1;

/* ---- store: the plugin's own durable keys; values up to 1 MiB ---- */
#define ALLORA_STORE_ID "allora.store/1"
typedef struct allora_store_v1 {
    uint32_t size, reserved;
    int32_t (*get)(allora_ctx *, allora_str key, allora_str *out, uint64_t *ret_version,
                   allora_error *); /* [arena] */

    /* version 0: must be new; UINT64_MAX: any; else the one that get() gave, or ALLORA_E_CONFLICT.
     * expires_us 0: never. */
    int32_t (*put_if)(allora_ctx *, allora_str key, allora_str value, uint64_t version,
                      int64_t expires_us, allora_error *);
    int32_t (*remove)(allora_ctx *, allora_str key, allora_error *);
    int32_t (*scan)(allora_ctx *, allora_str prefix, const allora_sink *,
                    allora_error *); /* rows: key, value, version */
} allora_store_v1;

/* ---- events: a persisted bus, across processes: alerts, approvals, plan progress, signals ---- */
#define ALLORA_EVENTS_ID "allora.events/1"
typedef struct allora_events_v1 {
    uint32_t size, reserved;
    int32_t (*publish)(allora_ctx *, const char *topic, allora_str json, allora_error *);

    /* MESSAGE events, until cancelled, the deadline, or the sink returns ALLORA_STOP.  after_seq
     * resumes: 0 begins with the oldest that is kept, UINT64_MAX with the next. */
    int32_t (*follow)(allora_ctx *, const char *topic_glob, uint64_t after_seq, const allora_sink *,
                      allora_error *);
} allora_events_v1;

/* ---- console: the person at the terminal ---- */
#define ALLORA_CONSOLE_ID "allora.console/1"
enum { /* allora_console_info.flags: which are terminals, and may there be colour */
       ALLORA_TTY_IN = 1u,
       ALLORA_TTY_OUT = 2u,
       ALLORA_TTY_ERR = 4u,
       ALLORA_TTY_COLOUR = 8u
};
typedef struct allora_console_info { /* the caller sets size */
    uint32_t size;
    uint32_t flags; /* ALLORA_TTY_* */
    uint32_t columns, rows;
} allora_console_info;
enum {                         /* flags of screen() */
       ALLORA_SCREEN_RAW = 1u, /* keys as they are pressed, none is echoed, Ctrl-C is a key too */
       ALLORA_SCREEN_ALTERNATE = 2u, /* a page of its own; what stood there before comes back */
       ALLORA_SCREEN_NO_CURSOR = 4u
};
typedef struct allora_console_v1 {
    uint32_t size, reserved;
    int32_t (*info)(allora_ctx *, allora_console_info *);

    /* ALLORA_STOP: end of input; ALLORA_E_CANCELLED: Ctrl-C at the prompt.  history: name of the
     * history to use, NULL for none; complete_operation: asked for completions, NULL for none. */
    int32_t (*read_line)(allora_ctx *, allora_str prompt, const char *history,
                         const char *complete_operation, allora_str *out, allora_error *);
    int32_t (*read_secret)(allora_ctx *, allora_str prompt, allora_str *out, allora_error *);

    /* All of stdin; more than limit bytes is ALLORA_E_ARG. */
    int32_t (*read_input)(allora_ctx *, uint64_t limit, allora_str *out, allora_error *);

    /* Raw stdin, stdout, stderr, for protocols and full-screen faces. */
    int32_t (*open)(allora_ctx *, int32_t ret_fds[3], allora_error *);
    void (*close)(allora_ctx *); /* the host restores the terminal, after a crash too */

    /* Between open() and close(): what the terminal is to be like, ALLORA_SCREEN_*; 0: as it was.
     * ALLORA_E_UNSUPPORTED where there is no terminal. */
    int32_t (*screen)(allora_ctx *, uint32_t flags, allora_error *);

    /* Readable when the terminal's size has changed, until info() was asked; the host closes it. */
    int32_t (*resize_fd)(allora_ctx *, int32_t *ret_fd, allora_error *);
} allora_console_v1;

/* ---- listen: the host decides addresses, TLS duty and socket activation ---- */
#define ALLORA_LISTEN_ID "allora.listen/1"
typedef struct allora_listen_v1 {
    uint32_t size, reserved;

    /* "127.0.0.1:8080", "[::1]:0" (a free port: getsockname() says which), "localhost:8080";
     * "unix:/run/x/y.sock" (0600; removed when the ctx closes); "activation:NAME", a socket that
     * the service manager passed, NAME empty: the next.  "tls:" before it says that the plugin
     * speaks TLS and nothing else there.  Loopback is free; other addresses must stand in the
     * configuration's listen.allow, and public ones need "tls:".  A listening socket, non-blocking,
     * which the plugin closes. */
    int32_t (*open)(allora_ctx *, const char *address, int32_t *ret_fd, allora_error *);
} allora_listen_v1;

/* ---- exec: programs that the manifest names; no shell ---- */
#define ALLORA_EXEC_ID "allora.exec/1"
typedef struct allora_exec_v1 {
    uint32_t size, reserved;

    /* argv ends with NULL; argv[0] is as the manifest names it: a word that is looked for in PATH,
     * or an absolute path.  Waits for its end; out (NULL: nobody) gets its stdout, the log the end
     * of its stderr.  *ret_status: its exit code, or minus the signal that ended it.  When the call
     * is cancelled or out sends ALLORA_STOP, it gets SIGTERM, and SIGKILL two seconds later, with
     * all that it started. */
    int32_t (*run)(allora_ctx *, const char *const *argv, allora_str input,
                   const allora_byte_sink *out, int32_t *ret_status, allora_error *);

    /* Starts it and goes on.  ret_fds: write to its stdin, read its stdout and stderr; the plugin
     * closes them.  It ends with the ctx at the latest.  env: added to the host's clean one. */
    int32_t (*spawn)(allora_ctx *, const char *const *argv, const allora_pair *env, uint32_t n_env,
                     int32_t ret_fds[3], int64_t *ret_id, allora_error *);

    /* Ends it as run() does, unless it has ended by itself.  After this the id is gone. */
    int32_t (*stop)(allora_ctx *, int64_t id, int32_t *ret_status, allora_error *);

    /* Waits for its own end; after that the id is gone.  ALLORA_E_TIMEOUT after timeout_ms (0: the
     * deadline), and then it still runs. */
    int32_t (*wait)(allora_ctx *, int64_t id, uint32_t timeout_ms, int32_t *ret_status,
                    allora_error *);
} allora_exec_v1;

/* ---- audit: what only the plugin knows; the gate records calls, plans and outcomes by itself ----
 */
#define ALLORA_AUDIT_ID "allora.audit/1"
typedef struct allora_audit_v1 {
    uint32_t size, reserved;

    /* detail_json: an object of at most 64 KiB, or empty; never a secret.  On the disk when it
     * returns 0. */
    int32_t (*record)(allora_ctx *, allora_str action, allora_str target, allora_str detail_json);
} allora_audit_v1;

/* ---- metrics: about the plugin itself; names are prefixed with its id ---- */
#define ALLORA_METRICS_ID "allora.metrics/1"
typedef struct allora_metrics_v1 {
    uint32_t size, reserved;

    /* name: lower-case words joined by _, "requests_total".  At most 8 labels, and 1,000 different
     * sets of labels a plugin: what is beyond is counted together under {"overflow":"true"}. */
    void (*count)(allora_ctx *, const char *name, double delta, const allora_pair *labels,
                  uint32_t n);
    void (*gauge)(allora_ctx *, const char *name, double value, const allora_pair *labels,
                  uint32_t n);
    void (*observe)(allora_ctx *, const char *name, double value, const allora_pair *labels,
                    uint32_t n);
} allora_metrics_v1;

/* ==== Plugin: operations ====================================================================== */

/* Effect of an operation, declared in the manifest; the gate acts on it.  Append only. */
enum {
    ALLORA_EFFECT_READ = 0,
    ALLORA_EFFECT_LOCAL = 1, /* allora's own state: journalled, no plan */
    ALLORA_EFFECT_WRITE = 2, /* the world, reversibly */
    ALLORA_EFFECT_DESTRUCTIVE = 3,
    ALLORA_EFFECT_SECRET = 4, /* shows a secret */
    ALLORA_EFFECT_ADMIN = 5   /* trust, access, approval */
};

/* The callee fills it, pointers [arena].  One target; the host composes the plan of many. */
typedef struct allora_plan {
    uint32_t size;
    int32_t effect;          /* may be graver than the manifest says, never milder */
    allora_str steps_json;   /* shown to the person: [{verb, target, before, after}] */
    allora_str document;     /* what apply() gets back, byte for byte, with the versions it saw */
    allora_str inverse_json; /* {operation, arguments} that undoes it, or empty */
    allora_str price_json; /* {monthly_delta, currency, source, as_of} from a real price source, or
                              empty: unknown */
} allora_plan;

#define ALLORA_OPERATIONS_ID "allora.operations/1"
typedef struct allora_operations_v1 {
    uint32_t size, reserved;

    /* [any] Effects read and local.  args_json has passed the manifest's schema. */
    int32_t (*call)(allora_instance *, allora_ctx *, const char *operation, allora_str args_json,
                    const allora_sink *, allora_error *);

    /* [any] The other effects.  plan() changes nothing.  The host stores it, shows it, gets
     * approval and journals; then apply() runs once with the same document and an idempotency key.
     * NULL where the manifest declares no such effect. */
    int32_t (*plan)(allora_instance *, allora_ctx *, const char *operation, allora_str args_json,
                    allora_plan *, allora_error *);

    /* [any] ALLORA_E_STALE_PLAN if the world moved.  Long work sends CHECKPOINT events; after a
     * crash apply() gets the last one, else empty. */
    int32_t (*apply)(allora_instance *, allora_ctx *, const char *operation, allora_str document,
                     const char *idempotency_key, allora_str checkpoint_json, const allora_sink *,
                     allora_error *);
} allora_operations_v1;

/* ==== Plugin: provider ======================================================================== */
/* Tables, columns (type, unit, synonyms, required inputs, pushable and exact operators, costly
 * ones) and views stand in the manifest. */

typedef struct allora_list_request {
    uint32_t size;
    uint32_t n_filters;
    const char *table;
    const allora_filter *filters; /* only operators that the column declared; constants only */
    const allora_pair *partition; /* the keys and values of one row of partitions() */
    uint32_t n_partition;
    uint32_t n_wanted;
    const uint32_t *wanted; /* cells are these columns in this order; 0 wanted = rows without cells,
                               never "all"; a wanted cell left ABSENT is a warning */
    uint64_t limit;         /* a hint, 0 = all; the host's sink says STOP by itself */
    allora_str cursor;      /* resume after this CURSOR event; empty: from the start */
} allora_list_request;

#define ALLORA_PROVIDER_ID "allora.provider/1"
typedef struct allora_provider_v1 {
    uint32_t size, reserved;

    /* [any] Accounts × regions in use: begin() names the keys, each row is one partition.  NULL
     * where no table is "partitioned". */
    int32_t (*partitions)(allora_instance *, allora_ctx *, const char *table, const allora_sink *,
                          allora_error *);

    /* [any] One partition.  A plain loop over pages: rows, then a CURSOR event, then cancelled().
     */
    int32_t (*list)(allora_instance *, allora_ctx *, const allora_list_request *,
                    const allora_sink *, allora_error *);

    /* [any] Only where the manifest says "dynamic": RESULT = tables and operations, in the
     * manifest's form.  Else NULL. */
    int32_t (*describe)(allora_instance *, allora_ctx *, const allora_sink *, allora_error *);
} allora_provider_v1;

/* ---- optional, for providers that have time series ---- */
typedef struct allora_metrics_query {
    uint32_t size;
    uint32_t step_s;
    allora_str selector; /* in the source's own language */
    int64_t start_us, end_us;
} allora_metrics_query;

#define ALLORA_METRICS_SOURCE_ID "allora.metrics_source/1"
typedef struct allora_metrics_source_v1 {
    uint32_t size, reserved;
    int32_t (*query)(allora_instance *, allora_ctx *, const allora_metrics_query *,
                     const allora_sink *, allora_error *); /* [any] rows: labels, time, value */
} allora_metrics_source_v1;

/* ==== Plugin: agent =========================================================================== */
/* One call is ONE model turn.  The host owns the loop: it runs the tool calls through its gate,
 * appends the results and calls turn() again, so approvals, budgets, replay and receipts hold for
 * every agent alike. */

typedef struct allora_turn_request {
    uint32_t size;
    uint32_t flags;                /* 0 */
    const char *model;             /* NULL: the plugin's default */
    allora_str messages_json;      /* the conversation, host-normalised (docs/abi.md) */
    allora_str tools_json;         /* [{name, description, parameters}] */
    allora_str output_schema_json; /* empty: free text */
    uint64_t max_output_tokens;    /* 0: the model's */
    double temperature;            /* NaN: the model's default */
} allora_turn_request;

#define ALLORA_AGENT_ID "allora.agent/1"
typedef struct allora_agent_v1 {
    uint32_t size, reserved;

    /* [any] TEXT, REASONING, TOOL_CALL and USAGE events, and DONE at the end. */
    int32_t (*turn)(allora_instance *, allora_ctx *, const allora_turn_request *,
                    const allora_sink *, allora_error *);

    /* [any] Rows: name, context size.  May be NULL. */
    int32_t (*models)(allora_instance *, allora_ctx *, const allora_sink *, allora_error *);
} allora_agent_v1;

/* ==== Plugin: interactive and server faces ==================================================== */

typedef struct allora_invocation {
    uint32_t size;
    uint32_t n_args;
    const char *command;     /* its path joined by blanks, "chat" */
    const allora_pair *args; /* parsed, validated, defaults applied, by the manifest's grammar */
    const char *const *rest; /* words that the grammar leaves over */
    uint32_t n_rest, reserved;
} allora_invocation;

#define ALLORA_FACE_ID "allora.face/1"
/* chat, shells, dashboards, servers.  All other commands are grammar onto operations. */
typedef struct allora_face_v1 {
    uint32_t size, reserved;

    /* [any] What goes to the sink is rendered as an operation's result would be. */
    int32_t (*run)(allora_instance *, allora_ctx *, const allora_invocation *, const allora_sink *,
                   int32_t *ret_exit_code, allora_error *);
} allora_face_v1;

/* ==== Plugin: root object and entry =========================================================== */

typedef struct allora_plugin { /* [static]: no work before create() */
    uint32_t size;
    uint32_t abi_minor_built;  /* the header's; >= the host's min */
    uint32_t abi_minor_needed; /* <= the host's */
    uint32_t reserved;
    const char *manifest; /* must equal the ELF section, byte for byte */
    uint64_t manifest_len;

    /* [main] Fetches interfaces, allocates the instance.  A refusal with words is its to give. */
    int32_t (*create)(const allora_host *, allora_ctx *, allora_instance **out, allora_error *);

    /* [main] After the last call has returned; NULL ok.  The object is never unloaded. */
    void (*destroy)(allora_instance *);

    /* [any] Static tables; NULL when the plugin has no such interface. */
    const void *(*get_interface)(const char *id);
} allora_plugin;

/* The one exported symbol.  [main] */
ALLORA_EXPORT const allora_plugin *allora_plugin_v1(void);

/* Layouts on LP64: the FROZEN ones for ever, the error's for all of minor 0's fields. */
#if defined(__cplusplus) && __cplusplus >= 201103L
#define ALLORA_STATIC_ASSERT_ static_assert
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define ALLORA_STATIC_ASSERT_ _Static_assert
#endif
#ifdef ALLORA_STATIC_ASSERT_
ALLORA_STATIC_ASSERT_(sizeof(void *) != 8 || sizeof(allora_value) == 16, "allora_value is frozen");
ALLORA_STATIC_ASSERT_(sizeof(void *) != 8 ||
                          (sizeof(allora_str) == 16 && sizeof(allora_pair) == 32),
                      "allora_str and allora_pair are frozen");
ALLORA_STATIC_ASSERT_(sizeof(void *) != 8 ||
                          (sizeof(allora_filter) == 24 && sizeof(allora_sink) == 32),
                      "allora_filter and allora_sink are frozen");
ALLORA_STATIC_ASSERT_(sizeof(allora_error) == 24 + 64 + 80 + 512 + 256, "minor 0's layout");
#undef ALLORA_STATIC_ASSERT_
#endif
#ifdef __cplusplus
}
#endif
#endif /* ALLORA_PLUGIN_H */
