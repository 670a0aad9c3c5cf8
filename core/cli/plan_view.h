/* A plan as a person reads it: what would be done, to what, and what came of it. */
#ifndef ALLORA_CLI_PLAN_VIEW_H
#define ALLORA_CLI_PLAN_VIEW_H
#include "base/buf.h"
#include "base/json.h"
#include <stdbool.h>

enum { PLAN_VIEW_MAX = 8 << 20 };
/* plan: as plan.show gives it.  The heading and the table of its changes. */
void plan_view_what(struct buf *out, const json_node *plan, bool color);
/* Each step with its operation, arguments, inverse and price. */
void plan_view_details(struct buf *out, const json_node *plan);
/* "  ✓ web-1 stopped  (4.1 s)": one step of it, as in plan.show.  Nothing for one not begun. */
void plan_view_step(struct buf *out, const json_node *step, bool color);
/* "1 of 2 done. Journal entries 1187-1190. Undo: allora undo 7f3a-91c2" */
void plan_view_end(struct buf *out, const json_node *plan);
/* All of it, for plan show. */
void plan_view(struct buf *out, const json_node *plan, bool color);
#endif
