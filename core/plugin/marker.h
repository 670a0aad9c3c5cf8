/* Loading markers: a file in the runtime folder that stands while a plugin's code is brought in. If
 * the program dies meanwhile it stays, and the next start knows which plugin it was: a death by
 * signal in the loading thread quarantines it at once, an unexplained one (kill -9, power) at the
 * second time.  A new file in its place (another size or time) starts clean.  Private to
 * core/plugin. */
#ifndef ALLORA_PLUGIN_MARKER_H
#define ALLORA_PLUGIN_MARKER_H
#include "plugin/scan.h"

enum { MARKER_PATH_MAX = 512 };
struct marker {
    int fd; /* -1: no marker could be set; loading goes on without */
    char path[MARKER_PATH_MAX];
};
/* False when the plugin is quarantined: message says why.  id must live until marker_end(), which
 * is called on the same thread. */
bool marker_begin(struct marker *m, const char *id, const char *path,
                  const struct file_stamp *stamp, char *message, size_t size);
void marker_end(struct marker *m);
/* Ends a quarantine.  False when there was none. */
bool marker_release(const char *id, const char *path, const struct file_stamp *stamp);
#endif
