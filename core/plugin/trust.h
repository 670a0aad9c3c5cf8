/* Who could change a plugin's file: its owner and mode, and those of every folder on the way to it.
 * Private to core/plugin. */
#ifndef ALLORA_PLUGIN_TRUST_H
#define ALLORA_PLUGIN_TRUST_H
#include <stdbool.h>
#include <stddef.h>

#define TRUST_HINT                                                                                 \
    "give the file and its folders to root or yourself, and take write permission from everybody " \
    "else (chmod go-w)"

/* Could anybody but root and this user make the absolute `path` mean something else?  Looks at the
 * file and at every folder and link on the way, as the kernel follows them.  Folders above the
 * program itself (executable: its path, or NULL) are taken as given: who can change those needs no
 * plugin.  True: the words are in why.  A path that leads nowhere is untrusted. */
bool path_untrusted(const char *path, const char *executable, char *why, size_t size);
#endif
