/* plugin.enable, plugin.disable, plugin.pin and plugin.remove. */
#include "plugin/choice.h"

#include "base/err.h"
#include "base/fs.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "config/config.h"
#include "config/edit.h"
#include "plugin/image.h"
#include "plugin/plugin_operations.h"
#include "plugin/plugin_words.h"
#include "plugin/read.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_MAX = 4 << 20, LOCK_TRIES = 200, LOCK_WAIT_US = 50000 };

/* ---- the user's file ---- */

/* The one there is, or the one to be made. */
static int32_t user_file(const struct config *c, const char **ret, allora_error *err)
{
    for (size_t i = 0; c && i < config_file_count(c); i++) {
        const struct config_file f = config_file_at(c, i);
        if (f.kind != CONFIG_USER || !f.path)
            continue;
        *ret = f.path;
        if (f.state != CONFIG_FILE_IGNORED)
            return ALLORA_OK;
        int32_t rc = err_set(err, ALLORA_E_DENIED, "%s is not used: %s", f.shown, f.why);
        err_hint(err, "make it yours first");
        return rc;
    }
    int32_t rc = err_set(err, ALLORA_E_CONFIG, "there is no home folder, so nothing is kept");
    err_hint(err, "set HOME or XDG_CONFIG_HOME, or name a file with --config");
    return rc;
}

/* The folder itself is locked, as config.set does it.  Waits for others, but not for ever: then the
 * write is still whole, and the last one wins. */
static int lock_folder(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (int i = 0; fd >= 0 && i < LOCK_TRIES && flock(fd, LOCK_EX | LOCK_NB) != 0; i++)
        (void)usleep(LOCK_WAIT_US);
    return fd;
}

/* Under the lock of its folder, so that two who change different keys both do. */
static int32_t rewrite(const char *path, const char *key, const json_node *value, allora_error *err)
{
    A_CLEAN(buf_done) struct buf old = BUF(CONFIG_MAX);
    A_CLEAN(buf_done) struct buf new = BUF(CONFIG_MAX);
    struct stat st;
    mode_t mode = stat(path, &st) == 0 ? st.st_mode & 07777 : 0600;
    int32_t rc = fs_read(path, CONFIG_MAX, &old, err);

    if (rc && rc != ALLORA_E_NOTFOUND)
        return rc;
    rc = config_edit(path, buf_str(&old), old.len, key, value, &new, err);
    if (rc == ALLORA_E_NOTFOUND && !value)
        return ALLORA_OK;
    return rc ? rc : fs_write_atomic(path, buf_str(&new), new.len, mode, err);
}

int32_t choice_set(const struct config *c, const char *key, const json_node *value,
                   allora_error *err)
{
    const char *path = NULL;
    char place[256];
    int32_t rc = user_file(c, &path, err);

    if (rc)
        return rc;
    if (config_final(c, key, place, sizeof place)) {
        rc = err_set(err, ALLORA_E_DENIED, "%s is final: %s says so", key, place);
        err_hint(err, "who keeps that file can change it");
        return rc;
    }
    const char *slash = strrchr(path, '/');
    A_FREE char *dir = slash ? mem_strndup(path, (size_t)(slash - path)) : mem_strdup(".");
    if (!dir)
        return err_nomem(err);
    rc = fs_mkdirs(*dir ? dir : "/", 0700, err);
    if (rc)
        return rc;
    A_CLOSE A_UNUSED int lock = lock_folder(*dir ? dir : "/");
    return rewrite(path, key, value, err);
}

int32_t choice_pin(const struct config *c, const char *id, const char *digest, allora_error *err)
{
    A_CLEAN(json_freep) json_node *value = digest ? json_new_str(digest) : NULL;
    char key[160];

    if (digest && !value)
        return err_nomem(err);
    (void)snprintf(key, sizeof key, "plugins.digests.%s", id);
    return choice_set(c, key, value, err);
}

/* ---- lists of globs ---- */

/* The list in force as an array, without `without` (NULL: nothing) and with `with` (NULL: nothing)
 * at its end. */
static json_node *changed_list(const json_node *list, const char *without, const char *with)
{
    json_node *made = json_new_array();
    bool ok = made != NULL;

    if (ok && json_typeof(list) == JSON_STRING && !streq(json_str(list, ""), without))
        ok = json_push(made, json_copy(list)) == ALLORA_OK;
    if (json_typeof(list) == JSON_ARRAY) {
        json_foreach (item, list) {
            if (ok && !streq(json_str(item, ""), without))
                ok = json_push(made, json_copy(item)) == ALLORA_OK;
        }
    }
    if (ok && with)
        ok = json_push(made, json_new_str(with)) == ALLORA_OK;
    if (ok)
        return made;
    json_free(made);
    return NULL;
}

