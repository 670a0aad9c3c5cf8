/* Files and folders: XDG places, bounded reads, atomic writes, ownership. */
#ifndef ALLORA_BASE_FS_H
#define ALLORA_BASE_FS_H
#include "buf.h"
#include <allora/plugin.h>
#include <stdbool.h>
#include <sys/stat.h>

/* $XDG_CONFIG_HOME/allora and so on, falling back to ~/.config/allora …, then to the user's passwd
 * home.  NULL when there is none (no HOME at all).  Caller frees. */
char *fs_config_dir(void);
char *fs_data_dir(void);
char *fs_state_dir(void);
char *fs_cache_dir(void);
char *fs_runtime_dir(void); /* $XDG_RUNTIME_DIR/allora, else cache/run */
char *fs_join(const char *dir, const char *name) A_MUST_CHECK;

int32_t fs_mkdirs(const char *path, mode_t mode, allora_error *err);
/* Reads all; E_NOTFOUND, E_ARG when over limit or not a regular file (unless it is a pipe or
 * /proc), else E_CONFIG. */
int32_t fs_read(const char *path, size_t limit, struct buf *out, allora_error *err);
int32_t fs_read_fd(int fd, size_t limit, struct buf *out, allora_error *err);
/* Temporary file beside it, fsync, rename. */
int32_t fs_write_atomic(const char *path, const void *p, size_t n, mode_t mode, allora_error *err);
/* Writes all, over EINTR and short writes.  0 or -errno. */
int fs_write_all(int fd, const void *p, size_t n);
/* Fails with words if the file, or its folder, can be written by anyone but root and this user. */
int32_t fs_check_owner(const char *path, allora_error *err);
#endif
