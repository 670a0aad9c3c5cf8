/* The index as a file in $XDG_CACHE_HOME/allora.  Without such a folder everything works, only
 * slower.  Private to core/plugin. */
#ifndef ALLORA_PLUGIN_INDEX_STORE_H
#define ALLORA_PLUGIN_INDEX_STORE_H
#include "plugin/index.h"

char *index_path(uint64_t key); /* caller frees; NULL when there is no cache folder */
/* Maps the file if it is ours alone and holds a valid index with this key. */
bool index_map(const char *path, uint64_t key, void **ret_map, size_t *ret_len,
               struct index_view *ret);
void index_unmap(void **map, size_t *len);
/* Failure costs time, not correctness: it is logged at debug level. */
void index_save(const char *path, const struct buf *bytes);
#endif
