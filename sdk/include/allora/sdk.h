/* allora/sdk.h - help for plugin authors, on top of allora/plugin.h.
 *
 * This is source, never ABI: everything here is compiled into your plugin from liballora-sdk.a,
 * with hidden symbols, so two plugins may hold two versions of it.  plugin.h alone is the contract;
 * use as much or as little of this as you like.
 *
 *   ALLORA_PROVIDER_PLUGIN(weather, {"weather_city", list_cities})    the root object, the entry,
 * create and destroy sdk_rows, sdk_row()      full-width rows, projected onto what is wanted,
 * filtered, sent SDK_PAGES, sdk_get()     paging over HTTP: sign, send, classify, back off, resume,
 * one scope a page sdk_json, sdk_text() …   strict JSON in the page's arena, and typed getters that
 * give cells sdk_fail(), sdk_hint()   errors sdk_args(), sdk_call()   an operation's arguments;
 * another operation's rows sdk_writer               JSON out
 *
 * Memory: what these functions return lives in the arena of the ctx you pass, unless said. Threads:
 * every function may be used on any thread, an object on one at a time. */
#ifndef ALLORA_SDK_H
#define ALLORA_SDK_H
#include <allora/plugin.h>
#include <stdarg.h>
#include <stdbool.h>
#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SDK_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define SDK_CLEANUP(fn) __attribute__((cleanup(fn)))
#else
#error "allora/sdk.h needs gcc or clang; allora/plugin.h alone does not"
#endif

/* ---- the plugin object ---- */

typedef struct sdk_plugin sdk_plugin;

/* What create() fetched.  It is the start of every instance: a plugin with state of its own
 * declares struct allora_instance { sdk_instance sdk; … }; and passes sizeof(struct
 * allora_instance).  Interfaces that the manifest doesn't ask for are NULL. */
typedef struct sdk_instance {
    const sdk_plugin *plugin;
    const allora_host *host;
    const allora_scope_v1 *scope;
    const allora_config_v1 *config;
    const allora_secrets_v1 *secrets;
    const allora_http_v1 *http;
    const allora_invoke_v1 *invoke;
    const allora_store_v1 *store;
    const allora_events_v1 *events;
    const allora_console_v1 *console;
    const allora_listen_v1 *listen;
    const allora_exec_v1 *exec;
    const allora_audit_v1 *audit;
    const allora_metrics_v1 *metrics;
} sdk_instance;

static inline const sdk_instance *sdk_of(const allora_instance *self)
{
    return (const sdk_instance *)(const void *)self;
}

typedef int32_t (*sdk_list_fn)(allora_instance *, allora_ctx *, const allora_list_request *,
                               const allora_sink *, allora_error *);
typedef int32_t (*sdk_partitions_fn)(allora_instance *, allora_ctx *, const char *table,
                                     const allora_sink *, allora_error *);
typedef int32_t (*sdk_call_fn)(allora_instance *, allora_ctx *, const char *operation,
                               allora_str args_json, const allora_sink *, allora_error *);
typedef int32_t (*sdk_plan_fn)(allora_instance *, allora_ctx *, const char *operation,
                               allora_str args_json, allora_plan *, allora_error *);
typedef int32_t (*sdk_apply_fn)(allora_instance *, allora_ctx *, const char *operation,
                                allora_str document, const char *idempotency_key,
                                allora_str checkpoint_json, const allora_sink *, allora_error *);
typedef int32_t (*sdk_turn_fn)(allora_instance *, allora_ctx *, const allora_turn_request *,
                               const allora_sink *, allora_error *);
typedef int32_t (*sdk_run_fn)(allora_instance *, allora_ctx *, const allora_invocation *,
                              const allora_sink *, int32_t *ret_exit_code, allora_error *);

typedef struct sdk_table {
    const char *name; /* as in the manifest; NULL ends the array */
    sdk_list_fn list;
    sdk_partitions_fn partitions; /* where the manifest says "partitioned", else NULL */
} sdk_table;

typedef struct sdk_operation {
    const char *name; /* as in the manifest; NULL ends the array */
    sdk_call_fn call; /* read and local */
    sdk_plan_fn plan; /* the others; NULL for read and local */
    sdk_apply_fn apply;
} sdk_operation;

