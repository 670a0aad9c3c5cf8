/* Constant filters, prepared once per scan and evaluated on each row before it is copied.  Same
 * meaning as base/value.h's filter_matches(), which the tests hold them against; faster, because
 * the types are known. */
#ifndef ALLORA_QUERY_ROWFILTER_H
#define ALLORA_QUERY_ROWFILTER_H
#include "base/arena.h"
#include "base/value.h"
#include <allora/plugin.h>
#include <stdbool.h>
#include <string.h>

struct row_filter {
    uint32_t cell;    /* position in the row */
    uint8_t op, type; /* type: what a matching cell has, else the slow path */
    bool sorted;      /* val is a LIST of one type, in order */
    allora_value val; /* [borrowed] */
};
/* Lists are copied, sorted, into mem.  0 or ALLORA_E_NOMEM. */
int32_t row_filter_init(struct row_filter *f, uint32_t cell, const allora_filter *from,
                        struct arena *mem);
bool row_filter_slow(const struct row_filter *f, const allora_value *v);

static inline bool row_filter_order(uint8_t op, int order)
{
    switch (op) {
    case ALLORA_OP_EQ:
        return order == 0;
    case ALLORA_OP_NE:
        return order != 0;
    case ALLORA_OP_LT:
        return order < 0;
    case ALLORA_OP_LE:
        return order <= 0;
    case ALLORA_OP_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}
static inline bool row_filter_match(const struct row_filter *f, const allora_value *row)
{
    const allora_value *v = &row[f->cell];

    if (f->op > ALLORA_OP_GE || v->type != f->type)
        return row_filter_slow(f, v);
    switch (v->type) {
    case ALLORA_V_INT:
    case ALLORA_V_TIME:
        return row_filter_order(f->op, (v->u.i > f->val.u.i) - (v->u.i < f->val.u.i));
    case ALLORA_V_TEXT:
        if (f->op == ALLORA_OP_EQ)
            return v->len == f->val.len && (v->len == 0 || memcmp(v->u.p, f->val.u.p, v->len) == 0);
        return row_filter_slow(f, v);
    default:
        return row_filter_slow(f, v);
    }
}
#endif
