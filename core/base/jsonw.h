/* Writing JSON, streaming, into a buf: commas, quoting and UTF-8 repair (invalid bytes become
 * U+FFFD) are its job.  Doubles print in the shortest form that reads back the same; NaN and
 * infinities print null. */
#ifndef ALLORA_BASE_JSONW_H
#define ALLORA_BASE_JSONW_H
#include "buf.h"
#include "json.h"
#include <stdint.h>

/* Deeper fails the buffer; json_parse() allows less, so what was read can be written. */
enum { JSONW_DEPTH = 256 };
struct jsonw {
    struct buf *out;
    unsigned depth;
    int indent; /* spaces a level; 0 = compact */
    bool after_key;
    bool has_item[JSONW_DEPTH];
};
#define JSONW(buffer) ((struct jsonw){.out = (buffer)})

void jw_object(struct jsonw *w);
void jw_end_object(struct jsonw *w);
void jw_array(struct jsonw *w);
void jw_end_array(struct jsonw *w);
void jw_key(struct jsonw *w, const char *key);
void jw_strn(struct jsonw *w, const char *s, size_t n);
void jw_str(struct jsonw *w, const char *s); /* NULL writes null */
void jw_int(struct jsonw *w, int64_t i);
void jw_uint(struct jsonw *w, uint64_t u);
void jw_real(struct jsonw *w, double d);
void jw_bool(struct jsonw *w, bool b);
void jw_null(struct jsonw *w);
void jw_raw(struct jsonw *w, const char *json, size_t n); /* one complete value, trusted */
void jw_node(struct jsonw *w, const json_node *n);
/* TIME as RFC 3339, JSON as it is, LIST as an array, ABSENT as null. */
void jw_value(struct jsonw *w, const allora_value *v);
/* key + value in one go */
void jw_kstr(struct jsonw *w, const char *key, const char *s);
void jw_kint(struct jsonw *w, const char *key, int64_t i);
void jw_kbool(struct jsonw *w, const char *key, bool b);
#endif
