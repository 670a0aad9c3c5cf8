/* Manual pages.  Everything but ASCII is written as \[uXXXX], so that groff needs no preprocessor
 * and makes no complaint. */
#include "base/build.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/help.h"
#include "plugin/registry.h"
#include <ctype.h>

void roff_text(struct buf *b, const char *s)
{
    bool line_start = b->len == 0 || b->ptr[b->len - 1] == '\n';
    size_t n = strlen(s);
    for (size_t i = 0; i < n;) {
        uint32_t c;
        size_t len = utf8_next(s + i, n - i, &c);
        if (line_start && (s[i] == '.' || s[i] == '\''))
            buf_adds(b, "\\&");
        line_start = s[i] == '\n';
        if (s[i] == '\\')
            buf_adds(b, "\\e");
        else if (s[i] == '-')
            buf_adds(b, "\\-");
        else if (s[i] == '\'')
            buf_adds(b, "\\(aq");
        else if (s[i] == '`')
            buf_adds(b, "\\(ga");
        else if (s[i] == '^')
            buf_adds(b, "\\(ha");
        else if (s[i] == '~')
            buf_adds(b, "\\(ti");
        else if (s[i] == '"')
            buf_adds(b, "\\(dq");
        else if (len > 1)
            buf_addf(b, "\\[u%04X]", (unsigned)c);
        else if (len == 1 && (isprint((unsigned char)s[i]) || s[i] == '\n'))
            buf_addc(b, s[i]);
        i += len ? len : 1;
    }
}

/* A paragraph per line of the text. */
static void paragraphs(struct buf *b, const char *s)
{
    while (s && *s) {
        size_t n = strcspn(s, "\n");
        A_CLEAN(buf_done) struct buf one = BUF(64 * 1024);
        buf_add(&one, s, n);
        buf_adds(b, ".PP\n");
        roff_text(b, buf_str(&one));
        buf_addc(b, '\n');
        s += n + strspn(s + n, "\n");
    }
}

static void section(struct buf *b, const char *title)
{
    buf_addf(b, ".SH %s\n", title);
}

/* A tagged paragraph: bold tag, then text. */
static void tagged(struct buf *b, const char *tag, const char *text)
{
    buf_adds(b, ".TP\n\\fB");
    roff_text(b, tag);
    buf_adds(b, "\\fR\n");
    roff_text(b, text && *text ? text : " ");
    buf_addc(b, '\n');
}

static void header(struct buf *b, const char *page)
{
    A_CLEAN(buf_done) struct buf upper = BUF(512);
    for (const char *p = page; *p; p++)
        buf_addc(&upper, (char)toupper((unsigned char)*p));
    buf_addf(b, ".TH \"%s\" \"1\" \"\" \"allora %s\" \"allora manual\"\n.nh\n.ad l\n",
             buf_str(&upper), build_version());
}

static void name_section(struct buf *b, const char *page, const char *summary)
{
    section(b, "NAME");
    roff_text(b, page);
    buf_adds(b, " \\- ");
    if (summary && *summary) {
        char first[2] = {(char)tolower((unsigned char)summary[0]), '\0'};
        /* "SQL …" stays as it is; "Show …" becomes "show …". */
        bool word = summary[1] && !isupper((unsigned char)summary[1]);
        roff_text(b, word ? first : "");
        roff_text(b, word ? summary + 1 : summary);
    }
    buf_addc(b, '\n');
}

static void arg_items(struct buf *b, const struct arg_decl *args, uint32_t n, bool positional)
{
    for (uint32_t i = 0; i < n; i++) {
        A_CLEAN(buf_done) struct buf tag = BUF(1024), text = BUF(8192);
        if (args[i].positional != positional)
            continue;
        arg_synopsis(&tag, &args[i]);
        arg_explain(&text, &args[i]);
        tagged(b, buf_str(&tag) + strspn(buf_str(&tag), " "), buf_str(&text));
    }
}

static void examples(struct buf *b, const json_node *list)
{
    if (!json_count(list))
        return;
    section(b, "EXAMPLES");
    json_foreach (e, list)
        tagged(b, json_get_str(e, "run", ""), json_get_str(e, "help", ""));
}

static void exit_status(struct buf *b)
{
    static const char *const codes[][2] = {
        {"0", "done"},
        {"1", "failed"},
        {"2", "usage, or bad input"},
        {"3", "denied by policy, or not approved"},
        {"4", "not found"},
        {"5", "partial result: some sources failed, the warnings name them"},
        {"6", "not authenticated with a remote"},
        {"7", "a plugin could not be loaded"},
        {"8", "an integrity check failed"},
        {"124", "timed out"},
        {"130", "interrupted"},
    };
    section(b, "EXIT STATUS");
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        tagged(b, codes[i][0], codes[i][1]);
}

