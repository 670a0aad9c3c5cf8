#include "operation/config_file.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "operation/config_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_LIMIT = 1 << 20, WAIT_US = 10000000, RETRY_US = 10000 };

int32_t config_target(const struct config *c, const char *layer, struct config_file *ret,
                      allora_error *err)
{
    for (size_t i = 0; i < config_file_count(c); i++) {
        struct config_file f = config_file_at(c, i);
        if (!streq(config_layer_word(f.kind), layer))
            continue;
        *ret = f;
        if (f.state != CONFIG_FILE_IGNORED)
            return ALLORA_OK;
        int32_t rc = err_set(err, ALLORA_E_DENIED, "%s is not used: %s", f.shown, f.why);
        err_hint(err, "make it yours first");
        return rc;
    }
    int32_t rc =
        err_set(err, ALLORA_E_CONFIG, "there is no place for the %s's configuration", layer);
    err_hint(err, "set HOME or XDG_CONFIG_HOME, or name a file with --config");
    return rc;
}

/* The lock is the folder's own: nothing is left lying about, and it ends with the process.  Where
 * the file system has no such locks, the write is still whole, and the last one wins. */
static int32_t take_lock(struct config_change *ch, const char *dir, allora_ctx *ctx,
                         allora_error *err)
{
    int64_t until = clock_mono_us() + WAIT_US;

    ch->lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (ch->lock >= 0 && flock(ch->lock, LOCK_EX | LOCK_NB) != 0 &&
           (errno == EWOULDBLOCK || errno == EINTR)) {
        int32_t rc = ctx_sleep(ctx, RETRY_US);
        if (rc)
            return ctx_check(ctx, err);
        if (clock_mono_us() > until) {
            rc = err_set(err, ALLORA_E_TIMEOUT, "%s is being changed by another allora", dir);
            err_hint(err, "try again when it is done");
            return rc;
        }
    }
    return ALLORA_OK;
}

static int32_t read_file(struct config_change *ch, allora_error *err)
{
    struct stat st;

    ch->exists = stat(ch->file.path, &st) == 0;
    if (!ch->exists) {
        ch->mode = ch->file.kind == CONFIG_USER ? 0600 : 0644;
        return ALLORA_OK;
    }
    ch->mode = st.st_mode & 0777;
    if (st.st_uid != geteuid()) {
        int32_t rc = err_set(err, ALLORA_E_DENIED, "%s belongs to user %u", ch->file.shown,
                             (unsigned)st.st_uid);
        err_hint(err, "change it as that user");
        return rc;
    }
    if (!S_ISREG(st.st_mode))
        return err_set(err, ALLORA_E_CONFIG, "%s is not a regular file", ch->file.shown);
    return fs_read(ch->file.path, FILE_LIMIT, &ch->text, err);
}

int32_t config_change_begin(struct config_change *ch, allora_ctx *ctx, allora_error *err)
{
    A_FREE char *dir = mem_strdup(ch->file.path);

    ch->lock = -1;
    ch->text = BUF(FILE_LIMIT);
    if (!dir)
        return err_nomem(err);
    char *slash = strrchr(dir, '/');
    if (slash)
        slash[slash == dir ? 1 : 0] = '\0';
    int32_t rc =
        slash ? fs_mkdirs(dir, ch->file.kind == CONFIG_USER ? 0700 : 0755, err) : ALLORA_OK;
    if (rc == ALLORA_OK)
        rc = take_lock(ch, slash ? dir : ".", ctx, err);
    return rc ? rc : read_file(ch, err);
}

int32_t config_change_write(const struct config_change *ch, const struct buf *text,
                            allora_error *err)
{
    int32_t rc = fs_write_atomic(ch->file.path, buf_str(text), text->len, ch->mode, err);

    if (rc == ALLORA_E_CONFIG && ch->file.kind == CONFIG_SYSTEM && geteuid() != 0)
        err_hint(err, "the system's file is root's to change");
    return rc;
}

void config_change_end(struct config_change *ch)
{
    if (ch->lock >= 0)
        (void)close(ch->lock);
    ch->lock = -1;
    buf_done(&ch->text);
}
