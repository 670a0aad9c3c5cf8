/* The line that says what is being waited for: on standard error, only on a terminal, only after
 * half a second, and gone before anything else is printed.  Any thread may update it; one lock
 * guards it. */
#ifndef ALLORA_CLI_PROGRESS_H
#define ALLORA_CLI_PROGRESS_H
#include "base/ctx.h"
#include <stdbool.h>

enum { PROGRESS_AFTER_MS = 500, PROGRESS_TICK_MS = 100 };

/* Ready to draw in a terminal of that width.  Where it isn't started, every call below does
 * nothing. */
void progress_start(bool color, unsigned columns);
void progress_stop(void);
/* For ctx->progress. */
extern const struct progress cli_progress;
/* Draws the next frame if there is something to say by now. */
void progress_tick(void);
/* Bracket any other output to the terminal: the line is wiped, and drawn again at the next tick. */
void progress_pause(void);
void progress_resume(void);
/* True once ticks are worth while. */
bool progress_wanted(void);
#endif
