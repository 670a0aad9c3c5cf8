/* Where plugins wait while they are examined: a hidden folder beside the place they are to have, so
 * that a rename is all it takes to put them there.  Private to core/plugin. */
#ifndef ALLORA_PLUGIN_STAGE_H
#define ALLORA_PLUGIN_STAGE_H
#include "base/ctx.h"
#include "base/digest.h"
#include "plugin/unpack.h"

enum { STAGE_FILES_MAX = 64 };
struct staged {
    char base[UNPACK_BASE_MAX];       /* its file name where it came from */
    char path[4096];                  /* where it waits */
    char digest[8 + DIGEST_HEX_SIZE]; /* "sha256:…" of what waits */
    uint64_t size;
};
struct stage {
    char dir[4096]; /* "" once removed */
    struct staged *files;
    size_t n;
};

/* Copies the plugins of a source into a new folder in `folder`, which is made when it is not there:
 * a file, the .so files of a folder, or those of an archive.  E_ARG, E_NOTFOUND, E_DENIED say what
 * is wrong with the source.  stage_done() in any case. */
int32_t stage_fill(struct stage *s, const char *folder, const char *source, allora_ctx *ctx,
                   allora_error *err);
void stage_done(struct stage *s); /* removes what still waits */
#endif
