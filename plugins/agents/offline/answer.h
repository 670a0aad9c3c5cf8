/* The words of an answer. */
#ifndef OFFLINE_ANSWER_H
#define OFFLINE_ANSWER_H
#include "choose.h"
#include "text.h"

struct outcome {                 /* of the query, as the tool message tells it */
    const struct outcome *total; /* the sum over all rows that a ranking is a part of; or NULL */
    int64_t receipt, row_count;
    const sdk_json *columns, *rows; /* arrays */
    bool partial;
    allora_str gap; /* what could not be read, in the host's words; empty: nothing */
};
/* question: as it was typed. */
void answer_write(const struct query *q, const char *question, const struct outcome *o,
                  struct text *out);
/* Nothing was found, but not everything could be looked at: "none" would be a guess. */
bool answer_unknown(const struct query *q, const struct outcome *o);
void decline_write(const struct mind *m, const char *question, const struct choice *c,
                   struct text *out);
/* ---- parts of sentences ---- */
const sdk_json *outcome_cell(const struct outcome *o, int row, const char *column);
void answer_value(const sdk_json *v, const char *unit, struct text *out);
/* "no disks", "1 disk", "3 disks" */
/* "how much memory is free" → "22.8 GiB of memory is free"; false: the question has no such shape.
 * amount: the one value, in words. */
bool answer_shape(const struct query *q, const char *question, const char *amount, const char *unit,
                  struct text *out);
/* "is nginx running" → "No: nginx is not running" */
bool answer_shape_yesno(const struct query *q, const char *question, bool yes, struct text *out);
/* What a person calls a column: "free memory", "used share". */
void answer_label(const struct table *t, int column, struct text *out);
void answer_count(int64_t n, const struct table *t, struct text *out);
void answer_cond(const struct table *t, const struct cond *c, struct text *out);
void answer_conds(const struct query *q, int from, int to, struct text *out);
/* "how many X are Y": "12 X are Y"; false when the question has no such shape. */
bool answer_echo(const struct query *q, const char *question, int64_t n, struct text *out);
/* "1.6 GiB", "83.4 %", "2 h 5 min", "12.5 EUR" */
void answer_number(double d, const char *unit, struct text *out);
#endif
