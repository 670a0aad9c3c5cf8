/* Filters on rows: the paths that are not inlined. */
#include "query/rowfilter.h"

#include <stdlib.h>
#include <string.h>

static int by_value(const void *a, const void *b)
{
    bool ok;
    return val_compare(a, b, &ok);
}

static bool one_type(const allora_value *list, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (list[i].type != list[0].type ||
            (list[i].type != ALLORA_V_INT && list[i].type != ALLORA_V_TEXT))
            return false;
    }
    return n > 0;
}

int32_t row_filter_init(struct row_filter *f, uint32_t cell, const allora_filter *from,
                        struct arena *mem)
{
    *f = (struct row_filter){cell, (uint8_t)from->op, from->val.type, false, from->val};
    if (from->val.type != ALLORA_V_LIST || !one_type(from->val.u.list, from->val.len))
        return ALLORA_OK;
    uint32_t n = from->val.len;
    allora_value *list = arena_array(mem, n, sizeof *list);
    if (!list)
        return ALLORA_E_NOMEM;
    memcpy(list, from->val.u.list, n * sizeof *list);
    qsort(list, n, sizeof *list, by_value);
    f->val.u.list = list;
    f->type = list[0].type;
    f->sorted = true;
    return ALLORA_OK;
}

bool row_filter_slow(const struct row_filter *f, const allora_value *v)
{
    if (f->sorted && v->type == f->type)
        return bsearch(v, f->val.u.list, f->val.len, sizeof *v, by_value) != NULL;
    return filter_matches(&(allora_filter){f->cell, f->op, f->val}, v);
}
