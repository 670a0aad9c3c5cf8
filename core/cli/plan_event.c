/* What the gate says about a plan on its way: how each step went, as it ends, and the whole at the
 * end.  For people only; with -o json and its like there is one RESULT. */
#include "base/str.h"
#include "cli/plan_view.h"
#include "cli/progress.h"
#include "cli/render_internal.h"

/* An answer has its own voice; a plan in it was shown when the person was asked. */
static bool for_people(const struct render *r)
{
    return r->kind != RENDER_ANSWER &&
           (r->o.format == OUTPUT_TABLE || r->o.format == OUTPUT_MARKDOWN);
}

int32_t plan_event(struct render *r, allora_str payload)
{
    A_CLEAN(json_freep) json_node *doc = NULL;
    A_CLEAN(buf_done) struct buf b = BUF(PLAN_VIEW_MAX);
    bool color = r->o.term->out_color;
    r->saw_plan = true;
    if (!for_people(r) || json_parse(payload.ptr, payload.len, &doc, NULL))
        return ALLORA_OK;
    if (json_get(doc, "step")) {
        plan_view_step(&b, json_get(doc, "is"), color);
        r->said_step = true;
    } else if (r->said_step) {
        plan_view_end(&b, doc);
        r->said_plan = true;
        r->said_step = false;
    } else {
        plan_view(&b, doc, color);
        r->said_plan = true;
    }
    r->any_result = true;
    progress_pause();
    int32_t status = out_buf(&r->out, &b);
    if (status >= 0)
        status = out_flush(&r->out);
    progress_resume();
    return status;
}