static void environment_and_files(struct buf *b)
{
    section(b, "ENVIRONMENT");
    tagged(
        b, "ALLORA_*",
        "configuration: ALLORA_OUTPUT__FORMAT sets output.format, two underscores stand for a dot");
    tagged(b, "ALLORA_PLUGIN_PATH", "folders with plugins, separated by colons");
    tagged(b, "NO_COLOR", "when set and not empty, nothing is coloured");
    tagged(
        b, "PAGER",
        "what shows long output on a terminal; empty or cat: nothing does. Without it: less -FRX");
    tagged(b, "XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME, XDG_CACHE_HOME",
           "where the files below are");
    section(b, "FILES");
    tagged(b, "/etc/allora/config.yaml, ~/.config/allora/config.yaml, .allora.yaml",
           "configuration, the last one wins");
    tagged(b, "~/.local/share/allora/plugins", "the user's own plugins");
    tagged(b, "~/.local/state/allora", "sessions and their receipts");
    tagged(b, "~/.cache/allora", "cached rows and the plugin index; may be deleted at any time");
}

static void see_also(struct buf *b, struct cli *c)
{
    const struct registry_name *names;
    struct registry *registry;
    section(b, "SEE ALSO");
    buf_adds(
        b, "\\fBallora\\-help\\fR(1), \\fBallora\\-version\\fR(1), \\fBallora\\-completion\\fR(1)");
    size_t n =
        cli_registry(c, &registry, NULL) ? 0 : registry_names(registry, REGISTRY_COMMANDS, &names);
    for (size_t i = 0; i < n; i++) {
        buf_adds(b, ",\n\\fBallora\\-");
        for (const char *p = names[i].name; *p; p++)
            buf_adds(b, *p == ' ' || *p == '-' ? "\\-" : (char[]){*p, '\0'});
        buf_adds(b, "\\fR(1)");
    }
    buf_addc(b, '\n');
}

int32_t man_top(struct cli *c, struct buf *b, allora_error *err)
{
    struct registry *registry;
    const struct registry_name *names;
    int32_t rc = cli_registry(c, &registry, err);
    if (rc)
        return rc;
    header(b, "allora");
    name_section(b, "allora", "ask what runs where, in English or SQL");
    section(b, "SYNOPSIS");
    buf_adds(b, "\\fBallora\\fR [\\fIflags\\fR] \\fIcommand\\fR [\\fIsubcommand\\fR] "
                "[\\fIflags\\fR] [\\fIarguments\\fR]\n");
    section(b, "DESCRIPTION");
    roff_text(b, "allora answers questions about machines and clouds from live data. Everything "
                 "beyond help, version and "
                 "completion is a plugin; this page names the commands of the plugins that were "
                 "found. Results go to "
                 "standard output, everything else to standard error.");
    buf_addc(b, '\n');
    section(b, "COMMANDS");
    size_t n = registry_names(registry, REGISTRY_COMMANDS, &names);
    for (size_t i = 0; i < n; i++)
        tagged(b, names[i].name, names[i].summary);
    for (unsigned i = 0; i < n_builtin_commands; i++)
        tagged(b, builtin_commands[i].path[0], builtin_commands[i].summary);
    section(b, "FLAGS OF EVERY COMMAND");
    arg_items(b, global_args, n_global_args, false);
    exit_status(b);
    environment_and_files(b);
    see_also(b, c);
    return ALLORA_OK;
}

void man_command(const struct command *cmd, struct buf *b)
{
    const struct command_decl *d = cmd->decl;
    A_CLEAN(buf_done) struct buf page = BUF(512), usage = BUF(4096);
    bool words = false, flags = false;
    buf_addf(&page, "allora-%s", cmd->name);
    for (size_t i = 0; i < page.len; i++)
        page.ptr[i] = page.ptr[i] == ' ' ? '-' : page.ptr[i];
    args_usage(&usage, cmd->name, d);
    header(b, buf_str(&page));
    name_section(b, buf_str(&page), d->summary);
    section(b, "SYNOPSIS");
    roff_text(b, buf_str(&usage) + strlen("usage: "));
    buf_addc(b, '\n');
    if (d->description) {
        section(b, "DESCRIPTION");
        paragraphs(b, d->description);
    }
    for (uint32_t i = 0; i < d->n_args; i++) {
        words |= d->args[i].positional;
        flags |= !d->args[i].positional;
    }
    if (words) {
        section(b, "ARGUMENTS");
        arg_items(b, d->args, d->n_args, true);
    }
    if (flags) {
        section(b, "FLAGS");
        arg_items(b, d->args, d->n_args, false);
    }
    buf_adds(b, ".PP\nThe flags of every command are described in\n\\fBallora\\fR(1).\n");
    examples(b, d->examples);
    section(b, "SEE ALSO");
    buf_adds(b, "\\fBallora\\fR(1)\n");
}
