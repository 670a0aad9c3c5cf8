/* What the three standard streams are attached to, and how much room and colour there is. */
#ifndef ALLORA_CLI_TERM_H
#define ALLORA_CLI_TERM_H
#include "base/buf.h"
#include "cli/cli.h"
#include <stdbool.h>

struct term {
    bool in_tty, out_tty, err_tty;
    bool out_color, err_color;
    unsigned columns, rows; /* of the terminal; 80 × 24 where it doesn't say */
};
/* Colour: not with --no-color, NO_COLOR, TERM=dumb or no terminal. */
void term_init(struct term *t, const struct cli_flags *flags);

/* Asks the terminal for its size anew. */
void term_measure(struct term *t);

/* Names this terminal session across processes, e.g. "/dev/pts/3:8123:171234" (device, session
 * leader, its start time in clock ticks).  NULL without a terminal or memory.  Caller frees. */
char *term_id(void);

/* A closed standard stream must never become some other file that is opened later: each is filled
 * with /dev/null in the direction that makes its use fail.  Called first of all. */
void term_fill_closed(void);

enum style { STYLE_NONE, STYLE_BOLD, STYLE_DIM, STYLE_RED, STYLE_YELLOW, STYLE_CYAN };
const char *style_on(bool color, enum style s); /* "" without colour */
const char *style_off(bool color);
#endif
