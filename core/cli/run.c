/* A command of a plugin: its arguments become the operation's JSON, the operation's events become
 * what is printed, its status the exit code.  Faces get the same arguments as pairs. */
#include "base/clock.h"
#include "base/ctx.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "base/rowset.h"
#include "base/str.h"
#include "cli/approve.h"
#include "cli/args.h"
#include "cli/console_tty.h"
#include "cli/progress.h"
#include "cli/render.h"
#include "cli/watch.h"
#include "plugin/registry.h"
#include <pwd.h>
#include <stdio.h>

enum { ARGUMENTS_MAX = 64 << 20 };

struct run {
    struct cli *c;
    const struct command *cmd;
    struct args *a;
    struct term term;
    const char *operation; /* what is called; NULL: nothing but a face */
    struct buf json;       /* its arguments */
    json_node *doc;        /* the same, parsed */
    bool face;
    const struct dispatch *dispatch;
    allora_ctx *root;
    struct render *render;
    struct approve approve;
    char principal[96];
    struct principal who;
};

/* ---- arguments ---- */

static int32_t parse_rest(struct run *r, int i, allora_error *err)
{
    struct cli *c = r->c;
    int32_t rc = args_command(r->a, r->cmd->decl, err);
    while (!rc && i < c->argc) {
        rc = args_token(r->a, c->argc, c->argv, &i, err);
        if (rc == 1)
            rc = args_word(r->a, c->argv[i++], err);
    }
    return rc < 0 ? rc : args_globals(r->a, &c->flags, err);
}

static const struct operation_decl *operation_of(struct run *r)
{
    const char *name = r->operation;
    struct registry *registry;
    allora_error ignored = ERR_INIT;
    if (!name || cli_registry(r->c, &registry, NULL))
        return NULL;
    const struct registry_name *found = registry_name_find(registry, REGISTRY_OPERATIONS, name);
    const struct manifest *m = found ? registry_manifest(registry, found->plugin, &ignored) : NULL;
    return m ? manifest_operation(m, name) : NULL;
}

/* Only the core's own operations may say that they work with a broken configuration: what it would
 * have forbidden is not known. */
static bool repairs(struct run *r)
{
    const char *name = r->operation;
    struct registry *registry;
    if (!name || r->face || cli_registry(r->c, &registry, NULL))
        return false;
    const struct registry_name *found = registry_name_find(registry, REGISTRY_OPERATIONS, name);
    const struct operation_decl *op = found ? operation_of(r) : NULL;
    return op && streq(found->plugin->folder_kind, "core") &&
           json_get_bool(op->arguments, "x-repair", false);
}

/* --offline and --refresh mean something to the operations that declare such an argument. */
static void add_flag(struct run *r, const struct operation_decl *op, const char *name, bool on)
{
    if (!on || !op || !json_get(json_get(op->arguments, "properties"), name))
        return;
    r->json.len--; /* the closing brace */
    buf_addf(&r->json, "%s\"%s\":true}", r->json.len > 1 ? "," : "", name);
}

static int32_t arguments(struct run *r, allora_error *err)
{
    const struct command_decl *d = r->cmd->decl;
    int32_t rc = args_complete(r->a, r->term.in_tty, err);
    if (rc)
        return rc;
    r->face = d->face == FACE_ALWAYS ||
              (d->face == FACE_NO_INPUT && r->term.in_tty && args_missing(r->a));
    rc = args_json(r->a, r->face, &r->json, err);
    if (rc)
        return rc;
    rc = json_parse(buf_str(&r->json), r->json.len, &r->doc, err);
    if (!rc && r->face && r->c->flags.yes) { /* a face that asks is told that it need not */
        json_node *yes = json_new_bool(true);
        rc = yes && !json_set(r->doc, "yes", yes) ? ALLORA_OK : err_nomem(err);
    }
    r->operation = d->call ? json_get_str(r->doc, d->call, NULL) : d->operation;
    const struct operation_decl *op = operation_of(r);
    if (!rc && d->call && r->operation)
        rc = args_call_json(r->a, op ? op->arguments : NULL, &r->json, err);
    add_flag(r, op, "offline", r->c->flags.offline);
    add_flag(r, op, "refresh", r->c->flags.refresh);
    if (!rc && d->each)
        rc = args_each_json(d, r->doc, &r->operation, &r->json, err);
    return rc ? rc : buf_failed(&r->json) ? err_nomem(err) : ALLORA_OK;
}

/* ---- the call ---- */

