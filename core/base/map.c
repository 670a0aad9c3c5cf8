/* A string-keyed hash map: entries in insertion order, and an open-addressing table of their
 * indices beside it. */
#include "map.h"

#include "mem.h"

#include <allora/plugin.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>

/* entries[i] is known to the table as i + 1; 0 is an empty slot. */
static const size_t MAX_ENTRIES = UINT32_MAX / 2;

static uint64_t mix(uint64_t h)
{
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 32;
    return h;
}

uint64_t hash_bytes(const void *p, size_t n, uint64_t seed)
{
    const unsigned char *s = p;
    uint64_t h = seed ^ (n * UINT64_C(0x9e3779b97f4a7c15));
    uint64_t word;

    for (; n >= sizeof word; n -= sizeof word, s += sizeof word) {
        memcpy(&word, s, sizeof word);
        h = (h ^ mix(word)) * UINT64_C(0x9fb21c651e98df25);
        h ^= h >> 29;
    }
    word = 0;
    if (n)
        memcpy(&word, s, n);
    return mix(h ^ mix(word));
}

/* Differs from run to run, so that nobody can prepare colliding keys. */
static uint64_t process_seed(void)
{
    const void *random = (const void *)getauxval(AT_RANDOM);
    uint64_t seed = UINT64_C(0x2545f4914f6cdd1d);

    if (random)
        memcpy(&seed, random, sizeof seed);
    return seed;
}

void map_init(struct map *m)
{
    *m = (struct map){0};
}

void map_done(struct map *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->entries[i].key);
    free(m->entries);
    free(m->slots);
    map_init(m);
}

/* The slot that holds the key, or the empty one where it would go.  The table is never full. */
static size_t find_slot(const struct map *m, const char *key)
{
    size_t mask = m->n_slots - 1;
    size_t i = (size_t)hash_bytes(key, strlen(key), process_seed()) & mask;

    while (m->slots[i] && strcmp(m->entries[m->slots[i] - 1].key, key) != 0)
        i = (i + 1) & mask;
    return i;
}

void *map_get(const struct map *m, const char *key)
{
    if (m->n == 0 || !key)
        return NULL;
    uint32_t at = m->slots[find_slot(m, key)];
    return at ? m->entries[at - 1].value : NULL;
}

static bool grow_slots(struct map *m)
{
    size_t n_slots = m->n_slots ? m->n_slots * 2 : 16;
    uint32_t *slots = mem_array(n_slots, sizeof *slots);

    if (!slots)
        return false;
    free(m->slots);
    m->slots = slots;
    m->n_slots = n_slots;
    for (size_t i = 0; i < m->n; i++)
        slots[find_slot(m, m->entries[i].key)] = (uint32_t)(i + 1);
    return true;
}

int32_t map_put(struct map *m, const char *key, void *value, void **ret_old)
{
    if (m->n_slots) {
        uint32_t at = m->slots[find_slot(m, key)];
        if (at) {
            if (ret_old)
                *ret_old = m->entries[at - 1].value;
            m->entries[at - 1].value = value;
            return ALLORA_OK;
        }
    }

    if (m->n == m->cap) {
        size_t cap = m->cap ? m->cap * 2 : 8;
        if (cap > MAX_ENTRIES)
            return ALLORA_E_NOMEM;
        struct map_entry *entries = mem_resize(m->entries, cap, sizeof *entries);
        if (!entries)
            return ALLORA_E_NOMEM;
        m->entries = entries;
        m->cap = cap;
    }
    if (m->n + 1 > m->n_slots / 4 * 3 && !grow_slots(m))
        return ALLORA_E_NOMEM;
    char *copy = mem_strdup(key);
    if (!copy)
        return ALLORA_E_NOMEM;

    m->entries[m->n] = (struct map_entry){copy, value};
    m->slots[find_slot(m, key)] = (uint32_t)++m->n;
    if (ret_old)
        *ret_old = NULL;
    return ALLORA_OK;
}
