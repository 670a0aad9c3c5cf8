/* Arguments and results of every slot, to bytes and back.  Pure data: handles (contexts, instances,
 * sinks) are numbers here, and whoever calls gives them their meaning. */
#ifndef ALLORA_PLUGIN_CODEC_DATA_H
#define ALLORA_PLUGIN_CODEC_DATA_H
#include "plugin/frame.h"
#include "plugin/slots.h"

/* What a call carries beside its plain arguments. */
struct codec_handles {
    uint64_t ctx; /* 0: none */
    uint64_t instance;
    int64_t deadline_us; /* of ctx, or of the child that comes back */
    uint64_t sink;       /* number of the sink among the call's, 0: NULL */
    uint64_t stream;     /* of the byte sink, in the arguments or in a struct of them */
};
/* The root object, as create() sends it. */
struct codec_host {
    uint32_t size, abi_minor, abi_minor_min;
    uint32_t slots; /* a bit for each that is filled */
    const char *name, *version;
};
/* What get_interface() answers. */
struct codec_iface {
    bool present;
    uint32_t size, slots;
};
/* Takes memory for what lives as long as the caller's context. */
typedef void *(*codec_alloc)(void *self, uint64_t size);

/* host: for create(), else NULL. */
void codec_put_call(struct frame_writer *w, const struct slot *slot, const struct arg *args,
                    const struct codec_handles *h, const struct codec_host *host);
/* args[] become what the callee may be handed, but for handles: outputs in r->mem, zeroed, their
 * size set; texts in the frame.  False: not a call of that slot. */
bool codec_get_call(struct frame_reader *r, const struct slot *slot, struct arg *args,
                    struct codec_handles *h, struct codec_host *host);

/* result and outputs; on failure the error alone.  h: the handle of the context or the instance
 * that comes back.  iface: for get_interface(). */
void codec_put_reply(struct frame_writer *w, const struct slot *slot, const struct arg *args,
                     struct arg result, const struct codec_handles *h,
                     const struct codec_iface *iface);
/* Writes through the caller's args only if `write`: read it once without, to know that it is
 * whole.  False: not a reply of that slot, or memory is out. */
bool codec_get_reply(struct frame_reader *r, const struct slot *slot, const struct arg *args,
                     struct arg *ret_result, struct codec_handles *h, struct codec_iface *iface,
                     bool write, codec_alloc alloc, void *self);

void codec_put_columns(struct frame_writer *w, const allora_column *const *columns, uint32_t n);
const allora_column *const *codec_get_columns(struct frame_reader *r, uint32_t *ret_n);
void codec_put_cells(struct frame_writer *w, const allora_value *cells, uint32_t n);
const allora_value *codec_get_cells(struct frame_reader *r, uint32_t *ret_n);

/* Growable structs: the fields that their size covers. */
void codec_put_struct(struct frame_writer *w, const struct struct_shape *shape, const void *p,
                      uint64_t stream);
void *codec_get_struct(struct frame_reader *r, const struct struct_shape *shape,
                       uint64_t *ret_stream);
#endif
