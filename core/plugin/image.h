/* A plugin's file as it is checked and loaded.  Where a digest is asked for, that is a sealed copy
 * in memory, which nobody can change between the check and the load; else the file itself.  Private
 * to core/plugin. */
#ifndef ALLORA_PLUGIN_IMAGE_H
#define ALLORA_PLUGIN_IMAGE_H
#include "base/digest.h"
#include "plugin/elf.h"
#include "plugin/load.h"

enum { IMAGE_MAX = 256 << 20 };
struct image {
    char path[4096]; /* what dlopen() is given */
    struct elf_view view;
    int sealed_fd; /* -1: the file itself */
};
/* Checks who can change the file, that it is still the one that was indexed, and its digest: stages
 * read and trust.  After success, image_done() in any case. */
int32_t image_open(const struct entry *e, struct image *ret, struct load_error *f);
/* Once loaded the sealed copy stays open for the process's life: its path is then the name by
 * which debuggers and sanitizers know the code. */
void image_done(struct image *image, bool loaded);

/* What the configuration says of a plugin's digest.  *ret_expected: 64 hexadecimal digits out of
 * plugins.digests, or NULL; *ret_origin: where that stands.  True when one is asked for: it is
 * recorded, or plugins.require_digest names the plugin. */
bool image_digest_wanted(const struct config *config, const struct plugin *p,
                         const char **ret_expected, const char **ret_origin);
/* Of the file as it is now, with "sha256:" before it. */
int32_t image_digest(const char *path, char ret[8 + DIGEST_HEX_SIZE], allora_error *err);
#endif
