/* What the files share that make conditions. */
#ifndef OFFLINE_FILTER_H
#define OFFLINE_FILTER_H
#include "parse.h"

enum negation { NEG_NONE, NEG_NOT, NEG_WITHOUT };

struct filter {
    struct parse *p;
    enum negation neg; /* said at item neg_at, for the next condition */
    int neg_at;
    struct cond *last; /* the condition just made, while "or" may go on with it */
    int last_item;
};

/* One more condition, or more values for the last one; its items are used. */
void filter_put(struct filter *f, const struct cond *model, int from, int to);
/* The name at item i as the value of a column; -1: whichever holds it. */
void filter_name(struct filter *f, int column, enum tie tie, int from, int i);
/* "or", "and" or a comma between the last condition and item i; its item, or -1. */
int filter_joined(const struct filter *f, int i);
/* A name that stands by itself; false when nothing ties it to the rest. */
bool filter_name_alone(struct filter *f, int i);
/* env=prod, uid:0 */
bool filter_pair(struct filter *f, int i);
#endif
