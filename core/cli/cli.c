/* From argv to a command that runs: global flags and command words first, then the command's own
 * grammar takes over. */
#include "cli/cli.h"

#include "base/build.h"
#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/out.h"
#include "cli/report.h"
#include "cli/term.h"
#include "plugin/registry.h"
#include <signal.h>
#include <stdio.h>

int32_t cli_registry(struct cli *c, struct registry **ret, allora_error *err)
{
    if (!c->registry) {
        int32_t rc = c->services->registry(c->services->self, &c->flags, &c->registry, err);
        if (rc)
            return rc;
    }
    *ret = c->registry;
    return ALLORA_OK;
}

void cli_settings(struct cli *c)
{
    static const char *const formats[] = {"table", "json", "ndjson", "yaml", "csv", "markdown"};
    if (!c->services->setting)
        return;
    const char *format = c->services->setting(c->services->self, "output.format");
    const char *color = c->services->setting(c->services->self, "output.color");

    for (unsigned i = 0; !c->flags.output_given && i < sizeof formats / sizeof *formats; i++) {
        if (streq(format, formats[i]))
            c->flags.output = (enum output_format)i;
    }
    if (streq(color, "never"))
        c->flags.no_color = true;
}

/* Reads what the global flags say as soon as they are known, so that errors come in the right shape
 * and --plugin-path decides which commands there are. */
struct scan {
    struct args args;
    int i; /* next token */
    char path[256];
    bool is_command, is_family;
};

/* Global flags that follow the command words decide too where plugins are found: look ahead for
 * those, and for -o. */
static void peek_globals(struct cli *c)
{
    for (int i = 1; i < c->argc && !streq(c->argv[i], "--"); i++) {
        const char *t = c->argv[i], *value = NULL;
        if (str_starts(t, "--plugin-path="))
            c->flags.plugin_path = t + strlen("--plugin-path=");
        else if (streq(t, "--plugin-path") && i + 1 < c->argc)
            c->flags.plugin_path = c->argv[++i];
        else if (str_starts(t, "--config="))
            c->flags.config = t + strlen("--config=");
        else if (streq(t, "--config") && i + 1 < c->argc)
            c->flags.config = c->argv[++i];
        else if (str_starts(t, "--profile="))
            c->flags.profile = t + strlen("--profile=");
        else if (streq(t, "--profile") && i + 1 < c->argc)
            c->flags.profile = c->argv[++i];
        else if (str_starts(t, "--output="))
            value = t + strlen("--output=");
        else if (str_starts(t, "-o") && t[2])
            value = t[2] == '=' ? t + 3 : t + 2;
        else if ((streq(t, "-o") || streq(t, "--output")) && i + 1 < c->argc)
            value = c->argv[++i];
        else if (streq(t, "--no-color"))
            c->flags.no_color = true;
        if (value && streq(value, "json"))
            c->flags.output = OUTPUT_JSON;
        else if (value && streq(value, "ndjson"))
            c->flags.output = OUTPUT_NDJSON;
    }
}

int cli_fail(struct cli *c, const allora_error *err, const char *usage)
{
    struct term term;
    term_init(&term, &c->flags);
    struct report r = {.json = c->flags.output == OUTPUT_JSON || c->flags.output == OUTPUT_NDJSON,
                       .color = term.err_color,
                       .quiet = c->flags.quiet};
    report_error(&r, err, NULL, NULL);
    if (usage && *usage)
        report_line(&r, usage);
    return status_exit_code(err->code);
}

/* Extends the command path by one word if some command has it there. */
static bool extend_path(struct cli *c, struct scan *s, const char *word)
{
    char longer[sizeof(s->path)];
    if (!*word || strchr(word, ' '))
        return false;
    int n = snprintf(longer, sizeof(longer), "%s%s%s", s->path, *s->path ? " " : "", word);
    if (n < 0 || (size_t)n >= sizeof(longer))
        return false;
    struct registry *registry;
    bool command = builtin_find(longer) != NULL;
    bool family = false;
    if (!command && !builtin_find(s->path) && !cli_registry(c, &registry, NULL)) {
        command = registry_name_find(registry, REGISTRY_COMMANDS, longer) != NULL;
        family = command_is_family(c, longer);
    }
    if (!command && !family)
        return false;
    (void)snprintf(s->path, sizeof(s->path), "%s", longer);
    s->is_command = command;
    s->is_family = family;
    return true;
}