struct sdk_plugin {
    const char *id;                  /* as in the manifest */
    const sdk_table *tables;         /* ends with a NULL name; NULL: none */
    const sdk_operation *operations; /* the same */
    sdk_turn_fn turn;                /* an agent's */
    sdk_run_fn run;                  /* a face's */
    size_t instance_size; /* of struct allora_instance; 0: there is no state beside sdk_instance */
    /* After the services were fetched, on zeroed memory; NULL: nothing to do.  On failure close()
     * is not called. */
    int32_t (*open)(allora_instance *, allora_ctx *, allora_error *);
    void (*close)(allora_instance *);
};

/* The manifest, as ALLORA_EMBED_MANIFEST puts it into the section. */
extern const char allora_manifest_begin[] __attribute__((visibility("hidden")));
extern const char allora_manifest_end[] __attribute__((visibility("hidden")));

/* Embeds a manifest file.  allora_add_plugin() does it for you; with another build system write it
 * once, in one file, with a path that the assembler finds from where it runs (or -Wa,-I). */
#define ALLORA_EMBED_MANIFEST(path)                                                                \
    __asm__(".pushsection .allora.manifest,\"aR\",%progbits\n"                                     \
            ".global allora_manifest_begin\n.hidden allora_manifest_begin\n"                       \
            ".type allora_manifest_begin,%object\nallora_manifest_begin:\n"                        \
            ".incbin \"" path "\"\n"                                                               \
            ".global allora_manifest_end\n.hidden allora_manifest_end\n"                           \
            ".type allora_manifest_end,%object\nallora_manifest_end:\n"                            \
            ".popsection\n")

/* The SDK's halves of the root object; the macros below use them. */
int32_t sdk_plugin_create(const sdk_plugin *, const allora_host *, allora_ctx *, allora_instance **,
                          allora_error *);
void sdk_plugin_destroy(allora_instance *);
const void *sdk_plugin_interface(const sdk_plugin *, const char *id);

#define SDK_ROOT_(descriptor)                                                                      \
    static int32_t sdk_create_(const allora_host *host, allora_ctx *ctx, allora_instance **out,    \
                               allora_error *err)                                                  \
    {                                                                                              \
        return sdk_plugin_create(&descriptor, host, ctx, out, err);                                \
    }                                                                                              \
    static const void *sdk_interface_(const char *id)                                              \
    {                                                                                              \
        return sdk_plugin_interface(&descriptor, id);                                              \
    }                                                                                              \
    ALLORA_EXPORT const allora_plugin *allora_plugin_v1(void)                                      \
    {                                                                                              \
        static allora_plugin root = {(uint32_t)sizeof(allora_plugin),                              \
                                     ALLORA_ABI_MINOR,                                             \
                                     SDK_ABI_NEEDED,                                               \
                                     0,                                                            \
                                     allora_manifest_begin,                                        \
                                     0,                                                            \
                                     sdk_create_,                                                  \
                                     sdk_plugin_destroy,                                           \
                                     sdk_interface_};                                              \
        /* only the linker knows it, so it can't stand in the initialiser; the host calls this     \
         * under its loader's lock */                                                              \
        root.manifest_len =                                                                        \
            (uint64_t)((uintptr_t)allora_manifest_end - (uintptr_t)allora_manifest_begin);         \
        return &root;                                                                              \
    }                                                                                              \
    typedef int sdk_semicolon_

/* The ABI minor that this plugin can't do without; define it before the include to need a newer
 * one. */
#ifndef SDK_ABI_NEEDED
#define SDK_ABI_NEEDED 0u
#endif

/* What an entry leaves out is NULL; -Wextra needn't say so. */
#define SDK_ENTRIES_(type, array, ...)                                                             \
    _Pragma("GCC diagnostic push") _Pragma(                                                        \
        "GCC diagnostic ignored \"-Wmissing-field-initializers\"") static const type array[] = {   \
        __VA_ARGS__, {NULL, NULL}};                                                                \
    _Pragma("GCC diagnostic pop")

/* ALLORA_PROVIDER_PLUGIN(acme, {"acme_server", list_servers, partitions}, {"acme_domain",
 * list_domains}); */
