/* A string-keyed hash map.  Keys are copied; values are the caller's.  Iteration follows insertion
 * order. */
#ifndef ALLORA_BASE_MAP_H
#define ALLORA_BASE_MAP_H
#include "cleanup.h"
#include <stddef.h>
#include <stdint.h>

struct map_entry {
    char *key;
    void *value;
};
struct map {
    struct map_entry *entries;
    uint32_t *slots;
    size_t n, cap, n_slots;
};
void map_init(struct map *m);
void map_done(struct map *m);
void *map_get(const struct map *m, const char *key);
/* Replaces; *ret_old (may be NULL) gets what was there.  0 or ALLORA_E_NOMEM. */
int32_t map_put(struct map *m, const char *key, void *value, void **ret_old) A_MUST_CHECK;
uint64_t hash_bytes(const void *p, size_t n, uint64_t seed); /* not cryptographic */
#endif
