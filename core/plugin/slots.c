/* What every argument of every slot means.  Which slots there are comes from the header; one that
 * is missing here, or gone there, does not compile: "kinds_STORE_GET undeclared" asks for a line
 * SLOT(STORE, GET, …) with a kind (slots.h) for each of its arguments. */
#include "plugin/slots.h"

#include "base/str.h"
#include "plugin/wrap.h"

#define POINTER(a) ((a).out)
#define SLOT_THUNKS
#include "slot_list.h"

#define SLOT(iface, name, result, ...)                                                             \
    static const uint8_t kinds_##iface##_##name[] = {__VA_ARGS__, ARG_END};                        \
    enum { result_##iface##_##name = (result) };                                                   \
    _Static_assert(sizeof kinds_##iface##_##name <= SLOT_ARGS_MAX + 1, "too many arguments")

SLOT(host, get_interface, RESULT_POINTER, ARG_HOST, ARG_NAME);
SLOT(host, alloc, RESULT_POINTER, ARG_CTX, ARG_U64);
SLOT(host, cancelled, RESULT_STATUS, ARG_CTX);
SLOT(host, deadline_us, RESULT_NUMBER, ARG_CTX);
SLOT(host, now_us, RESULT_NUMBER, ARG_CTX);
SLOT(host, progress, RESULT_NONE, ARG_CTX, ARG_U64, ARG_U64, ARG_TEXT);
SLOT(host, log, RESULT_NONE, ARG_CTX, ARG_I32, ARG_TEXT, ARG_PAIRS, ARG_COUNT);
SLOT(scope, open, RESULT_STATUS, ARG_CTX, ARG_DOCUMENT, ARG_U32, ARG_U32, ARG_OUT_CTX, ARG_ERROR);
SLOT(scope, cancel, RESULT_NONE, ARG_CTX);
SLOT(scope, cancel_fd, RESULT_STATUS, ARG_CTX, ARG_OUT_FD);
SLOT(scope, close, RESULT_NONE, ARG_CTX);
SLOT(config, get, RESULT_STATUS, ARG_CTX, ARG_NAME, ARG_OUT_VALUE, ARG_ERROR);
SLOT(secrets, get, RESULT_STATUS, ARG_CTX, ARG_NAME, ARG_OUT_BYTES, ARG_ERROR);
SLOT(secrets, put, RESULT_STATUS, ARG_CTX, ARG_NAME, ARG_BYTES, ARG_I64, ARG_ERROR);
SLOT(secrets, lock, RESULT_STATUS, ARG_CTX, ARG_NAME, ARG_ERROR);
SLOT(secrets, unlock, RESULT_NONE, ARG_CTX, ARG_NAME);
SLOT(http, send, RESULT_STATUS, ARG_CTX, ARG_HTTP_REQUEST, ARG_OUT_RESPONSE, ARG_ERROR);
SLOT(http, backoff, RESULT_STATUS, ARG_CTX, ARG_NAME, ARG_I32, ARG_U32, ARG_U32, ARG_ERROR);
SLOT(invoke, call, RESULT_STATUS, ARG_CTX, ARG_NAME, ARG_DOCUMENT, ARG_SINK, ARG_ERROR);
SLOT(invoke, catalogue, RESULT_STATUS, ARG_CTX, ARG_TEXT, ARG_SINK, ARG_ERROR);
SLOT(store, get, RESULT_STATUS, ARG_CTX, ARG_BYTES, ARG_OUT_BYTES, ARG_OUT_U64, ARG_ERROR);
SLOT(store, put_if, RESULT_STATUS, ARG_CTX, ARG_BYTES, ARG_BYTES, ARG_U64, ARG_I64, ARG_ERROR);
SLOT(store, remove, RESULT_STATUS, ARG_CTX, ARG_BYTES, ARG_ERROR);
SLOT(store, scan, RESULT_STATUS, ARG_CTX, ARG_BYTES, ARG_SINK, ARG_ERROR);
SLOT(events, publish, RESULT_STATUS, ARG_CTX, ARG_NAME, ARG_DOCUMENT, ARG_ERROR);
SLOT(events, follow, RESULT_STATUS, ARG_CTX, ARG_NAME, ARG_U64, ARG_SINK, ARG_ERROR);
SLOT(console, info, RESULT_STATUS, ARG_CTX, ARG_OUT_CONSOLE);
SLOT(console, read_line, RESULT_STATUS, ARG_CTX, ARG_TEXT, ARG_NAME_OR_NULL, ARG_NAME_OR_NULL,
     ARG_OUT_BYTES, ARG_ERROR);
SLOT(console, read_secret, RESULT_STATUS, ARG_CTX, ARG_TEXT, ARG_OUT_BYTES, ARG_ERROR);
SLOT(console, read_input, RESULT_STATUS, ARG_CTX, ARG_U64, ARG_OUT_BYTES, ARG_ERROR);
SLOT(console, open, RESULT_STATUS, ARG_CTX, ARG_OUT_FDS, ARG_ERROR);
SLOT(console, close, RESULT_NONE, ARG_CTX);
SLOT(console, screen, RESULT_STATUS, ARG_CTX, ARG_U32, ARG_ERROR);
SLOT(console, resize_fd, RESULT_STATUS, ARG_CTX, ARG_OUT_FD, ARG_ERROR);
SLOT(listen, open, RESULT_STATUS, ARG_CTX, ARG_NAME, ARG_OUT_FD, ARG_ERROR);
SLOT(exec, run, RESULT_STATUS, ARG_CTX, ARG_WORDS, ARG_BYTES, ARG_BYTE_SINK_OR_NULL, ARG_OUT_I32,
     ARG_ERROR);
SLOT(exec, spawn, RESULT_STATUS, ARG_CTX, ARG_WORDS, ARG_PAIRS, ARG_COUNT, ARG_OUT_FDS, ARG_OUT_I64,
     ARG_ERROR);
SLOT(exec, stop, RESULT_STATUS, ARG_CTX, ARG_I64, ARG_OUT_I32, ARG_ERROR);
SLOT(exec, wait, RESULT_STATUS, ARG_CTX, ARG_I64, ARG_U32, ARG_OUT_I32, ARG_ERROR);
SLOT(audit, record, RESULT_STATUS, ARG_CTX, ARG_TEXT, ARG_TEXT, ARG_DOCUMENT);
SLOT(metrics, count, RESULT_NONE, ARG_CTX, ARG_NAME, ARG_F64, ARG_PAIRS, ARG_COUNT);
SLOT(metrics, gauge, RESULT_NONE, ARG_CTX, ARG_NAME, ARG_F64, ARG_PAIRS, ARG_COUNT);
SLOT(metrics, observe, RESULT_NONE, ARG_CTX, ARG_NAME, ARG_F64, ARG_PAIRS, ARG_COUNT);
SLOT(operations, call, RESULT_STATUS, ARG_INSTANCE, ARG_CTX, ARG_NAME, ARG_DOCUMENT, ARG_SINK,
     ARG_ERROR);
SLOT(operations, plan, RESULT_STATUS, ARG_INSTANCE, ARG_CTX, ARG_NAME, ARG_DOCUMENT, ARG_OUT_PLAN,
     ARG_ERROR);
SLOT(operations, apply, RESULT_STATUS, ARG_INSTANCE, ARG_CTX, ARG_NAME, ARG_BYTES, ARG_NAME,
     ARG_DOCUMENT, ARG_SINK, ARG_ERROR);
SLOT(provider, partitions, RESULT_STATUS, ARG_INSTANCE, ARG_CTX, ARG_NAME, ARG_SINK, ARG_ERROR);
SLOT(provider, list, RESULT_STATUS, ARG_INSTANCE, ARG_CTX, ARG_LIST_REQUEST, ARG_SINK, ARG_ERROR);
SLOT(provider, describe, RESULT_STATUS, ARG_INSTANCE, ARG_CTX, ARG_SINK, ARG_ERROR);
SLOT(metrics_source, query, RESULT_STATUS, ARG_INSTANCE, ARG_CTX, ARG_METRICS_QUERY, ARG_SINK,
     ARG_ERROR);
SLOT(agent, turn, RESULT_STATUS, ARG_INSTANCE, ARG_CTX, ARG_TURN_REQUEST, ARG_SINK, ARG_ERROR);
SLOT(agent, models, RESULT_STATUS, ARG_INSTANCE, ARG_CTX, ARG_SINK, ARG_ERROR);
SLOT(face, run, RESULT_STATUS, ARG_INSTANCE, ARG_CTX, ARG_INVOCATION, ARG_SINK, ARG_OUT_I32,
     ARG_ERROR);
SLOT(plugin, create, RESULT_STATUS, ARG_HOST, ARG_CTX, ARG_OUT_INSTANCE, ARG_ERROR);
SLOT(plugin, destroy, RESULT_NONE, ARG_INSTANCE);
SLOT(plugin, get_interface, RESULT_POINTER, ARG_NAME);

#define X(iface, name, type, at, letters)                                                          \
    _Static_assert(sizeof kinds_##iface##_##name == sizeof(letters), "one kind for each "          \
                                                                     "argument");
ALLORA_SLOTS(X)
#undef X

#define X(iface_, name_, type, at, letters)                                                        \
    {                                                                                              \
        .iface = #iface_,                                                                          \
        .name = #name_,                                                                            \
        .iface_no = IFACE_##iface_,                                                                \
        .index = (at),                                                                             \
        .result = result_##iface_##_##name_,                                                       \
        .n_args = sizeof(letters) - 1,                                                             \
        .kinds = kinds_##iface_##_##name_,                                                         \
        .shape = (letters),                                                                        \
        .offset = offsetof(type, name_),                                                           \
        .thunk = (slot_fn)thunk_##iface_##_##name_,                                                \
        .invoke = invoke_##iface_##_##name_,                                                       \
    },
const struct slot slot_table[] = {ALLORA_SLOTS(X)};
#undef X
const size_t slot_count = SLOT_COUNT;

#define ALLORA_HOST_ID ""
#define ALLORA_PLUGIN_ID ""
#define X(name_, type, upper, slots)                                                               \
    {.name = #name_, .id = ALLORA_##upper##_ID, .size = sizeof(type), .n = (slots)},
const struct iface iface_table[] = {ALLORA_IFACES(X)};
#undef X
const size_t iface_count = IFACE_COUNT;

/* ---- growable structs ---- */

#define FIELD(type, kind_, name)                                                                   \
    {                                                                                              \
        .kind = (kind_), .offset = offsetof(type, name)                                            \
    }
#define ARRAY(type, kind_, name, n)                                                                \
    {                                                                                              \
        .kind = (kind_), .offset = offsetof(type, name), .count = offsetof(type, n)                \
    }

#define T allora_list_request
static const struct field list_request[] = {
    FIELD(T, ARG_U32, n_filters),
    FIELD(T, ARG_NAME, table),
    ARRAY(T, ARG_FILTERS, filters, n_filters),
    ARRAY(T, ARG_PAIRS, partition, n_partition),
    FIELD(T, ARG_U32, n_partition),
    FIELD(T, ARG_U32, n_wanted),
    ARRAY(T, ARG_INDEXES, wanted, n_wanted),
    FIELD(T, ARG_U64, limit),
    FIELD(T, ARG_BYTES, cursor),
};
#undef T
#define T allora_http_request
static const struct field http_request[] = {
    FIELD(T, ARG_U32, flags),
    FIELD(T, ARG_NAME, method),
    FIELD(T, ARG_NAME, url),
    ARRAY(T, ARG_PAIRS, headers, n_headers),
    FIELD(T, ARG_U32, n_headers),
    FIELD(T, ARG_U32, timeout_ms),
    FIELD(T, ARG_BYTES, body),
    FIELD(T, ARG_NAME_OR_NULL, rate_bucket),
    FIELD(T, ARG_NAME_OR_NULL, identity),
    FIELD(T, ARG_NAME_OR_NULL, cache_key),
    FIELD(T, ARG_U32, cache_ttl_ms),
    FIELD(T, ARG_U32, reserved),
    FIELD(T, ARG_NAME_OR_NULL, secret),
    FIELD(T, ARG_NAME_OR_NULL, secret_header),
    FIELD(T, ARG_NAME_OR_NULL, secret_prefix),
    FIELD(T, ARG_BYTE_SINK_OR_NULL, stream),
};
#undef T
#define T allora_http_response
static const struct field http_response[] = {
    FIELD(T, ARG_I32, status),    ARRAY(T, ARG_PAIRS, headers, n_headers),
    FIELD(T, ARG_U32, n_headers), FIELD(T, ARG_U32, from_cache),
    FIELD(T, ARG_BYTES, body),
};
#undef T
#define T allora_plan
static const struct field plan[] = {
    FIELD(T, ARG_I32, effect),          FIELD(T, ARG_DOCUMENT, steps_json),
    FIELD(T, ARG_BYTES, document),      FIELD(T, ARG_DOCUMENT, inverse_json),
    FIELD(T, ARG_DOCUMENT, price_json),
};
#undef T
#define T allora_metrics_query
static const struct field metrics_query[] = {
    FIELD(T, ARG_U32, step_s),
    FIELD(T, ARG_TEXT, selector),
    FIELD(T, ARG_I64, start_us),
    FIELD(T, ARG_I64, end_us),
};
#undef T
#define T allora_turn_request
static const struct field turn_request[] = {
    FIELD(T, ARG_U32, flags),
    FIELD(T, ARG_NAME_OR_NULL, model),
    FIELD(T, ARG_DOCUMENT, messages_json),
    FIELD(T, ARG_DOCUMENT, tools_json),
    FIELD(T, ARG_DOCUMENT, output_schema_json),
    FIELD(T, ARG_U64, max_output_tokens),
    FIELD(T, ARG_F64, temperature),
};
#undef T
#define T allora_invocation
static const struct field invocation[] = {
    FIELD(T, ARG_U32, n_args),         FIELD(T, ARG_NAME, command),
    ARRAY(T, ARG_PAIRS, args, n_args), ARRAY(T, ARG_WORDS, rest, n_rest),
    FIELD(T, ARG_U32, n_rest),         FIELD(T, ARG_U32, reserved),
};
#undef T
#define T allora_console_info
static const struct field console_info[] = {
    FIELD(T, ARG_U32, flags),
    FIELD(T, ARG_U32, columns),
    FIELD(T, ARG_U32, rows),
};
#undef T

/* A struct that has grown has a field that is not above. */
#define SHAPE(type, fields_)                                                                       \
    {                                                                                              \
        .name = #type, .size = sizeof(type), .n = sizeof(fields_) / sizeof(fields_)[0],            \
        .fields = (fields_)                                                                        \
    }
_Static_assert(sizeof(allora_list_request) == 72, "describe the new field in list_request");
_Static_assert(sizeof(allora_http_request) == 120, "describe the new field in http_request");
_Static_assert(sizeof(allora_http_response) == 40, "describe the new field in http_response");
_Static_assert(sizeof(allora_plan) == 72, "describe the new field in plan");
_Static_assert(sizeof(allora_metrics_query) == 40, "describe the new field in metrics_query");
_Static_assert(sizeof(allora_turn_request) == 80, "describe the new field in turn_request");
_Static_assert(sizeof(allora_invocation) == 40, "describe the new field in invocation");
_Static_assert(sizeof(allora_console_info) == 16, "describe the new field in console_info");

static const struct struct_shape shapes[ARG_KINDS] = {
    [ARG_LIST_REQUEST] = SHAPE(allora_list_request, list_request),
    [ARG_HTTP_REQUEST] = SHAPE(allora_http_request, http_request),
    [ARG_METRICS_QUERY] = SHAPE(allora_metrics_query, metrics_query),
    [ARG_TURN_REQUEST] = SHAPE(allora_turn_request, turn_request),
    [ARG_INVOCATION] = SHAPE(allora_invocation, invocation),
    [ARG_OUT_PLAN] = SHAPE(allora_plan, plan),
    [ARG_OUT_RESPONSE] = SHAPE(allora_http_response, http_response),
    [ARG_OUT_CONSOLE] = SHAPE(allora_console_info, console_info),
};

const struct struct_shape *struct_shape(uint8_t kind)
{
    return kind < ARG_KINDS && shapes[kind].fields ? &shapes[kind] : NULL;
}

size_t field_size(uint8_t kind)
{
    switch (kind) {
    case ARG_I32:
    case ARG_U32:
        return 4;
    case ARG_TEXT:
    case ARG_DOCUMENT:
    case ARG_BYTES:
        return sizeof(allora_str);
    default:
        return 8;
    }
}

const struct slot *slot_find(uint16_t iface, uint16_t index)
{
    for (size_t i = 0; i < SLOT_COUNT; i++) {
        if (slot_table[i].iface_no == iface && slot_table[i].index == index)
            return &slot_table[i];
    }
    return NULL;
}

const struct iface *iface_find(const char *id)
{
    for (size_t i = 0; i < IFACE_COUNT; i++) {
        if (*iface_table[i].id && streq(iface_table[i].id, id))
            return &iface_table[i];
    }
    return NULL;
}

slot_fn slot_in(const void *interface, const struct slot *slot)
{
    uint32_t size = 0;
    slot_fn fn = NULL;

    if (!interface)
        return NULL;
    memcpy(&size, interface, sizeof size); /* every interface begins with it */
    if (size < slot->offset + sizeof fn)
        return NULL;
    memcpy(&fn, (const char *)interface + slot->offset, sizeof fn);
    return fn;
}
