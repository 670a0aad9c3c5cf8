/* A provider to start from: one table, the entries of a folder.  Describe your tables in
 * plugin.json, and fetch your rows here. */
#include <allora/sdk.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static const char *kind_of(mode_t mode)
{
    return S_ISREG(mode) ? "file" : S_ISDIR(mode) ? "folder" : S_ISLNK(mode) ? "link" : "other";
}

static int32_t list_files(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                          const allora_sink *sink, allora_error *err)
{
    const char *folder;
    int32_t st = sdk_config_str(self, ctx, "folder", "/", &folder, err);
    if (st)
        return st;
    DIR *dir = opendir(folder);
    if (!dir) {
        (void)sdk_fail(err, errno == ENOENT ? ALLORA_E_NOTFOUND : ALLORA_E_CONFIG, "%s: %s", folder,
                       strerror(errno));
        sdk_hint(err, "set providers.@ident@.folder to a folder that can be read");
        return err->code;
    }
    sdk_rows out = SDK_ROWS(self, ctx, req, sink);
    for (struct dirent *e; !st && (e = readdir(dir)) != NULL;) {
        struct stat s;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (fstatat(dirfd(dir), e->d_name, &s, AT_SYMLINK_NOFOLLOW))
            continue; /* gone meanwhile */
        /* one cell for each column of plugin.json, in its order */
        st = sdk_row(&out, sdk_flag(sdk_cell_text(e->d_name), ALLORA_VF_OUTSIDE),
                     sdk_cell_text(kind_of(s.st_mode)), sdk_cell_int(s.st_size),
                     sdk_cell_time((int64_t)s.st_mtim.tv_sec * 1000000 + s.st_mtim.tv_nsec / 1000));
    }
    closedir(dir);
    return out.status;
}

ALLORA_PROVIDER_PLUGIN(sample, {"sample_file", list_files});
