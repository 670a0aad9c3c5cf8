/* The command line: one run of the program from argv to exit code.  core/main.c wires in the
 * services, each of which is made when first asked for, so that help, version and completion open
 * no more than they read. */
#ifndef ALLORA_CLI_CLI_H
#define ALLORA_CLI_CLI_H
#include "base/buf.h"
#include "base/ctx.h"
#include "base/dispatch.h"
#include "plugin/manifest.h"
#include <allora/plugin.h>
#include <stdbool.h>

struct registry;
struct plugin;

enum output_format {
    OUTPUT_TABLE,
    OUTPUT_JSON,
    OUTPUT_NDJSON,
    OUTPUT_YAML,
    OUTPUT_CSV,
    OUTPUT_MARKDOWN
};

/* What the global flags say.  Strings are borrowed from argv or the environment. */
struct cli_flags {
    enum output_format output;
    const char *config, *profile, *plugin_path;
    const char *approve; /* the hash of a plan that may be applied; NULL: none */
    bool output_given;   /* by flag or environment: the configuration does not count */
    bool no_color, no_pager, quiet, offline, refresh, yes, dry_run, help, version;
    unsigned verbose;
    int64_t timeout_us; /* 0: none */
    bool repair; /* no flag: the command works, or repairs, whatever the configuration holds */
};

/* Made by core/main.c; each pointer it returns lives until the process ends. */
struct cli_services {
    void *self;
    int32_t (*registry)(void *self, const struct cli_flags *, struct registry **ret,
                        allora_error *);
    /* The gate, with the core's operations wired to it. */
    int32_t (*dispatch)(void *self, const struct cli_flags *, const struct dispatch **ret,
                        allora_error *);
    /* A text of the configuration ("output.format"), once registry() has succeeded; NULL when it is
     * not set. */
    const char *(*setting)(void *self, const char *key);
    /* The i-th thing that is wrong with the configuration; false when there are no more.  NULL:
     * they are not told. */
    bool (*problem)(void *self, size_t i, allora_error *err);
};

/* Runs the command line and returns the exit code of DESIGN section 11.  Called once per process,
 * from main(). */
int cli_main(const struct cli_services *services, int argc, char **argv);

/* ---- for the files of core/cli ---- */

/* One run.  Everything the commands of the core itself need. */
struct cli {
    const struct cli_services *services;
    struct cli_flags flags;
    struct registry *registry; /* NULL until cli_registry() */
    int argc;
    char **argv;
};

/* A command: the core's own (plugin NULL) or one out of a manifest. */
struct command {
    const struct command_decl *decl; /* NULL: only a family, such as "session" */
    const struct plugin *plugin;
    char name[256]; /* its path joined by spaces */
};

int32_t cli_registry(struct cli *c, struct registry **ret, allora_error *err);
/* Adds to the flags what the configuration says about output, where neither flag nor environment
 * did.  After the flags were read and the registry opened. */
void cli_settings(struct cli *c);

/* Parses the manifest behind a command's name and finds the command in it.  E_NOTFOUND without
 * words when no plugin has it. */
int32_t command_find(struct cli *c, const char *name, struct command *ret, allora_error *err);
/* Does some command's path begin with these words, and go on? */
bool command_is_family(struct cli *c, const char *name);
/* Fills err for a command that does not exist: nearest names, or the plugin that would provide it.
 * Returns its code. */
int32_t command_unknown(struct cli *c, const char *name, allora_error *err);
/* A command's grammar must not reuse a global flag: E_ABI naming plugin, command and flag. */
int32_t command_check_flags(const struct command *cmd, allora_error *err);

/* The commands of the core itself: help, version, completion. */
extern const struct command_decl builtin_commands[];
extern const unsigned n_builtin_commands;
const struct command_decl *builtin_find(const char *name);

/* Each returns an exit code, having printed its result or its error. */
int help_run(struct cli *c, const char *const *words, unsigned n_words, bool man);
int version_run(struct cli *c);
int completion_script_run(struct cli *c, const char *shell);
int complete_run(struct cli *c, int argc, char **argv); /* the hidden __complete */
/* Parses the rest of argv from index i by the command's own grammar and runs it. */
struct args;
int command_run(struct cli *c, const struct command *cmd, struct args *a, int i);
/* Prints an error (and the usage line, if any) and returns its exit code. */
int cli_fail(struct cli *c, const allora_error *err, const char *usage);
/* Prints a finished text on standard output, through the pager where that helps; returns the exit
 * code. */
int cli_print(struct cli *c, const char *text, size_t n, bool page);

#endif
