/* Between the console and the internal module "lineedit" (libedit), which is opened when the first
 * line is read at a terminal: a program that prints a table need not load a line editor.  Built
 * from the same sources as the program, so it has no versions. */
#ifndef ALLORA_CLI_LINEEDIT_H
#define ALLORA_CLI_LINEEDIT_H
#include <stddef.h>

#define LINEEDIT_SYMBOL "allora_lineedit_v1"

struct lineedit_answer { /* what could stand at the cursor */
    size_t start;        /* where the word begins that a candidate replaces, in bytes */
    size_t n;
    const char *const *values; /* borrowed until the next call */
};
struct lineedit_request {
    const char *prompt;
    const char *history_file; /* NULL: none */
    int in, out;              /* a terminal */
    int wake;                 /* readable: give the line up */
    void *self;
    void (*complete)(void *self, const char *line, size_t cursor,
                     struct lineedit_answer *ret); /* NULL: none */
};
enum { LINEEDIT_LINE = 0, LINEEDIT_END = 1, LINEEDIT_WOKEN = 2, LINEEDIT_FAILED = 3 };
/* *ret: the line without its end, malloc()ed.  One thread. */
typedef int lineedit_fn(const struct lineedit_request *request, char **ret);
#endif
