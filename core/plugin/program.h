/* Which file a plugin's program is, and what environment it gets.  Private to core/plugin. */
#ifndef ALLORA_PLUGIN_PROGRAM_H
#define ALLORA_PLUGIN_PROGRAM_H
#include "plugin/manifest.h"

/* name must be one of the manifest's permissions.exec: a bare name, looked for in the absolute
 * folders of PATH, or an absolute path.  *ret lives in mem.  E_DENIED when the manifest doesn't
 * name it, or the file is set-user-id or can be changed by others; E_NOTFOUND. */
int32_t program_find(const struct manifest *m, const char *name, struct arena *mem,
                     const char **ret, allora_error *err);
/* The environment of programs: of ours, PATH (its absolute folders), HOME, USER, LOGNAME, SHELL,
 * TERM, TZ, LANG, LANGUAGE, LC_*, TMPDIR, and XDG_*; then more[], which may replace those, but
 * holds neither LD_* nor a name with = in it.  In mem, ends with NULL. */
int32_t program_environment(const allora_pair *more, uint32_t n_more, struct arena *mem,
                            const char *const **ret, allora_error *err);
#endif
