/* plugin.install: what is to be installed, examined beside all that is there.  Private to
 * core/plugin. */
#ifndef ALLORA_PLUGIN_INSTALL_H
#define ALLORA_PLUGIN_INSTALL_H
#include "base/jsonw.h"
#include "plugin/read.h"
#include "plugin/stage.h"

struct registry;
struct newcomer {
    const struct staged *file;
    const struct found *found; /* in the scan `after` */
    const struct found *old;   /* of the same id in the user's folder, in `before`; NULL: none */
    const struct found *hides; /* of the same id elsewhere, which it takes the place of; or NULL */
    bool same;                 /* the very same bytes are in place already */
    char target[4096];
};
struct install {
    struct registry *registry;
    char *folder; /* the user's */
    struct stage stage;
    struct scan before, after; /* all plugins as they are, and as they would be */
    struct newcomer *items;
    size_t n;
};

/* Every static check on what is staged, and on what it would do to the others.  The error's reason
 * is the stage of the check. */
int32_t install_check(struct install *in, allora_error *err);
void install_done(struct install *in);
/* What each one is and brings, in lines. */
void install_describe(const struct install *in, struct buf *text);
/* The same as a document's value. */
void install_document(const struct install *in, bool installed, struct jsonw *w);
#endif
