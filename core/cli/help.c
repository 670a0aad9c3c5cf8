#include "cli/help.h"

#include "base/build.h"
#include "base/err.h"
#include "base/json.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/out.h"
#include "cli/term.h"
#include "cli/text.h"
#include "plugin/registry.h"

enum { HELP_WIDTH_MAX = 100, NAME_COLUMN_MAX = 30, HELP_GROUPS_MAX = 64, TOP_EXAMPLES = 5 };

/* ---- one argument ---- */

const char *arg_placeholder(const struct arg_decl *d)
{
    static const char *const words[] = {"TEXT", "N",    "NUMBER", "",          "DUR",
                                        "SIZE", "TIME", "FILE",   "NAME=VALUE"};
    return d->metavar ? d->metavar : words[d->type];
}

void arg_synopsis(struct buf *b, const struct arg_decl *d)
{
    if (d->positional) {
        buf_addf(b, "<%s>%s", d->name, d->repeat ? "…" : "");
        return;
    }
    if (d->short_name)
        buf_addf(b, "-%c, ", d->short_name);
    else
        buf_adds(b, "    ");
    buf_addf(b, "--%s", d->name);
    if (d->type != ARG_BOOL)
        buf_addf(b, " %s", arg_placeholder(d));
}

static void add_node(struct buf *b, const json_node *n)
{
    if (json_typeof(n) == JSON_STRING) {
        buf_adds(b, json_str(n, ""));
        return;
    }
    struct jsonw w = JSONW(b);
    jw_node(&w, n);
}

void arg_explain(struct buf *b, const struct arg_decl *d)
{
    const char *sep = d->help ? "; " : "";
    buf_adds(b, d->help ? d->help : "");
    for (uint32_t i = 0; i < d->n_choices; i++)
        buf_addf(b, "%s%s", i == 0 ? (d->help ? ": " : "") : ", ", d->choices[i]);
    if (d->minimum || d->maximum) {
        buf_adds(b, sep);
        if (d->minimum && !d->maximum)
            buf_adds(b, "at least ");
        else if (!d->minimum)
            buf_adds(b, "at most ");
        add_node(b, d->minimum ? d->minimum : d->maximum);
        if (d->minimum && d->maximum) {
            buf_adds(b, " to ");
            add_node(b, d->maximum);
        }
    }
    if (d->repeat && !d->positional && d->type != ARG_BOOL &&
        !(d->help && strstr(d->help, "repeated")))
        buf_adds(b, "; may be repeated");
    if (d->from_stdin)
        buf_adds(b, "; - reads standard input");
    if (d->dflt && !(json_typeof(d->dflt) == JSON_BOOL && !json_bool(d->dflt, false))) {
        buf_adds(b, " (default ");
        add_node(b, d->dflt);
        buf_addc(b, ')');
    }
    if (d->env)
        buf_addf(b, " [$%s]", d->env);
}

/* ---- layout ---- */

static void heading(struct buf *b, const char *s, bool color)
{
    buf_addf(b, "\n%s%s%s\n", style_on(color, STYLE_BOLD), s, style_off(color));
}

/* "  name    text wrapped under itself" */
static void item(struct buf *b, const char *name, const char *text, size_t column, unsigned width)
{
    size_t w = text_width(name, strlen(name));
    buf_adds(b, "  ");
    buf_adds(b, name);
    if (w + 2 > column) {
        buf_addc(b, '\n');
        buf_pad(b, ' ', column + 2);
    } else {
        buf_pad(b, ' ', column - w);
    }
    text_wrap(b, text, column + 2, column + 2, width);
    buf_addc(b, '\n');
}

static size_t column_for(size_t widest)
{
    return (widest > NAME_COLUMN_MAX ? NAME_COLUMN_MAX : widest) + 2;
}

static void arg_list(struct buf *b, const struct arg_decl *args, uint32_t n, bool positional,
                     unsigned width)
{
    size_t widest = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < n; i++) {
            A_CLEAN(buf_done) struct buf name = BUF(1024), text = BUF(8192);
            if (args[i].positional != positional)
                continue;
            arg_synopsis(&name, &args[i]);
            size_t w = text_width(buf_str(&name), name.len);
            if (!pass) {
                widest = w > widest ? w : widest;
                continue;
            }
            arg_explain(&text, &args[i]);
            item(b, buf_str(&name), buf_str(&text), column_for(widest), width);
        }
    }
}

/* ---- the list of commands ---- */

static size_t first_word(const char *s)
{
    return strcspn(s, " ");
}

/* A family's line says what its plugin says of itself, or else names its members. */
static void fold(struct help_entry *e, const struct registry_name *names, size_t first, size_t end)
{
    const struct registry_name *n = &names[first];
    *e = (struct help_entry){n->name, n->summary, n->group ? n->group : "", first_word(n->name)};
    if (!n->name[e->name_len] || end - first < 2)
        return;
    e->summary = n->plugin->summary;
}

