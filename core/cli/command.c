/* From words to a command: the core's own first, then those in the registry's index; and what to
 * say when there is none. */
#include "base/err.h"
#include "base/str.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "plugin/registry.h"
#include <stdio.h>

/* ---- the core's own commands: manifests render them, so they look like one ---- */

static const char *const HELP_PATH[] = {"help"}, *const VERSION_PATH[] = {"version"},
                         *const COMPLETION_PATH[] = {"completion"},
                         *const SHELLS[] = {"bash", "zsh", "fish"};
static const struct arg_decl HELP_ARGS[] = {
    {.name = "command",
     .target = "command",
     .positional = true,
     .repeat = true,
     .help = "the command to explain"},
    {.name = "man",
     .target = "man",
     .type = ARG_BOOL,
     .help = "write the manual page instead (troff source)"},
};
static const struct arg_decl COMPLETION_ARGS[] = {
    {.name = "shell",
     .target = "shell",
     .positional = true,
     .required = true,
     .choices = SHELLS,
     .n_choices = 3,
     .help = "which shell the script is for"},
};
const struct command_decl builtin_commands[] = {
    {.path = HELP_PATH,
     .n_path = 1,
     .summary = "Show what allora can do, or how one command works",
     .args = HELP_ARGS,
     .n_args = 2,
     .operation = NULL},
    {.path = VERSION_PATH, .n_path = 1, .summary = "Print allora's version"},
    {.path = COMPLETION_PATH,
     .n_path = 1,
     .summary = "Print the script that makes a shell complete allora's commands",
     .description = "bash: put  source <(allora completion bash)  into ~/.bashrc\n"
                    "zsh: put  source <(allora completion zsh)  into ~/.zshrc, behind compinit\n"
                    "fish: put  allora completion fish | source  into ~/.config/fish/config.fish",
     .args = COMPLETION_ARGS,
     .n_args = 1},
};
const unsigned n_builtin_commands = sizeof(builtin_commands) / sizeof(builtin_commands[0]);

const struct command_decl *builtin_find(const char *name)
{
    for (unsigned i = 0; i < n_builtin_commands; i++) {
        if (streq(builtin_commands[i].path[0], name))
            return &builtin_commands[i];
    }
    return NULL;
}

/* ---- those of plugins ---- */

static bool path_is(const struct command_decl *d, const char *name)
{
    for (uint32_t i = 0; i < d->n_path; i++) {
        size_t n = strlen(d->path[i]);
        if (strncmp(name, d->path[i], n) != 0 || name[n] != (i + 1 < d->n_path ? ' ' : '\0'))
            return false;
        name += n + 1;
    }
    return true;
}

int32_t command_find(struct cli *c, const char *name, struct command *ret, allora_error *err)
{
    struct command found = {.decl = builtin_find(name)};
    struct registry *registry;
    (void)snprintf(found.name, sizeof(found.name), "%s", name);
    if (found.decl) {
        *ret = found;
        return ALLORA_OK;
    }
    int32_t rc = cli_registry(c, &registry, err);
    if (rc)
        return rc;
    const struct registry_name *entry = registry_name_find(registry, REGISTRY_COMMANDS, name);
    if (!entry)
        return ALLORA_E_NOTFOUND;
    const struct manifest *m = registry_manifest(registry, entry->plugin, err);
    if (!m)
        return err->code ? err->code : ALLORA_E_ABI;
    for (uint32_t i = 0; i < m->n_commands; i++) {
        if (path_is(&m->commands[i], name)) {
            found.decl = &m->commands[i];
            found.plugin = entry->plugin;
            *ret = found;
            return ALLORA_OK;
        }
    }
    return err_set(err, ALLORA_E_ABI,
                   "plugin %s no longer has the command \"%s\" that it was indexed with",
                   entry->plugin->id, name);
}

