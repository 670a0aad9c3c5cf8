/* Two questions in one. */
#ifndef OFFLINE_PARTS_H
#define OFFLINE_PARTS_H
#include <stdbool.h>
#include <stddef.h>

struct parts {
    size_t first_len, second; /* bytes of the first; where the second begins */
    bool refers;              /* the second speaks of the first: it can't be read by itself */
};
/* Where a question's second question begins; false: it is one. */
bool parts_split(const char *question, size_t len, struct parts *ret);
#endif