/* What becomes a plan is planned, and shown; of the rest nothing more is known than the call. */
static bool shows_plan(struct run *r, const struct operation_decl *op)
{
    const struct registry_name *found =
        registry_name_find(r->c->registry, REGISTRY_OPERATIONS, op->name);
    bool core = found && streq(found->plugin->folder_kind, "core");
    return op->effect == ALLORA_EFFECT_WRITE || op->effect == ALLORA_EFFECT_DESTRUCTIVE ||
           (!core && op->effect > ALLORA_EFFECT_DESTRUCTIVE);
}

static int32_t dry_run(struct run *r, bool *ret_done)
{
    const struct operation_decl *op = operation_of(r);
    A_CLEAN(buf_done) struct buf b = BUF(ARGUMENTS_MAX + 1024);
    *ret_done = r->c->flags.dry_run && !r->face && op && op->effect != ALLORA_EFFECT_READ &&
                !shows_plan(r, op);
    if (!*ret_done)
        return 0;
    buf_addf(&b, "dry run: would call %s %s\n", op->name, buf_str(&r->json));
    return cli_print(r->c, buf_str(&b), b.len, false);
}

static int32_t call_named(struct run *r, const char *operation, allora_str args,
                          const allora_sink *sink, allora_error *err)
{
    return r->dispatch->call(r->dispatch->self, r->root, operation, args, sink, err);
}

/* The first operation's document becomes the second's arguments; both are the person's calls. */
static int32_t call_both(struct run *r, const allora_sink *sink, allora_error *err)
{
    struct rowset first;
    rowset_init(&first, 1, ARGUMENTS_MAX);
    allora_sink keep = rowset_sink(&first);
    int32_t rc =
        call_named(r, r->operation, (allora_str){buf_str(&r->json), r->json.len}, &keep, err);
    for (const struct rowset_event *e = first.events; e; e = e->next)
        if (e->kind == ALLORA_EV_WARNING)
            (void)sink->event(sink->self, e->kind, e->payload);
    allora_str document = rowset_event(&first, ALLORA_EV_RESULT);
    if (rc >= 0 && !document.len)
        rc = err_set(err, ALLORA_E_INTERNAL, "%s sent no document for %s", r->operation,
                     r->cmd->decl->then);
    if (rc >= 0)
        rc = call_named(r, r->cmd->decl->then, document, sink, err);
    rowset_done(&first);
    return rc;
}

static int32_t call_operation(struct run *r, const allora_sink *sink, allora_error *err)
{
    if (!r->operation)
        return err_set(err, ALLORA_E_ABI, "plugin %s: command \"%s\" names no operation",
                       r->cmd->plugin->id, r->cmd->name);
    if (r->cmd->decl->then)
        return call_both(r, sink, err);
    return call_named(r, r->operation, (allora_str){buf_str(&r->json), r->json.len}, sink, err);
}

static int32_t call_face(struct run *r, const allora_sink *sink, int32_t *ret_code,
                         allora_error *err)
{
    const void *found;
    allora_instance *self;
    allora_invocation invocation = {.size = sizeof(invocation), .command = r->cmd->name};
    struct registry *registry;
    int32_t rc = cli_registry(r->c, &registry, err);
    if (!rc)
        rc = registry_interface(registry, r->cmd->plugin, r->root, ALLORA_FACE_ID, &found, &self,
                                err);
    if (!rc)
        rc = args_pairs(r->a, r->doc, &invocation.args, &invocation.n_args, err);
    if (rc)
        return rc;
    const allora_face_v1 *face = found;
    A_CLEAN(ctx_closep) allora_ctx *ctx = ctx_open(r->root, r->cmd->plugin, 0, 0);
    if (!ctx)
        return err_nomem(err);
    return face->run(self, ctx, &invocation, sink, ret_code, err);
}

/* The command that shows a receipt, in the plugin whose command this is: "why". */
static const char *explain_command(struct run *r)
{
    struct registry *registry;
    allora_error ignored = ERR_INIT;
    if (!streq(r->cmd->decl->render, "answer") || cli_registry(r->c, &registry, NULL))
        return NULL;
    const struct manifest *m = registry_manifest(registry, r->cmd->plugin, &ignored);
    for (uint32_t i = 0; m && i < m->n_commands; i++) {
        if (streq(m->commands[i].operation, "receipt.show") && m->commands[i].n_path == 1)
            return m->commands[i].path[0];
    }
    return NULL;
}

/* Whom the process runs as, not what $LOGNAME says: the journal names them. */
static void set_principal(struct run *r)
{
    struct passwd entry, *found = NULL;
    char text[4096];
    if (getpwuid_r(getuid(), &entry, text, sizeof(text), &found) == 0 && found)
        (void)snprintf(r->principal, sizeof(r->principal), "local:%.80s", found->pw_name);
    else
        (void)snprintf(r->principal, sizeof(r->principal), "local:%u", (unsigned)getuid());
    r->who = (struct principal){r->principal, true, false};
}

