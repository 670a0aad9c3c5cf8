// A provider to start from: one table, the entries of a folder.  Describe your tables in
// plugin.json, and fetch your rows here.
#include <allora/sdk.h>
#include <filesystem>
#include <new>
#include <string>
#include <sys/stat.h>
#include <system_error>

namespace fs = std::filesystem;
namespace
{

const char *kind_of(mode_t mode)
{
    return S_ISREG(mode) ? "file" : S_ISDIR(mode) ? "folder" : S_ISLNK(mode) ? "link" : "other";
}

int64_t microseconds(const timespec &t)
{
    return int64_t{t.tv_sec} * 1000000 + t.tv_nsec / 1000;
}

int32_t no_folder(allora_error *err, const char *folder, const std::error_code &why)
{
    const bool missing = why == std::errc::no_such_file_or_directory;
    (void)sdk_fail(err, missing ? ALLORA_E_NOTFOUND : ALLORA_E_CONFIG, "%s: %s", folder,
                   why.message().c_str());
    sdk_hint(err, "set providers.@ident@.folder to a folder that can be read");
    return err->code;
}

int32_t list_entries(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                     const allora_sink *sink, allora_error *err)
{
    const char *folder = nullptr;
    if (int32_t st = sdk_config_str(self, ctx, "folder", "/", &folder, err))
        return st;
    std::error_code why;
    fs::directory_iterator entries(folder, why);
    if (why)
        return no_folder(err, folder, why);
    sdk_rows out = SDK_ROWS(self, ctx, req, sink);
    for (const auto end = fs::directory_iterator(); entries != end; entries.increment(why)) {
        if (why)
            return no_folder(err, folder, why);
        const std::string name = entries->path().filename().string();
        struct stat s;
        if (lstat(entries->path().c_str(), &s) != 0)
            continue; // gone meanwhile
        // one cell for each column of plugin.json, in its order
        if (sdk_row(&out,
                    sdk_flag(sdk_cell_str(sdk_str_n(name.data(), name.size())), ALLORA_VF_OUTSIDE),
                    sdk_cell_text(kind_of(s.st_mode)), sdk_cell_int(s.st_size),
                    sdk_cell_time(microseconds(s.st_mtim))))
            break; // the reader has enough
    }
    return out.status;
}

// No exception may leave a plugin.
int32_t list_files(allora_instance *self, allora_ctx *ctx, const allora_list_request *req,
                   const allora_sink *sink, allora_error *err)
try {
    return list_entries(self, ctx, req, sink, err);
} catch (const std::bad_alloc &) {
    return ALLORA_E_NOMEM;
} catch (const std::exception &e) {
    return sdk_fail(err, ALLORA_E_INTERNAL, "%s", e.what());
}

} // namespace

ALLORA_PROVIDER_PLUGIN(sample, {"sample_file", list_files});
