/* Finding plugin files: the search path, its folders in order, the files in them in name order.
 * Nothing is opened but folders. Private to core/plugin. */
#ifndef ALLORA_PLUGIN_SCAN_H
#define ALLORA_PLUGIN_SCAN_H
#include "base/arena.h"
#include "plugin/registry.h"
#include <sys/stat.h>

struct file_stamp { /* the same stamp: the same file, unchanged */
    uint64_t dev, ino, size;
    int64_t mtime_ns;
    uint32_t mode, uid, gid, reserved;
};
struct scan_folder {
    const char *path, *kind; /* kind: plugin.folder_kind */
    struct file_stamp stamp; /* all zero when it does not exist */
};
struct found { /* one plugin file, on its way into the index */
    const char *path, *kind;
    uint32_t folder; /* files in the same folder compete, those in later ones are shadowed */
    struct file_stamp stamp;
    /* What reading it brought (read.c) and what became of it among the others (resolve.c). */
    const char *text; /* the manifest; NULL when there is none */
    size_t text_len;
    struct manifest *manifest; /* NULL when it could not be parsed */
    const char *id, *version, *summary, *kinds;
    bool core, shadowed, disabled;
    const char *shadowed_by;
    struct plugin_failure failure;
};
struct scan {
    const char *executable;                   /* as in the options; [borrowed] */
    bool (*table_reserved)(const char *name); /* as in the options */
    struct arena mem;                         /* owns all strings */
    struct scan_folder *folders;
    size_t n_folders;
    struct found *files;
    size_t n_files, cap_files;
};

/* E_NOTFOUND when a folder named by --plugin-path does not exist.  The scan is to be scan_done() in
 * any case. */
int32_t scan_open(struct scan *s, const struct registry_options *o, allora_error *err);
/* One more file in that folder, among its own and before those of later folders. */
int32_t scan_insert(struct scan *s, const char *path, uint32_t folder, allora_error *err);
void scan_remove(struct scan *s, size_t i);
void scan_done(struct scan *s); /* and the manifests in it */
void stamp_of(const struct stat *st, struct file_stamp *ret);
/* Could somebody whom this user need not trust have written it?  Words in *ret, in the scan's
 * memory; false when all is well. */
bool scan_untrusted(struct scan *s, const struct found *f, const char **ret_message);
#endif
