/* Every call between host and plugin as data: which slots there are (slot_list.h, made from
 * allora/plugin.h at build time), what each argument means, a thunk for each that packs its
 * arguments and hands them to whoever wraps the call, and an invoker that unpacks them.  The debug
 * host (guard.h) and the call codec (codec.h) are both written against this alone. */
#ifndef ALLORA_PLUGIN_SLOTS_H
#define ALLORA_PLUGIN_SLOTS_H
#include <allora/plugin.h>
#include <stdbool.h>

/* What an argument, or a field of a struct, is.  Append only. */
enum arg_kind {
    ARG_END,
    /* handles */
    ARG_HOST,
    ARG_CTX,
    ARG_INSTANCE,
    /* numbers */
    ARG_I32,
    ARG_U32,
    ARG_I64,
    ARG_U64,
    ARG_F64,
    /* texts: const char *, or allora_str */
    ARG_NAME,         /* never NULL */
    ARG_NAME_OR_NULL, /* */
    ARG_TEXT,         /* UTF-8 */
    ARG_DOCUMENT,     /* JSON, or empty */
    ARG_BYTES,
    /* arrays; in an argument list ARG_COUNT comes next, in a struct the field says where it is */
    ARG_PAIRS,
    ARG_COUNT,
    ARG_FILTERS,
    ARG_INDEXES, /* uint32_t */
    ARG_WORDS,   /* const char *, counted in structs, else ended by NULL */
    /* where results go while the call runs */
    ARG_SINK,
    ARG_BYTE_SINK,
    ARG_BYTE_SINK_OR_NULL,
    ARG_ERROR,
    /* growable structs that go in */
    ARG_LIST_REQUEST,
    ARG_HTTP_REQUEST,
    ARG_METRICS_QUERY,
    ARG_TURN_REQUEST,
    ARG_INVOCATION,
    /* what comes back */
    ARG_OUT_I32,
    ARG_OUT_I64,
    ARG_OUT_U64,
    ARG_OUT_FD,
    ARG_OUT_FDS,      /* int32_t [3] */
    ARG_OUT_BYTES,    /* allora_str, [arena] */
    ARG_OUT_VALUE,    /* allora_value, [arena] */
    ARG_OUT_CTX,      /* a child call */
    ARG_OUT_INSTANCE, /* */
    /* growable structs that come back; the caller sets size */
    ARG_OUT_PLAN,
    ARG_OUT_RESPONSE,
    ARG_OUT_CONSOLE,
    ARG_KINDS
};

enum arg_result { RESULT_NONE, RESULT_STATUS, RESULT_NUMBER, RESULT_POINTER };

struct arg {
    union {
        const void *p;
        void *out;
        int64_t i;
        uint64_t u;
        double d;
        allora_str s;
    };
};

enum { SLOT_ARGS_MAX = 8 };
typedef void (*slot_fn)(void);
struct slot {
    const char *iface, *name;
    uint16_t iface_no, index; /* what a frame says: enum iface_id, slot index in the interface */
    uint8_t result;           /* enum arg_result */
    uint8_t n_args;
    const uint8_t *kinds; /* enum arg_kind, ended by ARG_END */
    const char *shape;    /* the C types, a letter each: p i u d s */
    size_t offset;        /* in the interface */
    slot_fn thunk;        /* of the slot's own type */
    struct arg (*invoke)(slot_fn fn, const struct arg *args);
};
struct iface {
    const char *name, *id; /* id "" for the two root objects */
    size_t size;           /* as this header has it */
    uint16_t n;            /* its slots */
};
/* A field of a growable struct; arrays name the field that counts them. */
struct field {
    uint8_t kind;
    uint16_t offset, count;
};
struct struct_shape {
    const char *name;
    uint32_t size; /* as this header has it */
    uint32_t n;
    const struct field *fields;
};

extern const struct slot slot_table[];
extern const struct iface iface_table[];
extern const size_t slot_count, iface_count;
/* NULL when there is none such. */
const struct slot *slot_find(uint16_t iface, uint16_t index);
const struct iface *iface_find(const char *id);
/* The struct behind ARG_LIST_REQUEST … and ARG_OUT_PLAN …; NULL for other kinds. */
const struct struct_shape *struct_shape(uint8_t kind);
size_t field_size(uint8_t kind);
/* The slot's function in an interface of its kind, NULL when it isn't there or empty. */
slot_fn slot_in(const void *interface, const struct slot *slot);
#endif
