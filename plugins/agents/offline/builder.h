/* Making the lexicon's entries. */
#ifndef OFFLINE_BUILDER_H
#define OFFLINE_BUILDER_H
#include "lexicon.h"

struct builder { /* of one table's entries */
    const allora_instance *self;
    allora_ctx *ctx;
    struct entry *entries;
    int n, cap;
    bool oom; /* kept until the end */
};

/* Arena memory, zeroed; NULL and b->oom when there is none. */
void *build_take(struct builder *b, size_t size);
/* "" when there is no memory. */
const char *build_copy(struct builder *b, const char *s);
/* Under its own key and, where it differs, the key of its stems. */
void build_add(struct builder *b, const char *words, struct entry e);
/* {"words","column","op","value"} */
void build_phrase(struct builder *b, const struct table *t, const sdk_json *node);
void build_value(struct builder *b, int column, const char *words, const char *value,
                 const struct column *col, int rank);
/* biggest → bigger, big;  most expensive → more expensive, expensive. */
void build_adjective(struct builder *b, int column, const char *words, bool descending);
#endif
