/* The person at the command line, as the gate asks them (base/approver.h). */
#ifndef ALLORA_CLI_APPROVE_H
#define ALLORA_CLI_APPROVE_H
#include "base/approver.h"
#include "cli/cli.h"
#include "cli/term.h"

struct approve {
    struct approver approver; /* for ctx->approver */
    const struct cli_flags *flags;
    const struct term *term;
};
/* Flags and term outlive it. */
void approve_init(struct approve *a, const struct cli_flags *flags, const struct term *term);
#endif