size_t help_entries(struct cli *c, struct help_entry *ret, size_t max, allora_error *err)
{
    const struct registry_name *names;
    struct registry *registry;
    size_t n_ret = 0;
    if (cli_registry(c, &registry, err))
        return 0;
    size_t n = registry_names(registry, REGISTRY_COMMANDS, &names);
    for (size_t i = 0, end; i < n && n_ret < max; i = end) {
        size_t len = first_word(names[i].name);
        for (end = i + 1; end < n && first_word(names[end].name) == len &&
                          memcmp(names[end].name, names[i].name, len) == 0;)
            end++;
        fold(&ret[n_ret], names, i, end);
        if (end - i == 1)
            ret[n_ret].name_len = strlen(names[i].name);
        n_ret++;
    }
    return n_ret;
}

static void entry_line(struct buf *b, const struct help_entry *e, size_t column, unsigned width)
{
    A_CLEAN(buf_done) struct buf name = BUF(512);
    buf_add(&name, e->name, e->name_len);
    item(b, buf_str(&name), e->summary, column, width);
}

/* What newcomers come for stands first; other groups in the order of their first command. */
static const char *const first_groups[] = {"Ask", "Look", "Act"};
enum { N_FIRST_GROUPS = sizeof first_groups / sizeof *first_groups };

static bool has_group(const struct help_entry *entries, size_t n, const char *group)
{
    for (size_t i = 0; i < n; i++) {
        if (streq(entries[i].group, group))
            return true;
    }
    return false;
}

static void top_commands(struct buf *b, const struct help_entry *entries, size_t n, unsigned width,
                         bool color)
{
    size_t widest = strlen("completion");
    for (size_t i = 0; i < n; i++)
        widest = entries[i].name_len > widest ? entries[i].name_len : widest;
    size_t column = column_for(widest);
    /* What has no group comes last, before the core's own. */
    const char *groups[HELP_GROUPS_MAX];
    unsigned n_groups = 0;
    for (size_t g = 0; g < N_FIRST_GROUPS; g++) {
        if (has_group(entries, n, first_groups[g]))
            groups[n_groups++] = first_groups[g];
    }
    for (size_t i = 0; i < n; i++) {
        unsigned g = 0;
        while (g < n_groups && !streq(groups[g], entries[i].group))
            g++;
        if (g == n_groups && *entries[i].group && n_groups + 1 < HELP_GROUPS_MAX)
            groups[n_groups++] = entries[i].group;
    }
    groups[n_groups++] = "";
    for (unsigned g = 0; g < n_groups; g++) {
        bool any = false;
        for (size_t i = 0; i < n; i++) {
            if (!streq(entries[i].group, groups[g]))
                continue;
            if (!any)
                heading(b, *groups[g] ? groups[g] : "Other commands", color);
            any = true;
            entry_line(b, &entries[i], column, width);
        }
    }
    heading(b, "allora itself", color);
    for (unsigned i = 0; i < n_builtin_commands; i++)
        item(b, builtin_commands[i].path[0], builtin_commands[i].summary, column, width);
}

/* Examples, of different groups as far as there are so many. */
static void top_examples(struct cli *c, struct buf *b, bool color)
{
    const struct registry_name *names, *shown[TOP_EXAMPLES];
    struct registry *registry;
    unsigned n_shown = 0;
    if (cli_registry(c, &registry, NULL))
        return;
    size_t n = registry_names(registry, REGISTRY_COMMANDS, &names);
    for (unsigned turn = 0; turn < N_FIRST_GROUPS + 2; turn++) {
        const char *group = turn < N_FIRST_GROUPS ? first_groups[turn] : NULL;
        bool same_group = turn > N_FIRST_GROUPS; /* when there are fewer than three groups */
        for (size_t i = 0; i < n && n_shown < TOP_EXAMPLES; i++) {
            bool skip =
                !names[i].example || !*names[i].example || (group && !streq(names[i].group, group));
            for (unsigned k = 0; k < n_shown && !skip; k++)
                skip = shown[k] == &names[i] ||
                       (!same_group && streq(shown[k]->group, names[i].group));
            if (!skip)
                shown[n_shown++] = &names[i];
        }
    }
    if (n_shown)
        heading(b, "Examples", color);
    for (unsigned i = 0; i < n_shown; i++)
        buf_addf(b, "  %s\n", shown[i]->example);
}

void help_top(struct cli *c, struct buf *b, unsigned width, bool color)
{
    struct help_entry entries[HELP_ENTRIES_MAX];
    allora_error err = ERR_INIT;
    size_t n = help_entries(c, entries, HELP_ENTRIES_MAX, &err);
    buf_addf(
        b,
        "allora %s: ask what runs where, in English or SQL\n\nusage: allora [flags] <command> …\n",
        build_version());
    top_commands(b, entries, n, width, color);
    if (err.code)
        buf_addf(b, "\nThe plugins' commands are not shown: %s\n", err.message);
    top_examples(c, b, color);
    heading(b, "Flags of every command", color);
    arg_list(b, global_args, n_global_args, false, width);
    buf_adds(b, "\nallora help <command> says more.\n");
}

