/* What the actions share, and which operation is which. */
#include "act.h"
#include "text.h"
#include <errno.h>
#include <string.h>
#include <time.h>

int32_t act_open(struct act *a, const allora_instance *self, allora_ctx *ctx, allora_str json,
                 allora_error *err)
{
    const char *path = NULL;
    *a = (struct act){.self = self, .ctx = ctx, .err = err};
    int32_t status = sdk_args(self, ctx, json, &a->in, err);
    if (!status)
        status = sdk_config_str(self, ctx, "root", NULL, &path, err);
    if (!status)
        status = root_open(path, &a->root, err);
    if (status)
        return status;
    if (a->root.recorded) {
        (void)sdk_fail(err, ALLORA_E_UNSUPPORTED,
                       "%s is a recorded machine: nothing can be changed", a->root.path);
        sdk_hint(err, "providers.host.root names it; unset it to act on this machine");
        root_close(&a->root);
        return ALLORA_E_UNSUPPORTED;
    }
    struct bytes text = {0};
    if (root_read(&a->root, "proc/sys/kernel/random/boot_id", &text, ROOT_SMALL_MAX) == 0) {
        size_t n = text_trim(text.p, text.len);
        if (n < sizeof a->boot_id)
            memcpy(a->boot_id, text.p, n);
    }
    bytes_free(&text);
    return ALLORA_OK;
}

void act_close(struct act *a)
{
    root_close(&a->root);
}

int32_t act_same_boot(const struct act *a)
{
    if (strcmp(sdk_get_str(a->in, "boot", ""), a->boot_id) == 0)
        return ALLORA_OK;
    return sdk_fail(a->err, ALLORA_E_STALE_PLAN, "this machine was started anew since");
}

int32_t act_done(const struct act *a, allora_str text, allora_str *ret)
{
    if (!text.ptr)
        return sdk_fail(a->err, ALLORA_E_NOMEM, "out of memory");
    *ret = text;
    return ALLORA_OK;
}

static void write_fact(sdk_writer *w, const char *key, const struct change *c, const char *text,
                       int64_t number)
{
    sdk_w_open(w, key, '{');
    if (text)
        sdk_w_text(w, c->fact, text);
    else
        sdk_w_int(w, c->fact, number);
    sdk_w_close(w, '}');
}

int32_t act_step(const struct act *a, const struct change *c, allora_plan *plan)
{
    sdk_writer w = sdk_writer_begin(a->self, a->ctx);
    sdk_w_open(&w, NULL, '[');
    if (c) {
        sdk_w_open(&w, NULL, '{');
        sdk_w_text(&w, "verb", c->verb);
        sdk_w_open(&w, "target", '{');
        sdk_w_text(&w, "type", c->type);
        sdk_w_text(&w, "id", c->id);
        sdk_w_text(&w, "name", c->name);
        sdk_w_close(&w, '}');
        write_fact(&w, "before", c, c->before, c->number_before);
        write_fact(&w, "after", c, c->after, c->number_after);
        sdk_w_close(&w, '}');
    }
    sdk_w_close(&w, ']');
    return act_done(a, sdk_w_done(&w), &plan->steps_json);
}

int32_t act_result(const struct act *a, const allora_sink *sink, sdk_writer *w)
{
    allora_str text;
    int32_t status = act_done(a, sdk_w_done(w), &text);
    return status ? status : sink->event(sink->self, ALLORA_EV_RESULT, text);
}

int32_t act_wait(const struct act *a)
{
    static const struct timespec tenth = {0, 100000000};
    int32_t status = sdk_cancelled(a->self, a->ctx, a->err);
    if (!status)
        (void)nanosleep(&tenth, NULL);
    return status;
}

/* ---- which is which ---- */

static const char *verb_of(const char *operation)
{
    const char *dot = strrchr(operation, '.');
    return dot ? dot + 1 : operation;
}

int32_t act_plan(allora_instance *self, allora_ctx *ctx, const char *operation,
                 allora_str args_json, allora_plan *plan, allora_error *err)
{
    struct act a;
    allora_plan made = {.size = (uint32_t)sizeof made};
    int32_t status = act_open(&a, self, ctx, args_json, err);
    if (status)
        return status;
    if (strcmp(operation, "host.process.signal") == 0)
        status = plan_signal(&a, &made);
    else if (strcmp(operation, "host.process.renice") == 0)
        status = plan_renice(&a, &made);
    else if (strcmp(operation, "host.file.truncate_log") == 0)
        status = plan_truncate(&a, &made);
    else
        status = plan_service(&a, verb_of(operation), &made);
    act_close(&a);
    if (status)
        return status; /* what the caller gave is untouched */
    plan->effect = made.effect;
    plan->steps_json = made.steps_json;
    plan->document = made.document;
    plan->inverse_json = made.inverse_json.ptr ? made.inverse_json : sdk_str("");
    plan->price_json = sdk_str("");
    return ALLORA_OK;
}

int32_t act_apply(allora_instance *self, allora_ctx *ctx, const char *operation,
                  allora_str document, const char *idempotency_key, allora_str checkpoint_json,
                  const allora_sink *sink, allora_error *err)
{
    (void)idempotency_key; /* each is one call to the kernel or to systemd */
    (void)checkpoint_json;
    struct act a;
    int32_t status = act_open(&a, self, ctx, document, err);
    if (status)
        return status;
    if (strcmp(operation, "host.process.signal") == 0)
        status = apply_signal(&a, sink);
    else if (strcmp(operation, "host.process.renice") == 0)
        status = apply_renice(&a, sink);
    else if (strcmp(operation, "host.file.truncate_log") == 0)
        status = apply_truncate(&a, sink);
    else
        status = apply_service(&a, verb_of(operation), sink);
    act_close(&a);
    return status;
}
