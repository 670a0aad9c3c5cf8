/* config.edit: a person's own editor on a copy, which takes the file's place once it is in order.
 */
#include "base/console.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/jsonw.h"
#include "base/mem.h"
#include "base/str.h"
#include "operation/builtin.h"
#include "operation/config_file.h"
#include "operation/config_keys.h"
#include "operation/config_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILE_LIMIT = 1 << 20, ARGS_MAX = 32, POLL_US = 20000 };

static const char template[] = "# allora's configuration: allora config list shows every key,\n"
                               "# allora config explain KEY what it means and where it is set.\n";

struct session {
    const struct builtin_parts *parts;
    allora_ctx *ctx;
    const allora_sink *sink;
    json_node *full;
    struct config_file file;
    struct buf before, after;
    char *dir, *copy; /* the copy, in a folder of its own */
    bool keep;        /* what was written is not lost */
};

static int32_t say(const struct session *s, const char *words, bool changed)
{
    A_CLEAN(buf_done) struct buf text = BUF(16384);
    A_CLEAN(buf_done) struct buf json = BUF(16384);
    struct jsonw w = JSONW(&json);

    buf_addf(&text, "%s %s\n", s->file.shown, words);
    jw_object(&w);
    jw_kstr(&w, "file", s->file.path);
    jw_kbool(&w, "changed", changed);
    jw_end_object(&w);
    if (buf_failed(&text) || buf_failed(&json))
        return ALLORA_E_NOMEM;
    int32_t rc = s->sink->event(s->sink->self, ALLORA_EV_TEXT, (allora_str){text.ptr, text.len});
    return rc ? rc
              : s->sink->event(s->sink->self, ALLORA_EV_RESULT, (allora_str){json.ptr, json.len});
}

/* Said at once and in every format, as an error is. */
static int32_t say_fault(const struct session *s, const struct config_problems *p, size_t i)
{
    A_CLEAN(buf_done) struct buf json = BUF(16384);
    struct jsonw w = JSONW(&json);
    allora_error fault = ERR_INIT;

    (void)config_problem_error(p, i, &fault);
    jw_object(&w);
    jw_kstr(&w, "severity", "error");
    jw_kstr(&w, "code", status_name(fault.code));
    jw_kstr(&w, "message", fault.message);
    jw_kstr(&w, "hint", fault.hint);
    jw_end_object(&w);
    return buf_failed(&json)
               ? ALLORA_E_NOMEM
               : s->sink->event(s->sink->self, ALLORA_EV_WARNING, (allora_str){json.ptr, json.len});
}

/* ---- the editor ---- */

/* $VISUAL and $EDITOR may have arguments ("code --wait"), set apart by blanks. */
static int32_t run_editor(const struct session *s, allora_error *err)
{
    const char *visual = getenv("VISUAL"), *editor = getenv("EDITOR");
    const char *chosen = visual && *visual ? visual : editor && *editor ? editor : "vi";
    A_FREE char *words = mem_strdup(chosen);
    char *argv[ARGS_MAX + 2], *at = words, *word;
    size_t n = 0;
    pid_t pid;

    while (at && n < ARGS_MAX && (word = strsep(&at, " \t"))) {
        if (*word)
            argv[n++] = word;
    }
    if (n == 0)
        return words ? err_set(err, ALLORA_E_ARG, "$VISUAL and $EDITOR name no program")
                     : err_nomem(err);
    argv[n] = s->copy;
    argv[n + 1] = NULL;
    int number = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
    if (number) {
        char text[128];
        int32_t rc = err_set(err, ALLORA_E_NOTFOUND, "cannot start the editor %s: %s", argv[0],
                             strerror_r(number, text, sizeof text));
        err_hint(err, "set VISUAL or EDITOR to the one you use");
        return rc;
    }
    int status = 0;
    pid_t done;
    while ((done = waitpid(pid, &status, WNOHANG)) == 0 || (done < 0 && errno == EINTR)) {
        if (ctx_sleep(s->ctx, POLL_US) != 0) {
            (void)kill(pid, SIGTERM);
            (void)waitpid(pid, &status, 0);
            return ctx_check(s->ctx, err);
        }
    }
    if (done == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return ALLORA_OK;
    return err_set(err, ALLORA_E_CANCELLED,
                   "the editor %s ended with a failure: nothing is changed", argv[0]);
}

/* ---- the copy ---- */

static int32_t make_copy(struct session *s, allora_error *err)
{
    const char *tmp = secure_getenv("TMPDIR");
    const char *name = strrchr(s->file.path, '/');
    const struct buf *text = &s->before;
    bool fresh = text->len == 0;

    s->dir = mem_printf("%s/allora-edit-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
    if (!s->dir)
        return err_nomem(err);
    if (!mkdtemp(s->dir)) {
        s->dir[0] = '\0';
        return err_set(err, ALLORA_E_CONFIG, "cannot make a folder for the copy");
    }
    s->copy = fs_join(s->dir, name && name[1] ? name + 1 : "config.yaml");
    if (!s->copy)
        return err_nomem(err);
    return fs_write_atomic(s->copy, fresh ? template : buf_str(text),
                           fresh ? sizeof template - 1 : text->len, 0600, err);
}

/* True when what stands in the copy may be used; else the faults have been told. */
static bool copy_good(struct session *s, int32_t *ret_rc)
{
    struct config_problems p = {.n = 0};

    config_check_file(s->parts->config, s->full, s->file.kind, s->copy, s->file.shown, &p);
    for (size_t i = 0; *ret_rc == ALLORA_OK && i < p.n; i++)
        *ret_rc = say_fault(s, &p, i);
    if (p.oom && *ret_rc == ALLORA_OK)
        *ret_rc = ALLORA_E_NOMEM;
    bool good = p.n == 0 && *ret_rc == ALLORA_OK;
    config_problems_done(&p);
    return good;
}

/* Again?  Enter means yes; n, and the end of input, no. */
static bool again(const struct session *s)
{
    allora_str line = {0};
    allora_error ignored = ERR_INIT;
    int32_t rc =
        s->ctx->console->read_line(s->ctx->console->self, s->ctx, str_of("edit it again? [Y/n] "),
                                   NULL, NULL, &line, &ignored);
    return rc == ALLORA_OK && (line.len == 0 || *line.ptr == 'y' || *line.ptr == 'Y');
}

static int32_t edit_until_good(struct session *s, allora_error *err)
{
    for (;;) {
        int32_t rc = run_editor(s, err);
        if (rc)
            return rc;
        buf_reset(&s->after);
        rc = fs_read(s->copy, FILE_LIMIT, &s->after, err);
        if (rc)
            return rc;
        if (copy_good(s, &rc) || rc)
            return rc == ALLORA_E_NOMEM ? err_nomem(err) : rc;
        s->keep = true;
        if (!again(s)) {
            rc = err_set(err, ALLORA_E_CONFIG, "%s is left as it was: the new text has faults",
                         s->file.shown);
            err_hint(err, "it is kept in %s", s->copy);
            return rc;
        }
        s->keep = false;
    }
}

static bool same(const struct buf *a, const struct buf *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->ptr, b->ptr, a->len) == 0);
}