int32_t help_family(struct cli *c, const char *family, struct buf *b, unsigned width, bool color)
{
    const struct registry_name *names;
    struct registry *registry;
    allora_error err = ERR_INIT;
    size_t len = strlen(family), widest = 0;
    int32_t rc = cli_registry(c, &registry, &err);
    if (rc)
        return rc;
    size_t n = registry_names(registry, REGISTRY_COMMANDS, &names);
    buf_addf(b, "usage: allora %s <command> …\n", family);
    heading(b, "Commands", color);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < n; i++) {
            if (strncmp(names[i].name, family, len) != 0 || names[i].name[len] != ' ')
                continue;
            size_t w = strlen(names[i].name + len + 1);
            widest = w > widest ? w : widest;
            if (pass)
                item(b, names[i].name + len + 1, names[i].summary, column_for(widest), width);
        }
    }
    buf_addf(b, "\nallora help %s <command> says more.\n", family);
    return ALLORA_OK;
}

void help_command(const struct command *cmd, struct buf *b, unsigned width, bool color)
{
    const struct command_decl *d = cmd->decl;
    bool words = false, flags = false;
    buf_addf(b, "%s\n\n", d->summary ? d->summary : cmd->name);
    args_usage(b, cmd->name, d);
    buf_addc(b, '\n');
    if (d->description) {
        buf_addc(b, '\n');
        text_wrap(b, d->description, 0, 0, width);
        buf_addc(b, '\n');
    }
    for (uint32_t i = 0; i < d->n_args; i++) {
        words |= d->args[i].positional;
        flags |= !d->args[i].positional;
    }
    if (words) {
        heading(b, "Arguments", color);
        arg_list(b, d->args, d->n_args, true, width);
    }
    if (flags) {
        heading(b, "Flags", color);
        arg_list(b, d->args, d->n_args, false, width);
    }
    if (json_count(d->examples))
        heading(b, "Examples", color);
    json_foreach (e, d->examples) {
        buf_addf(b, "  %s\n", json_get_str(e, "run", ""));
        if (*json_get_str(e, "help", "")) {
            buf_adds(b, "      ");
            text_wrap(b, json_get_str(e, "help", ""), 6, 6, width);
            buf_addc(b, '\n');
        }
    }
    buf_adds(b, "\nFlags of every command (-o FORMAT, --timeout DUR, -q, -v, …): allora help\n");
}

/* ---- allora help, --help ---- */

int cli_print(struct cli *c, const char *text, size_t n, bool page)
{
    struct term term;
    struct out out;
    allora_error err = ERR_INIT;
    term_init(&term, &c->flags);
    out_init(&out, &term, page && !c->flags.no_pager);
    (void)out_write(&out, text, n);
    return out_finish(&out, &err) ? cli_fail(c, &err, NULL) : 0;
}

static int32_t render(struct cli *c, const char *name, bool man, struct buf *b, allora_error *err)
{
    struct term term;
    struct command cmd;
    term_init(&term, &c->flags);
    unsigned width = !term.out_tty                   ? 80
                     : term.columns > HELP_WIDTH_MAX ? HELP_WIDTH_MAX
                                                     : term.columns;
    if (!*name) {
        if (man)
            return man_top(c, b, err);
        help_top(c, b, width, term.out_color);
        return ALLORA_OK;
    }
    int32_t rc = command_find(c, name, &cmd, err);
    if (rc == ALLORA_E_NOTFOUND && command_is_family(c, name)) {
        if (!man)
            return help_family(c, name, b, width, term.out_color);
        err_set(err, ALLORA_E_ARG, "\"%s\" is a family of commands: each has a page of its own",
                name);
        err_hint(err, "allora help %s lists them", name);
        return ALLORA_E_ARG;
    }
    if (rc == ALLORA_E_NOTFOUND)
        return command_unknown(c, name, err);
    if (rc)
        return rc;
    if (man)
        man_command(&cmd, b);
    else
        help_command(&cmd, b, width, term.out_color);
    return ALLORA_OK;
}

int help_run(struct cli *c, const char *const *words, unsigned n_words, bool man)
{
    A_CLEAN(buf_done) struct buf name = BUF(1024), text = BUF(HELP_TEXT_MAX);
    allora_error err = ERR_INIT;
    for (unsigned i = 0; i < n_words; i++)
        buf_addf(&name, "%s%.200s", i ? " " : "", words[i]);
    int32_t rc = render(c, buf_str(&name), man, &text, &err);
    if (!rc && buf_failed(&text))
        rc = err_nomem(&err);
    return rc ? cli_fail(c, &err, NULL) : cli_print(c, buf_str(&text), text.len, !man);
}
