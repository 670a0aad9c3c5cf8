/* The index file. */
#include "plugin/index_store.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { KEPT_MAX = 24 }; /* index files: one for each search path in use lately */

char *index_path(uint64_t key)
{
    A_FREE char *dir = fs_cache_dir();
    return dir ? mem_printf("%s/index-%016llx.bin", dir, (unsigned long long)key) : NULL;
}

bool index_map(const char *path, uint64_t key, void **ret_map, size_t *ret_len,
               struct index_view *ret)
{
    struct stat st;
    A_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

    if (fd < 0 || fstat(fd, &st) != 0)
        return false;
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)) ||
        st.st_size <= 0 || st.st_size > INDEX_MAX)
        return false;
    size_t len = (size_t)st.st_size;
    void *map = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
        return false;
    if (!index_view(map, len, key, ret)) {
        (void)munmap(map, len);
        return false;
    }
    *ret_map = map;
    *ret_len = len;
    return true;
}

void index_unmap(void **map, size_t *len)
{
    if (*map)
        (void)munmap(*map, *len);
    *map = NULL;
    *len = 0;
}

struct aged {
    struct timespec used;
    char name[64];
};

static int oldest_first(const void *a, const void *b)
{
    const struct aged *x = a, *y = b;
    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    return x->used.tv_nsec < y->used.tv_nsec ? -1 : x->used.tv_nsec > y->used.tv_nsec;
}

/* Every search path ever used leaves an index: the ones written longest ago go. */
static void prune(const char *dir_path)
{
    struct aged files[256];
    size_t n = 0;
    struct dirent *entry;
    DIR *dir = opendir(dir_path);

    if (!dir)
        return;
    while (n < sizeof files / sizeof files[0] && (entry = readdir(dir)) != NULL) {
        struct stat st;
        size_t len = strlen(entry->d_name);
        if (!str_starts(entry->d_name, "index-") || !str_ends(entry->d_name, ".bin") ||
            len >= sizeof files[n].name || fstatat(dirfd(dir), entry->d_name, &st, 0) != 0)
            continue;
        memcpy(files[n].name, entry->d_name, len + 1);
        files[n++].used = st.st_mtim;
    }
    if (n > KEPT_MAX) {
        qsort(files, n, sizeof files[0], oldest_first);
        for (size_t i = 0; i < n - KEPT_MAX; i++)
            (void)unlinkat(dirfd(dir), files[i].name, 0);
    }
    (void)closedir(dir);
}

void index_save(const char *path, const struct buf *bytes)
{
    allora_error e = ERR_INIT;
    const char *slash = strrchr(path, '/');
    A_FREE char *dir = mem_strndup(path, slash ? (size_t)(slash - path) : 0);
    int32_t rc = dir ? fs_mkdirs(dir, 0700, &e) : ALLORA_E_NOMEM;

    if (rc == ALLORA_OK)
        rc = fs_write_atomic(path, bytes->ptr, bytes->len, 0600, &e);
    if (rc == ALLORA_OK)
        prune(dir);
    else
        log_msg(ALLORA_LOG_DEBUG, "plugin", "the plugin index is not kept: %s", e.message);
}
