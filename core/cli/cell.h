/* One cell as a person reads it: one line, harmless to the terminal. */
#ifndef ALLORA_CLI_CELL_H
#define ALLORA_CLI_CELL_H
#include "base/buf.h"
#include "cli/format.h"
#include <allora/plugin.h>

enum {
    CELL_HUMAN = 1u,   /* units become words: bytes 1.6 GiB, seconds 2 min, percent 3.1; other
                          fractions in six digits */
    CELL_RELATIVE = 2u /* times become "2 h ago" */
};
void cell_text(struct buf *b, const allora_value *v, const struct head *h, unsigned flags);
/* "2 h ago", "in 3 days", "just now" */
void cell_ago(struct buf *b, int64_t us);
bool cell_is_number(const allora_value *v);
#endif
