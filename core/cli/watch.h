/* The thread that hears signals and draws the progress line.
 *
 * First Ctrl-C: ends the line being read at a prompt, else cancels the running call (or the
 * innermost scope that asked to be the one that is interrupted).  A second one before that has
 * taken effect ends the process at once.  SIGTERM and SIGHUP cancel everything; but SIGTERM first
 * only those scopes that asked for it (ALLORA_SCOPE_DRAIN), if there are any. The signals are
 * blocked and read from a descriptor, so nothing ever runs inside a signal handler. */
#ifndef ALLORA_CLI_WATCH_H
#define ALLORA_CLI_WATCH_H
#include "base/ctx.h"

/* Blocks the signals for this thread and those that it starts.  Before any other thread exists. */
void watch_prepare(void);
/* root must outlive watch_stop().  E_INTERNAL when there are no descriptors or threads left. */
int32_t watch_start(allora_ctx *root, allora_error *err);
void watch_stop(void);
/* What was interrupted has ended: the next Ctrl-C is a first one again. */
void watch_calm(void);
/* Called by the second Ctrl-C, just before the process ends. */
void watch_set_restore(void (*restore)(void));
/* While set, Ctrl-C calls it instead of cancelling; it returns true when it took the interruption.
 */
void watch_set_prompt(bool (*interrupt)(void));
#endif
