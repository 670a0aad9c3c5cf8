#include "plugin/install.h"

#include "base/approver.h"
#include "base/console.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/str.h"
#include "plugin/choice.h"
#include "plugin/plugin_operations.h"
#include "plugin/registry_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20, DOCUMENT_MAX = 8 << 20 };

static int32_t say(const allora_sink *sink, const char *text, size_t n)
{
    int32_t rc = n ? sink->event(sink->self, ALLORA_EV_TEXT, (allora_str){text, n}) : ALLORA_OK;
    return rc > 0 ? ALLORA_OK : rc;
}

/* A terminal where a question can be asked? */
static bool can_ask(const allora_ctx *ctx, const struct install *in)
{
    allora_console_info info = {.size = (uint32_t)sizeof info};
    bool any_new = false;

    for (size_t i = 0; i < in->n; i++)
        any_new = any_new || !in->items[i].same;
    return any_new && ctx->console && ctx->console->info(ctx->console->self, &info) == ALLORA_OK &&
           (info.flags & ALLORA_TTY_IN) && (info.flags & (ALLORA_TTY_OUT | ALLORA_TTY_ERR));
}

/* Through the console's own sink, since what goes to the operation's may wait for its end. */
static int32_t ask(allora_ctx *ctx, const struct install *in, const struct buf *text, bool *ret_yes,
                   allora_error *err)
{
    const struct console *console = ctx->console;
    allora_sink screen;
    allora_str line = {0};
    char prompt[160];

    if (in->n == 1)
        (void)snprintf(prompt, sizeof prompt, "%s %.100s? [y/N] ",
                       in->items[0].old ? "Replace" : "Install", in->items[0].found->id);
    else
        (void)snprintf(prompt, sizeof prompt, "Install these %zu plugins? [y/N] ", in->n);
    int32_t rc = console->sink(console->self, ctx, "text", &screen, err);
    if (rc == ALLORA_OK)
        rc = say(&screen, text->ptr, text->len);
    if (rc == ALLORA_OK)
        rc = console->read_line(console->self, ctx, str_of(prompt), NULL, NULL, &line, err);
    if (rc < 0)
        return rc;
    *ret_yes = rc == ALLORA_OK && (str_eq(line, "y") || str_eq(line, "Y") || str_eq(line, "yes"));
    return ALLORA_OK;
}

/* Nothing takes another version's place unless somebody said so. */
static int32_t check_replacing(const struct install *in, bool agreed, allora_error *err)
{
    for (size_t i = 0; i < in->n && !agreed; i++) {
        const struct newcomer *item = &in->items[i];
        if (!item->old || item->same)
            continue;
        int32_t rc = err_set(err, ALLORA_E_CONFLICT, "%s %s is installed, this is %s",
                             item->found->id, item->old->version, item->found->version);
        err_hint(err, "--force replaces it");
        return rc;
    }
    return ALLORA_OK;
}

static int32_t place_one(struct install *in, const struct newcomer *item, allora_error *err)
{
    if (rename(item->file->path, item->target) != 0)
        return err_set(err, ALLORA_E_CONFIG, "cannot put %s in place: %s", item->target,
                       strerror(errno));
    /* The same plugin under another file name would now be there twice. */
    if (item->old && !streq(item->old->path, item->target) && unlink(item->old->path) != 0)
        return err_set(err, ALLORA_E_CONFIG,
                       "%s is installed, but %s, which it replaces, cannot "
                       "be removed: %s",
                       item->target, item->old->path, strerror(errno));
    A_CLOSE int fd = open(in->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)fsync(fd);
    return ALLORA_OK;
}

/* The digest comes first: where this is cut short, a file that is not the recorded one is refused,
 * and an unrecorded one never stands where a digest is asked for. */
static int32_t place(struct install *in, allora_error *err)
{
    for (size_t i = 0; i < in->n; i++) {
        const struct newcomer *item = &in->items[i];
        int32_t rc = choice_pin(in->registry->config, item->found->id, item->file->digest, err);
        if (rc == ALLORA_OK)
            rc = place_one(in, item, err);
        if (rc) {
            if (i > 0)
                err_prefix(err, "%zu of %zu plugins were installed; ", i, in->n);
            return rc;
        }
    }
    return ALLORA_OK;
}

static int32_t finish(const struct install *in, const char *outcome, bool installed,
                      const allora_sink *sink, allora_error *err)
{
    A_CLEAN(buf_done) struct buf text = BUF(TEXT_MAX);
    A_CLEAN(buf_done) struct buf doc = BUF(DOCUMENT_MAX);
    struct jsonw w = JSONW(&doc);

    for (size_t i = 0; i < in->n && installed; i++)
        buf_addf(&text, "installed %s\n", in->items[i].target);
    buf_adds(&text, outcome);
    install_document(in, installed, &w);
    if (buf_failed(&text) || buf_failed(&doc))
        return err_nomem(err);
    int32_t rc = say(sink, text.ptr, text.len);
    if (rc == ALLORA_OK)
        rc = sink->event(sink->self, ALLORA_EV_RESULT, (allora_str){doc.ptr, doc.len});
    return rc > 0 ? ALLORA_OK : rc;
}

static int32_t run(struct install *in, allora_ctx *ctx, const json_node *args,
                   const allora_sink *sink, allora_error *err)
{
    bool force = json_get_bool(args, "force", false), asked = false, yes = true;
    bool dry = ctx->approver && ctx->approver->dry_run;
    A_CLEAN(buf_done) struct buf text = BUF(TEXT_MAX);
    int32_t rc = stage_fill(&in->stage, in->folder, json_get_str(args, "source", ""), ctx, err);

    if (rc == ALLORA_OK)
        rc = install_check(in, err);
    if (rc)
        return rc;
    install_describe(in, &text);
    if (buf_failed(&text))
        return err_nomem(err);
    asked = !dry && can_ask(ctx, in);
    rc = asked ? ask(ctx, in, &text, &yes, err) : say(sink, text.ptr, text.len);
    if (rc == ALLORA_OK && dry)
        return finish(in, "nothing was installed: this was a dry run\n", false, sink, err);
    if (rc)
        return rc;
    if (!yes)
        return finish(in, "nothing was installed\n", false, sink, err);
    rc = check_replacing(in, asked || force, err);
    if (rc == ALLORA_OK)
        rc = place(in, err);
    return rc ? rc : finish(in, "", true, sink, err);
}

int32_t plugin_op_install(void *self, allora_ctx *ctx, const json_node *args,
                          const allora_sink *sink, allora_error *err)
{
    A_CLEAN(install_done) struct install in = {.registry = self};
    A_FREE char *data = fs_data_dir();

    in.folder = data ? fs_join(data, "plugins") : NULL;
    if (!in.folder) {
        int32_t rc = err_set(err, ALLORA_E_CONFIG, "there is no home folder to install into");
        err_hint(err, "set HOME or XDG_DATA_HOME, or name the plugin's folder with --plugin-path");
        return rc;
    }
    return run(&in, ctx, args, sink, err);
}
