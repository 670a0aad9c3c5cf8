/* The head of an index file.  Private to index.c and index_build.c. */
#ifndef ALLORA_PLUGIN_INDEX_FORMAT_H
#define ALLORA_PLUGIN_INDEX_FORMAT_H
#include "plugin/index.h"

#define INDEX_MAGIC "alloraix"
enum { INDEX_FORMAT = 3 };
struct index_header {
    char magic[8];
    uint64_t key, checksum; /* checksum: of the head behind this header, seeded with the key */
    uint64_t size;          /* of the whole file */
    uint32_t format, head_len;
    uint32_t n_files, files; /* count and offset from the start; 8-aligned */
    uint32_t n_names[INDEX_LISTS], names[INDEX_LISTS];
    uint32_t strings_len, strings;
};
#endif