bool command_is_family(struct cli *c, const char *name)
{
    const struct registry_name *names;
    struct registry *registry;
    size_t len = strlen(name);
    if (cli_registry(c, &registry, NULL))
        return false;
    size_t n = registry_names(registry, REGISTRY_COMMANDS, &names);
    for (size_t i = 0; i < n; i++) {
        if (strncmp(names[i].name, name, len) == 0 && names[i].name[len] == ' ')
            return true;
    }
    return false;
}

/* Offers every name that could stand here: inside a family its members, else first words and whole
 * commands. */
static void offer_names(struct cli *c, struct nearest *near, struct arena *mem, const char *family,
                        size_t family_len)
{
    const struct registry_name *names;
    struct registry *registry;
    for (unsigned i = 0; !family_len && i < n_builtin_commands; i++)
        nearest_offer(near, builtin_commands[i].path[0]);
    if (cli_registry(c, &registry, NULL))
        return;
    size_t n = registry_names(registry, REGISTRY_COMMANDS, &names);
    for (size_t i = 0; i < n; i++) {
        size_t first = strcspn(names[i].name, " ");
        bool new_word = i == 0 || strncmp(names[i - 1].name, names[i].name, first) != 0;
        if (!family_len && names[i].name[first] && new_word) {
            /* "tabel" is nearer to the family than to any of its members. */
            char *word = arena_strndup(mem, names[i].name, first);
            if (word)
                nearest_offer(near, word);
        }
        if (!family_len ||
            (strncmp(names[i].name, family, family_len) == 0 && names[i].name[family_len] == ' '))
            nearest_offer(near, names[i].name);
    }
}

int32_t command_unknown(struct cli *c, const char *name, allora_error *err)
{
    struct nearest near;
    struct registry *registry = NULL;
    const char *space = strrchr(name, ' ');
    char shown[81];
    int32_t rc = cli_registry(c, &registry, err);
    if (rc)
        return rc;
    rc = registry_explain_missing(registry, "no command", name, err);
    if (rc != ALLORA_E_NOTFOUND)
        return rc;
    struct arena mem;
    arena_init(&mem, 0);
    (void)snprintf(shown, sizeof(shown), "%s", name);
    err_set(err, ALLORA_E_ARG, "unknown command \"%s%s\"", shown, strlen(name) > 80 ? "…" : "");
    nearest_init(&near, name);
    offer_names(c, &near, &mem, name, space ? (size_t)(space - name) : 0);
    if (near.n == 0)
        err_hint(err, "allora help lists all commands");
    else
        err_hint(err, "did you mean %s%s%s? allora help lists all commands", near.best[0],
                 near.n > 1 ? " or " : "", near.n > 1 ? near.best[1] : "");
    arena_done(&mem);
    return ALLORA_E_ARG;
}

int32_t command_check_flags(const struct command *cmd, allora_error *err)
{
    if (!cmd->plugin)
        return ALLORA_OK;
    for (uint32_t i = 0; i < cmd->decl->n_args; i++) {
        const struct arg_decl *d = &cmd->decl->args[i];
        for (unsigned k = 0; !d->positional && k < n_global_args; k++) {
            const struct arg_decl *g = &global_args[k];
            bool letter = d->short_name && d->short_name == g->short_name;
            if (!letter && !streq(d->name, g->name))
                continue;
            if (letter)
                err_set(err, ALLORA_E_ABI,
                        "plugin %s: command \"%s\" declares -%c for --%s, which is the global flag "
                        "--%s",
                        cmd->plugin->id, cmd->name, d->short_name, d->name, g->name);
            else
                err_set(err, ALLORA_E_ABI,
                        "plugin %s: command \"%s\" declares --%s, which is a global flag",
                        cmd->plugin->id, cmd->name, d->name);
            err_hint(err, "only this plugin is affected; its author has to rename the flag");
            return ALLORA_E_ABI;
        }
    }
    return ALLORA_OK;
}
