/* What the two checking tools share: a file's bytes, and memory for the SDK's parser that lives
 * until exit. */
#ifndef SDK_TOOL_H
#define SDK_TOOL_H
#include "sdk_internal.h"

/* The file's content, NUL-terminated; NULL after a message when it can't be read.  At most 64 MiB.
 */
char *tool_read(const char *path, size_t *ret_len);
extern const allora_host tool_host; /* only alloc works; ctx is ignored */
void tool_free_all(void);
#endif
