/* SQL for a query: identifiers quoted where they must be, literals escaped, times as literals, so
 * that the text runs as it stands. */
#ifndef OFFLINE_SQL_H
#define OFFLINE_SQL_H
#include "query.h"
#include "text.h"

void sql_write(const struct query *q, struct text *out);
/* The sum of what a ranking is by, over all of its rows; false: no such sum makes sense. */
bool sql_write_total(const struct query *q, struct text *out);
/* The rows behind an amount, for q->and_list. */
void sql_write_rows(const struct query *q, struct text *out);
void sql_name(const char *name, struct text *out);
void sql_literal(const char *text, struct text *out);
/* The name of the column that holds the aggregate. */
const char *sql_agg_name(const struct query *q, char *out, size_t size);
void sql_cond(const struct query *q, const struct cond *c, struct text *out);
#endif