/* Each thing that is wrong with the configuration, the first of which *err is; programs get that
 * one. */
static int fail_prepared(struct run *r, const allora_error *err)
{
    struct cli *c = r->c;
    bool json = c->flags.output == OUTPUT_JSON || c->flags.output == OUTPUT_NDJSON;
    allora_error each = ERR_INIT;
    if (json || !c->services->problem || !c->services->problem(c->services->self, 0, &each) ||
        !streq(each.message, err->message))
        return cli_fail(c, err, NULL);
    for (size_t i = 0; c->services->problem(c->services->self, i, &each); i++)
        (void)cli_fail(c, &each, NULL);
    return status_exit_code(err->code);
}

static int32_t prepare(struct run *r, struct render_options *o, allora_error *err)
{
    struct cli *c = r->c;
    const struct console *console;
    set_principal(r);
    watch_prepare();
    c->flags.repair = repairs(r);
    int32_t rc = c->services->dispatch(c->services->self, &c->flags, &r->dispatch, err);
    if (rc)
        return rc;
    r->root = ctx_root(&r->who, c->flags.timeout_us ? clock_mono_us() + c->flags.timeout_us : 0);
    const struct command_decl *d = r->cmd->decl;
    *o = (struct render_options){.format = c->flags.output,
                                 .kind = d->render,
                                 .columns = d->columns,
                                 .n_columns = d->n_columns,
                                 .empty = d->empty,
                                 .sql = json_get_str(r->doc, "sql", NULL),
                                 .explain = explain_command(r),
                                 .registry = c->registry,
                                 .quiet = c->flags.quiet,
                                 .may_page = !c->flags.no_pager && !r->face,
                                 .term = &r->term};
    r->render = r->root ? render_new(o) : NULL;
    if (!r->render)
        return err_nomem(err);
    const struct console_options co = {&r->term, r->dispatch, o};
    rc = console_new(&co, &console, err);
    if (rc)
        return rc;
    approve_init(&r->approve, &c->flags, &r->term);
    r->root->approver = &r->approve.approver;
    r->root->console = console;
    r->root->progress = &cli_progress;
    return watch_start(r->root, err);
}

static int execute(struct run *r)
{
    struct render_options o;
    allora_error err = ERR_INIT;
    int32_t code = -1, rc = prepare(r, &o, &err);
    if (rc) {
        rc = fail_prepared(r, &err);
    } else {
        allora_sink sink = render_sink(r->render);
        if (r->term.err_tty && !r->c->flags.quiet && !r->face)
            progress_start(r->term.err_color, r->term.columns);
        rc = r->face ? call_face(r, &sink, &code, &err) : call_operation(r, &sink, &err);
        rc = rc == ALLORA_STOP ? ALLORA_OK : rc;
        if (r->face && console_taken())
            render_owe_nothing(r->render);
        rc = render_finish(r->render, rc, &err);
        rc = rc == ALLORA_OK && code >= 0 ? code : status_exit_code(rc);
    }
    watch_stop();
    console_free();
    render_free(r->render);
    ctx_close(r->root);
    return rc;
}

int command_run(struct cli *c, const struct command *cmd, struct args *a, int i)
{
    struct run r = {.c = c, .cmd = cmd, .a = a, .json = BUF(ARGUMENTS_MAX)};
    allora_error err = ERR_INIT;
    A_CLEAN(buf_done) struct buf usage = BUF(4096);
    const char *name = cmd->name;
    args_usage(&usage, name, cmd->decl);
    int32_t rc = parse_rest(&r, i, &err);
    if (rc)
        return cli_fail(c, &err, buf_str(&usage));
    if (c->flags.help)
        return help_run(c, &name, 1, false);
    cli_settings(c);
    term_init(&r.term, &c->flags);
    log_set_level(c->flags.verbose >= 2 ? ALLORA_LOG_DEBUG
                  : c->flags.verbose    ? ALLORA_LOG_INFO
                                        : ALLORA_LOG_WARN);
    rc = arguments(&r, &err);
    bool dry = false;
    int code =
        rc ? cli_fail(c, &err, rc == ALLORA_E_ARG ? buf_str(&usage) : NULL) : dry_run(&r, &dry);
    if (!rc && !dry)
        code = execute(&r);
    json_free(r.doc);
    buf_done(&r.json);
    return code;
}