#define ALLORA_PROVIDER_PLUGIN(name, ...)                                                          \
    SDK_ENTRIES_(sdk_table, sdk_tables_, __VA_ARGS__)                                              \
    static const sdk_plugin sdk_plugin_ = {#name, sdk_tables_, NULL, NULL, NULL, 0, NULL, NULL};   \
    SDK_ROOT_(sdk_plugin_)

/* ALLORA_OPERATIONS_PLUGIN(doctor, {"doctor.run", run}); */
#define ALLORA_OPERATIONS_PLUGIN(name, ...)                                                        \
    SDK_ENTRIES_(sdk_operation, sdk_operations_, __VA_ARGS__)                                      \
    static const sdk_plugin sdk_plugin_ = {                                                        \
        #name, NULL, sdk_operations_, NULL, NULL, 0, NULL, NULL};                                  \
    SDK_ROOT_(sdk_plugin_)

/* ALLORA_AGENT_PLUGIN(offline, turn) */
#define ALLORA_AGENT_PLUGIN(name, turn_function)                                                   \
    static const sdk_plugin sdk_plugin_ = {#name, NULL, NULL, turn_function, NULL, 0, NULL, NULL}; \
    SDK_ROOT_(sdk_plugin_)

/* ALLORA_FACE_PLUGIN(query, run_shell): a command with code of its own */
#define ALLORA_FACE_PLUGIN(name, run_function)                                                     \
    static const sdk_plugin sdk_plugin_ = {#name, NULL, NULL, NULL, run_function, 0, NULL, NULL};  \
    SDK_ROOT_(sdk_plugin_)

/* ALLORA_MANIFEST_PLUGIN(table): nothing but a manifest, for commands that are grammar onto
 * operations */
#define ALLORA_MANIFEST_PLUGIN(name)                                                               \
    static const sdk_plugin sdk_plugin_ = {#name, NULL, NULL, NULL, NULL, 0, NULL, NULL};          \
    SDK_ROOT_(sdk_plugin_)

/* Anything else: fill an sdk_plugin of your own and say ALLORA_PLUGIN(my_plugin); */
#define ALLORA_PLUGIN(descriptor) SDK_ROOT_(descriptor)

/* ---- errors and logging ---- */

/* Writes code and message (one line, what happened) and returns code: `return sdk_fail(err,
 * ALLORA_E_CONFIG, "…");` Reason, hint and flags are cleared. */
int32_t sdk_fail(allora_error *err, int32_t code, const char *fmt, ...) SDK_PRINTF(3, 4);
/* One line, what the person can do about it.  After sdk_fail(). */
void sdk_hint(allora_error *err, const char *fmt, ...) SDK_PRINTF(2, 3);
/* "not_found" for ALLORA_E_NOTFOUND, and so on. */
const char *sdk_status_name(int32_t status);
/* level: ALLORA_LOG_* */
void sdk_log(const allora_instance *, allora_ctx *, int32_t level, const char *fmt, ...)
    SDK_PRINTF(4, 5);
/* 0, or ALLORA_E_CANCELLED or ALLORA_E_TIMEOUT with err filled. */
int32_t sdk_cancelled(const allora_instance *, allora_ctx *, allora_error *err);

/* ---- configuration ---- */

/* One key of the plugin's own subtree ("file", "endpoint"); dflt when it isn't set.  A value of
 * another type fails. */
int32_t sdk_config_str(const allora_instance *, allora_ctx *, const char *key, const char *dflt,
                       const char **ret, allora_error *err);
int32_t sdk_config_int(const allora_instance *, allora_ctx *, const char *key, int64_t dflt,
                       int64_t *ret, allora_error *err);
int32_t sdk_config_bool(const allora_instance *, allora_ctx *, const char *key, bool dflt,
                        bool *ret, allora_error *err);

/* ---- strings and cells ---- */

static inline allora_str sdk_str_n(const char *p, size_t len)
{
    allora_str s;
    s.ptr = p;
    s.len = len;
    return s;
}

/* NULL gives the empty string. */
static inline allora_str sdk_str(const char *s)
{
    return sdk_str_n(s ? s : "", s ? __builtin_strlen(s) : 0);
}

static inline bool sdk_str_is(allora_str s, const char *text)
{
    return s.len == __builtin_strlen(text) && __builtin_memcmp(s.ptr, text, s.len) == 0;
}

/* NUL-terminated copies in the arena; NULL when memory is out. */
char *sdk_copy(const allora_instance *, allora_ctx *, allora_str);
char *sdk_printf(const allora_instance *, allora_ctx *, const char *fmt, ...) SDK_PRINTF(3, 4);
/* 16-aligned, zeroed; NULL when memory is out. */
void *sdk_alloc(const allora_instance *, allora_ctx *, size_t size);

/* Cells.  Text is borrowed: it must live until the row was sent. */
static inline allora_value sdk_cell_bits_(uint8_t type, uint64_t bits)
{
    allora_value v;
    v.type = type;
    v.flags = 0;
    v.reserved = 0;
    v.len = 0;
    v.u.bits = bits;
    return v;
}
static inline allora_value sdk_absent(void)
{
    return sdk_cell_bits_(ALLORA_V_ABSENT, 0);
}
static inline allora_value sdk_null(void)
{
    return sdk_cell_bits_(ALLORA_V_NULL, 0);
}
static inline allora_value sdk_cell_int(int64_t i)
{
    return sdk_cell_bits_(ALLORA_V_INT, (uint64_t)i);
}
static inline allora_value sdk_cell_bool(bool b)
{
    return sdk_cell_bits_(ALLORA_V_BOOL, b ? 1u : 0u);
}
static inline allora_value sdk_cell_time(int64_t microseconds)
{
    return sdk_cell_bits_(ALLORA_V_TIME, (uint64_t)microseconds);
}
static inline allora_value sdk_cell_real(double d)
{
    allora_value v = sdk_cell_bits_(ALLORA_V_REAL, 0);
    v.u.d = d;
    return v;
}
/* Longer than 4 GiB is cut; NULL pointers give NULL cells. */
static inline allora_value sdk_cell_str(allora_str s)
{
    allora_value v = sdk_cell_bits_(s.ptr ? ALLORA_V_TEXT : ALLORA_V_NULL, 0);
    v.len = s.len > UINT32_MAX ? UINT32_MAX : (uint32_t)s.len;
    v.u.p = s.ptr;
    return v;
}
static inline allora_value sdk_cell_text(const char *s)
{
    return sdk_cell_str(sdk_str_n(s, s ? __builtin_strlen(s) : 0));
}
/* One RFC 8259 text. */
static inline allora_value sdk_cell_json(allora_str s)
{
    allora_value v = sdk_cell_str(s);
    if (s.ptr)
        v.type = ALLORA_V_JSON;
    return v;
}
/* Marks a cell: ALLORA_VF_SENSITIVE, ALLORA_VF_OUTSIDE. */
static inline allora_value sdk_flag(allora_value v, uint8_t flags)
{
    v.flags |= flags;
    return v;
}

/* RFC 3339 ("2026-11-02T10:00:00.25+01:00", a blank for the T is fine), or a date alone, which is
 * midnight UTC. Microseconds since the epoch; false when the text is no such time. */
bool sdk_parse_time(allora_str text, int64_t *ret_us);

/* ---- reading JSON ---- */

enum { SDK_NULL = 1, SDK_BOOL, SDK_INT, SDK_REAL, SDK_STRING, SDK_ARRAY, SDK_OBJECT };
typedef struct sdk_json sdk_json;
struct sdk_json {
    uint8_t type; /* SDK_NULL … SDK_OBJECT */
    uint8_t pad[3];
    uint32_t count;    /* of an array's or object's children */
    allora_str key;    /* of an object's member */
    allora_str text;   /* SDK_STRING: its characters, NUL-terminated; others: as it is written */
    allora_str source; /* as it is written, whatever it is */
    union {
        int64_t i; /* SDK_INT, SDK_BOOL */
        double d;  /* SDK_REAL */
        const sdk_json *first;
    } u;
    const sdk_json *next;
};

/* The whole of text must be one RFC 8259 value in UTF-8, at most 200 levels deep.  Integers that
 * fit keep all 64 bits. Nodes point into text, which must live as long.  Errors say line:column. */
int32_t sdk_parse(const allora_instance *, allora_ctx *, allora_str text, const sdk_json **ret,
                  allora_error *err);

/* All getters take NULL for a node and then find nothing, so chains need no checks. */
const sdk_json *sdk_member(const sdk_json *object, const char *key);
/* Dotted path of member names and array indexes: "addresses.0.ip". NULL and "": the node itself. */
const sdk_json *sdk_path(const sdk_json *node, const char *path);
/* Elements of an array, or values of an object (item->key is the name). */
#define sdk_foreach(item, container)                                                               \
    for (const sdk_json *item = sdk_first(container); item; item = item->next)
static inline const sdk_json *sdk_first(const sdk_json *n)
{
    return n && (n->type == SDK_ARRAY || n->type == SDK_OBJECT) ? n->u.first : NULL;
}

/* Plain values; dflt when there is none or it has another type. */
const char *sdk_get_str(const sdk_json *, const char *path, const char *dflt);
int64_t sdk_get_int(const sdk_json *, const char *path, int64_t dflt);
double sdk_get_real(const sdk_json *, const char *path, double dflt);
bool sdk_get_bool(const sdk_json *, const char *path, bool dflt);

/* Cells.  null or missing gives NULL; a value that can't be read as this type gives ABSENT, never
 * something made up. Numbers in strings are read ("42"). */
allora_value sdk_text(const sdk_json *,
                      const char *path); /* numbers and booleans as they are written */
allora_value sdk_int(const sdk_json *, const char *path);
allora_value sdk_real(const sdk_json *, const char *path);
allora_value sdk_bool(const sdk_json *, const char *path);
allora_value sdk_time(const sdk_json *,
                      const char *path); /* RFC 3339, or a number: seconds, or ms when > 1e11 */
allora_value sdk_nested(const sdk_json *, const char *path); /* any value, as JSON */

/* ---- rows ---- */

/* Where list() sends its rows.  The author hands over full-width rows, in the manifest's order of
 * columns; this picks the wanted ones and leaves out what the pushed filters surely exclude (the
 * host rechecks the rest). */
typedef struct sdk_rows {
    allora_instance *self;
    allora_ctx *ctx;
    const allora_list_request *req;
    const allora_sink *sink;
    allora_value *cells; /* scratch for the wanted ones */
    uint32_t n_wanted;
    int32_t status; /* what list() returns after a stop: 0, or a failure of the sink */
    uint64_t sent;
} sdk_rows;

/* sdk_rows out = SDK_ROWS(self, ctx, req, sink); */
#define SDK_ROWS(self, ctx, req, sink) sdk_rows_begin(self, ctx, req, sink)
sdk_rows sdk_rows_begin(allora_instance *, allora_ctx *, const allora_list_request *,
                        const allora_sink *);

/* Non-zero: stop, and return out.status from list().  Columns beyond n are ABSENT. */
int32_t sdk_row_n(sdk_rows *, const allora_value *cells, uint32_t n);
/* Is this column wanted, or needed for a filter?  Before fetching what is costly; leave it
 * sdk_absent() if not. */
bool sdk_wants(const sdk_rows *, uint32_t column);
/* Says how far a paging list() has come: list() gets it back in req->cursor.  Also flushes, and
 * checks for cancellation; non-zero: return it. */
int32_t sdk_cursor(sdk_rows *, allora_str position, allora_error *err);

/* False only when a cell surely does not match; so rows are never lost, whatever types meet. */
bool sdk_may_match(allora_value cell, const allora_filter *);
/* The filter on that column with that operator, or NULL: for APIs that filter themselves. */
const allora_filter *sdk_filter(const allora_list_request *, uint32_t column, uint32_t op);
/* A key of the partition that list() was asked for; empty when it has no such key. */
allora_str sdk_partition(const allora_list_request *, const char *key);

/* ---- columns and events, for operations and partitions() ---- */

/* sink->begin() with columns that are all text; for partitions(): the partition's keys. */
int32_t sdk_begin_texts(const allora_sink *, const char *const *names, uint32_t n);
typedef struct sdk_column {
    const char *name, *unit; /* unit: NULL for none */
    uint8_t type;            /* ALLORA_V_* */
} sdk_column;
/* At most 64 columns. */
int32_t sdk_begin(const allora_sink *, const sdk_column *columns, uint32_t n);
/* An event with a payload; kind: ALLORA_EV_*. */
int32_t sdk_event(const allora_sink *, int32_t kind, const char *payload);
/* ALLORA_EV_WARNING from an error; where: what it is about ("eu-west-1"), or NULL. */
int32_t sdk_warn(const allora_sink *, const allora_error *, const char *where);
/* A sink that takes everything and keeps nothing, and its functions, to fill the slots that a sink
 * of yours ignores. */
extern const allora_sink sdk_null_sink;
int32_t sdk_no_begin(void *, const allora_column *const *, uint32_t);
int32_t sdk_no_row(void *, const allora_value *, uint32_t);
int32_t sdk_no_event(void *, int32_t, allora_str);

/* ---- writing JSON ---- */

/* sdk_writer w = sdk_writer_begin(self, ctx);
 * sdk_w_open(&w, NULL, '{'); sdk_w_text(&w, "name", "x"); sdk_w_close(&w, '}'); … sdk_w_done(&w)
 * key: of an object's member, NULL in an array.  Out of memory is kept and told by sdk_w_done(). */
typedef struct sdk_writer {
    const allora_host *host;
    allora_ctx *ctx;
    char *text;
    size_t len, cap;
    bool comma, failed;
} sdk_writer;
sdk_writer sdk_writer_begin(const allora_instance *, allora_ctx *);
void sdk_w_open(sdk_writer *, const char *key, char bracket); /* '{' or '[' */
void sdk_w_close(sdk_writer *, char bracket);                 /* '}' or ']' */
void sdk_w_str(sdk_writer *, const char *key, allora_str);    /* what isn't UTF-8 becomes U+FFFD */
void sdk_w_text(sdk_writer *, const char *key, const char *); /* NULL: null */
void sdk_w_int(sdk_writer *, const char *key, int64_t);
void sdk_w_real(sdk_writer *, const char *key, double); /* NaN and infinities: null */
void sdk_w_bool(sdk_writer *, const char *key, bool);
void sdk_w_null(sdk_writer *, const char *key);
void sdk_w_json(sdk_writer *, const char *key, allora_str json); /* as it is */
void sdk_w_cell(sdk_writer *, const char *key, allora_value);    /* times as RFC 3339 */
/* NUL-terminated; ptr NULL when memory was out. */
allora_str sdk_w_done(sdk_writer *);
/* RFC 3339 in UTC, with a fraction only where there is one.  At least 32 bytes. */
void sdk_format_time(int64_t us, char out[32]);

/* ---- arguments, and calling operations ---- */

/* An operation's arguments, which the host has checked against the manifest; empty text is an empty
 * object. */
int32_t sdk_args(const allora_instance *, allora_ctx *, allora_str args_json, const sdk_json **ret,
                 allora_error *err);
/* An argument of a face; dflt when it wasn't given. */
const char *sdk_invocation_arg(const allora_invocation *, const char *name, const char *dflt);

/* Everything an operation sent, copied into the ctx's arena. */
typedef struct sdk_result {
    const char *const *names; /* n_columns, from begin() */
    uint32_t n_columns, n_warnings;
    const allora_value *const *rows; /* n_rows arrays of n_columns cells */
    uint64_t n_rows, n_dropped;      /* dropped: those over max_rows */
    allora_str document;             /* ALLORA_EV_RESULT; empty when none came */
    allora_str provenance;           /* ALLORA_EV_PROVENANCE */
    allora_str text;                 /* ALLORA_EV_TEXT, all of it */
    const allora_str *warnings;      /* ALLORA_EV_WARNING */
    int32_t status;                  /* ALLORA_OK or ALLORA_PARTIAL */
} sdk_result;
/* Needs permission "invoke" for this operation.  max_rows 0: 100,000. */
int32_t sdk_call(const allora_instance *, allora_ctx *, const char *operation, allora_str args_json,
                 uint64_t max_rows, sdk_result *ret, allora_error *err);
/* NULL cell when there is no such row or column. */
allora_value sdk_result_cell(const sdk_result *, uint64_t row, const char *column);
/* The same for operations whose answer is a document; *ret is NULL when none came. */
int32_t sdk_call_json(const allora_instance *, allora_ctx *, const char *operation,
                      allora_str args_json, const sdk_json **ret, allora_error *err);

/* ---- HTTP ---- */

typedef struct sdk_request {
    const char *method, *url;
    allora_pair *headers;
    uint32_t n_headers, cap_headers;
    allora_str body;
    uint32_t flags;  /* ALLORA_HTTP_* */
    bool idempotent; /* may be tried again; GET, HEAD, PUT and DELETE always are */
    const allora_instance *self;
    allora_ctx *ctx;
} sdk_request;
/* value is copied; ALLORA_E_NOMEM when memory is out. */
int32_t sdk_header(sdk_request *, const char *name, const char *value);

typedef struct sdk_reply {
    int32_t status;
    uint32_t n_headers, retry_after_ms; /* from Retry-After, 0 when there is none */
    const allora_pair *headers;
    allora_str body;
    const sdk_json *json; /* sdk_get() only */
} sdk_reply;
/* Names compare without case; empty when there is no such header. */
allora_str sdk_reply_header(const sdk_reply *, const char *name);

#define SDK_LINK_HEADER "Link:"

/* How an API is spoken to: one [static] object for all its tables. */
typedef struct sdk_api {
    const char *endpoint;       /* "https://api.example.com"; the configuration's "endpoint" wins */
    const char *next;           /* dotted path in the reply to what leads to the next page, or
                                   SDK_LINK_HEADER (RFC 8288, rel="next"); NULL: there are no pages */
    const char *next_parameter; /* the query parameter that takes it; NULL: it is a URL */
    const char *rate_bucket;    /* NULL: the plugin's id */
    const char *secret, *secret_header, *secret_prefix; /* as in allora_http_request */
    uint32_t timeout_ms;                                /* of one attempt; 0: the host's */
    uint32_t max_attempts;                              /* 0: 5 */
    /* Before every attempt: adds headers for the time and body of this very attempt. */
    int32_t (*sign)(sdk_request *, allora_error *);
    /* Of a reply that isn't 2xx: ALLORA_BACKOFF_* to try again, or a failure with err filled.  err
     * comes filled with what the HTTP status says; NULL: that decides (429 and 503 throttled; 408,
     * 500, 502, 504 transient). */
    int32_t (*classify)(const allora_instance *, const sdk_reply *, allora_error *err);
} sdk_api;

/* The loop of attempts: sign, send, classify, back off. */
int32_t sdk_send(const sdk_api *, sdk_request *, sdk_reply *ret, allora_error *err);
/* GET endpoint + path; the body must be JSON. */
int32_t sdk_get(const sdk_api *, const allora_instance *, allora_ctx *, const char *path,
                sdk_reply *ret, allora_error *err);

/* SDK_PAGES (page, &api, &out, "/servers?per_page=100", "servers", err) {
 *     sdk_foreach (server, page.items) { if (sdk_row(&out, …)) return out.status; }
 * }
 * return page.status;
 * Each page has a scope of its own (page.ctx), which ends with it, also when the body returns.
 * Between pages the position is told to the host, which may hand it back later; the loop goes on
 * from there by itself. */
typedef struct sdk_page {
    allora_ctx *ctx;
    const sdk_json *items; /* an array */
    sdk_reply reply;
    int32_t status;  /* after the loop */
    uint32_t number; /* from 1 */
    /* the rest is the loop's own */
    const sdk_api *api;
    sdk_rows *out;
    const char *path, *items_path;
    char *position;
    allora_error *err;
} sdk_page;
#define SDK_PAGES(page, api, out, path, items_path, err)                                           \
    SDK_CLEANUP(sdk_pages_done) sdk_page page = sdk_pages_begin(api, out, path, items_path, err);  \
    while (sdk_pages_next(&page))
sdk_page sdk_pages_begin(const sdk_api *, sdk_rows *, const char *path, const char *items_path,
                         allora_error *err);
bool sdk_pages_next(sdk_page *);
void sdk_pages_done(sdk_page *);

#ifdef __cplusplus
}
/* sdk_row(&out, cell, cell, …) */
template <typename... Cells> static inline int32_t sdk_row(sdk_rows *out, Cells... cells)
{
    const allora_value row[] = {cells...};
    return sdk_row_n(out, row, (uint32_t)sizeof...(cells));
}
#else
/* sdk_row(&out, cell, cell, …) */
#define sdk_row(out, ...)                                                                          \
    sdk_row_n((out), (const allora_value[]){__VA_ARGS__},                                          \
              (uint32_t)(sizeof((const allora_value[]){__VA_ARGS__}) / sizeof(allora_value)))
#endif
#endif /* ALLORA_SDK_H */
