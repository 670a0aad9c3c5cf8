/* argv against a grammar out of a manifest, and the operation's arguments as JSON.
 *
 * Global flags stand anywhere before "--".  --flag value, --flag=value, -f value, -fvalue, combined
 * bools (-qv), --no-flag for bools, "--" ends flags, "-" is a word.  A value comes from the command
 * line, else from the flag's environment variable, else (from_stdin) from a standard input that is
 * no terminal, else from the manifest's default. */
#ifndef ALLORA_CLI_ARGS_H
#define ALLORA_CLI_ARGS_H
#include "base/arena.h"
#include "base/buf.h"
#include "cli/cli.h"
#include "plugin/manifest.h"
#include <allora/plugin.h>
#include <stdbool.h>

enum {
    ARGS_STDIN_MAX = 16 << 20,
    ARGS_FILE_MAX = 16 << 20
}; /* bytes; more is refused with words */

/* What the global flags are; the same structs as in manifests, so that parser, help, man pages and
 * completion treat them alike. */
extern const struct arg_decl global_args[];
extern const unsigned n_global_args;

struct given { /* what the command line says about one argument */
    const struct arg_decl *decl;
    const char **texts; /* as typed; bools are "true" or "false" */
    uint32_t n, cap;
};
struct args {
    struct arena mem;
    const struct command_decl *command; /* NULL until args_command() */
    struct given *globals, *own;        /* parallel to global_args and command->args */
    bool flags_ended;                   /* "--" was seen */
    bool words_from_stdin;              /* a from_stdin word was "-" */
};

int32_t args_init(struct args *a, allora_error *err);
void args_done(struct args *a);
/* From here on the command's own flags are known too.  Borrowed. */
int32_t args_command(struct args *a, const struct command_decl *command, allora_error *err);
/* Takes the token at argv[*i], and its value if it is a flag that has one, and moves *i past them.
 * Returns 0 for a flag, 1 when argv[*i] is a word (then *i has not moved), negative with words in
 * err. */
int32_t args_token(struct args *a, int argc, char **argv, int *i, allora_error *err);
/* The flag that `token` is, when its value is the token behind it; else NULL. */
const struct arg_decl *args_pending(struct args *a, const char *token);
/* Gives a word to the next positional argument. */
int32_t args_word(struct args *a, const char *word, allora_error *err);
/* The global flags' values.  Unknown output words and the like are errors. */
int32_t args_globals(const struct args *a, struct cli_flags *ret, allora_error *err);
/* Fills what is missing from the environment and standard input, then checks every rule. */
int32_t args_complete(struct args *a, bool stdin_is_tty, allora_error *err);
/* Is a required argument missing?  Its declaration, or NULL. */
const struct arg_decl *args_missing(const struct args *a);
/* The operation's arguments: fixed, given and default values under their target names.  partial:
 * what is required may be missing. */
int32_t args_json(struct args *a, bool partial, struct buf *out, allora_error *err);
/* The same for a face: one pair per value of args_json()'s object, under the target names; memory
 * is a's. */
int32_t args_pairs(struct args *a, const json_node *doc, const allora_pair **ret, uint32_t *ret_n,
                   allora_error *err);

/* argcall.c.  A command whose operation is one of its arguments (command_decl.call): the pairs and
 * JSON objects of the others, typed by that operation's own schema (NULL: unknown).  Replaces what
 * out holds. */
int32_t args_call_json(struct args *a, const json_node *schema, struct buf *out, allora_error *err);
/* A command that is done for each value of an argument (command_decl.each): with one value its
 * operation, with several plan.run, one step a value.  Replaces what out holds. */
int32_t args_each_json(const struct command_decl *d, const json_node *doc, const char **operation,
                       struct buf *out, allora_error *err);

/* "usage: allora session show [flags] <session>" without a newline. */
void args_usage(struct buf *b, const char *name, const struct command_decl *command);
/* "--name" or "<name>", as error messages call it. */
void arg_label(struct buf *b, const struct arg_decl *d);

/* argtype.c: one text against one declaration.  Writes the JSON value, or fails naming flag, rule
 * and value. For ARG_FILE, text is a path ("-" is standard input) and the value its content. */
struct jsonw;
int32_t arg_value_json(const struct arg_decl *d, const char *text, struct jsonw *w,
                       allora_error *err);
#endif
