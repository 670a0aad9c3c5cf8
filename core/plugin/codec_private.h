/* What the files of the codec share. */
#ifndef ALLORA_PLUGIN_CODEC_PRIVATE_H
#define ALLORA_PLUGIN_CODEC_PRIVATE_H
#include "plugin/codec_data.h"

/* An array of `kind` and n items; the number of items goes with it. */
void codec_put_array(struct frame_writer *w, uint8_t kind, const void *p, uint64_t n);
/* Never NULL where one was sent. */
const void *codec_get_array(struct frame_reader *r, uint8_t kind, uint32_t *ret_n);
#endif
