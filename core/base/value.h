/* allora_value helpers: building, comparing, copying, printing. */
#ifndef ALLORA_BASE_VALUE_H
#define ALLORA_BASE_VALUE_H
#include "arena.h"
#include "buf.h"
#include <allora/plugin.h>
#include <stdbool.h>

static inline allora_value val_null(void)
{
    return (allora_value){.type = ALLORA_V_NULL};
}
static inline allora_value val_int(int64_t i)
{
    return (allora_value){.type = ALLORA_V_INT, .u.i = i};
}
static inline allora_value val_bool(bool b)
{
    return (allora_value){.type = ALLORA_V_BOOL, .u.i = b};
}
static inline allora_value val_real(double d)
{
    return (allora_value){.type = ALLORA_V_REAL, .u.d = d};
}
static inline allora_value val_time(int64_t us)
{
    return (allora_value){.type = ALLORA_V_TIME, .u.i = us};
}
/* Borrowed text; a NULL pointer gives NULL; longer than 4 GiB is cut. */
allora_value val_textn(const char *p, size_t n);
allora_value val_text(const char *s);
allora_value val_json(const char *p, size_t n);

/* Does `v OP f->val` hold, with the host's own semantics?  This is the one filter evaluator: the
 * row sink, the cache and the tests use it.
 *   - BOOL, INT, REAL and TIME compare by exact value among each other; TEXT and JSON by bytes
 *     among each other.
 *   - ISNULL holds for NULL, for ABSENT and for a NaN, which SQL knows as NULL; nothing else holds
 *     for them.
 *   - A number and a text are never equal, so NE holds; the number is the lesser, as SQL orders
 *     them.
 *   - A NULL on the filter's side matches nothing.  IN holds when EQ holds for one of the list.
 *   - PREFIX and PREFIX_NOCASE (ASCII folding only) want text on both sides. */
bool filter_matches(const allora_filter *f, const allora_value *v);
/* <0, 0, >0; only for comparable types (both numeric, or both text-like), else *ret_ok = false. */
int val_compare(const allora_value *a, const allora_value *b, bool *ret_ok);
/* Deep copy into the arena, texts with a NUL behind them.  0 or ALLORA_E_NOMEM. */
int32_t val_copy(struct arena *a, const allora_value *src, allora_value *ret);
/* Appends what a person reads: text as is, times as RFC 3339, NULL and ABSENT as nothing. */
void val_print(struct buf *b, const allora_value *v);
const char *val_type_name(uint8_t type); /* "text", "int", … as in manifests */
/* Manifest's type word to ALLORA_V_*; 0 if unknown. */
uint8_t val_type_parse(const char *name);
#endif
