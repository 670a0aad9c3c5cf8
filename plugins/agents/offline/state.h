/* A query as JSON, kept by the host between turns and between questions. */
#ifndef OFFLINE_STATE_H
#define OFFLINE_STATE_H
#include "query.h"

void state_write(const struct query *q, sdk_writer *w);
/* False when the state is no state, or its table or columns have gone. */
bool state_read(const sdk_json *node, const struct lexicon *l, struct query *ret);
#endif