/* May the user's file decide on this key, or does something above it? */
static int32_t check_decides(const struct config *c, const char *key, allora_error *err)
{
    for (size_t i = config_layer_count(c); i-- > 0;) {
        const struct config_layer layer = config_layer_at(c, i);
        if (!config_layer_get(c, i, key))
            continue;
        if (layer.kind <= CONFIG_USER && !layer.profile)
            return ALLORA_OK;
        const char *origin = config_origin(c, key);
        int32_t rc =
            err_set(err, ALLORA_E_CONFLICT, "%s decides on %s", origin ? origin : "a flag", key);
        err_hint(err, "change it there: it stands above your own file");
        return rc;
    }
    return ALLORA_OK;
}

static int32_t write_list(const struct config *c, const char *key, const json_node *list,
                          allora_error *err)
{
    int32_t rc = check_decides(c, key, err);
    return rc ? rc : choice_set(c, key, json_count(list) ? list : NULL, err);
}

/* What still disables it: the first glob of the list that matches. */
static const char *matching(const json_node *list, const char *id)
{
    if (json_typeof(list) == JSON_STRING)
        return glob_match(json_str(list, ""), id) ? json_str(list, "") : NULL;
    json_foreach (glob, list) {
        if (glob_match(json_str(glob, ""), id))
            return json_str(glob, "");
    }
    return NULL;
}

static int32_t answer(const allora_sink *sink, const char *plugin, bool changed, const char *text,
                      allora_error *err)
{
    A_CLEAN(buf_done) struct buf doc = BUF(1 << 16);
    struct jsonw w = JSONW(&doc);

    jw_object(&w);
    jw_kstr(&w, "plugin", plugin);
    jw_kbool(&w, "changed", changed);
    jw_end_object(&w);
    if (buf_failed(&doc))
        return err_nomem(err);
    int32_t rc = sink->event(sink->self, ALLORA_EV_TEXT, str_of(text));
    if (rc == ALLORA_OK)
        rc = sink->event(sink->self, ALLORA_EV_RESULT, (allora_str){doc.ptr, doc.len});
    return rc > 0 ? ALLORA_OK : rc;
}

/* ---- the operations ---- */

static int32_t enable(const struct config *c, const char *id, bool *ret_changed, allora_error *err)
{
    const json_node *off = config_get(c, "plugins.disable"), *on = config_get(c, "plugins.enable");
    bool named = globs_match(off, id), left_out = on && !globs_match(on, id);
    int32_t rc = ALLORA_OK;

    *ret_changed = named || left_out;
    if (named) {
        A_CLEAN(json_freep) json_node *list = changed_list(off, id, NULL);
        const char *still = matching(list, id);
        if (!list)
            return err_nomem(err);
        if (still) {
            const char *origin = config_origin(c, "plugins.disable");
            rc = err_set(err, ALLORA_E_CONFLICT,
                         "plugins.disable (%s) has \"%s\", which means %s too",
                         origin ? origin : "configuration", still, id);
            err_hint(err, "change that entry: allora config edit");
            return rc;
        }
        rc = write_list(c, "plugins.disable", list, err);
    }
    if (rc == ALLORA_OK && left_out) {
        A_CLEAN(json_freep) json_node *list = changed_list(on, NULL, id);
        rc = list ? write_list(c, "plugins.enable", list, err) : err_nomem(err);
    }
    return rc;
}

static int32_t disable(const struct config *c, const char *id, bool *ret_changed, allora_error *err)
{
    const json_node *off = config_get(c, "plugins.disable");

    *ret_changed = !globs_match(off, id);
    if (!*ret_changed)
        return ALLORA_OK;
    A_CLEAN(json_freep) json_node *list = changed_list(off, NULL, id);
    return list ? write_list(c, "plugins.disable", list, err) : err_nomem(err);
}

/* An id, or a glob; a file's path stands for its plugin. */
static int32_t wanted_id(struct registry *r, const json_node *args, char *ret, size_t size,
                         allora_error *err)
{
    const char *text = json_get_str(args, "plugin", "");
    const struct plugin *p = NULL;

    if (!strpbrk(text, "*?")) {
        p = plugin_lookup(r, text);
        if (!p || !*p->id)
            return plugin_unknown(r, text, err);
    }
    if (snprintf(ret, size, "%s", p ? p->id : text) >= (int)size)
        return err_set(err, ALLORA_E_ARG, "plugin: too long");
    return ALLORA_OK;
}

int32_t plugin_op_enable(void *self, allora_ctx *ctx, const json_node *args,
                         const allora_sink *sink, allora_error *err)
{
    struct registry *r = self;
    char id[256], text[320];
    bool changed = false;
    int32_t rc = wanted_id(r, args, id, sizeof id, err);

    (void)ctx;
    if (rc == ALLORA_OK)
        rc = enable(registry_config(r), id, &changed, err);
    if (rc)
        return rc;
    (void)snprintf(text, sizeof text, changed ? "%s is used from now on\n" : "%s is not disabled\n",
                   id);
    return answer(sink, id, changed, text, err);
}

