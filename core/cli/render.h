/* From an operation's events to what the person sees.  One renderer serves one command; its sink
 * may be given several results in turn (a shell's queries): a new begin(), or the event DONE, ends
 * the one before.
 *
 *   rows      columns and rows in the chosen format; in table mode a footer on standard error says
 * how many and how fresh answer    text as it streams, then the rows it rests on and their receipts
 *   document  the RESULT as names and values
 *   text      TEXT as it is
 *   raw       TEXT as it is, whichever format was asked for
 *
 * With -o json and yaml, answer, document and text print the RESULT; with -o ndjson an answer
 * prints one event a line.
 *
 * Events that only a face sends, because a command of its own has no other way to say them:
 *   MESSAGE {"topic":"console.output","data":"json"}   from now on that format (".mode")
 *   WARNING with "severity":"error"                    printed as an error; its "sql", if any, is
 * what a RESULT {"sql_error"} meant */
#ifndef ALLORA_CLI_RENDER_H
#define ALLORA_CLI_RENDER_H
#include "cli/cli.h"
#include "cli/out.h"
#include "cli/report.h"
#include "cli/term.h"
#include <allora/plugin.h>

struct render;
struct render_options {
    enum output_format format;
    const char *kind; /* rows (also NULL), answer, document, text, raw */
    const char *const *columns;
    uint32_t n_columns;  /* which a table shows by default */
    const char *empty;   /* said instead of an empty table */
    const char *sql;     /* the statement, for the caret under its error; NULL without one */
    const char *explain; /* words of the command that shows a receipt, "why"; NULL: there is none */
    struct registry *registry; /* says which provider a table belongs to */
    bool quiet, may_page;
    const struct term *term;
};
/* NULL when memory is out.  Options' pointers are borrowed for the renderer's life. */
struct render *render_new(const struct render_options *o);
allora_sink render_sink(struct render *r);
/* The call ended with this status: prints what is left, then the error, if it was one.  Returns the
 * status that the exit code is made of: that of standard output when that failed, OK when the
 * reader left early. */
int32_t render_finish(struct render *r, int32_t status, const allora_error *err);
/* Where a face wrote to stdout by itself: nothing is added to say that there were no rows. */
void render_owe_nothing(struct render *r);
void render_free(struct render *r);
#endif
