/* Looks, and changes nothing: a folder that is not there yet is fine as long as it could be made.
 */
#include "operation/check.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/value.h"
#include "operation/builtin.h"
#include "store/store.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COLUMN(name_)                                                                              \
    &(const allora_column)                                                                         \
    {                                                                                              \
        .size = sizeof(allora_column), .type = ALLORA_V_TEXT, .name = name_                        \
    }
static const allora_column *const columns[] = {COLUMN("check"), COLUMN("status"), COLUMN("detail"),
                                               COLUMN("hint")};

static int32_t say(const allora_sink *sink, const char *check, const char *status,
                   const char *detail, const char *hint)
{
    const allora_value cells[] = {val_text(check), val_text(status), val_text(detail),
                                  val_text(hint)};
    return sink->row(sink->self, cells, 4);
}

/* Could a file be made in dir, be it by making dir first?  0 or the errno that stands in the way.
 */
static int usable(const char *dir, bool *ret_missing)
{
    A_FREE char *path = mem_strdup(dir);
    if (!path)
        return ENOMEM;
    *ret_missing = false;
    for (;;) {
        struct stat st;
        if (stat(path, &st) == 0)
            return !S_ISDIR(st.st_mode) ? ENOTDIR : access(path, W_OK | X_OK) ? errno : 0;
        if (errno != ENOENT)
            return errno;
        *ret_missing = true;
        char *slash = strrchr(path, '/');
        if (!slash)
            return ENOENT;
        slash[slash == path] = '\0';
    }
}

static int32_t check_folder(const allora_sink *sink, const char *check, char *(*place)(void),
                            const char *without)
{
    A_FREE char *dir = place();
    if (!dir)
        return say(sink, check, "warning", "there is no home folder to put it in",
                   "set HOME, or the XDG_*_HOME variables");
    bool missing = false;
    int problem = usable(dir, &missing);
    if (!problem && missing)
        return say(sink, check, "ok", dir, "it will be made when needed");
    if (!problem)
        return say(sink, check, "ok", dir, NULL);
    A_CLEAN(buf_done) struct buf detail = BUF(8192);
    buf_addf(&detail, "%s: %s; %s", dir, strerror(problem), without);
    return say(sink, check, "warning", buf_str(&detail), "make it yours and writable");
}

static int32_t check_store(const allora_sink *sink, struct store *store)
{
    const char *path = store_path(store);
    struct stat st;
    if (!path)
        return say(sink, "store", "warning", "no place for it: sessions are not kept", NULL);
    if (stat(path, &st) != 0 && errno == ENOENT)
        return say(sink, "store", "ok", "nothing was kept yet", NULL);
    struct arena mem;
    arena_init(&mem, 0);
    struct store_item item;
    allora_error problem = ERR_INIT;
    int32_t status = store_get(store, &mem, "meta", "", &item, &problem);
    arena_done(&mem);
    if (status == ALLORA_OK || status == ALLORA_E_NOTFOUND)
        return say(sink, "store", "ok", path, NULL);
    return say(sink, "store", "failed", problem.message, problem.hint);
}

static int32_t check_plugins(const allora_sink *sink, const struct registry *r)
{
    size_t good = 0, bad = 0;
    for (size_t i = 0; i < registry_count(r); i++) {
        const struct plugin *p = registry_at(r, i);
        if (p->shadowed || p->disabled)
            continue;
        good += p->failure.stage == NULL;
        bad += p->failure.stage != NULL;
    }
    A_CLEAN(buf_done) struct buf detail = BUF(256);
    buf_addf(&detail, "%zu in use", good);
    if (bad)
        buf_addf(&detail, ", %zu cannot be used", bad);
    return say(sink, "plugins", bad ? "warning" : "ok", buf_str(&detail),
               bad ? "allora plugin doctor" : NULL);
}

int32_t check_op(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                 allora_error *err)
{
    (void)ctx, (void)args, (void)err;
    const struct builtin_parts *parts = self;
    int32_t status = sink->begin(sink->self, columns, 4);
    if (!status)
        status = check_folder(sink, "config folder", fs_config_dir, "settings cannot be saved");
    if (!status)
        status = check_folder(sink, "state folder", fs_state_dir, "sessions are not kept");
    if (!status)
        status = check_folder(sink, "cache folder", fs_cache_dir, "every start reads all plugins");
    if (!status && parts->store)
        status = check_store(sink, parts->store);
    if (!status && parts->registry)
        status = check_plugins(sink, parts->registry);
    return status < 0 ? status : ALLORA_OK;
}
