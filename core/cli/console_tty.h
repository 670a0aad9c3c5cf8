/* The console as the command line implements it (base/console.h). */
#ifndef ALLORA_CLI_CONSOLE_TTY_H
#define ALLORA_CLI_CONSOLE_TTY_H
#include "base/console.h"
#include "base/dispatch.h"
#include "cli/render.h"
#include "cli/term.h"

struct console_options {
    const struct term *term;
    const struct dispatch *dispatch;             /* completion of lines; NULL: none */
    const struct render_options *render_options; /* what sink() renders with, but for its kind */
};
/* One per process.  E_NOMEM. */
int32_t console_new(const struct console_options *o, const struct console **ret, allora_error *err);
/* Has a face taken the raw descriptors?  What stands on stdout is then its own. */
bool console_taken(void);
/* Restores the terminal, ends the renderers that sink() made. */
void console_free(void);
#endif
