/* The English of questions: words and phrases that belong to no table. */
#ifndef OFFLINE_FUNCTION_H
#define OFFLINE_FUNCTION_H
#include "parse.h"

struct function {
    const char *words; /* NULL: the end */
    enum func func;
};
extern const struct function function_questions[]; /* what is asked, and small words */
extern const struct function function_measures[];  /* ranks, sums, comparisons, matches */
#endif
