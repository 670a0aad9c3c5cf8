/* Help and manual pages, all out of manifests. */
#ifndef ALLORA_CLI_HELP_H
#define ALLORA_CLI_HELP_H
#include "base/buf.h"
#include "cli/cli.h"

/* What stands for a flag's value: "N", "FILE", "FORMAT". */
const char *arg_placeholder(const struct arg_decl *d);
/* "-n, --limit N", or "<session>". */
void arg_synopsis(struct buf *b, const struct arg_decl *d);
/* Its help and, in words, its choices, range, default and environment variable. */
void arg_explain(struct buf *b, const struct arg_decl *d);

/* One entry of a list of commands: a whole command, or a family of which only the first word is
 * shown. */
struct help_entry {
    const char *name, *summary, *group;
    size_t name_len;
};
/* The top level's entries in name order, families folded to one; at most max. */
size_t help_entries(struct cli *c, struct help_entry *ret, size_t max, allora_error *err);
enum { HELP_ENTRIES_MAX = 512, HELP_TEXT_MAX = 1 << 20 };

void help_top(struct cli *c, struct buf *b, unsigned width, bool color);
int32_t help_family(struct cli *c, const char *family, struct buf *b, unsigned width, bool color);
void help_command(const struct command *cmd, struct buf *b, unsigned width, bool color);

/* man.c: troff source. */
int32_t man_top(struct cli *c, struct buf *b, allora_error *err);
void man_command(const struct command *cmd, struct buf *b);
void roff_text(struct buf *b,
               const char *s); /* escapes; never begins a line with a control character */
#endif
