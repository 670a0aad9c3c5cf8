/* What a full-screen face makes of the terminal, and how it is put back: by the face, when it is
 * closed, by the second Ctrl-C, and by the handler of a crash. */
#ifndef ALLORA_CLI_SCREEN_H
#define ALLORA_CLI_SCREEN_H
#include "cli/term.h"
#include <termios.h>

/* flags: ALLORA_SCREEN_*, instead of those before.  before: how the terminal was when nothing had
 * been changed.  E_UNSUPPORTED where there is no terminal for it. */
int32_t screen_set(const struct term *t, uint32_t flags, const struct termios *before,
                   allora_error *err);
/* Puts back what screen_set() writes to the terminal; its termios is the caller's.  May be called
 * from a signal's handler. */
void screen_restore(void);
/* Readable when the size has changed since screen_calm().  -1 without descriptors. */
int screen_resize_fd(void);
void screen_calm(void);
/* Closes the descriptor, and hears no more of sizes. */
void screen_done(void);
#endif
