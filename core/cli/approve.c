/* --approve HASH answers for the plan with that hash, whatever it does; --yes for reversible
 * changes that the command itself asks for; all else needs a person at a terminal.  What an agent
 * or a plugin's own code wants is only ever answered there.  The plan is shown on standard error,
 * so that standard output keeps to what came of it. */
#include "cli/approve.h"
#include "base/buf.h"
#include "base/console.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/fs.h"
#include "base/str.h"
#include "cli/plan_view.h"
#include "cli/progress.h"
#include <ctype.h>
#include <unistd.h>

enum { HASH_DIGITS_MIN = 12, HASH_DIGITS = 64 };

static void say(const struct buf *b)
{
    progress_pause();
    (void)fs_write_all(STDERR_FILENO, buf_str(b), b->len); /* gone: then nobody reads it */
    progress_resume();
}

static bool is_hash(const char *s)
{
    size_t n = strspn(s, "0123456789abcdefABCDEF");
    return s[n] == '\0' && n >= HASH_DIGITS_MIN && n <= HASH_DIGITS;
}

static bool same_hash(const char *given, const char *hash)
{
    for (; *given; given++, hash++)
        if (tolower((unsigned char)*given) != *hash)
            return false;
    return true;
}

static int32_t by_hash(const struct approve *a, const struct approval_question *q,
                       enum approval *ret, allora_error *err)
{
    const char *given = a->flags->approve;
    if (!is_hash(given)) {
        int32_t status = err_set(err, ALLORA_E_ARG, "--approve: \"%.80s\" is no hash", given);
        err_hint(err, "give the plan's hash, or at least its first %d digits", HASH_DIGITS_MIN);
        return status;
    }
    if (q->plan_hash[0] && same_hash(given, q->plan_hash)) {
        *ret = APPROVAL_YES;
        return ALLORA_OK;
    }
    int32_t status =
        err_set(err, ALLORA_E_APPROVAL, "plan %s is not the one that was approved: its hash is %s",
                q->plan_id, q->plan_hash);
    err_hint(err, "something changed since, or the command is another: allora plan show %s",
             q->plan_id);
    return status;
}

static int32_t put_question(const struct approve *a, allora_ctx *ctx, const json_node *plan,
                            const struct approval_question *q, enum approval *ret,
                            allora_error *err)
{
    const char *prompt = q->plan_id[0] ? "Apply this plan? [y]es / [n]o / [s]how details: "
                                       : "Go on? [y]es / [n]o / [s]how details: ";
    for (;;) {
        allora_str line = {NULL, 0};
        A_CLEAN(buf_done) struct buf b = BUF(PLAN_VIEW_MAX);
        progress_pause();
        int32_t status = ctx->console->read_line(ctx->console->self, ctx, str_of(prompt), NULL,
                                                 NULL, &line, err);
        progress_resume();
        if (status == ALLORA_STOP) { /* end of input: nobody answers any more */
            *ret = APPROVAL_NONE;
            return ALLORA_OK;
        }
        if (status)
            return status;
        char c = line.len ? (char)tolower((unsigned char)line.ptr[0]) : '\0';
        if (c == 'y' || c == 'n') {
            *ret = c == 'y' ? APPROVAL_YES : APPROVAL_NO;
            return ALLORA_OK;
        }
        if (c == 's')
            plan_view_details(&b, plan);
        else
            buf_adds(&b, "Please answer y, n or s.\n");
        say(&b);
        (void)a;
    }
}

static void show(const struct approve *a, const json_node *plan, const struct approval_question *q)
{
    A_CLEAN(buf_done) struct buf b = BUF(PLAN_VIEW_MAX);
    if (q->from_agent)
        buf_adds(&b, "An agent asks for this.\n");
    else if (q->from_plugin)
        buf_adds(&b, "A plugin asks for this by itself.\n");
    plan_view_what(&b, plan, a->term->err_color);
    buf_addc(&b, '\n');
    say(&b);
}

static int32_t ask(void *self, allora_ctx *ctx, const struct approval_question *q,
                   enum approval *ret, const char **ret_how, allora_error *err)
{
    const struct approve *a = self;
    A_CLEAN(json_freep) json_node *plan = NULL;
    bool direct = !q->from_agent && !q->from_plugin;
    *ret = APPROVAL_NONE;
    *ret_how = "";
    if (direct && a->flags->approve) {
        *ret_how = "--approve";
        return by_hash(a, q, ret, err);
    }
    if (direct && a->flags->yes && q->effect == ALLORA_EFFECT_WRITE) {
        *ret = APPROVAL_YES;
        *ret_how = "--yes";
        return ALLORA_OK;
    }
    if (!a->term->in_tty || !a->term->err_tty || !ctx->console)
        return ALLORA_OK;
    int32_t status = json_parse(q->plan_json.ptr, q->plan_json.len, &plan, err);
    if (status)
        return status;
    show(a, plan, q);
    *ret_how = "console";
    return put_question(a, ctx, plan, q, ret, err);
}

void approve_init(struct approve *a, const struct cli_flags *flags, const struct term *term)
{
    *a = (struct approve){.approver = {a, ask, flags->dry_run}, .flags = flags, .term = term};
}
