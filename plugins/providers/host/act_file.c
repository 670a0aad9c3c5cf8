/* Emptying a log file in place, which is what a full disk needs when a program still writes to it.
 * Only files that providers.host.truncate_logs allows, reached without a symlink, with one name,
 * and the same file that the plan saw: a log that was rotated meanwhile is another one. */
#include "act.h"
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *const usual[] = {"/var/log/*.log", "/var/log/*/*.log", "/var/log/syslog",
                                    "/var/log/messages"};

static bool matches(const char *glob, const char *path)
{
    return fnmatch(glob, path, FNM_PATHNAME | FNM_PERIOD) == 0;
}

/* The configured list, or the usual places. */
static int32_t check_allowed(const struct act *a, const char *path)
{
    const allora_config_v1 *config = sdk_of(a->self)->config;
    allora_value list = sdk_null();
    const sdk_json *globs = NULL;
    bool allowed = false;
    int32_t status =
        config ? config->get(a->ctx, "truncate_logs", &list, a->err) : (int32_t)ALLORA_OK;
    if (!status && list.type == ALLORA_V_JSON)
        status = sdk_parse(a->self, a->ctx, sdk_str_n(list.u.p, list.len), &globs, a->err);
    if (status)
        return status;
    sdk_foreach (glob, globs)
        allowed = allowed || matches(glob->text.ptr, path);
    for (size_t i = 0; !globs && i < sizeof usual / sizeof *usual; i++)
        allowed = allowed || matches(usual[i], path);
    if (allowed)
        return ALLORA_OK;
    (void)sdk_fail(a->err, ALLORA_E_DENIED, "%s is not among the files that may be emptied", path);
    sdk_hint(a->err, "providers.host.truncate_logs lists them: allora config explain "
                     "providers.host.truncate_logs");
    return ALLORA_E_DENIED;
}

/* Absolute and in its shortest form, so that the globs see what is opened. */
static int32_t check_path(const struct act *a, const char *path)
{
    if (path[0] == '/' && path[1] && !strstr(path, "//") && !strstr(path, "/./") &&
        !strstr(path, "/../") && path[strlen(path) - 1] != '/' && path[strlen(path) - 1] != '.')
        return check_allowed(a, path);
    return sdk_fail(a->err, ALLORA_E_ARG,
                    "%s is no absolute path in its shortest form (no //, /./ or /../)", path);
}

static int32_t open_log(const struct act *a, const char *path, int *ret, struct stat *st)
{
    const struct open_how how = {.flags = O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                                 .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
    if (fd < 0 && errno == ENOENT)
        return sdk_fail(a->err, ALLORA_E_NOTFOUND, "there is no file %s", path);
    if (fd < 0 && errno == ELOOP)
        return sdk_fail(a->err, ALLORA_E_DENIED, "the way to %s leads over a symbolic link", path);
    if (fd < 0 && (errno == EACCES || errno == EPERM || errno == EROFS)) {
        int why = errno;
        (void)sdk_fail(a->err, ALLORA_E_DENIED, "cannot write to %s: %s", path, strerror(why));
        sdk_hint(a->err, "run allora as the file's owner, or as root");
        return ALLORA_E_DENIED;
    }
    if (fd < 0)
        return sdk_fail(a->err, ALLORA_E_INTERNAL, "cannot open %s: %s", path, strerror(errno));
    int32_t status = ALLORA_OK;
    if (fstat(fd, st) != 0)
        status = sdk_fail(a->err, ALLORA_E_INTERNAL, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(st->st_mode))
        status = sdk_fail(a->err, ALLORA_E_ARG, "%s is no regular file", path);
    else if (st->st_nlink != 1)
        status = sdk_fail(a->err, ALLORA_E_DENIED,
                          "%s has %lu names: emptying it would empty the others", path,
                          (unsigned long)st->st_nlink);
    if (status)
        (void)close(fd);
    else
        *ret = fd;
    return status;
}

int32_t plan_truncate(struct act *a, allora_plan *plan)
{
    const char *path = sdk_get_str(a->in, "path", "");
    struct stat st;
    int fd = -1;
    int32_t status = check_path(a, path);
    if (!status)
        status = open_log(a, path, &fd, &st);
    if (status)
        return status;
    (void)close(fd);
    const struct change c = {.verb = "empty",
                             .type = "file",
                             .id = path,
                             .name = strrchr(path, '/') + 1,
                             .fact = "size",
                             .number_before = st.st_size,
                             .number_after = 0};
    plan->effect = ALLORA_EFFECT_DESTRUCTIVE;
    status = act_step(a, st.st_size == 0 ? NULL : &c, plan);
    sdk_writer w = sdk_writer_begin(a->self, a->ctx);
    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, "path", path);
    sdk_w_int(&w, "device", (int64_t)st.st_dev);
    sdk_w_int(&w, "inode", (int64_t)st.st_ino);
    sdk_w_int(&w, "size", st.st_size);
    sdk_w_close(&w, '}');
    return status ? status : act_done(a, sdk_w_done(&w), &plan->document);
}

int32_t apply_truncate(struct act *a, const allora_sink *sink)
{
    const char *path = sdk_get_str(a->in, "path", "");
    struct stat st;
    int fd = -1;
    int32_t status = check_path(a, path);
    if (!status)
        status = open_log(a, path, &fd, &st);
    if (status == ALLORA_E_NOTFOUND)
        return sdk_fail(a->err, ALLORA_E_STALE_PLAN, "%s is gone", path);
    if (status)
        return status;
    /* A log grows, that is no drift; one that shrank was emptied or rewritten by somebody else. */
    if ((int64_t)st.st_dev != sdk_get_int(a->in, "device", -1) ||
        (int64_t)st.st_ino != sdk_get_int(a->in, "inode", -1))
        status = sdk_fail(a->err, ALLORA_E_STALE_PLAN, "%s is another file now (rotated?)", path);
    else if (st.st_size < sdk_get_int(a->in, "size", 0))
        status = sdk_fail(a->err, ALLORA_E_STALE_PLAN, "%s has shrunk to %lld bytes", path,
                          (long long)st.st_size);
    else if (ftruncate(fd, 0) != 0)
        status = sdk_fail(a->err, ALLORA_E_INTERNAL, "cannot empty %s: %s", path, strerror(errno));
    (void)close(fd);
    if (status)
        return status;
    sdk_writer w = sdk_writer_begin(a->self, a->ctx);
    sdk_w_open(&w, NULL, '{');
    sdk_w_text(&w, "path", path);
    sdk_w_int(&w, "freed", st.st_size);
    sdk_w_close(&w, '}');
    return act_result(a, sink, &w);
}
