/* The flat index: everything a start needs to know of all plugins, in one block of bytes that is
 * mapped and used in place.
 *
 * It is a cache ($XDG_CACHE_HOME/allora/index-KEY.bin), written by this machine for itself, so
 * numbers are native.  But it is a file, so it is trusted as little as any: index_view() checks the
 * head's checksum and every offset before anything is used.  The head (records, name lists,
 * strings) is all a start reads; the manifests' texts lie behind it, each with a checksum of its
 * own, verified when it is used.  Private to core/plugin. */
#ifndef ALLORA_PLUGIN_INDEX_H
#define ALLORA_PLUGIN_INDEX_H
#include "base/buf.h"
#include "plugin/scan.h"

enum {
    INDEX_LISTS = 6,
    INDEX_ABSENT = 5 /* the list of names whose plugin is not usable, sorted like the others */
};
enum { INDEX_MAX = 256 << 20, INDEX_MISSING_MAX = 64 };
enum { /* index_file.flags */
       INDEX_SHADOWED = 1u,
       INDEX_DISABLED = 2u,
       INDEX_CORE = 4u,
       INDEX_MISSING = 8u /* seen earlier, gone now */
};
/* Strings are offsets into the string pool; 0 is the empty string. */
struct index_file {
    struct file_stamp stamp;
    uint64_t manifest, manifest_len,
        manifest_hash; /* offset from the start; 0: none (or the core's) */
    uint32_t path, kind, id, version, summary, kinds;
    uint32_t stage, message, hint, shadowed_by, provider, reserved;
    int32_t code;
    uint32_t flags;
};
struct index_name {
    uint32_t name, summary, group, example, file /* index of the record */,
        kind /* enum name_kind */;
};
struct index_view {
    const unsigned char *base;
    size_t size;
    const struct index_file *files;
    uint32_t n_files;
    const struct index_name *names[INDEX_LISTS];
    uint32_t n_names[INDEX_LISTS];
    const char *strings;
    uint32_t strings_len;
};

/* Which index fits: folders, configuration and the program itself, as one number. */
uint64_t index_key(const struct scan *s, const struct registry_options *o);
/* Checks bytes and makes a view of them; they must be 8-aligned and stay.  False when anything is
 * wrong with them. */
bool index_view(const void *bytes, size_t size, uint64_t key, struct index_view *ret);
/* Does it describe exactly the files found? */
bool index_matches(const struct index_view *v, const struct scan *s);
static inline const char *index_str(const struct index_view *v, uint32_t at)
{
    return v->strings + at; /* every offset was checked by index_view() */
}
/* A manifest's text; NULL when its bytes are not what was written. */
const char *index_manifest(const struct index_view *v, const struct index_file *f, size_t *ret_len);
/* Writes the bytes of an index of the files found, read and resolved.  old (may be NULL): the last
 * index, for what is missing now. */
int32_t index_build(const struct scan *s, uint64_t key, const struct index_view *old,
                    struct buf *out, allora_error *err);
#endif
