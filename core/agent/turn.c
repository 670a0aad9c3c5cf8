/* Receives one turn's events.  They come from a plugin, which may pass on whatever a model wrote:
 * nothing is taken on trust. */
#include "agent/turn.h"
#include "base/err.h"
#include "base/jsonw.h"
#include "base/str.h"

void turn_init(struct turn *t, const allora_sink *out)
{
    *t = (struct turn){
        .text = BUF(TURN_TEXT_MAX), .events = BUF(TURN_EVENTS_MAX), .out = out, .before_text = ""};
    arena_init(&t->mem, 0);
}

void turn_done(struct turn *t)
{
    for (struct tool_call *c = t->calls; c; c = c->next)
        json_free(c->arguments);
    json_free(t->result);
    buf_done(&t->text);
    buf_done(&t->events);
    arena_done(&t->mem);
}

static int32_t forward(struct turn *t, int32_t kind, allora_str payload)
{
    int32_t status = t->out->event(t->out->self, kind, payload);
    t->stopped = t->stopped || status == ALLORA_STOP;
    return status;
}

/* An event's document; NULL when it is none. */
static json_node *parse(allora_str payload)
{
    json_node *node = NULL;
    allora_error ignored = ERR_INIT;
    if (json_parse(payload.ptr, (size_t)payload.len, &node, &ignored) != ALLORA_OK)
        return NULL;
    return node;
}

static int32_t on_text(struct turn *t, allora_str payload)
{
    if (payload.len == 0)
        return ALLORA_OK;
    int32_t status = ALLORA_OK;
    if (t->text.len == 0 && *t->before_text)
        status = forward(t, ALLORA_EV_TEXT, str_of(t->before_text));
    if (status)
        return status;
    if (payload.len > TURN_TEXT_MAX - t->text.len) {
        t->too_long = true;
        return ALLORA_STOP;
    }
    buf_add(&t->text, payload.ptr, (size_t)payload.len);
    return forward(t, ALLORA_EV_TEXT, payload);
}

static int32_t on_tool_call(struct turn *t, allora_str payload)
{
    if (t->n_calls == TURN_CALLS_MAX)
        return ALLORA_OK;
    A_CLEAN(json_freep) json_node *node = parse(payload);
    const json_node *arguments = json_get(node, "arguments");
    const char *id = json_get_str(node, "id", NULL);
    struct tool_call *c = arena_array(&t->mem, 1, sizeof *c);
    if (!c)
        return ALLORA_E_NOMEM;
    c->name = arena_strdup(&t->mem, json_get_str(node, "name", ""));
    c->id =
        id && *id ? arena_strdup(&t->mem, id) : arena_printf(&t->mem, "call_%zu", t->n_calls + 1);
    if (!node)
        c->problem = "the tool call is not valid JSON";
    else if (!json_get_str(node, "name", NULL))
        c->problem = "the tool call names no operation";
    else if (arguments && json_typeof(arguments) != JSON_OBJECT)
        c->problem = "the tool call's arguments are not a JSON object";
    else
        c->arguments = arguments ? json_copy(arguments) : json_new_object();
    if (!c->name || !c->id || (!c->problem && !c->arguments)) {
        json_free(c->arguments);
        return ALLORA_E_NOMEM;
    }
    if (t->last_call)
        t->last_call->next = c;
    else
        t->calls = c;
    t->last_call = c;
    t->n_calls++;
    return ALLORA_OK;
}

static double count_of(const json_node *node, const char *key)
{
    double d = json_num(json_get(node, key), 0);
    return d > 0 && d < 1e15 ? d : 0;
}

/* A turn may report more than once; each report is of the whole turn so far. */
static void on_usage(struct turn *t, allora_str payload)
{
    A_CLEAN(json_freep) json_node *node = parse(payload);
    t->usage.input_tokens = count_of(node, "input_tokens");
    t->usage.output_tokens = count_of(node, "output_tokens");
    t->usage.has_cost = json_typeof(json_get(node, "cost")) == JSON_NUMBER;
    t->usage.cost = count_of(node, "cost");
}

static void on_done(struct turn *t, allora_str payload)
{
    static const char *const reasons[] = {"stop", "tool_calls", "length", "refusal"};
    A_CLEAN(json_freep) json_node *node = parse(payload);
    const char *reason = json_get_str(node, "reason", "stop");
    t->reason = "stop";
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (streq(reason, reasons[i]))
            t->reason = reasons[i];
}

static void record(struct turn *t, int32_t kind, allora_str payload)
{
    struct jsonw w = JSONW(&t->events);
    if (t->events.len)
        buf_addc(&t->events, ',');
    jw_object(&w);
    jw_kint(&w, "kind", kind);
    jw_key(&w, "data");
    jw_strn(&w, payload.ptr, (size_t)payload.len);
    jw_end_object(&w);
}

static int32_t on_event(void *self, int32_t kind, allora_str payload)
{
    struct turn *t = self;
    int32_t status = ALLORA_OK;
    record(t, kind, payload);
    if (kind == ALLORA_EV_TEXT) {
        status = on_text(t, payload);
    } else if (kind == ALLORA_EV_REASONING) {
        status = forward(t, kind, payload);
    } else if (kind == ALLORA_EV_TOOL_CALL) {
        status = on_tool_call(t, payload);
    } else if (kind == ALLORA_EV_USAGE) {
        on_usage(t, payload);
    } else if (kind == ALLORA_EV_DONE) {
        on_done(t, payload);
    } else if (kind == ALLORA_EV_WARNING) {
        t->on_warning(t->warning_self, payload);
        status = forward(t, kind, payload);
    } else if (kind == ALLORA_EV_RESULT) {
        json_free(t->result);
        t->result = parse(payload);
    }
    t->oom = t->oom || status == ALLORA_E_NOMEM;
    return status;
}

static int32_t on_begin(void *self, const allora_column *const *columns, uint32_t n)
{
    (void)self, (void)columns, (void)n;
    return ALLORA_OK;
}

static int32_t on_row(void *self, const allora_value *cells, uint32_t n)
{
    (void)self, (void)cells, (void)n; /* rows are the tools', not the agent's */
    return ALLORA_OK;
}

int32_t turn_run(struct turn *t, const struct agent_choice *agent, allora_ctx *ctx,
                 const allora_turn_request *request, allora_error *err)
{
    const allora_sink sink = {t, on_begin, on_row, on_event};
    A_CLEAN(ctx_closep) allora_ctx *child = ctx_open(ctx, agent->code, 0, 0);
    if (!child)
        return err_nomem(err);
    int32_t status = agent->agent->turn(agent->self, child, request, &sink, err);
    if (t->oom || (status >= 0 && buf_failed(&t->events)))
        return err_nomem(err);
    if (t->too_long)
        return err_set(err, ALLORA_E_BUDGET, "the agent %s wrote more than %d MiB in one turn",
                       agent->name, TURN_TEXT_MAX >> 20);
    if (status < 0 && err && !err->message[0])
        return err_set(err, status, "agent %s: %s", agent->name, status_text(status));
    if (status < 0 || t->stopped)
        return status < 0 ? status : ALLORA_OK;
    if (t->reason)
        return ALLORA_OK;
    status = ctx_check(ctx, err);
    if (status)
        return status;
    status = err_set(err, ALLORA_E_REMOTE, "the agent %s stopped in the middle of its answer",
                     agent->name);
    err_hint(err, "what it sent may be cut short; ask again");
    return status;
}