static int32_t put_back(struct session *s, allora_error *err)
{
    struct config_change ch = {.file = s->file, .lock = -1};
    int32_t rc = config_change_begin(&ch, s->ctx, err);

    if (rc == ALLORA_OK && !same(&ch.text, &s->before)) {
        rc = err_set(err, ALLORA_E_CONFIG, "%s was changed by somebody else meanwhile",
                     s->file.shown);
        err_hint(err, "your text is kept in %s", s->copy);
    }
    if (rc == ALLORA_OK)
        rc = config_change_write(&ch, &s->after, err);
    s->keep = rc != ALLORA_OK;
    config_change_end(&ch);
    return rc ? rc : say(s, "is changed", true);
}

static int32_t edit(struct session *s, const char *layer, allora_error *err)
{
    int32_t rc = config_target(s->parts->config, layer, &s->file, err);
    if (rc == ALLORA_OK)
        rc = config_full_schema(s->parts->registry, &s->full, err);
    if (rc)
        return rc;
    struct config_change ch = {.file = s->file, .lock = -1};
    rc = config_change_begin(&ch, s->ctx, err);
    buf_add(&s->before, buf_str(&ch.text), ch.text.len);
    config_change_end(&ch); /* not held while somebody thinks */
    if (rc == ALLORA_OK)
        rc = buf_failed(&s->before) ? err_nomem(err) : make_copy(s, err);
    if (rc == ALLORA_OK)
        rc = edit_until_good(s, err);
    if (rc)
        return rc;
    bool fresh = s->before.len == 0 && s->after.len == sizeof template - 1 &&
                 memcmp(s->after.ptr, template, s->after.len) == 0;
    if (fresh || same(&s->before, &s->after))
        return say(s, "is left as it was", false);
    return put_back(s, err);
}

static int32_t check_surroundings(const allora_ctx *ctx, allora_error *err)
{
    allora_console_info info = {.size = sizeof info};
    const uint32_t both = ALLORA_TTY_IN | ALLORA_TTY_OUT;
    int32_t rc;

    if (!ctx_is_person(ctx)) {
        rc = err_set(err, ALLORA_E_DENIED, "only a person can edit the configuration as a whole");
        err_hint(err, "config.set changes one key");
        return rc;
    }
    if (ctx->console && ctx->console->info(ctx->console->self, &info) == ALLORA_OK &&
        (info.flags & both) == both)
        return ALLORA_OK;
    rc = err_set(err, ALLORA_E_UNSUPPORTED, "there is no terminal to edit at");
    err_hint(err,
             "allora config set KEY VALUE changes one key; allora config path says which file");
    return rc;
}

int32_t config_op_edit(void *self, allora_ctx *ctx, const json_node *args, const allora_sink *sink,
                       allora_error *err)
{
    struct session s = {.parts = self,
                        .ctx = ctx,
                        .sink = sink,
                        .before = BUF(FILE_LIMIT),
                        .after = BUF(FILE_LIMIT)};
    int32_t rc = check_surroundings(ctx, err);

    if (rc == ALLORA_OK)
        rc = edit(&s, json_get_str(args, "layer", "user"), err);
    if (!s.keep && s.copy)
        (void)unlink(s.copy);
    if (!s.keep && s.dir && *s.dir)
        (void)rmdir(s.dir);
    free(s.copy);
    free(s.dir);
    buf_done(&s.before);
    buf_done(&s.after);
    json_free(s.full);
    return rc;
}