int32_t plugin_op_disable(void *self, allora_ctx *ctx, const json_node *args,
                          const allora_sink *sink, allora_error *err)
{
    struct registry *r = self;
    char id[256], text[320];
    bool changed = false;
    int32_t rc = wanted_id(r, args, id, sizeof id, err);

    (void)ctx;
    if (rc == ALLORA_OK && glob_match(id, "plugin")) {
        rc = err_set(err, ALLORA_E_ARG,
                     "without plugin \"plugin\" there is no allora plugin enable");
        err_hint(err,
                 "if it is what you want: put it into plugins.disable with allora config edit");
    }
    if (rc == ALLORA_OK)
        rc = disable(registry_config(r), id, &changed, err);
    if (rc)
        return rc;
    (void)snprintf(text, sizeof text,
                   changed ? "%s is not used from now on\n" : "%s is disabled already\n", id);
    return answer(sink, id, changed, text, err);
}

int32_t plugin_op_pin(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                      allora_error *err)
{
    struct registry *r = self;
    const char *name = json_get_str(args, "plugin", "");
    const struct plugin *p = plugin_lookup(r, name);
    bool forget = json_get_bool(args, "remove", false);
    char digest[8 + DIGEST_HEX_SIZE], text[4608];

    (void)ctx;
    if (!p || !*p->id)
        return plugin_unknown(r, name, err);
    if (!*p->path)
        return err_set(err, ALLORA_E_ARG, "%s is allora itself", p->id);
    int32_t rc = forget ? ALLORA_OK : image_digest(p->path, digest, err);
    if (rc == ALLORA_OK)
        rc = choice_pin(registry_config(r), p->id, forget ? NULL : digest, err);
    if (rc)
        return rc;
    if (forget)
        (void)snprintf(text, sizeof text, "%s may be any file from now on\n", p->id);
    else
        (void)snprintf(text, sizeof text, "%s is %s from now on, as %.4096s has it\n", p->id,
                       digest, p->path);
    return answer(sink, p->id, true, text, err);
}

/* Whose it is, for those who may not remove it. */
static int32_t not_ours(const struct plugin *p, allora_error *err)
{
    struct stat st;
    struct passwd entry, *found = NULL;
    char space[1024], who[64] = "somebody else";
    bool there = stat(p->path, &st) == 0;

    if (there && getpwuid_r(st.st_uid, &entry, space, sizeof space, &found) == 0 && found)
        (void)snprintf(who, sizeof who, "%s", found->pw_name);
    else if (there)
        (void)snprintf(who, sizeof who, "user %u", (unsigned)st.st_uid);
    int32_t rc =
        err_set(err, ALLORA_E_DENIED, "%s is not in your own plugin folder: %s keeps it (%s)",
                p->id, who, p->path);
    err_hint(err, "allora plugin disable %s does without it", p->id);
    return rc;
}

int32_t plugin_op_remove(void *self, allora_ctx *ctx, const json_node *args,
                         const allora_sink *sink, allora_error *err)
{
    struct registry *r = self;
    const char *name = json_get_str(args, "plugin", "");
    const struct plugin *p = plugin_lookup(r, name), *next = NULL;
    A_CLEAN(buf_done) struct buf text = BUF(1 << 16);

    (void)ctx;
    for (size_t i = 0; i < registry_count(r); i++) { /* its file there, whatever hides it */
        const struct plugin *q = registry_at(r, i);
        if (streq(q->id, name) && streq(q->folder_kind, "user"))
            p = q;
    }
    if (!p)
        return plugin_unknown(r, name, err);
    if (!streq(p->folder_kind, "user"))
        return not_ours(p, err);
    if (unlink(p->path) != 0)
        return err_set(err, ALLORA_E_CONFIG, "cannot remove %s: %s", p->path, strerror(errno));
    buf_addf(&text, "removed %s\n", p->path);
    int32_t rc = *p->id ? choice_pin(registry_config(r), p->id, NULL, err) : ALLORA_OK;
    for (size_t i = 0; i < registry_count(r) && *p->id; i++) {
        const struct plugin *q = registry_at(r, i);
        if (q != p && streq(q->id, p->id) && !next)
            next = q;
    }
    if (next)
        buf_addf(&text, "%s %s takes its place\n", next->path, next->version);
    if (rc == ALLORA_OK && buf_failed(&text))
        rc = err_nomem(err);
    return rc ? rc : answer(sink, p->id, true, buf_str(&text), err);
}