/* The words that name the command, with global flags anywhere between them. */
static int32_t scan_path(struct cli *c, struct scan *s, allora_error *err)
{
    s->i = 1;
    while (s->i < c->argc) {
        int32_t rc = args_token(&s->args, c->argc, c->argv, &s->i, err);
        if (rc == 1) {
            if (s->args.flags_ended || !extend_path(c, s, c->argv[s->i]))
                return ALLORA_OK;
            s->i++;
        } else if (rc < 0) {
            /* An unknown flag behind a whole command is that command's business. */
            if (s->is_command)
                err_reset(err);
            return s->is_command ? ALLORA_OK : rc;
        }
    }
    return ALLORA_OK;
}

static int32_t unknown_word(struct cli *c, const struct scan *s, allora_error *err)
{
    struct registry *registry;
    A_CLEAN(buf_done) struct buf name = BUF(1024);
    int32_t rc = cli_registry(c, &registry, err);
    if (rc)
        return rc;
    const char *word = c->argv[s->i];
    buf_addf(&name, "%s%s%.200s", s->path, *s->path ? " " : "", word);
    return command_unknown(c, buf_str(&name), err);
}

static int run_builtin(struct cli *c, const char *path, int first)
{
    struct args a;
    allora_error err = ERR_INIT;
    A_CLEAN(buf_done) struct buf usage = BUF(1024);
    const struct command_decl *decl = builtin_find(path);
    const char *words[8] = {NULL};
    unsigned n_words = 0;
    args_usage(&usage, path, decl);

    int32_t rc = args_init(&a, &err);
    if (!rc)
        rc = args_command(&a, decl, &err);
    for (int i = 1; !rc && i < c->argc;) {
        rc = args_token(&a, c->argc, c->argv, &i, &err);
        if (rc == 1) {
            rc = i < first ? ALLORA_OK : args_word(&a, c->argv[i], &err);
            i++;
        }
    }
    if (!rc)
        rc = args_globals(&a, &c->flags, &err);
    A_CLEAN(buf_done) struct buf json = BUF(1 << 20);
    if (!rc && !c->flags.help)
        rc = args_json(&a, false, &json,
                       &err); /* checks; the values are simple enough to read below */
    int code = rc ? cli_fail(c, &err, buf_str(&usage)) : -1;
    if (code < 0 && c->flags.help) {
        code = help_run(c, &path, 1, false);
    } else if (code < 0 && streq(path, "version")) {
        code = version_run(c);
    } else if (code < 0 && streq(path, "completion")) {
        code = completion_script_run(c, a.own[0].texts[0]);
    } else if (code < 0) {
        for (; n_words < a.own[0].n && n_words < 8; n_words++)
            words[n_words] = a.own[0].texts[n_words];
        code = help_run(c, words, n_words, a.own[1].n && streq(a.own[1].texts[0], "true"));
    }
    args_done(&a);
    return code;
}

/* What to do once the words and the global flags before them are known. */
static int run_scanned(struct cli *c, struct scan *s)
{
    allora_error err = ERR_INIT;
    struct command cmd;
    const char *path = s->path;
    int32_t rc = args_globals(&s->args, &c->flags, &err);
    if (rc)
        return cli_fail(c, &err, NULL);
    if (c->flags.version && !*s->path)
        return version_run(c);
    if (builtin_find(s->path))
        return run_builtin(c, s->path, s->i);
    if (s->i < c->argc && !s->is_command) { /* a word that leads nowhere */
        (void)unknown_word(c, s, &err);
        return cli_fail(c, &err, *s->path ? NULL : "usage: allora [flags] <command> …");
    }
    if (!*s->path)
        return help_run(c, NULL, 0, false);
    if (!s->is_command)
        return help_run(c, &path, 1, false);
    rc = command_find(c, s->path, &cmd, &err);
    if (!rc)
        rc = command_check_flags(&cmd, &err);
    if (rc)
        return cli_fail(c, &err, NULL);
    return command_run(c, &cmd, &s->args, s->i);
}

int cli_main(const struct cli_services *services, int argc, char **argv)
{
    struct cli c = {.services = services, .argc = argc, .argv = argv};
    struct scan s = {0};
    allora_error err = ERR_INIT;
    (void)signal(
        SIGPIPE,
        SIG_IGN); /* a closed pipe is an error of write(), which the output layer ends on */
    term_fill_closed();
    if (argc > 1 && streq(argv[1], "__complete"))
        return complete_run(&c, argc - 2, argv + 2);
    peek_globals(&c);
    int32_t rc = args_init(&s.args, &err);
    if (!rc)
        rc = scan_path(&c, &s, &err);
    int code;
    if (rc)
        code = cli_fail(&c, &err, "usage: allora [flags] <command> …");
    else
        code = run_scanned(&c, &s);
    args_done(&s.args);
    return code;
}
